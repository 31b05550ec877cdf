import { type MetricDefinition, prometheusName } from '../metrics/names.ts';
import type { DrawnSeries } from './published.ts';

/** Chosen strategies, as Grafana puts them into a query; `.*` for all. */
const CHOSEN = '{strategy_id=~"$strategy"}';

/** Time over which counters and histograms are looked at. */
export type Range = '$__rate_interval' | '$__range' | '1h' | '1d';

const QUANTILES = { p50: 0.5, p95: 0.95, p99: 0.99 } as const;
const AGGREGATES = { maximum: 'max', minimum: 'min', average: 'avg' } as const;

/** PromQL of one series: one line per strategy, and per source where it is told apart. */
export function promqlOf({ definition, perDefinition, statistic, by }: DrawnSeries, range: Range): string {
  const labels = ['strategy_id', ...(by === undefined ? [] : [by])];
  if (statistic === 'distribution') return sumOf(definition, 'increase', '_bucket', range, ['le']);
  if (statistic === 'p50' || statistic === 'p95' || statistic === 'p99')
    return `histogram_quantile(${QUANTILES[statistic]}, ${sumOf(definition, 'rate', '_bucket', range, [...labels, 'le'])})`;
  if (statistic === 'sum') {
    const part = sumOf(definition, 'increase', '', range, labels);
    if (perDefinition === undefined) return part;
    const whole = sumOf(perDefinition, 'increase', '', range, labels);
    return `(${part} or 0 * ${whole}) / ${whole}`; // a counter that never counted has no series: that is nothing of the whole
  }
  if (definition.kind === 'histogram') {
    const part = (suffix: string): string => sumOf(definition, 'rate', suffix, range, labels);
    return `${part('_sum')} / ${part('_count')}`;
  }
  return `${AGGREGATES[statistic]} by (${labels.join(', ')}) (${prometheusName(definition)}${CHOSEN})`;
}

const sumOf = (
  definition: MetricDefinition,
  change: 'increase' | 'rate',
  suffix: string,
  range: Range,
  labels: readonly string[],
): string => `sum by (${labels.join(', ')}) (${change}(${prometheusName(definition)}${suffix}${CHOSEN}[${range}]))`;
