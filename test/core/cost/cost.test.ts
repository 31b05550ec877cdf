import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseConfig } from '../../../lib/core/config/index.ts';
import { adviceOn } from '../../../lib/core/cost/advice.ts';
import { billOf } from '../../../lib/core/cost/bill.ts';
import { metricsWithin, splitByBudget } from '../../../lib/core/cost/budget.ts';
import { ingestedOf } from '../../../lib/core/cost/ingest.ts';
import { deliveryStreams, limitsOf } from '../../../lib/core/cost/limits.ts';
import { dearestDimension, metricsPerStrategy } from '../../../lib/core/cost/metrics.ts';
import { chargeOf } from '../../../lib/core/cost/price.ts';
import { LOOKED_UP, PRICES } from '../../../lib/core/cost/prices.ts';
import { STACK } from '../../../lib/core/cost/usage.ts';
import { DEFAULT_WORKLOAD, type Workload, workloadOf } from '../../../lib/core/cost/workload.ts';
import { ROOT } from '../../repo/checkout.ts';

const adviceFor = (given: Partial<Workload>) => {
  const workload = workloadOf(given);
  return adviceOn(workload, billOf(workload));
};
const limitsFor = (given: Partial<Workload>) => {
  const workload = workloadOf(given);
  return limitsOf(workload, billOf(workload).usage);
};

test('tiers are paid one after the other', () => {
  // 10,000 × 0.30 + 240,000 × 0.10 + 10,000 × 0.05
  expect(chargeOf(PRICES.metrics, 260_000)).toBeCloseTo(27_500, 6);
  // AWS’s customers of 60 TB of logs pay 10,240 × 0.50 + 20,480 × 0.25 + 20,480 × 0.10 + 10,240 × 0.05
  expect(chargeOf(PRICES.logsIngested, 61_440)).toBeCloseTo(12_800, 6);
  expect(chargeOf(PRICES.lambdaRequests, 3_000_000, 1_000_000)).toBeCloseTo(0.4, 9);
  expect(chargeOf(PRICES.lambdaRequests, 500_000, 1_000_000)).toBe(0);
});

test('every price says where to check it, and none claims more than was seen', () => {
  for (const [id, price] of Object.entries(PRICES)) {
    expect(price.page, id).toMatch(/^https:\/\/aws\.amazon\.com\/[a-z0-9-]+\/pricing\/$/);
    for (const seen of price.seen) expect(seen, id).toMatch(/^https:\/\//);
    if (price.verified === 'two sources')
      if (price.verified === 'two sources') expect(price.seen.length, id).toBeGreaterThanOrEqual(2);
    if (price.verified === 'one source' && price.seen.length === 0) expect(price.note, id).not.toBe('');
    expect(price.tiers.at(-1)?.upTo, id).toBeNull();
    const ends = price.tiers.map(({ upTo }) => upTo ?? Number.POSITIVE_INFINITY);
    expect(ends, id).toEqual([...ends].sort((a, b) => a - b));
  }
  expect(LOOKED_UP).toMatch(/^\d{4}-\d{2}-\d{2}$/);
});

test('nineteen names are 25 metrics, and each dimension multiplies them; source is not counted twice', () => {
  expect(metricsPerStrategy({})).toBe(17 + 2 * 4);
  expect(metricsPerStrategy({ symbol: 5 })).toBe(5 * 25);
  expect(metricsPerStrategy({ symbol: 5, source: 3 })).toBe(19 * 5 * 3);
});

test('three strategies with five symbols and three sources on every metric cost $258.60 in metrics', () => {
  const workload = workloadOf({ eventsPerDay: 50_000, strategies: 3, dimensions: { symbol: 5, source: 3 } });

  expect(billOf(workload).items.find(({ price }) => price === 'metrics')).toMatchObject({
    quantity: 3 * 19 * 15 + 7,
    usd: 862 * 0.3,
  }); // and seven of the stack
  expect(dearestDimension(workload)).toEqual({ dimension: 'symbol', values: 5, metrics: 855, without: 171 });
});

test('where there are more strategies than values of anything else, they are the dearest dimension', () => {
  expect(dearestDimension(workloadOf({ strategies: 40, dimensions: { symbol: 5 } }))).toMatchObject({
    dimension: 'strategy_id',
    without: 125,
  });
  expect(dearestDimension(workloadOf({ metricStrategies: 0 }))).toBeUndefined();
});

test('a budget turns metrics off from the end of the list', () => {
  const workload = workloadOf({ eventsPerDay: 50_000, strategies: 4 });
  const none = billOf({ ...workload, metricStrategies: 0 }).totalUsd;
  const two = billOf({ ...workload, metricStrategies: 2 }).totalUsd;
  // each strategy costs 25 × 0.30 and its lines of metrics; those of the pipeline are published without any too
  expect(two - none).toBeGreaterThan(2 * 7.5);
  const { on } = metricsWithin(workload, two + 0.2);

  expect(splitByBudget(['a', 'b', 'c', 'd'], on)).toEqual({ on: ['a', 'b'], off: ['c', 'd'] });
  expect(metricsWithin(workload, none - 0.01)).toMatchObject({ on: 0, off: 4 });
  expect(metricsWithin(workload, 1e6)).toMatchObject({ on: 4, off: 0 });
  expect(() => metricsWithin(workload, -1)).toThrow('a budget must be an amount');
});

test('the advice is what saves most: packing for single records, longer buffers for a packed one', () => {
  expect(adviceFor({ eventsPerDay: 5e6, linesPerRecord: 1, metricStrategies: 0 }).tip?.tip).toContain('400 lines');
  expect(adviceFor({ eventsPerDay: 5e6, linesPerRecord: 400, metricStrategies: 0 }).tip?.tip).toContain('--buffer');
  expect(adviceFor({ eventsPerDay: 5e4, strategies: 3, dimensions: { symbol: 50 } }).tip?.tip).toContain('symbol');
  expect(adviceFor({ eventsPerDay: 5e4, strategies: 100 }).driver?.item.price).toBe('metrics');
});

test('a tip saves what it says', () => {
  const workload = workloadOf({ eventsPerDay: 5e6, linesPerRecord: 1 });
  const { tip } = adviceOn(workload, billOf(workload));

  const packed = billOf({ ...workload, linesPerRecord: 400 }).totalUsd;
  expect(tip?.savesUsd).toBeCloseTo(billOf(workload).totalUsd - packed, 9);
});

test('a thousand million events a day are beyond one delivery stream, and fifty million are not', () => {
  // 11,574 events a second × 500 bytes = 5.79 MB/s, and one stream takes 5.24
  const limits = limitsFor({ eventsPerDay: 1e9, strategies: 500, flushMs: 10_000 });

  expect(limits.find(({ limit }) => limit === 'Firehose: data')).toMatchObject({ ok: false, allowed: 5_242_880 });
  expect(deliveryStreams(limits)).toBe(2);
  const fewer = limitsFor({ eventsPerDay: 5e7, strategies: 50, flushMs: 10_000 });
  expect(fewer.filter(({ limit }) => limit.startsWith('Firehose')).every(({ ok }) => ok)).toBe(true);
  expect(deliveryStreams(fewer)).toBe(1);
});

test('a month that compares seven days of five million events has no night long enough for one function', () => {
  const night = limitsFor({ eventsPerDay: 5e6 }).find(({ unit }) => unit === 'seconds');

  expect(night).toMatchObject({ ok: false, allowed: 900 });
});

test('numbers outside their range are refused with name, value and range', () => {
  expect(() => workloadOf({ bytes: 0 })).toThrow('bytes must be a number from 1 to 1024000, got 0');
  expect(() => workloadOf({ strategies: 1.5 })).toThrow('strategies must be a whole number from 1 to 100000, got 1.5');
  expect(() => workloadOf({ eventsPerDay: Number.NaN })).toThrow('eventsPerDay');
  expect(() => workloadOf({ dimensions: { symbol: 0 } })).toThrow('dimension symbol must be');
  expect(() => workloadOf({ metricStrategies: 2 })).toThrow('at most strategies (1), got 2');
});

// The model says what the stack is; these hold it to the stack’s own sources.

const source = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

test.each(Object.entries(STACK.memoryMb))('the memory of %s is that of the stack: %i MB', (stage, memoryMb) => {
  expect(source(`lib/infra/${stage}.ts`)).toContain(`memoryMb: ${memoryMb},`);
});

test('retention, buffer and logs are the defaults of the configuration', () => {
  const { aws } = parseConfig({}, 'nothing');
  const days = (kept: number | 'forever'): number => Number(kept) / 86_400_000;

  expect(days(aws.retention.raw)).toBe(STACK.keptDays.raw);
  expect(days(aws.retention.debug)).toBe(STACK.keptDays.debug);
  expect(Math.round(days(aws.retention.audit) / 365)).toBe(STACK.keptDays.audit / 365);
  expect(aws.retention.logs).toBe(`${DEFAULT_WORKLOAD.logDays}d`);
  expect(aws.buffer).toEqual({ interval: DEFAULT_WORKLOAD.bufferMs, size: STACK.objectBytes });
});

const billedBytes = (bytes: number, linesPerRecord: number): number => {
  const { records, billedBytes: billed } = ingestedOf(workloadOf({ eventsPerDay: 24, bytes, linesPerRecord }));
  return billed / records;
};

test('a record is billed as AWS’s pricing page says: 3 KB as 5, 12 as 15, 42 as 45, and two of 1 KB as 10', () => {
  const KB = 1024;

  expect(billedBytes(3 * KB, 1)).toBeCloseTo(5 * KB, 6);
  expect(billedBytes(12 * KB, 1)).toBeCloseTo(15 * KB, 6);
  expect(billedBytes(42 * KB, 1)).toBeCloseTo(45 * KB, 6);
  expect(2 * billedBytes(KB, 1)).toBeCloseTo(10 * KB, 6);
  expect(billedBytes(5 * KB, 1)).toBeCloseTo(5 * KB, 6);
  expect(billedBytes(KB, 5)).toBeCloseTo(5 * KB, 6); // five together
});

test('where records are full, an event that is a little larger costs no less', () => {
  const perEvent = (bytes: number): number =>
    ingestedOf(workloadOf({ eventsPerDay: 1e6, bytes, linesPerRecord: 400 })).billedBytes;

  // whole lines would make 101 of 2,595 bytes fill 52 steps, and 100 of 2,600 bytes 51
  expect(perEvent(2_600)).toBeGreaterThanOrEqual(perEvent(2_595));
});

test('a bot that says one thing a second has nothing to pack within one, and ten things within ten', () => {
  const at = (flushMs: number) => ingestedOf(workloadOf({ eventsPerDay: 86_400, flushMs }));

  expect(at(1_000).linesPerRecord).toBeCloseTo(1, 9);
  expect(at(10_000).linesPerRecord).toBeCloseTo(10, 9);
  // ten events of 500 bytes: 5,000, and half a step lost on average
  expect(at(10_000).billedBytes / at(10_000).records).toBeCloseTo(7_560, 6);
});
