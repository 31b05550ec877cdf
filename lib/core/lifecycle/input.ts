import { NO_CLOCK_DATE } from '../lake/keys.ts';
import { type Input, LEDGER_STREAMS, type LedgerKey, type Place } from './types.ts';

/** Where events without any clock stand: before all others, in the order of their lines. */
export const NO_CLOCK_US = Date.parse(NO_CLOCK_DATE) * 1000;

const STREAMS: ReadonlySet<unknown> = new Set(LEDGER_STREAMS);

const ZERO = 48; // '0'

/** Streams whose events mean something without a clock: they are told apart by their ids and their order. */
const CLOCKLESS: ReadonlySet<unknown> = new Set(['execution', 'order', 'cash_flow']);

/** A line of the lake as the ledger reads it; undefined where it is of no stream of the ledger. */
export function inputOf(event: Readonly<Record<string, unknown>>): Input | undefined {
  if (!STREAMS.has(event.stream) || typeof event.event_id !== 'string') return undefined;
  const us = microseconds(event.ts, event.ts_ms);
  if (us === undefined && !CLOCKLESS.has(event.stream)) return undefined;
  const input = {
    stream: event.stream,
    us: us ?? NO_CLOCK_US,
    seq: typeof event.seq === 'number' ? event.seq : 0,
    id: event.event_id,
    arrivedMs: typeof event.ingested_at === 'string' ? Date.parse(event.ingested_at) : 0,
    event,
  };
  return input as Input; // the lake holds what the catalog says, which is what the transform is there for
}

/** A time of the lake in µs: `ts_ms` and the last three decimals of `ts`. */
export function microseconds(ts: unknown, tsMs: unknown): number | undefined {
  if (typeof ts !== 'string') return undefined;
  const ms = typeof tsMs === 'number' ? tsMs : Date.parse(ts);
  const hundreds = ts.charCodeAt(23) - ZERO;
  const tens = ts.charCodeAt(24) - ZERO;
  const ones = ts.charCodeAt(25) - ZERO;
  const rest = hundreds * 100 + tens * 10 + ones;
  return ms * 1000 + (rest > 0 && rest < 1000 ? rest : 0); // NaN where there are no more than three decimals
}

export const ledgerKeyOf = (event: Readonly<Record<string, unknown>>): LedgerKey => ({
  mode: typeof event.mode === 'string' ? event.mode : null,
  strategyId: typeof event.strategy_id === 'string' ? event.strategy_id : null,
});

/** The one order in which events apply. */
export const comparePlaces = (a: Place, b: Place): number =>
  a.us - b.us || a.seq - b.seq || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
