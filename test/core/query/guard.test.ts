import { expect, test } from 'vitest';
import { refusalOf } from '../../../lib/core/query/guard.ts';

const select = (from: unknown): unknown => ({
  error: false,
  statements: [{ node: { type: 'SELECT_NODE', from_table: from } }],
});

test('one SELECT over views may run', () => {
  expect(refusalOf(select({ type: 'BASE_TABLE', table_name: 'signals' }))).toBeUndefined();
});

test('what has no tree, or several, may not', () => {
  expect(refusalOf(undefined)).toBeDefined();
  expect(refusalOf({ error: true, error_type: 'not implemented', error_message: 'Only SELECT' })).toContain(
    'only SELECT runs here',
  );
  expect(refusalOf({ error: false, statements: [{}, {}] })).toContain('one statement at a time');
});

test('a table function runs only from the list, however deep it stands', () => {
  const deep = (name: string): unknown =>
    select({ a: [{ b: { type: 'TABLE_FUNCTION', function: { function_name: name } } }] });

  expect(refusalOf(deep('unnest'))).toBeUndefined();
  expect(refusalOf(deep('READ_TEXT'))).toContain('read_text() does not run here');
  expect(refusalOf(select({ type: 'TABLE_FUNCTION' }))).toContain('does not run here');
});

test('a table that is a path is no table', () => {
  expect(refusalOf(select({ type: 'BASE_TABLE', table_name: '/etc/passwd' }))).toContain('is a file');
  expect(refusalOf(select({ type: 'BASE_TABLE', table_name: 'a*.csv' }))).toContain('is a file');
});

test('a tree nested a hundred thousand deep is looked through without running out of stack', () => {
  let tree: unknown = { type: 'TABLE_FUNCTION', function: { function_name: 'glob' } };
  for (let i = 0; i < 100_000; i++) tree = { child: tree };

  expect(refusalOf(select(tree))).toContain('glob() does not run here');
});
