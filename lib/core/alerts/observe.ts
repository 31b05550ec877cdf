import type { LakeRecord } from '../lake/read.ts';
import { timeframeMs } from '../transform/time.ts';
import type { Verdict } from '../transform/types.ts';
import type { Observation } from './types.ts';

// What the alerts see of an event, from the transform's verdict (at once) and from the lake (the guarantee). Both ways
// give the same identity, so that whoever folds them counts an event once.

/** A bar's time says when it opened: it is told of when it has closed, and real bots then took up to a bar more (semantics 1). */
const BARS_LATE = 2;

/**
 * What a verdict says, without reading its line again. Undefined where the event has no clock, and where the verdict
 * carries no facts.
 */
export function observationOfVerdict({ json, stream, facts }: Verdict): Observation | undefined {
  if (facts === undefined || facts.tsMs === null) return undefined;
  const { event, tsMs, arrivedMs } = facts;
  const eventId = headOf(json);
  if (eventId === undefined) return undefined;
  const barMs = json.startsWith(BAR_CLOCK, json.indexOf(CLOCK) + CLOCK.length) ? barOf(event.timeframe) : undefined;
  return observation(event, { stream, eventId, tsMs, arrivedMs, barMs });
}

/** What a line of the lake says; a derived row's moment is that of what it tells of. Undefined where it has no clock. */
export function observationOfRecord(record: LakeRecord): Observation | undefined {
  const { stream, event_id: eventId, ts_source } = record;
  if (typeof stream !== 'string' || typeof eventId !== 'string') return undefined;
  const tsMs = momentOf(stream, record);
  if (tsMs === undefined) return undefined;
  const arrivedMs = timeOf(record.ingested_at) ?? tsMs;
  const barMs = ts_source === 'bar_ts' ? barOf(record.timeframe) : undefined;
  return observation(record, { stream, eventId, tsMs, arrivedMs, barMs });
}

/**
 * Whether an event was old already when it came in: such events are history and raise nothing (semantics 1). Where only
 * the open of a bar is known it has two bars more; one whose bar has no known length has none.
 */
export const isHistory = ({ tsMs, arrivedMs, barMs = 0 }: Observation, maxAgeMs: number): boolean =>
  arrivedMs - tsMs - BARS_LATE * barMs > maxAgeMs;

interface About {
  readonly stream: string;
  readonly eventId: string;
  readonly tsMs: number;
  readonly arrivedMs: number;
  readonly barMs: number | undefined;
}

function observation(
  fields: Readonly<Record<string, unknown>>,
  { stream, eventId, tsMs, arrivedMs, barMs }: About,
): Observation {
  return {
    mode: textOf(fields.mode),
    strategyId: textOf(fields.strategy_id),
    stream,
    sessionId: textOf(fields.session_id),
    symbol: textOf(fields.symbol),
    eventId,
    tsMs,
    arrivedMs,
    ...(barMs === undefined ? undefined : { barMs }),
    fields,
  };
}

const HEAD = '{"event_id":"';
/** Inside a text its quotes would be escaped: the first one is the stamp's own. */
const CLOCK = '"ts_source":"';
const BAR_CLOCK = 'bar_ts"';
const QUOTE = 34;
const BACKSLASH = 92;

/** The id a line begins with; parsed only where it holds an escape. */
function headOf(json: string): string | undefined {
  if (!json.startsWith(HEAD)) return undefined;
  let escaped = false;
  for (let at = HEAD.length; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) return escaped ? unescaped(json.slice(HEAD.length - 1, at + 1)) : json.slice(HEAD.length, at);
    if (code === BACKSLASH) {
      escaped = true;
      at++;
    }
  }
  return undefined;
}

function unescaped(quoted: string): string | undefined {
  try {
    return textOf(JSON.parse(quoted)) ?? undefined;
  } catch {
    return undefined;
  }
}

/**
 * A trade tells of its exit, an order of its end: their `ts` is when they began, which may be days ago. Of a row that is
 * taken back only the day is left: that it is taken back is news of when it came.
 */
function momentOf(stream: string, record: LakeRecord): number | undefined {
  if (record.retracted === true) return timeOf(record.ingested_at) ?? ownMoment(record);
  if (stream === 'trade_lifecycle') return timeOf(record.exit_ts) ?? ownMoment(record);
  if (stream === 'order_lifecycle')
    return (
      timeOf(record.ended_ts) ??
      timeOf(record.last_fill_ts) ??
      timeOf(record.acked_ts) ??
      timeOf(record.submitted_ts) ??
      ownMoment(record)
    );
  return ownMoment(record);
}

const ownMoment = ({ ts, ts_ms }: LakeRecord): number | undefined =>
  typeof ts_ms === 'number' && Number.isFinite(ts_ms) ? ts_ms : timeOf(ts);

/** A time of the lake, ms; NaN where it is none. */
export const lakeMs = (value: unknown): number => (typeof value === 'string' ? Date.parse(value) : Number.NaN);

function timeOf(value: unknown): number | undefined {
  const ms = lakeMs(value);
  return Number.isNaN(ms) ? undefined : ms;
}

const barOf = (timeframe: unknown): number | undefined =>
  typeof timeframe === 'string' ? timeframeMs(timeframe) : undefined;

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
