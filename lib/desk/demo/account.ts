export interface Fill {
  readonly side: 'buy' | 'sell';
  readonly qty: number;
  readonly price: number;
  /** Fees and whatever else the account is charged for the fill, in USD. */
  readonly chargedUsd: number;
}

/** A paper account at average cost, as a bot keeps it for the life of its process. */
export interface Account {
  /** Short is negative. */
  readonly qty: number;
  readonly avgPx: number;
  /** Net of everything charged, that of opening fills included. */
  readonly realizedUsd: number;
}

export const FLAT: Account = { qty: 0, avgPx: 0, realizedUsd: 0 };
const DUST = 1e-9;

/** The account after a fill. A fill larger than the position closes it and opens the rest at its own price. */
export function book({ qty, avgPx, realizedUsd }: Account, { side, qty: size, price, chargedUsd }: Fill): Account {
  const signed = side === 'buy' ? size : -size;
  const closed = qty * signed < 0 ? Math.min(Math.abs(qty), size) * Math.sign(qty) : 0;
  const after = Math.abs(qty + signed) < DUST ? 0 : qty + signed;
  const opens = after !== 0 && (qty === 0 || Math.sign(after) !== Math.sign(qty));
  const adds = !opens && qty * signed > 0;
  return {
    qty: after,
    avgPx: after === 0 ? 0 : opens ? price : adds ? (qty * avgPx + signed * price) / after : avgPx,
    realizedUsd: realizedUsd + closed * (price - avgPx) - chargedUsd,
  };
}

export const unrealizedUsd = ({ qty, avgPx }: Account, mid: number): number => qty * (mid - avgPx);
