import { dateOf, NO_CLOCK_DATE } from '../../core/lake/keys.ts';
import { accountOf, isAdopted, isFill } from '../../core/lifecycle/fill.ts';
import { inputOf } from '../../core/lifecycle/input.ts';
import { Sources } from '../../core/lifecycle/sources.ts';
import type { InputOf, LedgerConfig } from '../../core/lifecycle/types.ts';
import type { Cell, QueryEngine } from '../../core/ports/index.ts';
import { literal } from '../../core/query/text.ts';
import { ADOPTED_ID } from '../../core/reconcile/adopt.ts';
import { unitsOfNumber } from '../../core/reconcile/decimal.ts';
import { reportsOf } from '../../core/reconcile/match-fills.ts';
import { normalSymbol } from '../../core/reconcile/symbols.ts';
import type { OurFill, OurFunding, OurPosition, Ours, Range } from '../../core/reconcile/types.ts';
import { type CellRow, rowsOf, textOrNull } from '../query/rows.ts';
import { UNKNOWN_MODE } from '../trades/filters.ts';

/** Which of our books are held against a file. */
export interface OursFilter {
  /** A mode, or UNKNOWN_MODE. */
  readonly mode: string;
  readonly strategy?: string | undefined;
  readonly venue?: string | undefined;
  readonly account?: string | undefined;
  readonly symbol?: string | undefined;
}

export interface OursOptions {
  readonly lake: QueryEngine;
  readonly config: LedgerConfig;
  readonly filter: OursFilter;
  readonly range: Range;
  /** Earliest moment the file tells a position or balance of, µs; without one, now is meant. */
  readonly heldSinceUs?: number | undefined;
  readonly nowMs: number;
}

const DAY_US = 86_400_000_000;
/** How long after its arrival a fill may wait for others, beyond the lateness of the settings. */
const FOLD_SLACK_MS = 60_000;

/** Reads what the lake holds of the books: the bot's events, and what our ledger made of them. */
export async function readOurs({ lake, config, filter, range, heldSinceUs, nowMs }: OursOptions): Promise<Ours> {
  const ledger = await readLedger(lake, filter);
  const context = { config, ledger, filter, nowMs };
  const near = dates(range.fromUs - DAY_US, range.toUs + DAY_US);
  const fills = await readFills(
    lake,
    `("date" ${near} or ("date" = ${literal(NO_CLOCK_DATE)} and venue_fill_id is not null))`,
    context,
  );
  const since =
    heldSinceUs === undefined ? [] : await readFills(lake, `"date" >= ${literal(dateOf(heldSinceUs / 1000))}`, context);
  return {
    fills,
    funding: await readFunding(lake, near, filter),
    positions: ledger.positions,
    later: reportsOf(since, normalSymbol).map(({ first }) => first),
    cashUsd: await readCash(lake, filter),
    hasLedger: ledger.trades > 0,
  };
}

const dates = (fromUs: number, toUs: number): string =>
  `between ${literal(dateOf(fromUs / 1000))} and ${literal(dateOf(toUs / 1000))}`;

export const modeSql = (mode: string): string => (mode === UNKNOWN_MODE ? 'mode is null' : `mode = ${literal(mode)}`);

function condition({ mode, strategy, venue, account }: OursFilter): string {
  return [
    modeSql(mode),
    ...(strategy === undefined ? [] : [`strategy_id = ${literal(strategy)}`]),
    ...(venue === undefined ? [] : [`lower(venue) = ${literal(venue.toLowerCase())}`]),
    ...(account === undefined ? [] : [`account_id = ${literal(account)}`]),
  ].join(' and ');
}

const hasSymbol =
  ({ symbol }: OursFilter) =>
  (row: CellRow): boolean =>
    typeof row.symbol === 'string' && (symbol === undefined || normalSymbol(row.symbol) === normalSymbol(symbol));

/** What the ledger holds, by strategy and event. */
interface LedgerView {
  readonly trades: number;
  readonly fills: ReadonlyMap<string, { readonly feeUsd: number | null; readonly side: 'buy' | 'sell' | null }>;
  /** Strategies and symbols whose trades do not list all their fills. */
  readonly cut: ReadonlySet<string>;
  readonly positions: readonly OurPosition[];
}

const fillKey = (strategy: Cell | undefined, eventId: Cell | undefined): string =>
  JSON.stringify([strategy ?? null, eventId ?? null]);

async function readLedger(lake: QueryEngine, filter: OursFilter): Promise<LedgerView> {
  const trades = await rowsOf(
    lake,
    `select strategy_id, symbol, status, position_qty, entry_unknown, fill_count, fills from trade_lifecycle where ${condition(filter)}`,
  );
  const fills = new Map<string, { feeUsd: number | null; side: 'buy' | 'sell' | null }>();
  const cut = new Set<string>();
  const held = new Map<string, { long: bigint; short: bigint }>();
  for (const trade of trades) {
    const listed = Array.isArray(trade.fills) ? (trade.fills as readonly CellRow[]) : [];
    for (const fill of listed)
      fills.set(fillKey(trade.strategy_id, fill.event_id), {
        feeUsd: numberOrNull(fill.fee_usd),
        side: sideOf(fill.side),
      });
    if (Number(trade.fill_count ?? 0) > listed.length) cut.add(fillKey(trade.strategy_id, trade.symbol));
    const quantity = trade.status === 'open' && trade.entry_unknown !== true ? numberOrNull(trade.position_qty) : null;
    if (quantity === null || quantity === 0 || !hasSymbol(filter)(trade)) continue;
    const symbol = String(trade.symbol);
    const position = held.get(symbol) ?? { long: 0n, short: 0n };
    if (quantity > 0) position.long += unitsOfNumber(quantity);
    else position.short -= unitsOfNumber(quantity);
    held.set(symbol, position);
  }
  return {
    trades: trades.length,
    fills,
    cut,
    positions: [...held].map(([symbol, position]) => ({ symbol, ...position })),
  };
}

interface FillContext {
  readonly config: LedgerConfig;
  readonly ledger: LedgerView;
  readonly filter: OursFilter;
  readonly nowMs: number;
}

const FILL_COLUMNS =
  'event_id, stream, ts, ts_ms, seq, ingested_at, strategy_id, session_id, venue, account_id, symbol, mode, timeframe, bar_ts, ' +
  'source, source_path, source_log, dialect, side, qty, price, result, status, fee, fee_asset, fee_usd, fill_class, ' +
  'order_id, client_order_id, venue_order_id, venue_fill_id';

/** Fills as the bot reported them; of several logs that hold the same ones the ledger's own (semantics 2), repeats of ids kept. */
async function readFills(lake: QueryEngine, when: string, context: FillContext): Promise<OurFill[]> {
  const rows = await rowsOf(
    lake,
    `select ${FILL_COLUMNS} from execution where ${condition(context.filter)} and ${when} order by ts_ms, event_id`,
  );
  const inputs = rows.flatMap((row) => {
    const input = inputOf({ ...row, stream: 'execution' });
    return input?.stream === 'execution' && isFill(input) ? [input] : [];
  });
  const byStrategy = new Map<string | null, InputOf<'execution'>[]>();
  for (const input of inputs) {
    const strategy = input.event.strategy_id ?? null;
    byStrategy.set(strategy, [...(byStrategy.get(strategy) ?? []), input]);
  }
  return [...byStrategy.values()].flatMap((own) => {
    const sources = new Sources();
    sources.announce(own);
    return own
      .filter((input) => sources.takes(input) && counts(input, context))
      .map((input) => ourFill(input, context));
  });
}

/** An opening balance is no fill of the venue. */
const counts = (input: InputOf<'execution'>, { filter }: FillContext): boolean =>
  hasSymbol(filter)(input.event as unknown as CellRow) && (!isAdopted(input) || input.id.startsWith(ADOPTED_ID));

function ourFill(input: InputOf<'execution'>, { config, ledger, nowMs }: FillContext): OurFill {
  const { event, us, id, arrivedMs } = input;
  const booked = ledger.fills.get(fillKey(event.strategy_id ?? null, id));
  const waiting = arrivedMs > nowMs - config.latenessMs - FOLD_SLACK_MS;
  const unsure = waiting || ledger.cut.has(fillKey(event.strategy_id ?? null, event.symbol ?? null));
  return {
    id,
    us,
    arrivedMs,
    venueFillId: event.venue_fill_id ?? null,
    orderIds: [event.venue_order_id, event.client_order_id, event.order_id].filter((one) => typeof one === 'string'),
    symbol: event.symbol ?? '',
    side: event.side ?? booked?.side ?? null,
    qty: event.qty ?? Number.NaN,
    price: event.price ?? Number.NaN,
    fee: event.fee ?? null,
    feeAsset: event.fee_asset ?? null,
    feeUsd: event.fee_usd ?? booked?.feeUsd ?? null,
    venue: event.venue ?? null,
    accountId: accountOf(event) || null,
    strategyId: event.strategy_id ?? null,
    sessionId: event.session_id ?? null,
    timeframe: event.timeframe ?? null,
    inLedger: booked !== undefined ? true : unsure ? null : false,
    adopted: isAdopted(input),
  };
}

async function readFunding(lake: QueryEngine, near: string, filter: OursFilter): Promise<OurFunding[]> {
  const rows = await rowsOf(
    lake,
    `select event_id, stream, ts, ts_ms, seq, ingested_at, strategy_id, session_id, symbol, source, asset, amount, amount_usd, venue_flow_id ` +
      `from cash_flow where kind = 'funding' and not coalesce(is_estimated, false) and ${condition(filter)} and "date" ${near} order by ts_ms, event_id`,
  );
  return rows.filter(hasSymbol(filter)).flatMap((row) => {
    const input = inputOf({ ...row, stream: 'cash_flow' });
    if (input?.stream !== 'cash_flow') return [];
    const { event, us, id } = input;
    return [
      {
        id,
        us,
        flowId: event.venue_flow_id ?? null,
        symbol: event.symbol ?? '',
        asset: event.asset ?? null,
        amount: event.amount ?? null,
        amountUsd: event.amount_usd ?? null,
        strategyId: event.strategy_id ?? null,
        sessionId: event.session_id ?? null,
        adopted: id.startsWith(ADOPTED_ID),
      },
    ];
  });
}

/** Cash as last told, where one strategy tells it: sums over strategies of one account would count it twice. */
async function readCash(lake: QueryEngine, filter: OursFilter): Promise<Ours['cashUsd']> {
  const rows = await rowsOf(
    lake,
    `select strategy_id, max(ts_ms) as at_ms, max_by(cash, ts_ms) as cash from equity_curve where cash is not null and ${condition(filter)} group by strategy_id`,
  );
  const [only, ...others] = rows;
  const usd = numberOrNull(only?.cash);
  return only === undefined || others.length > 0 || usd === null ? null : { us: Number(only.at_ms) * 1000, usd };
}

const numberOrNull = (cell: Cell | undefined): number | null => (typeof cell === 'number' ? cell : null);

const sideOf = (cell: Cell | undefined): 'buy' | 'sell' | null => {
  const text = textOrNull(cell);
  return text === 'buy' || text === 'sell' ? text : null;
};
