import { execution } from '../../core/catalog/streams/execution.ts';
import { trade_lifecycle } from '../../core/catalog/streams/trade-lifecycle.ts';
import { NightdeskError } from '../../core/errors.ts';
import { NO_CLOCK_DATE } from '../../core/lake/keys.ts';
import { literal } from '../../core/query/text.ts';
import { type CellRow, rowsOf } from '../query/rows.ts';
import { confidenceSql, type TradeLake } from './list.ts';

/** Candidates that an ambiguous id is answered with. */
const MOST_CANDIDATES = 10;

/**
 * The one trade whose id begins so; the `t-` in front may be left out.
 * @throws NOT_FOUND where none does, or several do: then the message lists them
 */
export async function findTrade(lake: TradeLake, prefix: string): Promise<CellRow> {
  const beginnings = [prefix, `t-${prefix}`].map((text) => `starts_with(trade_id, ${literal(text)})`);
  const found = await rowsOf(
    lake.engine,
    `select trade_id, strategy_id, symbol, entry_ts, "date", trade_id = ${literal(prefix)} as exact from trade_lifecycle ` +
      `where ${beginnings.join(' or ')} order by exact desc, entry_ts desc limit ${MOST_CANDIDATES + 1}`,
  );
  const [first, second] = found;
  if (first === undefined)
    throw new NightdeskError(
      'NOT_FOUND',
      `no trade has an id that begins with ${shown(prefix)}; \`nightdesk trades\` lists them`,
    );
  if (second === undefined || (first.exact === true && second.exact !== true)) return wholeTrade(lake, first);
  const lines = found
    .slice(0, MOST_CANDIDATES)
    .map(({ trade_id, strategy_id, symbol, entry_ts }) => `  ${trade_id}  ${strategy_id}  ${symbol}  ${entry_ts}`);
  const more = found.length > MOST_CANDIDATES ? '\n  and more' : '';
  throw new NightdeskError(
    'NOT_FOUND',
    `several trades have an id that begins with ${shown(prefix)}:\n${lines.join('\n')}${more}\nGive more of the id.`,
  );
}

/** All columns of one trade: looked up by its day, for only that day's objects are read whole then. */
async function wholeTrade({ engine, sql }: TradeLake, { trade_id, date }: CellRow): Promise<CellRow> {
  const [trade] = await rowsOf(
    engine,
    `select ${sql.columns(trade_lifecycle)}, ${confidenceSql(sql)} as confidence from trade_lifecycle where "date" = ${literal(String(date))} and trade_id = ${literal(String(trade_id))}`,
  );
  if (trade === undefined) throw new NightdeskError('NOT_FOUND', `${shown(String(trade_id))} was withdrawn just now`);
  return sql.wholeRow(trade_lifecycle, trade);
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 100));

/** What execution events say of the fills of a trade beside what the trade itself keeps of them. */
export async function executionsOf({ engine, sql }: TradeLake, trade: CellRow): Promise<ReadonlyMap<string, CellRow>> {
  const fills = fillsOf(trade);
  const ids = [...new Set(fills.flatMap(({ event_id }) => (typeof event_id === 'string' ? [event_id] : [])))];
  if (ids.length === 0) return new Map();
  const days = [...new Set(fills.map(({ ts }) => (typeof ts === 'string' ? ts.slice(0, 10) : NO_CLOCK_DATE)))];
  const of = (column: 'strategy_id' | 'mode' | 'session_id'): string =>
    trade[column] === null || trade[column] === undefined
      ? `${column} is null`
      : `${column} = ${literal(String(trade[column]))}`;
  const conditions = [
    `"date" in (${days.map(literal).join(', ')})`,
    `event_id in (${ids.map(literal).join(', ')})`,
    of('strategy_id'),
    of('mode'),
    ...(trade.scope === 'session' ? [of('session_id')] : []),
  ];
  const rows = await rowsOf(
    engine,
    `select ${sql.columns(execution)} from execution where ${conditions.join(' and ')} order by ts`,
  );
  return new Map(rows.map((row) => [String(row.event_id), sql.wholeRow(execution, row)]));
}

/** The fills that a trade names, at most the first 64. */
export const fillsOf = (trade: CellRow): CellRow[] => (Array.isArray(trade.fills) ? (trade.fills as CellRow[]) : []);
