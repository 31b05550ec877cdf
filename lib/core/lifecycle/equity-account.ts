import type { Sum, SumOrNull } from './book-types.ts';
import type { FilledPoint } from './equity.ts';
import { addOrNull, emptySum, openSum, type SavedSum, sumFrom, totalOf, totalOrNull } from './sum.ts';
import type { Instrument } from './types.ts';

/** What one book of an account holds. */
export interface Position {
  readonly symbol: string;
  readonly qty: number;
  readonly avgPx: number;
  readonly instrument: Pick<Instrument, 'kind' | 'multiplier'>;
  /** Dollars per settle asset, and the price it held at. */
  readonly usdRate: number | null;
  readonly ratePx: number;
}

export interface AccountFacts {
  venue: string | null;
  account: string | null;
  session: string | null;
  timeframe: string | null;
}

export interface SavedAccount {
  readonly name: string;
  readonly about: AccountFacts;
  readonly positions: readonly (readonly [string, Position])[];
  readonly realized: SavedSum | null;
  readonly fees: SavedSum | null;
  readonly funding: SavedSum | null;
  readonly turnover: SavedSum | null;
  readonly capital: SavedSum | null;
  readonly fills: number;
  readonly started: boolean;
  readonly last: number | null;
  readonly peak: number | null;
  readonly sinceFlow: SavedSum | null;
  readonly aliveUs: number;
}

/** An account marked to the newest prices. */
export interface Mark {
  readonly unrealizedUsd: number | null;
  readonly exposureUsd: number | null;
  readonly equity: number | null;
  readonly peak: number | null;
  /** Fraction ≥ 0 below the peak. */
  readonly drawdown: number | null;
}

/** One account of the curve: sums of what was booked, and what is held. Null is not known, and stays so. */
export class Account {
  name: string;
  readonly about: AccountFacts = { venue: null, account: null, session: null, timeframe: null };
  readonly positions = new Map<string, Position>();
  /** What each book adds to the mark, and the sums of that: a fill must not cost as much as there are open books. */
  readonly #parts = new Map<string, Part>();
  readonly #unrealized = new ExactTotal();
  readonly #exposure = new ExactTotal();
  /** Books whose position or price changed since the last mark. */
  readonly #stale = new Set<string>();
  readonly #bySymbol = new Map<string, Set<string>>();
  /** Gross less fees and charged costs, plus funding and what else was credited. */
  realized: SumOrNull = emptySum();
  fees: SumOrNull = emptySum();
  funding: SumOrNull = emptySum();
  turnover: SumOrNull = emptySum();
  /** What was put in: the configured equity, or deposits less withdrawals where the first thing known of the account is one. */
  #capital: SumOrNull;
  fills = 0;
  /** When something of it or of its run was last heard, µs. */
  aliveUs = Number.MIN_SAFE_INTEGER;
  #started = false;
  #last: number | null = null;
  #peak: number | null = null;
  /** Deposits less withdrawals since the last mark; null where one of them is not known. */
  #sinceFlow: SumOrNull = emptySum();

  constructor(name: string, initialUsd: number | null) {
    this.name = name;
    this.#capital = initialUsd === null ? null : sumFrom(initialUsd);
    if (initialUsd !== null) {
      this.#last = initialUsd;
      this.#peak = initialUsd;
      this.#started = true;
    }
  }

  get holds(): boolean {
    return this.positions.size > 0;
  }

  fill(point: FilledPoint, symbol: string): void {
    const { bookKey, positionQty, avgPx, instrument, usdRate, price } = point;
    this.#started = true;
    this.fills++;
    this.turnover = addOrNull(this.turnover, point.notionalUsd);
    this.fees = addOrNull(this.fees, point.feesUsd);
    if (point.known) {
      const { grossUsd, feesUsd, chargedUsd } = point;
      this.realized = addOrNull(
        this.realized,
        grossUsd === null || feesUsd === null ? null : grossUsd - feesUsd - chargedUsd,
      );
    }
    if (positionQty === 0 || avgPx === null) {
      this.#drop(bookKey, symbol);
      return;
    }
    const { kind, multiplier } = instrument;
    this.#hold(bookKey, {
      symbol,
      qty: positionQty,
      avgPx,
      instrument: { kind, multiplier },
      usdRate,
      ratePx: price,
    });
  }

  /** Whether any book of it holds the symbol. */
  holdsSymbol(symbol: string): boolean {
    return this.#bySymbol.has(symbol);
  }

  /** The price of a symbol changed. */
  priced(symbol: string): void {
    for (const bookKey of this.#bySymbol.get(symbol) ?? []) this.#stale.add(bookKey);
  }

  #hold(bookKey: string, position: Position): void {
    this.positions.set(bookKey, position);
    this.#stale.add(bookKey);
    const books = this.#bySymbol.get(position.symbol);
    if (books === undefined) this.#bySymbol.set(position.symbol, new Set([bookKey]));
    else books.add(bookKey);
  }

  #drop(bookKey: string, symbol: string): void {
    this.positions.delete(bookKey);
    this.#stale.add(bookKey);
    const books = this.#bySymbol.get(symbol);
    books?.delete(bookKey);
    if (books?.size === 0) this.#bySymbol.delete(symbol);
  }

  /** Money by other ways than fills. Deposits and withdrawals are capital, everything else is gain or cost. */
  flow(kind: string | null, usd: number | null): void {
    if (kind === 'deposit' || kind === 'withdrawal') {
      const amount = usd === null ? null : kind === 'deposit' ? Math.abs(usd) : -Math.abs(usd);
      if (!this.#started) this.#capital = amount === null ? null : sumFrom(amount);
      else this.#capital = addOrNull(this.#capital, amount);
      this.#sinceFlow = addOrNull(this.#sinceFlow, amount);
    } else {
      if (kind === 'funding') this.funding = addOrNull(this.funding, usd);
      this.realized = addOrNull(this.realized, usd);
    }
    this.#started = true;
  }

  /** Marks to prices, and moves the peak on: call it once per row. */
  mark(priceOf: (symbol: string) => number | undefined): Mark {
    for (const bookKey of this.#stale) this.#remark(bookKey, priceOf);
    this.#stale.clear();
    const open = this.#unrealized.total;
    const known = this.#capital !== null && this.realized !== null && open !== null;
    const equity = known ? finite(totalOf(this.#capital ?? NONE) + totalOf(this.realized ?? NONE) + open) : null;
    return { unrealizedUsd: open, exposureUsd: this.#exposure.total, equity, ...this.#peakOf(equity) };
  }

  #remark(bookKey: string, priceOf: (symbol: string) => number | undefined): void {
    const known = this.#parts.get(bookKey);
    if (known !== undefined) {
      this.#unrealized.take(known.unrealized);
      this.#exposure.take(known.exposure);
      this.#parts.delete(bookKey);
    }
    const position = this.positions.get(bookKey);
    if (position === undefined) return;
    const price = priceOf(position.symbol) ?? position.ratePx;
    const part = { unrealized: exact(unrealizedOf(position, price)), exposure: exact(exposureOf(position, price)) };
    this.#parts.set(bookKey, part);
    this.#unrealized.add(part.unrealized);
    this.#exposure.add(part.exposure);
  }

  /**
   * The peak in today's money: a deposit or withdrawal moves it in the proportion in which it moves equity, so that the
   * drawdown is that of the returns net of flows (time-weighted), and a flow alone changes no drawdown.
   */
  #peakOf(equity: number | null): Pick<Mark, 'peak' | 'drawdown'> {
    if (equity === null) return { peak: null, drawdown: null };
    const flows = totalOrNull(this.#sinceFlow);
    const before = flows === null ? this.#last : equity - flows;
    const moved = flows !== 0 && before !== null && before > 0 ? equity / before : 1;
    this.#peak =
      this.#peak === null || (flows !== 0 && !((before ?? 0) > 0)) ? equity : Math.max(this.#peak * moved, equity);
    this.#last = equity;
    this.#sinceFlow = emptySum();
    return { peak: this.#peak, drawdown: this.#peak > 0 ? Math.max(0, (this.#peak - equity) / this.#peak) : null };
  }

  save(): SavedAccount {
    return {
      name: this.name,
      about: { ...this.about },
      positions: [...this.positions],
      realized: copyOf(this.realized),
      fees: copyOf(this.fees),
      funding: copyOf(this.funding),
      turnover: copyOf(this.turnover),
      capital: copyOf(this.#capital),
      fills: this.fills,
      started: this.#started,
      last: this.#last,
      peak: this.#peak,
      sinceFlow: copyOf(this.#sinceFlow),
      aliveUs: this.aliveUs,
    };
  }

  static restore(saved: SavedAccount): Account {
    const account = new Account(saved.name, null);
    Object.assign(account.about, saved.about);
    for (const [key, position] of saved.positions) account.#hold(key, position);
    account.realized = reopen(saved.realized);
    account.fees = reopen(saved.fees);
    account.funding = reopen(saved.funding);
    account.turnover = reopen(saved.turnover);
    account.#capital = reopen(saved.capital);
    account.fills = saved.fills;
    account.#started = saved.started;
    account.#last = saved.last;
    account.#peak = saved.peak;
    account.#sinceFlow = reopen(saved.sinceFlow);
    account.aliveUs = saved.aliveUs;
    return account;
  }
}

const NONE: Sum = [0, 0];

/** Dollars in whole 1e-12 of them; null where not known. */
interface Part {
  readonly unrealized: bigint | null;
  readonly exposure: bigint | null;
}

/** Null too where no double holds so many units: bots do send quantities of 1e308, and one must not stop the ledger. */
const exact = (usd: number | null): bigint | null => {
  const units = usd === null ? null : finite(Math.round(usd * 1e12));
  return units === null ? null : BigInt(units);
};

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** A sum of which parts come and go: the same whatever the order, so that it need not be saved. */
class ExactTotal {
  #units = 0n;
  #unknown = 0;

  /** Dollars; null while a part is not known. */
  get total(): number | null {
    return this.#unknown > 0 ? null : finite(Number(this.#units) / 1e12);
  }

  add(part: bigint | null): void {
    if (part === null) this.#unknown++;
    else this.#units += part;
  }

  take(part: bigint | null): void {
    if (part === null) this.#unknown--;
    else this.#units -= part;
  }
}

const copyOf = (sum: SumOrNull): SavedSum | null => (sum === null ? null : [sum[0], sum[1]]);
const reopen = (saved: SavedSum | null): SumOrNull => (saved === null ? null : openSum(saved));

/** s·(p − avg)·q·m; inverse (1/avg − 1/p)·q·m (semantics 2); `qty` is signed. */
function unrealizedOf(position: Position, price: number): number | null {
  const { qty, avgPx, instrument } = position;
  const rate = rateAt(position, price);
  if (rate === null) return null;
  const contracts = qty * instrument.multiplier;
  const gain = (price - avgPx) * contracts;
  return (instrument.kind === 'inverse' ? gain / (avgPx * price) : gain) * rate;
}

function exposureOf(position: Position, price: number): number | null {
  const { qty, instrument } = position;
  const rate = rateAt(position, price);
  const contracts = Math.abs(qty) * instrument.multiplier;
  return rate === null ? null : (instrument.kind === 'inverse' ? contracts / price : contracts * price) * rate;
}

/** An inverse instrument settles in its base asset, whose dollars move with the price. */
const rateAt = ({ usdRate, ratePx, instrument }: Position, price: number): number | null =>
  usdRate === null ? null : instrument.kind === 'inverse' ? (usdRate * price) / ratePx : usdRate;
