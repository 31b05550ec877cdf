/** How an amount was checked: read on AWS’s own page, in two independent places, in one, or in none. */
export type Verified = 'aws page' | 'two sources' | 'one source' | 'no';

export interface Tier {
  /** Units a month up to which the amount holds; null has no end. */
  readonly upTo: number | null;
  /** For `per` units, USD. */
  readonly usd: number;
}

/** One price of a region. */
export interface Price {
  readonly service: string;
  /** What is charged. */
  readonly item: string;
  /** What a quantity counts. */
  readonly unit: string;
  /** Units that an amount is for: 1,000 where AWS says "per 1,000 requests". */
  readonly per: number;
  readonly tiers: readonly Tier[];
  /** Units a month that the free tier gives every account for good; 0 where there are none, or only for a year. */
  readonly free: number;
  /** Of AWS, where the price is to be checked. */
  readonly page: string;
  /** Where the amount was read. */
  readonly seen: readonly string[];
  readonly verified: Verified;
  /** What a reader has to know about it; empty where nothing. */
  readonly note: string;
}

/** What so many units cost in a month, tier by tier, USD. @param free units that are not charged, @default 0 */
export function chargeOf(price: Price, quantity: number, free = 0): number {
  let left = Math.max(0, quantity - free);
  let from = 0;
  let usd = 0;
  for (const tier of price.tiers) {
    const width = tier.upTo === null ? Number.POSITIVE_INFINITY : tier.upTo - from;
    const part = Math.min(left, width);
    usd += (part / price.per) * tier.usd;
    left -= part;
    from += width;
    if (left <= 0) break;
  }
  return usd;
}
