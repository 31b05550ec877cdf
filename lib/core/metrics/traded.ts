import type { Observation } from '../alerts/types.ts';
import type { SignalSource } from './names.ts';
import { tradeSourceOf } from './sources.ts';

// Trades and orders of the ledger, each once. Rows are revisions: the ledger writes a trade again whenever it learns more.
// So the ids of those that began lately are kept in the state of the strategy, which compare-and-swap keeps from counting
// twice; what is older than the oldest that was forgotten is never counted.

/** Ids that were counted. JSON. */
export interface Counted {
  readonly ids: readonly (readonly [id: string, atMs: number])[];
  /** What began before is known, or too old to count. */
  readonly floorMs: number;
}

export const NOTHING_COUNTED: Counted = { ids: [], floorMs: Number.MIN_SAFE_INTEGER };

/** How long ago a trade may have begun when its first row is written: the lateness of the ledger, which waits for late fills, and more. */
export const MOST_AGE_MS = 45 * 60_000;
const MOST_IDS = 200;

/** Notes an id. @returns undefined where it was counted before, or may have been */
export function countOnce(counted: Counted, id: string, atMs: number): Counted | undefined {
  if (atMs < counted.floorMs || counted.ids.some(([known]) => known === id)) return undefined;
  const ids = [...counted.ids, [id, atMs] as const].sort(([, a], [, b]) => a - b);
  const newestMs = ids.at(-1)?.[1] ?? atMs;
  let floorMs = counted.floorMs;
  let gone = 0;
  while (gone < ids.length - MOST_IDS || (ids[gone]?.[1] ?? newestMs) < newestMs - 2 * MOST_AGE_MS) {
    floorMs = Math.max(floorMs, (ids[gone]?.[1] ?? floorMs) + 1);
    gone++;
  }
  return { ids: ids.slice(gone), floorMs };
}

/** What a row of `trade_lifecycle` says of one trade. */
export interface TradeFacts {
  readonly id: string;
  readonly openedMs: number;
  readonly source: SignalSource;
  /** Known once it is closed. */
  readonly closed?: { readonly atMs: number; readonly netUsd: number; readonly netBps: number };
}

const isOpenToChange = ({ retracted, provisional }: Observation['fields']): boolean =>
  retracted === true || provisional === true;
const timeOf = (value: unknown): number => (typeof value === 'string' ? Date.parse(value) : Number.NaN);
const finite = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/**
 * Undefined for rows that are withdrawn, for trades that were opened before anything is known, which count in no total,
 * and while fills of the book still wait for late ones: the trade may turn out to be another, with another id.
 */
export function tradeOf({ stream, fields }: Observation): TradeFacts | undefined {
  if (stream !== 'trade_lifecycle' || isOpenToChange(fields) || fields.entry_unknown === true) return undefined;
  const { trade_id: id, net_pnl_usd: netUsd, net_pnl_bps: netBps } = fields;
  const openedMs = timeOf(fields.entry_ts);
  if (typeof id !== 'string' || Number.isNaN(openedMs)) return undefined;
  const source = tradeSourceOf(fields.entry_signal_source);
  const atMs = timeOf(fields.exit_ts);
  if (fields.status !== 'closed' || Number.isNaN(atMs) || !finite(netUsd) || !finite(netBps))
    return { id, openedMs, source };
  return { id, openedMs, source, closed: { atMs, netUsd, netBps } };
}

/** One closed trade of a source. JSON. */
export type Closed = readonly [id: string, atMs: number, won: 0 | 1, netBps: number];

const MOST_CLOSED = 30;

/** The newest closed trades of a source; a later row of a trade replaces its earlier one. */
export function withClosed(known: readonly Closed[], { id, closed }: TradeFacts): readonly Closed[] {
  if (closed === undefined) return known;
  const one: Closed = [id, closed.atMs, closed.netUsd > 0 ? 1 : 0, closed.netBps];
  return [...known.filter(([other]) => other !== id), one]
    .sort(([a, aMs], [b, bMs]) => aMs - bMs || (a < b ? -1 : 1))
    .slice(-MOST_CLOSED);
}

/** What a row of `order_lifecycle` says of one order. */
export function orderOf({
  stream,
  eventId,
  fields,
}: Observation): { id: string; atMs: number; rejected: boolean } | undefined {
  if (stream !== 'order_lifecycle' || isOpenToChange(fields)) return undefined;
  const atMs = finite(fields.ts_ms) ? fields.ts_ms : timeOf(fields.ts);
  if (Number.isNaN(atMs) || fields.status === 'intended') return undefined; // no order left the bot yet
  return { id: eventId, atMs, rejected: fields.status === 'rejected' };
}
