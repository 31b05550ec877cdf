import type { AlertMessage } from '../../core/alerts/messages.ts';
import { plainText } from '../../core/alerts/plain-text.ts';
import type { AlertChange, AlertView, Evidence } from '../../core/alerts/types.ts';
import { shown } from '../../core/alerts/wording.ts';

/** Alerts of a roll-up that stand in the payload one by one; `counts` has them all. */
const MOST_ALERTS = 50;
const MOST_COUNTS = 100;
const MOST_BODY = 8_000;

/**
 * What a webhook receives. Keys stay; new ones may come. S2's alert event (`id`, `timestamp_utc`, `source`, `severity`,
 * `title`, `body`, `labels`, `dedupe_key`) with ours beside it. At most about 256 KB.
 */
export interface WebhookPayload {
  readonly format: 1;
  readonly kind: AlertMessage['kind'];
  /** Of the newest change; a repeat has the same. */
  readonly id: string;
  readonly timestamp_utc: string;
  /** `rule:<id>`, or `nightdesk` where several rules speak. */
  readonly source: string;
  readonly severity: AlertView['severity'];
  readonly title: string;
  readonly body: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly dedupe_key: string | null;
  /** Whether all of it is over. */
  readonly resolved: boolean;
  readonly possible_repeat: boolean;
  readonly counts: {
    readonly changes: number;
    readonly alerts: number;
    readonly by_severity: Readonly<Record<string, number>>;
    readonly by_rule: Readonly<Record<string, number>>;
    readonly by_strategy: Readonly<Record<string, number>>;
  };
  /** Newest first. */
  readonly alerts: readonly WebhookAlert[];
  readonly commands: readonly string[];
  readonly links: readonly { readonly text: string; readonly url: string }[];
}

export interface WebhookAlert {
  readonly alert_id: string;
  readonly dedupe_key: string;
  readonly rule_id: string;
  readonly change: AlertChange['kind'];
  readonly status: string;
  readonly severity: AlertView['severity'];
  readonly title: string;
  readonly mode: string | null;
  readonly strategy_id: string | null;
  readonly symbol: string | null;
  readonly session_id: string | null;
  readonly group: string | null;
  readonly value: number | string | null;
  readonly limit: number | string | null;
  readonly worst: number | string | null;
  readonly unit: string | null;
  readonly reason: string;
  readonly advice: string;
  readonly runbook: string | null;
  readonly since_utc: string | null;
  readonly opened_utc: string | null;
  readonly resolved_utc: string | null;
  readonly evidence: readonly {
    readonly stream: string;
    readonly event_id: string;
    readonly timestamp_utc: string | null;
    readonly text: string | null;
    readonly trade_id: string | null;
  }[];
}

export function webhookPayload(message: AlertMessage): WebhookPayload {
  const { kind, id, atMs, severity, title, changes, counts, links, todos, ended, possibleRepeat } = message;
  const newest = changes.at(-1);
  const one = kind === 'rollup' ? undefined : newest?.alert;
  return {
    format: 1,
    kind,
    id: clean(id, 300),
    timestamp_utc: utc(atMs) ?? '1970-01-01T00:00:00.000Z',
    source: one === undefined ? 'nightdesk' : `rule:${clean(one.ruleId, 100)}`,
    severity,
    title,
    body: plainText(message, MOST_BODY),
    labels: one === undefined ? {} : labelsOf(one),
    dedupe_key: one === undefined ? null : clean(one.dedupeKey, 1_000),
    resolved: ended,
    possible_repeat: possibleRepeat,
    counts: {
      changes: counts.changes,
      alerts: counts.alerts,
      by_severity: counts.bySeverity,
      by_rule: largest(counts.byRule),
      by_strategy: largest(counts.byStrategy),
    },
    alerts: newestOfEach(changes).map(alertOf),
    commands: todos.map(({ command }) => command),
    links,
  };
}

/** The newest change of each alert, newest first. */
function newestOfEach(changes: readonly AlertChange[]): AlertChange[] {
  const newest = new Map(changes.map((change) => [change.alert.alertId, change]));
  return [...newest.values()].sort((a, b) => b.atMs - a.atMs).slice(0, MOST_ALERTS);
}

/** Those that do not fit are summed up as `(others)`, so that the figures add up to all changes. */
function largest(counts: ReadonlyMap<string, number>): Record<string, number> {
  const rows = [...counts].sort(([, a], [, b]) => b - a);
  const rest = rows.slice(MOST_COUNTS).reduce((sum, [, n]) => sum + n, 0);
  return Object.fromEntries(rest > 0 ? [...rows.slice(0, MOST_COUNTS), ['(others)', rest]] : rows);
}

function labelsOf({ ruleId, mode, strategyId, symbol, sessionId, group }: AlertView): Record<string, string> {
  const labels = { rule_id: ruleId, mode, strategy_id: strategyId, symbol, session_id: sessionId, group };
  const known = Object.entries(labels).filter(([, value]) => value !== null && value !== '');
  return Object.fromEntries(known.map(([name, value]) => [name, clean(value ?? '', 200)]));
}

function alertOf({ kind, alert }: AlertChange): WebhookAlert {
  return {
    alert_id: clean(alert.alertId, 200),
    dedupe_key: clean(alert.dedupeKey, 1_000),
    rule_id: clean(alert.ruleId, 100),
    change: kind,
    status: alert.status,
    severity: alert.severity,
    title: clean(alert.title, 200),
    mode: orNull(alert.mode, 40),
    strategy_id: orNull(alert.strategyId, 200),
    symbol: orNull(alert.symbol, 60),
    session_id: orNull(alert.sessionId, 200),
    group: alert.group === '' ? null : clean(alert.group, 200),
    value: cell(alert.value),
    limit: cell(alert.limit),
    worst: cell(alert.worst ?? null),
    unit: orNull(alert.unit, 20),
    reason: clean(alert.reason, 600),
    advice: clean(alert.advice, 600),
    runbook: orNull(alert.runbook, 500),
    since_utc: utc(alert.sinceMs),
    opened_utc: utc(alert.openedMs),
    resolved_utc: alert.resolvedMs === null ? null : utc(alert.resolvedMs),
    evidence: alert.evidence.slice(-3).reverse().map(evidenceOf),
  };
}

const evidenceOf = ({ stream, eventId, tsMs, text, tradeId }: Evidence) => ({
  stream: clean(stream, 60),
  event_id: clean(eventId, 200),
  timestamp_utc: utc(tsMs),
  text: orNull(text, 300),
  trade_id: orNull(tradeId, 200),
});

const clean = shown;

const orNull = (text: string | null | undefined, most: number): string | null =>
  text === null || text === undefined ? null : clean(text, most);

const cell = (value: number | string | null): number | string | null =>
  typeof value === 'string' ? clean(value, 200) : value;

function utc(ms: number): string | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
