import { fingerprintOf } from '../fingerprint.ts';
import type { ConditionContext, ConditionKind, CountCondition, Evidence, Observation, Reading } from '../types.ts';
import { newestEvidence, withEvidence } from './evidence.ts';
import { calm, durationText, fine, firing, isHeard, noData } from './readings.ts';
import { isOfStream, matches, named, testedColumns } from './select.ts';
import { isNewer, type Moment, momentOf, withNewest } from './series.ts';
import { type Entry, inside, KEY_CHARS, keyOf, withEntry } from './window.ts';

// More than so many different events, or increases of a counter, in a sliding window.

/** Groups, such as fingerprints, that are counted apart; the ones heard of last. */
const MOST_GROUPS = 32;
/** Events one group keeps: far more than any rule asks for, where many groups exist. */
const MOST_PER_GROUP = 256;
/** Increases of one counter that are kept; each is a sum over a sample's distance. */
const MOST_INCREASES = 256;

interface Group {
  readonly name: string;
  readonly entries: readonly Entry[];
  readonly evidence: readonly Evidence[];
}

/** A counter of one run: what it stands at, and by how much it rose when. */
interface Counter extends Moment {
  readonly name: string;
  readonly value: number;
  readonly rises: readonly (readonly [tsMs: number, by: number])[];
}

export interface CountState {
  readonly groups: readonly Group[];
  readonly counters: readonly Counter[];
  readonly evidence: readonly Evidence[];
  /** Newest event of the streams that are counted, whether it counts or not. */
  readonly newestMs: number;
}

const NOTHING: CountState = { groups: [], counters: [], evidence: [], newestMs: Number.MIN_SAFE_INTEGER };

export const count: ConditionKind<CountCondition, CountState> = {
  selects: ({ of, counters = [] }, observation) =>
    of.some((selector) => isOfStream(selector, observation)) ||
    counters.some((counter) => isOfStream(counter.of, observation)),

  apply(condition, state = NOTHING, observation, context) {
    const counted = condition.of.some((selector) => matches(selector, observation));
    const groups = counted ? withEvent(condition, state.groups, observation, context) : state.groups;
    const { counters, rose } = withCounters(condition, state.counters, observation, context);
    const evidence = rose ? withEvidence(state.evidence, observation) : state.evidence;
    const newestMs = Math.max(state.newestMs, observation.tsMs);
    return groups === state.groups && counters === state.counters && newestMs === state.newestMs
      ? state
      : { groups, counters, evidence, newestMs };
  },

  read(condition, state, context) {
    const limit = condition.above;
    if (state === undefined)
      return isAlways(condition)
        ? [fine({ value: 0, limit, reason: `no ${named(condition.of)} event` })]
        : [noData({ limit, reason: `no event of ${named(condition.of)} yet` })];
    const sinceMs = context.nowMs - condition.window;
    const rises = risesIn(state, sinceMs);
    const groups = condition.by === undefined || state.groups.length === 0 ? [whole(state)] : state.groups;
    return groups.map((group) => readGroup(condition, group, { state, rises, context }));
  },

  glance: ({ above }, { groups, counters, newestMs }, context) =>
    above >= 0 && groups.length === 0 && counters.every(({ rises }) => rises.length === 0) && isHeard(context, newestMs)
      ? 'ok'
      : undefined,

  dueMs(condition, state, context) {
    const sinceMs = context.nowMs - condition.window;
    const leaving = (state?.groups ?? []).flatMap(({ entries }) => inside(entries, sinceMs).slice(0, 1));
    const falling = (state?.counters ?? []).flatMap(({ rises }) =>
      rises.filter(([tsMs]) => tsMs > sinceMs).slice(0, 1),
    );
    const due = [...leaving, ...falling].map(([tsMs]) => tsMs + condition.window);
    return due.length === 0 ? undefined : Math.min(...due);
  },

  urgent: ({ of, counters = [] }, observation) =>
    of.some((selector) => matches(selector, observation)) ||
    // Whether it rose only the state knows; one that stands at nothing did not.
    counters.some((counter) => matches(counter.of, observation) && Number(observation.fields[counter.field]) > 0),

  columns: ({ of, counters = [], distinct = [], by }) => [
    ...testedColumns([...of, ...counters.map((counter) => counter.of)]),
    ...counters.map(({ field }) => field),
    ...distinct,
    ...(by === 'fingerprint' ? FINGERPRINT : by === undefined ? [] : [by]),
  ],
};

const FINGERPRINT = ['message', 'error_type', 'code', 'component', 'stacktrace'];

/** Whether streams are counted that are silent where all is well, such as errors. */
const isAlways = ({ of, counters = [] }: CountCondition): boolean =>
  counters.length === 0 && of.every(({ where }) => where === undefined);

function withEvent(
  condition: CountCondition,
  groups: readonly Group[],
  observation: Observation,
  context: ConditionContext,
): readonly Group[] {
  const name = groupOf(condition, observation, context);
  const known = groups.find((group) => group.name === name) ?? { name, entries: [], evidence: [] };
  const entries = withEntry<Entry>(known.entries, [observation.tsMs, distinctKey(condition, observation, context)], {
    sinceMs: context.nowMs - condition.window,
    named: condition.distinct !== undefined,
    ...(condition.by === undefined ? undefined : { most: MOST_PER_GROUP }),
  });
  if (entries === known.entries) return groups;
  const made: Group = { name, entries, evidence: withEvidence(known.evidence, observation) };
  return withGroup(groups, known, made);
}

interface Named {
  readonly name: string;
  readonly entries: readonly (readonly [tsMs: number, ...rest: unknown[]])[];
}

/** Groups with one in a new state, the one heard of last at the end. */
export const withGroup = <G extends Named>(groups: readonly G[], known: G, made: G): readonly G[] =>
  [...groups.filter((group) => group !== known), made].sort(byNewest).slice(-MOST_GROUPS);

const byNewest = (a: Named, b: Named): number =>
  (a.entries.at(-1)?.[0] ?? 0) - (b.entries.at(-1)?.[0] ?? 0) || (a.name < b.name ? -1 : 1);

/** Name of the group that an event belongs to. */
export function groupOf({ by }: { readonly by?: string }, { fields }: Observation, { hash }: ConditionContext): string {
  if (by === undefined) return '';
  if (by === 'fingerprint') return hash(fingerprintOf(fields)).slice(0, KEY_CHARS);
  const value = fields[by];
  return typeof value === 'string' ? value.slice(0, 100) : typeof value === 'number' ? `${value}` : '';
}

/** What makes two events one: the first known of the fields, within a run; else the event itself. */
export function distinctKey(
  { distinct = [] }: { readonly distinct?: readonly string[] },
  observation: Observation,
  context: ConditionContext,
): string {
  for (const field of distinct) {
    const value = observation.fields[field];
    if (typeof value === 'string' && value !== '')
      return context.hash(`${observation.sessionId ?? ''}\n\n${value}`).slice(0, KEY_CHARS);
  }
  return keyOf(observation, context);
}

function withCounters(
  { counters: wanted = [], window }: CountCondition,
  counters: readonly Counter[],
  observation: Observation,
  { nowMs }: ConditionContext,
): { readonly counters: readonly Counter[]; readonly rose: boolean } {
  let [made, rose] = [counters, false];
  for (const { of, field } of wanted) {
    const value = observation.fields[field];
    if (!matches(of, observation) || typeof value !== 'number' || !Number.isFinite(value)) continue;
    const name = `${observation.stream}.${field}\n${observation.sessionId ?? ''}`;
    const known = made.find((counter) => counter.name === name);
    if (known !== undefined && !isNewer(observation, known)) continue;
    const by = known === undefined ? 0 : increaseOf(known.value, value);
    const kept = (known?.rises ?? []).filter(([tsMs]) => tsMs > nowMs - window);
    const rises = by > 0 ? [...kept, [observation.tsMs, by] as const].slice(-MOST_INCREASES) : kept;
    rose ||= by > 0;
    made = withNewest(made, known, { name, ...momentOf(observation), value, rises });
  }
  return { counters: made, rose };
}

/** Increase of a cumulative counter between two samples; a fall is a restart, from 0. The first sample is where it stood. */
export const increaseOf = (before: number, after: number): number =>
  after >= before ? after - before : Math.max(0, after);

const risesIn = ({ counters }: CountState, sinceMs: number): (readonly [number, number])[] =>
  counters.flatMap(({ rises }) => rises.filter(([tsMs]) => tsMs > sinceMs));

const whole = ({ groups }: CountState): Group => ({
  name: '',
  entries: groups.flatMap(({ entries }) => entries),
  evidence: newestEvidence(groups.map(({ evidence }) => evidence)),
});

function readGroup(
  condition: CountCondition,
  { name: group, entries, evidence: own }: Group,
  {
    state,
    rises,
    context,
  }: { state: CountState; rises: readonly (readonly [number, number])[]; context: ConditionContext },
): Reading {
  const { above: limit, window } = condition;
  const events = inside(entries, context.nowMs - window);
  const risen = rises.reduce((sum, [, by]) => sum + by, 0);
  const byCounter = group === '' && risen > events.length;
  const value = byCounter ? risen : events.length;
  const evidence = byCounter ? newestEvidence([own, state.evidence]) : own;
  const about = { group, value, limit, evidence, reason: `${value} in ${durationText(window)}` };
  if (value > limit) {
    // It holds since the event that made it one too many.
    const sinceMs = byCounter ? passedAt(rises, limit) : events[Math.floor(limit)]?.[0];
    return firing({ ...about, sinceMs: sinceMs ?? state.newestMs });
  }
  // A window empties by itself once nothing comes: that is no recovery.
  return isAlways(condition) && value === 0 && entries.length === 0 && !context.ended
    ? fine(about)
    : calm(about, state.newestMs, context);
}

function passedAt(rises: readonly (readonly [number, number])[], limit: number): number | undefined {
  let sum = 0;
  for (const [tsMs, by] of [...rises].sort(([a], [b]) => a - b)) {
    sum += by;
    if (sum > limit) return tsMs;
  }
  return undefined;
}
