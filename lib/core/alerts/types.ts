// What the parts of the alerts agree on. Times are ms since the epoch, durations ms; everything that is kept is plain JSON.

export type Severity = 'info' | 'warning' | 'critical';

/** Whose alerts one state holds; figures of two modes are never added. `*` as strategy stands for the whole lake. */
export interface AlertKey {
  readonly mode: string | null;
  readonly strategyId: string | null;
}

/** What rules read of one event. Fields have the names of the catalog. */
export interface Observation extends AlertKey {
  /** Stream of the catalog, or `pipeline`: counts of what came in, which no bot sends. */
  readonly stream: string;
  readonly sessionId: string | null;
  readonly symbol: string | null;
  readonly eventId: string;
  /** When it happened. Events without any clock are not observed. */
  readonly tsMs: number;
  /** When it came in. */
  readonly arrivedMs: number;
  /** Where only the open of a bar is known, the length of that bar, ms: it came about a bar or more later. */
  readonly barMs?: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Test of one field: equal to a value, to one of several, or beyond a bound; all that are given must hold. */
export type Test =
  | string
  | number
  | boolean
  | readonly (string | number | boolean)[]
  | {
      readonly above?: number;
      readonly atLeast?: number;
      readonly below?: number;
      readonly atMost?: number;
      readonly not?: string | number | boolean | readonly (string | number | boolean)[];
    };

/** Events of one or several streams whose fields pass all tests. A field that is null or missing passes none. */
export interface Selector {
  readonly stream: string | readonly string[];
  readonly where?: Readonly<Record<string, Test>>;
}

/** The newest value of a field, beyond a bound. Texts and booleans are compared by `equals`. */
export interface ThresholdCondition {
  readonly kind: 'threshold';
  readonly of: Selector;
  /** A column; `name.*` looks at every entry of a map, and each is a group of its own. */
  readonly field: string;
  readonly above?: number;
  readonly atLeast?: number;
  readonly below?: number;
  readonly atMost?: number;
  readonly equals?: string | number | boolean | readonly (string | number | boolean)[];
  /** A figure that is the same in so many samples is a constant of the bot's, and says nothing. */
  readonly constant?: number;
}

/** Different events, or the increase of a cumulative counter, in a sliding window: more than a bound. */
export interface CountCondition {
  readonly kind: 'count';
  readonly of: readonly Selector[];
  /** Fields by whose first known value two events are the same. @default - the event's identity */
  readonly distinct?: readonly string[];
  /** Cumulative counters per process, of which increases count too; the larger of both figures is taken. */
  readonly counters?: readonly { readonly of: Selector; readonly field: string }[];
  readonly window: number;
  readonly above: number;
  /** What tells groups apart: `fingerprint` of the stack of an error, or a column. @default - one group */
  readonly by?: string;
}

/** Share of events that pass a test, in a sliding window or of the last so many: beyond a bound. */
export interface ShareCondition {
  readonly kind: 'share';
  readonly of: Selector | readonly Selector[];
  /** Tests, or the stream of those that count, or several selectors of which one is enough. */
  readonly where: Readonly<Record<string, Test>> | { readonly stream: string } | readonly Selector[];
  readonly distinct?: readonly string[];
  readonly window?: number;
  readonly last?: number;
  readonly above?: number;
  readonly atLeast?: number;
  readonly below?: number;
  /** Fewer events say nothing. */
  readonly least: number;
  /** Columns whose values are the weights of an event, for those of `pipeline`. @default - one event counts one */
  readonly weights?: { readonly part: string; readonly whole: string };
  readonly by?: string;
}

/** Nothing heard of the strategy for `times` times its interval. */
export interface AbsenceCondition {
  readonly kind: 'absence';
  readonly times: number;
  /** Interval where the bot declares none. @default - from the gaps between its last events */
  readonly interval?: number;
}

/** No event of a kind for so long, while the strategy is heard of. */
export interface SilenceCondition {
  readonly kind: 'silence';
  readonly of: Selector;
  readonly longer: number;
}

/** Fall of equity, net of deposits and withdrawals; `share` is a fraction of the basis. */
export interface DrawdownCondition {
  readonly kind: 'drawdown';
  readonly basis: 'peak' | 'start' | 'absolute' | 'window';
  /** For `absolute`: fires below this equity, account currency. */
  readonly below?: number;
  readonly share?: number;
  readonly window?: number;
}

/** Disconnected for longer than this: from increases of reconnects, and from silence of the connection. */
export interface SpellCondition {
  readonly kind: 'spell';
  readonly longer: number;
}

/** Quantile of a field's values in a sliding window. */
export interface QuantileCondition {
  readonly kind: 'quantile';
  readonly of: Selector;
  readonly field: string;
  /** 0..1; 1 is the largest. */
  readonly quantile: number;
  readonly window: number;
  readonly above: number;
  readonly least: number;
}

/** Mean of the newer half of the last samples over that of the older half (S2's leading indicator). */
export interface GrowthCondition {
  readonly kind: 'growth';
  readonly of: Selector;
  readonly field: string;
  readonly last: number;
  readonly above?: number;
  readonly below?: number;
}

/** Positions opened and closed within one bar, from the derived trades. */
export interface RoundtripCondition {
  readonly kind: 'roundtrip';
  readonly window: number;
}

export type Condition =
  | ThresholdCondition
  | CountCondition
  | ShareCondition
  | AbsenceCondition
  | SilenceCondition
  | DrawdownCondition
  | SpellCondition
  | QuantileCondition
  | GrowthCondition
  | RoundtripCondition;

/** One rule, as data. */
export interface AlertRule {
  /** Lower snake case, such as `ws_staleness`. */
  readonly id: string;
  readonly title: string;
  /** What it means and what to do, for who is woken. */
  readonly advice: string;
  readonly severity: Severity;
  readonly enabled: boolean;
  readonly condition: Condition;
  /** Must hold for so long before the alert opens. @default 0 */
  readonly for: number;
  /** Must have ended for so long before the alert resolves. @default 0 */
  readonly clear: number;
  /** Between two reminders of an open alert. */
  readonly cooldown: number;
  /** Address of a runbook. */
  readonly runbook?: string;
  /** Unit of value and limit, such as ms, %, USD. */
  readonly unit?: string;
}

/** What differs for one strategy: parts of a rule, by its id. */
export type RuleOverrides = Readonly<Record<string, RuleOverride>>;
export interface RuleOverride {
  readonly enabled?: boolean;
  readonly severity?: Severity;
  readonly for?: number;
  readonly clear?: number;
  readonly cooldown?: number;
  readonly runbook?: string;
  /** Keys of the condition that are replaced, such as `above`. */
  readonly condition?: Readonly<Record<string, unknown>>;
}

export type ChannelKind = 'slack' | 'webhook' | 'email';

export interface ChannelSettings {
  readonly name: string;
  readonly kind: ChannelKind;
  readonly severities: readonly Severity[];
  /** Environment variable of the desk that holds the address; on AWS the stack has a secret of the channel's name. */
  readonly env?: string;
  /** Told of resolved alerts, and the daily digest. */
  readonly resolved: boolean;
  readonly digest: boolean;
}

/** Everything the alerts run with; resolved from `nightdesk.json` at the edge, plain JSON. */
export interface AlertSettings {
  readonly rules: readonly AlertRule[];
  /** By strategy_id. */
  readonly strategies: Readonly<Record<string, RuleOverrides>>;
  /** Strategies that must be heard of, with their interval; one never heard of is reported. */
  readonly expect: Readonly<Record<string, { readonly heartbeat?: number; readonly mode?: string }>>;
  /** Modes that never alert. @default - backtest */
  readonly silentModes: readonly string[];
  /** Older events, when they come in, are history and raise nothing (semantics 1). */
  readonly maxAge: number;
  /** Whether an acknowledgement silences critical alerts too. @default false */
  readonly suppressCriticalOnAck: boolean;
  /** So many openings within `window` are flapping: the alert then resolves only after `hold` of calm. */
  readonly flapping: { readonly opens: number; readonly window: number; readonly hold: number };
  /** More messages than this waiting for a channel are rolled up into one. */
  readonly burst: number;
  readonly channels: readonly ChannelSettings[];
  /** Local time of the daily digest, minutes after midnight in `zone`; null for none. */
  readonly digestAt: number | null;
  readonly zone: string;
  /** Address of the console, for links. @default - messages name commands instead */
  readonly consoleUrl?: string;
}

export type Answer = 'ok' | 'firing' | 'no_data';

/** Where a reading comes from: an event of the lake. */
export interface Evidence {
  readonly stream: string;
  readonly eventId: string;
  readonly tsMs: number;
  readonly sessionId: string | null;
  readonly symbol: string | null;
  /** A few words, such as the message of an error; never longer than 300 characters. */
  readonly text?: string;
  readonly tradeId?: string;
}

/** What a condition says at one moment, of one group. */
export interface Reading {
  /** What tells it from others of the rule and strategy; empty where the rule knows one only. */
  readonly group: string;
  readonly answer: Answer;
  /** The figure that was held against the limit; null where there is none. */
  readonly value: number | string | null;
  readonly limit: number | string | null;
  /** Since when the condition holds, event time; null unless firing. */
  readonly sinceMs: number | null;
  /** Why, in one sentence: what is missing where there is no data. */
  readonly reason: string;
  /** Newest last, at most five. */
  readonly evidence: readonly Evidence[];
}

/** What conditions may know beside their own state. */
export interface ConditionContext {
  readonly nowMs: number;
  /** Interval at which the strategy is heard of; undefined where not known. */
  readonly intervalMs: number | undefined;
  /** When anything of the strategy was last heard, and whether all its runs said that they end. */
  readonly lastHeardMs: number | undefined;
  readonly ended: boolean;
  /** Whether that interval is only a guess, from the gaps between events. @default false */
  readonly inferred?: boolean;
  /** How long events take to get here at most, ms: absence is noticed so much later. @default 0 */
  readonly lagMs?: number;
  /** Since when somebody has watched without a break: what was not heard before is nobody's silence. @default - always */
  readonly watchingSinceMs?: number;
  readonly hash: (text: string) => string;
}

/** One kind of condition. `State` is JSON. Applying an event twice, or events in another order of duplicates, changes nothing. */
export interface ConditionKind<C extends Condition, State> {
  selects(condition: C, observation: Observation): boolean;
  apply(condition: C, state: State | undefined, observation: Observation, context: ConditionContext): State;
  /** At least one reading; pure in state and time. */
  read(condition: C, state: State | undefined, context: ConditionContext): readonly Reading[];
  /** What `read` answers, of one reading alone, where that is known without making its texts. @default - it is read */
  glance?(condition: C, state: State, context: ConditionContext): Answer | undefined;
  /** Next moment at which time alone may change a reading; undefined for none. */
  dueMs(condition: C, state: State | undefined, context: ConditionContext): number | undefined;
  /** Whether an event by itself may make it fire: those take the fast path. */
  urgent(condition: C, observation: Observation): boolean;
  /** Columns it reads of an event, beside the envelope's. */
  columns(condition: C): readonly string[];
}

export type AlertStatus = 'pending' | 'firing' | 'acknowledged' | 'snoozed' | 'resolved';

/** What happened to an alert. `reminded` repeats, at most once per cooldown. */
export type ChangeKind =
  | 'opened'
  | 'reminded'
  | 'acknowledged'
  | 'snoozed'
  | 'unsnoozed'
  | 'resolved'
  | 'digest'
  | 'test'
  | 'platform';

/** An alert as messages, rows and lists show it. */
export interface AlertView extends AlertKey {
  readonly alertId: string;
  readonly dedupeKey: string;
  readonly ruleId: string;
  readonly title: string;
  readonly advice: string;
  readonly severity: Severity;
  readonly status: AlertStatus;
  readonly group: string;
  readonly symbol: string | null;
  readonly sessionId: string | null;
  readonly value: number | string | null;
  readonly limit: number | string | null;
  /** The value farthest beyond the limit while it was open; resolve notices name it. */
  readonly worst?: number | string | null;
  readonly unit?: string;
  readonly runbook?: string;
  readonly reason: string;
  /** Since when the condition holds. */
  readonly sinceMs: number;
  readonly openedMs: number;
  readonly resolvedMs: number | null;
  /** Openings within the flapping window. */
  readonly opens: number;
  readonly flapping: boolean;
  readonly evidence: readonly Evidence[];
}

/** One change of one alert: a row of stream `alert`, and a message where `notify`. */
export interface AlertChange {
  /** `<alertId>:<n>`; identity of the row and of the message. */
  readonly id: string;
  readonly kind: ChangeKind;
  readonly atMs: number;
  readonly notify: boolean;
  /** Why nobody is told, such as acknowledged, snoozed. */
  readonly quiet?: string;
  readonly alert: AlertView;
  /** Who acknowledged, snoozed or resolved it, and why. */
  readonly operator?: string;
  readonly note?: string;
  /** What a change of kind `digest` tells. */
  readonly digest?: Digest;
  /** What a change of kind `platform` tells. */
  readonly platform?: PlatformAlarm;
}

/** The alerts of one day. */
export interface Digest {
  readonly fromMs: number;
  readonly toMs: number;
  /** Per rule that opened or resolved anything. */
  readonly rules: readonly {
    readonly ruleId: string;
    readonly title: string;
    readonly severity: Severity;
    readonly opened: number;
    readonly resolved: number;
  }[];
  /** Still open, or acknowledged. */
  readonly open: readonly AlertView[];
  /** Rules that answered `no data` for 24 h, with what is missing. */
  readonly blind: readonly {
    readonly ruleId: string;
    readonly mode: string | null;
    readonly strategyId: string | null;
    readonly reason: string;
  }[];
  /** Events that came in too old to alert. */
  readonly history: number;
}

/** State of a CloudWatch alarm, as its notification says. */
export interface PlatformAlarm {
  readonly alarm: string;
  /** ALARM, OK or INSUFFICIENT_DATA. */
  readonly state: string;
  readonly reason: string;
  readonly region: string;
  readonly atMs: number;
}

/** A change that channels still have to be told. */
export interface Notice {
  readonly change: AlertChange;
  /** Names of the channels that have not been told. */
  readonly to: readonly string[];
  /** Channels whose answer to an earlier try was lost: the message may be a repeat. */
  readonly unsure: readonly string[];
}

/** What people decided; one object, changed by compare-and-swap by whoever runs a command. */
export interface OperatorState {
  readonly acks: Readonly<Record<string, OperatorEntry>>;
  /** By rule id: nothing of the rule speaks, critical or not. */
  readonly snoozes: Readonly<Record<string, OperatorEntry>>;
  /** By dedupe key: what was open at `atMs` is resolved. */
  readonly resolves: Readonly<Record<string, OperatorEntry>>;
}

export interface OperatorEntry {
  readonly atMs: number;
  /** Until when; null for ever (acks only). */
  readonly untilMs: number | null;
  readonly operator: string | null;
  readonly reason: string | null;
}
