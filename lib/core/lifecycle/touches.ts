import type { EventOf } from '../catalog/index.ts';
import { dateOf, NO_CLOCK_DATE, parseKey } from '../lake/keys.ts';
import { timeframeMs } from '../transform/time.ts';
import { ledgerKeyOf, microseconds } from './input.ts';
import { keyOf, MAX_SYMBOLS, momentOf, only, rowOf, textOf } from './sessions.ts';
import type { DerivedRow, LedgerKey, LedgerTools, Touch } from './types.ts';

/** What one object holds of the runs of one (mode, strategy). */
export interface TouchesOfKey {
  readonly key: LedgerKey;
  readonly touches: readonly Touch[];
}

interface Seen {
  readonly ids: Set<string>;
  firstUs: number;
  lastUs: number;
  noClock: number;
  readonly symbols: Set<string>;
  timeframe?: string;
}

/**
 * What one object of the lake holds of each run, by the ledger it belongs to. An event that lies in the object twice counts
 * once; events without a run are passed over.
 */
export function touchesOf(
  objectKey: string,
  stream: string,
  events: Iterable<Readonly<Record<string, unknown>>>,
): TouchesOfKey[] {
  const byKey = new Map<string, { key: LedgerKey; runs: Map<string, Seen> }>();
  for (const event of events) {
    if (typeof event.session_id !== 'string') continue;
    const key = ledgerKeyOf(event);
    const name = JSON.stringify([key.mode, key.strategyId]);
    let part = byKey.get(name);
    if (part === undefined) {
      part = { key, runs: new Map() };
      byKey.set(name, part);
    }
    let seen = part.runs.get(event.session_id);
    if (seen === undefined) {
      seen = {
        ids: new Set(),
        firstUs: Number.POSITIVE_INFINITY,
        lastUs: Number.NEGATIVE_INFINITY,
        noClock: 0,
        symbols: new Set(),
      };
      part.runs.set(event.session_id, seen);
    }
    see(seen, event);
  }
  return [...byKey.values()].map(({ key, runs }) => ({
    key,
    touches: [...runs].map(([session, seen]) => touchOf(session, seen, { objectKey, stream })),
  }));
}

function see(seen: Seen, event: Readonly<Record<string, unknown>>): void {
  const id = String(event.event_id);
  if (seen.ids.has(id)) return;
  seen.ids.add(id);
  const us = microseconds(event.ts, event.ts_ms);
  if (us === undefined) seen.noClock++;
  else {
    seen.firstUs = Math.min(seen.firstUs, us);
    seen.lastUs = Math.max(seen.lastUs, us);
  }
  if (typeof event.symbol === 'string') seen.symbols.add(event.symbol);
  const { timeframe } = event;
  if (typeof timeframe === 'string' && isLonger(timeframe, seen.timeframe)) seen.timeframe = timeframe;
}

/** Of several the longest: it decides how long a run may be silent. */
function isLonger(name: string, than: string | undefined): boolean {
  if (than === undefined) return true;
  const apart = (timeframeMs(name) ?? 0) - (timeframeMs(than) ?? 0);
  return apart === 0 ? name > than : apart > 0;
}

const touchOf = (
  session: string,
  { ids, firstUs, lastUs, noClock, symbols, timeframe }: Seen,
  object: { objectKey: string; stream: string },
): Touch => ({
  session,
  ...object,
  ...(firstUs <= lastUs ? { firstUs, lastUs } : {}),
  events: ids.size,
  noClock,
  symbols: [...symbols].sort().slice(0, MAX_SYMBOLS),
  ...(timeframe === undefined ? {} : { timeframe }),
});

/** The row by which a timeline finds the object: one per object and run, in the day of the object. */
export function touchRow(key: LedgerKey, touch: Touch, { sha256 }: LedgerTools): DerivedRow {
  const { session, objectKey, stream, firstUs, lastUs, events, noClock, symbols, timeframe } = touch;
  const own = sha256(JSON.stringify([key.mode, key.strategyId, session, objectKey])).slice(0, 32);
  const day = firstUs === undefined ? NO_CLOCK_DATE : dateOf(firstUs / 1000);
  const event: EventOf<'session'> = {
    ...momentOf(firstUs),
    ...keyOf(key),
    event_id: `object:${own}`,
    stream: 'session',
    schema_version: 1,
    session_id: session,
    symbol: only(symbols),
    timeframe: timeframe ?? null,
    entry: 'object',
    first_ts: textOf(firstUs),
    last_ts: textOf(lastUs),
    object_key: objectKey,
    object_stream: stream,
    events,
    no_clock: noClock,
    symbols: [...symbols],
  };
  return rowOf(parseKey(objectKey)?.date ?? day, event);
}
