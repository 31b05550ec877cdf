import { assetOf, shapeOf } from './symbol.ts';
import type { Instrument } from './types.ts';

/** The last price of a symbol: quote units per base unit. */
interface Pair {
  readonly symbol: string;
  readonly base: string | null;
  readonly quote: string | null;
  /** A future that ends on a day trades beside the price of the asset: it counts only where nothing else does. */
  readonly dated: boolean;
  us: number;
  price: number;
}

/** Dollars of an asset, and the newest moment they are known for. */
interface Rate {
  readonly usd: number;
  readonly us: number;
  readonly dated: boolean;
  readonly symbol: string;
}

/** Last prices, and what they make of an asset in dollars. */
export class Rates {
  readonly #stable: ReadonlySet<string>;
  readonly #pairs = new Map<string, Pair>();
  readonly #byAsset = new Map<string, Pair[]>();

  /** @param stableCoins assets that count as one dollar */
  constructor(stableCoins: readonly string[], saved: SavedRates = []) {
    this.#stable = new Set(stableCoins.map(assetOf));
    for (const [symbol, base, quote, us, price] of saved) this.#add({ symbol, base, quote, us, price });
  }

  /** Takes the price of a symbol in; an older one never replaces a newer one. @param us when it was, µs */
  priced(symbol: string, { base, quote }: Pick<Instrument, 'base' | 'quote'>, us: number, price: number): void {
    if (!(price > 0) || price === Number.POSITIVE_INFINITY) return;
    const pair = this.#pairs.get(symbol);
    if (pair !== undefined && us < pair.us) return;
    if (pair !== undefined && pair.base === base && pair.quote === quote) {
      pair.us = us;
      pair.price = price;
      return;
    }
    if (pair !== undefined) this.#remove(pair);
    this.#add({ symbol, base, quote, us, price });
  }

  /** Last price of a symbol; null where there was none. */
  priceOf(symbol: string): number | null {
    return this.#pairs.get(symbol)?.price ?? null;
  }

  /**
   * Dollars per unit of an asset: 1 for the stable coins, else the newest price of it in one of them, or of one of them in
   * it; else by way of one other asset (BNB by BNBBTC and BTCUSDT). Never 1:1 otherwise (semantics 2).
   * @returns null where no price says it
   */
  usd(asset: string): number | null {
    const name = assetOf(asset);
    if (this.#stable.has(name)) return 1;
    const pairs = this.#byAsset.get(name);
    if (pairs === undefined) return null;
    return (this.#direct(name, pairs) ?? this.#throughAnother(name, pairs))?.usd ?? null;
  }

  save(): SavedRate[] {
    return Array.from(this.#pairs.values(), ({ symbol, base, quote, us, price }) => [symbol, base, quote, us, price]);
  }

  #direct(asset: string, pairs: readonly Pair[]): Rate | undefined {
    let best: Rate | undefined;
    for (const pair of pairs) {
      const other = otherOf(pair, asset);
      if (!this.#stable.has(other) || !newer(pair, best)) continue;
      best = { usd: inOther(pair, asset), us: pair.us, dated: pair.dated, symbol: pair.symbol };
    }
    return best;
  }

  #throughAnother(asset: string, pairs: readonly Pair[]): Rate | undefined {
    let best: Rate | undefined;
    for (const pair of pairs) {
      const other = otherOf(pair, asset);
      const next = this.#direct(other, this.#byAsset.get(other) ?? []);
      if (next === undefined) continue;
      const rate: Rate = {
        usd: inOther(pair, asset) * next.usd,
        us: Math.min(pair.us, next.us),
        dated: pair.dated || next.dated,
        symbol: pair.symbol,
      };
      if (newer(rate, best)) best = rate;
    }
    return best;
  }

  #add(pair: Omit<Pair, 'dated'>): void {
    const { symbol, base, quote } = pair;
    const added: Pair = { ...pair, dated: shapeOf(symbol).dated };
    this.#pairs.set(symbol, added);
    if (base === null || quote === null || base === quote) return; // it says nothing of an asset
    for (const asset of [base, quote]) {
      const pairs = this.#byAsset.get(asset);
      if (pairs === undefined) this.#byAsset.set(asset, [added]);
      else pairs.push(added);
    }
  }

  #remove({ symbol, base, quote }: Pair): void {
    for (const asset of [base, quote]) {
      const pairs = asset === null ? undefined : this.#byAsset.get(asset);
      if (asset !== null && pairs !== undefined)
        this.#byAsset.set(
          asset,
          pairs.filter((pair) => pair.symbol !== symbol),
        );
    }
    this.#pairs.delete(symbol);
  }
}

type SavedRate = [symbol: string, base: string | null, quote: string | null, us: number, price: number];

export type SavedRates = readonly Readonly<SavedRate>[];

const otherOf = ({ base, quote }: Pair, asset: string): string => (base === asset ? quote : base) ?? '';

const inOther = ({ base, price }: Pair, asset: string): number => (base === asset ? price : 1 / price);

/** Not dated before dated, then the newest; of the same moment the first by name, so that no order of arrival decides. */
function newer(a: Pick<Rate, 'us' | 'dated' | 'symbol'>, b: Rate | undefined): boolean {
  if (b === undefined) return true;
  if (a.dated !== b.dated) return b.dated;
  return a.us !== b.us ? a.us > b.us : a.symbol < b.symbol;
}
