import { NightdeskError } from '../errors.ts';
import { billOf } from './bill.ts';
import { PRICES, type PriceTable } from './prices.ts';
import type { Workload } from './workload.ts';

/** What a budget leaves of the metrics. */
export interface MetricsBudget {
  readonly budgetUsd: number;
  /** Strategies whose metrics stay on. */
  readonly on: number;
  readonly off: number;
  /** The bill with the metrics that stay. Above the budget only where even no metrics would be. */
  readonly totalUsd: number;
  readonly withAllUsd: number;
  readonly withNoneUsd: number;
}

/**
 * For how many strategies metrics stay on within a monthly budget for the whole bill: as many as fit, none where the
 * bill is above it without any.
 *
 * @throws CONFIG_INVALID where the budget is no amount
 */
export function metricsWithin(workload: Workload, budgetUsd: number, prices: PriceTable = PRICES): MetricsBudget {
  if (!Number.isFinite(budgetUsd) || budgetUsd < 0)
    throw new NightdeskError('CONFIG_INVALID', `a budget must be an amount in USD from 0, got ${budgetUsd}`);
  const totalOf = (metricStrategies: number): number => billOf({ ...workload, metricStrategies }, prices).totalUsd;
  let fits = 0;
  let tooMany = workload.metricStrategies + 1;
  while (tooMany - fits > 1) {
    const middle = Math.floor((fits + tooMany) / 2);
    if (totalOf(middle) <= budgetUsd) fits = middle;
    else tooMany = middle;
  }
  return {
    budgetUsd,
    on: fits,
    off: workload.metricStrategies - fits,
    totalUsd: totalOf(fits),
    withAllUsd: totalOf(workload.metricStrategies),
    withNoneUsd: totalOf(0),
  };
}

/** Which strategies publish: the first of the list, in its order, so that the same configuration gives the same answer at every deploy. */
export const splitByBudget = <Name>(
  names: readonly Name[],
  on: number,
): { readonly on: Name[]; readonly off: Name[] } => ({
  on: names.slice(0, on),
  off: names.slice(on),
});
