import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { columnsRead, isUrgent, kindOf, trim } from '../../../lib/core/alerts/conditions/index.ts';
import { DEFAULT_RULES } from '../../../lib/core/alerts/rules.ts';
import type { AlertRule, Condition, Observation } from '../../../lib/core/alerts/types.ts';
import { at, event, HOUR, MINUTE, readingsAfter, SECOND, stateAfter, T0 } from './conditions-world.ts';

// What holds for conditions of every kind.

const CONDITIONS: readonly Condition[] = [
  ...DEFAULT_RULES.map(({ condition }) => condition),
  { kind: 'growth', of: { stream: 'health' }, field: 'equity', last: 4, below: 0.9 },
  {
    kind: 'quantile',
    of: { stream: 'execution' },
    field: 'latency_ms',
    quantile: 0.5,
    window: HOUR,
    above: 100,
    least: 3,
  },
  { kind: 'share', of: { stream: 'gate' }, where: { passed: false }, last: 5, above: 0.4, least: 3, by: 'name' },
];

const figure = fc.constantFrom(null, undefined, Number.NaN, 0, 1, 4, 9_400, 10_000, 45_000, 61_000);
const flag = fc.constantFrom(null, undefined, true, false);
const word = fc.constantFrom(null, undefined, 'rejected', 'FILLED', 'submitted', 'down', 'ok');
const id = fc.constantFrom(null, undefined, 'o1', 'o2', 'o3', '__proto__');

const fields = fc.oneof(
  fc.record({
    equity: figure,
    ws_staleness_ms: figure,
    ws_reconnects: figure,
    funding_stale: flag,
    calibration_drift: figure,
    disk_free_mb: figure,
  }),
  fc.record({ status: word, result: word, rejections: figure, qty: figure, client_order_id: id, latency_ms: figure }),
  fc.record({ passed: flag, name: id, intent_id: id, in_band_flag: flag, message: word, exchange_connected: flag }),
  fc.record({ kind: fc.constantFrom('deposit', 'withdrawal', 'funding', null), amount_usd: figure, account_id: id }),
  fc.record({
    trade_id: id,
    rev: fc.integer({ min: 1, max: 3 }),
    status: fc.constantFrom('closed', 'open'),
    entry_bar_ts: fc.constantFrom('2025-12-03T12:00:00.000000Z', null),
    exit_bar_ts: fc.constantFrom('2025-12-03T12:00:00.000000Z', '2025-12-03T12:05:00.000000Z'),
    retracted: flag,
  }),
  fc.record({
    component_status: fc.constantFrom(null, { feed: 'down', __proto__x: 'ok' }, { feed: 'ok' }),
    session_phase: fc.constantFrom('beat', 'stop', null),
  }),
);

const STREAMS = [
  'health',
  'system',
  'order',
  'execution',
  'gate',
  'error',
  'calibration',
  'cash_flow',
  'trade_lifecycle',
  'equity_curve',
  'kpi_scorecard',
  'pipeline',
];

const anyEvent: fc.Arbitrary<Observation> = fc
  .record({
    stream: fc.constantFrom(...STREAMS),
    second: fc.integer({ min: 0, max: 1_200 }),
    sessionId: fc.constantFrom('a', 'b', null),
    fields,
  })
  .map(({ stream, second, sessionId, fields: given }) => event(stream, T0 + second * SECOND, given, { sessionId }));

const events = fc.array(anyEvent, { maxLength: 30 });
const NOW = T0 + 1_200 * SECOND;

describe.each([...new Set(CONDITIONS.map(({ kind }) => kind))].sort())('%s', (kind) => {
  const ownConditions = fc.constantFrom(...CONDITIONS.filter((each) => each.kind === kind));

  test('an event that comes again, now or later, changes nothing', () => {
    fc.assert(
      fc.property(ownConditions, events, fc.nat(), (condition, given, pick) => {
        const state = stateAfter(condition, given);
        const again = given.slice(pick % (given.length + 1));
        expect(stateAfter(condition, again, { from: state, sinceMs: NOW })).toEqual(state);
        expect(stateAfter(condition, given, { from: state, sinceMs: NOW })).toEqual(state);
      }),
      { numRuns: 200 },
    );
  });

  test('the order of duplicates is irrelevant', () => {
    fc.assert(
      fc.property(
        ownConditions,
        events,
        fc.array(fc.nat(), { minLength: 1, maxLength: 20 }),
        (condition, given, picks) => {
          // Each event may be followed, anywhere later, by copies of itself.
          const copies = [...given];
          for (const pick of picks) {
            const from = given.length === 0 ? 0 : pick % given.length;
            const first = given[from];
            if (first !== undefined)
              copies.splice(Math.max(copies.indexOf(first) + 1, pick % (copies.length + 1)), 0, first);
          }
          expect(readingsAfter(condition, copies, at(NOW))).toEqual(readingsAfter(condition, given, at(NOW)));
        },
      ),
      { numRuns: 200 },
    );
  });

  test('fields that are null, missing or no number never make it fire', () => {
    const nothing = fc.constantFrom(null, undefined, Number.NaN);
    const empty = fc.dictionary(fc.constantFrom(...columnsOf(kind)), nothing, { maxKeys: 8 });
    const barren = fc
      .record({
        stream: fc.constantFrom(...STREAMS.filter((name) => name !== 'error')),
        second: fc.integer({ min: 0, max: 1_200 }),
        given: empty,
      })
      .map(({ stream, second, given }) => event(stream, T0 + second * SECOND, given));
    fc.assert(
      fc.property(ownConditions, fc.array(barren, { maxLength: 30 }), (condition, given) => {
        // An order is an order, whatever it does not say: the shares of events among others and silence count events themselves.
        if (condition.kind === 'silence' || (condition.kind === 'share' && 'stream' in condition.where)) return;
        for (const { answer, reason } of readingsAfter(condition, given, at(NOW))) {
          expect(answer).not.toBe('firing');
          expect(reason).not.toBe('');
        }
      }),
    );
  });

  test('its state is JSON, and reading changes nothing', () => {
    fc.assert(
      fc.property(ownConditions, events, (condition, given) => {
        const state = stateAfter(condition, given);
        const copy = state === undefined ? undefined : JSON.parse(JSON.stringify(state));
        const readings = kindOf(condition).read(condition, state, at(NOW));
        expect(kindOf(condition).read(condition, copy, at(NOW))).toEqual(readings);
        expect(kindOf(condition).read(condition, state, at(NOW))).toEqual(readings);
        expect(readings.length).toBeGreaterThan(0);
        expect(new Set(readings.map(({ group }) => group)).size).toBe(readings.length);
      }),
    );
  });

  test('what fires says since when, and against which limit', () => {
    fc.assert(
      fc.property(ownConditions, events, (condition, given) => {
        for (const reading of readingsAfter(condition, given, at(NOW))) {
          if (reading.answer === 'firing') {
            expect(Number.isFinite(reading.sinceMs)).toBe(true);
            expect(reading.value).not.toBeNull();
            expect(reading.limit).not.toBeNull();
          } else expect(reading.sinceMs).toBeNull();
          expect(reading.evidence.length).toBeLessThanOrEqual(5);
        }
      }),
    );
  });

  test('nothing but an event that is urgent makes it fire at once, save trends and what only time tells', () => {
    if (kind === 'growth') return;
    fc.assert(
      fc.property(ownConditions, events, (condition, given) => {
        let state: unknown;
        for (const each of [...given].sort((a, b) => a.tsMs - b.tsMs)) {
          const before = kindOf(condition).read(condition, state, at(each.tsMs));
          state = stateAfter(condition, [each], { from: state });
          const after = kindOf(condition).read(condition, state, at(each.tsMs));
          const fires = (list: typeof after) => list.filter(({ answer }) => answer === 'firing').length;
          // A share of which too few were known may fire by its whole alone: that is not the fast path's.
          if (condition.kind === 'share' || condition.kind === 'quantile') continue;
          if (fires(after) > fires(before)) expect(kindOf(condition).urgent(condition, each)).toBe(true);
        }
      }),
    );
  });

  test('the columns it names are all it reads', () => {
    fc.assert(
      fc.property(ownConditions, events, (condition, given) => {
        const columns = columnsRead([{ ...(DEFAULT_RULES[0] as AlertRule), enabled: true, condition }]);
        const cut = given.map((each) => trim(each, columns));
        expect(readingsAfter(condition, cut, at(NOW))).toEqual(readingsAfter(condition, given, at(NOW)));
      }),
    );
  });

  test('its next moment lies ahead, and until then time changes no alert', () => {
    fc.assert(
      fc.property(ownConditions, events, fc.nat({ max: 99 }), (condition, given, part) => {
        const state = stateAfter(condition, given);
        const due = kindOf(condition).dueMs(condition, state, at(NOW)) ?? NOW + 2 * HOUR;
        if (due <= NOW) throw new Error(`due ${NOW - due} ms ago`);
        const middle = Math.min(due - 1, NOW + Math.floor(((due - NOW) * part) / 100));
        const firing = (nowMs: number) =>
          kindOf(condition)
            .read(condition, state, at(nowMs, kind === 'absence' ? { lastHeardMs: NOW } : {}))
            .filter(({ answer }) => answer === 'firing')
            .map(({ group }) => group);
        expect(firing(middle)).toEqual(firing(NOW));
      }),
    );
  });
});

function columnsOf(kind: string): string[] {
  const own = CONDITIONS.filter((condition) => condition.kind === kind).flatMap((condition) =>
    kindOf(condition).columns(condition),
  );
  return [...new Set([...own, 'equity'])];
}

test('states stay small, whatever comes', () => {
  for (const condition of CONDITIONS) {
    const many = Array.from({ length: 6_000 }, (_, n) =>
      event(
        ['order', 'execution', 'gate', 'error', 'health', 'trade_lifecycle'][n % 6] ?? 'health',
        T0 + n * 100,
        {
          status: 'rejected',
          passed: false,
          name: `gate-${n}`,
          message: `failed because ${String.fromCharCode(97 + (n % 26))}${'x'.repeat(n % 40)}`,
          equity: 10_000 - (n % 50),
          ws_staleness_ms: n,
          ws_reconnects: n,
          rejections: n,
          trade_id: `t${n}`,
          latency_ms: n,
          disk_free_mb: n,
          component_status: { [`c${n}`]: 'down' },
        },
        { sessionId: `run-${n % 300}` },
      ),
    );
    expect(JSON.stringify(stateAfter(condition, many) ?? null).length, condition.kind).toBeLessThan(350_000);
  }
});

test('only rules that are on ask for the fast path', () => {
  const stale = event('health', T0, { ws_staleness_ms: 30_001 });
  const rules = DEFAULT_RULES.filter(({ id: name }) => name === 'ws_staleness');
  expect(isUrgent(rules, stale)).toBe(true);
  expect(
    isUrgent(
      rules.map((rule) => ({ ...rule, enabled: false })),
      stale,
    ),
  ).toBe(false);
  expect(isUrgent(rules, event('health', T0, { ws_staleness_ms: 30_000 }))).toBe(false);
});

test('what goes on the fast path carries the columns that rules read, cut where they are long', () => {
  const long = event(
    'error',
    T0,
    { message: 'm'.repeat(9_000), original_record: 'secret', component: null },
    { barMs: MINUTE },
  );
  const cut = trim(long, columnsRead(DEFAULT_RULES));
  expect(Object.keys(cut.fields)).toEqual(['message']);
  expect(String(cut.fields.message)).toHaveLength(4_000);
  expect({ ...cut, fields: long.fields }).toEqual(long);
});
