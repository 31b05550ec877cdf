import { describe, expect, test } from 'vitest';
import type {
  CountCondition,
  DrawdownCondition,
  GrowthCondition,
  Observation,
  QuantileCondition,
  RoundtripCondition,
  ShareCondition,
  SilenceCondition,
  SpellCondition,
  ThresholdCondition,
} from '../../../lib/core/alerts/types.ts';
import { at, event, HOUR, MINUTE, readingAfter, readingsAfter, SECOND, T0 } from './conditions-world.ts';

const health = (minute: number, fields: Observation['fields'], over: Partial<Observation> = {}): Observation =>
  event('health', T0 + minute * MINUTE, fields, over);

describe('threshold', () => {
  const stale: ThresholdCondition = {
    kind: 'threshold',
    of: { stream: 'health' },
    field: 'ws_staleness_ms',
    above: 30_000,
  };

  test('the worst of the runs that live counts: one that is well does not hide one that is not', () => {
    const sick = health(0, { ws_staleness_ms: 45_000 }, { sessionId: 'a' });
    const well = health(0.5, { ws_staleness_ms: 10 }, { sessionId: 'b' });
    for (const order of [
      [sick, well],
      [well, sick],
    ])
      expect(readingAfter(stale, order, at(T0 + MINUTE))).toMatchObject({
        answer: 'firing',
        value: 45_000,
        sinceMs: T0,
      });
  });

  test('a sample of two intervals is fresh, a millisecond later it says nothing', () => {
    const sick = [health(0, { ws_staleness_ms: 45_000 })];
    expect(readingAfter(stale, sick, at(T0 + 2 * MINUTE)).answer).toBe('firing');
    expect(readingAfter(stale, sick, at(T0 + 2 * MINUTE + 1))).toMatchObject({
      answer: 'no_data',
      reason: 'no sample of ws_staleness_ms younger than 2 min',
    });
    expect(readingAfter(stale, sick, at(T0 + 15 * MINUTE, { intervalMs: undefined })).answer).toBe('firing');
    expect(readingAfter(stale, sick, at(T0 + 15 * MINUTE + 1, { intervalMs: undefined })).answer).toBe('no_data');
  });

  test('a bot that ticks each second and writes its health each five minutes is judged by the pace of its health', () => {
    const samples = [0, 5, 10].map((minute) => health(minute, { ws_staleness_ms: 45_000 }));
    const context = at(T0 + 14 * MINUTE, { intervalMs: 30 * SECOND });
    expect(readingAfter(stale, samples, context).answer).toBe('firing');
  });

  test('a guessed interval of days does not keep one sample alive for days', () => {
    const context = at(T0 + 31 * MINUTE, { intervalMs: 20 * HOUR, inferred: true });
    expect(readingAfter(stale, [health(0, { ws_staleness_ms: 45_000 })], context).answer).toBe('no_data');
  });

  test('it holds since the first sample of an unbroken run', () => {
    const samples = [0, 1, 2].map((minute) => health(minute, { ws_staleness_ms: 45_000 }));
    expect(readingAfter(stale, samples).sinceMs).toBe(T0);
    const broken = [health(0, { ws_staleness_ms: 45_000 }), health(30, { ws_staleness_ms: 45_000 })];
    expect(readingAfter(stale, broken).sinceMs).toBe(T0 + 30 * MINUTE);
  });

  test('a run that says it stops has no state any more', () => {
    const samples = [
      health(0, { ws_staleness_ms: 45_000 }),
      health(1, { ws_staleness_ms: 50_000, session_phase: 'stop' }),
    ];
    expect(readingAfter(stale, samples)).toMatchObject({ answer: 'ok', reason: 'its runs said that they end' });
  });

  test('each entry of a map is a group of its own', () => {
    const component: ThresholdCondition = {
      kind: 'threshold',
      of: { stream: 'health' },
      field: 'component_status.*',
      equals: ['down'],
    };
    const readings = readingsAfter(component, [
      health(0, { component_status: { feed: 'DOWN', orders: 'ok', db: null } }),
    ]);
    expect(readings.map(({ group, answer }) => [group, answer])).toEqual([
      ['feed', 'firing'],
      ['orders', 'ok'],
    ]);
  });

  test('a figure that is the same in twenty samples is a constant; in nineteen it is not yet', () => {
    const drift: ThresholdCondition = { ...stale, field: 'calibration_drift', above: 0.1, constant: 20 };
    const samples = (n: number) => Array.from({ length: n }, (_, minute) => health(minute, { calibration_drift: 0.5 }));
    expect(readingAfter(drift, samples(19)).answer).toBe('firing');
    expect(readingAfter(drift, [...samples(20), ...samples(1)]).answer).toBe('no_data');
  });
});

describe('count', () => {
  const errors: CountCondition = { kind: 'count', of: [{ stream: 'error' }], window: 10 * MINUTE, above: 2 };
  const error = (second: number, fields = {}) => event('error', T0 + second * SECOND, { message: 'lost', ...fields });

  test('the window slides: an event leaves it when it is as old as the window', () => {
    const three = [error(0), error(1), error(2)];
    expect(readingAfter(errors, three, at(T0 + 10 * MINUTE - 1))).toMatchObject({
      answer: 'firing',
      value: 3,
      sinceMs: T0 + 2 * SECOND,
    });
    expect(readingAfter(errors, three, at(T0 + 10 * MINUTE))).toMatchObject({ answer: 'ok', value: 2 });
  });

  test('a window that empties while the bot is silent says nothing', () => {
    const context = at(T0 + HOUR, { lastHeardMs: T0 });
    expect(readingAfter(errors, [error(0), error(1), error(2)], context).answer).toBe('no_data');
    expect(readingAfter(errors, [error(0)], at(T0 + HOUR, { lastHeardMs: T0, ended: true })).answer).toBe('ok');
  });

  test('a bot without errors is well', () => {
    expect(readingAfter(errors, [])).toMatchObject({ answer: 'ok', value: 0 });
  });

  test('of a counter only what it rises counts, per run, and the larger of both figures is taken', () => {
    const condition: CountCondition = {
      kind: 'count',
      of: [{ stream: 'execution', where: { result: 'rejected' } }],
      counters: [{ of: { stream: 'execution' }, field: 'rejections' }],
      window: HOUR,
      above: 3,
    };
    const fill = (second: number, fields: Observation['fields'], sessionId = 'a') =>
      event('execution', T0 + second * SECOND, fields, { sessionId });
    expect(readingAfter(condition, [fill(0, { rejections: 900 })]).value).toBe(0);
    const two = [
      fill(0, { rejections: 5 }),
      fill(1, { rejections: 100 }, 'b'),
      fill(2, { rejections: 7 }),
      fill(3, { rejections: 101 }, 'b'),
    ];
    expect(readingAfter(condition, two).value).toBe(3);
    expect(readingAfter(condition, [...two, fill(4, { result: 'rejected', rejections: 8 })])).toMatchObject({
      value: 4,
      answer: 'firing',
    });
    // What is late is no news: the increase is counted already.
    expect(
      readingAfter(condition, [fill(0, { rejections: 5 }), fill(9, { rejections: 7 }), fill(5, { rejections: 6 })])
        .value,
    ).toBe(2);
  });

  test('the same order of another run is another order', () => {
    const condition: CountCondition = {
      kind: 'count',
      of: [{ stream: 'order', where: { status: 'rejected' } }],
      distinct: ['order_id'],
      window: HOUR,
      above: 0,
    };
    const order = (sessionId: string, order_id: string | null) =>
      event('order', T0, { status: 'rejected', order_id }, { sessionId });
    expect(
      readingAfter(condition, [order('a', '1'), order('a', '1'), order('b', '1'), order('b', null), order('b', null)])
        .value,
    ).toBe(4);
  });
});

describe('share', () => {
  const condition: ShareCondition = {
    kind: 'share',
    of: { stream: 'gate' },
    where: { passed: false },
    last: 4,
    atLeast: 0.5,
    least: 4,
  };
  const gate = (second: number, passed: boolean | null) => event('gate', T0 + second * SECOND, { passed });

  test('of the last so many, and none that could not be judged', () => {
    const gates = [gate(0, false), gate(1, false), gate(2, true), gate(3, null), gate(4, true)];
    expect(readingAfter(condition, gates)).toMatchObject({ answer: 'firing', value: 50, limit: 50 });
    expect(readingAfter(condition, [...gates, gate(5, true)])).toMatchObject({ answer: 'ok', value: 25 });
  });

  test('an order of which any event is a rejection is rejected, in whatever order they come', () => {
    const orders: ShareCondition = {
      kind: 'share',
      of: { stream: 'order' },
      where: { status: 'rejected' },
      distinct: ['order_id'],
      window: HOUR,
      above: 0.5,
      least: 1,
    };
    const states = ['submitted', 'rejected', 'cancelled'].map((status, n) =>
      event('order', T0 + n, { status, order_id: 'o' }),
    );
    for (const each of [states, [...states].reverse()])
      expect(readingAfter(orders, each)).toMatchObject({ value: 100, answer: 'firing' });
  });
});

describe('drawdown', () => {
  const peak: DrawdownCondition = { kind: 'drawdown', basis: 'peak', share: 0.05 };
  const live = { mode: 'live', sessionId: 'a' };
  const equity = (minute: number, value: number | null, over: Partial<Observation> = live) =>
    health(minute, { equity: value }, over);
  const flow = (minute: number, kind: string, amount_usd: number | null, over: Partial<Observation> = live) =>
    event('cash_flow', T0 + minute * MINUTE, { kind, amount_usd, account_id: 'main' }, over);

  test('a paper account that starts anew is no drawdown; a live account outlives its runs', () => {
    const events = (mode: string) => [
      equity(0, 12_000, { mode, sessionId: 'a' }),
      equity(1, 10_000, { mode, sessionId: 'b' }),
    ];
    expect(readingAfter(peak, events('paper')).answer).toBe('ok');
    expect(readingAfter(peak, events('live'))).toMatchObject({ answer: 'firing', value: 16.6667 });
  });

  test('a paper account without the name of its run starts anew where its equity is exactly its first again', () => {
    const nameless = { mode: 'paper', sessionId: null };
    const run = [equity(0, 10_000, nameless), equity(1, 11_000, nameless)];
    expect(readingAfter(peak, [...run, equity(2, 10_000, nameless)]).answer).toBe('ok');
    expect(readingAfter(peak, [...run, equity(2, 10_001, nameless)]).answer).toBe('firing');
  });

  test('a withdrawal is no loss, a deposit no gain, whenever they are told', () => {
    const taken = [equity(0, 10_000), flow(1, 'withdrawal', -2_000), equity(2, 8_000)];
    const late = [equity(0, 10_000), equity(2, 8_000), flow(1, 'withdrawal', 2_000)];
    for (const events of [taken, late])
      expect(readingAfter(peak, events, at(T0 + 3 * MINUTE))).toMatchObject({ answer: 'ok', value: 0 });
    const paid = [equity(0, 10_000), flow(1, 'deposit', 5_000), equity(2, 14_000)];
    expect(readingAfter(peak, paid)).toMatchObject({ answer: 'firing', value: 6.6667 });
    expect(readingAfter(peak, [equity(0, 10_000), flow(1, 'deposit', 5_000)]).answer).toBe('ok');
  });

  test('funding is a result, not a withdrawal', () => {
    expect(readingAfter(peak, [equity(0, 10_000), flow(1, 'funding', -600), equity(2, 9_400)]).answer).toBe('firing');
  });

  test('a withdrawal of unknown amount hides the fall, until equity is heard of again', () => {
    const events = [equity(0, 10_000), flow(1, 'withdrawal', null)];
    expect(readingAfter(peak, [...events, equity(2, 5_000)]).answer).not.toBe('firing');
    expect(readingAfter(peak, [...events, equity(2, 5_000), equity(3, 4_000)])).toMatchObject({
      answer: 'firing',
      value: 20,
    });
  });

  test('from its start, and from the highest of a window', () => {
    const start: DrawdownCondition = { kind: 'drawdown', basis: 'start', share: 0.05 };
    const events = [equity(0, 10_000), equity(1, 12_000), equity(2, 10_000)];
    expect(readingAfter(start, events).answer).toBe('ok');
    expect(readingAfter(start, [...events, equity(3, 9_499)]).answer).toBe('firing');
    const day: DrawdownCondition = { kind: 'drawdown', basis: 'window', share: 0.05, window: HOUR };
    expect(readingAfter(day, events).answer).toBe('firing');
    expect(readingAfter(day, [...events, ...[30, 63].map((minute) => equity(minute, 10_000))]).answer).toBe('ok');
  });

  test('rows of our own ledger are no equity of the account', () => {
    const row = event('equity_curve', T0 + MINUTE, { equity: 12, rev: 1 }, live);
    expect(readingAfter(peak, [equity(0, 10_000), row]).answer).toBe('ok');
  });
});

describe('spell', () => {
  const spell: SpellCondition = { kind: 'spell', longer: MINUTE };

  test('silence of a minute is none, a second more is one', () => {
    expect(readingAfter(spell, [health(0, { ws_staleness_ms: 60_000 })]).answer).toBe('ok');
    expect(readingAfter(spell, [health(0, { ws_staleness_ms: 60_001 })])).toMatchObject({
      answer: 'firing',
      sinceMs: T0 - 60_001,
    });
  });

  test('one reconnect that worked is none; reconnects in sample after sample are one', () => {
    const counts = (...values: number[]) => values.map((ws_reconnects, n) => health(n * 0.5, { ws_reconnects }));
    expect(readingAfter(spell, counts(0, 0, 1, 1)).answer).toBe('ok');
    expect(readingAfter(spell, counts(0, 1, 2, 3)).answer).toBe('ok');
    expect(readingAfter(spell, counts(0, 1, 2, 3, 4))).toMatchObject({
      answer: 'firing',
      sinceMs: T0 + 30 * SECOND,
      value: 90,
    });
    expect(readingAfter(spell, counts(0, 1, 2, 3, 4, 4)).answer).toBe('ok');
  });

  test('a venue that is not connected stays so while time passes', () => {
    const lost = [health(0, { exchange_connected: false })];
    expect(readingAfter(spell, lost, at(T0 + MINUTE)).answer).toBe('ok');
    expect(readingAfter(spell, lost, at(T0 + MINUTE + 1)).answer).toBe('firing');
    expect(readingAfter(spell, lost, at(T0 + 3 * MINUTE)).answer).toBe('no_data');
  });
});

test('quantile: by nearest rank, of enough values', () => {
  const p95: QuantileCondition = {
    kind: 'quantile',
    of: { stream: 'execution' },
    field: 'latency_ms',
    quantile: 0.95,
    window: HOUR,
    above: 500,
    least: 20,
  };
  const fills = (slow: number, n = 20) =>
    Array.from({ length: n }, (_, k) => event('execution', T0 + k, { latency_ms: k < slow ? 900 : 10 }));
  expect(readingAfter(p95, fills(1))).toMatchObject({ answer: 'ok', value: 10 });
  expect(readingAfter(p95, fills(2))).toMatchObject({ answer: 'firing', value: 900 });
  expect(readingAfter(p95, fills(19, 19))).toMatchObject({
    answer: 'no_data',
    reason: '19 of the 20 values of latency_ms needed in 60 min',
  });
});

test('growth: the newer half of the last samples over the older', () => {
  const disk: GrowthCondition = {
    kind: 'growth',
    of: { stream: 'system' },
    field: 'disk_free_mb',
    last: 4,
    below: 0.8,
  };
  const samples = (...values: number[]) =>
    values.map((disk_free_mb, n) => event('system', T0 + n * MINUTE, { disk_free_mb }));
  expect(readingAfter(disk, samples(100, 100, 80, 80)).answer).toBe('ok');
  expect(readingAfter(disk, samples(999, 100, 100, 80, 79))).toMatchObject({ answer: 'firing', value: 0.795 });
  expect(readingAfter(disk, samples(100, 10, 1)).answer).toBe('no_data');
  expect(readingAfter(disk, samples(0, 0, 1, 1)).answer).toBe('no_data');
});

test('silence: only while the bot is heard of', () => {
  const trades: SilenceCondition = { kind: 'silence', of: { stream: 'execution' }, longer: 2 * HOUR };
  const fill = [event('execution', T0, {})];
  expect(readingAfter(trades, fill, at(T0 + 2 * HOUR)).answer).toBe('ok');
  expect(readingAfter(trades, fill, at(T0 + 2 * HOUR + 1))).toMatchObject({ answer: 'firing', sinceMs: T0 });
  expect(readingAfter(trades, fill, at(T0 + 3 * HOUR, { lastHeardMs: T0 })).answer).toBe('no_data');
  expect(readingAfter(trades, [], at(T0 + 3 * HOUR)).answer).toBe('no_data');
});

describe('roundtrip', () => {
  const roundtrip: RoundtripCondition = { kind: 'roundtrip', window: HOUR };
  const bar = (minute: number) => `2025-12-03T12:${String(minute).padStart(2, '0')}:00.000000Z`;
  const trade = (fields: Observation['fields']) =>
    event('trade_lifecycle', T0 + 10 * MINUTE, {
      trade_id: 't1',
      rev: 1,
      status: 'closed',
      entry_ts: bar(5),
      exit_ts: bar(9),
      timeframe: '5m',
      ...fields,
    });

  test('by its bars, else by its timeframe; without either there is no data', () => {
    expect(readingAfter(roundtrip, [trade({})])).toMatchObject({ answer: 'firing', value: 1, limit: 0 });
    expect(readingAfter(roundtrip, [trade({ exit_ts: bar(10) })]).answer).toBe('ok');
    expect(readingAfter(roundtrip, [trade({ entry_bar_ts: bar(0), exit_bar_ts: bar(5) })]).answer).toBe('ok');
    expect(readingAfter(roundtrip, [trade({ timeframe: null })]).answer).toBe('no_data');
    expect(readingAfter(roundtrip, [trade({ entry_unknown: true })]).answer).toBe('no_data');
    expect(readingAfter(roundtrip, [trade({ status: 'open' })]).answer).toBe('ok');
    expect(readingAfter(roundtrip, [trade({ status: 'open', timeframe: null })]).answer).toBe('no_data');
  });

  test('the highest revision counts, in whatever order they come', () => {
    const revisions = [trade({}), trade({ rev: 2, exit_ts: bar(20) })];
    for (const each of [revisions, [...revisions].reverse()]) expect(readingAfter(roundtrip, each).answer).toBe('ok');
    expect(readingAfter(roundtrip, [trade({}), trade({ rev: 2, retracted: true })]).answer).toBe('ok');
    expect(readingAfter(roundtrip, [trade({}), trade({ rev: 2, status: 'open' })]).answer).toBe('ok');
  });

  test('it names the trade', () => {
    expect(readingAfter(roundtrip, [trade({})]).evidence).toEqual([expect.objectContaining({ tradeId: 't1' })]);
  });
});
