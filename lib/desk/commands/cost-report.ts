import type { Advice } from '../../core/cost/advice.ts';
import type { Bill, BillItem } from '../../core/cost/bill.ts';
import type { MetricsBudget } from '../../core/cost/budget.ts';
import { deliveryStreams, type Limit } from '../../core/cost/limits.ts';
import { type DimensionShare, metricsPerStrategy } from '../../core/cost/metrics.ts';
import { LOOKED_UP, PRICES, REGION } from '../../core/cost/prices.ts';
import { HOURS_PER_MONTH } from '../../core/cost/units.ts';
import type { Workload } from '../../core/cost/workload.ts';
import { printable } from '../printable.ts';
import { bytes, print, printRows } from './output.ts';

/** All that `nightdesk cost` says. */
export interface Report {
  /** Also the lines below a cent. */
  readonly all: boolean;
  readonly workload: Workload;
  readonly bill: Bill;
  readonly first: number;
  readonly advice: Advice;
  readonly dimension: DimensionShare | null;
  readonly limits: readonly Limit[];
  readonly budget: MetricsBudget | null;
  readonly names: { readonly on: readonly string[]; readonly off: readonly string[] } | null;
}

/** The report for programs. */
export const jsonOf = ({ workload, bill, first, advice, dimension, limits, budget, names }: Report): unknown => ({
  region: REGION,
  pricesLookedUp: LOOKED_UP,
  currency: 'USD',
  hoursPerMonth: HOURS_PER_MONTH,
  workload,
  items: bill.items.map((item) => ({ ...item, verified: PRICES[item.price].verified })),
  totalUsd: bill.totalUsd,
  firstMonthUsd: first,
  usdPerMillionEvents: bill.usdPerMillionEvents,
  driver: advice.driver,
  tip: advice.tip,
  dearestDimension: dimension,
  limits,
  deliveryStreams: deliveryStreams(limits),
  budget: budget === null ? null : { ...budget, strategies: names },
  usage: bill.usage,
});

const CENT = 0.01;
const COLUMNS = ['service', 'item', 'quantity', 'unit', 'unit price', 'USD', 'share'];

/** The report for people. */
export function printReport(report: Report): void {
  const { workload, bill, first, advice, dimension, limits, budget, names } = report;
  const shown = report.all ? bill.items : bill.items.filter((item) => item.usd >= CENT);
  printRows('table', COLUMNS, shown.map(rowOf));
  const hidden = bill.items.length - shown.length;
  if (hidden > 0) print(` and ${hidden} lines below a cent each: --all shows them\n`);
  const perEvent = bill.usdPerMillionEvents;
  print(
    `\ntotal  ${usd(bill.totalUsd)} in month ${workload.month}, ${usd(first)} in the first${
      perEvent === null ? '' : `; ${usd(perEvent)} per million events`
    }\n`,
  );
  if (advice.driver !== null)
    print(
      `\nWhat drives it: ${advice.driver.item.service}, ${advice.driver.item.item}, ${percent(advice.driver.item.share)}: ${advice.driver.because}.\n`,
    );
  if (advice.tip !== null) print(`Saves most, ${usd(advice.tip.savesUsd)} a month: ${advice.tip.tip}.\n`);
  if (dimension !== null && dimension.without < dimension.metrics)
    print(
      `Metrics: ${metricsPerStrategy(workload.dimensions, workload.extraMetrics)} a strategy. The dearest dimension is ${dimension.dimension}: with its ${count(dimension.values)} values ${count(dimension.metrics)} metrics, without ${count(dimension.without)}.\n`,
    );
  if (budget !== null) print(budgetText(budget, names));
  for (const { limit, unit, used, allowed, remedy } of limits.filter(({ ok }) => !ok))
    print(`Beyond a limit: ${limit}: ${amount(used, unit)} on average, ${amount(allowed, unit)} allowed: ${remedy}.\n`);
  print(
    `\nList prices of ${REGION} without tax, looked up on ${LOOKED_UP}; estimates, see docs/cost.md${workload.freeTier ? '' : '; no free tier taken off'}.\n`,
  );
}

function budgetText(budget: MetricsBudget, names: Report['names']): string {
  const asked = budget.on + budget.off;
  if (budget.totalUsd > budget.budgetUsd)
    return `Budget ${usd(budget.budgetUsd)}: not enough even without metrics (${usd(budget.withNoneUsd)}); metrics are off for all ${count(asked)}.\n`;
  const text = `Budget ${usd(budget.budgetUsd)}: metrics on for ${count(budget.on)} of ${count(asked)} strategies (with all: ${usd(budget.withAllUsd)})`;
  return names === null || names.off.length === 0
    ? `${text}.\n`
    : `${text}; off: ${names.off.map(printable).join(', ')}.\n`;
}

const rowOf = (item: BillItem): string[] => [
  item.service,
  item.item,
  count(item.quantity),
  item.unit,
  `${price(item.unitPrice)}${item.per === 1 ? '' : ` / ${count(item.per)}`}`,
  item.usd.toFixed(2),
  percent(item.share),
];

const usd = (value: number): string =>
  `$${value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
const price = (value: number): string => value.toLocaleString('en-US', { maximumSignificantDigits: 6 });
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
/** Whole numbers from a hundred on; below, as many digits as say something. */
const count = (value: number): string =>
  value >= 100
    ? Math.round(value).toLocaleString('en-US')
    : value.toLocaleString('en-US', { maximumSignificantDigits: 3 });
const amount = (value: number, unit: string): string =>
  unit === 'bytes/s' ? `${bytes(Math.round(value))}/s` : `${count(value)} ${unit}`;
