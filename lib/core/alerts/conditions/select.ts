import type { Observation, Reading, Selector, Test } from '../types.ts';
import { noData } from './readings.ts';

// Which events a condition means. Everything is data: no expression is ever evaluated.

export type Where = Readonly<Record<string, Test>>;

/** Whether an event is of a stream of the selector; its tests are not looked at. */
export const isOfStream = ({ stream }: Selector, observation: Observation): boolean =>
  typeof stream === 'string' ? stream === observation.stream : stream.includes(observation.stream);

/** Whether an event is of a selector's stream and passes all its tests. */
export const matches = (selector: Selector, observation: Observation): boolean =>
  isOfStream(selector, observation) && (selector.where === undefined || passesAll(selector.where, observation));

/** Whether all tests hold; a field that is null or missing passes none. */
export function passesAll(where: Where, { fields }: Observation): boolean {
  for (const name in where) {
    const test = where[name];
    if (test !== undefined && !passes(test, fields[name])) return false;
  }
  return true;
}

/** Whether every field that is tested is known. */
export function knowsAll(where: Where, { fields }: Observation): boolean {
  for (const name in where) if (!isKnown(fields[name])) return false;
  return true;
}

/** Neither null nor missing nor a number that is none. */
export const isKnown = (value: unknown): boolean =>
  value !== null && value !== undefined && (typeof value !== 'number' || Number.isFinite(value));

export function passes(test: Test, value: unknown): boolean {
  if (!isKnown(value)) return false;
  if (isList(test)) return test.some((each) => isSame(each, value));
  if (typeof test !== 'object') return isSame(test, value);
  const { above, atLeast, below, atMost, not } = test;
  if (not !== undefined && (isList(not) ? not : [not]).some((each) => isSame(each, value))) return false;
  const bounded = above !== undefined || atLeast !== undefined || below !== undefined || atMost !== undefined;
  return !bounded || (typeof value === 'number' && isBeyond({ above, atLeast, below, atMost }, value));
}

interface Bounds {
  readonly above?: number | undefined;
  readonly atLeast?: number | undefined;
  readonly below?: number | undefined;
  readonly atMost?: number | undefined;
}

/** Whether a figure lies beyond all bounds that are given. */
export const isBeyond = ({ above, atLeast, below, atMost }: Bounds, value: number): boolean =>
  (above === undefined || value > above) &&
  (atLeast === undefined || value >= atLeast) &&
  (below === undefined || value < below) &&
  (atMost === undefined || value <= atMost);

/** The bound that a figure is told against. */
export const boundOf = ({ above, atLeast, below, atMost }: Bounds): number | null =>
  above ?? atLeast ?? below ?? atMost ?? null;

/** Texts are compared without regard to case: venues write REJECTED, bots rejected. */
const isSame = (expected: string | number | boolean, value: unknown): boolean =>
  expected === value ||
  (typeof expected === 'string' && typeof value === 'string' && expected.toLowerCase() === value.toLowerCase());

const isList = <T>(value: T | readonly T[]): value is readonly T[] => Array.isArray(value);

/** Streams of selectors, each once. */
export const streamsOf = (selectors: readonly Selector[]): string[] => [
  ...new Set(selectors.flatMap(({ stream }) => stream)),
];

/** Columns that selectors test. */
export const testedColumns = (selectors: readonly Selector[]): string[] => [
  ...new Set(selectors.flatMap(({ where }) => (where === undefined ? [] : Object.keys(where)))),
];

/** Streams in words, such as `health, order`. */
export const named = (selectors: readonly Selector[]): string => streamsOf(selectors).join(', ');

/** What is said while no event had a value of a column. */
export const nothingYet = (
  field: string,
  of: readonly Selector[],
  { limit, nulls }: { readonly limit: Reading['limit']; readonly nulls: boolean | undefined },
): Reading =>
  noData({
    limit,
    reason: nulls === true ? `${field} is null in every event of ${named(of)}` : `no event of ${named(of)} yet`,
  });
