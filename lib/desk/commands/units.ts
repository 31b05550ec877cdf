import { NightdeskError } from '../../core/errors.ts';

const SIZES: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
};
const DURATIONS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7, w: 6.048e8 };

/** Reads sizes such as `500MB`, `1.5GiB` or `0`. @returns bytes. @throws CONFIG_INVALID that names the option */
export const sizeOption = (option: string): ((value: string) => number) =>
  unitOption(option, SIZES, 'a size such as 500MB or 1GiB');

/** Reads durations such as `90s`, `12h` or `7d`. @returns ms. @throws CONFIG_INVALID that names the option */
export const durationOption = (option: string): ((value: string) => number) =>
  unitOption(option, DURATIONS, 'a duration such as 90s, 12h or 7d');

const unitOption =
  (option: string, units: Readonly<Record<string, number>>, what: string) =>
  (value: string): number => {
    const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(value.trim()) ?? [];
    const factor = Object.hasOwn(units, unit.toLowerCase()) ? units[unit.toLowerCase()] : undefined;
    const result = Math.round(Number(number) * (factor ?? Number.NaN));
    if (number === '' || !Number.isSafeInteger(result))
      throw new NightdeskError('CONFIG_INVALID', `${option} must be ${what}, got ${value}`);
    return result;
  };

/** Reads a UTC day. @throws CONFIG_INVALID that names the option */
export const dayOption =
  (option: string): ((value: string) => string) =>
  (value) => {
    if (isDay(value)) return value;
    throw new NightdeskError('CONFIG_INVALID', `${option} must be a UTC day such as 2025-11-21, got ${value}`);
  };

/** Whether it is a day of the calendar, written as 2025-11-21. */
export function isDay(value: string): boolean {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(value) ? Date.parse(value) : Number.NaN;
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(value);
}
