import type { Overview } from '../alerts/overview.ts';
import { count } from '../commands/output.ts';
import { type Check, check, span } from './check.ts';

/** What the alerts of a data folder or a stack are like, or why they cannot be read. */
export type AlertFacts =
  | {
      readonly overview: Pick<Overview, 'alerts' | 'rules' | 'channels' | 'clockMs' | 'strategies' | 'nowMs'>;
      /** Whether somebody should be telling the rules the time: a desk that runs, or a stack. */
      readonly running: boolean;
      /** By channel, why it tells nobody; absent where that is not known here. */
      readonly missing?: ReadonlyMap<string, string>;
    }
  | { readonly problem: string };

/** The rules are asked each second on a desk and each minute on a stack. */
const LATE_MS = 300_000;
const MOST_SHOWN = 3;

/** Are the rules asked, is everybody told. Pure. */
export function alertChecks(facts: AlertFacts): readonly Check[] {
  if ('problem' in facts) return [check('alerts', 'critical', facts.problem)];
  return [rulesCheck(facts), channelsCheck(facts)];
}

type Known = Exclude<AlertFacts, { readonly problem: string }>;

function rulesCheck({ overview, running }: Known): Check {
  const { alerts, rules, clockMs, strategies, nowMs } = overview;
  const open = alerts.filter(({ status }) => status !== 'pending');
  const blind = rules.filter((rule) => rule.blind).map(({ rule }) => rule.id);
  const ageMs = clockMs === null ? null : nowMs - clockMs;
  const value = {
    open: open.length,
    critical: open.filter(({ severity }) => severity === 'critical').length,
    blind,
    asked_s_ago: ageMs === null ? null : Math.round(ageMs / 1000),
  };
  if (running && ageMs !== null && ageMs > LATE_MS)
    return check(
      'alerts',
      'critical',
      `the rules were last asked ${span(ageMs)} ago: nobody is told of anything; its log says why`,
      value,
    );
  if (ageMs === null)
    return check('alerts', 'ok', 'the rules were not asked yet: nothing was heard of any strategy', value);
  const parts = [
    open.length === 0 ? 'no alert is open' : `${count(open.length)} open, see \`nightdesk alerts\``,
    `${count(strategies)} ${strategies === 1 ? 'strategy' : 'strategies'} watched`,
    ...(blind.length === 0 ? [] : [`${count(blind.length)} rules without data for a day: ${listed(blind)}`]),
  ];
  return check('alerts', 'ok', parts.join('; '), value);
}

function channelsCheck({ overview: { channels, nowMs }, missing }: Known): Check {
  const value = channels.map(({ name, kind, unsent, oldestMs }) => ({
    channel: name,
    kind,
    unsent,
    oldest_s: oldestMs === null ? null : Math.round((nowMs - oldestMs) / 1000),
  }));
  const late = channels.filter(({ oldestMs }) => oldestMs !== null && nowMs - oldestMs > LATE_MS);
  if (late.length > 0) {
    const each = late.map(({ name, unsent, oldestMs }) => {
      const why = missing?.get(name);
      return `${count(unsent)} for ${name}, the oldest from ${span(nowMs - (oldestMs ?? nowMs))} ago${why === undefined ? '' : ` (${why}, and start the desk again)`}`;
    });
    return check(
      'channels',
      'warn',
      `people were not told of everything: ${listed(each)}; \`nightdesk alerts test\` tries the channels`,
      value,
    );
  }
  if (channels.length === 0)
    return check('channels', 'ok', 'nightdesk.json sets no channel: alerts are listed only', value);
  const unset = channels.flatMap(({ name }) => missing?.get(name) ?? []);
  return check(
    'channels',
    'ok',
    unset.length === channels.length
      ? `nobody would be told from this environment: ${listed(unset)}`
      : 'nothing waits to be sent',
    value,
  );
}

const listed = (items: readonly string[]): string =>
  items.length > MOST_SHOWN
    ? `${items.slice(0, MOST_SHOWN).join(', ')} and ${items.length - MOST_SHOWN} more`
    : items.join(', ');
