import { Duration } from 'aws-cdk-lib';
import {
  Color,
  GaugeWidget,
  GraphWidget,
  GraphWidgetView,
  type HorizontalAnnotation,
  type IMetric,
  type IWidget,
  MathExpression,
  Metric,
  SearchExpression,
  Shading,
  SingleValueWidget,
  Stats,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { AlertRule } from '../core/alerts/types.ts';
import type { MetricSettings } from '../core/config/metrics.ts';
import { type LimitLine, labelOf, linesOf } from '../core/dashboards/limits.ts';
import { type DrawnSeries, publishedSeries } from '../core/dashboards/published.ts';
import type { Axis, Panel, Statistic } from '../core/dashboards/types.ts';
import { describe } from '../core/dashboards/words.ts';
import { cloudWatchDimensions, type MetricDefinition } from '../core/metrics/names.ts';

/** Stands for the strategy in every widget; the dashboard's variable puts the chosen one in its place. */
export const STRATEGY = 'NIGHTDESK_STRATEGY';

export interface WidgetContext {
  readonly metrics: MetricSettings;
  /** Whether metrics that are optional are published. */
  readonly optional: boolean;
  readonly rules: readonly AlertRule[];
  /** What to add to `nightdesk query` so that it asks this stack. */
  readonly target: string;
}

const WIDTH = 12; // of 24
const HEIGHT = 9;
const TEXT_HEIGHT = 4;

const STATISTICS: Readonly<Record<Exclude<Statistic, 'distribution'>, string>> = {
  maximum: Stats.MAXIMUM,
  minimum: Stats.MINIMUM,
  average: Stats.AVERAGE,
  sum: Stats.SUM,
  p50: Stats.p(50),
  p95: Stats.p(95),
  p99: Stats.p(99),
};
const QUANTILES = ['p50', 'p95', 'p99'] as const;

/** The widgets of one panel, from top to bottom: the metrics, if there are any, and the question where they are not the truth. */
export function widgetsOf(panel: Panel, context: WidgetContext): readonly IWidget[] {
  const series = context.metrics.publish ? publishedSeries(panel, context.optional) : [];
  if (series.length === 0) return [textOf(panel, context, false)];
  const widget = chartOf(panel, series, context);
  return panel.truth === 'lake' ? [widget, textOf(panel, context, true)] : [widget];
}

const textOf = (panel: Panel, { target }: WidgetContext, drawn: boolean): IWidget =>
  new TextWidget({
    markdown: `### ${panel.title}\n\n${describe(panel, { drawn, target })}`,
    width: WIDTH,
    height: drawn ? TEXT_HEIGHT : HEIGHT,
  });

function chartOf(panel: Panel, series: readonly DrawnSeries[], context: WidgetContext): IWidget {
  const { chart, truth } = panel;
  const lines = linesOf(panel.limits, context.rules);
  // What is only a hint says so in its title: someone who looks at a dashboard reads no more.
  const common = { title: truth === 'lake' ? `${panel.title} (live hint, not the truth)` : panel.title, width: WIDTH };
  const whole = chart === 'number' || chart === 'pie' || chart === 'bar';
  const drawn = series.map((one) => ({ metrics: metricsOf(one, { ...context, whole }), right: one.axis === 'right' }));
  const all = drawn.flatMap(({ metrics }) => metrics);
  if (chart === 'number')
    return new SingleValueWidget({ ...common, height: HEIGHT, metrics: all, setPeriodToTimeRange: true });
  if (chart === 'gauge')
    return new GaugeWidget({
      ...common,
      height: HEIGHT,
      metrics: all,
      leftYAxis: { min: panel.y.min ?? 0, max: panel.y.max ?? 100 },
      annotations: lines.map(annotationOf),
    });
  const height = truth === 'lake' ? HEIGHT - TEXT_HEIGHT : HEIGHT;
  if (whole)
    return new GraphWidget({
      ...common,
      height,
      left: all,
      view: chart === 'pie' ? GraphWidgetView.PIE : GraphWidgetView.BAR,
      setPeriodToTimeRange: true,
    });
  const onlyRight = drawn.every(({ right }) => right);
  const left = onlyRight ? all : drawn.filter(({ right }) => !right).flatMap(({ metrics }) => metrics);
  const right = onlyRight ? [] : drawn.filter((one) => one.right).flatMap(({ metrics }) => metrics);
  // Values of a distribution lie along the panel's x axis.
  const leftAxis = onlyRight ? panel.right : chart === 'histogram' ? panel.x : panel.y;
  return new GraphWidget({
    ...common,
    height,
    left,
    right,
    view: GraphWidgetView.TIME_SERIES,
    stacked: chart === 'area',
    ...(leftAxis === undefined ? {} : { leftYAxis: axisOf(leftAxis) }),
    ...(onlyRight || panel.right === undefined ? {} : { rightYAxis: axisOf(panel.right) }),
    leftAnnotations: lines.filter((line) => onlyRight || !line.right).map(annotationOf),
    rightAnnotations: lines.filter((line) => !onlyRight && line.right).map(annotationOf),
  });
}

/** A gauge shows the newest period: an hour or a day where its figure is about one. */
const periodOf = ({ over }: DrawnSeries): Duration =>
  over === 'hour' ? Duration.hours(1) : over === 'day' ? Duration.days(1) : Duration.minutes(5);

interface MetricContext extends WidgetContext {
  /** Whether the widget makes one figure of the whole time shown. */
  readonly whole: boolean;
}

function metricsOf(series: DrawnSeries, context: MetricContext): IMetric[] {
  const { statistic, label } = series;
  if (statistic !== 'distribution') return [metricOf(series, STATISTICS[statistic], label, context)];
  return QUANTILES.map((name) => metricOf(series, STATISTICS[name], name, context));
}

function metricOf(series: DrawnSeries, statistic: string, label: string, context: MetricContext): IMetric {
  const { definition, perDefinition, by } = series;
  const period = periodOf(series);
  if (perDefinition !== undefined) return shareOf(definition, perDefinition, label, period, context);
  if (isKnown(definition, context)) return plainMetric(definition, statistic, period, context).with({ label });
  const names = cloudWatchDimensions(definition, context.metrics.dimensions);
  const told = by === undefined ? names.filter((name) => name !== 'strategy_id' && name !== 'source') : [by];
  return new SearchExpression({
    expression: searchOf(definition, statistic, period, context),
    label: [label, ...told.map((name) => `\${PROP('Dim.${name}')}`)].join(' '),
    period,
  });
}

/** One counter by another. Where there is nothing of the part there was nothing; where there is nothing of the whole there is no share. */
function shareOf(
  part: MetricDefinition,
  whole: MetricDefinition,
  label: string,
  period: Duration,
  context: MetricContext,
): IMetric {
  const sum = (definition: MetricDefinition): string => `SUM(${searchOf(definition, Stats.SUM, period, context)})`;
  const known = isKnown(part, context);
  return new MathExpression({
    expression: known ? 'FILL(part, 0) / whole' : `FILL(${sum(part)}, 0) / ${sum(whole)}`,
    label,
    period,
    usingMetrics: known
      ? {
          part: plainMetric(part, Stats.SUM, period, context),
          whole: plainMetric(whole, Stats.SUM, period, context),
        }
      : {},
  });
}

/**
 * Whether the strategy is all that names a metric. A metric is named by all its dimensions: where their values are not
 * known beforehand they are searched for, which dashboards may, up to 500 series, and alarms may not.
 */
const isKnown = (definition: MetricDefinition, { metrics }: WidgetContext): boolean =>
  cloudWatchDimensions(definition, metrics.dimensions).every((name) => name === 'strategy_id');

const plainMetric = (
  { name }: MetricDefinition,
  statistic: string,
  period: Duration,
  { metrics: { namespace } }: WidgetContext,
): Metric => new Metric({ namespace, metricName: name, dimensionsMap: { strategy_id: STRATEGY }, statistic, period });

/** A period of its own would keep a widget from making one figure of the whole time. */
function searchOf(
  definition: MetricDefinition,
  statistic: string,
  period: Duration,
  { metrics: { namespace, dimensions }, whole }: MetricContext,
): string {
  const schema = [namespace, ...cloudWatchDimensions(definition, dimensions)].map(quotedTerm).join(',');
  const terms = `{${schema}} MetricName="${definition.name}" strategy_id="${STRATEGY}"`;
  return `SEARCH('${terms}', '${statistic}'${whole ? '' : `, ${period.toSeconds()}`})`;
}

/** Terms of a schema with other characters than letters, digits and _ stand in quotes. */
const quotedTerm = (term: string): string => (/^\w+$/.test(term) ? term : `"${term}"`);

const axisOf = ({ label, min, max }: Axis) => ({
  label,
  showUnits: false,
  ...(min === undefined ? {} : { min }),
  ...(max === undefined ? {} : { max }),
});

const COLORS: Readonly<Record<LimitLine['severity'], string>> = {
  critical: Color.RED,
  warning: Color.ORANGE,
  info: Color.GREY,
};

const annotationOf = (line: LimitLine): HorizontalAnnotation => ({
  value: line.value,
  label: labelOf(line),
  color: COLORS[line.severity],
  fill: line.beyond === 'above' ? Shading.ABOVE : Shading.BELOW,
});
