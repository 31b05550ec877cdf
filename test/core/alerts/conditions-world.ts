import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { kindOf } from '../../../lib/core/alerts/conditions/index.ts';
import type { Condition, ConditionContext, Observation, Reading } from '../../../lib/core/alerts/types.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const T0 = Date.UTC(2025, 11, 3, 12);

let made = 0;

/** An event of one run, which came in at once. */
export const event = (
  stream: string,
  tsMs: number,
  fields: Observation['fields'] = {},
  over: Partial<Observation> = {},
): Observation => ({
  mode: 'paper',
  strategyId: 'bot',
  stream,
  sessionId: 's1',
  symbol: 'BTCUSDT',
  eventId: `e${String(made++).padStart(6, '0')}`,
  tsMs,
  arrivedMs: tsMs,
  fields,
  ...over,
});

/** The surroundings of a bot that is heard of each minute, and was just now. */
export const at = (nowMs: number, over: Partial<ConditionContext> = {}): ConditionContext => ({
  nowMs,
  intervalMs: MINUTE,
  lastHeardMs: nowMs,
  ended: false,
  hash: sha256,
  ...over,
});

/** State after events, each applied when it came in, or when the one before did: time never goes back. */
export function stateAfter(
  condition: Condition,
  events: readonly Observation[],
  { from, sinceMs = T0 }: { readonly from?: unknown; readonly sinceMs?: number } = {},
): unknown {
  const kind = kindOf(condition);
  let [state, nowMs] = [from, sinceMs];
  for (const each of events) {
    nowMs = Math.max(nowMs, each.arrivedMs);
    if (kind.selects(condition, each)) state = kind.apply(condition, state, each, at(nowMs));
  }
  return state;
}

/** What a condition says after events, at the moment of the last one or at another. */
export function readingsAfter(
  condition: Condition,
  events: readonly Observation[],
  context: ConditionContext = at(Math.max(T0, ...events.map(({ arrivedMs }) => arrivedMs))),
): readonly Reading[] {
  return kindOf(condition).read(condition, stateAfter(condition, events), context);
}

/** The only reading. */
export function readingAfter(
  condition: Condition,
  events: readonly Observation[],
  context?: ConditionContext,
): Reading {
  const [reading, ...others] = readingsAfter(condition, events, context);
  if (reading === undefined || others.length > 0) throw new Error(`${others.length + 1} readings instead of one`);
  return reading;
}
