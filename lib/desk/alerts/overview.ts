import { ALERT_STATES, BLIND_MS, isWhole, openViewsOf, type StrategyAlerts, viewsOf } from '../../core/alerts/state.ts';
import type {
  AlertRule,
  AlertSettings,
  AlertView,
  Answer,
  OperatorEntry,
  OperatorState,
  Severity,
} from '../../core/alerts/types.ts';
import { NightdeskError } from '../../core/errors.ts';
import type { StateStore } from '../../core/ports/index.ts';

/** What a rule says of one strategy. */
export interface RuleAnswerOf {
  readonly mode: string | null;
  readonly strategyId: string | null;
  readonly answer: Answer;
  readonly sinceMs: number;
  readonly reason: string;
  /** Whether it has had no data for 24 h. */
  readonly blind: boolean;
}

export interface RuleOverview {
  readonly rule: AlertRule;
  /** The most serious of its answers; off where the rule is, null where nobody asked it yet. */
  readonly answer: Answer | 'off' | null;
  readonly blind: boolean;
  readonly snoozedUntilMs: number | null;
  readonly answers: readonly RuleAnswerOf[];
}

export interface ChannelOverview {
  readonly name: string;
  readonly kind: string;
  readonly severities: readonly Severity[];
  readonly env: string | null;
  readonly unsent: number;
  /** When the oldest unsent change happened. */
  readonly oldestMs: number | null;
}

export interface Decision extends OperatorEntry {
  readonly of: string;
}

/** Everything `alerts list` tells. */
export interface Overview {
  readonly nowMs: number;
  /** Pending and open, the most serious first, then the oldest. */
  readonly alerts: readonly AlertView[];
  readonly rules: readonly RuleOverview[];
  readonly acks: readonly Decision[];
  readonly snoozes: readonly Decision[];
  readonly channels: readonly ChannelOverview[];
  /** Strategies of which there is a state, without that of the whole lake. */
  readonly strategies: number;
  /** When the rules were last told the time; null where never. */
  readonly clockMs: number | null;
}

/** The states as they lie; one that is damaged is named. @throws DATA_UNREADABLE */
export async function readStates(state: StateStore): Promise<StrategyAlerts[]> {
  const states: StrategyAlerts[] = [];
  for await (const key of state.list(ALERT_STATES)) {
    const found = await state.get(key);
    if (found !== undefined) states.push(parsed(key, found.body));
  }
  return states;
}

function parsed(key: string, body: Uint8Array): StrategyAlerts {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    if (typeof value === 'object' && value !== null && 'format' in value && value.format === 1)
      return value as StrategyAlerts;
  } catch (error) {
    throw new NightdeskError('DATA_UNREADABLE', `${key} is damaged; remove it, and it is made again`, { cause: error });
  }
  throw new NightdeskError('DATA_UNREADABLE', `${key} is of another version of Nightdesk; use that, or remove it`);
}

export interface OverviewFacts {
  readonly states: readonly StrategyAlerts[];
  readonly operator: OperatorState;
  readonly settings: AlertSettings;
  readonly nowMs: number;
}

const RANK: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 };

/** Pure: the same facts give the same overview. */
export function overviewOf({ states, operator, settings, nowMs }: OverviewFacts): Overview {
  const alerts = states
    .flatMap(viewsOf)
    .filter(({ status }) => status !== 'resolved')
    .sort(
      (a, b) => RANK[a.severity] - RANK[b.severity] || a.sinceMs - b.sinceMs || (a.dedupeKey < b.dedupeKey ? -1 : 1),
    );
  const clocks = states.map(({ clockMs }) => clockMs).filter((ms) => ms > 0);
  return {
    nowMs,
    alerts,
    rules: settings.rules.map((rule) => ruleOverview(rule, { states, operator, settings, nowMs })),
    acks: inForce(operator.acks, nowMs),
    snoozes: inForce(operator.snoozes, nowMs),
    channels: settings.channels.map(({ name, kind, severities, env }) => {
      const waiting = states.flatMap(({ notices }) => notices.filter(({ to }) => to.includes(name)));
      return {
        name,
        kind,
        severities,
        env: env ?? null,
        unsent: waiting.length,
        oldestMs: waiting.length === 0 ? null : Math.min(...waiting.map(({ change }) => change.atMs)),
      };
    }),
    strategies: states.filter(({ key }) => !isWhole(key)).length,
    clockMs: clocks.length === 0 ? null : Math.max(...clocks),
  };
}

function ruleOverview(rule: AlertRule, { states, operator, settings, nowMs }: OverviewFacts): RuleOverview {
  const on = ({ key }: StrategyAlerts): boolean =>
    own(own(settings.strategies, key.strategyId ?? ''), rule.id)?.enabled ?? rule.enabled;
  const answers = states.filter(on).flatMap((state): RuleAnswerOf[] => {
    const said = own(state.answers, rule.id);
    if (said === undefined) return [];
    const firing = openViewsOf(state).some(({ ruleId }) => ruleId === rule.id);
    const blind = said.answer === 'no_data' && nowMs - said.sinceMs >= BLIND_MS;
    const answer = firing ? 'firing' : said.answer;
    return [{ ...state.key, answer, sinceMs: said.sinceMs, reason: said.reason, blind }];
  });
  const enabled = rule.enabled || states.some(on);
  const snoozed = own(operator.snoozes, rule.id);
  return {
    rule,
    answer: enabled ? worst(answers.map(({ answer }) => answer)) : 'off',
    blind: answers.some(({ blind }) => blind),
    snoozedUntilMs: snoozed !== undefined && isInForce(snoozed, nowMs) ? snoozed.untilMs : null,
    answers,
  };
}

/** Names are anybody's text: `constructor` is no entry. */
const own = <T>(entries: Readonly<Record<string, T>> | undefined, name: string): T | undefined =>
  entries !== undefined && Object.hasOwn(entries, name) ? entries[name] : undefined;

const worst = (answers: readonly Answer[]): Answer | null =>
  (['firing', 'ok', 'no_data'] as const).find((answer) => answers.includes(answer)) ?? null;

const inForce = (entries: OperatorState['acks'], nowMs: number): Decision[] =>
  Object.entries(entries)
    .filter(([, entry]) => isInForce(entry, nowMs))
    .map(([of, entry]) => ({ of, ...entry }))
    .sort((a, b) => a.atMs - b.atMs || (a.of < b.of ? -1 : 1));

const isInForce = ({ untilMs }: OperatorEntry, nowMs: number): boolean => untilMs === null || untilMs > nowMs;
