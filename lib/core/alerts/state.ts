import { PREFIXES } from '../lake/keys.ts';
import type { LakeRecord } from '../lake/read.ts';
import type { OutboxObject } from '../lifecycle/outbox.ts';
import { keyPath } from '../lifecycle/state-key.ts';
import type { Vitals } from '../metrics/vitals.ts';
import { type Beats, hasEnded } from './beats.ts';
import type { AlertKey, AlertView, Answer, Notice } from './types.ts';

// What is kept of one strategy in one mode between two folds. Plain JSON, bounded in everything.

/** One alert, from its first reading until nothing of it has to be remembered. */
export interface Alert {
  /** Pending ones have not opened; resolved ones are remembered for flapping, and while they must not open again. */
  readonly phase: 'pending' | 'open' | 'resolved';
  /** As it was last shown; `openedMs` of a pending one is when it was first seen to hold. */
  readonly view: AlertView;
  /** Changes so far. */
  readonly changes: number;
  /** What its last reading answered. */
  readonly answer: Answer;
  /** Since when it has answered ok, and since when there is no data; null where it does not. */
  readonly okMs: number | null;
  readonly noDataMs: number | null;
  /** Whether anybody was told of this opening. */
  readonly told: boolean;
  /** When anybody was last told; null where nobody was. */
  readonly toldMs: number | null;
  /** Decision that silences it, as last seen. */
  readonly silence: 'acknowledged' | 'snoozed' | null;
  /** Whether something was kept quiet that is to be said once it may be. */
  readonly owed: boolean;
  /** When its last opening was resolved; null where none was. */
  readonly endedMs: number | null;
  /** Openings within the flapping window, oldest first. */
  readonly openings: readonly number[];
  /** Why it does not open again although the condition still holds: somebody resolved it, or all runs ended. */
  readonly latch: 'operator' | 'ended' | null;
}

/** What a rule last answered of the strategy; since when, and why. */
export interface RuleAnswer {
  readonly answer: Answer;
  readonly sinceMs: number;
  readonly reason: string;
}

/** Counts of one day of the digest. */
export interface DayCounts {
  /** By rule id. */
  readonly opened: Readonly<Record<string, number>>;
  readonly resolved: Readonly<Record<string, number>>;
  /** Events that were too old when they came in, and those of modes that never alert; repeats are counted again. */
  readonly history: number;
  readonly silent: number;
}

export interface StrategyAlerts {
  readonly format: 1;
  readonly key: AlertKey;
  /** When the state was begun, ms; part of the names of its objects. */
  readonly bornMs: number;
  /** Counts the writes of this state. */
  readonly version: number;
  /** Moment up to which it is folded: it never goes back. */
  readonly clockMs: number;
  /** UTC day on which anything last came in, YYYY-MM-DD; null where nothing did. */
  readonly lastDay: string | null;
  readonly beats?: Beats;
  readonly vitals?: Vitals;
  /** States of the rules' conditions, by rule id. */
  readonly conditions: Readonly<Record<string, unknown>>;
  readonly answers: Readonly<Record<string, RuleAnswer>>;
  /** By dedupe key. */
  readonly alerts: Readonly<Record<string, Alert>>;
  /** By the end of the day of the digest, ms; the newest few. */
  readonly days: Readonly<Record<string, DayCounts>>;
  /** What channels still have to be told, oldest first. */
  readonly notices: readonly Notice[];
  /** Rows that no object holds yet. */
  readonly rows: readonly LakeRecord[];
  /** Rows of this version, still to be written unless whoever wrote the state did. */
  readonly outbox: readonly OutboxObject[];
  /** Ids of what was raised from outside, newest last. */
  readonly raised: readonly string[];
  /** End of the day that was last digested, ms; state `*` only. */
  readonly digestedMs: number | null;
}

/** Prefix of all states of strategies. */
export const ALERT_STATES = `${PREFIXES.state}alerts/`;

/** Stands for the whole lake. */
export const WHOLE: AlertKey = { mode: null, strategyId: '*' };

export const isWhole = ({ mode, strategyId }: AlertKey): boolean => mode === null && strategyId === '*';

/** `state/alerts/<mode>/<strategy>.json`; no two keys share one. */
export const alertStateKey = (key: AlertKey, tools: { sha256(text: string): string }): string =>
  `${ALERT_STATES}${keyPath(key, tools)}.json`;

export const newState = (key: AlertKey, bornMs = 0): StrategyAlerts => ({
  format: 1,
  key,
  bornMs,
  version: 0,
  clockMs: bornMs,
  lastDay: null,
  conditions: {},
  answers: {},
  alerts: {},
  days: {},
  notices: [],
  rows: [],
  outbox: [],
  raised: [],
  digestedMs: null,
});

/** Alerts of a strategy: pending and open ones, and those resolved that are still remembered. */
export const viewsOf = ({ alerts }: StrategyAlerts): AlertView[] => Object.values(alerts).map(({ view }) => view);

/** Alerts that are open, whoever is told of them. */
export const openViewsOf = ({ alerts }: StrategyAlerts): AlertView[] =>
  Object.values(alerts).flatMap(({ phase, view }) => (phase === 'open' ? [view] : []));

/** What a rule answered last; undefined where it was never asked. */
export const conditionAnswer = ({ answers }: StrategyAlerts, ruleId: string): Answer | undefined =>
  Object.hasOwn(answers, ruleId) ? answers[ruleId]?.answer : undefined;

/** A rule that answers `no data` for so long is blind. */
export const BLIND_MS = 86_400_000;

export interface BlindRule extends AlertKey {
  readonly ruleId: string;
  readonly sinceMs: number;
  readonly reason: string;
}

/** Rules that have had no data for 24 h, with what is missing. A strategy whose runs ended has none. */
export function blindRules({ key, answers, beats }: StrategyAlerts, nowMs: number): BlindRule[] {
  if (beats !== undefined && hasEnded(beats)) return [];
  return Object.entries(answers).flatMap(([ruleId, { answer, sinceMs, reason }]) =>
    answer === 'no_data' && nowMs - sinceMs >= BLIND_MS ? [{ ...key, ruleId, sinceMs, reason }] : [],
  );
}
