import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explained, fillIn, literal, wordsOf } from '../../../lib/core/query/text.ts';

test('a literal holds its text whatever quotes are in it', () => {
  expect(literal("it's")).toBe("'it''s'");
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("'", '\\', 'a', '-', '\n') }), (text) => {
      const quoted = literal(text);
      expect(quoted.slice(1, -1).replaceAll("''", "'")).toBe(text);
      expect(quoted.slice(1, -1).replaceAll("''", '')).not.toContain("'");
    }),
  );
});

test('a parameter is filled in only where SQL reads it as one', () => {
  const sql = `select ':from', ":from", a::date, b -- :from\n/* :from */ from t where date >= :from and x = :x`;

  const filled = fillIn(sql, (name) => `<${name}>`);

  expect(filled).toBe(
    `select ':from', ":from", a::date, b -- :from\n/* :from */ from t where date >= <from> and x = <x>`,
  );
});

test('the statement behind EXPLAIN is found past comments and options', () => {
  expect(explained('explain select 1')).toBe('select 1');
  expect(explained(' -- why\n/* and */ EXPLAIN ANALYZE select 1')).toBe('select 1');
  expect(explained('explain (analyze, format json) copy t to x')).toBe('copy t to x');
  expect(explained('select 1 -- explain')).toBeUndefined();
  expect(explained('explained')).toBeUndefined();
});

test('the words of a text hold every name in it', () => {
  expect([...wordsOf('SELECT a.b FROM stored."order_intent"')]).toEqual([
    'select',
    'a',
    'b',
    'from',
    'stored',
    'order_intent',
  ]);
});
