import { applyFill, applyFunding, emptyBook, openBook, type SavedBook, saveBook } from './book.ts';
import type { Book, BookFill, OpenTrade, Step } from './book-types.ts';
import { type About, type Explained, endOf, noteStep } from './trade.ts';
import { tradeRow } from './trade-row.ts';
import type { DerivedRow, Instrument, LedgerKey, LedgerTools, Scope, TradeMethod } from './types.ts';
import { unknownTrade } from './unknown-trade.ts';

export interface BooksOptions {
  readonly key: LedgerKey;
  readonly tools: LedgerTools;
  readonly method: TradeMethod;
  readonly scope: Scope;
}

/** Which book a fill belongs to. */
export interface BookPlace {
  readonly bookKey: string;
  readonly symbol: string;
  readonly instrument: Instrument;
}

/** What a fill did to its book. */
export interface Booked {
  readonly book: Book<About>;
  readonly steps: readonly Step<About>[];
  /** Quantity that reduced what nothing is known of, units. */
  readonly unknown: bigint;
}

/** All books of one ledger, and the rows of their trades. */
export class Books {
  readonly #options: BooksOptions;
  readonly #books: Map<string, Book<About>>;
  readonly #bySymbol = new Map<string, Set<string>>();
  readonly #openBySession = new Map<string, number>();
  readonly #changed = new Set<OpenTrade<About>>();
  #done: DerivedRow[] = [];

  constructor(
    options: BooksOptions,
    { saved = [], everything = false }: { saved?: SavedBooks; everything?: boolean } = {},
  ) {
    this.#options = options;
    this.#books = new Map(
      saved.map(([key, symbol, book]) => {
        this.#index(symbol, key);
        return [key, openBook<About>(book)];
      }),
    );
    for (const trade of this.#trades()) {
      this.#count(trade, 1);
      if (everything) this.#changed.add(trade);
    }
  }

  /** Signed quantity of a book, units of 1e-12. */
  unitsOf(bookKey: string): bigint {
    return this.#books.get(bookKey)?.units ?? 0n;
  }

  /** Average price of what a book holds; 0 where it holds nothing. */
  avgPxOf(bookKey: string): number {
    return this.#books.get(bookKey)?.trades[0]?.money.avgPx ?? 0;
  }

  apply(fill: BookFill, explained: Explained, { bookKey, symbol, instrument }: BookPlace): Booked {
    const book = this.#bookOf(bookKey, symbol);
    const before = book.trades.at(-1)?.about.id ?? null;
    const against = fill.side === 'buy' ? book.units < 0n : book.units > 0n;
    const about = (): About => this.#aboutOf(explained, instrument, against ? before : null);
    const steps = applyFill<About>(book, fill, instrument, this.#options.method, about);
    const flips = steps.some(({ kind }) => kind === 'open') && steps.some(({ kind }) => kind === 'close');
    let unknown = 0n;
    for (const step of steps) {
      if (step.trade === undefined) {
        unknown += step.units;
        this.#done.push(tradeRow(unknownTrade(step, fill, this.#aboutOf(explained, instrument, null)), 'closed'));
        continue;
      }
      noteStep(step.trade.about, step, explained, flips);
      if (step.kind === 'open') this.#count(step.trade, 1);
      if (step.kind === 'close') {
        this.#count(step.trade, -1);
        this.#changed.delete(step.trade);
        this.#done.push(tradeRow(step.trade, 'closed'));
      } else this.#changed.add(step.trade);
    }
    return { book, steps, unknown };
  }

  /** Splits funding over the open trades of the books by quantity. @returns whether there was any */
  fund(
    symbol: string,
    belongs: (bookKey: string) => boolean,
    { usd, estimated }: { usd: number | null; estimated: boolean },
  ): boolean {
    const trades = [...(this.#bySymbol.get(symbol) ?? [])]
      .filter(belongs)
      .flatMap((key) => this.#books.get(key)?.trades ?? []);
    const total = trades.reduce((sum, { money }) => sum + money.opened - money.closed, 0n);
    if (total === 0n) return false;
    for (const trade of trades) {
      const share = Number(trade.money.opened - trade.money.closed) / Number(total);
      applyFunding(trade, usd === null ? null : usd * share, estimated);
      this.#changed.add(trade);
    }
    return true;
  }

  /** How many trades a run has open. */
  openTrades(session: string): number {
    return this.#openBySession.get(session) ?? 0;
  }

  /** Trades that changed since the last call. `ended` says whether a run is over: what it holds is abandoned then. */
  rows(ended: (session: string) => boolean): DerivedRow[] {
    if (this.#options.scope === 'session')
      for (const trade of this.#trades()) {
        const abandoned = trade.about.session !== null && ended(trade.about.session);
        if (abandoned === trade.about.abandoned) continue;
        trade.about.abandoned = abandoned;
        this.#changed.add(trade);
      }
    const rows = this.#done;
    this.#done = [];
    for (const trade of this.#changed) rows.push(tradeRow(trade, trade.about.abandoned ? 'abandoned' : 'open'));
    this.#changed.clear();
    return rows;
  }

  save(): [string, string, SavedBook<About>][] {
    const symbolOf = new Map([...this.#bySymbol].flatMap(([symbol, keys]) => [...keys].map((key) => [key, symbol])));
    return [...this.#books].map(([key, book]) => [key, symbolOf.get(key) ?? '', saveBook(book)]);
  }

  #count({ about }: OpenTrade<About>, change: 1 | -1): void {
    if (about.session === null) return;
    const open = (this.#openBySession.get(about.session) ?? 0) + change;
    if (open === 0) this.#openBySession.delete(about.session);
    else this.#openBySession.set(about.session, open);
  }

  *#trades(): Generator<OpenTrade<About>> {
    for (const book of this.#books.values()) yield* book.trades;
  }

  #bookOf(key: string, symbol: string): Book<About> {
    let book = this.#books.get(key);
    if (book === undefined) {
      book = emptyBook<About>();
      this.#books.set(key, book);
      this.#index(symbol, key);
    }
    return book;
  }

  /** A book that is flat says nothing any more. */
  drop(bookKey: string, symbol: string): void {
    this.#books.delete(bookKey);
    this.#bySymbol.get(symbol)?.delete(bookKey);
  }

  #index(symbol: string, key: string): void {
    const keys = this.#bySymbol.get(symbol);
    if (keys === undefined) this.#bySymbol.set(symbol, new Set([key]));
    else keys.add(key);
  }

  #aboutOf(fill: Explained, instrument: Instrument, flippedFrom: string | null): About {
    const { key, tools, method, scope } = this.#options;
    const { event, signal, intent, order } = fill;
    // The opening fill makes the id; fills of other runs may have the same event id.
    const name = JSON.stringify([key.mode, key.strategyId, event.session_id ?? null, fill.id]);
    return {
      id: `t-${tools.sha256(name).slice(0, 16)}`,
      mode: key.mode,
      strategyId: key.strategyId,
      session: event.session_id ?? null,
      venue: event.venue ?? null,
      accountId: event.account_id ?? null,
      symbol: event.symbol ?? null,
      positionSide: event.position_side ?? null,
      positionId: event.position_id ?? null,
      groupId: event.group_id ?? null,
      timeframe: event.timeframe ?? null,
      variant: variantOf(event),
      scope,
      method,
      instrument,
      entry: endOf(fill, signal),
      entryCostConfidence: fill.costConfidence,
      intentSide: intent?.side ?? null,
      forced: event.is_forced ?? order?.forced ?? intent?.forced ?? signal?.record.forced ?? null,
      decisionPx: fill.decisionPx,
      decisionPxSource: fill.decisionPxSource,
      model: modelOf(fill),
      stages: fill.stages,
      clocks: fill.clocks,
      git: fill.git,
      around: fill.around(),
      flippedFrom,
      entryUnknown: false,
      exit: null,
      exitReason: null,
      slipEntry: { sum: 0, weight: 0, known: true },
      slipExit: { sum: 0, weight: 0, known: true },
      lastPx: fill.price,
      lastUs: fill.us,
      cents: false,
      basis: null,
      bot: { usd: 0, basis: null },
      attributed: 0,
      abandoned: false,
      fills: [],
    };
  }
}

export type SavedBooks = ReturnType<Books['save']>;

function variantOf({ experiment_id, strategy_variant, cohort_assignment }: Explained['event']): Record<string, string> {
  return {
    ...(experiment_id == null ? {} : { experiment_id }),
    ...(strategy_variant == null ? {} : { strategy_variant }),
    ...(cohort_assignment == null ? {} : { cohort_assignment }),
  };
}

function modelOf({ signal, modelVersion }: Explained): About['model'] {
  const model = signal?.record.model ?? null;
  if (modelVersion === null || (model?.version ?? null) !== null) return model;
  return { id: null, manifest: null, horizonBars: null, ...model, version: modelVersion };
}
