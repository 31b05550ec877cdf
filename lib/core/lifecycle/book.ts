import type { Book, BookFill, FillCosts, OpenTrade, Step, Sum, SumOrNull, TradeMoney } from './book-types.ts';
import { averaged, notionalOf, openUnits, pnlOf } from './money.ts';
import { quantityOf, unitsOf } from './quantity.ts';
import { addOrNull, addTo, emptySum, openSum, type SavedSum } from './sum.ts';
import type { Instrument, TradeMethod } from './types.ts';

export { netUsd, unrealized, unrealizedUsd } from './money.ts';

/** A position is flat below one part in so many of its peak, where nothing says how fine its quantities are (semantics 2). */
const FLAT_OF_PEAK = 1_000_000_000n;

export const emptyBook = <T>(): Book<T> => ({ units: 0n, trades: [] });

/**
 * Applies a fill, in place (semantics 2). The same side opens or adds at average cost; the other side reduces, closes, and
 * opens the rest. With `fifo` each opening fill is a trade of its own and the oldest is closed first; `position_id` is
 * average cost, for the owner keeps a book per position. What a reducing fill finds nothing to reduce with opens nothing:
 * step `unknown`. Dust (less than half a lot, else than 1e-9 of the peak) goes with the trade it is left over from,
 * whether position or fill left it: the book is exactly 0 then. Costs are split by quantity.
 * @param about what the owner keeps of a trade that the fill opens
 * @returns what happened, in order; the shares add up to 1
 */
export function applyFill<T>(
  book: Book<T>,
  fill: BookFill,
  instrument: Instrument,
  method: TradeMethod,
  about: (kind: Step['kind']) => T,
): Step<T>[] {
  const [current] = book.trades;
  const direction = fill.side === 'buy' ? 'long' : 'short';
  if (current !== undefined && current.direction !== direction) return turn(book, fill, instrument, about);
  if (fill.reduceOnly) return [unknown(fill.units, 1)];
  const part = { units: fill.units, share: 1 };
  if (current === undefined || method === 'fifo') return [open(book, fill, part, instrument, about)];
  book.units += direction === 'long' ? fill.units : -fill.units;
  enter(current.money, fill, part, instrument);
  return [{ kind: 'add', ...part, trade: current, gross: 0, grossUsd: 0 }];
}

/** The part of a fill that a trade takes. */
interface Part {
  readonly units: bigint;
  readonly share: number;
}

/** A fill against the position: closes from the oldest trade on, and opens what is left. */
function turn<T>(book: Book<T>, fill: BookFill, instrument: Instrument, about: (kind: Step['kind']) => T): Step<T>[] {
  const { trades } = book;
  const steps: Step<T>[] = [];
  const sign = fill.side === 'buy' ? 1n : -1n;
  let rest = fill.units;
  let share = 1;
  let closed = 0;
  for (const trade of trades) {
    const held = openUnits(trade.money);
    const dust = dustOf(trade.money, instrument);
    const units = rest < held ? rest : held;
    rest -= units;
    if (rest <= dust && closed === trades.length - 1) rest = 0n;
    const part = { units, share: rest === 0n ? share : Number(units) / Number(fill.units) };
    share -= part.share;
    const closes = held - units <= dust;
    book.units += sign * (closes ? held : units);
    if (closes) closed++;
    steps.push(leave(trade, fill, part, instrument, closes ? 'close' : 'reduce'));
    if (rest === 0n) break;
  }
  if (closed > 0) trades.splice(0, closed);
  if (rest === 0n) return steps;
  const part = { units: rest, share };
  steps.push(fill.reduceOnly ? unknown(rest, share) : open(book, fill, part, instrument, about));
  return steps;
}

/** The largest quantity that is as good as nothing. */
function dustOf({ peak }: TradeMoney, { lot }: Instrument): bigint {
  const lotUnits = lot === null ? undefined : unitsOf(lot);
  return lotUnits === undefined || lotUnits <= 0n ? (peak - 1n) / FLAT_OF_PEAK : (lotUnits - 1n) / 2n;
}

const unknown = (units: bigint, share: number): Step<never> => ({
  kind: 'unknown',
  units,
  share,
  gross: 0,
  grossUsd: null,
});

function open<T>(
  book: Book<T>,
  fill: BookFill,
  part: Part,
  instrument: Instrument,
  about: (kind: Step['kind']) => T,
): Step<T> {
  const long = fill.side === 'buy';
  const trade: OpenTrade<T> = { direction: long ? 'long' : 'short', money: emptyMoney(), about: about('open') };
  enter(trade.money, fill, part, instrument);
  book.trades.push(trade);
  book.units += long ? part.units : -part.units;
  return { kind: 'open', ...part, trade, gross: 0, grossUsd: 0 };
}

/** Takes an opening part of a fill into a trade. */
function enter(money: TradeMoney, fill: BookFill, { units, share }: Part, instrument: Instrument): void {
  const { price, usdRate } = fill;
  const held = openUnits(money);
  const quantity = quantityOf(units);
  money.avgPx = held === 0n ? price : averaged([quantityOf(held), money.avgPx], [quantity, price], instrument);
  money.opened += units;
  if (held + units > money.peak) money.peak = held + units;
  addTo(money.openedCost, quantity * price);
  const notional = notionalOf(quantity, price, instrument);
  addTo(money.notional, notional);
  money.notionalUsd = addOrNull(money.notionalUsd, usdRate === null ? null : notional * usdRate);
  money.opens++;
  charge(money, fill.costs, share);
  count(money, usdRate);
}

/** Takes a closing part of a fill out of a trade, at its average price. */
function leave<T>(
  trade: OpenTrade<T>,
  fill: BookFill,
  { units, share }: Part,
  instrument: Instrument,
  kind: 'reduce' | 'close',
): Step<T> {
  const { money } = trade;
  const { price, usdRate } = fill;
  const quantity = quantityOf(units);
  const gross = pnlOf(trade, quantity, price, instrument);
  const grossUsd = usdRate === null ? null : gross * usdRate;
  money.closed += units;
  addTo(money.closedCost, quantity * price);
  addTo(money.gross, gross);
  money.grossUsd = addOrNull(money.grossUsd, grossUsd);
  money.closes++;
  charge(money, fill.costs, share);
  count(money, usdRate);
  return { kind, units, share, trade, gross, grossUsd };
}

function charge(money: TradeMoney, { fees, feesUsd, impactUsd, chargedUsd }: FillCosts, share: number): void {
  money.fees = addOrNull(money.fees, fees === null ? null : fees * share);
  money.feesUsd = addOrNull(money.feesUsd, feesUsd === null ? null : feesUsd * share);
  money.impactUsd = addOrNull(money.impactUsd, impactUsd === null ? null : impactUsd * share);
  addTo(money.chargedUsd, chargedUsd * share);
}

function count(money: TradeMoney, usdRate: number | null): void {
  money.fills++;
  if (usdRate !== null) money.usdRate = usdRate;
}

const emptyMoney = (): TradeMoney => ({
  opened: 0n,
  closed: 0n,
  peak: 0n,
  openedCost: emptySum(),
  closedCost: emptySum(),
  notional: emptySum(),
  notionalUsd: emptySum(),
  avgPx: 0,
  gross: emptySum(),
  grossUsd: emptySum(),
  fees: emptySum(),
  feesUsd: emptySum(),
  impactUsd: emptySum(),
  chargedUsd: emptySum(),
  fundingUsd: emptySum(),
  fundingEstimatedUsd: emptySum(),
  usdRate: null,
  fills: 0,
  opens: 0,
  closes: 0,
});

/** Funding that belongs to the trade, in dollars; received is positive. What is estimated is never mixed with what was paid. */
export function applyFunding({ money }: OpenTrade, usd: number | null, estimated: boolean): void {
  if (!estimated) money.fundingUsd = addOrNull(money.fundingUsd, usd);
  else if (usd !== null) addTo(money.fundingEstimatedUsd, usd);
}

type Names<V> = { [K in keyof TradeMoney]: TradeMoney[K] extends V ? K : never }[keyof TradeMoney];

type Sums = Pick<TradeMoney, Names<SumOrNull>>;

type SavedSums = { readonly [K in keyof Sums]: SavedSum | (Sums[K] extends Sum ? never : null) };

type SavedMoney = SavedSums &
  Readonly<Pick<TradeMoney, 'usdRate' | 'fills' | 'opens' | 'closes'>> &
  Readonly<Record<'opened' | 'closed' | 'peak', string>> & { readonly avgPx: number | null };

/** A book as JSON holds it: whole numbers beyond 2^53 are text. */
export interface SavedBook<T = unknown> {
  readonly units: string;
  readonly trades: readonly {
    readonly direction: 'long' | 'short';
    readonly money: SavedMoney;
    readonly about: T;
  }[];
}

/** The book as values of JSON. What its owner keeps is passed on as it is, and not copied. */
export const saveBook = <T>({ units, trades }: Book<T>): SavedBook<T> => ({
  units: String(units),
  trades: trades.map(({ direction, money, about }) => ({ direction, money: saveMoney(money), about })),
});

export const openBook = <T>({ units, trades }: SavedBook<T>): Book<T> => ({
  units: BigInt(units),
  trades: trades.map(({ direction, money, about }) => ({ direction, money: openMoney(money), about })),
});

const saveMoney = (money: TradeMoney): SavedMoney => ({
  ...money,
  opened: String(money.opened),
  closed: String(money.closed),
  peak: String(money.peak),
  ...sumsOf(money),
});

const openMoney = (money: SavedMoney): TradeMoney => ({
  ...money,
  opened: BigInt(money.opened),
  closed: BigInt(money.closed),
  peak: BigInt(money.peak),
  avgPx: money.avgPx ?? Number.NaN,
  ...sumsOf(money),
});

/** Copies, for the sums of a book change in place. */
const sumsOf = (money: SavedSums): Sums => ({
  openedCost: openSum(money.openedCost),
  closedCost: openSum(money.closedCost),
  notional: openSum(money.notional),
  notionalUsd: openSumOrNull(money.notionalUsd),
  gross: openSum(money.gross),
  grossUsd: openSumOrNull(money.grossUsd),
  fees: openSumOrNull(money.fees),
  feesUsd: openSumOrNull(money.feesUsd),
  impactUsd: openSumOrNull(money.impactUsd),
  chargedUsd: openSum(money.chargedUsd),
  fundingUsd: openSumOrNull(money.fundingUsd),
  fundingEstimatedUsd: openSum(money.fundingEstimatedUsd),
});

const openSumOrNull = (sum: SavedSum | null): SumOrNull => (sum === null ? null : openSum(sum));
