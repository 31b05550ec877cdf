const DIGITS = 40n;
const SCALE = 10n ** DIGITS;
const UNITS = 10n ** 12n;

/** Decimal numbers with forty places as whole numbers: far more than the ledger has, and no rounding worth a thought. */
export const D = {
  ONE: SCALE,
  /** A double as what it is: a whole number times a power of two. */
  from(value: number): bigint {
    let [whole, halvings] = [value, 0n];
    while (!Number.isInteger(whole)) {
      whole *= 2;
      halvings++;
    }
    return (BigInt(whole) * SCALE) >> halvings;
  },
  mul: (a: bigint, b: bigint): bigint => (a * b) / SCALE,
  div: (a: bigint, b: bigint): bigint => (a * SCALE) / b,
  /** Times a quantity in units of 1e-12. */
  times: (a: bigint, units: bigint): bigint => (a * units) / UNITS,
  /** Divided by a quantity in units of 1e-12. */
  per: (a: bigint, units: bigint): bigint => (a * UNITS) / units,
  ofUnits: (units: bigint): bigint => (units * SCALE) / UNITS,
  /** The nearest whole number of units of 1e-12. */
  round: (a: bigint): bigint => ((a * UNITS * 2n) / SCALE + 1n) >> 1n,
  toNumber: (a: bigint): number => Number(a) / Number(SCALE),
};
