import type { ConditionKind, Evidence, QuantileCondition } from '../types.ts';
import { withEvidence } from './evidence.ts';
import { calm, durationText, ENDED, figure, fine, firing, noData } from './readings.ts';
import { matches, nothingYet, testedColumns } from './select.ts';
import { type Entry, inside, keyOf, withEntry } from './window.ts';

// A quantile of the values of a sliding window, by nearest rank.

type Value = Entry<readonly [value: number]>;

export interface QuantileState {
  readonly entries: readonly Value[];
  readonly evidence: readonly Evidence[];
  readonly nulls?: true;
}

export const quantile: ConditionKind<QuantileCondition, QuantileState> = {
  selects: ({ of }, observation) => matches(of, observation),

  apply({ field, window, above }, state = { entries: [], evidence: [] }, observation, context) {
    const value = observation.fields[field];
    if (typeof value !== 'number' || !Number.isFinite(value))
      return state.nulls === true ? state : { ...state, nulls: true };
    const entries = withEntry<Value>(state.entries, [observation.tsMs, keyOf(observation, context), value], {
      sinceMs: context.nowMs - window,
    });
    if (entries === state.entries) return state;
    return { ...state, entries, evidence: value > above ? withEvidence(state.evidence, observation) : state.evidence };
  },

  read({ of, field, quantile: q, window, above: limit, least }, state, context) {
    if (state === undefined || state.entries.length === 0)
      return [nothingYet(field, [of], { limit, nulls: state?.nulls })];
    const entries = inside(state.entries, context.nowMs - window);
    if (entries.length === 0 && context.ended) return [fine({ limit, reason: ENDED })];
    if (entries.length < least)
      return [
        noData({
          limit,
          reason: `${entries.length} of the ${least} values of ${field} needed in ${durationText(window)}`,
        }),
      ];
    const sorted = entries.map(([, , value]) => value).sort((a, b) => a - b);
    const value = figure(sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0);
    const what = q >= 1 ? `the largest ${field}` : `the ${figure(q * 100)} % quantile of ${field}`;
    const about = { value, limit, evidence: state.evidence, reason: `${what} is ${value} of ${entries.length} values` };
    if (value > limit) {
      const sinceMs = entries.find(([, , each]) => each > limit)?.[0] ?? context.nowMs;
      return [firing({ ...about, sinceMs })];
    }
    return [calm(about, entries.at(-1)?.[0], context)];
  },

  dueMs({ window }, state, { nowMs }) {
    const oldest = inside(state?.entries ?? [], nowMs - window)[0];
    return oldest === undefined ? undefined : oldest[0] + window;
  },

  urgent: ({ of, field, above }, observation) =>
    matches(of, observation) && Number(observation.fields[field] ?? Number.NaN) > above,

  columns: ({ of, field }) => [...testedColumns([of]), field],
};
