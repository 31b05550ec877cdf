// What the books are made of: plain values that JSON can hold, apart from bigint quantities.

/** Units of a quantity: 1e-12. */
export const UNITS_PER_ONE = 1_000_000_000_000n;

/** A compensated sum (Neumaier): `[sum, compensation]`. */
export type Sum = [number, number];

/** An amount known only where every part of it was. */
export type SumOrNull = Sum | null;

/** What one fill cost. Null is not known; 0 is known to be nothing. */
export interface FillCosts {
  /** Fee in the settle asset of the instrument; a rebate is negative. */
  readonly fees: number | null;
  readonly feesUsd: number | null;
  /** Impact, positive when it hurts. */
  readonly impactUsd: number | null;
  /** The part of impact and other costs that the account was charged beside the fee. */
  readonly chargedUsd: number;
}

/** A fill as the books take it. */
export interface BookFill {
  readonly id: string;
  readonly us: number;
  readonly side: 'buy' | 'sell';
  /** Quantity in units of 1e-12, above 0. */
  readonly units: bigint;
  readonly price: number;
  readonly costs: FillCosts;
  /** Dollars per settle asset as of the fill; null where no price says it. */
  readonly usdRate: number | null;
  /** The order might only reduce, or a report says that a position was there that we do not know. */
  readonly reduceOnly: boolean;
}

/** Sums of one trade. */
export interface TradeMoney {
  /** Quantities opened and closed so far, units of 1e-12. */
  opened: bigint;
  closed: bigint;
  /** Largest quantity held, units of 1e-12. */
  peak: bigint;
  /** Σ quantity × price of opening and closing fills, quantity in base units. */
  openedCost: Sum;
  closedCost: Sum;
  /** Notional of the opening fills, settle asset and dollars. */
  notional: Sum;
  notionalUsd: SumOrNull;
  /** Average price of what is still open. */
  avgPx: number;
  gross: Sum;
  grossUsd: SumOrNull;
  fees: SumOrNull;
  feesUsd: SumOrNull;
  impactUsd: SumOrNull;
  chargedUsd: Sum;
  fundingUsd: SumOrNull;
  fundingEstimatedUsd: Sum;
  /** Rate of the last fill that had one. */
  usdRate: number | null;
  fills: number;
  opens: number;
  closes: number;
}

/** An open trade of a book; `T` is what its owner keeps beside the money. */
export interface OpenTrade<T = unknown> {
  direction: 'long' | 'short';
  money: TradeMoney;
  about: T;
}

export interface Book<T = unknown> {
  /** Signed quantity, units of 1e-12. */
  units: bigint;
  /** Open trades, oldest first; at most one unless the method is fifo. */
  trades: OpenTrade<T>[];
}

/**
 * What a fill did, in order. `share` is the part of the fill's quantity, 0..1: its costs are split by it. A trade that
 * was closed is in `trade` and no longer in the book. `unknown` is quantity that reduced what the ledger does not hold.
 */
export interface Step<T = unknown> {
  readonly kind: 'open' | 'add' | 'reduce' | 'close' | 'unknown';
  readonly units: bigint;
  readonly share: number;
  /** Absent for `unknown`. */
  readonly trade?: OpenTrade<T>;
  /** Gross PnL of the step, settle asset; 0 for opening steps. */
  readonly gross: number;
  readonly grossUsd: number | null;
}
