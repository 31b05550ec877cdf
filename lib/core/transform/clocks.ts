import type { Findings } from './findings.ts';
import type { JsonObject } from './json.ts';
import { timeframeMs } from './time.ts';
import type { Reason, TransformConfig } from './types.ts';

type ClockName = 'ts' | 'emitted_at' | 'bar_ts';

interface Clock {
  readonly ts: string;
  readonly tsMs: number;
  readonly source: ClockName;
}

interface Context {
  readonly findings: Findings;
  readonly arrivedMs: number;
  readonly settings: TransformConfig;
}

/** Bars after which a bar's time counts as old: the bar closes one later, and real bots wrote up to 2.3 bars late. */
const BARS_LATE = 3;

/** When an event happened, as far as is known. */
export interface Happened {
  /** Undefined where the event has no clock at all. */
  readonly ts: string | undefined;
  readonly tsMs: number | undefined;
  readonly source: ClockName | 'none';
  /** Why the event may not come in by this door. */
  readonly refused: { readonly reason: Reason; readonly detail: string } | undefined;
}

const NO_CLOCK: Happened = { ts: undefined, tsMs: undefined, source: 'none', refused: undefined };

/**
 * Chooses the clock: `ts` falls back to the next one and says so, and stays null where there is none. Flags a naive time
 * and keeps the bot's local spelling in the event.
 */
export function whenHappened(event: JsonObject, context: Context): Happened {
  const { findings } = context;
  if (findings.naive) event.ts_naive = true;
  if (findings.tsUs !== undefined) return happened(event, ['ts', findings.tsUs, findings.writtenTs], context);
  if (findings.emittedUs !== undefined)
    return happened(event, ['emitted_at', findings.emittedUs, findings.writtenEmitted], context);
  if (findings.barUs !== undefined) return happened(event, ['bar_ts', findings.barUs, findings.writtenBar], context);
  return NO_CLOCK;
}

function happened(event: JsonObject, [source, us, local]: [ClockName, number, unknown], context: Context): Happened {
  const ts = event[source] as string;
  const tsMs = Math.floor(us / 1000);
  if (typeof local === 'string' && local !== ts && local.length >= 19 && !local.endsWith('Z')) event.ts_local ??= local;
  return { ts, tsMs, source, refused: outsideDoor(event, { ts, tsMs, source }, context) };
}

function outsideDoor(
  event: JsonObject,
  { ts, tsMs, source }: Clock,
  { arrivedMs, settings, findings }: Context,
): Happened['refused'] {
  if (tsMs > arrivedMs + settings.maxSkewMs)
    return { reason: 'clock_skew', detail: `ts ${ts} is ahead of its arrival by ${duration(tsMs - arrivedMs)}` };
  if (settings.maxEventAgeMs === undefined) return undefined;
  const { emittedUs } = findings;
  const knownSinceMs =
    emittedUs === undefined ? tsMs + (source === 'bar_ts' ? barsLateMs(event.timeframe) : 0) : emittedUs / 1000;
  const partitionAgeMs = arrivedMs - tsMs;
  const ageMs = partitionAgeMs > MOST_PARTITION_AGE_MS ? partitionAgeMs : arrivedMs - knownSinceMs;
  if (ageMs <= settings.maxEventAgeMs) return undefined;
  return {
    reason: 'too_old',
    detail: `the event is ${duration(ageMs)} old, this door takes ${duration(settings.maxEventAgeMs)}: use nightdesk import`,
  };
}

/**
 * Days back that a door with a limit ever writes, in ms, whenever the event was emitted: as many as its views look at. A
 * quarter's bar is reported within it; whoever emits older events anew replays history, which is imported.
 */
export const MOST_PARTITION_AGE_MS = 400 * 86_400_000;

/** A bar's time says when it opened: the bot can have written about it up to three bars later. */
const barsLateMs = (timeframe: unknown): number =>
  typeof timeframe === 'string' ? BARS_LATE * (timeframeMs(timeframe) ?? 0) : 0;

const duration = (ms: number): string =>
  ms >= 86_400_000
    ? `${(ms / 86_400_000).toFixed(1)} d`
    : ms >= 3_600_000
      ? `${(ms / 3_600_000).toFixed(1)} h`
      : `${(ms / 1000).toFixed(1)} s`;
