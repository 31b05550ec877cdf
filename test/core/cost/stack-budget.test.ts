import { expect, test } from 'vitest';
import { parseConfig } from '../../../lib/core/config/index.ts';
import { billOf } from '../../../lib/core/cost/bill.ts';
import { stackBudget } from '../../../lib/core/cost/stack-budget.ts';
import { METRICS, SOURCES } from '../../../lib/core/metrics/names.ts';

const of = (budget: object, more: object = {}) => stackBudget(parseConfig({ aws: { budget }, ...more }, 'test'));

test('without a budget nothing is reckoned; with one that is kept the expected bill is known', () => {
  expect(stackBudget(parseConfig({}, 'test'))).toBeUndefined();
  const { bill, workload, on, off } = of({ monthlyUsd: 100, eventsPerDay: 50_000 }) ?? {};
  expect(bill?.totalUsd).toBe(workload === undefined ? 0 : billOf(workload).totalUsd);
  expect([on, off]).toEqual([null, []]);
});

test('a bill above it is refused with the dimension that costs most, and what to do', () => {
  const metrics = { dimensions: ['symbol', 'venue'] };
  const dear = { monthlyUsd: 100, eventsPerDay: 50_000, strategies: 3, dimensions: { symbol: 20, venue: 2 } };
  expect(() => of(dear, { metrics })).toThrow(
    /aws\.budget: 3 strategies with 50000 events a day cost about \$\d+\.\d\d a month, and the budget is \$100\.00; .*dimension that costs most is symbol: its 20 values .* take symbol out of metrics\.dimensions/,
  );
  expect(() => of({ monthlyUsd: 100, eventsPerDay: 50_000, strategies: 40 })).toThrow(
    'costs most is strategy_id: its 40 values',
  );
  expect(() => of({ monthlyUsd: 20, eventsPerDay: 5_000_000 })).toThrow('the dearest line is');
});

test('named strategies lose their metrics from the end of the list until the bill fits', () => {
  const strategies = Array.from({ length: 20 }, (_, i) => `s${i}`);
  const found = of({ monthlyUsd: 100, eventsPerDay: 50_000, strategies });

  expect(found?.on?.length).toBeGreaterThan(0);
  expect([...(found?.on ?? []), ...(found?.off ?? [])]).toEqual(strategies);
  expect(found?.bill.totalUsd).toBeLessThanOrEqual(100);
  const one = billOf({
    ...(found?.workload as NonNullable<typeof found>['workload']),
    metricStrategies: (found?.on?.length ?? 0) + 1,
  });
  expect(one.totalUsd).toBeGreaterThan(100);
});

test.each([
  [{ monthlyUsd: 10, strategies: 3 }, {}, 'aws.budget.eventsPerDay'],
  [{ monthlyUsd: 10, eventsPerDay: 1, dimensions: { symbol: 3 } }, {}, 'aws.budget.dimensions.symbol'],
  [{ monthlyUsd: 10, eventsPerDay: 1 }, { metrics: { dimensions: ['venue'] } }, 'aws.budget.dimensions.venue'],
])('%j is refused by name', (budget, more, key) => {
  expect(() => of(budget, more)).toThrow(key);
});

test('only named strategies that are to publish are counted and kept; where none is, still the metrics of the pipeline are paid', () => {
  const strategies = Array.from({ length: 20 }, (_, i) => `s${i}`);
  const budget = { eventsPerDay: 50_000, strategies };
  const chosen = of({ ...budget, monthlyUsd: 200 }, { metrics: { strategies: ['s19', 's18', 's3', 'other'] } });
  expect(chosen?.workload.metricStrategies).toBe(3);
  expect([chosen?.on, chosen?.off]).toEqual([['s19', 's18', 's3', 'other'], []]);

  const short = of({ ...budget, monthlyUsd: 100 }, { metrics: { strategies: ['s19', 's18', 's3', 's4'] } });
  expect([...(short?.on ?? []), ...(short?.off ?? [])]).toEqual(['s3', 's4', 's18', 's19']);
  expect(short?.off).not.toEqual([]);

  const none = of({ ...budget, monthlyUsd: 1_000 }, { metrics: { strategies: [] } });
  expect([none?.on, none?.bill.usage.metrics]).toEqual([[], 7]);
  const silent = of({ ...budget, monthlyUsd: 1_000 }, { metrics: { publish: false } });
  expect([silent?.on, silent?.off, silent?.bill.usage.metrics]).toEqual([null, [], 0]);
});

test('metrics that only dashboards show are counted where they are published', () => {
  const of_ = (extra: boolean) => of({ monthlyUsd: 1_000, eventsPerDay: 50_000 }, { metrics: { extra } });
  const [plain, extra] = [of_(false)?.bill.usage.metrics ?? 0, of_(true)?.bill.usage.metrics ?? 0];
  const optional = METRICS.filter((one) => one.optional);
  expect(extra - plain).toBe(
    optional.reduce((sum, { dimensions }) => sum + (dimensions.includes('source') ? SOURCES.length : 1), 0),
  );
  expect(optional.length).toBeGreaterThan(0);
});
