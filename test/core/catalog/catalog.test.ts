import { describe, expect, test } from 'vitest';
import { envelope } from '../../../lib/core/catalog/envelope.ts';
import type { Column, ColumnType } from '../../../lib/core/catalog/fields.ts';
import { CATALOG, type EventOf, INPUT_STREAMS } from '../../../lib/core/catalog/index.ts';
import { schemaOf } from '../../../lib/core/catalog/schema.ts';
import type { Stream } from '../../../lib/core/catalog/stream.ts';
import { METRICS } from '../../../lib/core/metrics/names.ts';

/** What bots send. */
const SENT =
  'signals health calibration order_intent repro costs feature_log execution ensemble market risk overlay_status equity_curve kpi_scorecard latency system external_event explainability cohort_fill cash_flow order gate error';
/** What Nightdesk makes of it. */
const DERIVED = 'trade_lifecycle order_lifecycle session snapshot reconciliation alert';
/** S1 H1's metrics. */
const S1_METRICS = [
  'bot.health.equity_value',
  'bot.health.drawdown_current',
  'bot.health.ws_staleness_ms',
  'bot.health.ws_reconnects',
  'bot.trades.total',
  'bot.trades.by_source',
  'bot.execution.latency_ms',
  'bot.costs.total_bps',
  'bot.signals.strength',
  'bot.calibration.in_band_rate',
];
const LOWER_SNAKE_CASE = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;
const ONE_SENTENCE = /^[A-Z][^\n|]*[^.\s]\.$/;
const DAY_MS = 86_400_000;

/** A column and every column inside it. */
const withInner = (name: string, column: Column): [string, Column][] => [[name, column], ...innerOf(name, column.type)];
function innerOf(name: string, type: ColumnType): [string, Column][] {
  if (typeof type === 'string') return [];
  if ('list' in type) return innerOf(`${name}[]`, type.list);
  if ('map' in type) return innerOf(`${name}.*`, type.map);
  return Object.entries(type.struct).flatMap(([key, column]) => withInner(`${name}.${key}`, column));
}

test('the catalog holds every input stream, every derived one and quarantine, each under its own name', () => {
  expect(Object.keys(CATALOG).toSorted()).toEqual([...SENT.split(' '), ...DERIVED.split(' '), 'quarantine'].toSorted());
  expect(INPUT_STREAMS.toSorted()).toEqual(SENT.split(' ').toSorted());
  for (const [name, stream] of Object.entries(CATALOG)) expect(stream.name).toBe(name);
});

test('what Nightdesk derives it alone writes, but for the equity that a bot may send itself', () => {
  const of = (origin: string) => Object.values(CATALOG).filter((stream) => stream.origin === origin);

  expect(of('derived').map(({ name }) => name)).toEqual(DERIVED.split(' '));
  expect(of('both').map(({ name }) => name)).toEqual(['equity_curve']);
});

test('every row that is derived is a revision: it has a number and can be withdrawn', () => {
  for (const { name, origin, fields } of Object.values(CATALOG))
    expect(
      ['rev', 'retracted'].filter((field) => field in fields),
      name,
    ).toEqual(origin === undefined ? [] : ['rev', 'retracted']);
});

test('together the streams feed every metric of S1, and none that nobody publishes', () => {
  const fed = new Set(Object.values(CATALOG).flatMap(({ metrics }) => metrics));

  expect(S1_METRICS.filter((name) => !fed.has(name))).toEqual([]);
  const published = METRICS.map(({ name }) => name);
  expect([...fed].filter((name) => !published.includes(name))).toEqual([]);
});

test('the type of an event is derived from the catalog', () => {
  const gate: EventOf<'gate'> = { name: 'MinNotionalGate', passed: false, mode: 'paper' };
  // @ts-expect-error a gate’s verdict is no text
  const wrong: EventOf<'gate'> = { passed: 'no' };

  expect(schemaOf(CATALOG.gate as Stream).safeParse(gate).success).toBe(true);
  expect(schemaOf(CATALOG.gate as Stream).safeParse(wrong).success).toBe(false);
});

describe.each(Object.values(CATALOG).map((stream) => [stream.name, stream] as const))('stream %s', (name, stream) => {
  const columns = Object.entries(stream.columns).flatMap(([column, it]) => withInner(column, it));
  const { example } = stream;

  test('has a sentence, and versions that count up from 1', () => {
    expect(stream.description).toMatch(ONE_SENTENCE);
    expect(stream.versions).toEqual(stream.versions.map((_, index) => index + 1));
    expect(stream.versions.length).toBeGreaterThan(0);
  });

  test('names its fields in lower snake case, no two alike but for case, and none hides the envelope’s', () => {
    for (const [path] of columns)
      expect(path.split(/[.[\]*]+/).filter(Boolean)).toSatisfy((keys: string[]) =>
        keys.every((key) => LOWER_SNAKE_CASE.test(key)),
      );
    expect(new Set(Object.keys(stream.columns).map((column) => column.toLowerCase())).size).toBe(
      Object.keys(stream.columns).length,
    );
    expect(Object.keys(stream.fields).filter((field) => field in envelope)).toEqual([]);
  });

  test('says of every field in one sentence what it is, and its unit', () => {
    for (const [path, { description, unit }] of columns) {
      expect(description, path).toMatch(ONE_SENTENCE);
      expect(unit, path).toMatch(/\S/);
    }
  });

  test('names money in dollars by its unit', () => {
    for (const [path, { unit }] of columns)
      expect(path.endsWith('_usd'), `${path} has unit ${unit}`).toBe(unit === 'USD');
  });

  test('has an example that its schema takes and that a stored event would be', () => {
    expect(schemaOf(stream).safeParse(example)).toMatchObject({ success: true });
    expect(Object.keys(example).filter((key) => !(key in stream.columns))).toEqual([]);
    expect(example).toMatchObject({ stream: name, schema_version: stream.versions.at(-1) });
    expect(example.event_id).toMatch(/./);
    expect(Date.parse(String(example.ts))).toBe(example.ts_ms);
    if (name === 'quarantine') return;
    for (const key of ['ts_source', 'strategy_id', 'session_id', 'symbol', 'mode'])
      expect(example[key], key).toBeTypeOf('string');
    expect(Object.keys(example).filter((key) => key in stream.fields).length).toBeGreaterThan(4);
    expect(Number(example.ts_ms)).toBeGreaterThan(Date.UTC(2025, 0, 1) - DAY_MS);
  });

  test('refuses what the transform must have put aside: unknown keys, wrong types, times in another form', () => {
    for (const wrong of [
      { not_a_field: 1 },
      { ts: '2025-11-21T07:16:14Z' },
      { ts_ms: '1' },
      { mode: 'PAPER' },
      { extra: {} },
    ])
      expect(schemaOf(stream).safeParse({ ...example, ...wrong }).success, JSON.stringify(wrong)).toBe(false);
  });

  test('takes null for every field: not known is no defect', () => {
    const nothing = Object.fromEntries(Object.keys(stream.columns).map((column) => [column, null]));

    expect(schemaOf(stream).safeParse(nothing)).toMatchObject({ success: true });
  });
});
