import { type MetricDefinition, metricNamed } from '../metrics/names.ts';
import type { Panel, Series } from './types.ts';

/** A series with what its metrics are. */
export interface DrawnSeries extends Series {
  readonly definition: MetricDefinition;
  readonly perDefinition: MetricDefinition | undefined;
}

/**
 * The series of a panel that there are samples of; what stands in for others only where none of them is.
 * @param optional - whether optional metrics are published: always by a desk, on AWS where it is configured
 */
export function publishedSeries({ series }: Panel, optional: boolean): readonly DrawnSeries[] {
  const drawn = series.map((one) => ({
    ...one,
    definition: metricNamed(one.metric),
    perDefinition: one.per === undefined ? undefined : metricNamed(one.per),
  }));
  const there = drawn.filter(({ definition }) => optional || !definition.optional);
  const first = there.filter(({ standIn }) => standIn !== true);
  return first.length > 0 ? first : there;
}
