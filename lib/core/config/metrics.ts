import * as z from 'zod';

/** Section `metrics`. */
export const metricsSchema = z.strictObject({
  namespace: z
    .string()
    .regex(/^(?!AWS\/)[A-Za-z0-9._#:/-]{1,255}$/, 'must be 1 to 255 letters, digits or ._#:/-, and not begin with AWS/')
    .prefault('Nightdesk')
    .describe('Namespace in CloudWatch.'),
  publish: z
    .boolean()
    .prefault(true)
    .describe('Whether a stack publishes metrics; each costs money (`nightdesk cost`).'),
  strategies: z
    .array(z.string().min(1))
    .describe('Strategies that publish metrics, by strategy_id. Default: all.')
    .exactOptional(),
  extra: z
    .boolean()
    .prefault(false)
    .describe('Whether those are published too that only dashboards show; docs/metrics.md marks them.'),
  dimensions: z
    .array(z.enum(['symbol', 'venue', 'timeframe', 'mode'], 'must be symbol, venue, timeframe or mode'))
    .max(3, 'must be at most three')
    .prefault([])
    .describe('Dimensions beside strategy_id and source: every combination of values is a metric of its own.'),
});

/** What metrics are published with. */
export interface MetricSettings {
  readonly namespace: string;
  readonly publish: boolean;
  /** Strategies that publish; null for all. */
  readonly strategies: readonly string[] | null;
  /** Whether those are published too that only dashboards show. */
  readonly extra: boolean;
  /** Columns beside strategy_id and source. */
  readonly dimensions: readonly string[];
}

export const metricSettings = ({ strategies, ...rest }: z.infer<typeof metricsSchema>): MetricSettings => ({
  ...rest,
  strategies: strategies ?? null,
});
