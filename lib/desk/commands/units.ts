import { readDuration, readSize } from '../../core/config/units.ts';
import { NightdeskError } from '../../core/errors.ts';

/** Reads sizes such as `500MB`, `1.5GiB` or `0`. @returns bytes. @throws CONFIG_INVALID that names the option */
export const sizeOption = (option: string): ((value: string) => number) =>
  unitOption(option, readSize, 'a size such as 500MB or 1GiB');

/** Reads durations such as `90s`, `12h` or `7d`. @returns ms. @throws CONFIG_INVALID that names the option */
export const durationOption = (option: string): ((value: string) => number) =>
  unitOption(option, readDuration, 'a duration such as 90s, 12h or 7d');

const unitOption =
  (option: string, read: (text: string) => number | undefined, what: string) =>
  (value: string): number => {
    const result = read(value);
    if (result === undefined) throw new NightdeskError('CONFIG_INVALID', `${option} must be ${what}, got ${value}`);
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
