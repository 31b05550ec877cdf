import type { OpenTrade } from './book-types.ts';
import { Books, type SavedBooks } from './books.ts';
import { orderIdsOf } from './contexts.ts';
import { EquityCurve, type SavedEquity } from './equity.ts';
import { Explainer, type SavedExplainer } from './explain.ts';
import {
  accountKeyOf,
  bookKeyOf,
  isFill,
  isIncomplete,
  isOpeningBalance,
  methodOf,
  SEPARATOR,
  scopeOf,
} from './fill.ts';
import { Contexts, JOIN_AHEAD_US, type SavedContexts } from './join.ts';
import { Markets, type SavedMarkets } from './markets.ts';
import { Orders, type SavedOrders } from './orders.ts';
import { quantityOf, unitsOf } from './quantity.ts';
import { type SavedSessions, Sessions } from './sessions.ts';
import { Sources } from './sources.ts';
import type {
  DerivedRow,
  Fold,
  Input,
  InputOf,
  Instrument,
  LedgerConfig,
  LedgerCounts,
  LedgerKey,
  LedgerTools,
  SavedFold,
  Scope,
  Touch,
} from './types.ts';
import { type Decided, type SavedWaiting, Waiting } from './waiting.ts';
import { Memory } from './windows.ts';

export interface FoldOptions {
  readonly saved?: SavedFold;
  /** Marks every open row as changed, where the fold goes on from a checkpoint to rows that others saw differently. */
  readonly everything?: boolean;
}

/** Opens the ledger of one (mode, strategy): empty, or where `save` left it. */
export const openFold = (key: LedgerKey, config: LedgerConfig, tools: LedgerTools, options: FoldOptions = {}): Fold =>
  new LedgerFold(key, config, tools, options);

interface Saved {
  readonly waiting: SavedWaiting;
  readonly books: SavedBooks;
  readonly contexts: SavedContexts;
  readonly explainer: SavedExplainer;
  readonly sources: readonly (readonly [string, number, number])[];
  readonly markets: SavedMarkets;
  readonly seen: readonly (readonly [string, number, true])[];
  readonly orders: SavedOrders;
  readonly sessions: SavedSessions;
  readonly equity: SavedEquity;
  readonly counts: LedgerCounts;
  readonly forgotUs: number;
}

const NOTHING: LedgerCounts = {
  fills: 0,
  fill_repeated: 0,
  fill_shadowed: 0,
  side_unknown: 0,
  fill_incomplete: 0,
  too_fine: 0,
  entry_unknown: 0,
  flows: 0,
  flow_repeated: 0,
  funding_unallocated: 0,
  late: 0,
};

/** How often, in event time, what is old is let go of. */
const FORGET_EVERY_US = 60_000_000;

class LedgerFold implements Fold {
  readonly #scope: Scope;
  readonly #config: LedgerConfig;
  readonly #books: Books;
  readonly #contexts: Contexts;
  readonly #explainer: Explainer;
  readonly #sources: Sources;
  readonly #markets: Markets;
  /** Fills and flows that the venue numbered. */
  readonly #seen: Memory<true>;
  readonly #orders: Orders;
  readonly #sessions: Sessions;
  readonly #equity: EquityCurve;
  readonly counts: LedgerCounts;
  readonly #waiting: Waiting;
  #forgotUs: number;

  constructor(
    key: LedgerKey,
    config: LedgerConfig,
    tools: LedgerTools,
    { saved: text, everything = false }: FoldOptions,
  ) {
    const saved = text as Saved | undefined; // only `save` makes it
    const memoryUs = config.memoryMs * 1000;
    const scope = scopeOf(key, config);
    const part = { key, config, sha256: tools.sha256, everything };
    this.#scope = scope;
    this.#config = config;
    this.#books = new Books(
      { key, tools, method: methodOf(key, config), scope },
      { saved: saved?.books ?? [], everything },
    );
    this.#contexts = new Contexts({ mode: key.mode, scope, memoryUs }, saved?.contexts);
    this.#markets = new Markets(config, saved?.markets);
    this.#explainer = new Explainer(
      { contexts: this.#contexts, rates: this.#markets.rates, live: key.mode === 'live', memoryUs },
      saved?.explainer,
    );
    this.#sources = new Sources(saved?.sources);
    this.#seen = new Memory(memoryUs, saved?.seen);
    this.#orders = Orders.open({ ...part, ...(saved === undefined ? {} : { saved: saved.orders }) });
    this.#sessions = Sessions.open({ ...part, ...(saved === undefined ? {} : { saved: saved.sessions }) });
    this.#equity = EquityCurve.open({ ...part, ...(saved === undefined ? {} : { saved: saved.equity }) });
    this.counts = { ...(saved?.counts ?? NOTHING) };
    this.#waiting = new Waiting(saved?.waiting);
    this.#forgotUs = saved?.forgotUs ?? 0;
  }

  announce(inputs: readonly Input[]): number | undefined {
    return this.#sources.announce(inputs);
  }

  isLate(input: Input): boolean {
    return this.#waiting.isLate(input);
  }

  touch(touches: readonly Touch[]): void {
    this.#sessions.touch(touches);
  }

  apply(inputs: readonly Input[], uptoUs: number): void {
    this.#waiting.take(inputs, uptoUs, {
      note: (input) => this.#note(input),
      decide: (input) => this.#decide(input),
    });
  }

  rows(asOfMs: number): DerivedRow[] {
    const trades = this.#books.rows((session) => this.#sessions.ended(session, asOfMs) !== undefined);
    return [
      ...trades,
      ...this.#orders.rows(),
      ...this.#sessions.rows(asOfMs, (session) => this.#books.openTrades(session)),
      ...this.#equity.rows(),
    ];
  }

  save(): SavedFold {
    const saved: Saved = {
      waiting: this.#waiting.save(),
      books: this.#books.save(),
      contexts: this.#contexts.save(),
      explainer: this.#explainer.save(),
      sources: this.#sources.save(),
      markets: this.#markets.save(),
      seen: this.#seen.save(),
      orders: this.#orders.save(),
      sessions: this.#sessions.save(),
      equity: this.#equity.save(),
      counts: { ...this.counts },
      forgotUs: this.#forgotUs,
    };
    return { ...saved };
  }

  /** What explains fills is known at once; what changes books or prices waits for that. */
  #note(input: Input): boolean {
    this.#contexts.note(input);
    const fill = input.stream === 'execution' && isFill(input);
    if (input.stream === 'execution' && !fill && isIncomplete(input)) this.counts.fill_incomplete++;
    // Of several logs that hold one fill only one is of an order, and an opening balance is of none.
    if (!fill || (!isOpeningBalance(input) && this.#sources.takes(input))) this.#orders.apply(input);
    this.#sessions.apply(input);
    if (input.us >= this.#forgotUs + FORGET_EVERY_US) {
      this.#forgotUs = input.us;
      this.#forget(input.us - JOIN_AHEAD_US);
    }
    return fill || input.stream === 'cash_flow' || input.stream === 'market';
  }

  #forget(us: number): void {
    this.#contexts.forget(us);
    this.#explainer.forget(us);
    this.#seen.forget(us);
    this.#sources.forget(us - this.#config.memoryMs * 1000);
  }

  #decide(input: Decided): void {
    if (input.stream === 'execution') this.#fill(input);
    else if (input.stream === 'cash_flow') this.#flow(input);
    else this.#price(input);
  }

  #fill(input: InputOf<'execution'>): void {
    const { event, us } = input;
    const account = accountKeyOf(event, this.#scope);
    if (this.#repeats(event.venue_fill_id, input)) {
      this.counts.fill_repeated++;
      return;
    }
    if (!this.#sources.takes(input)) {
      this.counts.fill_shadowed++;
      this.#explainer.noteTwin(input, account);
      return;
    }
    const side = event.side ?? this.#contexts.orderOf(orderIdsOf(event), event.session_id ?? null, us)?.side;
    if (side == null) {
      this.counts.side_unknown++;
      return;
    }
    const units = unitsOf(event.qty ?? 0);
    if (units === undefined || units <= 0n) {
      this.counts.too_fine++;
      return;
    }
    this.#remember(event.venue_fill_id, input); // only now: a copy that says more must not be lost to one that says too little
    const symbol = event.symbol ?? '';
    const instrument = this.#markets.instrumentOf(symbol);
    const bookKey = bookKeyOf(account, event);
    const held = { heldQty: quantityOf(this.#books.unitsOf(bookKey)), heldAvgPx: this.#books.avgPxOf(bookKey) };
    const { explained, fill } = this.#explainer.explain(input, { account, instrument, units, side, ...held });
    const reduceOnly = fill.reduceOnly || this.#disagrees(event, { bookKey, side });
    const { book, steps, unknown } = this.#books.apply({ ...fill, reduceOnly }, explained, {
      bookKey,
      symbol,
      instrument,
    });
    this.counts.fills++;
    this.#contexts.filled(orderIdsOf(event), { session: event.session_id ?? null, us }, event.qty ?? 0);
    if (unknown > 0n) this.counts.entry_unknown++;
    this.#equity.filled({
      us,
      seq: input.seq,
      id: input.id,
      event,
      scopeKey: account,
      bookKey,
      instrument,
      price: explained.price,
      positionQty: quantityOf(book.units),
      avgPx: averageOf(book.trades),
      notionalUsd: isOpeningBalance(input)
        ? 0
        : this.#notionalUsd(fill.units, explained.price, instrument, fill.usdRate),
      grossUsd: sumOrNull(steps.map(({ grossUsd }) => grossUsd)),
      feesUsd: fill.costs.feesUsd,
      chargedUsd: fill.costs.chargedUsd,
      usdRate: fill.usdRate,
      known: unknown === 0n,
    });
    if (book.units === 0n && book.trades.length === 0) this.#books.drop(bookKey, symbol);
  }

  /** A report of the position that the fill led to, where the ledger holds none: it reduced what is not known here. */
  #disagrees(
    event: InputOf<'execution'>['event'],
    { bookKey, side }: { bookKey: string; side: 'buy' | 'sell' },
  ): boolean {
    if (typeof event.position_qty !== 'number' || this.#books.unitsOf(bookKey) !== 0n) return false;
    const qty = event.qty ?? 0;
    const before = event.position_qty - (side === 'buy' ? qty : -qty);
    return Math.abs(before) > qty * 1e-9 && (side === 'buy' ? before < 0 : before > 0);
  }

  #notionalUsd(units: bigint, price: number, { kind, multiplier }: Instrument, rate: number | null): number | null {
    const contracts = quantityOf(units) * multiplier;
    return rate === null ? null : (kind === 'inverse' ? contracts / price : contracts * price) * rate;
  }

  #repeats(venueId: string | null | undefined, input: Numbered): boolean {
    return typeof venueId === 'string' && this.#seen.get(numberOf(venueId, input), input.us) !== undefined;
  }

  #remember(venueId: string | null | undefined, input: Numbered): void {
    if (typeof venueId === 'string') this.#seen.set(numberOf(venueId, input), input.us, true);
  }

  #flow(input: InputOf<'cash_flow'>): void {
    const { event, us, seq, id } = input;
    if (this.#repeats(event.venue_flow_id, input)) {
      this.counts.flow_repeated++;
      return;
    }
    this.#remember(event.venue_flow_id, input);
    this.counts.flows++;
    const rate = event.asset == null ? null : this.#markets.rates.usd(event.asset);
    const usd = event.amount_usd ?? (event.amount == null || rate === null ? null : event.amount * rate);
    const estimated = event.is_estimated === true;
    if (event.kind === 'funding' && event.symbol != null) {
      if (!this.#books.fund(event.symbol, belongsTo(event, this.#scope), { usd, estimated }))
        this.counts.funding_unallocated++;
    }
    this.#equity.flowed({ us, seq, id, event, scopeKey: accountKeyOf(event, this.#scope), usd, estimated });
  }

  #price(input: InputOf<'market'>): void {
    const noted = this.#markets.note(input);
    if (noted === undefined) return;
    const { us, seq, id } = input;
    const { symbol, price, mid } = noted;
    if (mid !== null) this.#explainer.noteMid(symbol, { us, seq, id, mid });
    this.#equity.priced({ us, symbol, price, session: input.event.session_id ?? null });
  }
}

/** Books that a flow is about: those of its venue, account, run and side, as far as it names them. */
function belongsTo(event: InputOf<'cash_flow'>['event'], scope: Scope): (bookKey: string) => boolean {
  return (key) => {
    const [venue, account, run, , side] = key.split(SEPARATOR);
    return (
      (event.venue == null || event.venue === venue) &&
      (event.account_id == null || event.account_id === account) &&
      (scope === 'account' || event.session_id == null || event.session_id === run) &&
      (event.position_id == null || event.position_id === side) &&
      (event.position_side == null || event.position_side === 'both' || event.position_side === side)
    );
  };
}

/** Average price over the open trades, by quantity: several are open only where the first in is the first out. */
function averageOf(trades: readonly OpenTrade[]): number | null {
  const [only, ...more] = trades;
  if (only === undefined || more.length === 0) return only?.money.avgPx ?? null;
  let [cost, quantity] = [0, 0];
  for (const { money } of trades) {
    const open = quantityOf(money.opened - money.closed);
    cost += open * money.avgPx;
    quantity += open;
  }
  return cost / quantity;
}

const sumOrNull = (parts: readonly (number | null)[]): number | null =>
  parts.reduce<number | null>((sum, part) => (sum === null || part === null ? null : sum + part), 0);

/** What a venue numbers. */
type Numbered = InputOf<'execution'> | InputOf<'cash_flow'>;

const numberOf = (venueId: string, { event, stream }: Numbered): string =>
  [stream, event.venue ?? '', event.account_id ?? '', event.symbol ?? '', venueId].join(SEPARATOR);
