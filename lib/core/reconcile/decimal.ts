import { UNITS_PER_ONE } from '../lifecycle/book-types.ts';
import type { Decimal } from './types.ts';

const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,3}))?$/i;
const DIGITS = 12;

/** Why a text is no number that can be believed. */
export type NotANumber = string;

/**
 * Reads a number of a venue's file: digits, one decimal point, an exponent. Thousands separators, decimal commas and
 * formulas are refused rather than guessed: `1,234` is 1.234 in half of the world.
 */
export function readDecimal(given: unknown): Decimal | NotANumber {
  if (typeof given === 'number')
    return Number.isFinite(given) ? { text: String(given), value: given } : 'is not a finite number';
  if (typeof given !== 'string') return 'is not a number';
  const text = given.trim();
  const match = NUMBER.exec(text);
  if (match !== null && `${match[2]}${match[3] ?? ''}` !== '') {
    const value = Number(text);
    return Number.isFinite(value) ? { text, value } : 'is not a finite number';
  }
  if (text === '') return 'is empty';
  if (/^[=@]|^[+-]\s*[a-z(]/i.test(text)) return 'is a formula, not a number';
  if (/^[+-]?\d{1,3}(?:[,'’ \u00a0\u202f]\d{3})+(?:\.\d+)?$/.test(text))
    return 'has thousands separators; export it without them';
  if (/^[+-]?\d+,\d+$/.test(text)) return 'has a comma; decimals need a point';
  return 'is not a number';
}

export const isDecimal = (read: Decimal | NotANumber): read is Decimal => typeof read !== 'string';

/** `12.5BTC` as the number and the asset behind it, which some exports write into one cell. */
export function splitAsset(text: string): { readonly number: string; readonly asset: string | null } {
  const match = /^\s*([+-]?[\d.,'’]+)\s*([A-Z][A-Z0-9]{1,14})\s*$/.exec(text);
  return match === null ? { number: text, asset: null } : { number: match[1] ?? '', asset: match[2] ?? null };
}

/** A number as units of 1e-12, exactly; what is finer is rounded half away from zero. */
export function unitsOf({ text }: Pick<Decimal, 'text'>): bigint {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = NUMBER.exec(text.trim()) ?? [];
  const digits = BigInt(`${whole}${fraction}` || '0');
  const shift = Number(exponent) - fraction.length + DIGITS;
  const units = shift >= 0 ? digits * 10n ** BigInt(shift) : rounded(digits, 10n ** BigInt(-shift));
  return sign === '-' ? -units : units;
}

const rounded = (digits: bigint, scale: bigint): bigint => (digits + scale / 2n) / scale;

/** Units of 1e-12 as a plain decimal. */
export function unitsText(units: bigint): string {
  const magnitude = units < 0n ? -units : units;
  const fraction = String(magnitude % UNITS_PER_ONE)
    .padStart(DIGITS, '0')
    .replace(/0+$/, '');
  return `${units < 0n ? '-' : ''}${magnitude / UNITS_PER_ONE}${fraction === '' ? '' : `.${fraction}`}`;
}

export const unitsNumber = (units: bigint): number => Number(unitsText(units));

/** Units of a double as its shortest decimal says it. */
export const unitsOfNumber = (value: number): bigint => unitsOf({ text: String(value) });
