import type { Args } from './instrument-methods.ts';
import { figureIn, flagIn, numberIn, type Raw, Recent, rawOf, textIn, wordIn } from './instrument-read.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** What venues call the id that the bot gives an order. */
const CLIENT_IDS = [
  'clientOrderId',
  'newClientOrderId',
  'clOrdId',
  'orderLinkId',
  'clientOid',
  'client_order_id',
  'cloid',
];
const STOPS = ['triggerPrice', 'stopPrice', 'stopLossPrice', 'takeProfitPrice'];
const SIDES = new Set(['both', 'long', 'short']);
const TRADED = new Set(['buy', 'sell']);

/** What was asked for, in the catalog's names. */
export function askedOf(args: Args): Record<string, unknown> {
  const params = rawOf(args.params);
  const type = wordIn(args.type);
  const price = figureIn(args.price);
  const positionSide = wordIn(params.positionSide ?? params.posSide);
  const timeInForce = wordIn(params.timeInForce);
  const postOnly = flagIn(args.postOnly) ?? flagIn(params.postOnly) ?? (timeInForce === 'po' ? true : undefined);
  return {
    symbol: textIn(args.symbol),
    side: tradedSide(args.side),
    order_type: type,
    qty: figureIn(args.amount),
    ...(type === 'market' ? { price } : { limit_px: price }),
    stop_px: figureIn(args.stop) ?? STOPS.map((name) => figureIn(params[name])).find((stop) => stop !== undefined),
    time_in_force: timeInForce === 'po' ? undefined : timeInForce,
    reduce_only: flagIn(args.reduceOnly) ?? flagIn(params.reduceOnly) ?? flagIn(params.closePosition),
    post_only: postOnly,
    leverage_x: figureIn(params.leverage),
    position_side: positionSide !== undefined && SIDES.has(positionSide) ? positionSide : undefined,
    client_order_id: CLIENT_IDS.map((name) => textIn(params[name])).find((id) => id !== undefined),
    is_dry_run: params.test === true ? true : undefined,
    x_cost: figureIn(args.cost) ?? figureIn(params.cost),
    x_trail: figureIn(args.trail),
  };
}

export const tradedSide = (value: unknown): string | undefined => {
  const side = wordIn(value);
  return side !== undefined && TRADED.has(side) ? side : undefined;
};

/** What ccxt says of an order, in the catalog's names. */
export function factsOf(order: Raw): Record<string, unknown> {
  const type = wordIn(order.type);
  return {
    symbol: textIn(order.symbol),
    side: tradedSide(order.side),
    order_type: type,
    qty: figureIn(order.amount),
    limit_px: type === 'market' || numberIn(order.price) === 0 ? undefined : figureIn(order.price),
    stop_px: figureIn(order.triggerPrice) ?? figureIn(order.stopPrice),
    filled_qty: figureIn(order.filled),
    remaining_qty: figureIn(order.remaining),
    avg_price: figureIn(order.average),
    time_in_force: wordIn(order.timeInForce),
    reduce_only: flagIn(order.reduceOnly),
    post_only: flagIn(order.postOnly),
    client_order_id: textIn(order.clientOrderId),
    venue_order_id: textIn(order.id),
  };
}

const ENDS = new Set(['filled', 'closed', 'cancelled', 'rejected', 'expired']);

export const hasEnded = (status: string): boolean => ENDS.has(status);

/** Quantities agree that differ by less than this, relative. */
const SAME = 1e-9;

/**
 * ccxt's state in the catalog's words. Its `closed` means that nothing more is to come: that is filled, or cancelled with
 * what was filled, and stays `closed` where no quantity says which.
 */
export function statusOf(order: Raw, asked: unknown): string {
  const [filled, amount] = [numberIn(order.filled), numberIn(order.amount) ?? numberIn(asked)];
  const isFull = filled !== undefined && amount !== undefined && amount > 0 && filled >= amount * (1 - SAME);
  const status = wordIn(order.status);
  switch (status) {
    case undefined:
    case 'open':
    case 'new':
      if (isFull) return 'filled';
      if (filled !== undefined && filled > 0) return 'partially_filled';
      return status === undefined ? 'acked' : 'open';
    case 'closed':
      if (filled === undefined) return 'closed';
      return isFull || (amount === undefined && filled > 0) ? 'filled' : 'cancelled';
    case 'canceled':
      return 'cancelled';
    case 'canceling':
    case 'cancelling':
      return 'pending_cancel';
    default:
      return status;
  }
}

/** What was last told of an order. */
export interface Tracked {
  readonly symbol: string | undefined;
  /** Names and facts that the order's later events and fills carry too. */
  carried: Fields;
  status: string;
  filled: number | undefined;
  /** Quantity and prices asked for. */
  terms: string;
  /** How it looked last: an order of a list that looks the same needs no second look. */
  seen: string;
  /** Where fills are taken from orders: what was told as filled, its value, and its fee. */
  readonly booked: { qty: number; value: number; fee: number };
}

const MOST_ORDERS = 20_000;
const CARRIED = [
  'order_id',
  'client_order_id',
  'venue_order_id',
  'position_side',
  'reduce_only',
  'order_type',
  'is_dry_run',
];

/** The orders that were seen, by the venue's id. Bounded: the one not touched for longest is forgotten. */
export class Orders {
  readonly #orders = new Recent<Tracked>(MOST_ORDERS);

  /** Venues number orders per market, so that an id may stand for one in each. */
  find(id: string | undefined, symbol: string | undefined): Tracked | undefined {
    if (id === undefined) return undefined;
    const order = this.#orders.get(id);
    if (order === undefined || symbol === undefined || order.symbol === undefined || order.symbol === symbol)
      return order;
    return this.#orders.get(`${symbol}\u001f${id}`);
  }

  keep(id: string, order: Tracked): void {
    const other = this.#orders.get(id);
    const taken = other !== undefined && other !== order && other.symbol !== order.symbol;
    this.#orders.set(taken ? `${order.symbol ?? ''}\u001f${id}` : id, order);
  }
}

export function carriedOf(...facts: readonly Fields[]): Record<string, unknown> {
  const carried: Record<string, unknown> = {};
  for (const name of CARRIED) {
    const value = facts.map((fact) => fact[name]).find((one) => one !== undefined);
    if (value !== undefined) carried[name] = value;
  }
  return carried;
}

/** Cheap, for bots ask for all open orders again and again. */
export const looksOf = ({ status, filled, amount, price, average, triggerPrice, stopPrice }: Raw): string =>
  [status, filled, amount, price, average, triggerPrice ?? stopPrice].map(text).join('|');

const text = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : typeof value;

export const termsOf = ({ qty, limit_px, stop_px }: Fields): string => [qty, limit_px, stop_px].map(Number).join('|');

/**
 * Whether an answer tells something new. Answers overtake each other: one that knows of less than was told, or of an order
 * that lives again, is old.
 */
export function isNews(known: Tracked, now: { status: string; filled: number | undefined; terms: string }): boolean {
  if (hasEnded(now.status) && !hasEnded(known.status)) return true;
  const [before, after] = [known.filled ?? 0, now.filled ?? 0];
  if (after !== before && now.filled !== undefined) return after > before;
  if (hasEnded(known.status)) return false;
  return known.status !== now.status || known.terms !== now.terms;
}
