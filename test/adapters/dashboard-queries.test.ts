import { expect, test } from 'vitest';
import { namedQueries } from '../../lib/adapters/local/named-queries.ts';
import { bindQuery } from '../../lib/core/query/named.ts';
import { isoOf, writeLake } from '../support/lake.ts';
import { sharedLake } from '../support/open-lake.ts';
import { DASHBOARD_ROWS, HOUR_MS, NOON_MS, who } from './dashboard-rows.ts';

// What the queries of the dashboards answer to a lake in which each finds something, worked out by hand.

const QUERIES = await namedQueries();

const lake = sharedLake((data) => writeLake(data, DASHBOARD_ROWS));

async function answer(name: string, values: Readonly<Record<string, string>> = {}) {
  const query = QUERIES.find((one) => one.name === name);
  if (query === undefined) throw new Error(`no query ${name}`);
  return lake.rows(bindQuery(query, values));
}

const noon = { hour: '2025-11-21T12:00:00Z', ...who };
const one = { ...noon, hour: '2025-11-21T13:00:00Z' };

test('reconnects are increases: over records that do not say, not over restarts, nor of what was there before', async () => {
  const rows = await answer('health-per-hour');

  expect(rows.filter(({ strategy_id }) => strategy_id === 's1')).toEqual([
    {
      ...noon,
      records: 5,
      sessions: 2,
      heartbeat_s: 30,
      ws_staleness_ms: 90,
      reconnects: 3,
      funding_known: 2,
      funding_stale: 1,
    },
    {
      ...one,
      records: 1,
      sessions: 1,
      heartbeat_s: null,
      ws_staleness_ms: null,
      reconnects: 0,
      funding_known: 0,
      funding_stale: null,
    },
  ]);
});

test('drift is the newest of the hour, and one that never changes is called constant', async () => {
  expect(await answer('calibration-drift')).toEqual([
    { ...noon, records: 2, drift: 0.1, min_drift: 0.1, max_drift: 0.2, constant: false },
    { ...one, strategy_id: 'flat', records: 2, drift: 0, min_drift: 0, max_drift: 0, constant: true },
    { ...one, records: 1, drift: 0.1, min_drift: 0.1, max_drift: 0.1, constant: false },
  ]);
});

test('signals are told apart by source, by their magnitude, and the last bin holds the strongest', async () => {
  const bin = (source: string, bin_from: number, signals: number) => ({
    ...who,
    source,
    bin_from,
    bin_to: expect.closeTo(bin_from + 0.1),
    signals,
    share: 1,
  });

  expect(await answer('signal-strength')).toEqual([bin('amateurs', 0.9, 1), bin('model', 0.9, 1), bin('pros', 0.2, 2)]);
});

test('features have an age where the bot logs it, and what it calls stale is counted beside', async () => {
  expect(await answer('feature-staleness')).toEqual([
    { ...noon, feature: 'gone', records: 0, avg_age_s: null, max_age_s: null, stale: 1 },
    { ...noon, feature: 'mom', records: 1, avg_age_s: 0, max_age_s: 0, stale: 0 },
    { ...noon, feature: 'obi', records: 2, avg_age_s: 20, max_age_s: 30, stale: 1 },
  ]);
});

test('regimes are shares of the records that name one', async () => {
  expect(await answer('regime-distribution')).toEqual([
    { ...noon, regime: 'calm', records: 1, share: expect.closeTo(1 / 3) },
    { ...noon, regime: 'wild', records: 2, share: expect.closeTo(2 / 3) },
  ]);
});

test('overlay confidence is one line per timeframe', async () => {
  expect(await answer('overlay-confidence')).toEqual([
    { ...noon, timeframe: '5m', records: 2, avg_confidence: 0.625, min_confidence: 0.5 },
    { ...noon, timeframe: 'unknown', records: 1, avg_confidence: 1, min_confidence: 1 },
  ]);
});

test('confidence is the probability of the direction traded; a signal without a session still belongs', async () => {
  const rows = await answer('confidence-vs-outcome');

  expect(
    rows.map(({ trade_id, confidence, predicted_bps, net_pnl_bps }) => [
      trade_id,
      confidence,
      predicted_bps,
      net_pnl_bps,
    ]),
  ).toEqual([
    ['t-a', 0.7, 12, 5],
    ['t-b', 0.6, null, -3],
  ]);
});

test('prediction errors fall into bins of the width asked for, with their sign', async () => {
  const bins = async (width: string) =>
    (await answer('prediction-error', { width })).map(({ bin_from_bps, bin_to_bps, trades }) => [
      bin_from_bps,
      bin_to_bps,
      trades,
    ]);

  expect(await bins('10')).toEqual([
    [-10, 0, 2],
    [10, 20, 1],
  ]);
  expect(await bins('0.5')).toEqual([
    [-7, -6.5, 1],
    [-0.5, 0, 1],
    [10, 10.5, 1],
  ]);
});

test('slippage in dollars is of the notional of each leg, at the rate of the entry', async () => {
  // a: 2 bps of 2,000 less 1 bp of 1,000 at 2 dollars; b: 1 bp of 1,000, its exit is not known; c has neither
  expect(await answer('cost-breakdown')).toMatchObject([
    { ...who, trades: 3, fees_usd: 0.75, slippage_usd: expect.closeTo(0.4 - 0.2 + 0.1), slippage_unknown: 1 },
  ]);
});

test('equity is a curve per run and account, of closed hours', async () => {
  expect(await answer('equity-and-drawdown')).toEqual([
    { ...who, hour: isoOf(NOON_MS + HOUR_MS), curve: 'acc', equity: 900, drawdown: 0.1, max_drawdown: 0.2 },
    { ...who, hour: isoOf(NOON_MS + HOUR_MS), curve: 'r1', equity: 100, drawdown: 0.1, max_drawdown: 0.2 },
  ]);
});

test('latencies fall into bins whose upper edge is theirs, with percentiles of all of them', async () => {
  const percentiles = { p50_ms: 11, p95_ms: 70_000, p99_ms: 70_000 };

  expect(await answer('latency-distribution')).toEqual([
    { ...who, up_to_ms: 10, orders: 2, ...percentiles },
    { ...who, up_to_ms: 25, orders: 1, ...percentiles },
    { ...who, up_to_ms: 250, orders: 1, ...percentiles },
    { ...who, up_to_ms: null, orders: 1, ...percentiles },
  ]);
});
