import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shownDuration } from '../../../lib/core/alerts/durations.ts';
import { type HistoryRow, statsOf } from '../../../lib/core/alerts/history.ts';

const row = (
  alertId: string,
  change: HistoryRow['change'],
  minute: number,
  over: Partial<HistoryRow> = {},
): HistoryRow => ({
  alertId,
  change,
  atMs: minute * 60_000,
  ruleId: 'errors',
  severity: 'warning',
  mode: 'live',
  strategyId: 'momo',
  ...over,
});

test('counts alerts, not changes, and says how long they took', () => {
  const stats = statsOf([
    row('a', 'opened', 0),
    row('a', 'reminded', 60),
    row('a', 'acknowledged', 70),
    row('a', 'acknowledged', 80),
    row('a', 'resolved', 100),
    row('b', 'opened', 10, { severity: 'critical', ruleId: 'dead_bot' }),
    row('b', 'resolved', 40, { severity: 'critical', ruleId: 'dead_bot' }),
    row('c', 'opened', 20, { mode: 'paper' }),
  ]);

  expect(stats).toMatchObject({
    opened: 3,
    acknowledged: 1,
    resolved: 2,
    open: 1,
    reminders: 1,
    mttaMs: 70 * 60_000,
    meanDurationMs: 65 * 60_000,
    noise: 0.5,
    lastCritical: { atMs: 10 * 60_000, ruleId: 'dead_bot', strategyId: 'momo' },
  });
  expect(stats.byRule.map(({ name, opened }) => [name, opened])).toEqual([
    ['errors', 2],
    ['dead_bot', 1],
  ]);
  expect(stats.byStrategy.map(({ name }) => name)).toEqual(['momo (live)', 'momo (paper)']);
});

test('what was opened before, digests, tests and platform notices are no alerts of the time looked at', () => {
  const stats = statsOf([
    row('old', 'resolved', 5),
    row('d', 'digest', 6),
    row('t', 'test', 7),
    row('p', 'platform', 8, { severity: 'critical' }),
  ]);

  expect(stats).toMatchObject({ opened: 0, noise: null, mttaMs: null, meanDurationMs: null, lastCritical: null });
});

test('the order of the rows makes no difference', () => {
  const changes = fc.constantFrom<HistoryRow['change']>('opened', 'reminded', 'acknowledged', 'resolved', 'digest');
  const rows = fc.uniqueArray(
    fc.record({ alertId: fc.constantFrom('a', 'b', 'c'), change: changes, minute: fc.integer({ min: 0, max: 9999 }) }),
    { selector: ({ minute }) => minute },
  );
  fc.assert(
    fc.property(rows, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (given, places) => {
      const all = given.map(({ alertId, change, minute }) => row(alertId, change, minute));
      const shuffled = all
        .map((one) => [places.next().value, one] as const)
        .sort(([a], [b]) => a - b)
        .map(([, one]) => one);
      expect(statsOf(shuffled)).toEqual(statsOf(all));
    }),
  );
});

test('durations are shown in their two largest units', () => {
  expect([0, 999, 1_000, 61_000, 3_600_000, 90_061_000, -5_000].map(shownDuration)).toEqual([
    '0ms',
    '999ms',
    '1s',
    '1m 1s',
    '1h',
    '1d 1h',
    '-5s',
  ]);
});
