import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldObservations, foldTick, MOST_GROUPS, newState, OTHERS } from '../../../lib/core/alerts/fold.ts';
import { dayOf } from '../../../lib/core/alerts/fold-days.ts';
import {
  BLIND_MS,
  blindRules,
  conditionAnswer,
  openViewsOf,
  type StrategyAlerts,
  WHOLE,
} from '../../../lib/core/alerts/state.ts';
import type { AlertChange, AlertRule, Condition, Observation } from '../../../lib/core/alerts/types.ts';
import {
  context,
  DAY_MS,
  HOUR_MS,
  health,
  KEY,
  MINUTE_MS,
  rule,
  START_MS,
  settings,
  sick,
  well,
} from './support/make.ts';

const kinds = (changes: readonly AlertChange[]): string[] => changes.map(({ kind }) => kind);

const observe = (
  state: StrategyAlerts,
  observations: readonly Observation[],
  over: Parameters<typeof context>[1] & { readonly nowMs?: number } = {},
): ReturnType<typeof foldObservations> =>
  foldObservations(state, observations, context(over.nowMs ?? START_MS + DAY_MS, over));

const errorCount = (over: Partial<AlertRule> = {}): AlertRule =>
  rule({
    id: 'errors',
    condition: { kind: 'count', of: [{ stream: 'error' }], window: HOUR_MS, above: 0, by: 'message' } as Condition,
    ...over,
  });

const error = (atMs: number, message: string): Observation => health(atMs, { message }, { stream: 'error' });

describe('a batch', () => {
  test('fires though the clock ran a day ahead before it was put right', () => {
    const rules = { settings: settings({ rules: [errorCount()] }) };
    const ahead = foldTick(newState(KEY), context(START_MS + DAY_MS, rules)).state;
    const { changes } = observe(ahead, [error(START_MS, 'boom')], { ...rules, nowMs: START_MS });
    expect(changes.map(({ kind, atMs }) => [kind, atMs])).toEqual([['opened', START_MS]]);
  });

  test('is folded in the order in which it happened: a spike inside it opens and resolves', () => {
    const spike = [well(START_MS), sick(START_MS + 1), well(START_MS + 2)];
    const { changes, state } = observe(newState(KEY), [...spike].reverse());
    expect(kinds(changes)).toEqual(['opened', 'resolved']);
    expect(changes.map(({ atMs }) => atMs - START_MS)).toEqual([1, 2]);
    expect(openViewsOf(state)).toEqual([]);
  });

  test('says the same in any order and with any repeats', () => {
    const events = fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 20 }), isSick: fc.boolean() }), {
      maxLength: 15,
    });
    fc.assert(
      fc.property(
        events.map((list) => list.map(({ afterMs, isSick }) => (isSick ? sick : well)(START_MS + afterMs))),
        fc.infiniteStream(fc.nat()),
        (list, luck) => {
          const once = observe(newState(KEY), list);
          const mixed = [...list, ...list.filter(() => (luck.next().value ?? 0) % 2 === 0)]
            .map((one) => ({ one, at: luck.next().value ?? 0 }))
            .sort((a, b) => a.at - b.at)
            .map(({ one }) => one);
          const again = observe(newState(KEY), mixed);
          expect(again.changes).toEqual(once.changes);
          const repeated = observe(once.state, mixed);
          expect(repeated.changes).toEqual([]);
          expect(JSON.stringify(repeated.state)).toBe(JSON.stringify(once.state));
        },
      ),
    );
  });

  test('folded in parts says what the whole says', () => {
    const list = Array.from({ length: 30 }, (_, at) => (at % 7 < 3 ? sick : well)(START_MS + at * MINUTE_MS));
    const whole = observe(newState(KEY), list);
    let state = newState(KEY);
    const changes: AlertChange[] = [];
    for (const one of list) {
      const next = observe(JSON.parse(JSON.stringify(state)) as StrategyAlerts, [one]);
      state = next.state;
      changes.push(...next.changes);
    }
    expect(changes).toEqual(whole.changes);
    expect(state.alerts).toEqual(whole.state.alerts);
  });

  test('that changes nothing gives the same state', () => {
    const { state } = observe(newState(KEY), [well(START_MS)]);
    const tick = foldTick(state, context(START_MS + DAY_MS));
    const again = foldTick(tick.state, context(START_MS + DAY_MS));
    expect(again.changed).toBe(false);
    expect(again.state).toBe(tick.state);
  });

  test('of history, or of a mode that never alerts, raises nothing and is counted', () => {
    const own = settings({ maxAge: 15 * MINUTE_MS });
    const late = sick(START_MS - 15 * MINUTE_MS - 1, { arrivedMs: START_MS });
    const { state, changes } = observe(newState(KEY), [late], { settings: own, nowMs: START_MS });
    expect(changes).toEqual([]);
    expect(state.beats).toBeUndefined();
    const endMs = Date.UTC(2025, 11, 4);
    expect(dayOf(state.days, endMs).history).toBe(1);
    const inTime = sick(START_MS - 15 * MINUTE_MS, { arrivedMs: START_MS });
    expect(kinds(observe(newState(KEY), [inTime], { settings: own, nowMs: START_MS }).changes)).toEqual(['opened']);
    const backtest = { ...KEY, mode: 'backtest' };
    const silent = observe(newState(backtest), [sick(START_MS, backtest)], { nowMs: START_MS });
    expect(silent.changes).toEqual([]);
    expect(dayOf(silent.state.days, endMs).silent).toBe(1);
  });

  test('that came from a clock ahead of ours opens nothing in the future', () => {
    const { changes } = observe(newState(KEY), [sick(START_MS + HOUR_MS, { arrivedMs: START_MS })], {
      nowMs: START_MS,
    });
    expect(changes.map(({ atMs }) => atMs)).toEqual([START_MS]);
  });
});

describe('rules', () => {
  test('that read only what came in to the whole lake hold for it, and no other does', () => {
    const pipeline = rule({
      id: 'quarantine',
      condition: { kind: 'threshold', of: { stream: 'pipeline' }, field: 'quarantined', above: 5 },
    });
    const own = settings({ rules: [rule(), pipeline] });
    const counts = (key: typeof KEY): Observation =>
      health(START_MS, { quarantined: 6, ws_staleness_ms: 41_000 }, { ...key, stream: 'pipeline' });
    expect(
      observe(newState(WHOLE), [counts(WHOLE)], { settings: own }).changes.map(({ alert }) => alert.ruleId),
    ).toEqual(['quarantine']);
    expect(observe(newState(KEY), [counts(KEY)], { settings: own }).changes).toEqual([]);
    const impostor = sick(START_MS, WHOLE);
    expect(observe(newState(WHOLE), [impostor], { settings: own }).changes).toEqual([]);
  });

  test('have parts of their own for a strategy', () => {
    const own = settings({ strategies: { bot: { stale: { severity: 'critical', condition: { above: 50_000 } } } } });
    const at = (value: number): AlertChange[] => [
      ...observe(newState(KEY), [health(START_MS, { ws_staleness_ms: value })], { settings: own }).changes,
    ];
    expect(at(50_000)).toEqual([]);
    expect(at(50_001)[0]?.alert).toMatchObject({ severity: 'critical', limit: 50_000 });
  });

  test('that are switched off resolve what is open of them', () => {
    const { state } = observe(newState(KEY), [sick(START_MS)]);
    const own = settings({ rules: [rule({ enabled: false })] });
    const off = foldTick(state, context(START_MS + DAY_MS, { settings: own }));
    expect(off.changes).toMatchObject([{ kind: 'resolved', alert: { reason: 'The rule is off.' } }]);
    expect(off.state).toMatchObject({ alerts: {}, conditions: {}, answers: {} });
  });

  test('that fail cost no other rule anything, and have no data', () => {
    const broken = rule({ id: 'broken', condition: { kind: 'nonsense' } as unknown as Condition });
    const own = settings({ rules: [broken, rule()] });
    const { changes } = observe(newState(KEY), [sick(START_MS)], { settings: own });
    expect(changes.map(({ alert }) => alert.ruleId)).toEqual(['stale']);
    const { state } = foldTick(newState(KEY), context(START_MS, { settings: own }));
    expect(conditionAnswer(state, 'broken')).toBe('no_data');
  });

  test('with more groups than can be told apart have one alert for the rest', () => {
    const own = settings({ rules: [errorCount()] });
    const flood = Array.from({ length: 500 }, (_, at) => error(START_MS + at, `message ${at}`));
    const { state, changes } = observe(newState(KEY), flood, { settings: own });
    const open = openViewsOf(state);
    expect(open.length).toBeLessThanOrEqual(MOST_GROUPS + 1);
    expect(changes.filter(({ kind }) => kind === 'opened').length).toBeLessThanOrEqual(2 * MOST_GROUPS);
    expect(open.map(({ group }) => group)).toContain(OTHERS);
  });

  test('that have no data for 24 h are blind, until their strategy has ended', () => {
    const own = settings({ rules: [rule(), errorCount({ id: 'other_errors' })] });
    const first = observe(newState(KEY), [health(START_MS, {})], { settings: own, nowMs: START_MS });
    const { state } = foldTick(first.state, context(START_MS, { settings: own }));
    expect(blindRules(state, START_MS + BLIND_MS - 1)).toEqual([]);
    expect(blindRules(state, START_MS + BLIND_MS)).toContainEqual(expect.objectContaining({ ruleId: 'stale', ...KEY }));
    const over = observe(state, [health(START_MS + 1, { event: 'session_end' }, { stream: 'system' })], {
      settings: own,
    });
    expect(blindRules(over.state, START_MS + 2 * BLIND_MS)).toEqual([]);
  });

  test('name the next moment at which time alone may change anything', () => {
    const own = settings({ rules: [rule({ for: 10 * MINUTE_MS })] });
    const { state, dueMs } = observe(newState(KEY), [sick(START_MS)], { settings: own, nowMs: START_MS });
    expect(dueMs).toBe(START_MS + 10 * MINUTE_MS);
    expect(foldTick(state, context((dueMs ?? 0) - 1, { settings: own })).changes).toEqual([]);
  });
});

describe('the state', () => {
  test('does not grow with what comes in', () => {
    const own = settings({
      rules: [rule(), errorCount(), rule({ id: 'dead_bot', condition: { kind: 'absence', times: 2 } })],
    });
    let state = newState(KEY);
    const sizes: number[] = [];
    // Runs and symbols come and go, each error says something else; now and then every event is of another run.
    for (let batch = 0; batch < 100; batch++) {
      const list = Array.from({ length: 1_000 }, (_, at) => {
        const atMs = START_MS + (batch * 1_000 + at) * 1_000;
        const session = { sessionId: `run ${batch} ${batch % 20 === 0 ? at : 0}`, symbol: `SYM${batch + (at % 5)}` };
        if (at % 30 === 0) return { ...error(atMs, `message ${batch} ${at} ${'x'.repeat(500)}`), ...session };
        return (at % 50 < 10 ? sick : well)(atMs, session);
      });
      const nowMs = list.at(-1)?.tsMs ?? 0;
      ({ state } = observe(state, list, { settings: own, nowMs }));
      ({ state } = foldTick(state, context(nowMs, { settings: own })));
      sizes.push(JSON.stringify(state).length);
    }
    const early = Math.max(...sizes.slice(10, 30));
    expect(Math.max(...sizes.slice(-20))).toBeLessThan(1.2 * early);
    expect(early).toBeLessThan(1_000_000);
  }, 120_000);
});
