import type { ConditionKind, Evidence, SilenceCondition } from '../types.ts';
import { evidenceOf } from './evidence.ts';
import { calm, durationText, ENDED, fine, firing, isHeard, noData, seconds } from './readings.ts';
import { matches, named, testedColumns } from './select.ts';
import { isNewer, type Moment, momentOf } from './series.ts';

// No event of a kind for so long, while the strategy itself is heard of: a bot that lives and does not trade.

export interface SilenceState extends Moment {
  readonly evidence: Evidence;
}

export const silence: ConditionKind<SilenceCondition, SilenceState> = {
  selects: ({ of }, observation) => matches(of, observation),

  apply(_condition, state, observation) {
    if (state !== undefined && !isNewer(observation, state)) return state;
    return { ...momentOf(observation), evidence: evidenceOf(observation) };
  },

  read(condition, state, context) {
    const limit = seconds(condition.longer);
    if (state === undefined) return [noData({ limit, reason: `no event of ${named([condition.of])} yet` })];
    const silentMs = context.nowMs - state.tsMs;
    const about = { value: seconds(silentMs), limit, evidence: [state.evidence] };
    const last = `the last event of ${named([condition.of])} was ${durationText(Math.max(0, silentMs))} ago`;
    if (silentMs <= condition.longer) return [fine({ ...about, reason: last })];
    if (context.ended || !isHeard(context, undefined)) return [calm({ ...about, reason: ENDED }, undefined, context)];
    return [firing({ ...about, sinceMs: state.tsMs, reason: last })];
  },

  dueMs(condition, state, context) {
    const dueMs = state === undefined ? undefined : state.tsMs + condition.longer + 1;
    return dueMs !== undefined && dueMs > context.nowMs ? dueMs : undefined;
  },

  urgent: () => false,
  columns: ({ of }) => testedColumns([of]),
};
