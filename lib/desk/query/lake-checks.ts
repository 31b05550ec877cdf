import { INPUT_STREAMS } from '../../core/catalog/index.ts';
import { ADVICE } from '../../core/query/advice.ts';
import { count } from '../commands/output.ts';
import { type Check, check, type DoctorFacts, LIMITS, span } from './check.ts';
import type { LastSeen } from './survey.ts';

export function arrivalCheck({ survey, desk, nowMs }: DoctorFacts): Check {
  const ageMs = ageOf([...survey.streams.values()], nowMs);
  if (ageMs === undefined)
    return check('arrival', 'warn', 'the lake holds no event yet; `nightdesk send`, `watch` or `import` bring logs in');
  const value = { age_s: seconds(ageMs) };
  const message = `the newest event came in ${span(ageMs)} ago`;
  return desk.health !== undefined && ageMs > LIMITS.silentMs
    ? check('arrival', 'warn', `${message}; is a bot running, and does \`watch\` or its emitter point here?`, value)
    : check('arrival', 'ok', message, value);
}

export function streamsCheck({ survey, nowMs }: DoctorFacts): Check {
  const never = INPUT_STREAMS.filter((name) => !survey.streams.has(name));
  const seen = [...survey.streams]
    .filter(([name]) => name !== 'quarantine')
    .map(([stream, last]) => ({ stream, ...factsOf(last, nowMs) }));
  const derived = [...survey.derived].map(([stream, last]) => ({ stream, ...factsOf(last, nowMs) }));
  const message = `${seen.length} of ${INPUT_STREAMS.length} streams seen${never.length === 0 || seen.length === 0 ? '' : `; never: ${never.join(', ')}`}`;
  return check('streams', 'ok', message, { seen, never, derived });
}

export function strategiesCheck({ survey, desk, nowMs }: DoctorFacts): Check {
  const all = [...survey.strategies].map(([strategy, last]) => ({
    strategy,
    ...factsOf(last, nowMs),
    ageMs: ageOf([last], nowMs),
  }));
  const silent = all.filter(({ ageMs }) => ageMs !== undefined && ageMs > LIMITS.silentMs && ageMs < LIMITS.heardMs);
  const value = all.map(({ ageMs: _, ...facts }) => facts);
  if (desk.health !== undefined && silent.length > 0)
    return check(
      'strategies',
      'warn',
      `silent for more than ${span(LIMITS.silentMs)}: ${silent.map(({ strategy, ageMs = 0 }) => `${strategy} (${span(ageMs)})`).join(', ')}`,
      value,
    );
  return check(
    'strategies',
    'ok',
    all.length === 0
      ? 'no event names its strategy; `send --strategy` and `init` set it'
      : `${count(all.length)} heard`,
    value,
  );
}

export function quarantineCheck({ survey }: DoctorFacts): Check {
  const reasons = [...survey.quarantined]
    .map(([reason, lines]) => ({ reason, lines }))
    .sort((a, b) => b.lines - a.lines);
  return quarantineCheckOf({ reasons, lines: survey.lines, which: 'newest lines' });
}

/** Lines in quarantine by reason, the most first, and how many lines they are of. */
export interface Quarantined {
  readonly reasons: readonly { readonly reason: string; readonly lines: number }[];
  readonly lines: number;
  /** Which lines those are. */
  readonly which: string;
}

/** The check of a share of lines that is in quarantine, with what to do about the commonest reasons. */
export function quarantineCheckOf({ reasons, lines: all, which }: Quarantined): Check {
  const lines = reasons.reduce((sum, one) => sum + one.lines, 0);
  const share = all === 0 ? 0 : lines / all;
  const value = { lines, share, reasons };
  if (lines === 0) return check('quarantine', 'ok', 'nothing in quarantine', value);
  const advice = reasons.slice(0, 3).map(({ reason, lines: n }) => `${reason} (${count(n)}): ${adviceOf(reason)}`);
  const message = `${count(lines)} of the ${count(all)} ${which} (${(100 * share).toFixed(1)} %) are in quarantine. ${advice.join('. ')}.`;
  return check(
    'quarantine',
    share > LIMITS.quarantineCritical ? 'critical' : share > LIMITS.quarantineWarn ? 'warn' : 'ok',
    message,
    value,
  );
}

const adviceOf = (reason: string): string =>
  (Object.entries(ADVICE).find(([known]) => known === reason) ?? [])[1] ?? 'see docs/query.md';

export function objectsCheck({ survey }: DoctorFacts): Check {
  const { damagedObjects, unreadableLines, looked, objects } = survey;
  const value = { objects, looked, damaged: damagedObjects, unreadable_lines: unreadableLines };
  const which =
    looked < objects
      ? `the newest ${count(looked)} of ${count(objects)} objects`
      : `${count(objects)} ${objects === 1 ? 'object' : 'objects'}`;
  if (damagedObjects.length === 0 && unreadableLines.length === 0)
    return check('objects', 'ok', `${which} can be read`, value);
  const lines = unreadableLines.reduce((sum, one) => sum + one.lines, 0);
  const found = [
    ...(damagedObjects.length > 0
      ? [
          `${count(damagedObjects.length)} damaged: ${listed(damagedObjects.map(({ key, problem }) => `${key} (${problem})`))}`,
        ]
      : []),
    ...(lines > 0
      ? [
          `${count(lines)} unreadable lines in ${listed(unreadableLines.map(({ key, lines: n }) => `${key} (${count(n)})`))}`,
        ]
      : []),
  ];
  // A query over a damaged object may fail as a whole; an unreadable line is only left out.
  return check(
    'objects',
    damagedObjects.length > 0 ? 'critical' : 'warn',
    `of ${which}: ${found.join('; ')}. Move them out of the lake and import their sources again`,
    value,
  );
}

export function clockCheck({ survey, desk, nowMs }: DoctorFacts): Check {
  const newest = [...survey.streams.values()]
    .map(({ lastIngestedAt }) => Date.parse(lastIngestedAt ?? ''))
    .filter((ms) => !Number.isNaN(ms));
  const futureMs = newest.length === 0 ? 0 : Math.max(...newest) - nowMs;
  const value = { desk_clock_ms: desk.clockMs ?? null, events_ahead: survey.ahead };
  if (futureMs > LIMITS.clockMs)
    return check(
      'clock',
      'warn',
      `the newest event came in ${span(futureMs)} from now: the clock of this machine was set back, or is behind`,
      value,
    );
  if (desk.clockMs !== undefined && Math.abs(desk.clockMs) > LIMITS.clockMs)
    return check(
      'clock',
      'warn',
      `the desk's clock differs from this machine's by ${span(Math.abs(desk.clockMs))}`,
      value,
    );
  if (survey.ahead > 0)
    return check(
      'clock',
      'warn',
      `${count(survey.ahead)} events are dated after they came in: a bot's clock is ahead; \`nightdesk query clock-skew\` shows whose`,
      value,
    );
  return check('clock', 'ok', 'no event is dated after it came in', value);
}

const factsOf = (last: LastSeen, nowMs: number): Record<string, unknown> => {
  const ageMs = ageOf([last], nowMs);
  return {
    lines: last.lines,
    last_ts: last.lastTs ?? null,
    last_ingested_at: last.lastIngestedAt ?? null,
    age_s: ageMs === undefined ? null : seconds(ageMs),
  };
};

/** Time since the newest arrival. */
function ageOf(seen: readonly LastSeen[], nowMs: number): number | undefined {
  const arrivals = seen.map(({ lastIngestedAt }) => Date.parse(lastIngestedAt ?? '')).filter((ms) => !Number.isNaN(ms));
  return arrivals.length === 0 ? undefined : Math.max(0, nowMs - Math.max(...arrivals));
}

const seconds = (ms: number): number => Math.round(ms / 1000);
const listed = (items: readonly string[]): string =>
  items.length > 3 ? `${items.slice(0, 3).join(', ')} and ${items.length - 3} more` : items.join(', ');
