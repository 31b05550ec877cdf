import { sha256 } from '../../adapters/local/sha256.ts';
import { NightdeskError } from '../../core/errors.ts';
import { ADOPTED, OPENING_BALANCE } from '../../core/lifecycle/fill.ts';
import type { ObjectStore, QueryEngine } from '../../core/ports/index.ts';
import { literal } from '../../core/query/text.ts';
import { isoToInstant } from '../../core/transform/time.ts';
import type { TransformLine, Verdict } from '../../core/transform/types.ts';
import { LakeWriter } from '../import/lake-writer.ts';
import { rowsOf, textOrNull } from '../query/rows.ts';

/** A position that was there before anything is known of it. */
export interface OpeningBalance {
  readonly strategy: string;
  readonly mode: string;
  readonly symbol: string;
  readonly side: 'long' | 'short';
  /** Base units, above 0. */
  readonly qty: number;
  readonly price: number;
  readonly session?: string;
  readonly venue?: string;
  readonly account?: string;
  readonly positionSide?: 'long' | 'short';
  readonly positionId?: string;
  /** ISO 8601. @default - now, unless the same balance was adopted before */
  readonly at?: string;
  readonly note?: string;
}

export interface Adoption {
  readonly eventId: string;
  /** When the position was there. */
  readonly ts: string;
  /** UTC day of the event's partition. */
  readonly date: string;
  /** Whether the same balance is recorded already: then nothing is written. */
  readonly already: boolean;
  readonly verdict: Verdict;
}

export interface AdoptOptions {
  readonly lake: QueryEngine;
  readonly transform: TransformLine;
  readonly nowMs: number;
}

/**
 * What adopting the balance would record: an `execution` event without fee, whose id is made of its facts, so that the same
 * adoption again is a duplicate. Without a time the same facts at any time are the same adoption.
 * @throws CONFIG_INVALID for a time that is none or in the future
 */
export async function planAdoption(
  balance: OpeningBalance,
  { lake, transform, nowMs }: AdoptOptions,
): Promise<Adoption> {
  const { ts, given } = timeOf(balance.at, nowMs);
  const planned = planAt(balance, { ts, transform, nowMs });
  const stored = JSON.parse(planned.verdict.json) as Readonly<Record<string, unknown>>; // accounts may be hashed there
  const same = [
    `source = ${literal(ADOPTED)}`,
    `fill_class = ${literal(OPENING_BALANCE)}`,
    ...[
      'strategy_id',
      'mode',
      'session_id',
      'venue',
      'account_id',
      'symbol',
      'position_side',
      'position_id',
      'side',
    ].map(
      (name) =>
        `${name} is not distinct from ${typeof stored[name] === 'string' ? literal(String(stored[name])) : 'null'}`,
    ),
    `qty = ${balance.qty}`,
    `price = ${balance.price}`,
    ...(given ? [`event_id = ${literal(planned.eventId)}`] : []),
  ];
  const [before] = await rowsOf(
    lake,
    `select event_id, ts, "date" from execution where ${same.join(' and ')} order by ts limit 1`,
  );
  if (before === undefined) return planned;
  return {
    ...planned,
    eventId: String(before.event_id),
    ts: String(before.ts),
    date: String(before.date),
    already: true,
  };
}

/** Brings the event to the lake; durable once it returns. @throws LAKE_UNWRITABLE */
export async function recordAdoption({ verdict }: Adoption, store: ObjectStore): Promise<void> {
  const writer = new LakeWriter({ store, nowMs: Date.now, written: () => undefined });
  writer.add(verdict);
  await writer.flush();
}

function planAt(
  balance: OpeningBalance,
  { ts, transform, nowMs }: { readonly ts: string; readonly transform: TransformLine; readonly nowMs: number },
): Adoption {
  const facts = {
    ts,
    strategy_id: balance.strategy,
    session_id: balance.session ?? null,
    venue: balance.venue ?? null,
    account_id: balance.account ?? null,
    symbol: balance.symbol,
    position_side: balance.positionSide ?? null,
    position_id: balance.positionId ?? null,
    mode: balance.mode,
    side: balance.side === 'long' ? 'buy' : 'sell',
    qty: balance.qty,
    price: balance.price,
  };
  const eventId = `adopt-${sha256(JSON.stringify(Object.values(facts))).slice(0, 16)}`;
  const event = {
    event_id: eventId,
    stream: 'execution',
    schema_version: 1,
    source: ADOPTED,
    seq: 0,
    ...facts,
    result: 'filled',
    fill_class: OPENING_BALANCE,
    fee: 0,
    fee_usd: 0,
    ...(balance.note === undefined ? {} : { note: balance.note }),
  };
  const verdict = transform(JSON.stringify(event), { recordId: eventId, index: 0, arrivedMs: nowMs });
  if (verdict === undefined || verdict.outcome !== 'stored')
    throw new NightdeskError(
      'CONFIG_INVALID',
      `the position cannot be recorded: ${verdict?.reason ?? 'the event is blank'}`,
    );
  return { eventId, ts, date: verdict.date, already: false, verdict };
}

function timeOf(at: string | undefined, nowMs: number): { readonly ts: string; readonly given: boolean } {
  if (at === undefined) return { ts: `${new Date(nowMs).toISOString().slice(0, 19)}Z`, given: false };
  const instant = isoToInstant(/^\d{4}-\d{2}-\d{2}$/.test(at) ? `${at}T00:00:00Z` : at);
  if (instant === undefined || instant.naive)
    throw new NightdeskError(
      'CONFIG_INVALID',
      `--at must be a time with its zone such as 2025-11-21T09:30:00Z, got ${at}`,
    );
  if (instant.us > nowMs * 1000)
    throw new NightdeskError('CONFIG_INVALID', `--at must not lie in the future, got ${at}`);
  return { ts: at.length === 10 ? `${at}T00:00:00Z` : at, given: true };
}

/** What tells a strategy's books of one symbol apart. */
export interface BookFacts {
  readonly venue: string | null;
  readonly account: string | null;
  readonly positionSide: string | null;
  readonly positionId: string | null;
}

/** The books of a symbol that fills are known of: a balance in another book would never meet them. */
export async function booksOf(lake: QueryEngine, { strategy, mode, symbol }: OpeningBalance): Promise<BookFacts[]> {
  const rows = await rowsOf(
    lake,
    `select distinct venue, account_id, nullif(position_side, 'both') as position_side, position_id from execution ` +
      `where strategy_id = ${literal(strategy)} and mode = ${literal(mode)} and symbol = ${literal(symbol)} and qty > 0 ` +
      `and source is distinct from ${literal(ADOPTED)} order by all`,
  );
  return rows.map((row) => ({
    venue: textOrNull(row.venue),
    account: textOrNull(row.account_id),
    positionSide: textOrNull(row.position_side),
    positionId: textOrNull(row.position_id),
  }));
}

/**
 * The balance with what its strategy's fills say of the book and the options do not.
 * @throws CONFIG_INVALID where several books fit, or fills are known and none fits
 */
export function inBook(balance: OpeningBalance, books: readonly BookFacts[]): OpeningBalance {
  if (books.length === 0) return balance;
  const fitting = books.filter(
    (book) =>
      (balance.venue ?? book.venue) === book.venue &&
      (balance.account ?? book.account) === book.account &&
      (balance.positionId ?? book.positionId) === book.positionId &&
      (book.positionSide === null ? balance.positionSide === undefined : book.positionSide === balance.side),
  );
  const [book, second] = fitting;
  if (book === undefined || second !== undefined)
    throw new NightdeskError(
      'CONFIG_INVALID',
      `fills of ${balance.strategy} in ${balance.symbol} are in ${second === undefined ? 'other books' : 'several books'}: ` +
        `${(second === undefined ? books : fitting).map(bookText).join('; ')}. Say which with --venue, --account, --position-side or --position-id`,
    );
  return {
    ...balance,
    ...(book.venue === null ? {} : { venue: book.venue }),
    ...(book.account === null ? {} : { account: book.account }),
    ...(book.positionSide === 'long' || book.positionSide === 'short' ? { positionSide: book.positionSide } : {}),
    ...(book.positionId === null ? {} : { positionId: book.positionId }),
  };
}

const bookText = ({ venue, account, positionSide, positionId }: BookFacts): string =>
  [
    `venue ${venue ?? 'not given'}`,
    `account ${account ?? 'not given'}`,
    ...(positionSide === null ? [] : [`side ${positionSide}`]),
    ...(positionId === null ? [] : [`position ${positionId}`]),
  ].join(', ');
