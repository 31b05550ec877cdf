import { expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { type BacktestOptions, backtest } from '../../../lib/core/alerts/backtest.ts';
import { feed } from '../../../lib/core/alerts/backtest-feed.ts';
import type { BacktestReport } from '../../../lib/core/alerts/backtest-report.ts';
import { foldObservations, foldTick } from '../../../lib/core/alerts/fold.ts';
import { isHistory } from '../../../lib/core/alerts/observe.ts';
import { newState } from '../../../lib/core/alerts/state.ts';
import { suggestionOf, switchOn } from '../../../lib/core/alerts/suggest.ts';
import type { AlertChange, AlertRule, AlertSettings, Observation } from '../../../lib/core/alerts/types.ts';
import { alertsOf, parseConfig } from '../../../lib/core/config/index.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const START = Date.UTC(2026, 0, 5);
const LAG_MS = 400;

const rule = (over: Partial<AlertRule> = {}): AlertRule => ({
  id: 'late_data',
  title: 'Market data is late',
  advice: '',
  severity: 'warning',
  enabled: false,
  condition: { kind: 'threshold', of: { stream: 'health' }, field: 'ws_staleness_ms', above: 30_000 },
  for: 0,
  clear: 0,
  cooldown: HOUR_MS,
  unit: 'ms',
  ...over,
});

const settingsWith = (rules: readonly AlertRule[]): AlertSettings => ({ ...alertsOf(parseConfig({}, 'test')), rules });

let made = 0;
const event = (minute: number, stream: string, fields: Readonly<Record<string, unknown>>): Observation => ({
  stream,
  mode: 'live',
  strategyId: 'momo',
  sessionId: 'run',
  symbol: null,
  eventId: `e-${String(++made).padStart(6, '0')}`,
  tsMs: START + minute * MINUTE_MS,
  arrivedMs: START + minute * MINUTE_MS + LAG_MS,
  fields,
});

/** Health each minute, late within some minutes; equity each ten minutes, 10 % lower within some. */
function lived({
  late = [],
  low = [],
  minutes = 2 * 1440,
}: {
  readonly late?: readonly (readonly [number, number])[];
  readonly low?: readonly (readonly [number, number])[];
  readonly minutes?: number;
}): Observation[] {
  const within = (spans: readonly (readonly [number, number])[], at: number): boolean =>
    spans.some(([from, to]) => from <= at && at < to);
  return Array.from({ length: minutes }, (_, minute) => [
    event(minute, 'health', { ws_staleness_ms: within(late, minute) ? 45_000 + minute : 100, heartbeat_s: 60 }),
    ...(minute % 10 === 0 ? [event(minute, 'equity_curve', { equity: within(low, minute) ? 9_000 : 10_000 })] : []),
  ]).flat();
}

const dateOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

async function tried(
  rules: readonly AlertRule[],
  observations: readonly Observation[],
  options: Partial<BacktestOptions> = {},
): Promise<readonly BacktestReport[]> {
  const settings = settingsWith(rules);
  const days = feed({
    dates: [-1, 0, 1].map((day) => dateOf(START + day * DAY_MS)),
    async *read(date) {
      yield* observations.filter(({ tsMs }) => dateOf(tsMs) === date);
    },
    isHistory: (one) => isHistory(one, settings.maxAge),
  });
  return backtest(rules, days, { fromMs: START, toMs: START + 2 * DAY_MS, settings, sha256, ...options });
}

async function triedOne(
  one: AlertRule,
  observations: readonly Observation[],
  options: Partial<BacktestOptions> = {},
): Promise<BacktestReport> {
  const [report] = await tried([one], observations, options);
  if (report === undefined) throw new Error('no report');
  return report;
}

test('a rule fires at exactly the times at which its data is beyond the limit, though it is off', async () => {
  const report = await triedOne(
    rule(),
    lived({
      late: [
        [60, 75],
        [1500, 1503],
      ],
    }),
  );

  expect(
    report.fires.map(({ openedMs, resolvedMs, worst, limit }) => [
      (openedMs - START - LAG_MS) / MINUTE_MS,
      ((resolvedMs ?? 0) - START - LAG_MS) / MINUTE_MS,
      worst,
      limit,
    ]),
  ).toEqual([
    [60, 75, 45_074, 30_000],
    [1500, 1503, 46_502, 30_000],
  ]);
  expect(report.firesPerDay).toBeCloseTo(1);
  expect(report.firingMs).toBe(18 * MINUTE_MS);
  expect(report.shortShare).toBe(0.5);
  expect(report.noDataShare).toBeLessThan(0.01);
  expect(report.days.map(({ date, fires }) => [date, fires])).toEqual([
    ['2026-01-05', 1],
    ['2026-01-06', 1],
  ]);
  expect(report.days[0]?.strip.indexOf('█')).toBe(2);
});

test('another limit, and another duration, give other fires', async () => {
  const days = lived({ late: [[60, 75]] });
  const above = (limit: number) => rule({ condition: { ...rule().condition, above: limit } as AlertRule['condition'] });

  expect((await triedOne(above(60_000), days)).fires).toHaveLength(0);
  expect((await triedOne(rule({ for: 5 * MINUTE_MS }), days)).fires.map(({ openedMs }) => openedMs - START)).toEqual([
    expect.toSatisfy((ms: number) => Math.abs(ms - 65 * MINUTE_MS) <= 2_000),
  ]);
  expect((await triedOne(rule({ for: 20 * MINUTE_MS }), days)).fires).toHaveLength(0);
});

test('the lead is counted to the drawdown that begins next', async () => {
  const report = await triedOne(
    rule(),
    lived({
      late: [
        [60, 75],
        [130, 140],
        [600, 620],
      ],
      low: [[120, 300]],
    }),
  );

  expect(report.drawdowns).toBe(1);
  expect(report.fires.map(({ lead }) => lead)).toEqual([
    { kind: 'before', ms: 60 * MINUTE_MS },
    { kind: 'during', ms: 10 * MINUTE_MS },
    { kind: 'none' },
  ]);
  expect(report.medianLeadMs).toBe(60 * MINUTE_MS);
  // A fall of 10 % is none of 20 %.
  expect((await triedOne(rule(), lived({ late: [[60, 75]], low: [[120, 300]] }), { drawdown: 0.2 })).drawdowns).toBe(0);
});

test('without equity nothing is said of drawdowns', async () => {
  const report = await triedOne(
    rule(),
    lived({ late: [[60, 75]] }).filter(({ stream }) => stream !== 'equity_curve'),
  );

  expect(report.drawdowns).toBeNull();
  expect(report.fires[0]?.lead).toEqual({ kind: 'unknown' });
});

test('a value that is never there is no data, and no fire', async () => {
  const days = lived({}).map((one) => ({ ...one, fields: { ...one.fields, ws_staleness_ms: null } }));

  const report = await triedOne(rule(), days);

  expect(report).toMatchObject({ fires: [], noDataShare: 1, firingMs: 0 });
  expect(report.days[0]?.strip).toBe('░'.repeat(48));
});

test('a dead bot is found by the clock in the middle of the night', async () => {
  const dead = rule({ id: 'dead', condition: { kind: 'absence', times: 2 } });

  const { fires } = await triedOne(dead, [
    ...lived({ minutes: 200 }),
    ...lived({}).filter(({ tsMs }) => tsMs >= START + 400 * MINUTE_MS),
  ]);

  expect(fires).toHaveLength(1);
  expect(((fires[0]?.openedMs ?? 0) - START) / MINUTE_MS).toBeCloseTo(201, 0);
  expect((fires[0]?.resolvedMs ?? 0) - START - LAG_MS).toBe(400 * MINUTE_MS);
});

test('what was open when the days begin is no fire of theirs, but its time counts', async () => {
  const report = await triedOne(rule(), lived({ late: [[60, 75]] }), { fromMs: START + 65 * MINUTE_MS });

  expect(report).toMatchObject({ fires: [], openAtStart: 1, firingMs: 10 * MINUTE_MS + LAG_MS });
});

test('the same days give the same report, whatever order they are read in', async () => {
  const days = lived({ late: [[60, 75]], low: [[120, 300]] });

  expect(await tried([rule()], [...days].reverse())).toEqual(await tried([rule()], days));
});

test('several rules at once give what each gives alone', async () => {
  const rules = [rule(), rule({ id: 'dead', condition: { kind: 'absence', times: 2 } })];
  const days = [...lived({ late: [[60, 75]], minutes: 300 })];

  const together = await tried(rules, days);

  expect(together).toEqual((await Promise.all(rules.map((one) => tried([one], days)))).flat());
});

test('a backtest of what was just lived gives the alerts that were raised', async () => {
  const live = rule({ enabled: true, for: 3 * MINUTE_MS, clear: 2 * MINUTE_MS });
  const settings = settingsWith([live]);
  const days = lived({
    late: [
      [60, 75],
      [80, 82],
      [1500, 1510],
      [2000, 2001],
    ],
  });

  // As a desk lives them: told of what comes in, and the time each second.
  const changes: AlertChange[] = [];
  let state = newState({ mode: 'live', strategyId: 'momo' }, START);
  const context = { settings, operator: { acks: {}, snoozes: {}, resolves: {} }, sha256 };
  let nowMs = START;
  for (const one of days) {
    for (; nowMs <= one.arrivedMs; nowMs += 1_000) {
      const ticked = foldTick(state, { ...context, nowMs });
      state = ticked.state;
      changes.push(...ticked.changes);
    }
    const folded = foldObservations(state, [one], { ...context, nowMs: one.arrivedMs });
    state = folded.state;
    changes.push(...folded.changes);
  }

  const report = await triedOne(live, days);

  const opened = changes.filter(({ kind }) => kind === 'opened').map(({ atMs }) => atMs);
  const resolved = changes.filter(({ kind }) => kind === 'resolved').map(({ atMs }) => atMs);
  expect(opened.length).toBe(2);
  expect(report.fires.map(({ openedMs }) => openedMs)).toEqual(opened);
  expect(report.fires.map(({ resolvedMs }) => resolvedMs)).toEqual(resolved);
});

test('a suggestion says why', async () => {
  const often = Array.from({ length: 40 }, (_, n): readonly [number, number] => [n * 60, n * 60 + 2]);
  const of = async (observations: readonly Observation[]) => suggestionOf(await triedOne(rule(), observations));

  expect(await of(lived({}))).toMatchObject({ recommended: true, reason: expect.stringContaining('quiet') });
  expect(await of(lived({ late: often }))).toMatchObject({
    recommended: false,
    fires: 40,
    reason: expect.stringContaining('too noisy: 20 fires a day'),
  });
  expect(await of(lived({ late: often.slice(0, 4) }))).toMatchObject({
    recommended: false,
    reason: expect.stringContaining('within 5 minutes'),
  });
  expect(await of(lived({ late: [[60, 75]], low: [[120, 300]] }))).toMatchObject({
    recommended: true,
    reason: '1 fire, 1 of them 1h (median) before a drawdown',
  });
  expect(await of([])).toMatchObject({ recommended: false, reason: 'nothing was heard in these days' });
  expect(
    await of(lived({}).map((one) => ({ ...one, fields: { ...one.fields, ws_staleness_ms: null } }))),
  ).toMatchObject({ recommended: false, reason: expect.stringContaining('blind') });
});

test('what a suggestion prints for nightdesk.json is taken by it', () => {
  expect(switchOn(['a', 'b'])).toEqual({ alerts: { rules: { a: { enabled: true }, b: { enabled: true } } } });
});
