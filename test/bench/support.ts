/** What a bench may be told. */
export interface BenchOptions {
  /** A look whether it runs at all; its figures mean little. */
  readonly quick: boolean;
  /** As much as the design asks for, where that takes very long. */
  readonly full: boolean;
  /** How long load is kept up, in s. */
  readonly seconds: number;
  /** Progress, to standard error. */
  readonly say: (text: string) => void;
}

export interface Noise {
  readonly min: number;
  readonly median: number;
  readonly max: number;
  readonly repeats: number;
}

/** One line of the result. The bar is held against the ratio where there is a reference, else against the figure. */
export interface Row {
  readonly name: string;
  readonly figure: number;
  readonly unit: string;
  readonly reference?: number;
  readonly ratio?: number;
  readonly bar: { readonly atMost?: number; readonly atLeast?: number };
  readonly ok: boolean;
  /** Over the repeats, of what the bar is held against. */
  readonly noise: Noise;
}

export type Bench = (options: BenchOptions) => Promise<readonly Row[]>;

/** A row from repeated measurements; the median counts. */
export function row(
  name: string,
  unit: string,
  { figures, references }: { figures: readonly number[]; references?: readonly number[] },
  bar: Row['bar'],
): Row {
  const figure = median(figures);
  if (references === undefined) return { name, figure, unit, bar, ok: holds(bar, figure), noise: noiseOf(figures) };
  // Pair by pair: what else the machine does at that moment slows both.
  const noise = noiseOf(figures.map((value, i) => value / (references[i] ?? Number.NaN)));
  const reference = median(references);
  return { name, figure, unit, reference, ratio: noise.median, bar, ok: holds(bar, noise.median), noise };
}

const holds = (
  { atMost = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY }: Row['bar'],
  value: number,
): boolean => value <= atMost && value >= atLeast;

export const noiseOf = (values: readonly number[]): Noise => ({
  min: Math.min(...values),
  median: median(values),
  max: Math.max(...values),
  repeats: values.length,
});

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Processor time that this process spends on the work, in µs, the engine's own threads included. */
export function cpuUs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** Measures two pieces of work in turn, so that both see the same machine; which one comes first alternates. */
export function interleave(
  repeats: number,
  { subject, reference }: { subject: () => number; reference: () => number },
): { figures: number[]; references: number[] } {
  const [figures, references]: [number[], number[]] = [[], []];
  for (let i = 0; i < repeats; i++) {
    if (i % 2 === 0) references.push(reference());
    figures.push(subject());
    if (i % 2 === 1) references.push(reference());
  }
  return { figures, references };
}
