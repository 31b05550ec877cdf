import type { AlertRule, AlertSettings, RuleOverride } from '../../core/alerts/types.ts';
import { alertsOf, parseConfig } from '../../core/config/index.ts';
import { NightdeskError } from '../../core/errors.ts';

/** One `key=value` of `--set`. */
export interface Change {
  readonly key: string;
  readonly value: unknown;
}

/** Keys of a rule itself; all others are of its condition. */
const OF_RULE: readonly string[] = ['for', 'clear', 'cooldown', 'severity'];
const DURATIONS: readonly string[] = ['window', 'longer', 'interval'];

/** Reads `above=45000`, `window=30m`, `where={"side":"buy"}`: JSON where it is JSON, else text. @throws CONFIG_INVALID */
export function changeOption(text: string, before: readonly Change[] = []): readonly Change[] {
  const at = text.indexOf('=');
  if (at < 1)
    throw new NightdeskError('CONFIG_INVALID', `--set takes key=value, such as above=45000 or window=30m, got ${text}`);
  return [...before, { key: text.slice(0, at).trim(), value: jsonOrText(text.slice(at + 1)) }];
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * The settings with one rule changed, by the same checks as nightdesk.json. What is set here counts for every strategy.
 * @throws CONFIG_INVALID names key, value and range
 */
export function changed(settings: AlertSettings, rule: AlertRule, changes: readonly Change[]): AlertSettings {
  if (changes.length === 0) return settings;
  const ofRule = changes.filter(({ key }) => OF_RULE.includes(key));
  const ofCondition = changes.filter(({ key }) => !OF_RULE.includes(key));
  const known = written(rule);
  const unknown = ofCondition.find(({ key }) => key === 'kind' || key === 'enabled');
  if (unknown !== undefined)
    throw new NightdeskError(
      'CONFIG_INVALID',
      `--set cannot change ${unknown.key}: a backtest runs the rule in any case`,
    );
  const config = parseConfig(
    {
      alerts: {
        rules: {
          [rule.id]: {
            ...entries(ofRule),
            condition: { ...known, ...entries(ofCondition) },
          },
        },
      },
    },
    '--set',
  );
  const found = alertsOf(config).rules.find(({ id }) => id === rule.id);
  if (found === undefined) return settings;
  const result: AlertRule = {
    ...rule,
    condition: found.condition,
    ...(ofRule.some(({ key }) => key === 'for') ? { for: found.for } : {}),
    ...(ofRule.some(({ key }) => key === 'clear') ? { clear: found.clear } : {}),
    ...(ofRule.some(({ key }) => key === 'cooldown') ? { cooldown: found.cooldown } : {}),
    ...(ofRule.some(({ key }) => key === 'severity') ? { severity: found.severity } : {}),
  };
  return {
    ...settings,
    rules: settings.rules.map((one) => (one.id === rule.id ? result : one)),
    strategies: Object.fromEntries(
      Object.entries(settings.strategies).map(([strategy, overrides]) => [
        strategy,
        Object.fromEntries(
          Object.entries(overrides).map(([id, override]) => [
            id,
            id === rule.id ? without(override, changes) : override,
          ]),
        ),
      ]),
    ),
  };
}

const entries = (changes: readonly Change[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(changes.map(({ key, value }) => [key, value]));

/** A condition as it is written in the file: durations as texts. */
const written = ({ condition }: AlertRule): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(condition).map(([key, value]) => [
      key,
      DURATIONS.includes(key) && typeof value === 'number' ? `${value}ms` : value,
    ]),
  );

function without({ condition = {}, ...rest }: RuleOverride, changes: readonly Change[]): RuleOverride {
  const set = new Set(changes.map(({ key }) => key));
  const left = (part: object): object => Object.fromEntries(Object.entries(part).filter(([key]) => !set.has(key)));
  return { ...left(rest), condition: left(condition) as Readonly<Record<string, unknown>> };
}
