import type { QueryEngine } from '../../core/ports/index.ts';
import { literal } from '../../core/query/text.ts';
import { type CellRow, countOf, rowsOf, textOrNull } from '../query/rows.ts';
import { type TradeFilters, tradeCondition } from './filters.ts';
import { fillsOf } from './find.ts';
import type { LastPrice, LastPrices, Priced } from './prices.ts';
import { numberOrNull } from './text.ts';

/** What is held in one book (semantics 2); figures of several books are never added. */
export interface Position {
  readonly mode: string | null;
  readonly venue: string | null;
  readonly account_id: string | null;
  readonly strategy_id: string | null;
  /** Where the position ends with its run. */
  readonly session_id: string | null;
  readonly symbol: string | null;
  readonly position_side: string | null;
  readonly position_id: string | null;
  /** Where a run keeps an account per timeframe. */
  readonly timeframe: string | null;
  readonly status: 'open' | 'abandoned';
  /** Base units; short is negative. */
  readonly qty: number;
  readonly avg_px: number | null;
  readonly last_px: number | null;
  readonly last_px_source: LastPrice['source'] | null;
  /** When that price was seen, and how long ago, s; null for a fill without a clock. */
  readonly last_px_ts: string | null;
  readonly last_px_age_s: number | null;
  /** At that price, before costs; null without a price or a rate to dollars. */
  readonly unrealized_pnl_usd: number | null;
  /** Entry of its oldest open trade. */
  readonly opened_ts: string | null;
  readonly age_s: number | null;
  readonly trades: number;
  readonly provisional: boolean;
}

const BOOK = ['mode', 'venue', 'account_id', 'strategy_id', 'symbol', 'position_side', 'position_id'] as const;

/** Columns of a trade that a position is made of. */
const OF_TRADE = [
  ...BOOK,
  'trade_id',
  'session_id',
  'scope',
  'timeframe',
  'status',
  '"date"',
  'entry_ts',
  'entry_px',
  'entry_qty',
  'entry_notional',
  'position_qty',
  'avg_px',
  'last_px',
  'settle_usd_rate',
  'instrument_kind',
  'provisional',
  'fills',
];

/** The open trades that fit, and with `all` those that their run left open. */
export async function openTrades(lake: QueryEngine, filters: TradeFilters, all: boolean): Promise<CellRow[]> {
  const open =
    `status in ('open'${all ? ", 'abandoned'" : ''}) and not coalesce(entry_unknown, false) ` +
    `and ${tradeCondition(filters)}`;
  // Open trades lie in few days, and only the objects of these need be read whole.
  const days = (await rowsOf(lake, `select distinct "date" from trade_lifecycle where ${open}`)).map(({ date }) =>
    String(date),
  );
  if (days.length === 0) return [];
  return rowsOf(
    lake,
    `select ${OF_TRADE.join(', ')} from trade_lifecycle where "date" in (${days.map(literal).join(', ')}) and ${open} ` +
      'order by mode nulls last, strategy_id, symbol, venue, account_id, entry_ts, trade_id',
  );
}

/** Trades that reduced a position nobody knows the opening of. */
export async function unknownEntries(lake: QueryEngine, filters: TradeFilters): Promise<number> {
  const [row] = await rowsOf(
    lake,
    `select count(*) as n from trade_lifecycle where entry_unknown and ${tradeCondition(filters)}`,
  );
  return countOf(row?.n);
}

/** The books of open trades. A trade of several books is none: each belongs to exactly one. */
export function positionsOf(trades: readonly CellRow[], prices: LastPrices, nowMs: number): Position[] {
  const books = new Map<string, CellRow[]>();
  for (const trade of trades) {
    const key = JSON.stringify([
      ...BOOK.map((name) => trade[name] ?? null),
      trade.scope === 'session' ? (trade.session_id ?? null) : null,
      accountTimeframe(trade),
      trade.status,
    ]);
    books.set(key, [...(books.get(key) ?? []), trade]);
  }
  return [...books.values()].map((book) => positionOf(book, prices, nowMs));
}

/** One process of some bots runs a paper account per timeframe, under no name of its own. */
const accountTimeframe = (trade: CellRow): string | null =>
  trade.scope === 'session' && textOrNull(trade.account_id) === null ? textOrNull(trade.timeframe) : null;

export const pricedOf = (trade: CellRow): Priced => ({
  mode: textOrNull(trade.mode),
  venue: textOrNull(trade.venue),
  symbol: textOrNull(trade.symbol),
});

function positionOf(trades: readonly CellRow[], prices: LastPrices, nowMs: number): Position {
  const first = trades[0] ?? {};
  const of = (name: string): string | null => textOrNull(first[name]);
  const market = prices.of(pricedOf(first));
  const filled = newestFill(trades);
  const last = market !== undefined && (filled === undefined || market.ts >= filled.ts) ? market : filled;
  const price = last?.price ?? lastPriceOf(trades);
  const opened = trades.flatMap(({ entry_ts }) => (typeof entry_ts === 'string' ? [entry_ts] : [])).sort()[0] ?? null;
  const age = (ts: string | null): number | null => (ts === null ? null : (nowMs - Date.parse(ts)) / 1000);
  return {
    mode: of('mode'),
    venue: of('venue'),
    account_id: of('account_id'),
    strategy_id: of('strategy_id'),
    session_id: first.scope === 'session' ? of('session_id') : null,
    symbol: of('symbol'),
    position_side: of('position_side'),
    position_id: of('position_id'),
    timeframe: accountTimeframe(first),
    status: first.status === 'abandoned' ? 'abandoned' : 'open',
    qty: sum(trades.map((trade) => heldOf(trade))) ?? 0,
    avg_px: averageOf(trades),
    last_px: price,
    last_px_source: last?.source ?? (price === null ? null : 'fill'),
    last_px_ts: last?.ts ?? null,
    last_px_age_s: age(last?.ts ?? null),
    unrealized_pnl_usd: price === null ? null : sum(trades.map((trade) => unrealizedAt(trade, price))),
    opened_ts: opened,
    age_s: age(opened),
    trades: trades.length,
    provisional: trades.some(({ provisional }) => provisional === true),
  };
}

const heldOf = (trade: CellRow): number => numberOrNull(trade.position_qty) ?? 0;

/** Known only where every part is. */
const sum = (parts: readonly (number | null)[]): number | null =>
  parts.reduce((total: number | null, part) => (total === null || part === null ? null : total + part), 0);

/** By quantity; of inverse instruments the harmonic mean, so that the PnL of the whole is that of its parts. */
function averageOf(trades: readonly CellRow[]): number | null {
  const inverse = trades[0]?.instrument_kind === 'inverse';
  let quantity = 0;
  let weighted = 0;
  for (const trade of trades) {
    const price = numberOrNull(trade.avg_px);
    if (price === null) return null;
    const held = Math.abs(heldOf(trade));
    quantity += held;
    weighted += inverse ? held / price : held * price;
  }
  if (quantity === 0) return null;
  return inverse ? quantity / weighted : weighted / quantity;
}

/** The newest fill of these trades that has a clock. */
function newestFill(trades: readonly CellRow[]): LastPrice | undefined {
  const fills = trades.flatMap(fillsOf).flatMap(({ ts, price }): LastPrice[] => {
    const value = numberOrNull(price);
    return typeof ts === 'string' && value !== null ? [{ ts, price: value, source: 'fill' }] : [];
  });
  return fills.sort((a, b) => (a.ts < b.ts ? 1 : -1))[0];
}

const lastPriceOf = (trades: readonly CellRow[]): number | null => numberOrNull(trades.at(-1)?.last_px);

/**
 * PnL of what a trade holds at a price, in dollars (semantics 2): q·m·(p − avg) in the settle asset, inverse
 * q·m·(1/avg − 1/p). The multiplier is that of the trade's own notional. The rate is that of the last fill; where the
 * settle asset is the base itself it moves with the price.
 */
export function unrealizedAt(trade: CellRow, price: number): number | null {
  const average = numberOrNull(trade.avg_px);
  const rate = numberOrNull(trade.settle_usd_rate);
  const multiplier = multiplierOf(trade);
  if (average === null || rate === null || multiplier === null || average <= 0) return null;
  const held = heldOf(trade) * multiplier;
  if (trade.instrument_kind !== 'inverse') return held * (price - average) * rate;
  const lastFill = numberOrNull(trade.last_px);
  return lastFill === null || lastFill <= 0 ? null : held * (1 / average - 1 / price) * rate * (price / lastFill);
}

/** Notional over quantity times price, summed over the opening fills. */
function multiplierOf(trade: CellRow): number | null {
  const notional = numberOrNull(trade.entry_notional);
  const quantity = numberOrNull(trade.entry_qty);
  const price = numberOrNull(trade.entry_px);
  if (notional === null || quantity === null || price === null || quantity <= 0 || price <= 0) return null;
  if (trade.instrument_kind !== 'inverse') return notional / (quantity * price);
  const opening = fillsOf(trade).filter(({ role }) => role === 'open' || role === 'add');
  const named = sum(opening.map(({ qty }) => numberOrNull(qty)));
  // Of a trade with more fills than it names the average price has to do.
  if (named === null || Math.abs(named - quantity) > quantity * 1e-9) return (notional * price) / quantity;
  const parts = sum(opening.map((fill) => (numberOrNull(fill.qty) ?? 0) / (numberOrNull(fill.price) ?? Number.NaN)));
  return parts === null || !(parts > 0) ? null : notional / parts;
}
