import { alertIdOf, dedupeKeyOf } from './identity.ts';
import type { AlertKey, AlertRule, AlertView, Evidence, Reading } from './types.ts';
import { cut } from './wording.ts';

// An alert as it is shown. Groups, reasons and values are anybody's text: none is kept at any length.

const MOST_EVIDENCE = 5;
export const LONGEST_TEXT = 300;
export const LONGEST_REASON = 500;

export interface ViewContext {
  readonly key: AlertKey;
  readonly rule: AlertRule;
  readonly sinceMs: number;
  readonly openedMs: number;
  readonly sha256: (text: string) => string;
}

/** A pending alert as a reading shows it. */
export function viewOf(reading: Reading, context: ViewContext): AlertView {
  const { key, rule, sinceMs, openedMs, sha256 } = context;
  const { group } = reading;
  const dedupeKey = dedupeKeyOf({ ruleId: rule.id, key, group }, sha256);
  const shown = shownOf(reading);
  return {
    mode: key.mode,
    strategyId: key.strategyId,
    alertId: alertIdOf(dedupeKey, openedMs, sha256),
    dedupeKey,
    ruleId: rule.id,
    title: rule.title,
    advice: rule.advice,
    severity: rule.severity,
    status: 'pending',
    group: cut(group, LONGEST_TEXT),
    ...(rule.unit === undefined ? {} : { unit: rule.unit }),
    ...(rule.runbook === undefined ? {} : { runbook: rule.runbook }),
    ...shown,
    worst: shown.value,
    sinceMs,
    openedMs,
    resolvedMs: null,
    opens: 0,
    flapping: false,
  };
}

type Shown = Pick<AlertView, 'symbol' | 'sessionId' | 'value' | 'limit' | 'reason' | 'evidence'>;

/** What a reading shows of an alert, with no text longer than is kept. */
export function shownOf({ value, limit, reason, evidence }: Reading): Shown {
  const newest = evidence.at(-1);
  return {
    symbol: newest?.symbol ?? null,
    sessionId: newest?.sessionId ?? null,
    value: short(value),
    limit: short(limit),
    reason: cut(reason, LONGEST_REASON),
    evidence: evidence.slice(-MOST_EVIDENCE).map(shortened),
  };
}

const shortened = (one: Evidence): Evidence =>
  one.text === undefined ? one : { ...one, text: cut(one.text, LONGEST_TEXT) };

export const short = (value: Reading['value']): Reading['value'] =>
  typeof value === 'string' ? cut(value, LONGEST_TEXT) : value;

/** Of two figures the one farther beyond the limit. */
export function worse(a: Reading['value'], b: Reading['value'], limit: Reading['value']): Reading['value'] {
  if (typeof a !== 'number' || typeof b !== 'number' || typeof limit !== 'number') return b ?? a;
  return a >= limit === b >= limit ? (Math.abs(b - limit) > Math.abs(a - limit) ? b : a) : a;
}
