import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_RECORD_BYTES } from '../../../lib/core/limits.ts';
import { type CsvOptions, CsvRows, type Row } from '../../../lib/desk/import/csv.ts';
import type { LogLine } from '../../../lib/desk/logs/lines.ts';

const linesOf = (text: string): LogLine[] =>
  text.split('\n').map((line, index) => ({ text: line, number: index + 1, at: 0, bytes: Buffer.byteLength(line) + 1 }));

/** All rows of a text, its lines given in batches. */
function rowsOf(text: string, options: CsvOptions = {}, batch = 3): Row[] {
  const rows = new CsvRows(options);
  const lines = linesOf(text.replace(/\n$/, ''));
  const out: Row[] = [];
  for (let at = 0; at < lines.length; at += batch) out.push(...rows.push(lines.slice(at, at + batch)));
  return [...out, ...rows.end()];
}
const records = (text: string, options: CsvOptions = {}, batch?: number): unknown[] =>
  rowsOf(text, options, batch).flatMap(({ kind, record }) => (kind === 'row' ? [{ ...record }] : []));

test('what a writer of RFC 4180 writes is read back cell by cell, however the lines come in', () => {
  const cell = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.constantFrom('a,b', 'say "hi"', 'two\nlines', '"', '""', ',', '\n\n', 'x"\n"y', ' '),
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 5 }),
      (table, batch) => {
        const clean = table.map((row) => row.map((text) => text.replaceAll('\r', '').replace(/^[[{]/, '')));
        const text = stringify([['a', 'b', 'c'], ...clean], { quoted: true });

        const rows = rowsOf(text, {}, batch).filter(({ kind }) => kind === 'row');

        expect(rows.map(({ record }) => ['a', 'b', 'c'].map((key) => record?.[key] ?? ''))).toEqual(clean);
      },
    ),
    { numRuns: 300 },
  );
});

test('every line is in exactly one row, whatever the quotes do', () => {
  const piece = fc.constantFrom('"', '""', ',', 'a', '\n', '1', ' ', '{"x":1}', ';', '\t', '\\"');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (pieces, batch) => {
      const text = pieces.join('');
      const lines = linesOf(text);

      const rows = rowsOf(`${text}\n`, {}, batch);

      expect(rows.reduce((sum, row) => sum + row.text.split('\n').length, 0)).toBe(lines.length);
      expect(rows.map(({ number }) => number)).toEqual(
        [...new Set(rows.map(({ number }) => number))].sort((a, b) => a - b),
      );
    }),
    { numRuns: 1000 },
  );
});

test('a row is numbered by the line it begins on', () => {
  const rows = rowsOf('a,b\n1,"x\ny"\n\n2,z\n');

  expect(rows.map(({ number, kind }) => [number, kind])).toEqual([
    [1, 'header'],
    [2, 'row'],
    [4, 'blank'],
    [5, 'row'],
  ]);
});

test('an empty cell is null, JSON in a cell is that, and cells beyond the columns are kept', () => {
  expect(records('a,b,,a\n,"{""x"": [1, 2.50]}",[not JSON,7,9\n5\n')).toEqual([
    { a: null, b: { x: [1, 2.5] }, column_3: '[not JSON', a_2: '7', column_5: '9' },
    { a: '5' },
  ]);
});

test('a quote that is never closed costs its own line only', () => {
  const rows = rowsOf('a,b\n1,"open\n2,x\n3,"y"\n');

  expect(rows.map(({ kind, text }) => [kind, text])).toEqual([
    ['header', 'a,b'],
    ['damaged', '1,"open'],
    ['row', '2,x'],
    ['row', '3,"y"'],
  ]);
});

test('a quote that is open for longer than a record may be is given up in bounded memory', () => {
  const filler = `${'x'.repeat(998)}\n`;
  const rows = rowsOf(`a,b\n1,"open\n${filler.repeat(Math.ceil((MAX_RECORD_BYTES * 2.5) / 999))}`, {}, 1000);

  expect(rows.filter(({ kind }) => kind === 'damaged')).toHaveLength(1);
  expect(rows.filter(({ kind }) => kind === 'row').length).toBeGreaterThan(2500);
});

test('stray quotes inside plain cells are characters', () => {
  expect(records('name,size\n5" pipe,1\n6" pipe,2\n')).toEqual([
    { name: '5" pipe', size: '1' },
    { name: '6" pipe', size: '2' },
  ]);
});

test.each([';', '\t', '|'])('the delimiter %j is told from the header', (delimiter) => {
  expect(records(`a${delimiter}b\n1,5${delimiter}2\n`)).toEqual([{ a: '1,5', b: '2' }]);
});

test('a file without a header loses no row, and a header written again is none', () => {
  expect(records('1763709300000,BUY\n1763709300001,SELL\n')).toEqual([
    { column_1: '1763709300000', column_2: 'BUY' },
    { column_1: '1763709300001', column_2: 'SELL' },
  ]);
  expect(rowsOf('ts,side\n1,BUY\nts,side\n2,SELL\n').map(({ kind }) => kind)).toEqual([
    'header',
    'row',
    'header',
    'row',
  ]);
  expect(records('a,b\n1,2\n', { columns: ['a', 'b'] })).toEqual([{ a: '1', b: '2' }]);
  expect(records('x,y\n1,2\n', { columns: ['a', 'b'], delimiter: ',' })).toEqual([
    { a: 'x', b: 'y' },
    { a: '1', b: '2' },
  ]);
});

test('a column called __proto__ is a column', () => {
  const [, row] = rowsOf('__proto__,b\n1,2\n');

  expect(Object.entries(row?.record ?? {})).toEqual([
    ['__proto__', '1'],
    ['b', '2'],
  ]);
});
