import type { AbsenceCondition, ConditionContext, ConditionKind } from '../types.ts';
import { durationText, ENDED, fine, firing, noData, seconds } from './readings.ts';

// Nothing heard of the strategy. It has no state of its own: `beats.ts` knows when it was heard, the clock does the rest.

export const absence: ConditionKind<AbsenceCondition, null> = {
  selects: () => false,
  apply: () => null,

  read(condition, _state, context) {
    const { nowMs, ended } = context;
    const lastHeardMs = silentSince(context);
    if (ended) return [fine({ reason: ENDED })];
    if (lastHeardMs === undefined) return [noData({ reason: 'it has never been heard of' })];
    const interval = intervalOf(condition, context);
    if (interval === undefined)
      return [
        noData({ reason: 'no heartbeat_s is declared, none is configured, and too few events tell an interval' }),
      ];
    const allowedMs = condition.times * interval;
    const silentMs = nowMs - lastHeardMs;
    const about = { value: seconds(silentMs), limit: seconds(allowedMs) };
    return silentMs >= allowedMs + (context.lagMs ?? 0)
      ? [
          firing({
            ...about,
            sinceMs: lastHeardMs,
            reason: `nothing was heard for ${durationText(silentMs)}; it is heard of each ${durationText(interval)}`,
          }),
        ]
      : [fine({ ...about, reason: `heard ${durationText(Math.max(0, silentMs))} ago` })];
  },

  dueMs(condition, _state, context) {
    const interval = intervalOf(condition, context);
    const lastHeardMs = silentSince(context);
    if (context.ended || lastHeardMs === undefined || interval === undefined) return undefined;
    const dueMs = lastHeardMs + condition.times * interval + (context.lagMs ?? 0);
    return dueMs > context.nowMs ? dueMs : undefined;
  },

  urgent: () => false,
  columns: () => [],
};

/** From when silence is counted: while nobody watched, nothing could be heard. */
const silentSince = ({
  lastHeardMs,
  watchingSinceMs = Number.NEGATIVE_INFINITY,
}: ConditionContext): number | undefined =>
  lastHeardMs === undefined ? undefined : Math.max(lastHeardMs, watchingSinceMs);

/** A rule's own interval stands before one that is only guessed from gaps, not before what the bot declares. */
const intervalOf = ({ interval }: AbsenceCondition, { intervalMs, inferred }: ConditionContext): number | undefined =>
  inferred === true ? (interval ?? intervalMs) : (intervalMs ?? interval);
