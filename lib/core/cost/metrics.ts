import { METRICS, type MetricDefinition, SOURCES } from '../metrics/names.ts';
import type { Workload } from './workload.ts';

/** One of the metrics of a strategy, with the dimensions it has of itself, beside `strategy_id`, and their number of values. */
export interface MetricName {
  readonly name: string;
  readonly dimensions: Readonly<Record<string, number>>;
}

const published = (of: MetricDefinition['scope'], extra: boolean): readonly MetricDefinition[] =>
  METRICS.filter(({ scope, optional }) => scope === of && (extra || !optional));

const ofStrategy = (extra: boolean): readonly MetricName[] =>
  published('strategy', extra).map(({ name, dimensions }) => ({
    name,
    dimensions: dimensions.includes('source') ? { source: SOURCES.length } : {},
  }));

/** What is published of each strategy. Some are told apart by source, and are as many metrics as there are sources. */
export const STRATEGY_METRICS: readonly MetricName[] = ofStrategy(false);

/** The same where `metrics.extra` is set. */
const EXTRA_METRICS = ofStrategy(true);

/** How many are published once, of the whole stack: the health of the pipeline. */
export const stackMetrics = (extra: boolean): number => published('stack', extra).length;

/**
 * Metrics of one strategy: CloudWatch counts each name with each combination of dimension values.
 * @param added to every name
 * @param extra whether those are published too that only dashboards show
 */
export const metricsPerStrategy = (added: Readonly<Record<string, number>>, extra = false): number =>
  (extra ? EXTRA_METRICS : STRATEGY_METRICS).reduce(
    (sum, { dimensions }) => sum + product({ ...dimensions, ...added }),
    0,
  );

const product = (dimensions: Readonly<Record<string, number>>): number =>
  Object.values(dimensions).reduce((all, values) => all * values, 1);

/** A dimension, and the metrics that would be left without it. */
export interface DimensionShare {
  readonly dimension: string;
  readonly values: number;
  readonly metrics: number;
  readonly without: number;
}

/**
 * Which dimension multiplies the metrics most: `strategy_id` too, which is the one that no dashboard can do without.
 * @returns undefined where no strategy publishes metrics
 */
export function dearestDimension({
  metricStrategies,
  dimensions,
  extraMetrics: extra,
}: Workload): DimensionShare | undefined {
  if (metricStrategies === 0) return undefined;
  const metrics = metricStrategies * metricsPerStrategy(dimensions, extra);
  const shares = Object.entries(dimensions).map(([dimension, values]) => {
    const { [dimension]: _, ...rest } = dimensions;
    return { dimension, values, metrics, without: metricStrategies * metricsPerStrategy(rest, extra) };
  });
  const strategy = {
    dimension: 'strategy_id',
    values: metricStrategies,
    metrics,
    without: metricsPerStrategy(dimensions, extra),
  };
  return [...shares, strategy].sort((a, b) => a.without - b.without || (a.dimension < b.dimension ? -1 : 1))[0];
}
