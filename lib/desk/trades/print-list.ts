import { count, type Format, print, printJson, printRows, say } from '../commands/output.ts';
import { type CellRow, countOf, textOrNull } from '../query/rows.ts';
import { UNKNOWN_MODE } from './filters.ts';
import { LIST_COLUMNS, type TradeList } from './list.ts';
import { alignRight, bps, clip, duration, figure, gain, minute, numberOrNull, percent, usd } from './text.ts';
import type { Totals } from './totals.ts';

/** Characters of an id that tell trades apart in a list. */
const SHORT_ID = 10;
/** Characters of a name or reason that a list shows. */
const NAME = 24;

export function printTrades(format: Format, list: TradeList, totals: readonly Totals[]): void {
  if (format === 'json') printJson({ fitting: list.fitting, trades: list.trades, totals });
  else if (format === 'csv')
    printRows(
      format,
      LIST_COLUMNS,
      list.trades.map((trade) => LIST_COLUMNS.map((name) => trade[name])),
    );
  else if (list.fitting === 0)
    say('No trade fits. Trades are derived from fills: `nightdesk streams` shows whether there are any.');
  else {
    printRows('table', HEAD, alignRight(list.trades.map(tradeCells), NUMBERS));
    print('\n');
    printTotals('table', totals);
    if (list.fitting > list.trades.length)
      say(`${count(list.trades.length)} of ${count(list.fitting)} shown; --limit shows more, the totals are of all`);
  }
}

const HEAD = [
  'id',
  'mode',
  'strategy',
  'symbol',
  'direction',
  'entry (UTC)',
  'price',
  'exit (UTC)',
  'price or open',
  'duration',
  'gross $',
  'costs $',
  'net $',
  'bps',
  'reason',
  'flags',
] as const;
const NUMBERS = [6, 8, 9, 10, 11, 12, 13] as const;

const tradeCells = (trade: CellRow): string[] => [
  clip(textOrNull(trade.trade_id)?.slice(0, SHORT_ID) ?? textOrNull(trade.group_id), NAME),
  textOrNull(trade.mode) ?? UNKNOWN_MODE,
  clip(textOrNull(trade.strategy_id), NAME),
  clip(textOrNull(trade.symbol), NAME),
  textOrNull(trade.direction) ?? '',
  minute(trade.entry_ts),
  figure(numberOrNull(trade.entry_px)),
  minute(trade.exit_ts),
  exitCell(trade),
  duration(numberOrNull(trade.duration_seconds)),
  gain(numberOrNull(trade.gross_pnl_usd)),
  usd(numberOrNull(trade.costs_total_usd)),
  gain(numberOrNull(trade.net_pnl_usd)),
  bps(numberOrNull(trade.net_pnl_bps)),
  clip(textOrNull(trade.exit_reason), NAME) + (trade.exit_reason_source === 'inferred' ? '?' : ''),
  flagsOf(trade).join(', '),
];

/** The exit's price, or what is still held. */
function exitCell(trade: CellRow): string {
  if (trade.status === 'closed') return figure(numberOrNull(trade.exit_px));
  const held = numberOrNull(trade.position_qty);
  return held === null || held === 0 ? '' : `open ${figure(held)}`;
}

/** What one should know before one believes a row. */
export function flagsOf(trade: CellRow): string[] {
  const confidence = numberOrNull(trade.confidence);
  const legs = countOf(trade.legs);
  return [
    ...(legs > 1 ? [`${legs} legs`] : []),
    ...(trade.entry_unknown === true ? ['entry unknown'] : []),
    ...(trade.status === 'abandoned' ? ['abandoned'] : []),
    ...(trade.provisional === true ? ['provisional'] : []),
    ...(trade.entry_forced === true ? ['forced'] : []),
    ...(confidence !== null && confidence < 1 ? [`joined ${figure(Number(confidence.toFixed(2)))}`] : []),
  ];
}

const TOTALS_COLUMNS = [
  'mode',
  'trades',
  'closed',
  'open',
  'abandoned',
  'win_rate',
  'gross_pnl_usd',
  'fees_usd',
  'impact_usd',
  'charged_costs_usd',
  'funding_usd',
  'net_pnl_usd',
  'net_unknown',
  'entry_unknown',
] as const satisfies readonly (keyof Totals)[];

const TOTALS_HEAD = [
  'mode',
  'trades',
  'closed',
  'open',
  'abandoned',
  'win rate',
  'gross $',
  'fees $',
  'impact $',
  'charged $',
  'funding $',
  'net $',
] as const;

const TOTALS_NUMBERS = TOTALS_HEAD.map((_, at) => at).slice(1);

/** One row per mode, and what the figures leave out. */
export function printTotals(format: Format, totals: readonly Totals[]): void {
  if (format !== 'table')
    printRows(
      format,
      TOTALS_COLUMNS,
      totals.map((row) => TOTALS_COLUMNS.map((name) => row[name])),
    );
  else if (totals.length === 0) say('No trade fits.');
  else {
    printRows('table', TOTALS_HEAD, alignRight(totals.map(totalsCells), TOTALS_NUMBERS));
    print(totals.flatMap((row) => remarks(row, totals.length === 1 ? '' : `${row.mode ?? UNKNOWN_MODE}: `)).join(''));
  }
}

const remarks = ({ net_unknown, entry_unknown }: Totals, of: string): string[] => [
  ...(net_unknown > 0 ? [`${of}${trades(net_unknown)} without a known net: the sums hold what is known.\n`] : []),
  ...(entry_unknown > 0
    ? [
        `${of}${trades(entry_unknown)} whose entry is not known, outside these totals; ` +
          '`nightdesk positions adopt` records a position that was there before.\n',
      ]
    : []),
];

const trades = (n: number): string => `${count(n)} ${n === 1 ? 'trade' : 'trades'}`;

const totalsCells = (row: Totals): string[] => [
  row.mode ?? UNKNOWN_MODE,
  count(row.trades),
  count(row.closed),
  count(row.open),
  count(row.abandoned),
  percent(row.win_rate),
  gain(row.gross_pnl_usd),
  usd(row.fees_usd),
  usd(row.impact_usd),
  usd(row.charged_costs_usd),
  gain(row.funding_usd),
  gain(row.net_pnl_usd),
];
