import { isS1 } from './fill.ts';
import { instrumentOf } from './instrument.ts';
import { Rates, type SavedRates } from './rates.ts';
import type { InputOf, Instrument, LedgerConfig } from './types.ts';

type Recorded = Partial<Instrument>;

/** What symbols are and what assets are worth, as of the last event that said so. */
export class Markets {
  readonly rates: Rates;
  readonly #configured: LedgerConfig['instruments'];
  readonly #recorded: Map<string, Recorded>;
  readonly #instruments = new Map<string, Instrument>();

  constructor({ stableCoins, instruments }: LedgerConfig, saved?: SavedMarkets) {
    this.rates = new Rates(stableCoins, saved?.rates);
    this.#configured = instruments;
    this.#recorded = new Map(saved?.recorded);
  }

  instrumentOf(symbol: string): Instrument {
    let found = this.#instruments.get(symbol);
    if (found === undefined) {
      found = instrumentOf(symbol, {
        configured: Object.hasOwn(this.#configured, symbol) ? this.#configured[symbol] : undefined,
        recorded: this.#recorded.get(symbol),
      });
      this.#instruments.set(symbol, found);
    }
    return found;
  }

  /** Takes a price in. @returns the price, and the mid where it is one between buyers and sellers */
  note({ event, us }: InputOf<'market'>): { symbol: string; price: number; mid: number | null } | undefined {
    const symbol = event.symbol ?? '';
    if (event.instrument != null) {
      this.#recorded.set(symbol, recordedOf(event.instrument));
      this.#instruments.delete(symbol);
    }
    // S1 logs the closes of bars of every timeframe under one name: up to a day old, and no price of the moment.
    if (isS1(event.dialect)) return undefined;
    const middle = event.bid != null && event.ask != null ? (event.bid + event.ask) / 2 : null;
    const mid = event.mid ?? middle ?? event.mark_px ?? null;
    const price = mid ?? event.last ?? event.close ?? null;
    if (price === null || !(price > 0)) return undefined;
    this.rates.priced(symbol, this.instrumentOf(symbol), us, price);
    return { symbol, price, mid };
  }

  save(): { rates: SavedRates; recorded: [string, Recorded][] } {
    return { rates: this.rates.save(), recorded: [...this.#recorded] };
  }
}

export type SavedMarkets = ReturnType<Markets['save']>;

/** An instrument as an event tells of it, without what it leaves open. */
function recordedOf(instrument: NonNullable<InputOf<'market'>['event']['instrument']>): Recorded {
  const { kind, base, quote, settle, multiplier, lot } = instrument;
  const known = Object.entries({ kind, base, quote, settle, multiplier, lot }).filter(([, value]) => value != null);
  return Object.fromEntries(known) as Recorded;
}
