import { type Fields, type Tracked, tradedSide } from './instrument-orders.ts';
import {
  figureIn,
  isRaw,
  millisecondsIn,
  momentOf,
  numberIn,
  positiveIn,
  type Raw,
  Recent,
  rawOf,
  textIn,
  wordIn,
} from './instrument-read.ts';

const MOST_FILLS = 50_000;
const LIQUIDITY = new Set(['maker', 'taker']);

/** Which trades were told already. Bounded: after so many others the oldest is forgotten, and the ledger knows it by its id. */
export class Fills {
  readonly #told = new Recent<true>(MOST_FILLS);

  /** Whether a trade that the venue numbers was told. */
  has(symbol: string | undefined, id: string | undefined): boolean {
    return id !== undefined && symbol !== undefined && this.#told.get(`${symbol}\u001f${id}`) !== undefined;
  }

  /** @returns whether it is the first time */
  first(key: string): boolean {
    const isFirst = this.#told.get(key) === undefined;
    if (isFirst) this.#told.set(key, true);
    return isFirst;
  }
}

/** A trade as a fill; undefined where it lacks what a fill is. `order` gives what the trade leaves out. */
export function fillOf(
  trade: Raw,
  order: Raw,
): (Record<string, unknown> & { readonly atMs: number | undefined }) | undefined {
  const [qty, price] = [figureIn(trade.amount), figureIn(trade.price)];
  if (positiveIn(qty) === undefined || positiveIn(price) === undefined) return undefined;
  const liquidity = wordIn(trade.takerOrMaker);
  const atMs = millisecondsIn(trade.timestamp);
  return {
    atMs,
    symbol: textIn(trade.symbol) ?? textIn(order.symbol),
    side: tradedSide(trade.side) ?? tradedSide(order.side),
    order_type: wordIn(trade.type) ?? wordIn(order.type),
    qty,
    price,
    result: 'filled',
    venue_fill_id: textIn(trade.id),
    venue_order_id: textIn(trade.order) ?? textIn(order.id),
    client_order_id: textIn(trade.clientOrderId) ?? textIn(order.clientOrderId),
    liquidity: liquidity !== undefined && LIQUIDITY.has(liquidity) ? liquidity : undefined,
    exec_ts: momentOf(atMs),
    ...feeOf(trade),
  };
}

/** Under which a trade is known: by the venue's id in its market, else by all that it says and how often it was said. */
export function keyOf(fill: Fields, repeats: Map<string, number>): string {
  const { symbol, venue_fill_id, venue_order_id, side, qty, price, exec_ts } = fill;
  if (venue_fill_id !== undefined) return `${symbol ?? ''}\u001f${venue_fill_id}`;
  const key = [symbol, venue_order_id, side, qty, price, exec_ts].join('\u001f');
  const count = (repeats.get(key) ?? 0) + 1;
  repeats.set(key, count);
  return `?${key}\u001f${count}`;
}

/** One fee, or the sum of several in one asset; in several assets none is the fee, and they stand beside. */
function feeOf(raw: Raw): Record<string, unknown> {
  const one = rawOf(raw.fee);
  if (figureIn(one.cost) !== undefined) return { fee: figureIn(one.cost), fee_asset: textIn(one.currency) };
  const fees = (Array.isArray(raw.fees) ? raw.fees : [])
    .filter(isRaw)
    .filter(({ cost }) => figureIn(cost) !== undefined);
  const assets = new Set(fees.map(({ currency }) => textIn(currency)));
  if (assets.size > 1)
    return {
      x_fees: fees.slice(0, 10).map(({ cost, currency }) => ({ fee: figureIn(cost), fee_asset: textIn(currency) })),
    };
  const [first] = fees;
  if (first === undefined) return {};
  const fee = fees.length === 1 ? figureIn(first.cost) : fees.reduce((sum, { cost }) => sum + (numberIn(cost) ?? 0), 0);
  return { fee, fee_asset: textIn(first.currency) };
}

/** What had traded of an order before it was seen. */
export function bookedOf(raw: Raw): Tracked['booked'] {
  const qty = numberIn(raw.filled) ?? 0;
  return {
    qty,
    value: qty * (numberIn(raw.average) ?? numberIn(raw.price) ?? 0),
    fee: numberIn(rawOf(raw.fee).cost) ?? 0,
  };
}

/**
 * What an order's `filled` has grown by, as a fill of its own; the venue's trades may have been several. Undefined where it
 * has not grown, or no price is known.
 */
export function growthOf(order: Raw, { booked }: Tracked): Record<string, unknown> | undefined {
  const filled = numberIn(order.filled) ?? 0;
  const average = positiveIn(order.average) ?? (wordIn(order.type) === 'market' ? undefined : positiveIn(order.price));
  const qty = rounded(filled - booked.qty);
  if (qty <= 0 || average === undefined) return undefined;
  const price = rounded((average * filled - booked.value) / qty);
  if (!(price > 0)) return undefined;
  const { fee, fee_asset } = feeOf(order);
  const grown = numberIn(fee);
  const id = `${textIn(order.id) ?? ''}:${filled}`;
  const part = grown === undefined ? {} : { fee: rounded(grown - booked.fee), fee_asset };
  Object.assign(booked, { qty: filled, value: average * filled, fee: grown ?? booked.fee });
  return { qty, price, result: 'filled', fill_id: id, x_derived: true, ...part };
}

/** Without the dust of subtracting doubles. */
const rounded = (value: number): number => Number(value.toPrecision(12));
