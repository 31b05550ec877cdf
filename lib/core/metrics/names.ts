/** Counters only grow, gauges are the newest value, histograms keep a distribution. */
export type MetricKind = 'counter' | 'gauge' | 'histogram';

/** Units as CloudWatch names them; a ratio, bps or money has none there and is `None`. */
export type CloudWatchUnit = 'Count' | 'Milliseconds' | 'Seconds' | 'None';

/**
 * Who publishes it. `transform`: of each event as it comes in. `tick`: each minute, out of the state of the strategy, so
 * that there is one sample per strategy and minute (CloudWatch has no 'last'). `lifecycle`: each minute too, of the rows
 * the ledger derives, each trade and order once.
 */
export type PublishedFrom = 'transform' | 'tick' | 'lifecycle';

/** One metric, as data: docs, the cost model, dashboards, Prometheus and CloudWatch are made from it. */
export interface MetricDefinition {
  readonly name: string;
  readonly kind: MetricKind;
  /** Unit of its values, for people. */
  readonly unit: string;
  readonly cloudWatchUnit: CloudWatchUnit;
  /** One sentence. */
  readonly help: string;
  /** Labels on the desk, and dimensions on AWS, before those that are configured. */
  readonly dimensions: readonly Dimension[];
  /**
   * `stack`: on AWS one figure of the whole stack, under the one dimension `service`, whatever the number of strategies;
   * the desk tells strategies apart. Configured dimensions are not added.
   */
  readonly scope: 'strategy' | 'stack';
  /** Always on the desk; on AWS only where asked for, for each costs money per strategy. */
  readonly optional: boolean;
  readonly from: PublishedFrom;
  /** Upper bounds of a histogram's buckets for Prometheus; CloudWatch gets the values. */
  readonly buckets?: readonly number[];
  /** Columns or streams it is made of, for people. */
  readonly of: string;
}

export type Dimension = 'strategy_id' | 'source';

/** Values of label `source` (S1 H1). `unknown`: a source of another name, or none that was logged. */
export const SOURCES = ['pros', 'amateurs', 'model', 'unknown'] as const;
export type SignalSource = (typeof SOURCES)[number];

export { SERVICE } from './facts.ts';

const STRATEGY = ['strategy_id'] as const;
const BY_SOURCE = ['strategy_id', 'source'] as const;

const LATENCY_MS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000];
const LAG_MS = [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 900_000];
const COST_BPS = [-5, 0, 1, 2, 5, 10, 15, 20, 30, 50, 75, 100, 200];
const ERROR_BPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];
const UNIT_INTERVAL = [0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

type Given = Pick<MetricDefinition, 'name' | 'kind' | 'unit' | 'help' | 'of' | 'from'> &
  Partial<Pick<MetricDefinition, 'dimensions' | 'buckets' | 'optional' | 'scope'>>;

const UNITS: Readonly<Record<string, CloudWatchUnit>> = { count: 'Count', ms: 'Milliseconds', s: 'Seconds' };

const metric = (given: Given): MetricDefinition => ({
  dimensions: STRATEGY,
  optional: false,
  scope: 'strategy',
  ...given,
  cloudWatchUnit: UNITS[given.unit] ?? 'None',
});

/** S1 H1's ten, with exactly its names and labels. */
const S1: readonly MetricDefinition[] = [
  metric({
    name: 'bot.health.equity_value',
    kind: 'gauge',
    unit: 'account currency',
    help: 'Newest equity, where exactly one run lives; else bot.runs.active tells why there is none.',
    from: 'tick',
    of: 'health.equity, equity_curve.equity',
  }),
  metric({
    name: 'bot.health.drawdown_current',
    kind: 'gauge',
    unit: 'fraction 0..1',
    help: 'Fall of equity from its peak, net of deposits and withdrawals; of a run (paper), of the account (live).',
    from: 'tick',
    of: 'health.equity, equity_curve.equity, cash_flow',
  }),
  metric({
    name: 'bot.health.ws_staleness_ms',
    kind: 'gauge',
    unit: 'ms',
    help: 'Age of the newest websocket message, as the bot last said; the largest of several runs.',
    from: 'tick',
    of: 'health.ws_staleness_ms, system.ws_staleness_ms',
  }),
  metric({
    name: 'bot.health.ws_reconnects',
    kind: 'counter',
    unit: 'count',
    help: 'Websocket reconnects: increases of the bot’s own counter, which starts again with each process.',
    from: 'tick',
    of: 'health.ws_reconnects, system.ws_reconnects',
  }),
  metric({
    name: 'bot.trades.total',
    kind: 'counter',
    unit: 'count',
    help: 'Trades opened, each once, when its fills wait for no late ones any more (ledger.lateness).',
    from: 'lifecycle',
    of: 'trade_lifecycle',
  }),
  metric({
    name: 'bot.trades.by_source',
    kind: 'counter',
    unit: 'count',
    help: 'The same trades, by the source whose signal was traded.',
    dimensions: BY_SOURCE,
    from: 'lifecycle',
    of: 'trade_lifecycle.entry_signal_source',
  }),
  metric({
    name: 'bot.execution.latency_ms',
    kind: 'histogram',
    unit: 'ms',
    help: 'Decision to fill; clocks that are equal or reversed measured nothing and give no value.',
    from: 'transform',
    buckets: LATENCY_MS,
    of: 'execution.decision_ts, execution.exec_ts or ts',
  }),
  metric({
    name: 'bot.costs.total_bps',
    kind: 'histogram',
    unit: 'bps',
    help: 'All costs of a trade together, of its notional; positive when they hurt.',
    from: 'transform',
    buckets: COST_BPS,
    of: 'costs.cost_bps_total',
  }),
  metric({
    name: 'bot.signals.strength',
    kind: 'histogram',
    unit: 'fraction 0..1',
    help: 'Magnitude of the signal of each source; without its sign, for CloudWatch has no percentiles of negative values.',
    dimensions: BY_SOURCE,
    from: 'transform',
    buckets: UNIT_INTERVAL,
    of: 'signals.source_signals, else signals.s_model',
  }),
  metric({
    name: 'bot.calibration.in_band_rate',
    kind: 'gauge',
    unit: 'fraction 0..1',
    help: 'Share of the last 100 calibrated predictions inside the no-trade band; none below 20.',
    from: 'tick',
    of: 'calibration.in_band_flag',
  }),
];

/** What the dashboards of S1 §10 and the alarms need beside them. */
const BOT: readonly MetricDefinition[] = [
  metric({
    name: 'bot.health.checks',
    kind: 'counter',
    unit: 'count',
    help: 'Health events.',
    from: 'transform',
    of: 'health',
  }),
  metric({
    name: 'bot.health.funding_stale',
    kind: 'gauge',
    unit: '0 or 1',
    help: '1 while the bot says that its funding data is stale.',
    from: 'tick',
    of: 'health.funding_stale',
  }),
  metric({
    name: 'bot.health.heartbeat_age_s',
    kind: 'gauge',
    unit: 's',
    help: 'Time since anything was heard of the strategy, from the clock: it grows while the bot is silent, and ends with its session.',
    from: 'tick',
    of: 'every stream',
  }),
  metric({
    name: 'bot.runs.active',
    kind: 'gauge',
    unit: 'count',
    help: 'Runs that live: heard of, and not ended. Equity is published only where it is 1.',
    from: 'tick',
    of: 'every stream, session_id',
  }),
  metric({
    name: 'bot.errors.total',
    kind: 'counter',
    unit: 'count',
    help: 'Error events.',
    from: 'transform',
    of: 'error',
  }),
  metric({
    name: 'bot.orders.total',
    kind: 'counter',
    unit: 'count',
    help: 'Orders, each once.',
    from: 'lifecycle',
    of: 'order_lifecycle',
  }),
  metric({
    name: 'bot.orders.rejected',
    kind: 'counter',
    unit: 'count',
    help: 'Rejected orders, each once; a gate that blocks is no rejection.',
    from: 'lifecycle',
    of: 'order_lifecycle.status',
  }),
  metric({
    name: 'bot.calibration.drift',
    kind: 'gauge',
    unit: 'as the bot scales it',
    help: 'Drift of the calibration, as the bot last said.',
    from: 'tick',
    of: 'health.calibration_drift',
  }),
];

/** Panels that a desk has and a stack only on request. */
const EXTRA: readonly MetricDefinition[] = [
  metric({
    name: 'bot.costs.fee_bps',
    kind: 'histogram',
    unit: 'bps',
    help: 'Fee of a trade, of its notional; a rebate is negative.',
    optional: true,
    from: 'transform',
    buckets: COST_BPS,
    of: 'costs.fee_bps',
  }),
  metric({
    name: 'bot.costs.impact_bps',
    kind: 'histogram',
    unit: 'bps',
    help: 'Market impact of a trade, of its notional; positive when it hurts.',
    optional: true,
    from: 'transform',
    buckets: COST_BPS,
    of: 'costs.impact_bps',
  }),
  metric({
    name: 'bot.costs.slippage_bps',
    kind: 'histogram',
    unit: 'bps',
    help: 'Slippage of a trade, of its notional; positive when it hurts.',
    optional: true,
    from: 'transform',
    buckets: COST_BPS,
    of: 'costs.slip_bps',
  }),
  metric({
    name: 'bot.calibration.prediction_error_bps',
    kind: 'histogram',
    unit: 'bps',
    help: 'Distance of prediction and return, as the bot computes it.',
    optional: true,
    from: 'transform',
    buckets: ERROR_BPS,
    of: 'calibration.prediction_error_bps',
  }),
  metric({
    name: 'bot.overlay.confidence',
    kind: 'histogram',
    unit: 'fraction 0..1',
    help: 'Confidence of the overlay.',
    optional: true,
    from: 'transform',
    buckets: UNIT_INTERVAL,
    of: 'overlay_status.confidence, else signals.overlay.confidence',
  }),
  metric({
    name: 'bot.trades.win_rate',
    kind: 'gauge',
    unit: 'fraction 0..1',
    help: 'Share of the last 30 closed trades of a source that made money, net.',
    dimensions: BY_SOURCE,
    optional: true,
    from: 'lifecycle',
    of: 'trade_lifecycle.net_pnl_usd',
  }),
  metric({
    name: 'bot.trades.net_pnl_bps',
    kind: 'gauge',
    unit: 'bps',
    help: 'Mean net PnL of the last 30 closed trades of a source, of the notional of their opening fills.',
    dimensions: BY_SOURCE,
    optional: true,
    from: 'lifecycle',
    of: 'trade_lifecycle.net_pnl_bps',
  }),
];

/** Health of the pipeline. Conservation: in = stored + quarantined. */
const PIPELINE_HEALTH: readonly MetricDefinition[] = [
  metric({
    name: 'pipeline.events.in',
    kind: 'counter',
    unit: 'count',
    help: 'Events that came in: stored and quarantined together.',
    scope: 'stack',
    from: 'transform',
    of: 'every stream',
  }),
  metric({
    name: 'pipeline.events.stored',
    kind: 'counter',
    unit: 'count',
    help: 'Events on their way into the lake under their own stream; duplicates too, which the views remove.',
    scope: 'stack',
    from: 'transform',
    of: 'every stream',
  }),
  metric({
    name: 'pipeline.events.quarantined',
    kind: 'counter',
    unit: 'count',
    help: 'Events that no stream takes.',
    scope: 'stack',
    from: 'transform',
    of: 'quarantine',
  }),
  metric({
    name: 'pipeline.events.late',
    kind: 'counter',
    unit: 'count',
    help: 'Events that came in more than a minute after they happened, and are no history yet.',
    scope: 'stack',
    from: 'transform',
    of: 'every stream',
  }),
  metric({
    name: 'pipeline.events.duplicates',
    kind: 'counter',
    unit: 'count',
    help: 'Events whose identity was among the last the process saw: a lower bound, SQL knows exactly.',
    scope: 'stack',
    from: 'transform',
    of: 'every stream',
  }),
  metric({
    name: 'pipeline.events.sequence_gaps',
    kind: 'gauge',
    unit: 'count',
    help: 'Events of emitters whose number was skipped and has not come in for two minutes: lost, or in quarantine.',
    from: 'tick',
    of: 'event_id of emitters',
  }),
  metric({
    name: 'pipeline.lag_ms',
    kind: 'histogram',
    unit: 'ms',
    help: 'Time from when an event happened to when it came in; 0 where the bot’s clock is ahead.',
    scope: 'stack',
    from: 'transform',
    buckets: LAG_MS,
    of: 'ts, ingested_at',
  }),
  metric({
    name: 'alert_fastpath_failed',
    kind: 'counter',
    unit: 'count',
    help: 'Messages that the alert queue did not take; the lake brings the same events to the alerts a minute later.',
    scope: 'stack',
    from: 'transform',
    of: 'alert queue',
  }),
];

/** Every metric there is, in the order of the docs. */
export const METRICS: readonly MetricDefinition[] = [...S1, ...BOT, ...EXTRA, ...PIPELINE_HEALTH];

const BY_NAME: ReadonlyMap<string, MetricDefinition> = new Map(
  METRICS.map((definition) => [definition.name, definition]),
);

/** A metric by its name. @throws RangeError for a name that is none, a mistake of the caller */
export function metricNamed(name: string): MetricDefinition {
  const definition = BY_NAME.get(name);
  if (definition === undefined) throw new RangeError(`there is no metric ${name}`);
  return definition;
}

/**
 * Dimensions of a metric in CloudWatch, in their order, as alarms and widgets must name them all.
 * @param configured `metrics.dimensions` of the configuration
 */
export const cloudWatchDimensions = (
  { scope, dimensions }: MetricDefinition,
  configured: readonly string[] = [],
): readonly string[] => (scope === 'stack' ? ['service'] : [...dimensions, ...configured]);

/** Name of a metric in Prometheus: dots are underscores, counters end in `_total`. */
export function prometheusName({ name, kind }: Pick<MetricDefinition, 'name' | 'kind'>): string {
  const plain = name.replaceAll('.', '_');
  return kind === 'counter' && !plain.endsWith('_total') ? `${plain}_total` : plain;
}

/** Streams that a metric is made of; none for those that are made of every one. */
export const streamsOf = ({ of }: Pick<MetricDefinition, 'of'>): readonly string[] => [
  ...new Set(of.split(/,\s*(?:else )?/).flatMap((part) => /^([a-z_]+)(?:\.|$)/.exec(part)?.[1] ?? [])),
];
