import { LakeFolder } from '../../adapters/local/lake-objects.ts';
import type { QueryEngine } from '../../core/ports/index.ts';
import { literal } from '../../core/query/text.ts';
import { rowsOf, textOrNull } from '../query/rows.ts';
import { numberOrNull } from './text.ts';

/** A price and where it was seen last. */
export interface LastPrice {
  readonly price: number;
  readonly ts: string;
  readonly source: 'mid' | 'mark' | 'last' | 'close' | 'fill';
}

/** What a price is looked up by: prices of two modes are never mixed, for a backtest has its own. */
export interface Priced {
  readonly mode: string | null;
  readonly venue: string | null;
  readonly symbol: string | null;
}

/** Days that are looked at before all others: a bot that lives has prices in them. */
const FIRST_DAYS = 2;

/** Reads the newest price of each symbol, from market events and fills; a venue that is not known is any venue. */
export class LastPrices {
  readonly #lake: QueryEngine;
  readonly #folder: LakeFolder;
  readonly #found = new Map<string, LastPrice>();

  constructor(lake: QueryEngine, lakePath: string) {
    this.#lake = lake;
    this.#folder = new LakeFolder(lakePath);
  }

  /**
   * Looks the prices up, newest days first, and no day before `from`: a price from before a position was opened says less
   * than its fill.
   * @param from - UTC day
   */
  async load(wanted: readonly Priced[], from: string): Promise<void> {
    const objects = await this.#folder.fresh(new Set(['market', 'execution']));
    const days = [...new Set(objects.map(({ date }) => date))].filter((day) => day >= from).sort();
    for (const part of [days.slice(-FIRST_DAYS), days.slice(0, -FIRST_DAYS)]) {
      const missing = wanted.filter((one) => this.of(one) === undefined);
      if (part.length > 0 && missing.length > 0) await this.#read(missing, part);
    }
  }

  /** The newest price of the symbol at its venue, and of events that name none. */
  of({ mode, venue, symbol }: Priced): LastPrice | undefined {
    const found = [...this.#found]
      .filter(([key]) => {
        const [ofMode, ofVenue, ofSymbol] = JSON.parse(key) as (string | null)[];
        return ofMode === mode && ofSymbol === symbol && (venue === null || ofVenue === null || ofVenue === venue);
      })
      .map(([, price]) => price);
    return found.sort((a, b) => (a.ts < b.ts ? 1 : -1))[0];
  }

  async #read(wanted: readonly Priced[], days: readonly string[]): Promise<void> {
    const symbols = [...new Set(wanted.flatMap(({ symbol }) => (symbol === null ? [] : [symbol])))];
    if (symbols.length === 0) return;
    const where = `"date" in (${days.map(literal).join(', ')}) and symbol in (${symbols.map(literal).join(', ')}) and ts is not null`;
    const rows = await rowsOf(
      this.#lake,
      `select mode, venue, symbol, max(ts) as ts, max_by(price, ts) as price, max_by(source, ts) as source from (` +
        `select mode, venue, symbol, ts, coalesce(mid, (bid + ask) / 2, mark_px, last, close) as price, ` +
        `case when coalesce(mid, (bid + ask) / 2) is not null then 'mid' when mark_px is not null then 'mark' ` +
        `when last is not null then 'last' else 'close' end as source from market where ${where} union all ` +
        `select mode, venue, symbol, ts, price, 'fill' from execution where ${where} and qty > 0 ` +
        `and lower(coalesce(result, 'filled')) not in ('placed', 'rejected', 'skipped', 'cancelled', 'canceled', 'expired', 'failed')` +
        `) as prices where price > 0 group by mode, venue, symbol`,
    );
    for (const { mode, venue, symbol, ts, price, source } of rows) {
      const value = numberOrNull(price);
      if (value === null || typeof ts !== 'string') continue;
      const key = JSON.stringify([textOrNull(mode), textOrNull(venue), textOrNull(symbol)]);
      this.#found.set(key, { price: value, ts, source: String(source) as LastPrice['source'] });
    }
  }
}
