import { BEAT_COLUMNS } from '../beats.ts';
import type { AlertRule, Condition, ConditionKind, Observation } from '../types.ts';
import { absence } from './absence.ts';
import { count } from './count.ts';
import { drawdown } from './drawdown.ts';
import { EVIDENCE_COLUMNS } from './evidence.ts';
import { growth } from './growth.ts';
import { quantile } from './quantile.ts';
import { roundtrip } from './roundtrip.ts';
import { share } from './share.ts';
import { silence } from './silence.ts';
import { spell } from './spell.ts';
import { threshold } from './threshold.ts';

/** Every kind by its name; a condition is only ever given to its own kind. */
const KINDS: { readonly [K in Condition['kind']]: ConditionKind<Extract<Condition, { kind: K }>, unknown> } = {
  absence,
  count,
  drawdown,
  growth,
  quantile,
  roundtrip,
  share,
  silence,
  spell,
  threshold,
};

/** What evaluates a condition. */
export const kindOf = (condition: Condition): ConditionKind<Condition, unknown> =>
  KINDS[condition.kind] as unknown as ConditionKind<Condition, unknown>;

/** Whether an event may make one of the rules fire by itself: those take the fast path. Rules that are off do not ask. */
export const isUrgent = (rules: readonly AlertRule[], observation: Observation): boolean =>
  rules.some(({ enabled, condition }) => enabled && kindOf(condition).urgent(condition, observation));

/** Columns that the rules that are on read of events, with those that evidence and heartbeat are made of. */
export const columnsRead = (rules: readonly AlertRule[]): ReadonlySet<string> =>
  new Set([
    ...BEAT_COLUMNS,
    ...EVIDENCE_COLUMNS,
    ...rules.flatMap(({ enabled, condition }) => (enabled ? kindOf(condition).columns(condition) : [])),
  ]);

/** Longest text of a column that goes on the fast path; stacks are told apart by their ends. */
const MOST_TEXT = 4000;

/** An event cut to some columns, for the fast path. */
export function trim(observation: Observation, columns: ReadonlySet<string>): Observation {
  const fields: Record<string, unknown> = {};
  for (const name of columns) {
    const value = observation.fields[name];
    if (value === undefined || value === null) continue;
    fields[name] = typeof value === 'string' && value.length > MOST_TEXT ? value.slice(-MOST_TEXT) : value;
  }
  return { ...observation, fields };
}
