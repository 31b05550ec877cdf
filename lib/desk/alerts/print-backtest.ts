import { type BacktestDay, type BacktestReport, type Fire, STRIP } from '../../core/alerts/backtest-report.ts';
import { shownDuration } from '../../core/alerts/durations.ts';
import type { Suggestion } from '../../core/alerts/suggest.ts';
import { counted, figure } from '../../core/alerts/wording.ts';
import { count, print, printRows } from '../commands/output.ts';
import { printable } from '../printable.ts';
import { UNKNOWN_MODE } from '../trades/filters.ts';
import { alignRight, clip, percent } from '../trades/text.ts';

/** What was played, for the head of a report. */
export interface Played {
  readonly days: number;
  readonly observations: number;
  readonly history: number;
  /** Left out: of modes that never alert. */
  readonly silent: number;
}

const NAME = 24;
const WHY = 50;
/** Fires a table shows; the rest is in the JSON. */
const MOST_FIRES = 50;
const MOST_DAYS = 62;

export function printBacktest(report: BacktestReport, played: Played): void {
  const { rule, fires } = report;
  print(printable(`${rule.id}  ${rule.severity}  ${rule.title}`) + (rule.enabled ? '\n' : '  (off)\n'));
  print(
    `${counted(played.days, 'day')}, ${counted(report.strategies.length, 'strategy').replace('strategys', 'strategies')}, ${counted(played.observations, 'event')}\n`,
  );
  for (const remark of remarksOf(played)) print(`${remark}\n`);
  print('\n');
  print(
    figuresOf(report)
      .map(([name, text]) => `${name.padEnd(16)} ${printable(text)}\n`)
      .join(''),
  );
  if (report.strategies.length > 0) printChart(report);
  if (fires.length === 0) return;
  print('\n');
  printRows(
    'table',
    HEAD,
    alignRight(
      fires.slice(0, MOST_FIRES).map((fire) => cellsOf(fire, rule.unit)),
      [3, 4, 5],
    ),
  );
  if (fires.length > MOST_FIRES) print(`${count(MOST_FIRES)} of ${count(fires.length)} shown; --json holds all.\n`);
}

export function remarksOf({ history, observations, silent }: Played): string[] {
  return [
    ...(history > 0
      ? [
          `${count(history)} of them came in long after they happened (imported, or sent late). Live they raise nothing; here they are played as if they had come in at once.`,
        ]
      : []),
    ...(silent > 0
      ? [`${count(silent)} more are of modes that never alert, and left out; --mode plays one of them.`]
      : []),
    ...(observations === 0 && silent === 0
      ? ['Nothing is stored of these days: `nightdesk streams` shows what is.']
      : []),
  ];
}

function figuresOf(report: BacktestReport): (readonly [string, string])[] {
  const { fires, firingMs, firesPerDay, shortShare, flapping, noDataShare, openAtStart, daysHeard } = report;
  return [
    ['fires', `${count(fires.length)}, ${perDay(firesPerDay)} a day`],
    ...(openAtStart > 0 ? [['open at start', counted(openAtStart, 'alert')] as const] : []),
    ['time firing', fires.length + openAtStart === 0 ? 'none' : shownDuration(firingMs)],
    [
      'noise',
      shortShare === null
        ? 'no fire has ended'
        : `${percent(shortShare)} ended within 5 minutes${flapping > 0 ? `, ${count(flapping)} flapping` : ''}`,
    ],
    [
      'no data',
      noDataShare === null
        ? 'nothing was heard'
        : `${percent(noDataShare)} of the ${daysHeard === 1 ? 'day' : `${count(daysHeard)} days`} on which anything was heard`,
    ],
    ['drawdowns', drawdownsOf(report)],
    ['lead time', leadText(report)],
  ];
}

const drawdownsOf = ({ drawdowns, drawdown }: BacktestReport): string =>
  drawdowns === null
    ? 'no equity is known'
    : `${drawdowns === 0 ? 'none' : count(drawdowns)} of ${percent(drawdown)} or more from the peak`;

function leadText({ fires, medianLeadMs, drawdowns }: BacktestReport): string {
  if (fires.length === 0) return '-';
  if (drawdowns === null) return 'not known without equity';
  const of = (kind: Fire['lead']['kind']): number => fires.filter(({ lead }) => lead.kind === kind).length;
  const parts = [
    ...(medianLeadMs === null
      ? []
      : [`${count(of('before'))} fired before a drawdown, ${shownDuration(medianLeadMs)} in the median`]),
    ...(of('during') > 0 ? [`${count(of('during'))} within one`] : []),
    ...(of('none') > 0 ? [`after ${count(of('none'))} no drawdown followed`] : []),
  ];
  return parts.join('; ');
}

/** One line per day, one character per half hour: one sees a pattern before one has read a figure. */
function printChart({ days }: BacktestReport): void {
  print(
    `\n${' '.repeat(12)}${['00', '03', '06', '09', '12', '15', '18', '21'].map((hour) => hour.padEnd(6)).join('')}\n`,
  );
  const lines = folded(days);
  for (const line of lines.slice(-MOST_DAYS)) print(`${line}\n`);
  print(`${' '.repeat(12)}${STRIP.firing} firing  ${STRIP.ok} ok  ${STRIP.no_data} no data, UTC\n`);
  if (lines.length > MOST_DAYS) print(`The last ${MOST_DAYS} of ${lines.length} lines; --json holds all.\n`);
}

/** Days that look alike, without a fire, are one line. */
function folded(days: readonly BacktestDay[]): string[] {
  const lines: string[] = [];
  for (let at = 0; at < days.length; ) {
    const day = days[at];
    if (day === undefined) break;
    let end = at + 1;
    while (day.fires === 0 && days[end]?.fires === 0 && days[end]?.strip === day.strip) end++;
    lines.push(chartLine(day, end - at));
    at = end;
  }
  return lines;
}

function chartLine({ date, strip, fires, firingMs }: BacktestDay, days: number): string {
  const notes = [
    ...(days > 1 ? [`and ${counted(days - 1, 'day')} more like it`] : []),
    ...(fires > 0 ? [counted(fires, 'fire')] : []),
    ...(firingMs > 0 && days === 1 ? [shownDuration(firingMs)] : []),
  ];
  return `${date}  ${strip}  ${notes.join(', ')}`.trimEnd();
}

const HEAD = ['opened (UTC)', 'mode', 'strategy', 'duration', 'worst', 'limit', 'before drawdown', 'why'] as const;

const cellsOf = (fire: Fire, unit: string | undefined): string[] => [
  `${new Date(fire.openedMs).toISOString().slice(0, 19).replace('T', ' ')}`,
  fire.mode ?? UNKNOWN_MODE,
  clip(fire.strategyId ?? '-', NAME),
  shownDuration(fire.durationMs) + (fire.resolvedMs === null ? '+' : ''),
  fire.worst === null ? '' : clip(figure(fire.worst, unit), NAME),
  fire.limit === null ? '' : clip(figure(fire.limit, unit), NAME),
  leadCell(fire),
  clip(fire.reason, WHY),
];

function leadCell({ lead }: Fire): string {
  if (lead.kind === 'before') return shownDuration(lead.ms);
  if (lead.kind === 'during') return `${shownDuration(lead.ms)} into one`;
  return lead.kind === 'none' ? 'none followed' : '';
}

const perDay = (rate: number): string => (rate === 0 ? '0' : rate >= 10 ? count(Math.round(rate)) : rate.toFixed(2));

const SUGGEST_HEAD = [
  'rule',
  'switch on',
  'fires',
  'a day',
  'within 5 min',
  'no data',
  'lead (median)',
  'why',
] as const;

export function printSuggestions(suggestions: readonly Suggestion[]): void {
  printRows(
    'table',
    SUGGEST_HEAD,
    alignRight(
      suggestions.map((one) => [
        one.ruleId,
        one.recommended ? 'yes' : 'no',
        count(one.fires),
        perDay(one.firesPerDay),
        percent(one.shortShare),
        percent(one.noDataShare),
        one.medianLeadMs === null ? '' : shownDuration(one.medianLeadMs),
        one.reason,
      ]),
      [2, 3, 4, 5, 6],
    ),
  );
}
