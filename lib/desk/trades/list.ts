import type { QueryEngine } from '../../core/ports/index.ts';
import type { SqlDialect } from '../../core/query/dialect.ts';
import { literal } from '../../core/query/text.ts';
import { type CellRow, countOf, rowsOf } from '../query/rows.ts';
import { type TradeFilters, tradeCondition } from './filters.ts';

/** What a list of trades may be sorted by; what is not known stands last. */
export const SORTS = {
  newest: 'entry_ts desc',
  oldest: 'entry_ts',
  best: 'net_pnl_usd desc',
  worst: 'net_pnl_usd',
  longest: 'duration_seconds desc',
  costliest: 'costs_total_usd desc',
  largest: 'entry_notional_usd desc',
} as const;

export type Sort = keyof typeof SORTS;

export interface TradeList {
  /** The first trades, or groups of legs. */
  readonly trades: readonly CellRow[];
  /** How many fit. */
  readonly fitting: number;
}

/** A lake that trades are read from. */
export interface TradeLake {
  readonly engine: QueryEngine;
  readonly sql: SqlDialect;
}

/** How sure the least sure join of a trade is. */
export const confidenceSql = (sql: SqlDialect): string =>
  sql.lowest([
    'entry_signal_confidence',
    'entry_cost_confidence',
    sql.lowestIn('fills', 'signal_confidence'),
    sql.lowestIn('fills', 'cost_confidence'),
  ]);

const PLAIN = [
  'trade_id',
  'group_id',
  'mode',
  'strategy_id',
  'session_id',
  'venue',
  'account_id',
  'symbol',
  'position_side',
  'timeframe',
  'status',
  'direction',
  'entry_ts',
  'entry_px',
  'entry_qty',
  'entry_notional_usd',
  'exit_ts',
  'exit_px',
  'exit_qty',
  'position_qty',
  'avg_px',
  'duration_seconds',
  'gross_pnl_usd',
  'fees_usd',
  'impact_usd',
  'charged_costs_usd',
  'funding_usd',
  'costs_total_usd',
  'net_pnl_usd',
  'net_pnl_bps',
  'exit_reason',
  'exit_reason_source',
  'fill_count',
  'provisional',
  'entry_unknown',
  'entry_forced',
] as const;

/** Columns of a list, in their order. */
export const LIST_COLUMNS = [...PLAIN, 'confidence', 'legs'] as const;

/** What a leg is, before groups are made. */
const OF_LEG = [...PLAIN, 'scope', '"date"', 'confidence', 'legs', 'group_status'].join(', ');

/** Only what a list shows: the view sorts revisions, and whole rows are heavy to sort. */
const legsSql = (sql: SqlDialect): string =>
  `select ${PLAIN.join(', ')}, scope, "date", ${confidenceSql(sql)} as confidence, 1 as legs from trade_lifecycle`;

/** A figure of several legs: known only where it is of each. */
const all = (column: string): string => `case when count(${column}) = count(*) then sum(${column}) end as ${column}`;
/** A value of several legs: known only where they agree. */
const same = (column: string): string => `case when count(distinct ${column}) = 1 then min(${column}) end as ${column}`;
const listed = (column: string): string =>
  `array_join(array_sort(array_agg(distinct ${column}) filter (where ${column} is not null)), '+') as ${column}`;
const single = (column: string): string => `case when count(*) = 1 then min(${column}) end as ${column}`;

const OF_GROUP: Readonly<Record<(typeof LIST_COLUMNS)[number], string>> = {
  trade_id: single('trade_id'),
  group_id: 'group_id',
  mode: 'mode',
  strategy_id: 'strategy_id',
  session_id: same('session_id'),
  venue: listed('venue'),
  account_id: same('account_id'),
  symbol: listed('symbol'),
  position_side: same('position_side'),
  timeframe: same('timeframe'),
  status: 'min(group_status) as status',
  direction: "case when count(distinct direction) > 1 then 'mixed' else min(direction) end as direction",
  entry_ts: 'min(entry_ts) as entry_ts',
  entry_px: single('entry_px'),
  entry_qty: single('entry_qty'),
  entry_notional_usd: all('entry_notional_usd'),
  exit_ts: "case when bool_and(status = 'closed') then max(exit_ts) end as exit_ts",
  exit_px: single('exit_px'),
  exit_qty: single('exit_qty'),
  position_qty: single('position_qty'),
  avg_px: single('avg_px'),
  duration_seconds:
    "case when count(*) = 1 then min(duration_seconds) when bool_and(status = 'closed') then date_diff('millisecond', " +
    'from_iso8601_timestamp(min(entry_ts)), from_iso8601_timestamp(max(exit_ts))) / 1e3 end as duration_seconds',
  gross_pnl_usd: all('gross_pnl_usd'),
  fees_usd: all('fees_usd'),
  impact_usd: all('impact_usd'),
  charged_costs_usd: all('charged_costs_usd'),
  funding_usd: all('funding_usd'),
  costs_total_usd: all('costs_total_usd'),
  net_pnl_usd: all('net_pnl_usd'),
  net_pnl_bps:
    'case when count(*) = 1 then min(net_pnl_bps) when count(net_pnl_usd) = count(*) and count(entry_notional_usd) = count(*) ' +
    'then sum(net_pnl_usd) / nullif(sum(entry_notional_usd), 0) * 1e4 end as net_pnl_bps',
  exit_reason: listed('exit_reason'),
  exit_reason_source: same('exit_reason_source'),
  fill_count: 'sum(fill_count) as fill_count',
  provisional: 'bool_or(provisional) as provisional',
  entry_unknown: 'bool_or(entry_unknown) as entry_unknown',
  entry_forced: 'bool_or(entry_forced) as entry_forced',
  confidence: 'min(confidence) as confidence',
  legs: 'count(*) as legs',
};

/** What makes legs one group; never of two modes, and where positions end with their run never of two runs. */
const GROUP_KEY = "mode, strategy_id, case when scope = 'session' then session_id end, group_id";

/**
 * The trades that fit. Of groups a leg that fits brings the others along, so that a sum is never of half an idea; the
 * status is then that of the group.
 */
export function tradesSql(filters: TradeFilters, { grouped, sql }: { grouped: boolean; sql: SqlDialect }): string {
  const legs = `(${legsSql(sql)}) as legs`;
  if (!grouped) return `select * from ${legs} where ${tradeCondition(filters)}`;
  const { status, ...ofLegs } = filters;
  const single = `select ${OF_LEG} from (select *, status as group_status from ${legs}) as singles where group_id is null and ${tradeCondition(filters)}`;
  const window = `over (partition by ${GROUP_KEY})`;
  const marked =
    `select *, case when bool_or(status = 'open') ${window} then 'open' when bool_or(status = 'abandoned') ${window} ` +
    `then 'abandoned' else 'closed' end as group_status, bool_or(${tradeCondition(ofLegs)}) ${window} as fits ` +
    `from ${legs} where group_id is not null`;
  const ofGroup = status === undefined ? 'true' : `group_status in (${status.map(literal).join(', ')})`;
  return `${single} union all select ${OF_LEG} from (${marked}) as marked where fits and ${ofGroup}`;
}

/** The rows of a list before they are sorted: one per trade, or per group of legs. */
function listSql(filters: TradeFilters, how: { grouped: boolean; sql: SqlDialect }): string {
  const { grouped } = how;
  const trades = `(${tradesSql(filters, how)}) as trades`;
  const plain = `select ${LIST_COLUMNS.join(', ')} from ${trades}`;
  if (!grouped) return plain;
  const columns = LIST_COLUMNS.map((name) => OF_GROUP[name]).join(', ');
  return (
    `${plain} where group_id is null union all ` +
    `select ${columns} from ${trades} where group_id is not null group by ${GROUP_KEY}`
  );
}

/** The first trades that fit, sorted, and how many fit. */
export async function listTrades(
  { engine, sql }: TradeLake,
  filters: TradeFilters,
  { sort, limit, grouped }: { readonly sort: Sort; readonly limit: number; readonly grouped: boolean },
): Promise<TradeList> {
  const rows = await rowsOf(
    engine,
    `select *, count(*) over () as fitting from (${listSql(filters, { grouped, sql })}) as list ` +
      `order by ${SORTS[sort]} nulls last, entry_ts desc, coalesce(trade_id, group_id) limit ${limit}`,
  );
  const trades = rows.map(({ fitting: _, ...row }) => row);
  return { trades, fitting: countOf(rows[0]?.fitting) };
}
