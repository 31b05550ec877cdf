import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { namedQueries } from '../../lib/adapters/local/named-queries.ts';
import { packageRoot } from '../../lib/adapters/local/package-root.ts';
import { CATALOG } from '../../lib/core/catalog/index.ts';
import { MACROS } from '../../lib/core/query/macros.ts';
import { bindQuery } from '../../lib/core/query/named.ts';
import { exampleEvent, isoOf, type LakeEvent, writeLake, writeSamples } from '../support/lake.ts';
import { openTestLake, sharedLake } from '../support/open-lake.ts';
import { needsSamples, samplesPresent } from '../support/samples.ts';
import { tempFolder } from '../support/temp.ts';
import { DASHBOARD_ANSWERS } from './dashboard-answers.ts';
import { LEDGER_ANSWERS, LEDGER_ROWS } from './ledger-answers.ts';

const NOON_MS = Date.UTC(2025, 10, 21, 12);
const QUERIES = await namedQueries();
const NULLS = Object.fromEntries(
  Object.values(CATALOG)
    .flatMap(({ columns }) => Object.keys(columns))
    .map((name) => [name, null]),
);

/** An event with just the values given, of one run of one bot. */
function event(stream: string, afterMs: number, own: LakeEvent): LakeEvent {
  const known = Object.fromEntries(Object.keys(exampleEvent(stream)).map((name) => [name, NULLS[name]]));
  const { event_id } = exampleEvent(stream);
  const envelope = {
    event_id,
    stream,
    schema_version: 1,
    ts_ms: NOON_MS + afterMs,
    ts: isoOf(NOON_MS + afterMs),
    ingested_at: isoOf(NOON_MS + afterMs + 1500),
  };
  return {
    ...known,
    ...envelope,
    strategy_id: 's1',
    session_id: 'r1',
    mode: 'paper',
    symbol: 'BTC-USD',
    source: 'bot',
    ...own,
  };
}

const guard = (name: string, passed: boolean | null): LakeEvent => ({ name, passed });

const EVENTS: readonly LakeEvent[] = [
  event('order_intent', 0, { intent_id: 'i1', side: 'buy', qty: 1 }),
  event('order_intent', 10_000, { intent_id: 'i2', side: 'sell', qty: 1 }),
  event('order_intent', 20_000, {
    side: 'hold',
    guards: [guard('band', false), guard('risk', true), guard('other', null)],
  }),
  event('order_intent', 30_000, { side: 'hold', guards: [guard('band', false), guard('spread', false)] }),
  event('order_intent', 40_000, { side: 'hold', guards: null }),
  event('order_intent', 50_000, { side: 'hold', guards: [] }),
  event('order', 100, { order_id: 'o1', intent_id: 'i1', status: 'created', side: 'buy' }),
  event('order', 500, { order_id: 'o1', intent_id: 'i1', status: 'filled', side: 'buy' }),
  event('order', 10_300, {
    order_id: 'o2',
    intent_id: 'i2',
    status: 'rejected',
    rejection_reason: 'MIN_NOTIONAL',
    rejection_message: 'too small',
    retry_attempt: 0,
  }),
  event('execution', 400, {
    order_id: 'o1',
    result: 'filled',
    side: 'buy',
    qty: 1,
    price: 100,
    fee: 0.1,
    fee_asset: 'USD',
    seq: 1,
  }),
  event('execution', 450, { order_id: 'o1', result: 'filled', side: 'buy', qty: 1, price: 101, fee_usd: 0.2, seq: 2 }),
  event('execution', 10_400, { order_id: 'o3', result: 'rejected', rejection_reason: 'POST_ONLY', qty: 1 }),
  event('gate', 1, { name: 'MinNotional', passed: false, reason: 'Below minimum' }),
  event('gate', 2, { name: 'MinNotional', passed: false, reason: 'Below minimum' }),
  event('gate', 3, { name: 'MinNotional', passed: true, reason: null }),
  event('costs', 400, { notional_usd: 100, fee_usd: 0.1, impact_usd: 0.3, cost_usd: 0.4 }),
  event('costs', 450, { notional_usd: 300, fee_usd: 0.2, impact_usd: null, cost_usd: null }),
  event('costs', 460, { attrib_total_usd: -1 }),
  event('equity_curve', 1, { equity: 100 }),
  event('equity_curve', 2, { equity: 105 }),
  event('equity_curve', 3, { equity: 95 }),
  event('calibration', 1, { in_band_flag: true, source_log: 'calibration', timeframe: '5m' }),
  event('calibration', 2, { in_band_flag: false, source_log: 'calibration', timeframe: '5m' }),
  event('calibration', 3, { in_band_flag: null, source_log: 'calibration', timeframe: '5m' }),
  event('error', 1, { error_type: 'Timeout', component: 'ws', message: 'first' }),
  event('error', 2, { error_type: 'Timeout', component: 'ws', message: 'second', session_id: 'r2' }),
  event('quarantine', 1, {
    reason: 'invalid_json',
    detail: 'the line is not JSON',
    source_path: 'a.jsonl',
    seq: 3,
    event_id: 'f.0-3',
  }),
  event('market', 1, { source_path: 'a.jsonl', seq: 2, event_id: 'f.0-2', mid: 1, ts_naive: true }),
  event('market', 2, { source_path: 'a.jsonl', seq: 7, event_id: 'f.0-7', mid: 1 }),
  event('market', 2, { source_path: 'a.jsonl', seq: 1, event_id: 'f.1-1', mid: 1 }), // the file after its rotation
  event('health', 5_000, { session_id: 'r2', ingested_at: isoOf(NOON_MS) }),
  event('health', 0, { session_id: 'r2', ts: null, ts_ms: null }),
];

const lake = sharedLake((data) => {
  writeLake(data, [...EVENTS, ...LEDGER_ROWS]);
  writeLake(data, EVENTS.slice(0, 12)); // a resend changes no answer
});

const who = { strategy_id: 's1', mode: 'paper' };
const day = { date: '2025-11-21', ...who };

/** The answers to the fixture above, each worked out by hand. */
const ANSWERS: Readonly<Record<string, readonly unknown[]>> = {
  'events-per-stream': [
    { stream: 'calibration', date: '2025-11-21', events: 3, strategies: 1, sessions: 1 },
    { stream: 'costs', date: '2025-11-21', events: 3, strategies: 1, sessions: 1 },
    { stream: 'equity_curve', date: '2025-11-21', events: 3, strategies: 1, sessions: 1 },
    { stream: 'error', date: '2025-11-21', events: 2, strategies: 1, sessions: 2 },
    { stream: 'execution', date: '2025-11-21', events: 3, strategies: 1, sessions: 1 },
    { stream: 'gate', date: '2025-11-21', events: 3, strategies: 1, sessions: 1 },
    { stream: 'health', date: '2000-01-01', events: 1, strategies: 1, sessions: 1 },
    { stream: 'health', date: '2025-11-21', events: 1, strategies: 1, sessions: 1 },
    { stream: 'market', date: '2025-11-21', events: 3, strategies: 1, sessions: 1 },
    { stream: 'order', date: '2025-11-21', events: 3, strategies: 1, sessions: 1 },
    { stream: 'order_intent', date: '2025-11-21', events: 6, strategies: 1, sessions: 1 },
  ],
  sessions: [
    {
      ...who,
      session_id: 'r1',
      first_ts: isoOf(NOON_MS),
      last_ts: isoOf(NOON_MS + 50_000),
      events: 28,
      streams: 9,
      symbols: 1,
    },
    {
      ...who,
      session_id: 'r2',
      first_ts: isoOf(NOON_MS + 2),
      last_ts: isoOf(NOON_MS + 5_000),
      events: 3,
      streams: 2,
      symbols: 1,
    },
  ],
  'order-funnel': [{ ...day, decisions: 6, holds: 4, wanted: 2, orders: 2, rejected: 1, fills: 2 }],
  'why-no-trade': [
    { strategy_id: 's1', symbol: 'BTC-USD', guard: 'band', asked: 2, failed: 2, failed_alone: 1, failed_share: 1 },
    { strategy_id: 's1', symbol: 'BTC-USD', guard: 'spread', asked: 1, failed: 1, failed_alone: 0, failed_share: 1 },
    { strategy_id: 's1', symbol: 'BTC-USD', guard: 'risk', asked: 1, failed: 0, failed_alone: 0, failed_share: 0 },
  ],
  'gate-rejections': [
    { ...who, gate: 'MinNotional', reason: 'Below minimum', blocked: 2, asked: 3, last_ts: isoOf(NOON_MS + 2) },
  ],
  rejections: [
    {
      ts: isoOf(NOON_MS + 10_400),
      ...who,
      session_id: 'r1',
      symbol: 'BTC-USD',
      order_id: 'o3',
      reason: 'POST_ONLY',
      message: null,
      attempt: null,
    },
    {
      ts: isoOf(NOON_MS + 10_300),
      ...who,
      session_id: 'r1',
      symbol: 'BTC-USD',
      order_id: 'o2',
      reason: 'MIN_NOTIONAL',
      message: 'too small',
      attempt: 0,
    },
  ],
  fills: [
    {
      ts: isoOf(NOON_MS + 450),
      ...who,
      session_id: 'r1',
      symbol: 'BTC-USD',
      side: 'buy',
      qty: 1,
      price: 101,
      notional_usd: 101,
      fee: 0.2,
      fee_asset: 'USD',
      order_id: 'o1',
    },
    {
      ts: isoOf(NOON_MS + 400),
      ...who,
      session_id: 'r1',
      symbol: 'BTC-USD',
      side: 'buy',
      qty: 1,
      price: 100,
      notional_usd: 100,
      fee: 0.1,
      fee_asset: 'USD',
      order_id: 'o1',
    },
  ],
  'execution-latency': [
    { ...who, step: 'intent_to_order', n: 2, reversed: 0, min_ms: 100, median_ms: 200, p95_ms: 300, max_ms: 300 },
    { ...who, step: 'order_to_fill', n: 1, reversed: 0, min_ms: 300, median_ms: 300, p95_ms: 300, max_ms: 300 },
    { ...who, step: 'intent_to_fill', n: 1, reversed: 0, min_ms: 400, median_ms: 400, p95_ms: 400, max_ms: 400 },
  ],
  // Basis points of the notional whose cost is known: 0.4 of 100.
  'costs-per-day': [
    {
      ...day,
      trades: 2,
      notional_usd: 400,
      fee_usd: expect.closeTo(0.3),
      impact_usd: 0.3,
      slip_usd: null,
      cost_usd: 0.4,
      cost_bps: expect.closeTo(40),
    },
  ],
  equity: [
    {
      ...day,
      session_id: 'r1',
      timeframe: null,
      records: 3,
      first_equity: 100,
      last_equity: 95,
      min_equity: 95,
      max_equity: 105,
      change: -5,
    },
  ],
  'in-band-rate': [{ ...day, source_log: 'calibration', timeframe: '5m', n: 2, in_band: 1, in_band_rate: 0.5 }],
  errors: [
    {
      strategy_id: 's1',
      component: 'ws',
      error_type: 'Timeout',
      message: 'second',
      errors: 2,
      sessions: 2,
      first_ts: isoOf(NOON_MS + 1),
      last_ts: isoOf(NOON_MS + 2),
    },
  ],
  'quarantine-reasons': [
    {
      reason: 'invalid_json',
      target: null,
      source_path: 'a.jsonl',
      events: 1,
      first_ingested_at: isoOf(NOON_MS + 1501),
      last_ingested_at: isoOf(NOON_MS + 1501),
      detail: 'the line is not JSON',
    },
  ],
  // Line 3 is in quarantine: it did arrive.
  'sequence-gaps': [
    { source: 'bot', source_path: 'a.jsonl', file_id: 'f.0', after_seq: 0, before_seq: 2, missing: 1 },
    { source: 'bot', source_path: 'a.jsonl', file_id: 'f.0', after_seq: 3, before_seq: 7, missing: 3 },
  ],
  ...LEDGER_ANSWERS,
  ...DASHBOARD_ANSWERS,
  'clock-skew': [
    {
      strategy_id: 's1',
      session_id: 'r2',
      source: 'bot',
      events: 3,
      no_clock: 1,
      naive: 0,
      ahead: 1,
      min_lag_s: -5,
      median_lag_s: expect.closeTo(-1.75),
      max_lag_s: 1.5,
    },
    {
      strategy_id: 's1',
      session_id: 'r1',
      source: 'bot',
      events: 28,
      no_clock: 0,
      naive: 1,
      ahead: 0,
      min_lag_s: 1.5,
      median_lag_s: 1.5,
      max_lag_s: 1.5,
    },
  ],
};

test.each(QUERIES.map((query) => [query.name, query] as const))('%s answers its question', async (name, query) => {
  expect(await lake.rows(bindQuery(query, {}))).toEqual(ANSWERS[name]);
});

test.each(QUERIES.map((query) => [query.name, query] as const))(
  '%s documents every column it gives, in order',
  async (_, query) => {
    const { columns } = await lake.run(bindQuery(query, {}));

    expect(query.columns.map(({ name }) => name)).toEqual(columns.map(({ name }) => name));
    expect(query.question).toMatch(/^[A-Z].*\?$/);
  },
);

test('every query has an answer here, and every answer a query', () => {
  expect(QUERIES.map(({ name }) => name).sort()).toEqual(Object.keys(ANSWERS).sort());
});

test('days, session, symbol and rows narrow an answer', async () => {
  const ask = async (name: string, values: Record<string, string>): Promise<number> => {
    const query = QUERIES.find((one) => one.name === name);
    return query === undefined ? Number.NaN : (await lake.rows(bindQuery(query, values))).length;
  };

  expect(await ask('fills', { rows: '1' })).toBe(1);
  expect(await ask('fills', { session: 'r2' })).toBe(0);
  expect(await ask('fills', { symbol: 'BTC-USD', session: 'r1' })).toBe(2);
  expect(await ask('events-per-stream', { to: '2000-01-01' })).toBe(1);
  expect(await ask('equity', { from: '2025-11-22' })).toBe(0);
});

test('an even count has the mean of its middle two as median, a reversed pair is left out and counted', async () => {
  const data = tempFolder();
  const chain = (n: number, ms: number): LakeEvent[] => [
    event('order_intent', 0, { intent_id: `i${n}`, side: 'buy' }),
    event('order', ms, { order_id: `o${n}`, intent_id: `i${n}` }),
  ];
  writeLake(data, [...chain(1, 10), ...chain(2, 20), ...chain(3, 60), ...chain(4, 100), ...chain(5, -7)]);
  const engine = await openTestLake(data);
  const query = QUERIES.find(({ name }) => name === 'execution-latency');
  if (query === undefined) throw new Error('no such query');

  const [row] = await engine.rows(bindQuery(query, {}));

  expect(row).toMatchObject({ step: 'intent_to_order', n: 4, reversed: 1, min_ms: 10, median_ms: 40, max_ms: 100 });
});

test('queries keep to what Athena reads too', () => {
  for (const { name, sql } of QUERIES) {
    const code = sql.replaceAll(/--.*/g, '').replaceAll(/'[^']*'/g, "''");
    expect(code, name).not.toMatch(
      /::|\bqualify\b|\bexclude\b|\bgroup by all\b|\bilike\b|\blist\b|\bstruct\b|\bepoch\w*\b|\[|\{|->|\bmedian\b|\bas (?:first|last|order|limit|values|timestamp)\b/i,
    );
  }
});

test.skipIf(!samplesPresent)(needsSamples('every query answers the real logs'), async () => {
  const data = tempFolder();
  writeSamples(data);
  const engine = await openTestLake(data);
  const rows = Object.fromEntries(
    await Promise.all(QUERIES.map(async (query) => [query.name, await engine.rows(bindQuery(query, {}))] as const)),
  );

  expect(rows['why-no-trade']).toContainEqual(
    expect.objectContaining({ guard: 'volatility_ok', asked: 664, failed: 664 }),
  );
  expect(rows['execution-latency']).toContainEqual(
    expect.objectContaining({ step: 'intent_to_fill', n: 7, median_ms: 380 }),
  );
  expect(rows['costs-per-day']).toHaveLength(6);
  expect(rows['sequence-gaps']).toEqual([]);
  expect(rows.fills).toHaveLength(55);
});

test('the page about queries lists every query with its question, and every function of Trino', () => {
  const page = readFileSync(join(packageRoot(), 'docs', 'query.md'), 'utf8');

  for (const { name, question } of QUERIES) expect(page).toContain(`| ${name} | ${question} |`);
  for (const { name } of MACROS) expect(page).toContain(`\`${name}\``);
});
