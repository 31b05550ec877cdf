import { expect, test } from 'vitest';
import { CATALOG } from '../../../lib/core/catalog/index.ts';
import { duckdbEngine } from '../../../lib/core/query/duckdb-engine.ts';
import type { Part, ViewEngine } from '../../../lib/core/query/engine.ts';
import { storedSql, viewSql } from '../../../lib/core/query/views.ts';

/** An engine whose lines lie in tables, as Athena's do. */
const tables: ViewEngine = {
  scan: (stream, { prefix, version }, day) =>
    `select * from ${prefix}_${stream.name}_v${version}${day === 'next' ? '_next' : ''}`,
  nothing: (stream) => `select * from nothing_${stream.name}`,
};
const EVENTS: Part = { prefix: 'events', version: 1 };
const ALL: readonly Part[] = [{ prefix: 'curated', version: 1 }, { prefix: 'late', version: 1 }, EVENTS];

function stream(name: string) {
  const found = CATALOG[name];
  if (found === undefined) throw new Error(`no stream ${name}`);
  return found;
}

test('without a boundary only what was delivered counts', () => {
  expect(storedSql(stream('market'), { engine: tables, parts: ALL })).toBe('select * from events_market_v1');
});

test('the boundary is a literal: compacted and late lines up to it, delivered ones after it', () => {
  const sql = storedSql(stream('market'), { engine: tables, parts: ALL, boundary: '2025-11-21' });

  expect(sql.split(' union all ')).toEqual([
    `select * from (select * from curated_market_v1) as "part" where "date" <= '2025-11-21'`,
    `select * from (select * from late_market_v1) as "part" where "date" <= '2025-11-21'`,
    `select * from (select * from events_market_v1) as "part" where "date" > '2025-11-21'`,
  ]);
});

test('records shown under the day after move the boundary with them', () => {
  const sql = storedSql(stream('ensemble'), { engine: tables, parts: [EVENTS], boundary: '2025-12-31' }, 'next');

  expect(sql).toBe(`select * from (select * from events_ensemble_v1_next) as "part" where "date" > '2026-01-01'`);
});

test('every version of a stream is in its view', () => {
  const sql = viewSql(stream('market'), { engine: tables, parts: [EVENTS, { prefix: 'events', version: 2 }] });

  expect(sql).toContain('select * from events_market_v1 union all select * from events_market_v2');
});

test.each(Object.keys(CATALOG))('the text of view %s is SQL that Trino reads too, but for the scan', (name) => {
  const sql = viewSql(stream(name), {
    engine: tables,
    parts: ALL,
    boundary: '2025-11-21',
    ensemble: { stream: stream('ensemble'), parts: [EVENTS] },
  });

  expect(sql).not.toMatch(/qualify|exclude|::|read_json|select \* (?:exclude|replace)|filename|asof/i);
  const functions = [...sql.matchAll(/\b([a-z_]+)\s*\(/g)]
    .map(([, word]) => word)
    .filter((word) => !['from', 'join', 'over', 'in', 'as', 'and'].includes(word ?? ''));
  expect(new Set(functions)).toEqual(
    new Set(['row_number', 'coalesce'].filter((word) => sql.includes(`${word}(`) || sql.includes(`${word} (`))),
  );
});

test('a path in the text of a view cannot end its literal', () => {
  const sql = viewSql(stream('market'), { engine: duckdbEngine(`/tmp/it's; drop`), parts: [EVENTS] });

  expect(sql).toContain(`'/tmp/it''s; drop/events/market/v1/date=*/[!.]*.jsonl.gz'`);
  expect(sql.replaceAll(/'(?:[^']|'')*'/g, '')).not.toContain('drop');
});
