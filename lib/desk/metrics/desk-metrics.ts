import { type Counter, collectDefaultMetrics, Gauge } from 'prom-client';
import { type TickedState, tickSamples, totalsOf } from '../../core/metrics/gauges.ts';
import type { Labels } from '../../core/metrics/labels.ts';
import { metricNamed } from '../../core/metrics/names.ts';
import { Recent } from '../../core/metrics/recent.ts';
import {
  DEFAULT_SAMPLE_SETTINGS,
  type Sample,
  type SampleMemory,
  type SampleSettings,
  samplesOf,
} from '../../core/metrics/samples.ts';
import type { Clock, Log } from '../../core/ports/index.ts';
import type { Verdict } from '../../core/transform/types.ts';
import { KnownLabels } from './known-labels.ts';
import { createInstruments, type Instruments } from './registry.ts';
import { Sequences } from './sequences.ts';

/** How the desk itself is. */
export interface DeskFacts {
  /** Bytes taken in and not yet transformed. */
  readonly backlogBytes: number;
  /** Bytes of the write-ahead log on disk. */
  readonly walBytes: number;
  /** Whether nothing is taken in at present. */
  readonly refusing: boolean;
  /** Objects written to the lake since the start. */
  readonly objects: number;
}

export interface DeskMetricsOptions extends Partial<Omit<SampleSettings, 'strategies'>> {
  readonly clock: Clock;
  readonly log: Log;
  /** Asked at each scrape. @default - the desk says nothing of itself */
  readonly facts?: () => DeskFacts;
}

/** What Prometheus is answered, and of which type. */
export interface Exposition {
  readonly type: string;
  readonly body: string;
}

/** Gauges of an older tick are no longer served: the desk's clock has stopped, and nobody knows how the bots are. */
const FRESH_MS = 60_000;
const GAPS = 'pipeline.events.sequence_gaps';
/** Prometheus pays no money for each strategy. */
const MOST_STRATEGIES = 500;

/** The metrics of a desk, as a Prometheus server reads them. Everything that `METRICS` names, of all strategies. */
export class DeskMetrics {
  readonly #options: DeskMetricsOptions;
  readonly #settings: SampleSettings;
  readonly #memory: SampleMemory;
  readonly #instruments: Instruments;
  readonly #texts = new WeakMap<Labels, Record<string, string>>();
  /** What counters rose by since they were last read: the library looks at the texts of the labels at each call. */
  readonly #rises = new Map<Counter, Map<Labels, number>>();
  /** Totals of the states that the counters hold already, by series. */
  readonly #totals = new Map<string, number>();
  readonly #sequences = new Sequences();
  #ticked: { readonly samples: readonly Sample[]; readonly atMs: number } | undefined;
  #failed = false;

  constructor(options: DeskMetricsOptions) {
    this.#options = options;
    this.#settings = { ...DEFAULT_SAMPLE_SETTINGS, ...options, strategies: null };
    const { dimensions } = this.#settings;
    this.#memory = { labels: new KnownLabels({ dimensions, mostStrategies: MOST_STRATEGIES }), recent: new Recent() };
    this.#instruments = createInstruments(dimensions);
    collectDefaultMetrics({ register: this.#instruments.registry });
    if (options.facts !== undefined) this.#addFacts(options.facts);
  }

  /** A verdict was given. Never throws. */
  onVerdict(verdict: Verdict): void {
    try {
      this.#sequences.note(verdict, this.#memory.labels);
      for (const { name, labels, value } of samplesOf(verdict, this.#settings, this.#memory)) {
        const counter = this.#instruments.counters.get(name);
        if (counter === undefined) this.#instruments.histograms.get(name)?.observe(this.#textsOf(labels), value);
        else this.#rise(counter, labels, value);
      }
    } catch (error) {
      if (!this.#failed) this.#options.log.error('an event could not be measured; it is stored', { error });
      this.#failed = true; // said once: the next thousand would say the same
    }
  }

  /** The states of all strategies after a tick. */
  gauges(states: Iterable<TickedState>, nowMs: number): void {
    const all = [...states];
    const samples = tickSamples(all, nowMs, this.#settings, this.#memory.labels);
    // The states know the numbers of events that came by way of the lake only; here every verdict is seen.
    const gauges = samples.filter(({ name }) => this.#instruments.gauges.has(name) && name !== GAPS);
    this.#ticked = { atMs: nowMs, samples: [...gauges, ...this.#sequences.samples(nowMs)] };
    for (const state of all) this.#addTotals(state);
  }

  /** The page of a scrape. */
  async exposition(): Promise<Exposition> {
    const { registry, gauges } = this.#instruments;
    this.#count();
    // What is not set anew is gone: no gauge of a silent strategy, or of a tick long past, is served as fresh.
    for (const gauge of gauges.values()) gauge.reset();
    const ticked = this.#ticked;
    if (ticked !== undefined && Math.abs(this.#options.clock.nowMs() - ticked.atMs) <= FRESH_MS)
      for (const { name, labels, value } of ticked.samples) gauges.get(name)?.set(this.#textsOf(labels), value);
    return { type: registry.contentType, body: await registry.metrics() };
  }

  #rise(counter: Counter, labels: Labels, value: number): void {
    let rises = this.#rises.get(counter);
    if (rises === undefined) {
      rises = new Map();
      this.#rises.set(counter, rises);
    }
    rises.set(labels, (rises.get(labels) ?? 0) + value);
  }

  #count(): void {
    for (const [counter, rises] of this.#rises) {
      for (const [labels, value] of rises) counter.inc(this.#textsOf(labels), value);
      rises.clear();
    }
  }

  /** Counters out of the states lie on disk: they go on where an earlier desk ended. */
  #addTotals({ key: { mode, strategyId }, vitals }: TickedState): void {
    const { dimensions, silentModes } = this.#settings;
    if (strategyId === '*' || (mode !== null && silentModes.includes(mode))) return;
    for (const [[name, source], total] of totalsOf(vitals)) {
      const series = JSON.stringify([mode, strategyId, name, source ?? null]);
      const known = this.#totals.get(series) ?? 0;
      if (total === known) continue;
      this.#totals.set(series, total);
      const labels = this.#memory.labels.of(
        { strategy_id: strategyId, ...(dimensions.includes('mode') ? { mode } : {}) },
        source,
      );
      // A state that began anew counts from nothing.
      this.#instruments.counters
        .get(metricNamed(name).name)
        ?.inc(this.#textsOf(labels), total > known ? total - known : total);
    }
  }

  #textsOf(labels: Labels): Record<string, string> {
    const known = this.#texts.get(labels);
    if (known !== undefined) return known;
    const texts = Object.fromEntries(Object.entries(labels.values).map(([name, text]) => [name, printable(text)]));
    this.#texts.set(labels, texts);
    return texts;
  }

  #addFacts(facts: () => DeskFacts): void {
    const registers = [this.#instruments.registry];
    const add = (name: string, help: string, value: (facts: DeskFacts) => number): void => {
      new Gauge({
        name: `nightdesk_${name}`,
        help,
        registers,
        collect() {
          this.set(value(facts()));
        },
      });
    };
    add('backlog_bytes', 'Bytes taken in and not yet transformed.', ({ backlogBytes }) => backlogBytes);
    add('wal_bytes', 'Bytes of the write-ahead log on disk.', ({ walBytes }) => walBytes);
    add(
      'refusing',
      '1 while nothing is taken in: the disk is nearly full, or the lake cannot be written.',
      ({ refusing }) => (refusing ? 1 : 0),
    );
    add('lake_objects', 'Objects written to the lake since the start.', ({ objects }) => objects);
  }
}

/**
 * What the text format can carry: a name with a NUL would end the page for Prometheus, and half of a pair of UTF-16 has no
 * UTF-8. The format itself escapes backslashes, quotes and line ends.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are the ones that are looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f]|\p{Surrogate}/gu;
const printable = (text: string): string =>
  text.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
