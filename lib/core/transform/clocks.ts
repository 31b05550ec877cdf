import { type Findings, readInstant } from './coerce.ts';
import type { JsonObject } from './json.ts';
import { formatUs, isoToInstant, timeframeMs } from './time.ts';
import type { Reason, TransformConfig } from './types.ts';

interface Context {
  readonly findings: Findings;
  readonly arrivedMs: number;
  readonly settings: TransformConfig;
}

const CLOCKS = ['ts', 'emitted_at', 'bar_ts'] as const;

/** The clocks of a record as the bot wrote them. */
export type RawClocks = Readonly<Record<(typeof CLOCKS)[number], unknown>>;
export const clocksOf = ({ ts, emitted_at, bar_ts }: JsonObject): RawClocks => ({ ts, emitted_at, bar_ts });
/** Bars after which a bar's time counts as old: the bar closes one later, and real bots wrote up to 2.3 bars late. */
const BARS_LATE = 3;

/**
 * Sets `ts`, `ts_ms`, `ts_source` and `ingested_at`: `ts` falls back to the next clock and says so, and stays null where
 * there is none. `raw` holds the clocks as the bot wrote them. @returns why the event may not come in by this door.
 */
export function stampClocks(event: JsonObject, raw: RawClocks, context: Context): { reason: Reason; detail: string } | undefined {
  const { findings, arrivedMs } = context;
  const clock = CLOCKS.find((name) => typeof event[name] === 'string');
  event.ts_source = clock ?? 'none';
  event.ingested_at = formatUs(arrivedMs * 1000);
  if (findings.naive) event.ts_naive = true;
  if (clock === undefined) {
    event.ts = null;
    event.ts_ms = null;
    return undefined;
  }
  const text = event[clock] as string;
  const ms = Math.floor((isoToInstant(text)?.us ?? 0) / 1000);
  event.ts = text;
  event.ts_ms = ms;
  const local = raw[clock];
  if (typeof local === 'string' && !local.endsWith('Z') && event.ts_local === undefined && readInstant(local, findings)) event.ts_local = local;
  return outsideDoor(event, ms, context);
}

function outsideDoor(event: JsonObject, ms: number, { arrivedMs, settings }: Context) {
  if (ms > arrivedMs + settings.maxSkewMs)
    return { reason: 'clock_skew' as const, detail: `ts ${String(event.ts)} is ahead of its arrival by ${duration(ms - arrivedMs)}` };
  if (settings.maxEventAgeMs === undefined) return undefined;
  const ageMs = arrivedMs - knownSinceMs(event, ms);
  if (ageMs <= settings.maxEventAgeMs) return undefined;
  return { reason: 'too_old' as const, detail: `the event is ${duration(ageMs)} old, this door takes ${duration(settings.maxEventAgeMs)}: use nightdesk import` };
}

/** When the bot can have written the event at the latest: `emitted_at`, else the bar's time plus three bars. */
function knownSinceMs(event: JsonObject, ms: number): number {
  if (typeof event.emitted_at === 'string') return Math.floor((isoToInstant(event.emitted_at)?.us ?? 0) / 1000);
  if (event.ts_source !== 'bar_ts' || typeof event.timeframe !== 'string') return ms;
  return ms + BARS_LATE * (timeframeMs(event.timeframe) ?? 0);
}

const duration = (ms: number): string =>
  ms >= 86_400_000 ? `${(ms / 86_400_000).toFixed(1)} d` : ms >= 3_600_000 ? `${(ms / 3_600_000).toFixed(1)} h` : `${(ms / 1000).toFixed(1)} s`;
