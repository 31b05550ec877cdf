import { beforeAll, expect, test } from 'vitest';
import { namedQueries } from '../../../lib/adapters/local/named-queries.ts';
import { CATALOG, INPUT_STREAMS } from '../../../lib/core/catalog/index.ts';
import { athenaEngine } from '../../../lib/core/query/athena-engine.ts';
import { lakeViews, viewStatement } from '../../../lib/core/query/lake-views.ts';
import { bindQuery } from '../../../lib/core/query/named.ts';
import { AthenaTables } from '../../support/athena-tables.ts';
import { sharedLake } from '../../support/open-lake.ts';
import { writeViewLake } from '../../support/view-lake.ts';

let folder = '';
const local = sharedLake((data) => {
  folder = data;
  writeViewLake(data);
});
let athena: AthenaTables;
beforeAll(async () => {
  athena = await AthenaTables.open({ lake: `${folder}/lake` });
  return () => athena.close();
});

const VIEWS = lakeViews({ engine: athenaEngine(), boundaries: {} });

/** All rows as one list of texts, whatever order and engine they come from. */
const sorted = (from: string): string => `select cast(to_json(v) as varchar) as "row" from (${from}) as v order by 1`;

async function rows(sql: string): Promise<readonly unknown[]> {
  return (await local.run(sql)).rows.map(([text]) => text);
}
async function athenaRows(sql: string): Promise<readonly unknown[]> {
  return (await athena.run(sql)).rows.map(([text]) => text);
}

test.each(Object.keys(CATALOG))('view %s gives the same rows in Athena’s SQL as on the desk', async (name) => {
  const columns = [...Object.keys(CATALOG[name]?.columns ?? {}), 'date'].map((column) => `"${column}"`).join(', ');
  const sql = sorted(`select ${columns} from "${name}"`);
  const expected = await rows(sql);

  expect(expected.length).toBeGreaterThan(1);
  expect(await athenaRows(sql)).toEqual(expected);
});

test.each(Object.keys(CATALOG))(
  'every stored line of %s is in its view of lines, with the key of its object',
  async (name) => {
    const expected = await rows(sorted(`select event_id, date, file from stored."${name}"`));

    expect(await athenaRows(sorted(`select event_id, date, file from "stored_${name}"`))).toEqual(expected);
  },
);

test('all events together are the same', async () => {
  const sql = sorted('select * from events');

  expect(await athenaRows(sql)).toEqual(await rows(sql));
});

test.each((await namedQueries()).map((query) => [query.name, query] as const))(
  'query %s gives the same answer',
  async (_, query) => {
    const sql = sorted(`${bindQuery(query, {})}\n`);

    expect(await athenaRows(sql)).toEqual(await rows(sql));
  },
);

test.each((await namedQueries()).map((query) => [query.name, query] as const))(
  'query %s orders by no aggregate of a name that its result has too: Trino refuses that',
  (_, { sql, columns }) => {
    const [, order = ''] = /\border by ((?:.(?!order by))*)$/s.exec(sql) ?? [];
    const aggregated = [...order.matchAll(/\b(?:sum|count|avg|min|max)\s*\((\w+)/g)].map(([, name]) => name);

    expect(columns.map(({ name }) => name).filter((name) => aggregated.includes(name))).toEqual([]);
  },
);

test('views come after those they use, and each once', () => {
  const names = VIEWS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBe(2 * Object.keys(CATALOG).length + 1);
  for (const [i, { uses }] of VIEWS.entries()) for (const used of uses) expect(names.indexOf(used)).toBeLessThan(i);
});

test('what a view says it uses is all that it uses beside tables', () => {
  const names = new Set(VIEWS.map(({ name }) => name));
  for (const { name, sql, uses } of VIEWS) {
    const read = [...sql.matchAll(/(?:from|join) "(\w+)"/g)].map(([, relation = '']) => relation);
    expect([...new Set(read.filter((relation) => names.has(relation)))], name).toEqual(uses);
  }
  expect(VIEWS.at(-1)?.uses.length).toBeGreaterThan(INPUT_STREAMS.length - 3);
});

test('every statement is far below what Athena and Glue take', () => {
  // Glue stores the text of a view in base64 with its columns, within 409,600 characters; Athena takes 262,144 bytes.
  for (const view of VIEWS) expect(Buffer.byteLength(viewStatement(view)), view.name).toBeLessThan(65_536);
});

test('a stream that is compacted is read up to its day from Parquet and late, and from then on as delivered', () => {
  const views = lakeViews({ engine: athenaEngine(), boundaries: { market: '2025-11-21' } });
  const sqlOf = (name: string): string => views.find((view) => view.name === name)?.sql ?? '';
  const parts = sqlOf('stored_market')
    .split(' union all ')
    .map((part) => part.replace(/select "event_id".* from /, ''));

  expect(parts).toEqual([
    `select * from ("market_v1_curated" where true) as "part" where "date" <= '2025-11-21'`,
    `select * from ("market_v1" where "tier" = 'late') as "part" where "date" <= '2025-11-21'`,
    `select * from ("market_v1" where "tier" = 'events') as "part" where "date" > '2025-11-21'`,
  ]);
  expect(sqlOf('health')).not.toMatch(/_curated|'late'/);
});

test('a first day is a filter on the partitions, and the events without a clock stay', async () => {
  const [engine, all] = [athenaEngine({ firstDay: '2025-11-21' }), athenaEngine()];
  const view = (of: typeof engine): string =>
    lakeViews({ engine: of, boundaries: {} }).find(({ name }) => name === 'health')?.sql ?? '';
  const days = async (sql: string): Promise<readonly unknown[]> =>
    athenaRows(`select distinct date from (${sql}) as v order by 1`);

  expect(await days(view(all))).toEqual(['2000-01-01', '2025-11-20', '2025-11-21']);
  expect(await days(view(engine))).toEqual(['2000-01-01', '2025-11-21']);
});

test('an empty part has the columns and types of a full one', async () => {
  const stream = Object.values(CATALOG)[0];
  if (stream === undefined) throw new Error('no stream');
  const engine = athenaEngine();
  const columnsOf = (sql: string): string[] =>
    [...sql.matchAll(/"(\w+)"(?=,| from| where)/g)].map(([, name = '']) => name);

  expect(columnsOf(engine.nothing(stream))).toEqual([...Object.keys(stream.columns), 'date', 'file']);
});
