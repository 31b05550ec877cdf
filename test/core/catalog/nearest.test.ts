import { expect, test } from 'vitest';
import { CATALOG } from '../../../lib/core/catalog/index.ts';
import { nearestName } from '../../../lib/core/catalog/nearest.ts';

const names = Object.keys(CATALOG);

test.each([
  ['executions', 'execution'],
  ['orderIntent', 'order_intent'],
  ['order-intent', 'order_intent'],
  ['SIGNALS', 'signals'],
  ['gaet', 'gate'],
  ['equity_curv', 'equity_curve'],
])('%s is near %s', (mistyped, meant) => {
  expect(nearestName(mistyped, names)).toBe(meant);
});

test.each(['', 'zzzzzzzz', 'x'.repeat(100_000)])('nothing is near %.20s', (mistyped) => {
  expect(nearestName(mistyped, names)).toBeUndefined();
});
