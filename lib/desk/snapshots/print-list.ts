import { count, type Format, printJson, printRows, say } from '../commands/output.ts';
import { type CellRow, textOrNull } from '../query/rows.ts';
import { UNKNOWN_MODE } from '../trades/filters.ts';
import { alignRight, clip, gain, numberOrNull, percent, usd } from '../trades/text.ts';
import { SNAPSHOT_COLUMNS, type SnapshotList } from './list.ts';

/** Whose row it is, then S1's ten fields in its order. */
const HEAD = [
  'bucket',
  'level',
  'mode',
  'strategy',
  'account',
  'run',
  'ts_ist (end)',
  'equity',
  'drawdown',
  'daily pnl',
  'sharpe',
  'trades',
  'win rate',
  'turnover',
  'errors',
  'breaches',
] as const;
const NUMBERS = [7, 8, 9, 10, 11, 12, 13, 14, 15] as const;

const NAME = 20;
const RUN = 8;

export function printSnapshots(format: Format, { snapshots, fitting }: SnapshotList): void {
  if (format === 'json') printJson({ fitting, snapshots });
  else if (format === 'csv')
    printRows(
      format,
      SNAPSHOT_COLUMNS,
      snapshots.map((row) => SNAPSHOT_COLUMNS.map((name) => row[name])),
    );
  else if (snapshots.length === 0)
    say('No snapshot fits. A desk makes them every hour; `nightdesk snapshots build` makes those of imported days.');
  else {
    printRows('table', HEAD, alignRight(snapshots.map(cellsOf), NUMBERS));
    if (fitting > snapshots.length)
      say(`${count(snapshots.length)} of ${count(fitting)} shown; --limit shows more. json and csv hold every field.`);
  }
}

const cellsOf = (row: CellRow): string[] => [
  textOrNull(row.bucket) ?? '',
  textOrNull(row.level) ?? '',
  textOrNull(row.mode) ?? UNKNOWN_MODE,
  clip(textOrNull(row.strategy_id), NAME),
  clip(textOrNull(row.account_id), NAME),
  textOrNull(row.session_id)?.slice(0, RUN) ?? '',
  (textOrNull(row.ts_ist) ?? '').slice(0, 16).replace('T', ' '),
  usd(numberOrNull(row.equity_value)),
  percentOf(numberOrNull(row.drawdown_current)),
  gain(numberOrNull(row.daily_pnl)),
  numberOrNull(row.rolling_sharpe)?.toFixed(2) ?? '',
  String(numberOrNull(row.trade_count) ?? ''),
  percent(numberOrNull(row.win_rate)),
  usd(numberOrNull(row.turnover)),
  String(numberOrNull(row.error_counts) ?? ''),
  String(numberOrNull(row.risk_breaches) ?? ''),
];

/** Drawdowns of runs are small: hundredths of a percent tell them apart. */
const percentOf = (share: number | null): string => (share === null ? '' : `${(share * 100).toFixed(2)} %`);
