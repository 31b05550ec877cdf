import type { Observation } from '../types.ts';

// Series of samples of one run each: only the newest sample of each counts, whatever order they come in.

/** Runs that one condition tells apart, at most; real strategies had up to 19 alive at once. */
export const MOST_SERIES = 32;

/** When, and which of two events of one millisecond: the order in which samples of a series count. */
export interface Moment {
  readonly tsMs: number;
  readonly id: string;
}

export const momentOf = ({ tsMs, eventId }: Observation): Moment => ({ tsMs, id: eventId.slice(0, 128) });

export const compareMoments = (a: Moment, b: Moment): number =>
  a.tsMs - b.tsMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** Whether an event is newer than the newest of its series: any other is no news, nor is a copy. */
export const isNewer = (observation: Observation, newest: Moment): boolean =>
  compareMoments(momentOf(observation), newest) > 0;

/** A series that remembers its pace: the last two distances between its samples, ms. */
export interface Paced extends Moment {
  readonly gaps: readonly number[];
}

/** Samples of one moment, such as two logs of one bar, have no distance. */
const LEAST_GAP_MS = 1000;

/** Moment and pace of a series with a new newest event. */
export function pacedBy(observation: Observation, known: Paced | undefined): Paced {
  const { tsMs, eventId } = observation;
  const gap = known === undefined ? 0 : tsMs - known.tsMs;
  const before = known?.gaps ?? [];
  return { tsMs, id: eventId.slice(0, 128), gaps: gap < LEAST_GAP_MS ? before : [...before.slice(-1), gap] };
}

/** Series with a newer sample for one that is known, or a new one: those whose newest samples are the newest, oldest first. */
export function withNewest<S extends Moment>(
  series: readonly S[],
  known: S | undefined,
  made: S,
  most = MOST_SERIES,
): readonly S[] {
  if (known !== undefined && known === series.at(-1)) return [...series.slice(0, -1), made];
  return [...series.filter((each) => each !== known), made].sort(compareMoments).slice(-most);
}
