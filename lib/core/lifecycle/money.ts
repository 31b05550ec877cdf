import type { OpenTrade, TradeMoney } from './book-types.ts';
import { quantityOf } from './quantity.ts';
import { totalOf, totalOrNull } from './sum.ts';
import type { Instrument } from './types.ts';

// Formulas of semantics 2 and 3. A quantity counts contracts: base units, of inverse instruments quote units, times the multiplier.

/** Notional in the settle asset: q·p·m, and q·m/p of inverse instruments. */
export const notionalOf = (quantity: number, price: number, { kind, multiplier }: Instrument): number =>
  kind === 'inverse' ? (quantity * multiplier) / price : quantity * multiplier * price;

/**
 * Average price after adding. Of inverse instruments it is the harmonic one, total contracts over the sum of contracts by
 * price, for their value is q·m/p: only so is the PnL of the whole that of its parts (Bybit's help, "average entry
 * price": 50 contracts at 10,000 and 50 at 15,000 average 12,000).
 */
export const averaged = (
  [heldQty, heldPx]: readonly [number, number],
  [addedQty, addedPx]: readonly [number, number],
  { kind }: Instrument,
): number =>
  kind === 'inverse'
    ? (heldQty + addedQty) / (heldQty / heldPx + addedQty / addedPx)
    : (heldPx * heldQty + addedPx * addedQty) / (heldQty + addedQty);

/** Gross PnL, in the settle asset, of leaving a quantity of the trade at a price: s·(p − avg)·q·m; inverse s·(1/avg − 1/p)·q·m. */
export function pnlOf(
  { direction, money }: OpenTrade,
  quantity: number,
  price: number,
  instrument: Instrument,
): number {
  const { kind, multiplier } = instrument;
  const gain = direction === 'long' ? price - money.avgPx : money.avgPx - price;
  // 1/avg − 1/p as one fraction: of prices that are close the difference keeps its digits.
  const each = kind === 'inverse' ? gain / (money.avgPx * price) : gain;
  return each * (quantity * multiplier);
}

/** Quantity of a trade that is still open, units of 1e-12. */
export const openUnits = ({ opened, closed }: TradeMoney): bigint => opened - closed;

/** Gross PnL of what is still open at a price, in the settle asset. */
export const unrealized = (trade: OpenTrade, price: number, instrument: Instrument): number =>
  pnlOf(trade, quantityOf(openUnits(trade.money)), price, instrument);

/** The same in dollars; null without a rate. @param usdRate dollars per settle asset. @default - that of the trade's last fill that had one */
export const unrealizedUsd = (
  trade: OpenTrade,
  price: number,
  instrument: Instrument,
  usdRate: number | null = trade.money.usdRate,
): number | null => (usdRate === null ? null : unrealized(trade, price, instrument) * usdRate);

/** Gross PnL of what was closed, in dollars; null where a rate was missing. */
export const grossUsd = ({ grossUsd: sum }: TradeMoney): number | null => totalOrNull(sum);

/** What the trade cost beside its price, less funding; positive when it hurts; null where a part is not known. */
export function costsUsd({ feesUsd, chargedUsd, fundingUsd }: TradeMoney): number | null {
  const fees = totalOrNull(feesUsd);
  const funding = totalOrNull(fundingUsd);
  return fees === null || funding === null ? null : fees + totalOf(chargedUsd) - funding;
}

/** Gross less fees and charged costs, plus funding: of a trade not closed what is realised and paid so far. */
export function netUsd(money: TradeMoney): number | null {
  const gross = grossUsd(money);
  const costs = costsUsd(money);
  return gross === null || costs === null ? null : gross - costs;
}

/**
 * The same in the settle asset. Funding and charged costs, known in dollars, are turned at the last rate.
 * @returns null where the fees are not known in it, or a rate is missing
 */
export function netOf({ gross, fees, fundingUsd, chargedUsd, usdRate }: TradeMoney): number | null {
  const paid = totalOrNull(fees);
  const funding = totalOrNull(fundingUsd);
  if (paid === null || funding === null) return null;
  const usd = funding - totalOf(chargedUsd);
  if (usd === 0) return totalOf(gross) - paid;
  return usdRate === null ? null : totalOf(gross) - paid + usd / usdRate;
}

/** Average price of all opening fills, whether closed since or not; null where there was none. */
export function entryPx({ opened, openedCost, notional }: TradeMoney, { kind, multiplier }: Instrument): number | null {
  if (opened === 0n) return null;
  const quantity = quantityOf(opened);
  return kind === 'inverse' ? (quantity * multiplier) / totalOf(notional) : totalOf(openedCost) / quantity;
}

/** Average price of all closing fills; null where there was none. */
export function exitPx(trade: OpenTrade, instrument: Instrument): number | null {
  const { closed, closedCost } = trade.money;
  if (closed === 0n) return null;
  const quantity = quantityOf(closed);
  if (instrument.kind !== 'inverse') return totalOf(closedCost) / quantity;
  const notional = exitNotional(trade, instrument);
  return notional > 0 ? (quantity * instrument.multiplier) / notional : totalOf(closedCost) / quantity;
}

/**
 * Notional of all closing fills, in the settle asset. Of inverse instruments it follows from the PnL: what the closed
 * contracts were worth at entry, less what was gained on them.
 */
export function exitNotional({ direction, money }: OpenTrade, { kind, multiplier }: Instrument): number {
  if (kind !== 'inverse') return totalOf(money.closedCost) * multiplier;
  const open = money.avgPx > 0 ? (quantityOf(openUnits(money)) * multiplier) / money.avgPx : 0;
  const gross = totalOf(money.gross);
  return totalOf(money.notional) - open - (direction === 'long' ? gross : -gross);
}
