import type {
  ConditionContext,
  ConditionKind,
  Evidence,
  Observation,
  Reading,
  Selector,
  ShareCondition,
} from '../types.ts';
import { distinctKey, groupOf, withGroup } from './count.ts';
import { withEvidence } from './evidence.ts';
import { calm, durationText, ENDED, figure, fine, firing, noData } from './readings.ts';
import { boundOf, isBeyond, knowsAll, matches, named, passesAll, testedColumns, type Where } from './select.ts';
import { type Entry, inside, MOST_EVENTS, withEntry } from './window.ts';

// Which part of the events of a window passes a test. An event whose tested field is null says nothing and is not counted.

const MOST_PER_GROUP = 256;

/** Weight of the part, and of the whole. */
type Weighed = Entry<readonly [part: number, whole: number]>;

interface Group {
  readonly name: string;
  readonly entries: readonly Weighed[];
  /** Of events that move it towards its bound. */
  readonly evidence: readonly Evidence[];
}

export interface ShareState {
  readonly groups: readonly Group[];
  /** An event was seen in which a tested field was null or missing. */
  readonly nulls?: true;
}

export const share: ConditionKind<ShareCondition, ShareState> = {
  selects: ({ of }, observation) => selectorsOf(of).some((selector) => matches(selector, observation)),

  apply(condition, state = { groups: [] }, observation, context) {
    const weight = weightOf(condition, observation);
    if (weight === undefined) return state.nulls === true ? state : { ...state, nulls: true };
    const name = groupOf(condition, observation, context);
    const known = state.groups.find((group) => group.name === name) ?? { name, entries: [], evidence: [] };
    const entry: Weighed = [observation.tsMs, distinctKey(condition, observation, context), ...weight];
    const entries = withEntry<Weighed>(known.entries, entry, {
      sinceMs: sinceOf(condition, context),
      most: condition.last ?? (condition.by === undefined ? MOST_EVENTS : MOST_PER_GROUP),
      merge: together,
      named: condition.distinct !== undefined,
    });
    if (entries === known.entries) return state;
    const evidence = tells(condition, weight) ? withEvidence(known.evidence, observation) : known.evidence;
    return { ...state, groups: withGroup(state.groups, known, { name, entries, evidence }) };
  },

  read(condition, state, context) {
    if (state === undefined || state.groups.length === 0) {
      const fields = testedOf(condition).join(', ');
      const reason =
        state?.nulls === true
          ? `${fields} is null in every event of ${named(selectorsOf(condition.of))}`
          : `no event of ${named(selectorsOf(condition.of))}${having(condition)} yet`;
      return [noData({ limit: limitOf(condition), reason })];
    }
    return state.groups.map((group) => readGroup(condition, group, context));
  },

  dueMs(condition, state, context) {
    const { window } = condition;
    if (window === undefined) return undefined;
    const due = (state?.groups ?? []).flatMap(({ entries }) =>
      inside(entries, sinceOf(condition, context))
        .slice(0, 1)
        .map(([tsMs]) => tsMs + window),
    );
    return due.length === 0 ? undefined : Math.min(...due);
  },

  urgent(condition, observation) {
    if (!selectorsOf(condition.of).some((selector) => matches(selector, observation))) return false;
    const [part = 0, whole = 0] = weightOf(condition, observation) ?? [];
    return tells(condition, [part, whole]);
  },

  columns: ({ of, where, distinct = [], weights, by }) => [
    ...testedColumns(selectorsOf(of)),
    ...testedOf({ where }),
    ...distinct,
    ...(weights === undefined ? [] : [weights.part, weights.whole]),
    ...(by === undefined ? [] : [by]),
  ],
};

/** What an event must say to be counted. */
function having({ of }: ShareCondition): string {
  const fields = testedColumns(selectorsOf(of));
  return fields.length === 0 ? '' : ` that says ${fields.join(', ')}`;
}

const selectorsOf = (of: ShareCondition['of']): readonly Selector[] => (isList(of) ? of : [of]);
const isList = <T>(value: T | readonly T[]): value is readonly T[] => Array.isArray(value);

/** Whether an event moves the share towards its bound: of a share that must not be low, those that are no part. */
const tells = ({ below }: ShareCondition, [part, whole]: readonly [number, number]): boolean =>
  below === undefined ? part > 0 : part < whole;

type Part = ShareCondition['where'];
/** `stream` alone names a stream: no column has that name but the envelope's own. */
const streamOf = (where: Part): string | undefined =>
  !isList<unknown>(where) && typeof where.stream === 'string' && Object.keys(where).length === 1
    ? where.stream
    : undefined;

function testedOf({ where }: { readonly where: Part }): string[] {
  if (isList<unknown>(where)) return testedColumns(where as readonly Selector[]);
  return streamOf(where) === undefined ? Object.keys(where) : [];
}

/** What an event adds to the part and to the whole; undefined where it does not say. */
function weightOf({ where, weights }: ShareCondition, observation: Observation): [number, number] | undefined {
  if (weights !== undefined) {
    const part = observation.fields[weights.part];
    const whole = observation.fields[weights.whole];
    return isCount(part) && isCount(whole) && whole > 0 ? [Math.min(part, whole), whole] : undefined;
  }
  if (isList<unknown>(where))
    return [(where as readonly Selector[]).some((selector) => matches(selector, observation)) ? 1 : 0, 1];
  const stream = streamOf(where);
  if (stream !== undefined) return [observation.stream === stream ? 1 : 0, 1];
  const tests = where as Where;
  if (!knowsAll(tests, observation)) return undefined;
  return [passesAll(tests, observation) ? 1 : 0, 1];
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;

/** Several events of one order: it is part where any of them is. */
const together = (known: Weighed, entry: Weighed): Weighed => {
  const made: Weighed = [
    Math.max(known[0], entry[0]),
    known[1],
    Math.max(known[2], entry[2]),
    Math.max(known[3], entry[3]),
  ];
  return made.every((value, at) => value === known[at]) ? known : made;
};

const sinceOf = ({ window }: ShareCondition, { nowMs }: ConditionContext): number =>
  window === undefined ? Number.NEGATIVE_INFINITY : nowMs - window;

const percent = (fraction: number): number => figure(fraction * 100);

function limitOf(condition: ShareCondition): number | null {
  const bound = boundOf(condition);
  return bound === null ? null : percent(bound);
}

function readGroup(
  condition: ShareCondition,
  { name: group, entries, evidence }: Group,
  context: ConditionContext,
): Reading {
  const limit = limitOf(condition);
  const events = inside(entries, sinceOf(condition, context));
  const [part, whole] = sumOf(events);
  if (whole === 0 && context.ended) return fine({ group, limit, reason: ENDED });
  if (whole < condition.least || events.length === 0)
    return noData({
      group,
      limit,
      evidence,
      reason: `${whole} of the ${condition.least} needed${condition.window === undefined ? '' : ` in ${durationText(condition.window)}`}`,
    });
  const value = percent(part / whole);
  const about = { group, value, limit, evidence, reason: `${part} of ${whole} are ${value} %` };
  if (isBeyond(condition, part / whole)) return firing({ ...about, sinceMs: beyondSince(condition, events) });
  return calm(about, entries.at(-1)?.[0], context);
}

function sumOf(events: readonly Weighed[]): [number, number] {
  let [part, whole] = [0, 0];
  for (const [, , more, all] of events) {
    part += more;
    whole += all;
  }
  return [part, whole];
}

/** When the events that are there now went beyond the bound, and stayed there. */
function beyondSince(condition: ShareCondition, events: readonly Weighed[]): number {
  let [part, whole, sinceMs] = [0, 0, Number.NaN];
  for (const [tsMs, , more, all] of events) {
    part += more;
    whole += all;
    if (whole < condition.least || !isBeyond(condition, part / whole)) sinceMs = Number.NaN;
    else if (Number.isNaN(sinceMs)) sinceMs = tsMs;
  }
  return sinceMs;
}
