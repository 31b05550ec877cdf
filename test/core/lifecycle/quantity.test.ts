import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quantityOf, unitsOf } from '../../../lib/core/lifecycle/quantity.ts';
import { addOrNull, addTo, emptySum, openSum, sumFrom, totalOf, totalOrNull } from '../../../lib/core/lifecycle/sum.ts';

const RUNS = { numRuns: 20_000 };

/** The definition, slowly: the shortest decimal text, rounded half away from zero at the twelfth decimal. */
function unitsByText(value: number): bigint {
  const [mantissa = '', exponent = '0'] = String(Math.abs(value)).split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const point = whole.length + Number(exponent);
  const digits = `${'0'.repeat(Math.max(0, 1 - point))}${whole}${fraction}`.padEnd(Math.max(point, 1) + 13, '0');
  const at = Math.max(point, 1) + 12;
  const units = BigInt(digits.slice(0, at)) + (Number(digits[at]) >= 5 ? 1n : 0n);
  return value < 0 ? -units : units;
}

const decimal = fc
  .tuple(fc.bigInt({ min: 1n, max: 10n ** 15n - 1n }), fc.integer({ min: 0, max: 12 }))
  .map(([digits, places]) => ({ digits, places, value: Number(`${digits}e-${places}`) }));

describe('a quantity in units', () => {
  test('is its shortest decimal, however it is written', () => {
    expect(unitsOf(0.010717)).toBe(10_717_000_000n);
    expect(unitsOf(0.010716999999999999)).toBe(10_717_000_000n); // a real bot's arithmetic
    expect(unitsOf(-0.5)).toBe(-500_000_000_000n);
    expect(unitsOf(1e-12)).toBe(1n);
    expect(unitsOf(1.5e-7)).toBe(150_000n);
    expect(unitsOf(123_456_789.123456)).toBe(123_456_789_123_456_000_000n);
    expect(unitsOf(1e21)).toBe(10n ** 33n);
    expect(unitsOf(0)).toBe(0n);
    expect(unitsOf(-0)).toBe(0n);
  });

  test('makes what was bought and sold again nothing, where doubles do not', () => {
    const units = [0.1, 0.2, -0.3].map((value) => unitsOf(value) ?? 0n);

    expect(0.1 + 0.2 - 0.3).not.toBe(0);
    expect(units.reduce((sum, each) => sum + each, 0n)).toBe(0n);
  });

  test('of any decimal of up to 15 digits and 12 places is exact, and comes back as the same number', () => {
    fc.assert(
      fc.property(decimal, ({ digits, places, value }) => {
        expect(unitsOf(value)).toBe(digits * 10n ** BigInt(12 - places));
        expect(quantityOf(digits * 10n ** BigInt(12 - places))).toBe(value);
        expect(unitsOf(-value)).toBe(-digits * 10n ** BigInt(12 - places));
      }),
      RUNS,
    );
  });

  test('of any number is its decimal text rounded, or is refused as too fine', () => {
    const any = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
      fc.double({ min: 1e-4, max: 2000, noNaN: true }),
      fc.tuple(decimal, decimal).map(([a, b]) => a.value + b.value),
    );
    fc.assert(
      fc.property(any, (value) => {
        const expected = unitsByText(value);
        const moved = Math.abs(Number(`${expected}e-12`) - value);
        const limit = Math.abs(value) * 1e-9;
        const units = unitsOf(value);

        if (moved <= limit * 0.999) expect(units).toBe(expected);
        else if (moved > limit * 1.001) expect(units).toBeUndefined();
      }),
      RUNS,
    );
  });

  test('is refused where it is finer than units can say, and where it is no number', () => {
    for (const value of [1e-13, 5e-324, 1.0000005e-6, 1.4e-12, Number.NaN, Number.POSITIVE_INFINITY, -1 / 0])
      expect(unitsOf(value), String(value)).toBeUndefined();
  });

  test('comes back as the nearest double, of any size', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (units) => {
        expect(quantityOf(units)).toBe(Number(`${units}e-12`) + 0);
      }),
      RUNS,
    );
  });
});

describe('a compensated sum', () => {
  test('keeps what a plain one loses between large and small parts', () => {
    const parts = Array.from({ length: 100_000 }, (_, i) => (i % 2 === 0 ? 0.1 : 1e10));
    const sum = emptySum();
    for (const part of [...parts, ...parts.map((part) => -part)]) addTo(sum, part);
    const plain = [...parts, ...parts.map((part) => -part)].reduce((all, part) => all + part, 0);

    expect(Math.abs(totalOf(sum))).toBeLessThan(1e-12);
    expect(Math.abs(plain)).toBeGreaterThan(1e-6);
  });

  test('is what bigint arithmetic says, to the last digits, for any parts', () => {
    const cents = fc.array(fc.bigInt({ min: -(10n ** 14n), max: 10n ** 14n }), { maxLength: 200 });
    fc.assert(
      fc.property(cents, (parts) => {
        const sum = emptySum();
        for (const part of parts) addTo(sum, Number(part) / 100);
        const exact = Number(parts.reduce((all, part) => all + part, 0n)) / 100;
        const turnover = parts.reduce((all, part) => all + Math.abs(Number(part)), 1);

        expect(Math.abs(totalOf(sum) - exact)).toBeLessThanOrEqual(turnover * 1e-15);
      }),
      { numRuns: 3_000 },
    );
  });

  test('of which one part is not known is not known, and stays so', () => {
    expect(addOrNull(addOrNull(sumFrom(5), null), 3)).toBeNull();
    expect(totalOrNull(null)).toBeNull();
    expect(totalOrNull(addOrNull(sumFrom(5), -5))).toBe(0);
  });

  test('that is no number any more is none after JSON either', () => {
    const sum = addTo(sumFrom(Number.MAX_VALUE), Number.MAX_VALUE);

    expect(totalOf(sum)).toBeNaN();
    expect(totalOf(openSum(JSON.parse(JSON.stringify(sum))))).toBeNaN();
  });
});
