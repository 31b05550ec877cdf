import type { Sum, SumOrNull } from './book-types.ts';

// Sums that do not drift over millions of fills: the part that each addition rounds off is summed beside them
// (Neumaier 1974, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen").

export const emptySum = (): Sum => [0, 0];

export const sumFrom = (first: number): Sum => [first, 0];

/** Adds in place. @returns the same sum */
export function addTo(sum: Sum, value: number): Sum {
  const before = sum[0];
  const after = before + value;
  sum[1] += Math.abs(before) >= Math.abs(value) ? before - after + value : value - after + before;
  sum[0] = after;
  return sum;
}

export const totalOf = (sum: Sum): number => sum[0] + sum[1];

/** The same where a part may not be known: then nothing is known of the sum, and never again. */
export const addOrNull = (sum: SumOrNull, value: number | null): SumOrNull =>
  sum === null || value === null ? null : addTo(sum, value);

export const totalOrNull = (sum: SumOrNull): number | null => (sum === null ? null : totalOf(sum));

/** A sum as JSON holds it: what is not finite is null there. */
export type SavedSum = readonly [number | null, number | null];

export const openSum = ([sum, rest]: SavedSum): Sum => [sum ?? Number.NaN, rest ?? Number.NaN];
