import type { EventOf } from '../catalog/index.ts';
import { dateOf, NO_CLOCK_DATE } from '../lake/keys.ts';
import { formatUs } from '../transform/time.ts';
import type { SumOrNull } from './book-types.ts';
import { Account, type SavedAccount } from './equity-account.ts';
import { accountOf, SEPARATOR, scopeOf } from './fill.ts';
import { NO_CLOCK_US } from './input.ts';
import { withoutNulls } from './nulls.ts';
import { totalOf, totalOrNull } from './sum.ts';
import type { DerivedRow, InputOf, Instrument, LedgerConfig, LedgerKey, LedgerTools, Place } from './types.ts';

type Row = EventOf<'equity_curve'>;

/** A fill as its book took it. */
export interface FilledPoint extends Place {
  readonly event: InputOf<'execution'>['event'];
  /** The account, `accountKeyOf`. */
  readonly scopeKey: string;
  readonly bookKey: string;
  readonly instrument: Instrument;
  readonly price: number;
  /** Signed position of the book after the fill, and its average price; null where it is flat. */
  readonly positionQty: number;
  readonly avgPx: number | null;
  readonly notionalUsd: number | null;
  /** Gross PnL that the fill realised; null where a rate was missing. */
  readonly grossUsd: number | null;
  readonly feesUsd: number | null;
  readonly chargedUsd: number;
  /** Dollars per settle asset as of the fill. */
  readonly usdRate: number | null;
  /** False where it reduced what the ledger does not hold: such a fill is outside all PnL. */
  readonly known: boolean;
}

export interface FlowPoint extends Place {
  readonly event: InputOf<'cash_flow'>['event'];
  readonly scopeKey: string;
  /** Amount in dollars, received is positive; null where no rate says it. */
  readonly usd: number | null;
  /** Computed from a rate, not paid: no part of any figure. */
  readonly estimated: boolean;
}

export interface PricePoint {
  readonly us: number;
  readonly symbol: string;
  readonly price: number;
  /** Run that saw it: it lives. */
  readonly session?: string | null;
}

export interface EquityOptions extends LedgerTools {
  readonly key: LedgerKey;
  readonly config: LedgerConfig;
  readonly saved?: SavedEquity;
}

export interface SavedEquity {
  readonly accounts: readonly (readonly [string, SavedAccount])[];
  readonly open: readonly string[];
  readonly held: readonly (readonly [string, Held])[];
  readonly heard: readonly (readonly [string, number])[];
  readonly us: number;
}

/** What is known of the price of a symbol that is held. */
interface Held {
  /** Books that hold it. */
  books: number;
  price: number;
  us: number;
}

const HOUR_US = 3_600_000_000;

const hourOf = (us: number): number => Math.floor(us / HOUR_US);

/**
 * The curve of equity and PnL of each account, out of its fills, flows and prices (S1 M3): for bots that send none. A
 * row per fill, one per payment (funding, rebate, interest) of an account that has traded, and one at the end of each
 * hour in which a position was open and a price of it was seen, stamped with the last microsecond of the hour so that it
 * lies in the hour it closes. Only events move it: an hour ends with the first event after it. Keeps accounts and the
 * prices of what they hold, nothing per event.
 */
export class EquityCurve {
  readonly #key: LedgerKey;
  readonly #tools: LedgerTools;
  readonly #initialUsd: number | null;
  /** Whether positions end with their run. */
  readonly #byRun: boolean;
  readonly #timeoutUs: number;
  readonly #memoryUs: number;
  readonly #accounts: Map<string, Account>;
  /** Accounts that hold something. */
  readonly #open = new Set<Account>();
  /** Accounts known from flows alone. */
  readonly #unnamed = new Set<string>();
  /** When the runs last saw a price, µs. */
  readonly #heard: Map<string, number>;
  readonly #held: Map<string, Held>;
  /** Accounts that hold a symbol. */
  readonly #holders = new Map<string, Set<Account>>();
  #us: number;
  #rows: DerivedRow[] = [];

  static open(options: EquityOptions): EquityCurve {
    return new EquityCurve(options);
  }

  private constructor({ key, config, sha256, saved }: EquityOptions) {
    this.#key = key;
    this.#tools = { sha256 };
    this.#initialUsd = config.strategies[key.strategyId ?? '']?.initialEquityUsd ?? null;
    this.#byRun = scopeOf(key, config) === 'session';
    this.#timeoutUs = config.sessionTimeoutMs * 1000;
    this.#memoryUs = config.memoryMs * 1000;
    this.#accounts = new Map(saved?.accounts.map(([name, account]) => [name, Account.restore(account)]));
    for (const [name, account] of this.#accounts) {
      if (account.fills === 0) this.#unnamed.add(name);
      for (const { symbol } of account.positions.values()) this.#holds(symbol, account);
    }
    for (const name of saved?.open ?? []) {
      const account = this.#accounts.get(name);
      if (account !== undefined) this.#open.add(account);
    }
    this.#heard = new Map(saved?.heard);
    this.#held = new Map(saved?.held.map(([symbol, held]) => [symbol, { ...held }]));
    this.#us = saved?.us ?? NO_CLOCK_US;
  }

  filled(point: FilledPoint): void {
    this.#pass(point.us);
    const { event, us, bookKey, price } = point;
    const account = this.#accountOf(point.scopeKey, event);
    const symbol = event.symbol ?? '';
    const before = account.positions.has(bookKey);
    account.fill(point, symbol);
    const after = account.positions.has(bookKey);
    if (after !== before) this.#count(symbol, after ? 1 : -1, { price, us });
    this.#holds(symbol, account);
    this.#price(symbol, { price, us });
    if (account.holds) this.#open.add(account);
    else this.#open.delete(account);
    account.aliveUs = us;
    this.#rows.push(this.#fillRow(account, point));
  }

  flowed({ us, seq, id, event, scopeKey, usd, estimated }: FlowPoint): void {
    this.#pass(us);
    if (estimated) return;
    const account = this.#flowAccountOf(scopeKey, event);
    account.flow(event.kind ?? null, usd);
    account.aliveUs = us;
    if (account.fills === 0 || event.kind === 'deposit' || event.kind === 'withdrawal') return;
    const point = pointAt({ us, seq, id: `flow-${id}` }, event, { qty: null, avgPx: null });
    // An old price tells what was paid, not what the account is worth now.
    const old = [...account.positions.values()].some(
      ({ symbol }) => hourOf(this.#held.get(symbol)?.us ?? -1) !== hourOf(us),
    );
    this.#rows.push(this.#row(account, old ? { ...point, event: { ...point.event, ...NOT_MARKED } } : point));
  }

  priced({ us, symbol, price, session = null }: PricePoint): void {
    this.#pass(us);
    if (session !== null && this.#byRun) this.#heard.set(session, us);
    this.#price(symbol, { price, us });
  }

  /** Rows made since the last call. */
  rows(): DerivedRow[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  save(): SavedEquity {
    return {
      accounts: [...this.#accounts].map(([name, account]) => [name, account.save()]),
      open: [...this.#open].map(({ name }) => name),
      heard: [...this.#heard],
      held: [...this.#held].map(([symbol, held]) => [symbol, { ...held }]),
      us: this.#us,
    };
  }

  /** Closes the hour that the last event lay in, where time went on. In hours without any event no price was seen. */
  #pass(us: number): void {
    const hour = hourOf(this.#us);
    if (hourOf(us) > hour) {
      if (hour !== hourOf(NO_CLOCK_US)) for (const account of this.#open) this.#closeHour(account, hour);
      this.#us = us;
      if (this.#byRun) this.#forget(us);
    } else if (us > this.#us) this.#us = us;
  }

  /** Runs that were silent for the timeout hold nothing any more; later they are forgotten. */
  #forget(us: number): void {
    for (const [session, heardUs] of this.#heard) if (heardUs < us - this.#memoryUs) this.#heard.delete(session);
    for (const [name, account] of this.#accounts) {
      const aliveUs = Math.max(account.aliveUs, this.#heard.get(account.about.session ?? '') ?? account.aliveUs);
      if (aliveUs < us - this.#memoryUs) {
        for (const { symbol } of account.positions.values()) {
          this.#count(symbol, -1, { price: 0, us: 0 });
          this.#holders.get(symbol)?.delete(account);
        }
        this.#accounts.delete(name);
        this.#unnamed.delete(name);
        this.#open.delete(account);
      } else if (aliveUs < us - this.#timeoutUs) this.#open.delete(account);
    }
  }

  #closeHour(account: Account, hour: number): void {
    const seen = [...account.positions.values()].some(
      ({ symbol }) => hourOf(this.#held.get(symbol)?.us ?? -1) === hour,
    );
    if (!seen) return;
    const us = (hour + 1) * HOUR_US - 1;
    const ts = formatUs(us);
    const positions = [...account.positions.values()];
    const [only] = positions;
    const single = positions.length === 1 && only !== undefined;
    const name = JSON.stringify([this.#key.mode, account.name]);
    this.#rows.push(
      this.#row(account, {
        id: `hour-${ts.slice(0, 13)}-${this.#tools.sha256(name).slice(0, 16)}`,
        date: dateOf(us / 1000),
        event: {
          ts,
          ts_ms: Math.floor(us / 1000),
          ts_source: 'ts',
          session_id: account.about.session,
          symbol: single ? only.symbol : null,
          position_qty: single ? only.qty : null,
          position_avg_px: single ? only.avgPx : null,
        },
      }),
    );
  }

  #fillRow(account: Account, { event, us, seq, id, positionQty, avgPx }: FilledPoint): DerivedRow {
    const held = { qty: positionQty, avgPx: positionQty === 0 ? null : avgPx };
    return this.#row(account, pointAt({ us, seq, id: `fill-${id}` }, event, held));
  }

  #row(account: Account, { id, date, event }: { id: string; date: string; event: Row }): DerivedRow {
    const { about } = account;
    const mark = account.mark((symbol) => this.#held.get(symbol)?.price);
    const full: Row = {
      event_id: id,
      stream: 'equity_curve',
      schema_version: 1,
      strategy_id: this.#key.strategyId,
      mode: this.#key.mode as Row['mode'],
      venue: about.venue,
      account_id: about.account,
      timeframe: about.timeframe,
      source_log: LEDGER,
      equity: mark.equity,
      peak_equity: mark.peak,
      drawdown: mark.drawdown,
      exposure_usd: mark.exposureUsd,
      pnl_total_usd: mark.unrealizedUsd === null ? null : plus(account.realized, mark.unrealizedUsd),
      realized_pnl_cum_usd: totalOrNull(account.realized),
      unrealized_pnl_usd: mark.unrealizedUsd,
      pnl_basis: 'net_of_all_costs',
      fees_cum_usd: totalOrNull(account.fees),
      funding_cum_usd: totalOrNull(account.funding),
      turnover_usd: totalOrNull(account.turnover),
      fill_count: account.fills,
      ...event, // last: what is added to a spread costs a thousand times as much
    };
    return { stream: 'equity_curve', id, date, event: withoutNulls(full) };
  }

  #accountOf(name: string, event: FilledPoint['event']): Account {
    let account = this.#accounts.get(name);
    this.#unnamed.delete(name);
    if (account === undefined) {
      account = this.#adopted(name) ?? new Account(name, this.#initialUsd);
      this.#accounts.set(name, account);
    }
    const { about } = account;
    about.venue ??= event.venue ?? null;
    about.account ??= accountOf(event) || null;
    about.timeframe ??= event.timeframe ?? null;
    about.session ??= runOf(name) === EVERY_RUN ? null : (event.session_id ?? null);
    return account;
  }

  /** A deposit that named less than the fill does came before it: it is of this account, and its name is now known. */
  #adopted(name: string): Account | undefined {
    for (const known of this.#unnamed) {
      const account = this.#accounts.get(known);
      if (account === undefined || !fits(known, name)) continue;
      this.#accounts.delete(known);
      this.#unnamed.delete(known);
      account.name = name;
      return account;
    }
    return undefined;
  }

  /** The account a flow names; the one that fits where it names less, and an account of its own where several do. */
  #flowAccountOf(name: string, event: FlowPoint['event']): Account {
    const exact = this.#accounts.get(name);
    if (exact !== undefined) return exact;
    const fitting = [...this.#accounts].filter(([known]) => fits(name, known));
    const [only] = fitting;
    if (fitting.length === 1 && only !== undefined) return only[1];
    const account = new Account(name, this.#initialUsd);
    account.about.venue = event.venue ?? null;
    account.about.account = event.account_id ?? null;
    account.about.session = runOf(name) === EVERY_RUN ? null : (event.session_id ?? null);
    this.#accounts.set(name, account);
    this.#unnamed.add(name);
    return account;
  }

  #count(symbol: string, by: 1 | -1, at: { readonly price: number; readonly us: number }): void {
    const held = this.#held.get(symbol) ?? { books: 0, ...at };
    held.books += by;
    if (held.books > 0) this.#held.set(symbol, held);
    else this.#held.delete(symbol);
  }

  #price(symbol: string, { price, us }: { readonly price: number; readonly us: number }): void {
    const held = this.#held.get(symbol);
    if (held === undefined) return;
    held.price = price;
    held.us = us;
    for (const account of this.#holders.get(symbol) ?? []) account.priced(symbol);
  }

  #holds(symbol: string, account: Account): void {
    const holders = this.#holders.get(symbol);
    if (account.holdsSymbol(symbol)) {
      if (holders === undefined) this.#holders.set(symbol, new Set([account]));
      else holders.add(account);
    } else if (holders !== undefined) {
      holders.delete(account);
      if (holders.size === 0) this.#holders.delete(symbol);
    }
  }
}

/** Of a row whose prices are older than its hour. */
const NOT_MARKED = { equity: null, peak_equity: null, drawdown: null, pnl_total_usd: null, unrealized_pnl_usd: null };

/** What a row says of the moment, the event and the book that it is about. */
function pointAt(
  { us, seq, id }: Place,
  event: Pick<Row, 'session_id' | 'symbol' | 'position_side' | 'bar_ts'>,
  { qty, avgPx }: { readonly qty: number | null; readonly avgPx: number | null },
): { readonly id: string; readonly date: string; readonly event: Row } {
  const clock = us !== NO_CLOCK_US;
  return {
    id,
    date: clock ? dateOf(us / 1000) : NO_CLOCK_DATE,
    event: {
      ts: clock ? formatUs(us) : null,
      ts_ms: clock ? Math.floor(us / 1000) : null,
      ts_source: clock ? 'ts' : 'none',
      seq,
      session_id: event.session_id ?? null,
      symbol: event.symbol ?? null,
      position_side: event.position_side ?? null,
      bar_ts: event.bar_ts ?? null,
      position_qty: qty,
      position_avg_px: avgPx,
    },
  };
}

/** `source_log` of rows that Nightdesk derived. */
const LEDGER = 'ledger';
/** In place of a run, where positions outlive it. */
const EVERY_RUN = '*';

const runOf = (name: string): string => name.split(SEPARATOR)[2] ?? '';

/** Whether a name with parts left out may mean the other one. */
function fits(less: string, more: string): boolean {
  const parts = more.split(SEPARATOR);
  return less.split(SEPARATOR).every((part, at) => part === '' || part === parts[at]);
}

const plus = (sum: SumOrNull, more: number): number | null => (sum === null ? null : totalOf(sum) + more);
