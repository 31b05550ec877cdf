import { dayOf } from './fold-days.ts';
import { changeIdOf } from './identity.ts';
import { blindRules, openViewsOf, type StrategyAlerts } from './state.ts';
import type { AlertChange, AlertRule, AlertSettings, Digest } from './types.ts';
import { wholeView } from './whole-view.ts';

// The daily digest: what happened to alerts since the last one, and what is still open.

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const MOST_OPEN = 50;
const MOST_BLIND = 50;

export interface DigestClock {
  /** End of the day of the digest that a moment lies in: the next time at which one is due, ms. */
  dayEndMs(ms: number): number;
  /** When the last one was due at a moment, ms. */
  lastDueMs(ms: number): number;
}

/**
 * When digests are due: each day at a local time, also where clocks are changed.
 * @param offsetMs - how far a naive local time lies ahead of UTC, ms @default - UTC
 */
export function digestClock(digestAt: number | null, offsetMs: (localMs: number) => number = () => 0): DigestClock {
  const dueOn = (day: number): number => {
    const localMs = day * DAY_MS + (digestAt ?? 0) * MINUTE_MS;
    return localMs - offsetMs(localMs);
  };
  // Local days lie at most 15 h from those of UTC, and the time of day up to 24 h into them.
  const around = (ms: number): number[] => [-3, -2, -1, 0, 1, 2].map((days) => dueOn(Math.floor(ms / DAY_MS) + days));
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const seek = (ms: number): void => {
    if (ms >= from && ms < to) return;
    const moments = around(ms);
    from = Math.max(...moments.filter((due) => due <= ms));
    to = Math.min(...moments.filter((due) => due > ms));
  };
  return {
    dayEndMs: (ms) => {
      seek(ms);
      return to;
    },
    lastDueMs: (ms) => {
      seek(ms);
      return from;
    },
  };
}

export interface DigestOptions {
  /** When it was due: the end of the day it tells of, ms. */
  readonly dueMs: number;
  /** When the day began, ms. */
  readonly fromMs: number;
  readonly nowMs: number;
  readonly settings: AlertSettings;
  readonly sha256: (text: string) => string;
}

/** The digest of a day: the same identity whoever makes it. */
export function digestOf(states: readonly StrategyAlerts[], options: DigestOptions): AlertChange {
  const { dueMs, nowMs, sha256, fromMs } = options;
  const digest = figuresOf(states, options);
  const facts = {
    ruleId: 'digest',
    title: 'Daily digest',
    severity: 'info',
    status: 'resolved',
    value: digest.open.length,
    reason: sentence(digest, states),
    sinceMs: fromMs,
    opens: 0,
  } as const;
  const alert = wholeView(facts, dueMs, sha256);
  return { id: changeIdOf(alert.alertId, 1), kind: 'digest', atMs: nowMs, notify: true, alert, digest };
}

function figuresOf(states: readonly StrategyAlerts[], { dueMs, fromMs, nowMs, settings }: DigestOptions): Digest {
  const days = states.map((state) => dayOf(state.days, dueMs));
  const sum = (of: 'opened' | 'resolved', ruleId: string): number =>
    days.reduce((total, day) => total + (Object.hasOwn(day[of], ruleId) ? (day[of][ruleId] ?? 0) : 0), 0);
  const ids = new Set(days.flatMap(({ opened, resolved }) => [...Object.keys(opened), ...Object.keys(resolved)]));
  const rules = new Map(settings.rules.map((rule) => [rule.id, rule]));
  return {
    fromMs,
    toMs: dueMs,
    rules: [...ids].sort().map((ruleId) => ({
      ruleId,
      ...about(rules.get(ruleId), ruleId),
      opened: sum('opened', ruleId),
      resolved: sum('resolved', ruleId),
    })),
    open: states
      .flatMap(openViewsOf)
      .sort((a, b) => RANK[a.severity] - RANK[b.severity] || a.openedMs - b.openedMs)
      .slice(0, MOST_OPEN),
    blind: states
      .flatMap((state) => blindRules(state, nowMs))
      .slice(0, MOST_BLIND)
      .map(({ ruleId, mode, strategyId, reason }) => ({ ruleId, mode, strategyId, reason })),
    history: days.reduce((total, { history }) => total + history, 0),
  };
}

const RANK = { critical: 0, warning: 1, info: 2 } as const;

const about = (rule: AlertRule | undefined, ruleId: string): Pick<AlertRule, 'title' | 'severity'> =>
  rule === undefined ? { title: ruleId, severity: 'info' } : { title: rule.title, severity: rule.severity };

function sentence({ rules, open, blind, fromMs }: Digest, states: readonly StrategyAlerts[]): string {
  const sum = (of: 'opened' | 'resolved'): number => rules.reduce((total, rule) => total + rule[of], 0);
  const heard = states.filter(({ beats }) => beats !== undefined && beats.heardMs >= fromMs).length;
  return (
    `${sum('opened')} opened, ${sum('resolved')} resolved, ${open.length} still open, ` +
    `${blind.length} blind; ${heard} ${heard === 1 ? 'strategy was' : 'strategies were'} heard of.`
  );
}
