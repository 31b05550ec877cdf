import type { Instrument, LedgerConfig } from '../../../lib/core/lifecycle/types.ts';
import type { LedgerEvent } from '../../support/ledger.ts';
import { D } from './oracle-decimal.ts';

// The ledger once more, as the rules say it and as slowly as that is: all events at once, sorted, one pass. It shares no
// code with the ledger and keeps nothing from one event to the next but the books.

const WAIT_US = 5_000_000; // how long a fill waits for its order
const NO_CLOCK_US = Date.UTC(2000, 0, 1) * 1000;

export interface OracleTrade {
  /** Session and event of the fill that opened it. */
  readonly key: string;
  readonly book: string;
  readonly symbol: string;
  readonly direction: 'long' | 'short';
  readonly scope: 'account' | 'session';
  readonly method: string;
  status: 'open' | 'closed' | 'abandoned';
  readonly entryTs: string | null;
  exitTs: string | null;
  /** Units of 1e-12. */
  opened: bigint;
  closed: bigint;
  held: bigint;
  peak: bigint;
  /** Σ price × quantity. */
  openedCost: bigint;
  closedCost: bigint;
  /** Notional of the opening fills and that of what is still open, settle asset; inverse: below 0. */
  notional: bigint;
  cost: bigint;
  gross: bigint;
  grossUsd: bigint | null;
  notionalUsd: bigint | null;
  feesUsd: bigint | null;
  impactUsd: bigint | null;
  charged: bigint;
  fundingUsd: bigint | null;
  fundingEstimated: bigint;
  fills: number;
  opens: number;
  closes: number;
  flippedFrom: string | null;
  /** Quantity of which the rules do not say whether it still belongs to the trade: what rounding to flat swallowed. */
  slack: bigint;
}

export interface OracleLedger {
  readonly trades: readonly OracleTrade[];
  /** Signed units of each book that holds anything. */
  readonly positions: ReadonlyMap<string, bigint>;
  readonly counts: Readonly<
    Record<
      | 'fills'
      | 'fill_repeated'
      | 'fill_shadowed'
      | 'side_unknown'
      | 'fill_incomplete'
      | 'entry_unknown'
      | 'flow_repeated',
      number
    >
  >;
  /** Books of which the rules leave open what happens to them: nothing of them is compared. */
  readonly unsettled: ReadonlySet<string>;
  /** Symbols whose funding the rules leave open. */
  readonly unsettledFunding: ReadonlySet<string>;
  /** Sessions of which they leave open whether they have ended. */
  readonly unsettledSessions: ReadonlySet<string>;
}

interface Book {
  readonly name: string;
  readonly trades: OracleTrade[];
}

/** The ledger of one (mode, strategy): all its events, copies and all, in any order. */
export function oracle(events: readonly LedgerEvent[], config: LedgerConfig, asOfMs: number): OracleLedger {
  const known = sorted(unique(events));
  const ledger = new Pass(known, config);
  for (const event of known) ledger.take(event);
  return ledger.close(asOfMs);
}

class Pass {
  readonly #known: readonly LedgerEvent[];
  readonly #config: LedgerConfig;
  readonly #books = new Map<string, Book>();
  readonly #trades: OracleTrade[] = [];
  readonly #fillIds = new Set<string>();
  readonly #flowIds = new Set<string>();
  readonly #unsettled = new Set<string>();
  readonly #unsettledFunding = new Set<string>();
  readonly #unsettledSessions = new Set<string>();
  readonly #counts = {
    fills: 0,
    fill_repeated: 0,
    fill_shadowed: 0,
    side_unknown: 0,
    fill_incomplete: 0,
    entry_unknown: 0,
    flow_repeated: 0,
  };

  constructor(known: readonly LedgerEvent[], config: LedgerConfig) {
    this.#known = known;
    this.#config = config;
  }

  take(event: LedgerEvent): void {
    if (event.stream === 'execution') this.#execution(event);
    if (event.stream === 'cash_flow' && !this.#isRepeated(event) && event.kind === 'funding') this.#funding(event);
  }

  close(asOfMs: number): OracleLedger {
    for (const trade of this.#trades) {
      if (trade.status === 'open' && trade.scope === 'session' && this.#hasEnded(trade, asOfMs))
        trade.status = 'abandoned';
    }
    const positions = new Map<string, bigint>();
    for (const { name, trades } of this.#books.values()) {
      const units = trades.reduce((sum, { direction, held }) => sum + (direction === 'long' ? held : -held), 0n);
      if (trades.length > 0) positions.set(name, units);
    }
    return {
      trades: this.#trades,
      positions,
      counts: this.#counts,
      unsettled: this.#unsettled,
      unsettledFunding: this.#unsettledFunding,
      unsettledSessions: this.#unsettledSessions,
    };
  }

  #execution(event: LedgerEvent): void {
    const word = event.result ?? event.status ?? 'filled';
    if (word === 'rejected' || word === 'placed' || event.status === 'rejected') return;
    if (!isPositive(event.qty) || !isPositive(event.price)) {
      this.#counts.fill_incomplete++;
      return;
    }
    if (typeof event.venue_fill_id === 'string') {
      const id = JSON.stringify([event.venue, event.account_id, event.symbol, event.venue_fill_id]);
      if (this.#fillIds.has(id)) {
        this.#counts.fill_repeated++;
        return;
      }
      const side = this.#sideOf(event);
      if (side !== undefined) this.#fillIds.add(id);
    } else if (event.source_log === 'execution_log' && this.#known.some((other) => isRankedAbove(other, event))) {
      this.#counts.fill_shadowed++;
      return;
    }
    const side = this.#sideOf(event);
    if (side === undefined) {
      this.#counts.side_unknown++;
      return;
    }
    this.#counts.fills++;
    const fill = { event, side, units: unitsOf(event.qty), price: D.from(event.price) };
    const book = this.#bookOf(event);
    if (this.#config.strategies[String(event.strategy_id)]?.tradeMethod === 'fifo') this.#fifo(book, fill);
    else this.#flatToFlat(book, fill);
  }

  /** The event's own side, else that of the order with an id of the fill's, known at most five seconds later. */
  #sideOf(event: LedgerEvent): 'buy' | 'sell' | undefined {
    if (event.side === 'buy' || event.side === 'sell') return event.side;
    const order = this.#known.find(
      (other) =>
        other.stream === 'order' &&
        usOf(other) <= usOf(event) + WAIT_US &&
        (['order_id', 'client_order_id', 'venue_order_id'] as const).some(
          (id) => typeof event[id] === 'string' && event[id] === other[id],
        ),
    );
    return order?.side === 'buy' || order?.side === 'sell' ? order.side : undefined;
  }

  #flatToFlat(book: Book, fill: Fill): void {
    const [trade] = book.trades;
    if (trade === undefined || trade.direction === directionOf(fill.side)) {
      this.#enter(book, fill, fill.units);
      return;
    }
    const { lot } = this.#instrumentOf(trade.symbol);
    const left = trade.held - fill.units;
    if (isFlat(left, { lot, peak: trade.peak })) {
      trade.slack = abs(left);
      this.#leave(book, trade, fill, fill.units, true);
    } else if (left > 0n) {
      this.#leave(book, trade, fill, fill.units, false);
    } else {
      this.#leave(book, trade, fill, trade.held, true);
      this.#enter(book, fill, -left, trade);
    }
  }

  /** Every opening fill is a trade of its own, and the oldest is closed first. */
  #fifo(book: Book, fill: Fill): void {
    let rest = fill.units;
    while (rest > 0n) {
      const [oldest] = book.trades;
      if (oldest === undefined || oldest.direction === directionOf(fill.side)) {
        this.#enter(book, fill, rest);
        return;
      }
      const part = rest < oldest.held ? rest : oldest.held;
      const [left, over] = [oldest.held - part, rest - part];
      const { lot } = this.#instrumentOf(oldest.symbol);
      // What is nearly flat: whether it goes with this trade or the next is nowhere said.
      if (
        (left > 0n && isFlat(left, { lot, peak: oldest.peak })) ||
        (over > 0n && isFlat(over, { lot, peak: oldest.peak }))
      )
        this.#unsettled.add(book.name);
      this.#leave(book, oldest, fill, part, left === 0n);
      rest = over;
    }
  }

  #enter(book: Book, fill: Fill, units: bigint, flipped?: OracleTrade): void {
    const { event, price } = fill;
    const [open] = book.trades;
    const side = event.position_side ?? null;
    if (side !== null && side !== directionOf(fill.side)) {
      this.#counts.entry_unknown++; // the book of one side of a hedged account: this can but reduce it
      return;
    }
    if (event.reduce_only === true) {
      if (open !== undefined) this.#unsettled.add(book.name); // it would reduce the other side, which is not there
      this.#counts.entry_unknown++;
      return;
    }
    const instrument = this.#instrumentOf(String(event.symbol));
    const fifo = this.#config.strategies[String(event.strategy_id)]?.tradeMethod === 'fifo';
    if (isFlat(units, { lot: instrument.lot, peak: 0n })) this.#unsettled.add(book.name); // opened, and flat at once
    const trade = open !== undefined && !fifo ? open : this.#open(book, fill, flipped);
    const notional = D.times(worth(price, instrument), units);
    trade.opened += units;
    trade.held += units;
    trade.openedCost += D.times(price, units);
    trade.notional += notional;
    trade.cost += notional;
    if (trade.held > trade.peak) trade.peak = trade.held;
    trade.opens++;
    const rate = this.#rateOf(instrument.settle, event);
    trade.notionalUsd = plus(trade.notionalUsd, rate === null ? null : D.mul(abs(notional), rate));
    this.#costs(trade, fill, units);
  }

  #open(book: Book, { event, side }: Fill, flipped?: OracleTrade): OracleTrade {
    const trade: OracleTrade = {
      key: tradeKey(event),
      book: book.name,
      symbol: String(event.symbol),
      direction: directionOf(side),
      scope: this.#scopeOf(event),
      method: this.#config.strategies[String(event.strategy_id)]?.tradeMethod ?? 'flat_to_flat',
      status: 'open',
      entryTs: typeof event.ts === 'string' ? event.ts : null,
      exitTs: null,
      ...{ opened: 0n, closed: 0n, held: 0n, peak: 0n, openedCost: 0n, closedCost: 0n, notional: 0n, cost: 0n },
      ...{ gross: 0n, grossUsd: 0n, notionalUsd: 0n, feesUsd: 0n, impactUsd: 0n, charged: 0n },
      ...{ fundingUsd: 0n, fundingEstimated: 0n, fills: 0, opens: 0, closes: 0, slack: 0n },
      flippedFrom: flipped?.key ?? null,
    };
    book.trades.push(trade);
    this.#trades.push(trade);
    return trade;
  }

  #leave(book: Book, trade: OracleTrade, fill: Fill, units: bigint, closes: boolean): void {
    const { event, price } = fill;
    const instrument = this.#instrumentOf(trade.symbol);
    const counted = units < trade.held ? units : trade.held;
    const cost = closes ? trade.cost : (trade.cost * counted) / trade.held;
    const costOfCounted = closes && units < trade.held ? (trade.cost * counted) / trade.held : cost;
    const gain = D.times(worth(price, instrument), counted) - costOfCounted;
    const gross = trade.direction === 'long' ? gain : -gain;
    trade.gross += gross;
    const rate = this.#rateOf(instrument.settle, event);
    trade.grossUsd = plus(trade.grossUsd, rate === null ? null : D.mul(gross, rate));
    trade.cost -= cost;
    trade.closed += counted;
    trade.held = closes ? 0n : trade.held - counted;
    trade.closedCost += D.times(price, counted);
    trade.closes++;
    this.#costs(trade, fill, units);
    if (!closes) return;
    trade.status = 'closed';
    trade.exitTs = typeof event.ts === 'string' ? event.ts : null;
    book.trades.splice(book.trades.indexOf(trade), 1);
  }

  /** A fill's costs, of which the trade bears the share of its quantity. */
  #costs(trade: OracleTrade, { event, units: all }: Fill, units: bigint): void {
    trade.fills++;
    const record = this.#known.find(
      (other) =>
        other.stream === 'costs' &&
        other.session_id === event.session_id &&
        (['order_id', 'client_order_id', 'venue_order_id'] as const).some(
          (id) => typeof event[id] === 'string' && event[id] === other[id],
        ),
    );
    const share = (amount: bigint | null): bigint | null => (amount === null ? null : (amount * units) / all);
    const told = record ?? event;
    trade.feesUsd = plus(trade.feesUsd, share(this.#feeUsd(told, event)));
    const impact = typeof told.impact_usd === 'number' ? D.from(told.impact_usd) : null;
    trade.impactUsd = plus(trade.impactUsd, share(impact));
    if (told.impact_basis === 'charged') trade.charged += share(impact) ?? 0n;
  }

  #feeUsd(told: LedgerEvent, fill: LedgerEvent): bigint | null {
    if (typeof told.fee_usd === 'number') return D.from(told.fee_usd);
    if (typeof told.fee !== 'number' || typeof told.fee_asset !== 'string') return null;
    const rate = this.#rateOf(told.fee_asset, fill);
    return rate === null ? null : D.mul(D.from(told.fee), rate);
  }

  /** A flow that the venue numbered counts once. */
  #isRepeated(event: LedgerEvent): boolean {
    if (typeof event.venue_flow_id !== 'string') return false;
    const id = JSON.stringify([event.venue, event.account_id, event.venue_flow_id]);
    if (this.#flowIds.has(id)) this.#counts.flow_repeated++;
    return this.#flowIds.size === this.#flowIds.add(id).size;
  }

  #funding(event: LedgerEvent): void {
    const scope = this.#scopeOf(event);
    const open = this.#trades.filter(
      (trade) =>
        trade.status === 'open' &&
        sameButSide(bookName(event, scope), trade.book) &&
        (event.position_side == null || JSON.parse(trade.book)[4] === event.position_side),
    );
    const maybe = this.#trades.filter(
      (trade) => trade.status === 'open' && !open.includes(trade) && mayBelong(bookName(event, scope), trade.book),
    );
    if (maybe.length > 0) this.#unsettledFunding.add(String(event.symbol));
    if (new Set(open.map(({ book }) => book)).size > 1) this.#unsettledFunding.add(String(event.symbol));
    const all = open.reduce((sum, { held }) => sum + held, 0n);
    const usd = this.#flowUsd(event);
    for (const trade of open) {
      const part = usd === null ? null : (usd * trade.held) / all;
      if (event.is_estimated === true) trade.fundingEstimated += part ?? 0n;
      else trade.fundingUsd = plus(trade.fundingUsd, part);
    }
  }

  #flowUsd(event: LedgerEvent): bigint | null {
    if (typeof event.amount_usd === 'number') return D.from(event.amount_usd);
    if (typeof event.amount !== 'number') return null;
    const rate = this.#rateOf(typeof event.asset === 'string' ? event.asset : null, event);
    return rate === null ? null : D.mul(D.from(event.amount), rate);
  }

  /** Dollars per asset: 1 for stable coins, else the newest price before the event in the one order; null where there is none. */
  #rateOf(asset: string | null, at: LedgerEvent): bigint | null {
    if (asset === null) return null;
    if (this.#config.stableCoins.includes(asset)) return D.ONE;
    let rate: bigint | null = null;
    for (const event of this.#known) {
      if (event === at) break;
      if (event.stream !== 'market' || event.symbol !== `${asset}USDT` || typeof event.mid !== 'number') continue;
      rate = D.from(event.mid);
    }
    return rate;
  }

  #instrumentOf(symbol: string): Pick<Instrument, 'kind' | 'multiplier' | 'lot' | 'settle'> {
    const { kind = 'spot', multiplier = 1, lot = null, settle = 'USDT' } = this.#config.instruments[symbol] ?? {};
    return { kind, multiplier, lot, settle };
  }

  #scopeOf({ strategy_id, mode }: LedgerEvent): 'account' | 'session' {
    return this.#config.strategies[String(strategy_id)]?.scope ?? (mode === 'live' ? 'account' : 'session');
  }

  #bookOf(event: LedgerEvent): Book {
    const name = bookName(event, this.#scopeOf(event));
    const book = this.#books.get(name) ?? { name, trades: [] };
    this.#books.set(name, book);
    return book;
  }

  /** The run said that it ends and nothing came of it later, or nothing came for as long as it takes to believe it. */
  #hasEnded({ book }: OracleTrade, asOfMs: number): boolean {
    const session: unknown = JSON.parse(book)[2];
    const own = this.#known.filter((event) => event.session_id === session && typeof event.ts === 'string');
    const last = own.at(-1);
    if (last === undefined) return false;
    const end = own.findLast(isEnd);
    // Of what stands at the very moment of the end nothing says whether it comes later.
    if (
      end !== undefined &&
      own.some((event) => event !== end && usOf(event) === usOf(end) && usOf(end) === usOf(last))
    )
      this.#unsettledSessions.add(String(session));
    return isEnd(last) || asOfMs * 1000 - usOf(last) > this.#config.sessionTimeoutMs * 1000;
  }
}

interface Fill {
  readonly event: LedgerEvent;
  readonly side: 'buy' | 'sell';
  readonly units: bigint;
  readonly price: bigint;
}

const isEnd = ({ stream, event }: LedgerEvent): boolean => stream === 'system' && event === 'session_end';

/** [venue, account, session, symbol, side]: with mode and strategy, what tells books apart. */
const bookName = (event: LedgerEvent, scope: 'account' | 'session'): string =>
  JSON.stringify([
    event.venue ?? null,
    event.account_id ?? null,
    scope === 'account' ? null : event.session_id,
    event.symbol,
    event.position_side ?? null,
  ]);

const sameButSide = (a: string, b: string): boolean =>
  JSON.stringify(JSON.parse(a).slice(0, 4)) === JSON.stringify(JSON.parse(b).slice(0, 4));

/** Whether a book is the one named as far as it is named: nothing says what a flow of no venue or account is about. */
function mayBelong(named: string, book: string): boolean {
  const parts: unknown[] = JSON.parse(book);
  return (JSON.parse(named) as unknown[]).every((part, i) => part === null || part === parts[i]);
}

export const tradeKey = ({ session_id, event_id }: LedgerEvent): string =>
  JSON.stringify([session_id ?? null, event_id]);

/** Of a fill in the second log: the first log holds the fills of its day and account. */
const isRankedAbove = (other: LedgerEvent, event: LedgerEvent): boolean =>
  other.stream === 'execution' &&
  other.source_log === undefined &&
  other.venue_fill_id === undefined &&
  other.account_id === event.account_id &&
  Math.floor(usOf(other) / 86_400e6) === Math.floor(usOf(event) / 86_400e6);

/** Of the copies of an event the first to come in. */
function unique(events: readonly LedgerEvent[]): LedgerEvent[] {
  const first = new Map<string, LedgerEvent>();
  for (const event of events) {
    const identity = JSON.stringify([event.strategy_id, event.session_id, event.stream, event.event_id]);
    const found = first.get(identity);
    if (found === undefined || String(event.ingested_at) < String(found.ingested_at)) first.set(identity, event);
  }
  return [...first.values()];
}

const sorted = (events: readonly LedgerEvent[]): LedgerEvent[] =>
  [...events].sort(
    (a, b) => usOf(a) - usOf(b) || Number(a.seq) - Number(b.seq) || (String(a.event_id) < String(b.event_id) ? -1 : 1),
  );

const usOf = ({ ts }: LedgerEvent): number =>
  typeof ts === 'string' ? Date.parse(`${ts.slice(0, 23)}Z`) * 1000 + Number(ts.slice(23, 26)) : NO_CLOCK_US;

const isPositive = (value: unknown): value is number => typeof value === 'number' && value > 0;

/** The nearest whole number of 1e-12: doubles carry the noise of the arithmetic that they come from. */
const unitsOf = (qty: unknown): bigint => D.round(D.from(Number(qty)));

const directionOf = (side: 'buy' | 'sell'): 'long' | 'short' => (side === 'buy' ? 'long' : 'short');

/** Below half a lot, else below 1e-9 of the peak. */
const isFlat = (units: bigint, { lot, peak }: { lot: number | null; peak: bigint }): boolean =>
  lot === null ? abs(units) * 1_000_000_000n < peak || units === 0n : abs(units) * 2n < unitsOf(lot);

/** What one base unit is worth in the settle asset, so that PnL is the difference of two values (`semantics 2`). */
const worth = (price: bigint, { kind, multiplier }: Pick<Instrument, 'kind' | 'multiplier'>): bigint =>
  kind === 'inverse' ? -D.div(D.from(multiplier), price) : D.mul(price, D.from(multiplier));

const plus = (a: bigint | null, b: bigint | null): bigint | null => (a === null || b === null ? null : a + b);
const abs = (value: bigint): bigint => (value < 0n ? -value : value);
