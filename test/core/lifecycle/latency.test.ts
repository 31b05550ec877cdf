import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_CLOCK_US } from '../../../lib/core/lifecycle/input.ts';
import { latencyOf, reasonOf } from '../../../lib/core/lifecycle/latency.ts';

const clock = fc.oneof(
  fc.integer({ min: 0, max: 4e15 }),
  fc.integer({ min: 0, max: 3 }),
  fc.constantFrom(null, undefined, Number.NaN, NO_CLOCK_US),
);

describe('a latency', () => {
  test('is above 0, or null with one reason, for any two clocks', () => {
    fc.assert(
      fc.property(clock, clock, (from, to) => {
        const { ms, reason } = latencyOf(from, to);
        expect(ms === null).toBe(reason !== null);
        if (ms !== null) expect(ms).toBeGreaterThan(0);
        if (ms !== null && typeof from === 'number' && typeof to === 'number') expect(ms).toBe((to - from) / 1000);
      }),
    );
  });

  test('says of clocks that say nothing why', () => {
    expect(latencyOf(1_000, 2_500)).toEqual({ ms: 1.5, reason: null });
    expect(latencyOf(1_000, 1_000)).toEqual({ ms: null, reason: 'equal' });
    expect(latencyOf(2_000, 1_000)).toEqual({ ms: null, reason: 'reversed' });
    expect(latencyOf(null, 1_000)).toEqual({ ms: null, reason: 'missing' });
    expect(latencyOf(NO_CLOCK_US, 1_000)).toEqual({ ms: null, reason: 'missing' });
  });

  test('of several gives the reason that says most', () => {
    const [known, missing, equal, reversed] = [latencyOf(1, 2), latencyOf(1, null), latencyOf(1, 1), latencyOf(2, 1)];
    expect(reasonOf([known, missing, equal, reversed])).toBe('reversed');
    expect(reasonOf([known, missing, equal])).toBe('equal');
    expect(reasonOf([missing, known])).toBe('missing');
    expect(reasonOf([known])).toBeNull();
  });
});
