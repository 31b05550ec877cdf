import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CATALOG } from '../../../lib/core/catalog/index.ts';
import { duckdbColumns, duckdbType, quoted } from '../../../lib/core/catalog/sql-columns.ts';

const engine = await DuckDBInstance.create(':memory:');
const connection = await engine.connect();
beforeAll(() => connection.run('SET threads = 1'));
afterAll(() => {
  connection.closeSync();
  engine.closeSync();
});

/** DuckDB quotes only the names that need it. */
const unquoted = (type: string): string => type.replaceAll('"', '');

test.each(Object.values(CATALOG).map((stream) => [stream.name, stream] as const))(
  'DuckDB makes a table of stream %s, and its example fits',
  async (name, stream) => {
    const columns = duckdbColumns(stream);
    const declared = Object.entries(columns).map(([column, type]) => `${quoted(column)} ${type}`);
    await connection.run(`CREATE TABLE ${quoted(name)} (${declared.join(', ')})`);
    await connection.run(`INSERT INTO ${quoted(name)} SELECT unnest(from_json($1::JSON, $2::JSON))`, [
      JSON.stringify(stream.example),
      JSON.stringify(columns),
    ]);
    const described = await connection.runAndReadAll(`DESCRIBE ${quoted(name)}`);
    const row = await connection.runAndReadAll(`SELECT * FROM ${quoted(name)}`);

    expect(described.getRows().map(([column, type]) => [column, unquoted(String(type))])).toEqual(
      Object.entries(columns).map(([column, type]) => [column, unquoted(type)]),
    );
    const [stored] = row.getRowObjectsJson();
    for (const [column, value] of Object.entries(stream.example))
      expect(stored?.[column] === null, `${column} = ${JSON.stringify(value)}`).toBe(value === null);
  },
);

test('nested types read as DuckDB spells them', () => {
  expect(duckdbType({ list: 'string' })).toBe('VARCHAR[]');
  expect(duckdbType({ map: { list: 'double' } })).toBe('MAP(VARCHAR, DOUBLE[])');
  expect(
    duckdbType({
      struct: {
        limit: { type: 'double', description: '', unit: '' },
        at: { type: 'timestamp', description: '', unit: '' },
      },
    }),
  ).toBe('STRUCT("limit" DOUBLE, "at" VARCHAR)');
});

test('a name is quoted so that no word of SQL and no quote in it matters', () => {
  expect(quoted('limit')).toBe('"limit"');
  expect(quoted('a"b')).toBe('"a""b"');
});
