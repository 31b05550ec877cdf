import { isSessionEnd } from '../lifecycle/session-end.ts';
import type { Observation } from './types.ts';

// Heartbeat and runs of one strategy: when it was heard, how often it is, and which of its runs still live.
//
// Heard means: an event came in. The time of arrival counts, by our own clock, not the time the bot wrote: a bot's clock
// may be wrong by minutes, and an event whose only clock is a bar's opening would make a living bot look a bar old. What
// a dead bot's spool delivers late is no sign of life either, but that is history (semantics 1) and not folded here.

/** The shortest interval that is inferred. Declared ones are taken as they are. */
const LEAST_INTERVAL_MS = 30_000;
/**
 * Bots write in bursts: eight events within two seconds of a bar's close, then nothing for minutes; or sixty lines a
 * second. Gaps between lines would say 0.2 s of the one and 16 ms of the other, and the bot dead in between. So a beat is
 * a slot of this length in which anything was heard, however much. Slots are fixed, not counted from the first
 * event of a burst, so that events in any order, or twice, make the same beats.
 */
const SLOT_MS = LEAST_INTERVAL_MS;
const MOST_GAPS = 20;
/** Fewer gaps tell nothing. */
const LEAST_GAPS = 5;
const GAP_QUANTILE = 0.95;
const MOST_RUNS = 32;
/** A run is alive until it says otherwise, or is silent for so many intervals. */
const SILENT_INTERVALS = 2;
/** The interval where none is known. */
const UNKNOWN_INTERVAL_MS = 900_000;
/** Declarations outside are mistakes, such as milliseconds for seconds. */
const MOST_HEARTBEAT_S = 7 * 86_400;

/** One run, as far as watching needs it. JSON. */
export interface BeatRun {
  /** Null for events that name no run. */
  readonly session: string | null;
  /** When it was last heard, our clock. */
  readonly heardMs: number;
  /** Its newest event, and the newest by which it said that it ends, its own clock. */
  readonly lastMs: number;
  readonly endMs?: number;
  /** The interval it last promised, and when. */
  readonly declaredMs?: number;
  readonly declaredAtMs?: number;
}

export interface Beats {
  /** When anything was last heard, our clock. */
  readonly heardMs: number;
  /** Newest slots in which anything was heard, oldest first. */
  readonly slots: readonly number[];
  /** Runs, the one heard last at the end. */
  readonly runs: readonly BeatRun[];
}

/** Columns that are read of events, beside the envelope's. */
export const BEAT_COLUMNS = ['heartbeat_s', 'session_phase', 'event'] as const;

/** Streams that bots do not write. */
const NOT_HEARD: ReadonlySet<string> = new Set([
  'trade_lifecycle',
  'order_lifecycle',
  'session',
  'snapshot',
  'reconciliation',
  'alert',
  'pipeline',
]);

/** Takes an event in; in any order, any number of times. The same object where it changes nothing. */
export function foldBeat(beats: Beats | undefined, observation: Observation): Beats {
  const before = beats ?? NOTHING;
  // Rows of the ledger have revisions, also those of the streams that bots write too.
  if (NOT_HEARD.has(observation.stream) || typeof observation.fields.rev === 'number') return before;
  const heardMs = Math.max(before.heardMs, observation.arrivedMs);
  const slots = withSlot(before.slots, Math.floor(observation.arrivedMs / SLOT_MS));
  const runs = withRun(before.runs, observation);
  return heardMs === before.heardMs && slots === before.slots && runs === before.runs
    ? before
    : { heardMs, slots, runs };
}
const NOTHING: Beats = { heardMs: Number.MIN_SAFE_INTEGER, slots: [], runs: [] };

/** When anything of the strategy was last heard, our clock. */
export const lastHeardMs = ({ heardMs }: Beats): number | undefined =>
  heardMs === NOTHING.heardMs ? undefined : heardMs;

/**
 * Interval at which the strategy is heard of, ms: as its runs declare it, else as configured, else the 95th percentile of
 * the last 20 gaps between beats, at least 30 s. Undefined while too few beats are known.
 */
export const intervalMs = (beats: Beats, configured?: number): number | undefined =>
  declaredMs(beats) ?? configured ?? inferredMs(beats);

/** Whether that interval is only inferred from gaps. */
export const isInferred = (beats: Beats, configured?: number): boolean =>
  declaredMs(beats) === undefined && configured === undefined;

/** Runs that live at a moment: they did not say that they end, and were heard within two intervals. Null-named ones are not listed. */
export function liveSessions(beats: Beats, nowMs: number): readonly string[] {
  return liveRuns(beats, nowMs).flatMap(({ session }) => (session === null ? [] : [session]));
}

/**
 * Whether all runs said that they end. A run that had fallen silent before does not count: it was killed, and what came
 * after it ended properly. A newer run never ends an older one: real runs overlap.
 */
export function hasEnded(beats: Beats): boolean {
  const { runs, heardMs } = beats;
  const ends = runs.filter(({ endMs, lastMs }) => endMs !== undefined && endMs >= lastMs);
  if (ends.length === 0) return false;
  // Some logs of a run do not name it: they are taken to have ended with the last that does.
  const lastEndMs = Math.max(...ends.map(({ endMs = 0 }) => endMs));
  return liveRuns(beats, heardMs).every(({ session, lastMs }) => session === null && lastMs <= lastEndMs);
}

function liveRuns(beats: Beats, nowMs: number): BeatRun[] {
  const silentMs = SILENT_INTERVALS * (intervalMs(beats) ?? UNKNOWN_INTERVAL_MS);
  return beats.runs.filter(
    ({ heardMs, lastMs, endMs, declaredMs: own }) =>
      !(endMs !== undefined && endMs >= lastMs) && nowMs - heardMs <= (own ? SILENT_INTERVALS * own : silentMs),
  );
}

/** The longest that a run declares which was still heard when the strategy was last: one that died silently promises nothing. */
function declaredMs({ runs, heardMs }: Beats): number | undefined {
  let longest: number | undefined;
  for (const { declaredMs: own, heardMs: heard, endMs, lastMs } of runs) {
    if (own === undefined || heardMs - heard > SILENT_INTERVALS * own) continue;
    if (endMs !== undefined && endMs >= lastMs && heard !== heardMs) continue; // it ended, others go on
    if (longest === undefined || own > longest) longest = own;
  }
  return longest;
}

function inferredMs({ slots }: Beats): number | undefined {
  const gaps = slots.slice(1).map((slot, at) => (slot - (slots[at] ?? slot)) * SLOT_MS);
  if (gaps.length < LEAST_GAPS) return undefined;
  gaps.sort((a, b) => a - b);
  return Math.max(LEAST_INTERVAL_MS, gaps[Math.ceil(GAP_QUANTILE * gaps.length) - 1] ?? 0);
}

function withSlot(slots: readonly number[], slot: number): readonly number[] {
  let at = slots.length;
  while (at > 0 && (slots[at - 1] ?? slot) > slot) at--;
  if (slots[at - 1] === slot || (at === 0 && slots.length > MOST_GAPS)) return slots;
  return [...slots.slice(0, at), slot, ...slots.slice(at)].slice(-MOST_GAPS - 1);
}

function withRun(runs: readonly BeatRun[], observation: Observation): readonly BeatRun[] {
  const { sessionId: session, arrivedMs, tsMs } = observation;
  const at = runs.findIndex((run) => run.session === session);
  const known = runs[at];
  const run = noticed(known ?? { session, heardMs: arrivedMs, lastMs: tsMs }, observation);
  if (run === known) return runs;
  if (at === runs.length - 1 && known !== undefined) return [...runs.slice(0, -1), run];
  const others = known === undefined ? [...runs] : runs.filter((other) => other !== known);
  return [...others, run].sort(byHeard).slice(-MOST_RUNS);
}

const byHeard = (a: BeatRun, b: BeatRun): number => {
  const [left, right] = [a.session ?? '', b.session ?? ''];
  return a.heardMs - b.heardMs || (left < right ? -1 : left > right ? 1 : 0);
};

/** Whether an event says that its run ends. */
export const saysEnd = ({ stream, fields }: Pick<Observation, 'stream' | 'fields'>): boolean =>
  stream === 'system' ? isSessionEnd(fields.event) : stream === 'health' && fields.session_phase === 'stop';

function noticed(run: BeatRun, observation: Observation): BeatRun {
  const { arrivedMs, tsMs, stream, fields } = observation;
  const ends = saysEnd(observation);
  const declared = stream === 'health' ? heartbeatOf(fields.heartbeat_s) : undefined;
  const newEnd = ends && tsMs > (run.endMs ?? Number.NEGATIVE_INFINITY);
  const newDeclared = declared !== undefined && isNewer({ atMs: tsMs, ms: declared }, run);
  if (arrivedMs <= run.heardMs && tsMs <= run.lastMs && !newEnd && !newDeclared) {
    return run;
  }
  return {
    ...run,
    heardMs: Math.max(run.heardMs, arrivedMs),
    lastMs: Math.max(run.lastMs, tsMs),
    ...(newEnd ? { endMs: tsMs } : undefined),
    ...(newDeclared ? { declaredMs: declared, declaredAtMs: tsMs } : undefined),
  };
}

/** The newest word counts; of two at one moment the longer. */
const isNewer = (word: { atMs: number; ms: number }, { declaredAtMs, declaredMs: ms = 0 }: BeatRun): boolean =>
  declaredAtMs === undefined || word.atMs > declaredAtMs || (word.atMs === declaredAtMs && word.ms > ms);

const heartbeatOf = (seconds: unknown): number | undefined =>
  typeof seconds === 'number' && seconds > 0 && seconds <= MOST_HEARTBEAT_S ? seconds * 1000 : undefined;
