import { shownDuration } from '../../core/alerts/durations.ts';
import type { AlertRule, AlertView, Condition, CountCondition, Selector } from '../../core/alerts/types.ts';
import { counted, figure, instant } from '../../core/alerts/wording.ts';
import { count, print, printRows } from '../commands/output.ts';
import { printable } from '../printable.ts';
import { UNKNOWN_MODE } from '../trades/filters.ts';
import { clip } from '../trades/text.ts';
import type { Decision, Overview, RuleOverview } from './overview.ts';

const NAME = 24;
const WHY = 60;
/** A desk ticks each second and a stack each minute: after this long nobody tells the rules the time. */
export const STALE_MS = 300_000;

const ALERT_HEAD = ['severity', 'status', 'rule', 'mode', 'strategy', 'for', 'value', 'limit', 'key'] as const;

/** What is wrong now, what is silenced, what the rules say, and who was not told. */
export function printOverview(overview: Overview, { allRules }: { readonly allRules: boolean }): void {
  const { alerts, rules, acks, snoozes, nowMs } = overview;
  print(`${headline(overview)}\n`);
  if (alerts.length > 0) {
    print('\n');
    printRows(
      'table',
      ALERT_HEAD,
      alerts.map((alert) => alertCells(alert, nowMs)),
    );
  }
  if (acks.length > 0) printDecisions('Acknowledged', acks, nowMs);
  if (snoozes.length > 0) printDecisions('Snoozed rules', snoozes, nowMs);
  print('\n');
  if (allRules) printAllRules(rules);
  else printRules(rules, nowMs);
  for (const line of unsentLines(overview)) print(`${line}\n`);
  for (const line of clockLines(overview)) print(`${line}\n`);
}

function headline({ alerts }: Overview): string {
  const open = alerts.filter(({ status }) => status !== 'pending');
  if (alerts.length === 0) return 'No alert is open.';
  const pending = alerts.length - open.length;
  const by = (['critical', 'warning', 'info'] as const)
    .map((severity) => [open.filter((alert) => alert.severity === severity).length, severity] as const)
    .filter(([n]) => n > 0)
    .map(([n, severity]) => `${count(n)} ${severity}`);
  const parts = [
    open.length === 0 ? 'No alert is open' : `${counted(open.length, 'alert')} open (${by.join(', ')})`,
    ...(pending > 0 ? [`${count(pending)} pending`] : []),
  ];
  return `${parts.join(', ')}.`;
}

const alertCells = (alert: AlertView, nowMs: number): string[] => [
  alert.severity,
  alert.status + (alert.flapping ? ', flapping' : ''),
  alert.ruleId,
  alert.mode ?? UNKNOWN_MODE,
  clip(alert.strategyId ?? '-', NAME),
  shownDuration(Math.max(0, nowMs - alert.sinceMs)),
  alert.value === null ? '' : clip(figure(alert.value, alert.unit), NAME),
  alert.limit === null ? '' : clip(figure(alert.limit, alert.unit), NAME),
  alert.dedupeKey,
];

function printDecisions(title: string, decisions: readonly Decision[], nowMs: number): void {
  print(`\n${title}\n`);
  for (const { of, untilMs, operator, reason } of decisions) {
    const left = untilMs === null ? 'for good' : `for another ${shownDuration(untilMs - nowMs)}`;
    const who = operator === null ? '' : ` by ${operator}`;
    print(`  ${printable(`${of}  ${left}${who}${reason === null ? '' : `: ${clip(reason, WHY)}`}`)}\n`);
  }
}

/** Rules that are on, by what they say; those that cannot tell with what is missing. */
function printRules(rules: readonly RuleOverview[], nowMs: number): void {
  const on = rules.filter(({ answer }) => answer !== 'off');
  const named = (answer: RuleOverview['answer']): RuleOverview[] => on.filter((rule) => rule.answer === answer);
  for (const [answer, word] of [
    ['firing', 'firing'],
    ['ok', 'ok'],
    [null, 'not asked'],
  ] as const) {
    const ids = named(answer).map(
      ({ rule, snoozedUntilMs }) => rule.id + (snoozedUntilMs === null ? '' : ' (snoozed)'),
    );
    if (ids.length > 0) print(`${`${word}:`.padEnd(11)}${ids.join(', ')}\n`);
  }
  for (const { rule, answers, answer } of on) {
    const without = answers.filter((one) => one.answer === 'no_data');
    const [first] = [...without].sort((a, b) => a.sinceMs - b.sinceMs);
    if (first === undefined || answer === 'firing') continue;
    const of =
      answer === 'no_data'
        ? ''
        : ` of ${without.length} of ${counted(answers.length, 'strategy').replace('strategys', 'strategies')}`;
    const blind = first.blind ? `BLIND for ${shownDuration(nowMs - first.sinceMs)}` : `no data${of}`;
    print(`${'no data:'.padEnd(11)}${rule.id}: ${printable(clip(`${blind}: ${first.reason}`, 140))}\n`);
  }
  const off = rules.length - on.length;
  if (off > 0)
    print(`${'off:'.padEnd(11)}${count(off)} rules; --rules lists them, \`nightdesk alerts suggest\` tries them\n`);
}

const RULE_HEAD = ['rule', 'answer', 'severity', 'fires', 'for', 'clear', 'reminds', 'what'] as const;

function printAllRules(rules: readonly RuleOverview[]): void {
  printRows(
    'table',
    RULE_HEAD,
    rules.map(({ rule, answer, blind, snoozedUntilMs }) => [
      rule.id,
      (answer === null ? 'not asked' : answer.replace('_', ' ')) +
        (blind ? ', blind' : '') +
        (snoozedUntilMs === null ? '' : ', snoozed'),
      rule.severity,
      clip(conditionText(rule), 70),
      rule.for === 0 ? 'at once' : shownDuration(rule.for),
      rule.clear === 0 ? 'at once' : shownDuration(rule.clear),
      shownDuration(rule.cooldown),
      clip(rule.title, 50),
    ]),
  );
}

function unsentLines({ channels, nowMs }: Overview): string[] {
  return channels
    .filter(({ unsent }) => unsent > 0)
    .map(
      ({ name, unsent, oldestMs }) =>
        `\n${counted(unsent, 'notice')} not sent to ${name} yet, the oldest ${shownDuration(nowMs - (oldestMs ?? nowMs))} ago.`,
    );
}

function clockLines({ clockMs, nowMs, strategies }: Overview): string[] {
  if (clockMs === null) return ['\nThe rules were never asked: a desk (`nightdesk up`) asks them as events come in.'];
  if (nowMs - clockMs <= STALE_MS) return [];
  return [
    `\nThe rules were last asked at ${instant(clockMs)}, ${shownDuration(nowMs - clockMs)} ago, of ${counted(strategies, 'strategy').replace('strategys', 'strategies')}: no desk runs.`,
  ];
}

/** When a rule fires, in a few words. */
export function conditionText({ condition, unit }: Pick<AlertRule, 'condition' | 'unit'>): string {
  const of = (value: number): string => figure(value, unit);
  const bounds = boundsOf(condition, of);
  switch (condition.kind) {
    case 'threshold':
      return `${condition.field} ${bounds}`;
    case 'count':
      return `${countText(condition)} in ${shownDuration(condition.window)}`;
    case 'share':
      return `${unitShare(condition)} ${within(condition.window, condition.last)}, of at least ${count(condition.least)}`;
    case 'absence':
      return `nothing heard for ${condition.times} × its interval`;
    case 'silence':
      return `no event of ${streamsIn([condition.of])} for more than ${shownDuration(condition.longer)}`;
    case 'drawdown':
      return condition.basis === 'absolute'
        ? `equity below ${figure(condition.below)}`
        : `equity ${shareOf(condition.share)} below ${BASIS[condition.basis]}${condition.window === undefined ? '' : ` of ${shownDuration(condition.window)}`}`;
    case 'spell':
      return `disconnected for more than ${shownDuration(condition.longer)}`;
    case 'quantile':
      return `${condition.quantile === 1 ? 'largest' : `p${condition.quantile * 100}`} ${condition.field} above ${of(condition.above)} in ${shownDuration(condition.window)}`;
    case 'growth':
      return `${condition.field}: newer half of ${condition.last} over the older ${bounds}`;
    case 'roundtrip':
      return `opened and closed within one bar, in ${shownDuration(condition.window)}`;
  }
}

const streamsIn = (selectors: readonly Selector[]): string =>
  [...new Set(selectors.flatMap(({ stream }) => stream))].join(' or ');

function countText({ above, of, counters = [] }: CountCondition): string {
  const fields = [...new Set(counters.map(({ field }) => field))];
  const rises = fields.length === 0 ? '' : ` or rises of ${fields.join(' or ')}`;
  const what = of.length === 0 ? rises.replace(' or ', '') : `events of ${streamsIn(of)}${rises}`;
  return `${above === 0 ? 'any' : `more than ${count(above)}`} ${what}`;
}

/** Shares are fractions in the settings, and percent for people. */
const unitShare = (condition: Condition): string => `share ${boundsOf(condition, (share) => shareOf(share))}`;

const BASIS = { peak: 'its peak', start: 'its start', window: 'the highest' } as const;

const shareOf = (share: number | undefined): string =>
  share === undefined ? '' : `${Number((share * 100).toFixed(4))} %`;

const within = (window: number | undefined, last: number | undefined): string =>
  window === undefined ? (last === undefined ? '' : `of the last ${count(last)}`) : `in ${shownDuration(window)}`;

const BOUNDS = [
  ['above', 'above'],
  ['atLeast', 'at least'],
  ['below', 'below'],
  ['atMost', 'at most'],
] as const;

function boundsOf(condition: Condition, of: (value: number) => string): string {
  const given = condition as { readonly [K in (typeof BOUNDS)[number][0]]?: number };
  const parts = BOUNDS.flatMap(([key, word]) => {
    const value = given[key];
    return value === undefined ? [] : [`${word} ${of(value)}`];
  });
  if (condition.kind === 'threshold' && condition.equals !== undefined)
    parts.push(`= ${[condition.equals].flat().join(' or ')}`);
  return parts.join(' and ');
}
