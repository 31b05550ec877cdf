import type { Verdict } from '../transform/types.ts';
import { factsOf, SERVICE } from './facts.ts';
import type { Labels } from './labels.ts';
import { minuteOf, newMemory, type Sample, type SampleMemory, type SampleSettings, samplesOf } from './samples.ts';

/** Figures of one minute with the same dimensions: what one flush publishes. */
export interface SampleGroup {
  /** Names and values of the dimensions. */
  readonly dimensions: Readonly<Record<string, string>>;
  readonly minuteMs: number;
  /** Increases of counters and values of gauges, by the metric's name. */
  readonly figures: ReadonlyMap<string, number>;
  /** Values of histograms, by the metric's name. */
  readonly values: ReadonlyMap<string, readonly number[]>;
}

interface OpenGroup extends SampleGroup {
  readonly figures: Map<string, number>;
  readonly values: Map<string, number[]>;
}

const STACK: Labels = { key: SERVICE, values: { service: SERVICE } };
const MOST_VALUES = 50_000;
const MOST_GROUPS = 5_000;

/** Collects samples per dimensions and minute, for CloudWatch: figures of the stack are put together, extra ones left out. */
export class Aggregate {
  readonly #extra: boolean;
  #groups = new Map<string, OpenGroup>();
  #values = 0;
  /** Samples that found no room since the start. */
  dropped = 0;

  /** @param extra whether metrics that are optional are published */
  constructor({ extra = false }: { readonly extra?: boolean } = {}) {
    this.#extra = extra;
  }

  add({ name, labels, value, minuteMs }: Sample): void {
    const { kind, scope, optional } = factsOf(name);
    if (!Number.isFinite(value) || (optional && !this.#extra)) return;
    const group = this.#group(scope === 'stack' ? STACK : labels, minuteMs);
    if (group === undefined || (kind === 'histogram' && this.#values >= MOST_VALUES)) {
      this.dropped++;
    } else if (kind === 'histogram') {
      this.#values++;
      const values = group.values.get(name);
      if (values === undefined) group.values.set(name, [value]);
      else values.push(value);
    } else if (kind === 'gauge') group.figures.set(name, value);
    else group.figures.set(name, (group.figures.get(name) ?? 0) + value);
  }

  /** What was collected; nothing is left. */
  drain(): SampleGroup[] {
    const groups = [...this.#groups.values()];
    this.#groups = new Map();
    this.#values = 0;
    return groups;
  }

  #group({ key, values }: Labels, minuteMs: number): OpenGroup | undefined {
    const at = `${minuteMs}${key}`;
    const known = this.#groups.get(at);
    if (known !== undefined || this.#groups.size >= MOST_GROUPS) return known;
    const group: OpenGroup = { dimensions: values, minuteMs, figures: new Map(), values: new Map() };
    this.#groups.set(at, group);
    return group;
  }
}

/** What a transform measures with: one for the life of its process. */
export interface Meter {
  observe(verdict: Verdict): void;
  /** Adds to a counter of the stack, such as `alert_fastpath_failed`. */
  count(name: string, by: number, nowMs: number): void;
  /** What was measured since the last time, one group for each set of dimensions and minute. */
  drain(): SampleGroup[];
}

export function createMeter(
  settings: SampleSettings & { readonly extra?: boolean },
  memory: SampleMemory = newMemory(settings),
): Meter {
  const aggregate = new Aggregate(settings);
  return {
    observe(verdict) {
      for (const sample of samplesOf(verdict, settings, memory)) aggregate.add(sample);
    },
    count: (name, by, nowMs) => aggregate.add({ name, labels: STACK, value: by, minuteMs: minuteOf(nowMs) }),
    drain: () => aggregate.drain(),
  };
}

/** Gauges and increases of the minute's tick, as groups. */
export function groupsOf(
  samples: Iterable<Sample>,
  { extra = false }: { readonly extra?: boolean } = {},
): SampleGroup[] {
  const aggregate = new Aggregate({ extra });
  for (const sample of samples) aggregate.add(sample);
  return aggregate.drain();
}
