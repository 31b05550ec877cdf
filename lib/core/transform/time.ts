// Instants are whole microseconds since the epoch: exact in a double until the year 2255, where milliseconds would lose
// the bots' last three decimals.

/** An instant read from a bot's value. */
export interface Instant {
  readonly us: number;
  /** The value had no zone. */
  readonly naive: boolean;
}

/** Before 1973 or after 5138 an epoch number is more likely a counter than a time. */
const MIN_EPOCH_S = 1e8;
const MAX_EPOCH_S = 1e11;
/** The last microsecond that four digits of a year can spell; an offset may carry a text beyond it. */
const MAX_US = Date.UTC(9999, 11, 31, 23, 59, 59, 999) * 1000 + 999;

/** Epoch seconds, milliseconds, microseconds or nanoseconds, told apart by magnitude, as microseconds; NaN for anything else. */
export function epochToUs(value: number): number {
  if (!(value >= MIN_EPOCH_S)) return Number.NaN;
  if (value < MAX_EPOCH_S) return Math.round(value * 1e6);
  if (value < MAX_EPOCH_S * 1e3) return Math.round(value * 1e3);
  if (value < MAX_EPOCH_S * 1e6) return Math.round(value);
  if (value < MAX_EPOCH_S * 1e9) return Math.round(value / 1e3);
  return Number.NaN;
}

const digit = (text: string, at: number): number => text.charCodeAt(at) - 48;
const two = (text: string, at: number): number => {
  const a = digit(text, at);
  const b = digit(text, at + 1);
  return a >= 0 && a <= 9 && b >= 0 && b <= 9 ? a * 10 + b : Number.NaN;
};

/** Days from 1970-01-01 to a civil date (Howard Hinnant, "chrono-compatible low-level date algorithms"). */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yoe = y - era * 400;
  const doy = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const doe = yoe * 365 + Math.floor(yoe / 4) - Math.floor(yoe / 100) + doy;
  return era * 146_097 + doe - 719_468;
}

const DAYS_IN_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

/** Seconds since the epoch of `YYYY-MM-DDTHH:MM:SS` at the start of a text, read as UTC; NaN where it is none. */
function wholeSeconds(text: string): number {
  if (text.length < 19 || text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return Number.NaN;
  const year = two(text, 0) * 100 + two(text, 2);
  const month = two(text, 5);
  const day = two(text, 8);
  const separator = text.charCodeAt(10);
  const hour = two(text, 11);
  const minute = two(text, 14);
  const second = two(text, 17);
  const valid =
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= (DAYS_IN_MONTH[month - 1] ?? 0) &&
    (month !== 2 || day < 29 || isLeap(year)) &&
    (separator === 84 || separator === 32 || separator === 116) &&
    hour <= 23 &&
    minute <= 59 &&
    second <= 59 &&
    text.charCodeAt(13) === 58 &&
    text.charCodeAt(16) === 58 &&
    year >= 1;
  return valid ? daysFromCivil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second : Number.NaN;
}

/** The instant of a text in the form of `formatUs`, in microseconds; NaN where a part of it is out of range. */
export const formattedToUs = (text: string): number =>
  wholeSeconds(text) * 1_000_000 + two(text, 20) * 10_000 + two(text, 22) * 100 + two(text, 24);

/**
 * ISO 8601 date and time with seconds, up to nine decimals (those past the sixth are cut), and `Z`, an offset or no
 * zone. JavaScript's own Date keeps three decimals only.
 */
export function isoToInstant(text: string): Instant | undefined {
  const seconds = wholeSeconds(text);
  if (Number.isNaN(seconds)) return undefined;
  let at = 19;
  let micros = 0;
  const mark = text.charCodeAt(at);
  if (mark === 46 || mark === 44) {
    let scale = 100_000;
    const first = ++at;
    for (let d = digit(text, at); d >= 0 && d <= 9; d = digit(text, ++at)) {
      micros += d * scale;
      scale = scale >= 10 ? scale / 10 : 0;
    }
    if (at === first || at - first > 9) return undefined;
  }
  const offset = offsetMinutes(text, at);
  if (offset === undefined) return undefined;
  const us = (seconds - (offset === 'none' ? 0 : offset * 60)) * 1_000_000 + micros;
  return us > MAX_US ? undefined : { us, naive: offset === 'none' };
}

function offsetMinutes(text: string, at: number): number | 'none' | undefined {
  if (at === text.length) return 'none';
  const sign = text.charCodeAt(at);
  if (sign === 90 || sign === 122) return at + 1 === text.length ? 0 : undefined;
  if (sign !== 43 && sign !== 45) return undefined;
  const hours = two(text, at + 1);
  let minutes = 0;
  const rest = text.length - at;
  if (rest === 6 && text.charCodeAt(at + 3) === 58) minutes = two(text, at + 4);
  else if (rest === 5) minutes = two(text, at + 3);
  else if (rest !== 3) return undefined;
  if (!(hours <= 18) || !(minutes <= 59)) return undefined;
  return (sign === 45 ? -1 : 1) * (hours * 60 + minutes);
}

const MAX_DAYS = 4096;
const days = new Map<number, string>();
const TWO = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'));

/** `YYYY-MM-DDT`; a bot's events lie on few days, and `toISOString` is slow. */
function dayPrefix(day: number): string {
  let prefix = days.get(day);
  if (prefix === undefined) {
    prefix = new Date(day * 86_400_000).toISOString().slice(0, 11);
    if (days.size >= MAX_DAYS) days.clear();
    days.set(day, prefix);
  }
  return prefix;
}

/** `YYYY-MM-DDTHH:MM:SS.ffffffZ`. */
export function formatUs(us: number): string {
  const seconds = Math.floor(us / 1_000_000);
  const day = Math.floor(seconds / 86_400);
  const second = seconds - day * 86_400;
  const hour = Math.floor(second / 3600);
  const minute = Math.floor(second / 60) - hour * 60;
  const micros = String(us - seconds * 1_000_000 + 1_000_000).slice(1);
  return `${dayPrefix(day)}${TWO[hour]}:${TWO[minute]}:${TWO[second % 60]}.${micros}Z`;
}

/** Whether a text is in the form of `formatUs` already, save for the ranges of its parts. */
export const isFormatted = (text: string): boolean =>
  text.length === 27 && text.charCodeAt(26) === 90 && text.charCodeAt(19) === 46 && text.charCodeAt(10) === 84;

/** Length of a bar in ms from its name: `5m`, `1h`, `1d`, `15min`; undefined where the name tells none. */
export function timeframeMs(name: string): number | undefined {
  const match = /^(\d{1,4})(s|m|min|h|d|w)$/.exec(name);
  if (!match) return undefined;
  const unit = { s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }[match[2] ?? ''];
  return unit === undefined ? undefined : Number(match[1]) * unit;
}
