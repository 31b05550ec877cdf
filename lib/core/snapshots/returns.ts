// Ratios of returns (semantics 7): the sample standard deviation (n − 1), a target and a riskless rate of 0.

/** How many returns a ratio looks at, how many it needs, and how many there are in a year. */
export interface RatioWindow {
  readonly returns: number;
  readonly least: number;
  readonly perYear: number;
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Returns that are all alike deviate by nothing, whatever rounding makes of their mean. */
const alike = (values: readonly number[]): boolean => values.every((value) => value === values[0]);

/** Sharpe ratio per year: mean / sample standard deviation × √(returns per year). Null for too few returns, or no deviation. */
export function sharpeOf(returns: readonly number[], { least, perYear }: RatioWindow): number | null {
  if (returns.length < Math.max(least, 2) || alike(returns)) return null;
  const mean = meanOf(returns);
  const variance = returns.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (returns.length - 1);
  return (mean / Math.sqrt(variance)) * Math.sqrt(perYear);
}

/** Sortino ratio per year: mean / √(Σ min(r, 0)² / n) × √(returns per year). Null for too few returns, or where none is below 0. */
export function sortinoOf(returns: readonly number[], { least, perYear }: RatioWindow): number | null {
  if (returns.length < Math.max(least, 2)) return null;
  const downside = Math.sqrt(returns.reduce((sum, value) => sum + Math.min(value, 0) ** 2, 0) / returns.length);
  return downside === 0 ? null : (meanOf(returns) / downside) * Math.sqrt(perYear);
}
