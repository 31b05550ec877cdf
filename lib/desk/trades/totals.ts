import type { SqlDialect } from '../../core/query/dialect.ts';
import { type CellRow, countOf, rowsOf, textOrNull } from '../query/rows.ts';
import type { TradeFilters } from './filters.ts';
import { type TradeLake, tradesSql } from './list.ts';
import { numberOrNull } from './text.ts';

/**
 * Trades of one mode in figures. The sums are of the trades whose figure is known; `net_unknown` says of how many it is
 * not. Of trades that are not closed they hold what is realised and paid so far (semantics 3).
 */
export interface Totals {
  /** Null is a class of its own. */
  readonly mode: string | null;
  readonly trades: number;
  readonly closed: number;
  readonly open: number;
  readonly abandoned: number;
  /** Share with a net gain of the closed trades whose net is known; null without any (semantics 7). */
  readonly win_rate: number | null;
  readonly gross_pnl_usd: number | null;
  readonly fees_usd: number | null;
  readonly impact_usd: number | null;
  /** The part of costs beside fees that accounts were charged: gross − fees − charged + funding = net. */
  readonly charged_costs_usd: number | null;
  readonly funding_usd: number | null;
  readonly net_pnl_usd: number | null;
  /** Trades without a known net. */
  readonly net_unknown: number;
  /** Trades whose entry is not known; in none of the figures above. */
  readonly entry_unknown: number;
}

const KNOWN = 'not coalesce(entry_unknown, false)';

const totalsSql = (trades: string, sql: SqlDialect): string => `select mode,
  count(*) filter (where ${KNOWN}) as trades,
  count(*) filter (where ${KNOWN} and status = 'closed') as closed,
  count(*) filter (where ${KNOWN} and status = 'open') as open,
  count(*) filter (where ${KNOWN} and status = 'abandoned') as abandoned,
  count(*) filter (where ${KNOWN} and status = 'closed' and net_pnl_usd is not null) as judged,
  count(*) filter (where ${KNOWN} and status = 'closed' and net_pnl_usd > 0) as won,
  ${['gross_pnl_usd', 'fees_usd', 'impact_usd', 'charged_costs_usd', 'funding_usd', 'net_pnl_usd']
    .map((column) => `${sql.sum(column)} filter (where ${KNOWN}) as ${column}`)
    .join(', ')},
  count(*) filter (where ${KNOWN} and net_pnl_usd is null) as net_unknown,
  count(*) filter (where entry_unknown) as entry_unknown
from (${trades}) as trades group by mode order by mode nulls last`;

/** The totals of the trades that fit, one row per mode: two modes are never added. */
export async function totalsOf({ engine, sql }: TradeLake, filters: TradeFilters, grouped = false): Promise<Totals[]> {
  return (await rowsOf(engine, totalsSql(tradesSql(filters, { grouped, sql }), sql))).map(totalsRow);
}

function totalsRow(row: CellRow): Totals {
  const judged = countOf(row.judged);
  return {
    mode: textOrNull(row.mode),
    trades: countOf(row.trades),
    closed: countOf(row.closed),
    open: countOf(row.open),
    abandoned: countOf(row.abandoned),
    win_rate: judged === 0 ? null : countOf(row.won) / judged,
    gross_pnl_usd: numberOrNull(row.gross_pnl_usd),
    fees_usd: numberOrNull(row.fees_usd),
    impact_usd: numberOrNull(row.impact_usd),
    charged_costs_usd: numberOrNull(row.charged_costs_usd),
    funding_usd: numberOrNull(row.funding_usd),
    net_pnl_usd: numberOrNull(row.net_pnl_usd),
    net_unknown: countOf(row.net_unknown),
    entry_unknown: countOf(row.entry_unknown),
  };
}
