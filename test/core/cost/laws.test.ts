import fc from 'fast-check';
import { expect, test } from 'vitest';
import { billOf } from '../../../lib/core/cost/bill.ts';
import { metricsWithin, splitByBudget } from '../../../lib/core/cost/budget.ts';
import { ingestedOf } from '../../../lib/core/cost/ingest.ts';
import { type Workload, workloadOf } from '../../../lib/core/cost/workload.ts';

const decades = (min: number, max: number): fc.Arbitrary<number> =>
  fc.tuple(fc.double({ min: Math.log10(min), max: Math.log10(max), noNaN: true })).map(([power]) => 10 ** power);
const events = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2_000_000 }), decades(1, 1e11));
const bytes = fc.oneof(fc.integer({ min: 1, max: 1_024_000 }), fc.integer({ min: 1, max: 8_000 }), fc.constant(5_120));
const strategies = fc.integer({ min: 1, max: 5_000 });

const workloads: fc.Arbitrary<Workload> = fc
  .record({
    eventsPerDay: events,
    bytes,
    strategies,
    streams: fc.integer({ min: 1, max: 400 }),
    linesPerRecord: fc.option(fc.integer({ min: 1, max: 400 }), { nil: null }),
    flushMs: fc.constantFrom(50, 1_000, 10_000, 60_000),
    bufferMs: fc.constantFrom(60_000, 300_000, 900_000),
    month: fc.integer({ min: 1, max: 120 }),
    queriesPerDay: fc.constantFrom(0, 20, 5_000),
    scanBytes: fc.constantFrom(null, 0, 1e9),
    reconcileDays: fc.constantFrom(0, 7),
    dimensions: fc.constantFrom({}, { symbol: 5 }, { symbol: 5, source: 3 }),
    tracing: fc.boolean(),
    kms: fc.boolean(),
    freeTier: fc.boolean(),
  })
  .map(workloadOf);

const total = (workload: Workload): number => billOf(workload).totalUsd;
/** Sums of floats. */
const atMost = (less: number, more: number): void => expect(less).toBeLessThanOrEqual(more * (1 + 1e-9) + 1e-9);

test('the items sum to the total, shares to one, and nothing is negative or unknown', () => {
  fc.assert(
    fc.property(workloads, (workload) => {
      const { items, totalUsd } = billOf(workload);
      const sum = items.reduce((all, { usd }) => all + usd, 0);
      expect(Math.abs(sum - totalUsd)).toBeLessThanOrEqual(1e-9 * totalUsd); // sums of doubles depend on their order
      expect(items.reduce((all, { share }) => all + share, 0)).toBeCloseTo(1, 6);
      for (const { usd, quantity, unitPrice } of items)
        for (const value of [usd, quantity, unitPrice]) {
          expect(Number.isFinite(value)).toBe(true);
          expect(value).toBeGreaterThanOrEqual(0);
        }
    }),
  );
});

test('more events never cost less', () => {
  fc.assert(
    fc.property(workloads, events, (workload, eventsPerDay) => {
      const [few, many] = [workload.eventsPerDay, eventsPerDay].sort((a, b) => a - b) as [number, number];
      atMost(total({ ...workload, eventsPerDay: few }), total({ ...workload, eventsPerDay: many }));
    }),
  );
});

test('larger events never cost less', () => {
  fc.assert(
    fc.property(workloads, bytes, (workload, other) => {
      const [small, large] = [workload.bytes, other].sort((a, b) => a - b) as [number, number];
      atMost(total({ ...workload, bytes: small }), total({ ...workload, bytes: large }));
    }),
    { numRuns: 500 },
  );
});

test('more strategies never cost less, whether the added ones publish metrics or not', () => {
  fc.assert(
    fc.property(workloads, strategies, fc.boolean(), (workload, other, publish) => {
      const [few, many] = [workload.strategies, other].sort((a, b) => a - b) as [number, number];
      const of = (n: number): Workload => ({ ...workload, strategies: n, metricStrategies: publish ? n : few });
      atMost(total(of(few)), total(of(many)));
    }),
  );
});

test('packing never costs more than sending each event as a record of its own', () => {
  fc.assert(
    fc.property(workloads, (workload) => {
      atMost(total(workload), total({ ...workload, linesPerRecord: 1 }));
    }),
    { numRuns: 500 },
  );
});

test('no record is billed at less than it holds, nor at less than one step', () => {
  fc.assert(
    fc.property(workloads, (workload) => {
      const { records, billedBytes, sentBytes } = ingestedOf(workload);
      atMost(sentBytes, billedBytes);
      if (workload.linesPerRecord !== null) atMost(records * 5_120, billedBytes);
    }),
  );
});

test('without events only what is there anyway is paid: strategies, bytes and packing change nothing', () => {
  fc.assert(
    fc.property(workloads, workloads, ({ bytes: size, strategies: count, linesPerRecord, flushMs }, other) => {
      const idle = { ...other, eventsPerDay: 0, metricStrategies: 0 };
      const changed = { ...idle, bytes: size, strategies: count, linesPerRecord, flushMs };
      expect(total(changed)).toBeCloseTo(total(idle), 9);
    }),
  );
});

test('a longer month of history, and a free tier that is used up, cost no less', () => {
  fc.assert(
    fc.property(workloads, (workload) => {
      atMost(total({ ...workload, month: 1 }), total(workload));
      atMost(total({ ...workload, freeTier: true }), total({ ...workload, freeTier: false }));
    }),
  );
});

test('a budget keeps as many metrics on as fit, and no more', () => {
  fc.assert(
    fc.property(workloads, decades(1, 1e5), (workload, budgetUsd) => {
      const { on, off, totalUsd, withNoneUsd } = metricsWithin(workload, budgetUsd);
      expect(on + off).toBe(workload.metricStrategies);
      expect(totalUsd).toBe(total({ ...workload, metricStrategies: on }));
      if (withNoneUsd > budgetUsd) expect(on).toBe(0);
      else expect(totalUsd).toBeLessThanOrEqual(budgetUsd);
      if (off > 0 && withNoneUsd <= budgetUsd && workload.eventsPerDay * 30 >= workload.strategies)
        expect(total({ ...workload, metricStrategies: on + 1 })).toBeGreaterThan(budgetUsd);
    }),
    { numRuns: 50 },
  );
});

test('a higher budget never turns metrics off, and names stay in the order they were given', () => {
  fc.assert(
    fc.property(workloads, decades(1, 1e5), decades(1, 1e5), (workload, a, b) => {
      const [low, high] = [a, b].sort((x, y) => x - y) as [number, number];
      const names = Array.from({ length: workload.strategies }, (_, i) => `s${i}`);
      const few = splitByBudget(names, metricsWithin(workload, low).on);
      const many = splitByBudget(names, metricsWithin(workload, high).on);
      expect(many.on.slice(0, few.on.length)).toEqual(few.on);
      expect([...few.on, ...few.off]).toEqual(names);
    }),
    { numRuns: 50 },
  );
});
