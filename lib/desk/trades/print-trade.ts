import type { Cell } from '../../core/ports/index.ts';
import { count, type Format, print, printJson, printRows } from '../commands/output.ts';
import { printable } from '../printable.ts';
import { type CellRow, countOf } from '../query/rows.ts';
import { fillsOf } from './find.ts';
import { alignRight, bps, clip, figure, gain, numberOrNull, textOf, usd } from './text.ts';
import { sectionsOf, titleOf } from './trade-sections.ts';

/** What an execution event adds to a fill. */
const OF_EXECUTION = [
  'session_id',
  'order_id',
  'client_order_id',
  'venue_order_id',
  'venue_fill_id',
  'liquidity',
  'router',
  'fee',
  'fee_asset',
  'source_path',
  'seq',
] as const;

/** One trade in full: as groups for people, as an object or one row for programs. */
export function printTrade(format: Format, trade: CellRow, executions: ReadonlyMap<string, CellRow>): void {
  const fills = fillsOf(trade).map((fill) => joinedFill(fill, executions));
  const row: Readonly<Record<string, unknown>> = { ...trade, fills };
  if (format === 'json') printJson(row);
  else if (format === 'csv') printRows(format, Object.keys(row), [Object.values(row)]);
  else printSections(trade, fills);
}

function printSections(trade: CellRow, fills: readonly CellRow[]): void {
  print(`${printable(titleOf(trade))}\n`);
  for (const [name, lines] of sectionsOf(trade)) {
    const known = lines.filter(([, text]) => text !== '');
    if (known.length === 0) continue;
    print(`\n${name}\n${known.map(([label, text]) => `  ${label.padEnd(LABEL)}${printable(text)}\n`).join('')}`);
  }
  printFills(trade, fills);
}

const LABEL = 22;

function joinedFill(fill: CellRow, executions: ReadonlyMap<string, CellRow>): CellRow {
  const execution = executions.get(String(fill.event_id));
  if (execution === undefined) return { ...fill };
  return { ...fill, ...Object.fromEntries(OF_EXECUTION.map((name) => [name, execution[name] ?? null])) };
}

const FILL_HEAD = [
  'fill (UTC)',
  'role',
  'side',
  'qty',
  'price',
  'gross $',
  'fee $',
  'impact $',
  'slip bps',
  'signal',
  'cost',
  'order',
  'venue fill',
  'liquidity',
  'from',
];

function printFills(trade: CellRow, fills: readonly CellRow[]): void {
  const total = countOf(trade.fill_count);
  if (fills.length === 0) return;
  print(`\nfills${total > fills.length ? `, the first ${count(fills.length)} of ${count(total)}` : ''}\n`);
  printRows('table', FILL_HEAD, alignRight(fills.map(fillCells), [3, 4, 5, 6, 7, 8]));
}

const fillCells = (fill: CellRow): string[] => [
  textOf(fill.ts).slice(0, 23).replace('T', ' '),
  textOf(fill.role),
  textOf(fill.side),
  figure(numberOrNull(fill.qty)),
  figure(numberOrNull(fill.price)),
  gain(numberOrNull(fill.gross_usd)),
  usd(numberOrNull(fill.fee_usd)),
  usd(numberOrNull(fill.impact_usd)),
  bps(numberOrNull(fill.slippage_bps)),
  joinedText(fill.signal_id, fill.signal_confidence),
  joinedText(fill.cost_id, fill.cost_confidence),
  clip(textOf(fill.order_id ?? fill.client_order_id ?? fill.venue_order_id), NAME),
  clip(textOf(fill.venue_fill_id), NAME),
  textOf(fill.liquidity),
  fill.source_path === null || fill.source_path === undefined
    ? ''
    : `${clip(String(fill.source_path).split('/').at(-1) ?? '', NAME)}:${textOf(fill.seq)}`,
];

const NAME = 24;

/** Whether something was joined, and how sure that is. */
const joinedText = (id: Cell | undefined, confidence: Cell | undefined): string =>
  id === null || id === undefined
    ? ''
    : `yes${numberOrNull(confidence) === null ? '' : ` ${figure(numberOrNull(confidence))}`}`;
