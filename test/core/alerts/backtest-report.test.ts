import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type FeedCounts, feed, type Played } from '../../../lib/core/alerts/backtest-feed.ts';
import { type Drawdown, leadOf, median, Strip, worseOf } from '../../../lib/core/alerts/backtest-report.ts';
import { isHistory } from '../../../lib/core/alerts/observe.ts';
import type { Observation } from '../../../lib/core/alerts/types.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 0, 5);
const MAX_AGE = 900_000;

let made = 0;
const observation = (tsMs: number, arrivedMs = tsMs): Observation => ({
  stream: 'health',
  mode: 'live',
  strategyId: 's',
  sessionId: 'r',
  symbol: null,
  eventId: `e-${++made}`,
  tsMs,
  arrivedMs,
  fields: {},
});

const dateOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

async function fed(
  observations: readonly Observation[],
  options: { readonly counts?: FeedCounts; readonly playHistory?: boolean } = {},
): Promise<Played[]> {
  const all: Played[] = [];
  const days = feed({
    dates: [0, 1, 2, 3].map((day) => dateOf(START + day * DAY_MS)),
    async *read(date) {
      yield* observations.filter(({ tsMs }) => dateOf(tsMs) === date);
    },
    isHistory: (one) => isHistory(one, MAX_AGE),
    ...options,
  });
  for await (const day of days) all.push(...day);
  return all;
}

test('stored days are played in the order in which they came in, each event once', async () => {
  const anywhere = fc.integer({ min: 0, max: 4 * DAY_MS - 1 });
  // Around midnight, where what is dated tomorrow may have come in today.
  const midnight = fc
    .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: -HOUR_MS, max: HOUR_MS }))
    .map(([day, offset]) => day * DAY_MS + offset);
  const events = fc.array(
    fc.record({
      ts: fc.oneof(anywhere, midnight),
      lag: fc.oneof(fc.integer({ min: -HOUR_MS, max: MAX_AGE }), fc.integer({ min: MAX_AGE + 1, max: 9 * DAY_MS })),
    }),
    { maxLength: 60 },
  );
  await fc.assert(
    fc.asyncProperty(events, async (given) => {
      const observations = given.map(({ ts, lag }) => observation(START + ts, START + ts + lag));
      const played = await fed(observations);
      const times = played.map(({ atMs }) => atMs);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(played.map(({ observation: { eventId } }) => eventId).sort()).toEqual(
        observations.map(({ eventId }) => eventId).sort(),
      );
    }),
  );
});

test('an imported event is played when it happened, as if it had come in then; what came in at once as it came', async () => {
  const counts: FeedCounts = { observations: 0, history: 0 };
  const imported = observation(START + HOUR_MS, START + 300 * DAY_MS);
  const live = observation(START + 2 * HOUR_MS, START + 2 * HOUR_MS + 250);

  const played = await fed([imported, live], { counts });

  expect(played.map(({ atMs }) => atMs - START)).toEqual([HOUR_MS, 2 * HOUR_MS + 250]);
  expect(played.map((one) => isHistory(one.observation, MAX_AGE))).toEqual([false, false]);
  expect(counts).toEqual({ observations: 2, history: 1 });
  expect(await fed([imported, live], { playHistory: false })).toHaveLength(1);
});

const fall = (start: number, end: number, over: Partial<Drawdown> = {}): Drawdown => ({
  mode: 'live',
  strategyId: 's',
  startMs: start,
  endMs: end,
  ...over,
});
const fireAt = (openedMs: number, strategyId: string | null = 's') => ({ mode: 'live', strategyId, openedMs });

test('the lead is the time to the next drawdown of the same strategy and mode', () => {
  const falls = [fall(100, 200), fall(500, Number.POSITIVE_INFINITY), fall(50, 60, { mode: 'paper' })];

  expect(leadOf(fireAt(40), falls)).toEqual({ kind: 'before', ms: 60 });
  expect(leadOf(fireAt(100), falls)).toEqual({ kind: 'during', ms: 0 });
  expect(leadOf(fireAt(150), falls)).toEqual({ kind: 'during', ms: 50 });
  expect(leadOf(fireAt(200), falls)).toEqual({ kind: 'before', ms: 300 });
  expect(leadOf(fireAt(40, 'other'), falls)).toEqual({ kind: 'none' });
  // A rule of the whole lake leads whatever falls.
  expect(leadOf(fireAt(40, '*'), falls)).toEqual({ kind: 'before', ms: 10 });
});

test('the strip shows the most serious answer of each half hour, and cuts what lies outside', () => {
  const strip = new Strip(START + HOUR_MS, START + 3 * HOUR_MS);

  expect(strip.mark('ok', START, START + 2 * HOUR_MS)).toBe(HOUR_MS);
  expect(strip.mark('firing', START + 1.6 * HOUR_MS, START + 1.7 * HOUR_MS)).toBeCloseTo(0.1 * HOUR_MS);
  expect(strip.mark('no_data', START + 2 * HOUR_MS, START + 9 * HOUR_MS)).toBe(HOUR_MS);

  const [day] = strip.days([{ openedMs: START + 1.6 * HOUR_MS }]);
  expect(day?.strip.slice(0, 8)).toBe('  ·█░░  ');
  expect(day).toMatchObject({ date: '2026-01-05', fires: 1 });
  expect(day?.strip).toHaveLength(48);
});

test('time firing is split at midnight', () => {
  const strip = new Strip(START, START + 2 * DAY_MS);
  strip.mark('firing', START + 23 * HOUR_MS, START + 26 * HOUR_MS);

  expect(strip.days([]).map(({ firingMs }) => firingMs / HOUR_MS)).toEqual([1, 2]);
});

test('the worst value is the one farthest beyond the limit, on the side on which it opened', () => {
  expect(worseOf(12, 15, 10)).toBe(15);
  expect(worseOf(15, 12, 10)).toBe(15);
  expect(worseOf(15, -90, 10)).toBe(15);
  expect(worseOf(8, 2, 10)).toBe(2);
  expect(worseOf(10, 11, 10)).toBe(11);
  expect(worseOf('red', 'amber', null)).toBe('red');
  expect(worseOf(null, 5, 3)).toBe(5);
});

test('the median of an even count lies between the two middle ones', () => {
  expect([median([]), median([7]), median([9, 1, 5]), median([4, 1, 3, 2])]).toEqual([null, 7, 5, 2.5]);
});
