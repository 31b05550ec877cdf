import type { MetricSettings } from '../config/metrics.ts';

// Names of strategies are anybody's text, and on AWS each costs money: they are bounded before anything is counted.

/** Values of the labels of one series. Shared between samples: never changed. */
export interface Labels {
  /** The values as one text; equal for equal values. */
  readonly key: string;
  readonly values: Readonly<Record<string, string>>;
}

/** Stands for a value that is not known. */
export const NO_VALUE = '(none)';
/** Stands for what is beyond the bounds. */
export const OTHERS = '(others)';

const LONGEST = 200; // CloudWatch takes 1,024 characters; nobody reads that many
const MOST_STRATEGIES = 100;
const MOST_SERIES = 2_000;

/** Text of a label: never empty, never long, and never one of the two that mean something else. */
export function labelText(value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '') return NO_VALUE;
  return value.length > LONGEST || value === NO_VALUE || value === OTHERS ? OTHERS : value;
}

/** Knows the labels that are in use, and makes no more than so many: what comes beyond counts under `(others)`. */
export class LabelBook {
  readonly #columns: readonly string[];
  readonly #strategies = new Set<string>();
  readonly #series = new Map<string, Labels>();
  readonly #mostStrategies: number;

  /** @param settings.mostStrategies different strategies that are told apart, at most. @default - 100 */
  constructor({
    dimensions = [],
    mostStrategies = MOST_STRATEGIES,
  }: Partial<Pick<MetricSettings, 'dimensions'>> & { readonly mostStrategies?: number } = {}) {
    this.#columns = dimensions;
    this.#mostStrategies = mostStrategies;
  }

  /** Labels of what an event says, with the source of a signal where the metric has that label. */
  of(event: Readonly<Record<string, unknown>>, source?: string): Labels {
    const strategy = this.#admitted(labelText(event.strategy_id));
    if (this.#columns.length === 0) return this.#labels(strategy, [], source);
    const values = this.#columns.map((column) => labelText(event[column]));
    return this.#labels(strategy, values, source);
  }

  #admitted(strategy: string): string {
    if (this.#strategies.has(strategy)) return strategy;
    if (this.#strategies.size >= this.#mostStrategies) return OTHERS;
    this.#strategies.add(strategy);
    return strategy;
  }

  #labels(strategy: string, values: readonly string[], source: string | undefined): Labels {
    const key = JSON.stringify([strategy, source ?? null, ...values]);
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const full = this.#series.size >= MOST_SERIES && values.some((value) => value !== OTHERS);
    if (full)
      return this.#labels(
        strategy,
        values.map(() => OTHERS),
        source,
      );
    const labels: Labels = {
      key,
      values: {
        strategy_id: strategy,
        ...(source === undefined ? {} : { source }),
        ...Object.fromEntries(this.#columns.map((column, index) => [column, values[index] ?? OTHERS])),
      },
    };
    this.#series.set(key, labels);
    return labels;
  }
}
