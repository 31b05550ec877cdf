import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Beats,
  foldBeat,
  hasEnded,
  intervalMs,
  isInferred,
  lastHeardMs,
  liveSessions,
} from '../../../lib/core/alerts/beats.ts';
import type { Observation } from '../../../lib/core/alerts/types.ts';
import { event, HOUR, MINUTE, SECOND, T0 } from './conditions-world.ts';

const heard = (events: readonly Observation[]): Beats => {
  let beats: Beats | undefined;
  for (const each of events) beats = foldBeat(beats, each);
  if (beats === undefined) throw new Error('nothing heard');
  return beats;
};

const health = (tsMs: number, fields: Observation['fields'] = {}, over: Partial<Observation> = {}): Observation =>
  event('health', tsMs, fields, over);
const stop = (tsMs: number, sessionId: string | null = 's1'): Observation =>
  health(tsMs, { session_phase: 'stop' }, { sessionId });

/** A bar's eight events, within two seconds of its close. */
const burst = (tsMs: number): Observation[] =>
  ['signals', 'ensemble', 'order_intent', 'execution', 'costs', 'equity_curve', 'health', 'repro'].map((stream, n) =>
    event(stream, tsMs + n * 250),
  );

test('a bot that writes eight lines per bar is heard of once per bar', () => {
  const beats = heard(Array.from({ length: 12 }, (_, bar) => burst(T0 + bar * 5 * MINUTE)).flat());
  const interval = intervalMs(beats);
  expect(interval).toBeGreaterThanOrEqual(5 * MINUTE);
  expect(interval).toBeLessThanOrEqual(5.5 * MINUTE);
  expect(isInferred(beats)).toBe(true);
});

test('a bot that writes sixty lines a second is heard of each half minute', () => {
  const beats = heard(Array.from({ length: 60 * 240 }, (_, n) => event('market', T0 + (n * SECOND) / 60)));
  expect(intervalMs(beats)).toBe(30 * SECOND);
});

test('one long pause is no interval', () => {
  const bars = Array.from({ length: 22 }, (_, bar) => T0 + bar * 5 * MINUTE + (bar > 10 ? 60 * HOUR : 0));
  expect(intervalMs(heard(bars.flatMap(burst)))).toBeLessThanOrEqual(5.5 * MINUTE);
});

test('five gaps tell an interval, four do not', () => {
  const bars = (n: number) => heard(Array.from({ length: n }, (_, bar) => health(T0 + bar * HOUR)));
  expect(intervalMs(bars(5))).toBeUndefined();
  expect(intervalMs(bars(6))).toBe(HOUR);
});

test('a declared interval is taken as it is; a configured one before a guess', () => {
  const events = Array.from({ length: 10 }, (_, n) => health(T0 + n * MINUTE));
  expect(intervalMs(heard(events), 7 * SECOND)).toBe(7 * SECOND);
  const declared = heard([...events, health(T0 + 10 * MINUTE, { heartbeat_s: 5 })]);
  expect(intervalMs(declared, 7 * SECOND)).toBe(5 * SECOND);
  expect(isInferred(declared)).toBe(false);
});

test.each([null, 0, -5, Number.NaN, Number.POSITIVE_INFINITY, '60', 8 * 86_400])(
  'a heartbeat_s of %s declares nothing',
  (heartbeat_s) => {
    expect(intervalMs(heard([health(T0, { heartbeat_s })]))).toBeUndefined();
  },
);

test('the newest declaration of a run counts, whatever order they come in', () => {
  const events = [health(T0, { heartbeat_s: 60 }), health(T0 + MINUTE, { heartbeat_s: 300 })];
  expect(intervalMs(heard(events))).toBe(5 * MINUTE);
  expect(intervalMs(heard([...events].reverse()))).toBe(5 * MINUTE);
});

test('it is heard when it came in, not when its clock says', () => {
  const beats = heard([
    health(T0 - 10 * MINUTE, {}, { arrivedMs: T0 }),
    health(T0 + HOUR, {}, { arrivedMs: T0 + SECOND }),
  ]);
  expect(lastHeardMs(beats)).toBe(T0 + SECOND);
});

test('what Nightdesk derives is no sign of life', () => {
  const beats = heard([health(T0)]);
  for (const stream of ['trade_lifecycle', 'order_lifecycle', 'snapshot', 'alert', 'pipeline'])
    expect(foldBeat(beats, event(stream, T0 + HOUR))).toBe(beats);
  expect(foldBeat(beats, event('equity_curve', T0 + HOUR, { rev: 3 }))).toBe(beats);
  expect(lastHeardMs(foldBeat(beats, event('equity_curve', T0 + HOUR, { equity: 10 })))).toBe(T0 + HOUR);
});

test('a run ends when it says so, and lives again when it goes on', () => {
  const live = heard([health(T0), health(T0 + MINUTE)]);
  expect(hasEnded(live)).toBe(false);
  expect(liveSessions(live, T0 + MINUTE)).toEqual(['s1']);
  const ended = foldBeat(live, stop(T0 + 2 * MINUTE));
  expect(hasEnded(ended)).toBe(true);
  expect(liveSessions(ended, T0 + 2 * MINUTE)).toEqual([]);
  expect(hasEnded(foldBeat(ended, health(T0 + 3 * MINUTE)))).toBe(false);
});

test('what comes late of a run that has ended does not revive it', () => {
  const ended = heard([health(T0), stop(T0 + 2 * MINUTE)]);
  expect(hasEnded(foldBeat(ended, health(T0 + MINUTE, {}, { arrivedMs: T0 + 5 * MINUTE })))).toBe(true);
});

test.each(['session_end', ' Shutdown ', 'process_exit'])('a system event %j ends a run', (name) => {
  expect(hasEnded(heard([health(T0), event('system', T0 + MINUTE, { event: name })]))).toBe(true);
});

test('runs overlap: each ends for itself, and the strategy with the last', () => {
  const two = [health(T0, {}, { sessionId: 'a' }), health(T0 + SECOND, {}, { sessionId: 'b' })];
  const one = heard([...two, stop(T0 + MINUTE, 'a')]);
  expect(hasEnded(one)).toBe(false);
  expect(liveSessions(one, T0 + MINUTE)).toEqual(['b']);
  expect(hasEnded(foldBeat(one, stop(T0 + 2 * MINUTE, 'b')))).toBe(true);
});

test('a run that was killed hours before does not keep the others from ending', () => {
  const killed = health(T0, {}, { sessionId: 'killed' });
  const next = Array.from({ length: 25 }, (_, n) => health(T0 + HOUR + n * MINUTE, {}, { sessionId: 'next' }));
  expect(hasEnded(heard([killed, ...next, stop(T0 + HOUR + 25 * MINUTE, 'next')]))).toBe(true);
});

test('logs that name no run end with the run that does', () => {
  const nameless = event('order_intent', T0 + MINUTE, {}, { sessionId: null });
  expect(hasEnded(heard([health(T0), nameless, stop(T0 + 2 * MINUTE)]))).toBe(true);
  expect(
    hasEnded(
      heard([health(T0), stop(T0 + 2 * MINUTE), event('order_intent', T0 + 3 * MINUTE, {}, { sessionId: null })]),
    ),
  ).toBe(false);
});

const anyEvent = fc
  .record({
    minute: fc.integer({ min: 0, max: 600 }),
    late: fc.integer({ min: 0, max: 90_000 }),
    session: fc.constantFrom('a', 'b', 'c', null),
    fields: fc.constantFrom({}, { session_phase: 'stop' }, { heartbeat_s: 60 }, { heartbeat_s: 300 }),
  })
  .map(({ minute, late, session, fields }) =>
    health(T0 + minute * MINUTE, fields, { sessionId: session, arrivedMs: T0 + minute * MINUTE + late }),
  );

test('duplicates change nothing, in whatever order events come', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 20 }), fc.infiniteStream(fc.nat()), (events, random) => {
      const twice = [...events, ...events];
      const shuffled = twice.map((each) => [random.next().value, each] as const).sort(([a], [b]) => a - b);
      const [one, other] = [heard(events), heard(shuffled.map(([, each]) => each))];
      const told = (beats: Beats) => [
        intervalMs(beats),
        lastHeardMs(beats),
        hasEnded(beats),
        liveSessions(beats, T0 + HOUR),
      ];
      expect(told(other)).toEqual(told(one));
      expect(other.slots).toEqual(one.slots);
    }),
  );
});

test('its state stays small, however many events and runs there are', () => {
  const events = Array.from({ length: 3000 }, (_, n) =>
    health(T0 + n * MINUTE, { heartbeat_s: 60 }, { sessionId: `run-${n % 500}` }),
  );
  expect(JSON.stringify(heard(events)).length).toBeLessThan(8_000);
});
