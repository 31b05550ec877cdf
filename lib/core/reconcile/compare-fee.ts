import { baseOf } from './symbols.ts';
import { allowed, type Tolerances, verdictOf } from './tolerances.ts';
import type { Break, OurFill, VenueFill } from './types.ts';

export interface FeeOptions {
  readonly tolerances: Tolerances;
  readonly stableCoins: readonly string[];
}

type FeeBreak = Pick<Break, 'kind' | 'state' | 'field' | 'ours' | 'theirs' | 'sentence' | 'advice'> & Partial<Break>;

/** How the fee of a fill differs; undefined where it does not, or the venue's file says none. */
export function feeBreak(venue: VenueFill, ours: OurFill, options: FeeOptions): FeeBreak | undefined {
  if (venue.fee === null) return undefined;
  const asset = venue.feeAsset?.toUpperCase() ?? ours.feeAsset?.toUpperCase() ?? null;
  const theirs = `${venue.fee}${venue.feeAsset === null ? '' : ` ${venue.feeAsset}`}`;
  const own = ourFee(ours, asset, options);
  if (own === 'other asset')
    return {
      kind: 'fee',
      state: 'open',
      field: 'fee_asset',
      ours: `${ours.fee} ${ours.feeAsset}`,
      theirs,
      sentence: `The bot says the fee was paid in ${ours.feeAsset}, the venue in ${venue.feeAsset}.`,
      advice: 'Fees in a third asset need its price: let the bot log fee and fee_asset as the venue reports them.',
    };
  if (own === undefined)
    return {
      kind: 'fee',
      state: 'open',
      field: 'fee',
      ours: null,
      theirs,
      sentence: `The venue took ${theirs}; the bot reports no fee.`,
      advice: 'Net figures of the trade are not known until the bot logs its fees.',
    };
  const tolerance = feeTolerance(venue, asset, options);
  const verdict = verdictOf(own, venue.fee, tolerance);
  if (verdict === 'equal') return undefined;
  return {
    kind: 'fee',
    state: verdict,
    field: 'fee',
    ours: String(own),
    theirs,
    difference: own - venue.fee,
    tolerance,
    sentence: `The bot reported a fee of ${own}, the venue took ${theirs}.`,
    advice:
      Math.sign(own) * Math.sign(venue.fee) < 0
        ? 'The signs differ: a rebate is negative. If the file means the opposite, say --fee-sign received.'
        : 'The bot may compute its fee from a rate: compare the fee tier, and who was maker.',
  };
}

/** Our figure in the asset the venue names. */
function ourFee(ours: OurFill, asset: string | null, { stableCoins }: FeeOptions): number | undefined | 'other asset' {
  const dollars = (name: string | null): boolean => name === null || stableCoins.includes(name);
  const own = ours.feeAsset?.toUpperCase() ?? null;
  if (ours.fee !== null && (own === null || asset === null || own === asset || (dollars(own) && dollars(asset))))
    return ours.fee;
  if (ours.feeUsd !== null && dollars(asset)) return ours.feeUsd;
  return ours.fee !== null && own !== null ? 'other asset' : undefined;
}

/** The tolerance in dollars, in the asset of the fee: where no price says how, only the share counts. */
function feeTolerance(venue: VenueFill, asset: string | null, { tolerances, stableCoins }: FeeOptions): number {
  const { absolute, relative } = tolerances.fee;
  const base = baseOf(venue.symbol);
  const quotedInDollars = stableCoins.some((coin) =>
    venue.symbol
      .toUpperCase()
      .replaceAll(/[^A-Z0-9]/g, '')
      .includes(coin),
  );
  const inAsset =
    asset === null
      ? quotedInDollars
        ? absolute
        : 0
      : stableCoins.includes(asset)
        ? absolute
        : asset === base && quotedInDollars
          ? absolute / venue.price.value
          : 0;
  return allowed({ absolute: inAsset, relative }, venue.fee ?? 0);
}
