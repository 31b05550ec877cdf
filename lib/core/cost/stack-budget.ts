import type { Config } from '../config/index.ts';
import { NightdeskError } from '../errors.ts';
import { type Bill, billOf } from './bill.ts';
import { metricsWithin, splitByBudget } from './budget.ts';
import { dearestDimension } from './metrics.ts';
import { DEFAULT_WORKLOAD, type Workload, workloadOf } from './workload.ts';

/** What a stack of these settings is expected to do and cost. */
export interface StackBudget {
  readonly workload: Workload;
  readonly bill: Bill;
  /** Strategies that publish metrics; null for all. */
  readonly on: readonly string[] | null;
  /** Strategies whose metrics the budget has no room for. */
  readonly off: readonly string[];
}

const DASHBOARDS = DEFAULT_WORKLOAD.dashboards;

/**
 * Holds the expected bill of a month against `aws.budget`. Where strategies are named, the metrics of those that do not fit
 * are switched off, the last named first; undefined where there is no budget.
 * @throws CONFIG_INVALID where the bill is above it, naming the dimension that costs most and what to do
 */
export function stackBudget(config: Config): StackBudget | undefined {
  const { budget } = config.aws;
  if (budget === undefined) return undefined;
  const names = publishingOf(config);
  const wanted = expectedOf(config);
  const { on, off } = splitByBudget(names ?? [], metricsWithin(wanted, budget.monthlyUsd).on);
  const workload = off.length === 0 ? wanted : { ...wanted, metricStrategies: on.length };
  const bill = billOf(workload);
  if (bill.totalUsd > budget.monthlyUsd)
    throw new NightdeskError('CONFIG_INVALID', tooDear(workload, bill, budget.monthlyUsd));
  return { workload, bill, on: off.length === 0 ? (config.metrics.strategies ?? null) : on, off };
}

/** The named strategies that publish metrics; undefined where none are named. */
function publishingOf({ aws, metrics: { publish, strategies } }: Config): readonly string[] | undefined {
  const named = aws.budget?.strategies;
  if (typeof named !== 'object') return undefined;
  return publish ? named.filter((name) => strategies?.includes(name) ?? true) : [];
}

/** The workload that the settings say is expected. @throws CONFIG_INVALID where they leave something out, or go together in no way */
function expectedOf(config: Config): Workload {
  const { aws, alerts, hash, metrics } = config;
  const { eventsPerDay, strategies = 1, dimensions = {} } = aws.budget ?? {};
  const count = typeof strategies === 'number' ? strategies : strategies.length;
  if (eventsPerDay === undefined && (aws.budget?.strategies !== undefined || Object.keys(dimensions).length > 0))
    throw wrong(
      'eventsPerDay',
      'must be given where strategies or dimensions are: without events nothing is published',
    );
  for (const name of Object.keys(dimensions))
    if (!metrics.dimensions.some((dimension) => dimension === name))
      throw wrong(
        `dimensions.${name}`,
        `is not one of metrics.dimensions, which are ${metrics.dimensions.join(', ') || 'none'}`,
      );
  for (const name of metrics.dimensions)
    if (dimensions[name] === undefined && eventsPerDay !== undefined)
      throw wrong(`dimensions.${name}`, 'must say how many values it has, for metrics.dimensions names it');
  const channels = Object.values(alerts.channels);
  return workloadOf({
    eventsPerDay: eventsPerDay ?? 0,
    strategies: count,
    publish: metrics.publish,
    metricStrategies: metrics.publish
      ? (publishingOf(config)?.length ?? Math.min(count, metrics.strategies?.length ?? count))
      : 0,
    extraMetrics: metrics.extra,
    dimensions,
    bufferMs: aws.buffer.interval,
    dashboards: aws.dashboards ? DASHBOARDS : 0,
    secrets: channels.filter(({ kind }) => kind !== 'email').length + (hash.length > 0 ? 1 : 0),
    kms: aws.encryption !== 'aws',
    logDays: Number.parseInt(aws.retention.logs, 10),
    tracing: aws.tracing,
  });
}

const wrong = (key: string, what: string): NightdeskError =>
  new NightdeskError('CONFIG_INVALID', `aws.budget.${key}: ${what}`);

const usd = (amount: number): string => `$${amount.toFixed(2)}`;

function tooDear(workload: Workload, { items, totalUsd }: Bill, budgetUsd: number): string {
  const { eventsPerDay, strategies } = workload;
  const said = `aws.budget: ${strategies} ${strategies === 1 ? 'strategy' : 'strategies'} with ${eventsPerDay} events a day cost about ${usd(totalUsd)} a month, and the budget is ${usd(budgetUsd)}`;
  const dearest = dearestDimension(workload);
  const [item] = items;
  const metricsUsd = items.find(({ price }) => price === 'metrics')?.usd ?? 0;
  if (dearest === undefined || item?.price !== 'metrics') {
    return `${said}; the dearest line is ${item?.service}, ${item?.item}: ${usd(item?.usd ?? 0)} (\`nightdesk cost\` says how to lower it); raise aws.budget.monthlyUsd, or send less`;
  }
  const { dimension, values, metrics, without } = dearest;
  const todo =
    dimension === 'strategy_id'
      ? 'name the strategies that publish in aws.budget.strategies, dearest to you first, so that the rest is switched off'
      : `take ${dimension} out of metrics.dimensions`;
  return `${said}; metrics are ${usd(metricsUsd)} of it, and the dimension that costs most is ${dimension}: its ${values} values make ${metrics} metrics, without it there were ${without}; ${todo}, or raise aws.budget.monthlyUsd`;
}
