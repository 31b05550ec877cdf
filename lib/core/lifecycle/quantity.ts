import { UNITS_PER_ONE } from './book-types.ts';

// Quantities are whole numbers of 1e-12 inside the books, so that what was bought and sold again is exactly nothing:
// in doubles 0.1 + 0.2 − 0.3 is not.

const DECIMALS = 12;
const PER_ONE = Number(UNITS_PER_ONE);

/** Up to here a decimal and its double stand for each other: no two decimals of 15 digits share a double (IEEE 754). */
const EXACT = 1e15;

/** How far rounding may move a quantity: the agreement that is asked of all figures (semantics 2). */
const TOLERANCE = 1e-9;

/**
 * A quantity in units of 1e-12: its shortest decimal text, rounded half away from zero, so that the noise of a bot's
 * arithmetic (0.010716999999999999) goes.
 * @returns undefined where it is not finite, or so fine that rounding moves it by more than 1e-9 of itself
 */
export function unitsOf(value: number): bigint | undefined {
  const size = Math.abs(value);
  const scaled = size * PER_ONE;
  if (scaled < EXACT) {
    const units = Math.round(scaled);
    const moved = Math.abs(scaled - units);
    // Text and product differ by less than 0.12 units here: unless near a half they round alike.
    if (moved < 0.375) return moved <= scaled * TOLERANCE ? BigInt(value < 0 ? -units : units) : undefined;
  } else {
    const millionths = Math.round(size * 1e6);
    if (millionths < EXACT && millionths / 1e6 === size)
      return BigInt(value < 0 ? -millionths : millionths) * 1_000_000n;
  }
  return Number.isFinite(value) ? fromText(value) : undefined;
}

/** The double nearest to so many units. */
export function quantityOf(units: bigint): number {
  const whole = Number(units);
  // Both are exact here, so that the quotient is rounded once; beyond, the text is.
  return whole <= Number.MAX_SAFE_INTEGER && whole >= -Number.MAX_SAFE_INTEGER
    ? whole / PER_ONE
    : Number(`${units}e-${DECIMALS}`);
}

function fromText(value: number): bigint | undefined {
  const [mantissa = '', exponent = '0'] = String(Math.abs(value)).split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const digits = BigInt(whole + fraction);
  const shift = Number(exponent) - fraction.length + DECIMALS;
  const units = shift >= 0 ? digits * 10n ** BigInt(shift) : roundedOff(digits, -shift);
  const moved = Math.abs(quantityOf(units) - Math.abs(value));
  if (moved > Math.abs(value) * TOLERANCE) return undefined;
  return value < 0 ? -units : units;
}

function roundedOff(digits: bigint, places: number): bigint {
  const unit = 10n ** BigInt(places);
  return (digits + unit / 2n) / unit;
}
