import { expect, test } from 'vitest';
import { CATALOG, INPUT_STREAMS } from '../../../lib/core/catalog/index.ts';
import { duckdbEngine } from '../../../lib/core/query/duckdb-engine.ts';
import type { Part, ViewEngine } from '../../../lib/core/query/engine.ts';
import { eventsSql, storedSql, viewSql } from '../../../lib/core/query/views.ts';

/** An engine whose lines lie in tables, as Athena's do. */
const tables: ViewEngine = {
  scan: (stream, { prefix, version }, day) =>
    `select * from ${prefix}_${stream.name}_v${version}${day === 'next' ? '_next' : ''}`,
  nothing: (stream) => `select * from nothing_${stream.name}`,
};
const EVENTS: Part = { prefix: 'events', version: 1 };
const DERIVED: Part = { prefix: 'derived', version: 1 };
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

test('the boundary is about what was delivered: derived rows count on either side of it', () => {
  expect(storedSql(stream('snapshot'), { engine: tables, parts: [DERIVED], boundary: '2025-11-21' })).toBe(
    'select * from derived_snapshot_v1',
  );
});

test('a derived stream is read from its own rows alone, whatever lies under its name elsewhere', () => {
  const sql = viewSql(stream('snapshot'), { engine: tables, parts: [...ALL, DERIVED] });

  expect(sql).toContain('select * from derived_snapshot_v1');
  expect(sql).not.toMatch(/(?:events|late|curated)_snapshot/);
});

test('the view of a stream that bots send is the same whether or not Nightdesk may write it, until it did', () => {
  const sql = viewSql(stream('equity_curve'), { engine: tables, parts: [EVENTS] });

  expect(sql).not.toMatch(/derived|"rev" desc|any_sent/);
});

test('all events together are those of the streams that bots send', () => {
  const sql = eventsSql(Object.values(CATALOG), ({ name }) => `view_${name}`);

  expect([...sql.matchAll(/from view_(\w+)/g)].map(([, name]) => name)).toEqual(INPUT_STREAMS);
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
    parts: [...ALL, DERIVED],
    boundary: '2025-11-21',
    ensemble: { stream: stream('ensemble'), parts: [EVENTS] },
  });

  // What stands before a parenthesis and is no function.
  const words = ['from', 'join', 'over', 'in', 'as', 'and', 'not'];
  expect(sql).not.toMatch(/qualify|exclude|::|read_json|select \* (?:exclude|replace)|filename|asof/i);
  const functions = [...sql.matchAll(/\b([a-z_]+)\s*\(/g)]
    .map(([, word]) => word)
    .filter((word) => !words.includes(word ?? ''));
  expect(functions.filter((word) => !['row_number', 'coalesce', 'max'].includes(word ?? ''))).toEqual([]);
});

test('a path in the text of a view cannot end its literal', () => {
  const sql = viewSql(stream('market'), { engine: duckdbEngine(`/tmp/it's; drop`), parts: [EVENTS] });

  expect(sql).toContain(`'/tmp/it''s; drop/events/market/v1/date=*/[!.]*.jsonl.gz'`);
  expect(sql.replaceAll(/'(?:[^']|'')*'/g, '')).not.toContain('drop');
});
