import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { observationOfRecord, observationOfVerdict } from '../../../lib/core/alerts/observe.ts';
import { WHOLE } from '../../../lib/core/alerts/state.ts';
import { createTransform } from '../../../lib/core/transform/transform.ts';
import { fillEvent, foldAll, START_MS } from '../../support/ledger.ts';
import { event, HOUR, MINUTE, SECOND, T0 } from './conditions-world.ts';
import { ist, night } from './triggers-world.ts';

// Every trigger of S1 H2, S1 §10 and S2 16C: from the line a bot writes to what Slack is sent; at the boundary and not
// before, opened once and resolved once.

/** A health record of S1, as its emitter wraps it. */
const s1Health = (atMs: number, metrics: Readonly<Record<string, unknown>>) => ({
  ts: Math.floor(atMs / (5 * MINUTE)) * 5 * MINUTE,
  symbol: 'BTCUSDT',
  metrics: { recent_bars: 1, funding_stale: false, equity: 10_000, ws_staleness_ms: null, ...metrics },
  ts_ist: ist(atMs),
});

const s1Execution = (atMs: number, rejections: number) => ({
  run_id: 'run-1',
  asset: 'BTCUSDT',
  event_id: `${atMs}:BTCUSDT:executions:1dc5674c`,
  decision_time_ist: ist(atMs),
  exec_time_ist: ist(atMs),
  side: 'BUY',
  order_type: 'MARKET',
  fill_px: 86_660.3,
  fill_qty: 0.01,
  router: 'BINANCE',
  rejections,
  ts_ist: ist(atMs),
  schema_v: '1',
});

const s1Calibration = (atMs: number, inBand: boolean | null) => ({
  run_id: 'run-1',
  asset: 'BTCUSDT',
  a: 0,
  b: 1,
  pred_raw_bps: 10,
  pred_cal_bps: 10,
  band_bps: 15,
  in_band_flag: inBand,
  ts_ist: ist(atMs),
  schema_v: '1',
});

/** An event of S2. */
const s2 = (kind: string, atMs: number, payload: Readonly<Record<string, unknown>>) => ({
  ts: new Date(atMs).toISOString(),
  session_id: 'session_1',
  symbol: 'BTC-USD',
  mode: 'PAPER',
  kind,
  payload,
});
const s2Order = (atMs: number, order_id: string, status = 'submitted') =>
  s2('order', atMs, { order_id, side: 'BUY', quantity: 1, status });
const s2Gate = (atMs: number, passed: boolean) =>
  s2('gate', atMs, { gate_name: 'MinNotionalGate', passed, reason: 'Below minimum' });
const s2Error = (atMs: number, message: string, stacktrace?: string) =>
  s2('error', atMs, { error: message, traceback: stacktrace });

describe('S1 H2', () => {
  test('equity 5 % below its peak: 9,500 of 10,000 is not, a cent less is', () => {
    const bot = night(['equity_drop']);
    bot.hear(s1Health(T0, { equity: 10_000 }), T0);
    bot.hear(s1Health(T0 + MINUTE, { equity: 9_500 }), T0 + MINUTE);
    expect(bot.heard()).toEqual([]);
    bot.hear(s1Health(T0 + 2 * MINUTE, { equity: 9_499.99 }), T0 + 2 * MINUTE);
    bot.again();
    bot.hear(s1Health(T0 + 3 * MINUTE, { equity: 9_400 }), T0 + 3 * MINUTE);
    expect(bot.heard()).toEqual(['equity_drop opened']);
    expect(bot.payloads()).toEqual([expect.stringMatching(/Equity fell.*5\.0001 %/)]);
    bot.hear(s1Health(T0 + 4 * MINUTE, { equity: 9_600 }), T0 + 4 * MINUTE);
    bot.hear(s1Health(T0 + 5 * MINUTE, { equity: 9_700 }), T0 + 5 * MINUTE);
    expect(bot.heard()).toEqual(['equity_drop resolved']);
    expect(bot.payloads()).toHaveLength(1);
  });

  test('equity below 9,500, as S1 words it', () => {
    const bot = night(['equity_absolute']);
    bot.hear(s1Health(T0, { equity: 9_500 }), T0);
    expect(bot.heard()).toEqual([]);
    bot.hear(s1Health(T0 + MINUTE, { equity: 9_499.99 }), T0 + MINUTE);
    expect(bot.heard()).toEqual(['equity_absolute opened']);
    expect(bot.payloads()).toEqual([expect.stringContaining('9,499.99')]);
    bot.hear(s1Health(T0 + 2 * MINUTE, { equity: 9_500 }), T0 + 2 * MINUTE);
    expect(bot.heard()).toEqual(['equity_absolute resolved']);
  });

  test('ws_staleness_ms: 30,000 is not, 30,001 is', () => {
    const bot = night(['ws_staleness']);
    bot.hear(s1Health(T0, { ws_staleness_ms: 30_000 }), T0);
    bot.hear(s1Health(T0 + SECOND, { ws_staleness_ms: null }), T0 + SECOND);
    expect(bot.heard()).toEqual([]);
    bot.hear(s1Health(T0 + MINUTE, { ws_staleness_ms: 30_001 }), T0 + MINUTE);
    bot.again();
    expect(bot.heard()).toEqual(['ws_staleness opened']);
    expect(bot.payloads()).toEqual([expect.stringMatching(/Market data is stale.*30,001 ms/)]);
    bot.hear(s1Health(T0 + 2 * MINUTE, { ws_staleness_ms: 40_000 }), T0 + 2 * MINUTE);
    bot.hear(s1Health(T0 + 3 * MINUTE, { ws_staleness_ms: null }), T0 + 3 * MINUTE);
    expect(bot.heard()).toEqual([]);
    bot.hear(s1Health(T0 + 4 * MINUTE, { ws_staleness_ms: 120 }), T0 + 4 * MINUTE);
    bot.hear(s1Health(T0 + 5 * MINUTE, { ws_staleness_ms: 110 }), T0 + 5 * MINUTE);
    expect(bot.heard()).toEqual(['ws_staleness resolved']);
    expect(bot.payloads()).toHaveLength(1);
  });

  test('calibration_drift: 0.1 is not, more is', () => {
    const bot = night(['calibration_drift']);
    bot.hear(s1Health(T0, { calibration_drift: 0.1 }), T0);
    expect(bot.heard()).toEqual([]);
    bot.hear(s1Health(T0 + MINUTE, { calibration_drift: 0.1000001 }), T0 + MINUTE);
    expect(bot.heard()).toEqual(['calibration_drift opened']);
    expect(bot.payloads()).toEqual([expect.stringContaining('calibration')]);
    bot.hear(s1Health(T0 + 2 * MINUTE, { calibration_drift: 0.04 }), T0 + 2 * MINUTE);
    expect(bot.heard()).toEqual(['calibration_drift resolved']);
  });

  test('funding_stale for an hour: at 59:59 it is not, after it is; a fresh sample in between begins anew', () => {
    const bot = night(['funding_stale']);
    const sample = (atMs: number, stale: boolean) => bot.hear(s1Health(atMs, { funding_stale: stale }), atMs);
    sample(T0, true);
    sample(T0 + 5 * MINUTE, false);
    const begin = T0 + 10 * MINUTE;
    for (let ms = begin; ms < begin + HOUR; ms += 5 * MINUTE) sample(ms, true);
    bot.tick(begin + HOUR - SECOND);
    expect(bot.heard()).toEqual([]);
    bot.tick(begin + HOUR + SECOND);
    expect(bot.heard()).toEqual(['funding_stale opened']);
    expect(bot.payloads()).toEqual([expect.stringContaining('Funding data is stale')]);
    sample(begin + HOUR + 5 * MINUTE, false);
    sample(begin + HOUR + 10 * MINUTE, false);
    expect(bot.heard()).toEqual(['funding_stale resolved']);
  });

  test('funding_stale an hour ago, and nothing since, is no alert', () => {
    const bot = night(['funding_stale']);
    bot.hear(s1Health(T0, { funding_stale: true }), T0);
    bot.tick(T0 + HOUR + SECOND);
    expect(bot.heard()).toEqual([]);
  });

  test('more than three rejections in an hour: the fourth order, told however often', () => {
    const bot = night(['rejections']);
    for (const n of [1, 2, 3]) {
      bot.hear(s2Order(T0 + n * MINUTE, `o${n}`, 'rejected'), T0 + n * MINUTE);
      bot.again();
      bot.hear(s2Order(T0 + n * MINUTE + SECOND, `o${n}`, 'REJECTED'), T0 + n * MINUTE + SECOND);
    }
    for (let n = 0; n < 9; n++) bot.hear(s2Gate(T0 + 4 * MINUTE + n, false), T0 + 4 * MINUTE + n);
    expect(bot.heard()).toEqual([]);
    bot.hear(s2Order(T0 + 10 * MINUTE, 'o4', 'rejected'), T0 + 10 * MINUTE);
    expect(bot.heard()).toEqual(['rejections opened']);
    expect(bot.payloads()).toEqual([expect.stringMatching(/Orders are rejected/)]);
    // The bot lives on; an hour after the first, only three are left.
    bot.hear(s2Gate(T0 + HOUR, true), T0 + HOUR);
    bot.tick(T0 + HOUR + MINUTE);
    expect(bot.heard()).toEqual([]);
    bot.tick(T0 + HOUR + MINUTE + SECOND);
    bot.tick(T0 + HOUR + 2 * MINUTE);
    expect(bot.heard()).toEqual(['rejections resolved']);
  });

  test('the same by the counter of executions: it rises by three, then by one more; a restart begins at 0', () => {
    const bot = night(['rejections']);
    const counts: readonly number[] = [17, 18, 20];
    counts.forEach((rejections, n) => {
      bot.hear(s1Execution(T0 + n * MINUTE, rejections), T0 + n * MINUTE);
    });
    bot.hear(s1Execution(T0 + 3 * MINUTE, 0), T0 + 3 * MINUTE);
    expect(bot.heard()).toEqual([]);
    bot.hear(s1Execution(T0 + 4 * MINUTE, 1), T0 + 4 * MINUTE);
    expect(bot.heard()).toEqual(['rejections opened']);
  });

  test('three rejections in one hour and one in the next are none too many', () => {
    const bot = night(['rejections']);
    for (const [n, minute] of [1, 2, 3, 61].entries())
      bot.hear(s2Order(T0 + minute * MINUTE, `o${n}`, 'rejected'), T0 + minute * MINUTE);
    expect(bot.heard()).toEqual([]);
  });

  test('a missed health check: at twice the interval by the clock, whatever else happens', () => {
    const bot = night(['dead_bot'], { settings: { expect: { bot: { heartbeat: 5 * MINUTE } } } });
    for (let n = 0; n < 4; n++) bot.hear(s1Health(T0 + n * 5 * MINUTE, {}), T0 + n * 5 * MINUTE);
    const last = T0 + 15 * MINUTE;
    bot.tick(last + 10 * MINUTE - 1);
    expect(bot.heard()).toEqual([]);
    bot.tick(last + 10 * MINUTE);
    bot.tick(last + 11 * MINUTE);
    expect(bot.heard()).toEqual(['dead_bot opened']);
    expect(bot.payloads()).toEqual([expect.stringContaining('The bot is silent')]);
    bot.hear(s1Health(last + 12 * MINUTE, {}), last + 12 * MINUTE);
    bot.tick(last + 13 * MINUTE);
    expect(bot.heard()).toEqual(['dead_bot resolved']);
  });

  test('a bot that nobody configured is missed after its own pace; one that says goodbye is not', () => {
    const bot = night(['dead_bot']);
    for (let n = 0; n < 10; n++) bot.hear(s1Health(T0 + n * 5 * MINUTE, {}), T0 + n * 5 * MINUTE);
    bot.tick(T0 + 54 * MINUTE);
    expect(bot.heard()).toEqual([]);
    bot.tick(T0 + 56 * MINUTE);
    expect(bot.heard()).toEqual(['dead_bot opened']);

    const polite = night(['dead_bot']);
    const canonical = (atMs: number, session_phase: string) => ({
      stream: 'health',
      event_id: `h${atMs}`,
      ts: new Date(atMs).toISOString(),
      strategy_id: 'bot',
      session_id: 's1',
      mode: 'paper',
      heartbeat_s: 60,
      session_phase,
    });
    polite.hear(canonical(T0, 'beat'), T0);
    polite.hear(canonical(T0 + MINUTE, 'stop'), T0 + MINUTE);
    polite.tick(T0 + HOUR);
    expect(polite.heard()).toEqual([]);
  });

  test('a round trip within one bar, from the fills', () => {
    const bar = (n: number) => new Date(START_MS + n * 5 * MINUTE).toISOString().replace('Z', '000Z');
    const fills = (exitS: number, exitBar: number) => [
      fillEvent(10, 1, 100, { timeframe: '5m', bar_ts: bar(0) }),
      fillEvent(exitS, -1, 101, { timeframe: '5m', bar_ts: bar(exitBar) }),
    ];
    const rowsOf = (exitS: number, exitBar: number) =>
      foldAll(fills(exitS, exitBar)).rows.filter(({ stream }) => stream === 'trade_lifecycle');
    const told = (rows: readonly { event: Readonly<Record<string, unknown>>; id: string }[], over = {}) => {
      const bot = night(['same_bar_roundtrip']);
      for (const { event: row, id } of rows) {
        const atMs = START_MS + 400 * SECOND;
        const record: Record<string, unknown> = {
          ...row,
          event_id: id,
          rev: 1,
          ingested_at: new Date(atMs).toISOString().replace('Z', '000Z'),
        };
        const observation = observationOfRecord(record);
        if (observation === undefined) throw new Error('no trade');
        bot.observe(observation, atMs);
        bot.observe(observation, atMs);
        const withdrawn = observationOfRecord({ ...record, ...over, rev: 2 });
        expect(bot.heard()).toEqual(row.exit_bar_ts === row.entry_bar_ts ? ['same_bar_roundtrip opened'] : []);
        if (withdrawn !== undefined) bot.observe(withdrawn, atMs + SECOND);
      }
      return bot;
    };
    expect(told(rowsOf(310, 1)).heard()).toEqual([]);
    const found = told(rowsOf(290, 0), { retracted: true });
    expect(found.heard(), 'the ledger may take it back for some seconds only').toEqual([]);
    found.tick(START_MS + 399 * SECOND + MINUTE);
    expect(found.heard()).toEqual([]);
    found.tick(START_MS + 400 * SECOND + MINUTE);
    expect(found.heard()).toEqual(['same_bar_roundtrip resolved']);
    expect(found.payloads().join()).toContain('within one bar');
  });

  test('same_bar_roundtrip_flag, as the bot says it', () => {
    const bot = night(['same_bar_roundtrip_flag']);
    bot.hear(s1Health(T0, { same_bar_roundtrip_flag: false }), T0);
    expect(bot.heard()).toEqual([]);
    bot.hear(s1Health(T0 + MINUTE, { same_bar_roundtrip_flag: true }), T0 + MINUTE);
    expect(bot.heard()).toEqual(['same_bar_roundtrip_flag opened']);
    bot.hear(s1Health(T0 + 2 * MINUTE, { same_bar_roundtrip_flag: false }), T0 + 2 * MINUTE);
    expect(bot.heard()).toEqual(['same_bar_roundtrip_flag resolved']);
  });
});

describe('S1 §10', () => {
  test('funding data stale: alert if true', () => {
    const bot = night(['funding_stale_now']);
    bot.hear(s1Health(T0, { funding_stale: false }), T0);
    bot.hear(s1Health(T0 + SECOND, { funding_stale: null }), T0 + SECOND);
    expect(bot.heard()).toEqual([]);
    bot.hear(s1Health(T0 + MINUTE, { funding_stale: true }), T0 + MINUTE);
    expect(bot.heard()).toEqual(['funding_stale_now opened']);
    bot.hear(s1Health(T0 + 2 * MINUTE, { funding_stale: false }), T0 + 2 * MINUTE);
    expect(bot.heard()).toEqual(['funding_stale_now resolved']);
    expect(bot.payloads()).toHaveLength(1);
  });

  test('in-band rate below 50 %: ten of twenty is not, ten of twenty-one is; nineteen say nothing', () => {
    const bot = night(['in_band_rate']);
    let n = 0;
    const predict = (inBand: boolean | null) => bot.hear(s1Calibration(T0 + ++n * SECOND, inBand), T0 + n * SECOND);
    for (let at = 0; at < 9; at++) predict(false);
    for (let at = 0; at < 10; at++) predict(null);
    for (let at = 0; at < 10; at++) predict(true);
    predict(false);
    expect(bot.heard()).toEqual([]);
    predict(false);
    expect(bot.heard()).toEqual(['in_band_rate opened']);
    expect(bot.payloads()).toEqual([expect.stringMatching(/47\.619 %/)]);
    predict(true);
    expect(bot.heard()).toEqual(['in_band_rate resolved']);
  });

  test('order rejection rate above 10 %: one of ten is not, two of eleven are; nine say nothing', () => {
    const bot = night(['rejection_rate']);
    const order = (n: number, status?: string) => bot.hear(s2Order(T0 + n * SECOND, `o${n}`, status), T0 + n * SECOND);
    order(1, 'rejected');
    for (let n = 2; n <= 10; n++) {
      order(n);
      bot.again();
    }
    expect(bot.heard()).toEqual([]);
    order(11, 'rejected');
    expect(bot.heard()).toEqual(['rejection_rate opened']);
    expect(bot.payloads()).toEqual([expect.stringMatching(/18\.1818 %/)]);
    for (let n = 12; n <= 20; n++) order(n);
    expect(bot.heard()).toEqual(['rejection_rate resolved']);
  });
});

describe('S2 16C', () => {
  test('gate rejection rate: half of twenty is not, one more is', () => {
    const bot = night(['gate_rejection_rate']);
    for (let n = 0; n < 20; n++) bot.hear(s2Gate(T0 + n * SECOND, n % 2 === 0), T0 + n * SECOND);
    expect(bot.heard()).toEqual([]);
    bot.hear(s2Gate(T0 + 20 * SECOND, false), T0 + 20 * SECOND);
    expect(bot.heard()).toEqual(['gate_rejection_rate opened']);
    expect(bot.payloads()).toEqual([expect.stringContaining('Gates block most orders')]);
    bot.hear(s2Gate(T0 + 21 * SECOND, true), T0 + 21 * SECOND);
    expect(bot.heard()).toEqual(['gate_rejection_rate resolved']);
  });

  test('execution errors: one alert per place they come from, resolved when it has been quiet', () => {
    const bot = night(['errors']);
    const stack = (line: number) =>
      `Traceback (most recent call last):\n  File "/app/pipeline.py", line ${line}, in submit_order\nOrderError: order rejected`;
    bot.hear(s2Order(T0, 'o1'), T0);
    expect(bot.heard()).toEqual([]);
    bot.hear(s2Error(T0 + SECOND, 'order 17 rejected', stack(118)), T0 + SECOND);
    bot.again();
    bot.hear(s2Error(T0 + 2 * SECOND, 'order 18 rejected', stack(119)), T0 + 2 * SECOND);
    expect(bot.heard()).toEqual(['errors opened']);
    expect(bot.payloads()).toEqual([expect.stringContaining('order 17 rejected')]);
    bot.hear(s2Error(T0 + 3 * SECOND, 'connection to 10.0.0.7:443 lost'), T0 + 3 * SECOND);
    expect(bot.heard()).toEqual(['errors opened']);
    bot.hear(s2Order(T0 + 15 * MINUTE, 'o2'), T0 + 15 * MINUTE);
    bot.tick(T0 + 15 * MINUTE + 2 * SECOND - 1);
    expect(bot.heard()).toEqual([]);
    bot.tick(T0 + 15 * MINUTE + 2 * SECOND);
    bot.tick(T0 + 15 * MINUTE + 3 * SECOND);
    expect(bot.heard()).toEqual(['errors resolved', 'errors resolved']);
  });
});

test('events that cannot be read: 5 % of what came in is not, more is; fewer than twenty say nothing', () => {
  const lake = night(['quarantine'], { key: WHOLE });
  const came = (atMs: number, events: number, quarantined: number) =>
    lake.observe(
      event('pipeline', atMs, { events, quarantined }, { mode: null, strategyId: '*', sessionId: null }),
      atMs,
    );
  came(T0, 19, 19);
  expect(lake.heard()).toEqual([]);
  const quiet = night(['quarantine'], { key: WHOLE });
  const counts = (atMs: number, events: number, quarantined: number) =>
    quiet.observe(
      event('pipeline', atMs, { events, quarantined }, { mode: null, strategyId: '*', sessionId: null }),
      atMs,
    );
  counts(T0, 100, 5);
  expect(quiet.heard()).toEqual([]);
  counts(T0 + SECOND, 1, 1);
  expect(quiet.heard()).toEqual(['quarantine opened']);
  expect(quiet.payloads()).toEqual([expect.stringContaining('Events cannot be read')]);
  counts(T0 + 2 * SECOND, 100, 0);
  expect(quiet.heard()).toEqual(['quarantine resolved']);
});

test('what came too late is history and raises nothing', () => {
  const bot = night(['ws_staleness']);
  bot.hear(s1Health(T0, { ws_staleness_ms: 99_000 }), T0 + 15 * MINUTE + 1);
  expect(bot.heard()).toEqual([]);
  bot.hear(s1Health(T0 + SECOND, { ws_staleness_ms: 99_000 }), T0 + 15 * MINUTE + SECOND);
  expect(bot.heard()).toEqual(['ws_staleness opened']);
});

test('a strategy of mode backtest alerts nobody', () => {
  const bot = night(['ws_staleness'], { key: { mode: 'backtest', strategyId: 'bot' } });
  bot.hear(s1Health(T0, { ws_staleness_ms: 99_000 }), T0);
  expect(bot.heard()).toEqual([]);
});

test('a line through the transform is observed alike at once and from the lake', () => {
  const transform = createTransform({}, { sha256 });
  const verdict = transform(JSON.stringify(s1Health(T0, { equity: 9_000 })), {
    recordId: 'r',
    index: 0,
    arrivedMs: T0,
  });
  if (verdict === undefined) throw new Error('no verdict');
  const { fields: fast, ...one } = observationOfVerdict(verdict) ?? { fields: {} };
  const { fields: slow, ...other } = observationOfRecord(JSON.parse(verdict.json)) ?? { fields: {} };
  expect(one).toEqual(other);
  expect(slow).toMatchObject(JSON.parse(JSON.stringify(fast)));
});
