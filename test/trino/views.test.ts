import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Lake, openLake } from '../../lib/adapters/local/duckdb.ts';
import { namedQueries } from '../../lib/adapters/local/named-queries.ts';
import { CATALOG } from '../../lib/core/catalog/index.ts';
import { quoted } from '../../lib/core/catalog/sql-columns.ts';
import { athenaEngine } from '../../lib/core/query/athena-engine.ts';
import * as dialects from '../../lib/core/query/dialect.ts';
import { derivedCountSql, streamCountSql } from '../../lib/core/query/inventory.ts';
import { bindQuery } from '../../lib/core/query/named.ts';
import { writeViewLake } from '../support/view-lake.ts';
import { TRINO, Trino, type TrinoResult } from './engine.ts';
import { fillTrino } from './tables.ts';

const title =
  TRINO === undefined
    ? 'Athena’s SQL in Trino (skipped: run `bash test/trino/trino.sh npx vitest run test/trino`)'
    : 'Athena’s SQL in Trino';

const MINUTES_MS = 60_000;
vi.setConfig({ testTimeout: 5 * MINUTES_MS }); // `events` is a union of all streams: planning it takes a while on few cores

describe.skipIf(TRINO === undefined)(title, () => {
  let trino: Trino;
  let local: Lake;
  let folder = '';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nightdesk-'));
    writeViewLake(folder);
    local = await openLake(folder);
    trino = await Trino.start(TRINO ?? '');
    await fillTrino(trino, join(folder, 'lake'));
  }, 10 * MINUTES_MS);
  afterAll(async () => {
    await trino.close();
    await local.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(Object.keys(CATALOG))('view %s gives the rows that the desk gives', async (name) => {
    const columns = [...Object.keys(CATALOG[name]?.columns ?? {}), 'date'].map(quoted).join(', ');
    const expected = await answerOf(local, `select ${columns} from ${quoted(name)}`);

    expect(expected.length).toBeGreaterThan(1);
    expect(rowsOf(await trino.run(`select ${columns} from ${quoted(name)}`))).toEqual(expected);
  });

  test.each(Object.keys(CATALOG))(
    'the stored lines of %s are the desk’s, with the keys of their objects',
    async (name) => {
      const sql = (relation: string): string => `select event_id, date, file from ${relation}`;

      expect(rowsOf(await trino.run(sql(quoted(`stored_${name}`))))).toEqual(
        await answerOf(local, sql(`stored.${quoted(name)}`)),
      );
    },
  );

  test('all events together are the desk’s', async () => {
    expect(rowsOf(await trino.run('select * from events'))).toEqual(await answerOf(local, 'select * from events'));
  });

  // Quarantine is partitioned by arrival, and a repeat may come in on another day: its days are all looked at.
  test.each(Object.keys(CATALOG).filter((name) => name !== 'quarantine'))(
    'a filter on days reaches every scan of view %s, where it prunes partitions, and so does the tier',
    async (name) => {
      const sql = `select count(*) from ${quoted(name)} where "date" between '2025-11-20' and '2025-11-21'`;
      const plan = String((await trino.run(`explain ${sql}`)).rows[0]?.[0]);
      const scans = plan.split('\n').filter((line) => /Scan\w*\[/.test(line));

      expect(scans.length).toBeGreaterThan(0);
      for (const scan of scans) {
        expect(scan).toMatch(/"tier\w*" = VARCHAR '(?:events|derived)'/);
        expect(scan).toMatch(/(?:"date\w*"|TRY_CAST\("date\w*" AS date\).* AS varchar\)) BETWEEN VARCHAR '2025-11-20'/);
      }
    },
  );

  test.each(QUERIES.map((query) => [query.name, query] as const))(
    'query %s gives the desk’s answer',
    async (_, query) => {
      const sql = bindQuery(query, {});
      const answer = await trino.run(sql);

      expect(answer.columns).toEqual((await local.run(sql)).columns.map(({ name }) => name));
      expect(rowsOf(answer)).toEqual(await answerOf(local, `${sql}\n`));
    },
  );

  test.each(Object.values(CATALOG).map((stream) => [stream.name, stream] as const))(
    'the counts of %s are the desk’s',
    async (_, stream) => {
      const counts = [
        ...(stream.origin === 'derived' ? [] : [streamCountSql]),
        ...(stream.origin === undefined ? [] : [derivedCountSql]),
      ];
      for (const sql of counts)
        expect(rowsOf(await trino.run(sql(stream, dialects.TRINO)))).toEqual(
          await answerOf(local, sql(stream, dialects.DUCKDB)),
        );
    },
  );

  test.each(Object.values(CATALOG).map((stream) => [stream.name, stream] as const))(
    'an empty part of %s has the types of a full one',
    async (_, stream) => {
      const engine = athenaEngine();
      const part = { prefix: stream.origin === 'derived' ? 'derived' : 'events', version: 1 } as const;
      const full = await trino.run(`${engine.scan(stream, part, 'own')} limit 0`);

      expect(await trino.run(engine.nothing(stream))).toEqual({ columns: full.columns, types: full.types, rows: [] });
    },
  );
});

const QUERIES = await namedQueries();

/** Rows of the desk as plain data in an order of their own. */
async function answerOf(lake: Lake, sql: string): Promise<readonly string[]> {
  const { rows } = await lake.run(sql);
  return rows.map((row) => textOf(row)).sort();
}

const rowsOf = ({ rows }: TrinoResult): readonly string[] => rows.map((row) => textOf(row)).sort();

/** Sums of doubles depend on their order, which twelve digits do not; a map has no order. */
const textOf = (row: unknown): string =>
  JSON.stringify(row, (_, value: unknown) => {
    if (typeof value === 'number') return Number(value.toPrecision(12));
    if (typeof value === 'bigint') return String(value);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  });
