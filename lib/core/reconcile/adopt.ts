import { ADOPTED } from '../lifecycle/fill.ts';
import { formatUs } from '../transform/time.ts';
import { normalSymbol } from './symbols.ts';
import type { VenueFill, VenueFunding } from './types.ts';

/** Whose book a fill of the venue belongs into, and where it came from. */
export interface AdoptInto {
  readonly mode: string | null;
  readonly strategyId: string | null;
  /** Where positions end with their run. */
  readonly sessionId: string | null;
  readonly venue: string | null;
  readonly accountId: string | null;
  /** As our other fills spell it: another spelling would be another book. */
  readonly symbol: string;
  readonly timeframe: string | null;
  /** Name of the venue's file, without its folders. */
  readonly file: string;
  readonly nowUs: number;
  readonly stableCoins: readonly string[];
  /** Of rows alike in all but their number of row, which one it is, from 0. */
  readonly copy: number;
  sha256(text: string): string;
}

/** First part of the ids of adopted events. */
export const ADOPTED_ID = 'reconcile-';

/**
 * The `execution` event of a fill that only the venue knows. Its id is made of venue, account, symbol and the venue's id
 * (without one: of all that the row says), so that the same fill adopted twice is a duplicate.
 */
export function adoptedFill(fill: VenueFill, into: AdoptInto): Record<string, unknown> {
  const facts = [fill.side, fill.quantity.text, fill.price.text, formatUs(fill.us), into.copy];
  return {
    ...envelopeOf(fill, into, ['fill', fill.id ?? facts]),
    stream: 'execution',
    side: fill.side,
    qty: fill.quantity.value,
    price: fill.price.value,
    result: 'filled',
    fee: fill.fee,
    fee_asset: fill.feeAsset,
    ...(fill.fee !== null && isDollars(fill.feeAsset, into) ? { fee_usd: fill.fee } : {}),
    liquidity: fill.liquidity,
    venue_order_id: fill.orderId,
    venue_fill_id: fill.id,
  };
}

/** The `cash_flow` event of a funding payment that only the venue knows. */
export function adoptedFunding(flow: VenueFunding, into: AdoptInto): Record<string, unknown> {
  const facts = [flow.amount.text, flow.asset, formatUs(flow.us), into.copy];
  return {
    ...envelopeOf(flow, into, ['funding', flow.id ?? facts]),
    stream: 'cash_flow',
    kind: 'funding',
    asset: flow.asset,
    amount: flow.amount.value,
    ...(isDollars(flow.asset, into) ? { amount_usd: flow.amount.value } : {}),
    is_estimated: false,
    venue_flow_id: flow.id,
  };
}

function envelopeOf(
  { us, row, symbol }: Pick<VenueFill, 'us' | 'row' | 'symbol'>,
  { mode, strategyId, sessionId, venue, accountId, symbol: ours, timeframe, file, nowUs, sha256 }: AdoptInto,
  identity: readonly unknown[],
): Record<string, unknown> {
  const name = JSON.stringify([venue, accountId, normalSymbol(symbol), ...identity]);
  return {
    event_id: `${ADOPTED_ID}${sha256(name).slice(0, 24)}`,
    schema_version: 1,
    ts: formatUs(us),
    seq: 0,
    source: ADOPTED,
    mode,
    strategy_id: strategyId,
    session_id: sessionId,
    venue,
    account_id: accountId,
    symbol: ours,
    timeframe,
    provenance: { by: 'reconcile', file, row, venue_symbol: symbol, adopted_at: formatUs(nowUs) },
  };
}

/** Fees whose asset is not said are in the quote; of a symbol quoted in dollars those are dollars. */
const isDollars = (asset: string | null, { stableCoins }: AdoptInto): boolean =>
  asset !== null && stableCoins.includes(asset.toUpperCase());
