import type { Workload } from './workload.ts';

/** One of the metrics of a strategy, with the dimensions it has of itself, beside `strategy_id`, and their number of values. */
export interface MetricName {
  readonly name: string;
  readonly dimensions: Readonly<Record<string, number>>;
}

/** Where a signal came from: pros, amateurs, model. */
const BY_SOURCE = { source: 3 };

/** What is published of each strategy. Two of the ten are told apart by source, so that ten names are fourteen metrics. */
export const STRATEGY_METRICS: readonly MetricName[] = [
  { name: 'bot.health.equity_value', dimensions: {} },
  { name: 'bot.health.drawdown_current', dimensions: {} },
  { name: 'bot.health.ws_staleness_ms', dimensions: {} },
  { name: 'bot.health.ws_reconnects', dimensions: {} },
  { name: 'bot.trades.total', dimensions: {} },
  { name: 'bot.trades.by_source', dimensions: BY_SOURCE },
  { name: 'bot.execution.latency_ms', dimensions: {} },
  { name: 'bot.costs.total_bps', dimensions: {} },
  { name: 'bot.signals.strength', dimensions: BY_SOURCE },
  { name: 'bot.calibration.in_band_rate', dimensions: {} },
];

/** Metrics of one strategy: CloudWatch counts each name with each combination of dimension values. @param added to every name */
export const metricsPerStrategy = (added: Readonly<Record<string, number>>): number =>
  STRATEGY_METRICS.reduce((sum, { dimensions }) => sum + product({ ...dimensions, ...added }), 0);

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
export function dearestDimension({ metricStrategies, dimensions }: Workload): DimensionShare | undefined {
  if (metricStrategies === 0) return undefined;
  const metrics = metricStrategies * metricsPerStrategy(dimensions);
  const shares = Object.entries(dimensions).map(([dimension, values]) => {
    const { [dimension]: _, ...rest } = dimensions;
    return { dimension, values, metrics, without: metricStrategies * metricsPerStrategy(rest) };
  });
  const strategy = {
    dimension: 'strategy_id',
    values: metricStrategies,
    metrics,
    without: metricsPerStrategy(dimensions),
  };
  return [...shares, strategy].sort((a, b) => a.without - b.without || (a.dimension < b.dimension ? -1 : 1))[0];
}
