import { isWhole } from './state.ts';
import type { AlertKey, AlertRule, AlertSettings, Condition, RuleOverride, Selector } from './types.ts';

// Which rules hold for a strategy, and with which parts of its own.

const known = new WeakMap<AlertSettings, Map<string, readonly AlertRule[]>>();

/**
 * The rules that are on for a strategy. Those that read nothing but `pipeline` hold for the whole lake, and no other does.
 * The same list for the same settings.
 */
export function rulesOf(settings: AlertSettings, key: AlertKey): readonly AlertRule[] {
  const lists = known.get(settings) ?? new Map<string, readonly AlertRule[]>();
  known.set(settings, lists);
  const name = isWhole(key) ? 'whole' : hasOverrides(settings, key) ? `of ${key.strategyId}` : 'any';
  let rules = lists.get(name);
  if (rules === undefined) {
    rules = settings.rules
      .filter(({ condition }) => readsPipeline(condition) === isWhole(key))
      .map((rule) => overridden(rule, settings, key))
      .filter(({ enabled }) => enabled);
    lists.set(name, rules);
  }
  return rules;
}

/** What differs for a strategy that is expected; undefined where it is not. */
export function expectationOf(
  { expect }: Pick<AlertSettings, 'expect'>,
  { mode, strategyId }: AlertKey,
): AlertSettings['expect'][string] | undefined {
  if (strategyId === null || !Object.hasOwn(expect, strategyId)) return undefined;
  const found = expect[strategyId];
  return found?.mode === undefined || mode === null || found.mode === mode ? found : undefined;
}

const hasOverrides = ({ strategies }: AlertSettings, { strategyId }: AlertKey): boolean =>
  strategyId !== null && Object.hasOwn(strategies, strategyId);

function overridden(rule: AlertRule, settings: AlertSettings, key: AlertKey): AlertRule {
  const overrides = hasOverrides(settings, key) ? settings.strategies[key.strategyId ?? ''] : undefined;
  if (overrides === undefined || !Object.hasOwn(overrides, rule.id)) return rule;
  const { condition, ...rest }: RuleOverride = overrides[rule.id] ?? {};
  // What a condition may be replaced by is checked where the settings are read.
  return { ...rule, ...rest, condition: { ...rule.condition, ...condition } as Condition };
}

/** Whether a condition reads nothing but what came in to the whole lake. */
function readsPipeline(condition: Condition): boolean {
  const streams = 'of' in condition ? listOf(condition.of).flatMap(({ stream }) => stream) : [];
  return streams.length > 0 && streams.every((stream) => stream === 'pipeline');
}

const listOf = (of: Selector | readonly Selector[]): readonly Selector[] => ('stream' in of ? [of] : of);
