import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS, type MetricDefinition, prometheusName } from '../../core/metrics/names.ts';

/** The instruments of Prometheus for the metrics that a desk has. */
export interface Instruments {
  readonly registry: Registry;
  readonly counters: ReadonlyMap<string, Counter>;
  readonly gauges: ReadonlyMap<string, Gauge>;
  readonly histograms: ReadonlyMap<string, Histogram>;
}

/** What only AWS has: the desk's alerts need no queue. */
const ELSEWHERE: ReadonlySet<string> = new Set(['alert_fastpath_failed']);

/** @param dimensions labels beside those that a metric has of itself */
export function createInstruments(dimensions: readonly string[]): Instruments {
  const registry = new Registry();
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, Histogram>();
  for (const definition of METRICS.filter(({ name }) => !ELSEWHERE.has(name))) {
    const { name, kind, buckets = [] } = definition;
    const options = {
      name: prometheusName(definition),
      help: helpOf(definition),
      labelNames: [...definition.dimensions, ...dimensions],
      registers: [registry],
    };
    if (kind === 'counter') counters.set(name, new Counter(options));
    else if (kind === 'gauge') gauges.set(name, new Gauge(options));
    else histograms.set(name, new Histogram({ ...options, buckets: [...buckets] }));
  }
  return { registry, counters, gauges, histograms };
}

const helpOf = ({ help, unit }: MetricDefinition): string => (unit === 'count' ? help : `${help} Unit: ${unit}.`);
