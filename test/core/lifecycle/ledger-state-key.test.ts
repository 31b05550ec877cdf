import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { assertObjectKey } from '../../../lib/core/lake/object-key.ts';
import { checkpointPrefix, LEDGER_STATES, ledgerStateKey } from '../../../lib/core/lifecycle/state-key.ts';
import type { LedgerKey } from '../../../lib/core/lifecycle/types.ts';

const tools = { sha256 };

test('keys of states are readable where names are plain', () => {
  expect(ledgerStateKey({ mode: 'paper', strategyId: 'ensemble_1_0' }, tools)).toBe(
    'state/ledger/paper/ensemble_1_0.json',
  );
  expect(ledgerStateKey({ mode: null, strategyId: null }, tools)).toBe('state/ledger/%null/%null.json');
});

const hostile = [
  '',
  '.',
  '..',
  '../x',
  '/',
  '\\',
  '%',
  '%null',
  '%empty',
  'null',
  'A',
  'a',
  'a.json',
  '\u0000',
  '\ud800',
  '\udfff',
  '\ufffd',
  'é',
  'e\u0301',
  ' ',
];
const name = fc.oneof(
  fc.constant(null),
  fc.constantFrom(...hostile),
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.integer({ min: 100, max: 300 }).map((n) => 'x'.repeat(n)),
);

test('no two ledgers share a key, not even where cases are one, and every store accepts every key', () => {
  const ledger: fc.Arbitrary<LedgerKey> = fc.record({ mode: name, strategyId: name });
  fc.assert(
    fc.property(ledger, ledger, (a, b) => {
      const keys = [a, b].map((key) => ledgerStateKey(key, tools));
      for (const key of [...keys, `${checkpointPrefix(a, tools)}x`]) assertObjectKey(key);
      for (const key of keys) expect(key.startsWith(LEDGER_STATES)).toBe(true);
      const same = a.mode === b.mode && a.strategyId === b.strategyId;
      expect(keys[0]?.toLowerCase() === keys[1]?.toLowerCase()).toBe(same);
    }),
    { numRuns: 1_000 },
  );
  for (const one of hostile)
    for (const other of hostile) {
      const [a, b] = [one, other].map((strategyId) => ledgerStateKey({ mode: 'paper', strategyId }, tools));
      expect(a === b, JSON.stringify([one, other])).toBe(one === other);
    }
});
