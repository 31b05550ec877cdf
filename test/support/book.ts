import { applyFill, emptyBook, type SavedBook } from '../../lib/core/lifecycle/book.ts';
import type { Book, BookFill, FillCosts, OpenTrade, Step } from '../../lib/core/lifecycle/book-types.ts';
import { instrumentOf } from '../../lib/core/lifecycle/instrument.ts';
import { unitsOf } from '../../lib/core/lifecycle/quantity.ts';
import type { Instrument, TradeMethod } from '../../lib/core/lifecycle/types.ts';

export const LINEAR: Instrument = instrumentOf('BTCUSDT', {});
export const INVERSE: Instrument = instrumentOf('XBTUSD', { configured: { kind: 'inverse' } });
export const FREE: FillCosts = { fees: 0, feesUsd: 0, impactUsd: 0, chargedUsd: 0 };

export const unitsFrom = (quantity: number): bigint => {
  const units = unitsOf(quantity);
  if (units === undefined) throw new Error(`${quantity} is too fine`);
  return units;
};

let made = 0;

/** A fill for nothing at a rate of 1; a quantity below 0 is sold. */
export const bookFill = (quantity: number, price: number, over: Partial<BookFill> = {}): BookFill => ({
  id: `f${++made}`,
  us: made,
  side: quantity > 0 ? 'buy' : 'sell',
  units: unitsFrom(Math.abs(quantity)),
  price,
  costs: FREE,
  usdRate: 1,
  reduceOnly: false,
  ...over,
});

export interface Played {
  readonly book: Book<number>;
  readonly steps: readonly Step<number>[];
  /** Every trade there was, by its opening; `about` is its number. */
  readonly trades: readonly OpenTrade<number>[];
}

export interface Play {
  readonly instrument?: Instrument;
  readonly method?: TradeMethod;
  /** What becomes of the book between any two fills. */
  readonly between?: (book: Book<number>, at: number) => Book<number>;
}

/** Applies fills one after the other. */
export function play(
  fills: readonly BookFill[],
  { instrument = LINEAR, method = 'flat_to_flat', between = (book) => book }: Play = {},
): Played {
  let book = emptyBook<number>();
  let opened = 0;
  const steps: Step<number>[] = [];
  const trades = new Map<number, OpenTrade<number>>();
  for (const [at, fill] of fills.entries()) {
    book = between(book, at);
    for (const step of applyFill(book, fill, instrument, method, () => opened++)) {
      steps.push(step);
      if (step.trade !== undefined) trades.set(step.trade.about, step.trade);
    }
  }
  return { book, steps, trades: [...trades].sort(([a], [b]) => a - b).map(([, trade]) => trade) };
}

export const throughJson = (saved: SavedBook<number>): SavedBook<number> => JSON.parse(JSON.stringify(saved));
