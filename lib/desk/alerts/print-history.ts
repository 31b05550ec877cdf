import { shownDuration } from '../../core/alerts/durations.ts';
import type { AlertStats, Tally } from '../../core/alerts/history.ts';
import { figure, instant } from '../../core/alerts/wording.ts';
import { count, type Format, print, printJson, printRows, say } from '../commands/output.ts';
import { printable } from '../printable.ts';
import { type CellRow, textOrNull } from '../query/rows.ts';
import { UNKNOWN_MODE } from '../trades/filters.ts';
import { clip, numberOrNull, percent } from '../trades/text.ts';
import { HISTORY_COLUMNS, type History } from './history.ts';

const HEAD = ['time (UTC)', 'change', 'severity', 'rule', 'mode', 'strategy', 'value', 'limit', 'told', 'why'] as const;
const NAME = 24;
const WHY = 60;

/** The changes, newest first. @param since - the time looked at, for who finds nothing */
export function printHistory(format: Format, { changes, fitting }: History, since: string): void {
  if (format === 'json') printJson({ fitting, changes });
  else if (format === 'csv')
    printRows(
      format,
      HISTORY_COLUMNS,
      changes.map((row) => HISTORY_COLUMNS.map((name) => row[name])),
    );
  else if (changes.length === 0) say(`No alert changed in the last ${since}; --since looks further back.`);
  else {
    printRows('table', HEAD, changes.map(cellsOf));
    if (fitting > changes.length)
      say(`${count(changes.length)} of ${count(fitting)} shown; --limit shows more. json and csv hold every field.`);
  }
}

const cellsOf = (row: CellRow): string[] => [
  (textOrNull(row.ts) ?? '').slice(0, 19).replace('T', ' '),
  textOrNull(row.change) ?? '',
  textOrNull(row.severity) ?? '',
  clip(textOrNull(row.rule_id), 32),
  textOrNull(row.mode) ?? UNKNOWN_MODE,
  clip(textOrNull(row.strategy_id) ?? '-', NAME),
  figureCell(row, 'value'),
  figureCell(row, 'limit'),
  row.notified === true
    ? 'yes'
    : `no${row.quiet_reason == null ? '' : `, ${clip(textOrNull(row.quiet_reason), NAME)}`}`,
  clip(whyOf(row), WHY),
];

const whyOf = (row: CellRow): string => {
  const operator = textOrNull(row.operator);
  const note = textOrNull(row.note);
  if (operator === null && note === null) return textOrNull(row.reason) ?? '';
  return [operator === null ? '' : `by ${operator}`, note ?? ''].filter((part) => part !== '').join(': ');
};

function figureCell(row: CellRow, name: 'value' | 'limit'): string {
  const value = numberOrNull(row[name === 'value' ? 'value' : 'limit_value']) ?? textOrNull(row[`${name}_text`]);
  return value === null ? '' : clip(figure(value, textOrNull(row.unit) ?? undefined), NAME);
}

/** Figures for people; null is not known: a dash. */
export function printStats(stats: AlertStats, { since }: { readonly since: string }): void {
  if (stats.opened === 0) {
    print(`No alert was opened in the last ${since}.\n`);
    return;
  }
  const { lastCritical } = stats;
  const lines: (readonly [string, string])[] = [
    ['opened', `${count(stats.opened)}, ${count(stats.open)} of them open still`],
    ['acknowledged', `${count(stats.acknowledged)}, after ${time(stats.mttaMs)} in the mean`],
    ['resolved', `${count(stats.resolved)}, after ${time(stats.meanDurationMs)} in the mean`],
    ['reminders', count(stats.reminders)],
    ['noise', stats.noise === null ? '-' : `${percent(stats.noise)} of the resolved ones nobody acknowledged`],
    [
      'last critical',
      lastCritical === null
        ? 'none'
        : `${instant(lastCritical.atMs)}: ${lastCritical.ruleId} of ${lastCritical.strategyId ?? 'an unknown strategy'}`,
    ],
  ];
  print(`Alerts of the last ${since}\n\n`);
  print(`${lines.map(([name, text]) => `${name.padEnd(14)} ${printable(text)}\n`).join('')}\n`);
  for (const [name, tallies] of [
    ['severity', stats.bySeverity],
    ['rule', stats.byRule],
    ['strategy', stats.byStrategy],
  ] as const) {
    printRows('table', [name, 'opened', 'acknowledged', 'resolved', 'mean duration'], tallies.map(tallyCells));
    print('\n');
  }
}

const tallyCells = ({ name, opened, acknowledged, resolved, meanDurationMs }: Tally): string[] => [
  clip(name, 48),
  count(opened),
  count(acknowledged),
  count(resolved),
  time(meanDurationMs),
];

const time = (ms: number | null): string => (ms === null ? '-' : shownDuration(ms));
