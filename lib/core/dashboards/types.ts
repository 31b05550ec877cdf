// Dashboards are data: the console, CloudWatch and Grafana are drawn from it. A panel holds what its question is, which
// metrics show it, and the query of `lib/queries` that answers it from the lake. Figures of two modes are never added.

/** How a panel is drawn. `number` is a total over the time shown, `gauge` the newest figure, `state` on or off over time. */
export type ChartType =
  | 'line'
  | 'area'
  | 'bar'
  | 'pie'
  | 'gauge'
  | 'number'
  | 'state'
  | 'histogram'
  | 'heatmap'
  | 'scatter';

/** `fraction` is 0..1 and reads as percent; `usd` and `bps` are positive when they hurt only where the panel is about costs. */
export type Unit = 'account currency' | 'usd' | 'bps' | 'fraction' | 'ms' | 's' | 'count' | 'boolean' | 'none' | 'time';

export interface Axis {
  readonly label: string;
  readonly unit: Unit;
  readonly min?: number;
  readonly max?: number;
}

/** How the samples of one period become one figure. CloudWatch has no 'last': gauges have one sample a minute, so that maximum is it. */
export type Statistic = 'maximum' | 'minimum' | 'average' | 'sum' | 'p50' | 'p95' | 'p99' | 'distribution';

/** One metric of a panel. */
export interface Series {
  /** Name in `lib/core/metrics/names.ts`. */
  readonly metric: string;
  readonly label: string;
  readonly statistic: Statistic;
  /** Label of the metric that tells its lines apart. @default - one line */
  readonly by?: 'source';
  /** Time that the figure of a gauge is about. @default - the newest sample of a gauge */
  readonly over?: 'hour' | 'day';
  /** Metric to divide by, for a share of two counters. @default - none */
  readonly per?: string;
  /** @default - the left axis */
  readonly axis?: 'right';
  /** Drawn only where none of the panel’s other series is published, as those that are optional on AWS. */
  readonly standIn?: true;
}

/** The limit of an alert rule, drawn in. The figure is read from the rule, so that it cannot differ. */
export interface Limit {
  /** Id of the rule. */
  readonly rule: string;
  /** @default - the left axis */
  readonly axis?: 'right';
}

/** One value column of an answer. */
export interface Measure {
  readonly column: string;
  readonly label: string;
  /** `x`: a place along the x axis, the same in every row of a strategy and mode; drawn as a line across. @default - the left axis */
  readonly axis?: 'right' | 'x';
}

/** The query that answers a panel, and which of its columns is what. Each also gives strategy_id and mode. */
export interface Question {
  /** Name in `lib/queries`. */
  readonly query: string;
  /** Values of its parameters, other than the days. @default - their defaults */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Column along the x axis: hours, days, names, or the lower edges of bins. */
  readonly x: string;
  /** Upper edge of a bin. @default - the lower edge of the next one, or x is no bin */
  readonly xTo?: string;
  /** What is drawn; of several, those of one axis share it. For a heatmap the colour. */
  readonly y: readonly Measure[];
  /** Column whose values are lines, bars, or rows of a heatmap, of their own. @default - one of each */
  readonly group?: string;
}

/**
 * `metrics`: shown live from metrics; the query is the same from the lake. `lake`: metrics cannot answer it truthfully, as
 * they may be repeated (money totals), do not know trades, or would cost one metric per value.
 */
export type Truth = 'metrics' | 'lake';

export interface Panel {
  /** Lower kebab case, unique among all dashboards. */
  readonly id: string;
  readonly title: string;
  /** Section of S1 and number there, such as 10.1.2. */
  readonly reference: string;
  /** The panel in the words of S1. */
  readonly asked: string;
  /** What it answers, in one sentence. */
  readonly answers: string;
  /** What to mind when reading it. */
  readonly mind?: string;
  /** What its series show, where the truth is in the lake. */
  readonly live?: string;
  readonly chart: ChartType;
  readonly x: Axis;
  readonly y: Axis;
  readonly right?: Axis;
  readonly truth: Truth;
  /** Empty where no metric says anything about it; with truth `lake` only a hint that is live. */
  readonly series: readonly Series[];
  readonly limits: readonly Limit[];
  readonly question: Question;
}

export interface Dashboard {
  /** Lower kebab case. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly panels: readonly Panel[];
}
