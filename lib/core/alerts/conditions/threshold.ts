import type {
  Answer,
  ConditionContext,
  ConditionKind,
  Evidence,
  Observation,
  Reading,
  Selector,
  ThresholdCondition,
} from '../types.ts';
import { evidenceOf } from './evidence.ts';
import { figure, fine, firing, isFresh, noData, stale, staleDueMs } from './readings.ts';
import { boundOf, isBeyond, isKnown, isOfStream, matches, named, passes, testedColumns } from './select.ts';
import { compareMoments, isNewer, MOST_SERIES, momentOf, type Paced, pacedBy, withNewest } from './series.ts';

// The newest value of a field beyond a bound. Every run is a series of its own, so that runs that live at the same time do
// not open and resolve an alert in turn: the worst of those that are fresh counts.

/** Entries of a map that are told apart, at most. */
const MOST_GROUPS = 16;
const MOST_SAMPLES = MOST_SERIES * MOST_GROUPS;

interface Sample extends Paced {
  readonly session: string | null;
  /** Key of a map's entry; empty where the field is a plain one. */
  readonly group: string;
  /** Null where the run ended. */
  readonly value: number | string | boolean | null;
  /** Since when it has been beyond the bound. */
  readonly sinceMs: number | null;
  /** Samples in a row that had this value. */
  readonly same: number;
  readonly evidence: Evidence;
}

export interface ThresholdState {
  readonly series: readonly Sample[];
  /** An event was seen in which the field was null or missing. */
  readonly nulls?: true;
}

export const threshold: ConditionKind<ThresholdCondition, ThresholdState> = {
  selects: ({ of }, observation) => matches(of, observation) || isStop(of, observation),

  apply(condition, state = { series: [] }, observation, context) {
    const ends = isStop(condition.of, observation);
    const values = matches(condition.of, observation) ? valuesOf(condition, observation) : [];
    let { series } = state;
    for (const [group, value] of values) series = withSample(condition, series, { observation, group, value, context });
    // The last sample of a run that ended is no state of anything any more.
    if (ends) for (const { group } of ofSession(series, observation)) series = withEnd(series, observation, group);
    const nulls = state.nulls === true || (values.length === 0 && !ends);
    if (series === state.series && nulls === (state.nulls === true)) return state;
    return { series, ...(nulls ? { nulls } : undefined) };
  },

  read(condition, state, context) {
    if (state === undefined || state.series.length === 0) return [noData({ reason: nothingOf(condition, state) })];
    const groups = [...new Set(state.series.map(({ group }) => group))].sort();
    return groups.map((group) =>
      readGroup(
        condition,
        state.series.filter((sample) => sample.group === group),
        context,
      ),
    );
  },

  glance({ constant = Number.POSITIVE_INFINITY }, { series }, context) {
    let answer: Answer | undefined;
    for (const sample of series) {
      if (sample.group !== '') return undefined; // groups may answer otherwise than each other
      if (sample.value === null || !isFresh(sample, context)) continue;
      if (sample.same >= constant) answer ??= 'no_data';
      else if (sample.sinceMs === null) answer = 'ok';
      else return undefined;
    }
    return answer;
  },

  dueMs: (_condition, state, context) =>
    staleDueMs(
      (state?.series ?? []).filter(({ value }) => value !== null),
      context,
    ),

  urgent: (condition, observation) =>
    matches(condition.of, observation) &&
    valuesOf(condition, observation).some(([, value]) => breaches(condition, value)),

  columns: ({ of, field }) => [...testedColumns([of]), columnOf(field), ...(isHealth(of) ? ['session_phase'] : [])],
};

const columnOf = (field: string): string => (field.endsWith('.*') ? field.slice(0, -2) : field);

const isHealth = ({ stream }: Selector): boolean => stream === 'health' || stream.includes('health');

const isStop = (of: Selector, observation: Observation): boolean =>
  observation.stream === 'health' && observation.fields.session_phase === 'stop' && isOfStream(of, observation);

/** What is known of the field: one value, or one of each entry of a map. */
function valuesOf({ field }: ThresholdCondition, { fields }: Observation): [string, number | string | boolean][] {
  const value = fields[columnOf(field)];
  if (!field.endsWith('.*')) return isPlain(value) ? [['', value]] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value)
    .slice(0, MOST_GROUPS)
    .flatMap(([name, each]) => (isPlain(each) ? [[name.slice(0, 100), each] as [string, typeof each]] : []));
}

const isPlain = (value: unknown): value is number | string | boolean =>
  isKnown(value) && (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean');

/** Whether a value is beyond the bound, or one of those that are looked for. */
function breaches(condition: ThresholdCondition, value: number | string | boolean): boolean {
  const { equals } = condition;
  if (equals !== undefined) return passes(equals, value);
  return typeof value === 'number' && boundOf(condition) !== null && isBeyond(condition, value);
}

interface News {
  readonly observation: Observation;
  readonly group: string;
  readonly value: number | string | boolean;
  readonly context: ConditionContext;
}

const ofSession = (series: readonly Sample[], { sessionId }: Observation): Sample[] =>
  series.filter(({ session }) => session === sessionId);

function withSample(
  condition: ThresholdCondition,
  series: readonly Sample[],
  { observation, group, value, context }: News,
): readonly Sample[] {
  const known = series.find((sample) => sample.session === observation.sessionId && sample.group === group);
  if (known !== undefined && !isNewer(observation, known)) return series;
  const breached = breaches(condition, value);
  // A run of samples is unbroken where each was still fresh when the next one came: nobody knows what was between two far ones.
  const unbroken = known !== undefined && isFresh(known, { ...context, nowMs: observation.tsMs });
  const made: Sample = {
    session: observation.sessionId,
    group,
    ...pacedBy(observation, known),
    value: typeof value === 'string' ? value.slice(0, 200) : value,
    sinceMs: breached ? ((unbroken ? known.sinceMs : null) ?? observation.tsMs) : null,
    same: known?.value === value ? known.same + 1 : 1,
    evidence: evidenceOf(observation),
  };
  return withNewest(series, known, made, MOST_SAMPLES);
}

function withEnd(series: readonly Sample[], observation: Observation, group: string): readonly Sample[] {
  const known = series.find((sample) => sample.session === observation.sessionId && sample.group === group);
  if (known === undefined || compareMoments(momentOf(observation), known) < 0 || known.value === null) return series;
  return withNewest(series, known, { ...known, ...momentOf(observation), value: null, sinceMs: null }, MOST_SAMPLES);
}

function readGroup(condition: ThresholdCondition, series: readonly Sample[], context: ConditionContext): Reading {
  const { field } = condition;
  const group = series[0]?.group ?? '';
  const limit = limitOf(condition);
  const living = series.filter(({ value }) => value !== null);
  const fresh = living.filter((sample) => isFresh(sample, context));
  if (fresh.length === 0) return stale(field, living, { group, limit, context });
  const telling = fresh.filter(({ same }) => condition.constant === undefined || same < condition.constant);
  if (telling.length === 0)
    return noData({
      group,
      value: shown(worstOf(condition, fresh)?.value),
      limit,
      reason: `${field} was the same in ${condition.constant} samples: a constant of the bot's`,
    });
  const worst = worstOf(condition, telling);
  const about = { group, value: shown(worst?.value), limit, evidence: worst === undefined ? [] : [worst.evidence] };
  const beyond = telling.flatMap(({ sinceMs }) => (sinceMs === null ? [] : [sinceMs]));
  const what = `${field}${group === '' ? '' : ` of ${group}`} is ${about.value}`;
  return beyond.length === 0
    ? fine({ ...about, reason: what })
    : firing({ ...about, sinceMs: Math.min(...beyond), reason: what });
}

/** The one farthest beyond the bound; the newest where they cannot be compared. */
function worstOf(condition: ThresholdCondition, series: readonly Sample[]): Sample | undefined {
  const falling = condition.below !== undefined || condition.atMost !== undefined;
  return [...series].sort((a, b) => {
    if ((a.sinceMs === null) !== (b.sinceMs === null)) return a.sinceMs === null ? 1 : -1;
    if (typeof a.value === 'number' && typeof b.value === 'number' && a.value !== b.value)
      return falling ? a.value - b.value : b.value - a.value;
    return compareMoments(b, a);
  })[0];
}

function limitOf(condition: ThresholdCondition): Reading['limit'] {
  const { equals } = condition;
  if (equals !== undefined)
    return Array.isArray(equals) ? equals.join(', ') : shown(equals as string | number | boolean);
  return boundOf(condition);
}

const shown = (value: number | string | boolean | null | undefined): Reading['value'] =>
  typeof value === 'boolean' ? `${value}` : typeof value === 'number' ? figure(value) : (value ?? null);

const nothingOf = ({ of, field }: ThresholdCondition, state: ThresholdState | undefined): string =>
  state?.nulls !== true
    ? `no event of ${named([of])} that ${field} could be read of`
    : `${field} is null in every sample`;
