import { expect, test } from 'vitest';
import { orderOf } from '../../../lib/core/lifecycle/contexts.ts';
import type { InputOf } from '../../../lib/core/lifecycle/types.ts';
import { inputsOf, ledgerEvent } from '../../support/ledger.ts';

test('an order that a thousand numbers claim keeps its first name and the newest, so that no event costs a thousand', () => {
  const events = Array.from({ length: 1_000 }, (_, n) =>
    ledgerEvent('order', n, { order_id: `o${n}`, client_order_id: 'always-the-same' }),
  );
  const inputs = inputsOf(events).filter((input): input is InputOf<'order'> => input.stream === 'order');
  const first = inputs[0];
  if (first === undefined) throw new Error('no input');
  const order = inputs.slice(1).reduce((known, input) => orderOf(input, known), orderOf(first));

  expect(inputs).toHaveLength(1_000);
  expect(order.names.length).toBeLessThanOrEqual(64);
  expect([order.names[0], order.names.at(-1)]).toEqual(['oo0', 'oo999']);
});
