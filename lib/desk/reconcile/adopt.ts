import { sha256 } from '../../adapters/local/sha256.ts';
import { NightdeskError } from '../../core/errors.ts';
import { accountOf, scopeOf } from '../../core/lifecycle/fill.ts';
import type { LedgerConfig, LedgerKey } from '../../core/lifecycle/types.ts';
import type { ObjectStore, QueryEngine } from '../../core/ports/index.ts';
import { literal } from '../../core/query/text.ts';
import { type AdoptInto, adoptedFill, adoptedFunding } from '../../core/reconcile/adopt.ts';
import { normalSymbol } from '../../core/reconcile/symbols.ts';
import type { Break, OurFill, OurFunding, Ours, VenueFill, VenueFunding } from '../../core/reconcile/types.ts';
import type { TransformLine, Verdict } from '../../core/transform/types.ts';
import { LakeWriter } from '../import/lake-writer.ts';
import { type CellRow, rowsOf, textOrNull } from '../query/rows.ts';
import { UNKNOWN_MODE } from '../trades/filters.ts';
import { modeSql, type OursFilter } from './ours.ts';

/** What is to be adopted, and what cannot be, with the reason. */
export interface AdoptPlan {
  readonly adopted: readonly {
    readonly verdict: Verdict;
    readonly eventId: string;
    readonly key: LedgerKey;
    readonly subject: string;
  }[];
  readonly refused: readonly { readonly subject: string; readonly reason: string }[];
}

export interface AdoptOptions {
  readonly lake: QueryEngine;
  readonly transform: TransformLine;
  readonly config: LedgerConfig;
  readonly filter: OursFilter;
  readonly ours: Ours;
  /** Name of the venue's file. */
  readonly file: string;
  readonly nowMs: number;
}

const isFill = (row: VenueFill | VenueFunding): row is VenueFill => 'side' in row;

/** Makes an event of each fill and payment that only the venue knows, for the book it belongs into. Writes nothing. */
export async function planAdoption(breaks: readonly Break[], options: AdoptOptions): Promise<AdoptPlan> {
  const owners = await Owners.of(options);
  const [adopted, refused]: [AdoptPlan['adopted'][number][], AdoptPlan['refused'][number][]] = [[], []];
  const copies = new Map<string, number>();
  for (const { adopt: row, subject, symbol } of breaks) {
    if (row === undefined || symbol === null) continue;
    const owner = owners.ownerOf(row, symbol);
    if (typeof owner === 'string') {
      refused.push({ subject, reason: owner });
      continue;
    }
    const copy = copies.get(subject) ?? 0;
    copies.set(subject, copy + 1);
    const into: AdoptInto = { ...intoOf(options, owner, copy), symbol: owner.symbol };
    const event = isFill(row) ? adoptedFill(row, into) : adoptedFunding(row, into);
    const verdict = options.transform(JSON.stringify(event), {
      recordId: String(event.event_id),
      index: 0,
      arrivedMs: options.nowMs,
    });
    if (verdict === undefined || verdict.outcome !== 'stored')
      refused.push({ subject, reason: `the event cannot be stored: ${verdict?.reason ?? 'it is blank'}` });
    else
      adopted.push({
        verdict,
        eventId: String(event.event_id),
        subject,
        key: { mode: into.mode, strategyId: into.strategyId },
      });
  }
  return { adopted, refused };
}

/** Brings the events to the lake; durable once it returns. @throws LAKE_UNWRITABLE */
export async function writeAdopted(store: ObjectStore, verdicts: readonly Verdict[]): Promise<void> {
  const writer = new LakeWriter({ store, nowMs: Date.now, written: () => undefined });
  for (const verdict of verdicts) {
    if (!writer.add(verdict)) throw new NightdeskError('INTERNAL', `${verdict.date} is no day of a partition`);
    if (writer.full) await writer.flush();
  }
  await writer.flush();
}

interface Owner {
  readonly strategyId: string | null;
  readonly sessionId: string | null;
  readonly venue: string | null;
  readonly accountId: string | null;
  readonly timeframe: string | null;
  /** As our other fills spell it. */
  readonly symbol: string;
}

function intoOf({ config, filter, file, nowMs }: AdoptOptions, owner: Owner, copy: number): AdoptInto {
  const mode = filter.mode === UNKNOWN_MODE ? null : filter.mode;
  const scope = scopeOf({ mode, strategyId: owner.strategyId }, config);
  return {
    ...owner,
    mode,
    sessionId: scope === 'session' ? owner.sessionId : null,
    file,
    nowUs: nowMs * 1000,
    stableCoins: config.stableCoins,
    copy,
    sha256,
  };
}

/** Finds whose a fill of the venue is: by its order, else by who alone trades the symbol. */
class Owners {
  readonly #filter: OursFilter;
  readonly #fills: readonly OurFill[];
  readonly #funding: readonly OurFunding[];
  /** Orders and fills of the mode, by every id of theirs. */
  readonly #byOrder = new Map<string, CellRow>();
  /** One row per strategy, symbol, venue and account that traded. */
  readonly #books: readonly CellRow[];

  private constructor({ filter, ours }: AdoptOptions, orders: readonly CellRow[], books: readonly CellRow[]) {
    this.#filter = filter;
    this.#fills = ours.fills;
    this.#funding = ours.funding;
    this.#books = books;
    for (const row of orders)
      for (const id of [row.venue_order_id, row.client_order_id, row.order_id])
        if (typeof id === 'string' && typeof row.symbol === 'string') this.#byOrder.set(keyOf(row.symbol, id), row);
  }

  static async of(options: AdoptOptions): Promise<Owners> {
    const { lake, filter } = options;
    const where = `${modeSql(filter.mode)}${filter.strategy === undefined ? '' : ` and strategy_id = ${literal(filter.strategy)}`}`;
    const facts = 'strategy_id, session_id, venue, account_id, symbol, timeframe, dialect';
    const ids = 'venue_order_id, client_order_id, order_id';
    const orders = await rowsOf(
      lake,
      `select distinct ${facts}, ${ids} from (select ${facts}, ${ids} from "order" where ${where} union all select ${facts}, ${ids} from execution where ${where}) as t`,
    );
    const books = await rowsOf(
      lake,
      `select strategy_id, venue, account_id, symbol, max_by(session_id, ts_ms) as session_id, max_by(timeframe, ts_ms) as timeframe, max_by(dialect, ts_ms) as dialect from execution where ${where} and symbol is not null group by strategy_id, venue, account_id, symbol order by all`,
    );
    return new Owners(options, orders, books);
  }

  ownerOf(row: VenueFill | VenueFunding, symbol: string): Owner | string {
    const byOrder = isFill(row) && row.orderId !== null ? this.#byOrder.get(keyOf(symbol, row.orderId)) : undefined;
    if (byOrder !== undefined) return this.#placed(byOrder, row, symbol);
    const inSymbol = this.#books.filter((book) => normalSymbol(String(book.symbol)) === symbol && this.#fits(book));
    const strategies = new Set(inSymbol.map(({ strategy_id }) => strategy_id));
    const [book] = inSymbol;
    if (strategies.size > 1) return `several strategies trade ${symbol}: say whose it is with --strategy`;
    if (book !== undefined) {
      const places = new Set(inSymbol.map(({ venue, account_id }) => JSON.stringify([venue, account_id])));
      return places.size > 1
        ? `${symbol} is traded in several accounts: say which with --venue-name and --account`
        : this.#placed(book, row, symbol);
    }
    const all = new Set(this.#books.filter((one) => this.#fits(one)).map(({ strategy_id }) => strategy_id));
    const [only] = all;
    const strategyId = this.#filter.strategy ?? (all.size === 1 ? textOrNull(only) : undefined);
    if (strategyId === undefined) return `nobody traded ${symbol} before: say whose it is with --strategy`;
    const { venue = null, account: accountId = null } = this.#filter;
    return { strategyId, venue, accountId, symbol: row.symbol, ...this.#runAt(row, strategyId, null) };
  }

  #fits = ({ venue, account_id }: CellRow): boolean =>
    (this.#filter.venue === undefined || String(venue).toLowerCase() === this.#filter.venue.toLowerCase()) &&
    (this.#filter.account === undefined || account_id === this.#filter.account);

  #placed(book: CellRow, row: VenueFill | VenueFunding, symbol: string): Owner {
    const strategyId = textOrNull(book.strategy_id);
    const run = this.#runAt(row, strategyId, symbol);
    return {
      strategyId,
      venue: textOrNull(book.venue),
      accountId: bookAccount(book),
      symbol: String(book.symbol),
      sessionId: run.sessionId ?? textOrNull(book.session_id),
      timeframe: textOrNull(book.timeframe),
    };
  }

  /** The run that was on: that of the strategy's fill nearest before, else after. */
  #runAt(
    { us }: { us: number },
    strategyId: string | null,
    symbol: string | null,
  ): { sessionId: string | null; timeframe: string | null } {
    const own = [...this.#fills, ...this.#funding].filter(
      (one) => one.strategyId === strategyId && (symbol === null || normalSymbol(one.symbol) === symbol),
    );
    const before = own.filter((one) => one.us <= us).sort((a, b) => b.us - a.us)[0];
    const nearest = before ?? own.sort((a, b) => a.us - b.us)[0];
    return { sessionId: nearest?.sessionId ?? null, timeframe: null };
  }
}

/** The account as the ledger sees it: of bots that run one per timeframe, that. */
const bookAccount = ({ account_id, timeframe, dialect }: CellRow): string | null =>
  accountOf({ account_id: textOrNull(account_id), timeframe: textOrNull(timeframe), dialect: textOrNull(dialect) }) ||
  null;

const keyOf = (symbol: string, id: string): string => `${normalSymbol(symbol)}\n${id}`;
