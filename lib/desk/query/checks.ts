import { CATALOG } from '../../core/catalog/index.ts';
import { ADVICE } from '../../core/query/advice.ts';
import { bytes, count } from '../commands/output.ts';
import type { DeskFacts, DiskFacts } from './desk-probe.ts';
import type { LastSeen, Survey } from './survey.ts';

export type CheckStatus = 'ok' | 'warn' | 'critical';

export interface Check {
  readonly name: string;
  readonly status: CheckStatus;
  /** One sentence, with what to do where something is wrong. */
  readonly message: string;
  readonly value: unknown;
}

export interface DoctorFacts {
  readonly data: string;
  readonly nowMs: number;
  readonly desk: DeskFacts;
  readonly disk: DiskFacts | undefined;
  readonly survey: Survey;
}

const MIB = 1024 * 1024;
const LIMITS = {
  /** The desk takes nothing in below this much free space. */
  freeBytes: 1e9,
  freeSoonBytes: 5e9,
  /** Intake slows down above this backlog, and ends above the other. */
  slowBytes: 4 * MIB,
  mostBytes: 64 * MIB,
  /** What is older notifies nobody; a bot that was heard today and is silent for longer may be dead. */
  silentMs: 15 * 60_000,
  heardMs: 86_400_000,
  quarantineWarn: 0.01,
  quarantineCritical: 0.05,
  clockMs: 2_000,
} as const;

/** All checks, in the order a person would ask. Pure: the same facts give the same verdicts. */
export const checksOf = (facts: DoctorFacts): readonly Check[] => [
  deskCheck(facts),
  diskCheck(facts),
  backlogCheck(facts),
  arrivalCheck(facts),
  streamsCheck(facts),
  strategiesCheck(facts),
  quarantineCheck(facts),
  objectsCheck(facts),
  clockCheck(facts),
];

const check = (name: string, status: CheckStatus, message: string, value: unknown = null): Check => ({
  name,
  status,
  message,
  value,
});

function deskCheck({ desk, data }: DoctorFacts): Check {
  const { note, alive, health, unreachable, url } = desk;
  const value = { pid: note?.pid ?? null, url: url ?? note?.url ?? null, started_at: note?.startedAt ?? null };
  if (unreachable !== undefined)
    return check(
      'desk',
      'critical',
      `no answer from ${url}: ${unreachable}; look at what the desk printed, and start it again with \`nightdesk up\``,
      value,
    );
  if (health !== undefined)
    return health.status === 'ok'
      ? check('desk', 'ok', `the desk at ${url} takes events`, value)
      : check(
          'desk',
          'critical',
          `the desk at ${url} refuses events: ${health.reason ?? health.status ?? 'it does not say why'}`,
          value,
        );
  if (note !== undefined && alive === false)
    return check(
      'desk',
      'critical',
      `the desk of process ${note.pid} is gone without a goodbye; \`nightdesk up --data ${data}\` takes up what it had not written yet`,
      value,
    );
  return check('desk', 'warn', `no desk runs on ${data}; start one with \`nightdesk up --data ${data}\``, value);
}

function diskCheck({ disk, data }: DoctorFacts): Check {
  if (disk === undefined)
    return check('disk', 'warn', `${data} is not there, or its file system does not say how much space is left`);
  const value = { free_bytes: disk.freeBytes, total_bytes: disk.totalBytes };
  const free = `${bytes(disk.freeBytes)} of ${bytes(disk.totalBytes)} are free`;
  if (disk.freeBytes < LIMITS.freeBytes)
    return check(
      'disk',
      'critical',
      `${free}; below ${bytes(LIMITS.freeBytes)} the desk takes nothing in: make room`,
      value,
    );
  if (disk.freeBytes < LIMITS.freeSoonBytes)
    return check('disk', 'warn', `${free}; below ${bytes(LIMITS.freeBytes)} the desk takes nothing in`, value);
  return check('disk', 'ok', free, value);
}

function backlogCheck({ desk, disk, data }: DoctorFacts): Check {
  const backlog = desk.health?.backlogBytes;
  const wal = typeof desk.health?.walBytes === 'number' ? desk.health.walBytes : (disk?.walBytes ?? 0);
  const value = { backlog_bytes: typeof backlog === 'number' ? backlog : null, wal_bytes: wal };
  if (typeof backlog !== 'number')
    return wal > 0 && desk.alive !== true
      ? check(
          'backlog',
          'warn',
          `the write-ahead log holds ${bytes(wal)} and no desk runs; \`nightdesk up --data ${data}\` takes up what is not in the lake yet`,
          value,
        )
      : check('backlog', 'ok', `the write-ahead log holds ${bytes(wal)}`, value);
  const message = `${bytes(backlog)} wait to be transformed, the write-ahead log holds ${bytes(wal)}`;
  if (backlog >= LIMITS.mostBytes)
    return check('backlog', 'critical', `${message}; intake is refused until there is less: send slower`, value);
  if (backlog >= LIMITS.slowBytes) return check('backlog', 'warn', `${message}; answers are slowed down`, value);
  return check('backlog', 'ok', message, value);
}

function arrivalCheck({ survey, desk, nowMs }: DoctorFacts): Check {
  const ageMs = ageOf([...survey.streams.values()], nowMs);
  if (ageMs === undefined)
    return check('arrival', 'warn', 'the lake holds no event yet; `nightdesk send`, `watch` or `import` bring logs in');
  const value = { age_s: seconds(ageMs) };
  const message = `the newest event came in ${span(ageMs)} ago`;
  return desk.health !== undefined && ageMs > LIMITS.silentMs
    ? check('arrival', 'warn', `${message}; is a bot running, and does \`watch\` or its emitter point here?`, value)
    : check('arrival', 'ok', message, value);
}

function streamsCheck({ survey, nowMs }: DoctorFacts): Check {
  const names = Object.keys(CATALOG).filter((name) => name !== 'quarantine');
  const never = names.filter((name) => !survey.streams.has(name));
  const seen = [...survey.streams]
    .filter(([name]) => name !== 'quarantine')
    .map(([stream, last]) => ({ stream, ...factsOf(last, nowMs) }));
  const message = `${seen.length} of ${names.length} streams seen${never.length === 0 || seen.length === 0 ? '' : `; never: ${never.join(', ')}`}`;
  return check('streams', 'ok', message, { seen, never });
}

function strategiesCheck({ survey, desk, nowMs }: DoctorFacts): Check {
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

function quarantineCheck({ survey }: DoctorFacts): Check {
  const reasons = [...survey.quarantined]
    .map(([reason, lines]) => ({ reason, lines }))
    .sort((a, b) => b.lines - a.lines);
  const lines = reasons.reduce((sum, one) => sum + one.lines, 0);
  const share = survey.lines === 0 ? 0 : lines / survey.lines;
  const value = { lines, share, reasons };
  if (lines === 0) return check('quarantine', 'ok', 'nothing in quarantine', value);
  const advice = reasons.slice(0, 3).map(({ reason, lines: n }) => `${reason} (${count(n)}): ${adviceOf(reason)}`);
  const message = `${count(lines)} of the ${count(survey.lines)} newest lines (${(100 * share).toFixed(1)} %) are in quarantine. ${advice.join('. ')}.`;
  return check(
    'quarantine',
    share > LIMITS.quarantineCritical ? 'critical' : share > LIMITS.quarantineWarn ? 'warn' : 'ok',
    message,
    value,
  );
}

const adviceOf = (reason: string): string =>
  (Object.entries(ADVICE).find(([known]) => known === reason) ?? [])[1] ?? 'see docs/query.md';

function objectsCheck({ survey }: DoctorFacts): Check {
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

function clockCheck({ survey, desk, nowMs }: DoctorFacts): Check {
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

function span(ms: number): string {
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return ms < 172_800_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / 86_400_000)} days`;
}
