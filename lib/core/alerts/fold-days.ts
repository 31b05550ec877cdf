import type { DayCounts, StrategyAlerts } from './state.ts';
import type { AlertChange } from './types.ts';

// What the daily digest counts, kept in the state of each strategy.

type Days = StrategyAlerts['days'];

/** The day that goes on, the one that is to be digested, and one more for a digest that comes late. */
const MOST_DAYS = 3;

const NONE: DayCounts = { opened: {}, resolved: {}, history: 0, silent: 0 };

export const dayOf = (days: Days, endMs: number): DayCounts => days[String(endMs)] ?? NONE;

/** Counts an event that raises nothing. */
export function countSeen(days: Days, what: 'history' | 'silent', endMs: number): Days {
  const day = dayOf(days, endMs);
  return withDay(days, endMs, { ...day, [what]: day[what] + 1 });
}

/** Counts an opening or a resolve; anything else counts for nothing. */
export function countChange(days: Days, { kind, alert: { ruleId } }: AlertChange, endMs: number): Days {
  if (kind !== 'opened' && kind !== 'resolved') return days;
  const day = dayOf(days, endMs);
  return withDay(days, endMs, { ...day, [kind]: { ...day[kind], [ruleId]: (day[kind][ruleId] ?? 0) + 1 } });
}

function withDay(days: Days, endMs: number, day: DayCounts): Days {
  const all = Object.entries({ ...days, [String(endMs)]: day });
  if (all.length <= MOST_DAYS) return Object.fromEntries(all);
  return Object.fromEntries(all.sort(([a], [b]) => Number(a) - Number(b)).slice(-MOST_DAYS));
}
