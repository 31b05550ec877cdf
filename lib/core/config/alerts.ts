import * as z from 'zod';
import { DEFAULT_RULES } from '../alerts/rules.ts';
import type { AlertRule, AlertSettings, ChannelSettings, Condition, RuleOverride } from '../alerts/types.ts';
import { conditionSchema, DURATIONS } from './alert-conditions.ts';
import { duration } from './values.ts';

const ID = /^[a-z][a-z0-9_]{0,63}$/;
const CHANNEL = /^[a-z][a-z0-9-]{0,29}$/;
const VARIABLE = /^[A-Z][A-Z0-9_]{0,99}$/;
const TIME = /^([01]\d|2[0-3]):([0-5]\d)$/;

const SEVERITIES = ['info', 'warning', 'critical'] as const;
const severity = z.enum(SEVERITIES, 'must be info, warning or critical');
const address = z
  .url({ protocol: /^https?$/, error: 'must be an address that begins with https:// or http://' })
  .max(1_000, 'must be at most 1,000 characters');

const shared = {
  enabled: z.boolean().describe('Whether the rule is on.').exactOptional(),
  severity: severity.describe('How serious it is: info, warning or critical.').exactOptional(),
  for: duration('0s', '30d', 'How long it must hold before the alert opens.').exactOptional(),
  clear: duration('0s', '30d', 'How long it must have ended before the alert resolves.').exactOptional(),
  cooldown: duration('1m', '30d', 'Between two reminders of an open alert.').exactOptional(),
  runbook: address.describe('Address of a runbook, shown in the message.').exactOptional(),
};

const override = z.strictObject({
  ...shared,
  title: z.string().min(1).max(150).describe('What is wrong, in a few words.').exactOptional(),
  advice: z.string().max(2_000).describe('What it means and what to do.').exactOptional(),
  unit: z.string().max(20).describe('Unit of value and limit.').exactOptional(),
  condition: z
    .record(z.string(), z.unknown().describe('A key of the condition, such as above.'))
    .describe('Of a rule that ships: keys to replace, such as {"above": 45000}. Of a new one: the whole condition.')
    .exactOptional(),
});

const perStrategy = z.strictObject({
  ...shared,
  condition: z
    .record(z.string(), z.unknown().describe('A key of the condition, such as above.'))
    .describe('Keys of the condition to replace, such as {"above": 45000}.')
    .exactOptional(),
});

const ruleId = z.string().regex(ID, 'must be the id of a rule: lower case letters, digits and _');

const channel = z.strictObject({
  kind: z
    .enum(['slack', 'webhook', 'email'], 'must be slack, webhook or email')
    .describe('slack (incoming webhook), webhook (JSON by POST) or email (through SNS; on AWS only).'),
  env: z
    .string()
    .regex(VARIABLE, 'must be the name of an environment variable')
    .describe(
      'Environment variable that holds the address on a desk; on AWS the stack has a secret. Default: SLACK_WEBHOOK_URL for slack, NIGHTDESK_WEBHOOK_URL for webhook.',
    )
    .exactOptional(),
  severities: z
    .array(severity)
    .min(1, 'must name at least one severity')
    .prefault([...SEVERITIES])
    .describe('Severities it is told of.'),
  resolved: z.boolean().prefault(true).describe('Whether it is told that an alert is over.'),
  digest: z.boolean().prefault(true).describe('Whether it gets the daily digest.'),
});

/** Section `alerts`. */
export const alertsSchema = z.strictObject({
  rules: z
    .record(ruleId, override)
    .prefault({})
    .describe('Changes of the rules that ship, by id, and rules of your own; docs/alerts.md lists them.'),
  strategies: z
    .record(z.string(), z.record(ruleId, perStrategy))
    .prefault({})
    .describe('What differs for single strategies: by strategy_id, then by rule.'),
  expect: z
    .record(
      z.string(),
      z.strictObject({
        heartbeat: duration('1s', '7d', 'Interval at which it is heard of.').exactOptional(),
        mode: z.string().min(1).describe('Its mode, such as live.').exactOptional(),
      }),
    )
    .prefault({})
    .describe('Strategies that must be heard of, by strategy_id; one that never is, is reported.'),
  silentModes: z.array(z.string()).prefault(['backtest']).describe('Modes that never alert.'),
  maxAge: duration(
    '1m',
    '7d',
    'Events older than this when they come in are history: stored, and nobody is told.',
  ).prefault('15m'),
  suppressCriticalOnAck: z
    .boolean()
    .prefault(false)
    .describe('Whether an acknowledgement silences critical alerts too.'),
  flapping: z
    .strictObject({
      opens: z
        .int('must be a whole number from 2')
        .min(2, 'must be a whole number from 2')
        .prefault(3)
        .describe('Openings within the window that count as flapping.'),
      window: duration('1m', '7d', 'Window.').prefault('1h'),
      hold: duration('1m', '7d', 'Calm after which a flapping alert resolves.').prefault('15m'),
    })
    .prefault({})
    .describe('Alerts that come and go stay open until there is calm.'),
  burst: z
    .int('must be a whole number from 1 to 100')
    .min(1, 'must be a whole number from 1 to 100')
    .max(100, 'must be a whole number from 1 to 100')
    .prefault(5)
    .describe('More messages than this waiting for a channel are rolled up into one.'),
  channels: z
    .record(
      z
        .string()
        .regex(CHANNEL, 'must be the name of a channel: lower case letters, digits and -, beginning with a letter'),
      channel,
    )
    .prefault({ slack: { kind: 'slack' } })
    .describe('Who is told. A channel whose address is not set is left out.'),
  digest: z
    .union([z.string().regex(TIME, 'must be a time such as 08:00, or off'), z.literal('off')])
    .prefault('08:00')
    .describe('When the daily digest is sent, local time of zone, or off.'),
  consoleUrl: address
    .describe('Address of the console, for links in messages. Default: they name commands.')
    .exactOptional(),
});

type Section = z.infer<typeof alertsSchema>;

const DEFAULT_ENV: Readonly<Record<string, string>> = {
  slack: 'SLACK_WEBHOOK_URL',
  webhook: 'NIGHTDESK_WEBHOOK_URL',
};

/** What the alerts run with: the rules that ship, changed and added to as the settings say. @throws Wrong where they do not fit */
export function alertSettings(section: Section, zone: string): AlertSettings {
  const { rules, strategies, digest, channels, consoleUrl, ...rest } = section;
  const resolved = resolveRules(rules);
  const known = new Map(resolved.map((rule) => [rule.id, rule]));
  const overrides = Object.entries(strategies).map(([strategy, changes]) => [
    strategy,
    Object.fromEntries(
      Object.entries(changes).map(([id, change]) => [
        id,
        checkedOverride(`strategies.${strategy}.${id}`, known.get(id), change),
      ]),
    ),
  ]);
  const [, hour, minute] = TIME.exec(digest) ?? [];
  return {
    ...rest,
    rules: resolved,
    strategies: Object.fromEntries(overrides),
    channels: Object.entries(channels).map(([name, { env, ...settings }]): ChannelSettings => {
      const variable = env ?? DEFAULT_ENV[settings.kind];
      return { name, ...settings, ...(variable === undefined ? {} : { env: variable }) };
    }),
    digestAt: hour === undefined ? null : Number(hour) * 60 + Number(minute),
    zone,
    ...(consoleUrl === undefined ? {} : { consoleUrl }),
  };
}

/** What is wrong with the rules, and where; the caller knows the file. */
export class WrongAlerts extends Error {
  readonly path: string;

  constructor(path: string, what: string) {
    super(what);
    this.path = path;
  }
}

type RuleChange = z.infer<typeof override>;

function resolveRules(changes: Readonly<Record<string, RuleChange>>): AlertRule[] {
  const shipped = DEFAULT_RULES.map((rule) => {
    const change = changes[rule.id];
    return change === undefined ? rule : changedRule(rule, change);
  });
  const ids = new Set(DEFAULT_RULES.map(({ id }) => id));
  return [
    ...shipped,
    ...Object.entries(changes)
      .filter(([id]) => !ids.has(id))
      .map(([id, rule]) => ownRule(id, rule)),
  ];
}

const HOUR_MS = 3_600_000;

function changedRule(rule: AlertRule, { condition: changed, ...change }: RuleChange): AlertRule {
  return { ...rule, ...change, condition: changedCondition(`rules.${rule.id}`, rule, changed) };
}

function ownRule(id: string, { condition: given, ...rule }: RuleChange): AlertRule {
  if (given === undefined)
    throw new WrongAlerts(
      `rules.${id}`,
      `no such rule ships, so it needs a condition; those that ship are ${DEFAULT_RULES.map((known) => known.id).join(', ')}`,
    );
  return {
    title: id.replaceAll('_', ' '),
    advice: '',
    severity: 'warning',
    enabled: true,
    for: 0,
    clear: 0,
    cooldown: HOUR_MS,
    ...rule,
    id,
    condition: readCondition(`rules.${id}`, given),
  };
}

function checkedOverride(path: string, rule: AlertRule | undefined, change: z.infer<typeof perStrategy>): RuleOverride {
  if (rule === undefined) throw new WrongAlerts(path, 'there is no such rule');
  const { condition: changed, ...rest } = change;
  if (changed === undefined) return rest;
  const whole = changedCondition(path, rule, changed) as unknown as Readonly<Record<string, unknown>>;
  return { ...rest, condition: Object.fromEntries(Object.keys(changed).map((key) => [key, whole[key]])) };
}

function changedCondition(
  path: string,
  { condition: shipped }: AlertRule,
  changed: Readonly<Record<string, unknown>> | undefined,
): Condition {
  if (changed === undefined) return shipped;
  if (changed.kind !== undefined && changed.kind !== shipped.kind) return readCondition(path, changed);
  return readCondition(path, { ...written(shipped), ...changed });
}

/** A condition as it would be written: durations as texts. */
const written = (shipped: Condition): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(shipped).map(([key, value]) => [
      key,
      DURATIONS.includes(key) && typeof value === 'number' ? `${value}ms` : value,
    ]),
  );

function readCondition(path: string, given: unknown): Condition {
  const parsed = conditionSchema.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new WrongAlerts([path, 'condition', ...(issue?.path ?? [])].join('.'), issue?.message ?? 'is no condition');
  }
  return parsed.data as Condition;
}
