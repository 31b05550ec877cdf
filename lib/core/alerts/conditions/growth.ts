import type { ConditionKind, Evidence, GrowthCondition, Observation, Reading } from '../types.ts';
import { evidenceOf } from './evidence.ts';
import { figure, fine, firing, isFresh, noData, stale, staleDueMs } from './readings.ts';
import { boundOf, isBeyond, matches, nothingYet, testedColumns } from './select.ts';
import { isNewer, type Paced, pacedBy, withNewest } from './series.ts';
import { type Entry, keyOf, withEntry } from './window.ts';

// Mean of the newer half of the last samples over that of the older half: S2's leading indicator. Every run is a series of its own.

type Value = Entry<readonly [value: number]>;

interface Series extends Paced {
  readonly session: string | null;
  readonly entries: readonly Value[];
  readonly evidence: Evidence;
}

export interface GrowthState {
  readonly series: readonly Series[];
  readonly nulls?: true;
}

export const growth: ConditionKind<GrowthCondition, GrowthState> = {
  selects: ({ of }, observation) => matches(of, observation),

  apply({ field, last }, state = { series: [] }, observation, context) {
    const value = observation.fields[field];
    if (typeof value !== 'number' || !Number.isFinite(value))
      return state.nulls === true ? state : { ...state, nulls: true };
    const known = state.series.find(({ session }) => session === observation.sessionId);
    const entry: Value = [observation.tsMs, keyOf(observation, context), value];
    const entries = withEntry<Value>(known?.entries ?? [], entry, { sinceMs: Number.NEGATIVE_INFINITY, most: last });
    if (entries === known?.entries) return state;
    const made = seriesOf(entries, observation, known);
    return { ...state, series: withNewest(state.series, known, made) };
  },

  read(condition, state, context) {
    const limit = boundOf(condition);
    const { field, of } = condition;
    if (state === undefined || state.series.length === 0)
      return [nothingYet(field, [of], { limit, nulls: state?.nulls })];
    const fresh = state.series.filter((series) => isFresh(series, context));
    if (fresh.length === 0) return [stale(field, state.series, { limit, context })];
    const readings = fresh.map((series) => readSeries(condition, series));
    return [readings.reduce((worst, reading) => (RANK[reading.answer] > RANK[worst.answer] ? reading : worst))];
  },

  dueMs: (_condition, state, context) => staleDueMs(state?.series ?? [], context),

  urgent: () => false, // a trend over many samples is in no hurry

  columns: ({ of, field }) => [...testedColumns([of]), field],
};

const RANK = { no_data: 0, ok: 1, firing: 2 } as const;

function seriesOf(entries: readonly Value[], observation: Observation, known: Series | undefined): Series {
  if (known !== undefined && !isNewer(observation, known)) return { ...known, entries };
  return { session: observation.sessionId, ...pacedBy(observation, known), entries, evidence: evidenceOf(observation) };
}

const mean = (values: readonly Value[]): number => values.reduce((sum, [, , value]) => sum + value, 0) / values.length;

function readSeries(condition: GrowthCondition, { entries, evidence }: Series): Reading {
  const { field, last } = condition;
  const limit = boundOf(condition);
  if (entries.length < last)
    return noData({ limit, reason: `${entries.length} of the ${last} samples of ${field} needed` });
  const half = Math.floor(last / 2);
  const before = mean(entries.slice(0, half));
  if (before === 0) return noData({ limit, reason: `${field} was 0: nothing to hold its change against` });
  const value = figure(mean(entries.slice(half)) / before);
  const about = { value, limit, evidence: [evidence], reason: `${field} is ${value} times what it was` };
  return isBeyond(condition, value) ? firing({ ...about, sinceMs: entries[half]?.[0] ?? evidence.tsMs }) : fine(about);
}
