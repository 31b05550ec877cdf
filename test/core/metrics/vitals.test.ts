import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Beats, foldBeat } from '../../../lib/core/alerts/beats.ts';
import type { Observation } from '../../../lib/core/alerts/types.ts';
import { gaugesOf, type TickedState, tickSamples, totalsOf } from '../../../lib/core/metrics/gauges.ts';
import { DEFAULT_SAMPLE_SETTINGS } from '../../../lib/core/metrics/samples.ts';
import { foldNumber, gapsIn, type Sequence } from '../../../lib/core/metrics/sequence.ts';
import { foldVitals, tickVitals, type Vitals } from '../../../lib/core/metrics/vitals.ts';

const START_MS = Date.UTC(2026, 0, 5, 10);
const MINUTE_MS = 60_000;

let made = 0;
const seen = (
  stream: string,
  atS: number,
  fields: Record<string, unknown> = {},
  over: Partial<Observation> = {},
): Observation => ({
  mode: 'paper',
  strategyId: 'alpha',
  stream,
  sessionId: 's1',
  symbol: 'BTCUSDT',
  eventId: `e${++made}`,
  tsMs: START_MS + atS * 1000,
  arrivedMs: START_MS + atS * 1000 + 200,
  fields,
  ...over,
});

const folded = (
  observations: readonly Observation[],
  { key, beats, vitals }: TickedState = { key: { mode: 'paper', strategyId: 'alpha' } },
): TickedState => ({
  key,
  beats: observations.reduce(foldBeat, beats as Beats),
  vitals: observations.reduce(foldVitals, vitals as Vitals),
});

const gauges = (state: TickedState, atS: number): Record<string, number> =>
  Object.fromEntries(
    gaugesOf(state.vitals, state.beats, state.key, START_MS + atS * 1000).map(({ name, value, labels }) => [
      labels.values.source === undefined ? name : `${name} ${labels.values.source}`,
      value,
    ]),
  );

const total = (state: TickedState, name: string): number =>
  totalsOf(state.vitals)
    .filter(([[known]]) => known === name)
    .reduce((sum, [, value]) => sum + value, 0);

describe('equity and drawdown', () => {
  test('the newest equity counts; an older one that comes in later, or a repeat, changes nothing', () => {
    const newest = seen('health', 60, { equity: 10_100 });
    const state = folded([seen('health', 0, { equity: 10_000 }), newest]);

    expect(gauges(folded([seen('health', 30, { equity: 1 }), newest], state), 61)).toMatchObject({
      'bot.health.equity_value': 10_100,
      'bot.health.drawdown_current': 0,
    });
  });

  test('drawdown is the fall from the peak; a withdrawal is none, a deposit hides none', () => {
    const state = folded([
      seen('equity_curve', 0, { equity: 10_000 }),
      seen('equity_curve', 10, { equity: 9_500 }),
      seen('cash_flow', 20, { kind: 'withdrawal', amount_usd: -4_000 }),
      seen('equity_curve', 30, { equity: 5_500 }),
    ]);
    expect(gauges(state, 31)['bot.health.drawdown_current']).toBeCloseTo(500 / 6_000, 12);

    const after = folded(
      [seen('cash_flow', 40, { kind: 'deposit', amount_usd: 10_000 }), seen('equity_curve', 50, { equity: 15_500 })],
      state,
    );
    expect(gauges(after, 51)['bot.health.drawdown_current']).toBeCloseTo(500 / 16_000, 12);
  });

  test('a deposit that comes in after the equity that held it leaves the same peak', () => {
    const before = seen('equity_curve', 0, { equity: 10_000 });
    const deposit = seen('cash_flow', 20, { kind: 'deposit', amount_usd: 1_000 });
    const after = seen('equity_curve', 30, { equity: 10_900 });
    const inOrder = gauges(folded([before, deposit, after]), 31);
    const late = gauges(folded([before, after, deposit]), 31);

    expect(inOrder['bot.health.drawdown_current']).toBeCloseTo(100 / 11_000, 12);
    expect(late['bot.health.drawdown_current'] ?? 0).toBeLessThanOrEqual(inOrder['bot.health.drawdown_current'] ?? 0);
  });

  test('a restarted paper account is no drawdown; a live account is the same one', () => {
    const runs = (mode: string) => {
      const over = (sessionId: string) => ({ mode, sessionId });
      return folded(
        [
          seen('health', 0, { equity: 12_000, heartbeat_s: 60 }, over('s1')),
          seen('health', 10, { session_phase: 'stop' }, over('s1')),
          seen('health', 60, { equity: 9_000, heartbeat_s: 60 }, over('s2')),
        ],
        { key: { mode, strategyId: 'alpha' } },
      );
    };

    expect(gauges(runs('paper'), 61)['bot.health.drawdown_current']).toBe(0);
    expect(gauges(runs('live'), 61)['bot.health.drawdown_current']).toBe(0.25);
  });

  test('where two runs live there is no equity, and the count of runs says why', () => {
    const state = folded([
      seen('health', 0, { equity: 10_000 }, { sessionId: 's1' }),
      seen('health', 1, { equity: 500 }, { sessionId: 's2' }),
    ]);
    const found = gauges(state, 2);

    expect(found['bot.runs.active']).toBe(2);
    expect(found).not.toHaveProperty('bot.health.equity_value');
    expect(found).not.toHaveProperty('bot.health.drawdown_current');
  });

  test('paper accounts of several timeframes in one process are not mixed', () => {
    const state = folded([
      seen('equity_curve', 0, { equity: 10_000, timeframe: '5m' }),
      seen('equity_curve', 1, { equity: 9_000, timeframe: '1h' }),
    ]);

    expect(gauges(state, 2)).not.toHaveProperty('bot.health.equity_value');
  });
});

describe('counters', () => {
  const reconnects = (values: readonly number[], sessionId = 's1', fromS = 0): Observation[] =>
    values.map((value, at) => seen('health', fromS + at, { ws_reconnects: value }, { sessionId }));

  test('reconnects are increases of a cumulative counter; a fall is a restart', () => {
    expect(total(folded(reconnects([5])), 'bot.health.ws_reconnects')).toBe(0);
    expect(total(folded(reconnects([5, 5, 7, 8])), 'bot.health.ws_reconnects')).toBe(3);
    expect(total(folded(reconnects([5, 7, 2, 3])), 'bot.health.ws_reconnects')).toBe(5);
  });

  test('of a run that began after all that was heard, the whole counter is new', () => {
    const state = folded([...reconnects([5, 6]), ...reconnects([2, 3], 's2', 100)]);

    expect(total(state, 'bot.health.ws_reconnects')).toBe(1 + 3);
  });

  const trade = (id: string, atS: number, over: Record<string, unknown> = {}): Observation =>
    seen('trade_lifecycle', atS + 30, {
      trade_id: id,
      entry_ts: new Date(START_MS + atS * 1000).toISOString(),
      entry_signal_source: 'model_bma',
      status: 'open',
      rev: 2,
      ...over,
    });

  test('a trade is counted once, however many rows tell of it; one known from its end only is history', () => {
    const closed = {
      status: 'closed',
      exit_ts: new Date(START_MS + 60_000).toISOString(),
      net_pnl_usd: 1,
      net_pnl_bps: 10,
    };
    const state = folded([
      trade('t1', 0),
      trade('t1', 0, closed),
      trade('t1', 0, closed),
      trade('t2', 5, { entry_signal_source: null }),
    ]);

    expect(totalsOf(state.vitals)).toEqual([
      [['bot.trades.total'], 2],
      [['bot.trades.by_source', 'model'], 1],
      [['bot.trades.by_source', 'unknown'], 1],
    ]);
    const old = { ...trade('t0', -3 * 3_600, closed), arrivedMs: START_MS };
    expect(total(folded([old], state), 'bot.trades.total')).toBe(2);
    expect(
      total(
        folded([trade('t9', 9, { entry_unknown: true }), trade('t8', 9, { retracted: true })], state),
        'bot.trades.total',
      ),
    ).toBe(2);
  });

  test('a row that may still turn out to be another trade counts nothing; once it is settled it does', () => {
    const state = folded([trade('t1', 0, { provisional: true }), trade('t2', 1, { provisional: true })]);

    expect(total(state, 'bot.trades.total')).toBe(0);
    expect(total(folded([trade('t2', 1)], state), 'bot.trades.total')).toBe(1);
  });

  test('a thousand trades in any order, each told thrice, count a thousand', () => {
    const trades = Array.from({ length: 1_000 }, (_, at) => at);
    const state = folded(
      trades.flatMap((at) => [
        trade(`t${at}`, at * 20),
        trade(`t${Math.max(0, at - 3)}`, Math.max(0, at - 3) * 20),
        trade(`t${at}`, at * 20),
      ]),
    );

    expect(total(state, 'bot.trades.total')).toBe(1_000);
    expect(JSON.stringify(state.vitals).length).toBeLessThan(40_000);
  });

  test('orders count once they left the bot, and once more where they are rejected', () => {
    const order = (id: string, status: string) =>
      seen('order_lifecycle', 0, { status, ts_ms: START_MS, rev: 1 }, { eventId: id });
    const state = folded([
      order('o1', 'intended'),
      order('o1', 'submitted'),
      order('o2', 'rejected'),
      order('o1', 'rejected'),
      order('o2', 'rejected'),
    ]);

    expect([total(state, 'bot.orders.total'), total(state, 'bot.orders.rejected')]).toEqual([2, 2]);
  });

  test('an increase is published by the tick that put it aside, and by no other one in the same minute', () => {
    const increases = (vitals: Vitals | undefined, nowMs: number) =>
      gaugesOf(vitals, undefined, { mode: null, strategyId: 'alpha' }, nowMs).map(({ value }) => value);
    const first = tickVitals(folded(reconnects([0, 2])).vitals as Vitals, START_MS + 10_000);
    const more = foldVitals(first, seen('health', 12, { ws_reconnects: 5 }));
    const again = tickVitals(more, START_MS + 20_000);
    const next = tickVitals(again, START_MS + MINUTE_MS);
    const calm = tickVitals(next, START_MS + 2 * MINUTE_MS);

    expect(increases(first, START_MS + 10_000)).toEqual([2]);
    expect(increases(again, START_MS + 20_000)).toEqual([]);
    expect(increases(next, START_MS + MINUTE_MS)).toEqual([3]);
    expect(calm).toBe(next);
    expect(increases(calm, START_MS + 2 * MINUTE_MS)).toEqual([]);
  });
});

describe('other gauges', () => {
  test('the in-band rate needs twenty predictions and looks at the last hundred', () => {
    const flags = (count: number, flag: boolean, fromS: number) =>
      Array.from({ length: count }, (_, at) => seen('calibration', fromS + at, { in_band_flag: flag }));

    expect(gauges(folded(flags(19, true, 0)), 20)).not.toHaveProperty('bot.calibration.in_band_rate');
    expect(gauges(folded(flags(20, true, 0)), 21)['bot.calibration.in_band_rate']).toBe(1);
    const many = folded([...flags(100, true, 0), ...flags(25, false, 200)]);
    expect(gauges(many, 226)['bot.calibration.in_band_rate']).toBe(0.75);
  });

  test('staleness, funding and drift are the newest that is not null; a null is not 0', () => {
    const state = folded([
      seen('health', 0, { ws_staleness_ms: 40, funding_stale: true, calibration_drift: 0.2 }),
      seen('health', 1, { ws_staleness_ms: null, funding_stale: null, calibration_drift: Number.NaN }),
    ]);

    expect(gauges(state, 2)).toMatchObject({
      'bot.health.ws_staleness_ms': 40,
      'bot.health.funding_stale': 1,
      'bot.calibration.drift': 0.2,
    });
    expect(gauges(folded([seen('market', 0)]), 1)).not.toHaveProperty('bot.health.ws_staleness_ms');
  });

  test('the age of the heartbeat grows with the clock and ends with the session; a silent bot has no other gauge', () => {
    const state = folded([seen('health', 0, { equity: 1, heartbeat_s: 60 })]);

    expect(gauges(state, 3_600.2)).toEqual({ 'bot.runs.active': 0, 'bot.health.heartbeat_age_s': 3_600 });
    expect(gauges(folded([seen('health', 1, { session_phase: 'stop' })], state), 10)).toEqual({ 'bot.runs.active': 0 });
    expect(gauges(state, 2 * 86_400)).toEqual({});
  });

  test('win rate and mean PnL are those of the last closed trades of a source', () => {
    const closed = (id: string, net: number) =>
      seen('trade_lifecycle', 10, {
        trade_id: id,
        entry_ts: new Date(START_MS).toISOString(),
        exit_ts: new Date(START_MS + 5_000).toISOString(),
        entry_signal_source: 'pros',
        status: 'closed',
        net_pnl_usd: net,
        net_pnl_bps: net * 10,
      });
    const state = folded([seen('health', 0), closed('a', 2), closed('b', -1), closed('b', -4)]);

    expect(gauges(state, 11)).toMatchObject({ 'bot.trades.win_rate pros': 0.5, 'bot.trades.net_pnl_bps pros': -10 });
  });

  test('two modes of a strategy are never mixed: figures of money are left out, runs are counted together', () => {
    const state = (mode: string, equity: number): TickedState =>
      folded([seen('health', 0, { equity, ws_staleness_ms: equity }, { mode })], {
        key: { mode, strategyId: 'alpha' },
      });
    const both = [state('live', 10), state('paper', 20)];
    const names = (dimensions: readonly string[]) =>
      tickSamples(both, START_MS + 1_000, { ...DEFAULT_SAMPLE_SETTINGS, dimensions }).map(({ name, value }) => [
        name,
        value,
      ]);

    expect(names([])).not.toContainEqual(['bot.health.equity_value', expect.anything()]);
    expect(names([])).toContainEqual(['bot.runs.active', 2]);
    expect(names([])).toContainEqual(['bot.health.ws_staleness_ms', 20]);
    expect(names(['mode'])).toContainEqual(['bot.health.equity_value', 10]);
    expect(names(['mode'])).toContainEqual(['bot.health.equity_value', 20]);
  });
});

describe('laws', () => {
  const any = fc.record({
    stream: fc.constantFrom('health', 'equity_curve', 'calibration', 'system', 'market'),
    atS: fc.integer({ min: 0, max: 500 }),
    session: fc.constantFrom('s1', 's2', null),
    fields: fc.record(
      {
        equity: fc.oneof(fc.double({ min: 1, max: 1e6, noNaN: true }), fc.constant(null)),
        ws_staleness_ms: fc.integer({ min: 0, max: 1e6 }),
        ws_reconnects: fc.integer({ min: 0, max: 50 }),
        funding_stale: fc.boolean(),
        in_band_flag: fc.boolean(),
        calibration_drift: fc.double({ noNaN: true }),
        seq: fc.integer({ min: 1, max: 500 }),
        emitter_version: fc.constant('1'),
      },
      { requiredKeys: [] },
    ),
  });

  test('an event that comes again, at any time, changes nothing: not even the object', () => {
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 40 }), fc.array(fc.nat()), (events, repeats) => {
        const observations = events.map(({ stream, atS, session, fields }) =>
          seen(stream, atS, fields, { sessionId: session }),
        );
        const once = folded(observations).vitals;
        const again = repeats.map((at) => observations[at % observations.length]).filter((one) => one !== undefined);
        // What left the memory of eight runs or a hundred flags may come back; here nothing leaves it.
        expect(again.reduce((vitals, one) => foldVitals(vitals, one), once)).toBe(once);
      }),
    );
  });

  // Counters and drawdown do: a fall of a counter, and a peak, are what follows what.
  test('the newest figures do not hang on the order in which events come in', () => {
    const newest = (state: TickedState) => {
      const { 'bot.health.drawdown_current': _, ...rest } = gauges(state, 501);
      return rest;
    };
    fc.assert(
      fc.property(
        fc
          .uniqueArray(any, { selector: ({ atS }) => atS, minLength: 1, maxLength: 30 })
          .chain((events) => fc.tuple(fc.constant(events), fc.shuffledSubarray(events, { minLength: events.length }))),
        ([events, shuffled]) => {
          const observations = new Map(
            events.map((event) => [
              event,
              seen(
                event.stream,
                event.atS,
                { ...event.fields, ws_reconnects: undefined, seq: undefined },
                { sessionId: event.session },
              ),
            ]),
          );
          const pick = (list: typeof events): Observation[] => list.flatMap((event) => observations.get(event) ?? []);
          const later = newest(folded(pick(shuffled)));
          for (const [name, value] of Object.entries(newest(folded(pick(events)))))
            expect(later[name]).toBeCloseTo(value, 9);
        },
      ),
    );
  });

  test('the state stays small, whatever comes in', () => {
    const big = 'x'.repeat(500);
    const state = folded(
      Array.from({ length: 3_000 }, (_, at) =>
        seen(
          ['health', 'equity_curve', 'calibration', 'cash_flow'][at % 4] ?? '',
          at,
          {
            equity: at,
            account_id: `${big}${at}`,
            in_band_flag: true,
            kind: 'deposit',
            amount_usd: 1,
            seq: at * 7,
            emitter_version: '1',
          },
          { sessionId: `s${at % 50}`, eventId: `${big}${at}` },
        ),
      ),
    );

    expect(JSON.stringify(state.vitals).length).toBeLessThan(60_000);
  });
});

describe('numbers of an emitter', () => {
  const sequenceOf = (numbers: readonly number[]): Sequence => {
    let sequence: Sequence | undefined;
    for (const number of numbers) sequence = foldNumber(sequence, number, START_MS);
    return sequence as Sequence;
  };

  test('in any order and with repeats, what is missing is what was not seen between the least and the greatest', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (numbers) => {
        const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
        const missing = high - low + 1 - new Set(numbers).size;

        expect(gapsIn(sequenceOf(numbers), START_MS + 120_000)).toBe(missing);
      }),
    );
  });

  test('a gap counts once it has lasted two minutes', () => {
    const sequence = sequenceOf([1, 2, 5]);

    expect(gapsIn(sequence, START_MS + 119_999)).toBe(0);
    expect(gapsIn(sequence, START_MS + 120_000)).toBe(2);
  });
});
