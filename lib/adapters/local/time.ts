import { DateTime, Info } from 'luxon';
import type { TimeTools } from '../../core/dialects/map-check.ts';
import { type Instant, isoToInstant } from '../../core/transform/time.ts';
import { naiveOffsetIn } from './zone.ts';

export { naiveOffsetIn } from './zone.ts';

type How = { readonly format: string; readonly zone?: string };
type Parser = ReturnType<typeof DateTime.buildFormatParser>;

interface Format {
  readonly parser: Parser;
  readonly pattern: string;
  /** The texts name their zone. */
  readonly zoned: boolean;
  /** The texts have a fraction, which luxon cuts to milliseconds. */
  readonly fraction: boolean;
}

const LOCALE = { locale: 'en-US' } as const;
const formats = new Map<string, Format>();

/** Bots that print microseconds write SSSSSS for them; luxon knows only u for a fraction of any length. */
const luxonPattern = (text: string): string => text.replace(/S{4,9}/g, 'u');

function formatOf(text: string): Format {
  let format = formats.get(text);
  if (format === undefined) {
    const pattern = luxonPattern(text);
    const tokens = pattern.replace(/'[^']*'/g, '');
    format = {
      parser: DateTime.buildFormatParser(pattern, LOCALE),
      pattern,
      zoned: /z|Z/.test(tokens),
      fraction: tokens.includes('u'),
    };
    formats.set(text, format); // formats come from maps: there are few
  }
  return format;
}

/** Times in zones and formats, by luxon: what a map needs and the core does not have. */
export const localTime: TimeTools = {
  readTime(text, how) {
    try {
      return how.format === 'iso' ? readIso(text, how) : readFormat(text, how);
    } catch {
      return undefined; // a format that contradicts itself, which timeProblem reports
    }
  },
  timeProblem({ format, zone }) {
    if (zone !== undefined && !Info.isValidIANAZone(zone) && zone.toLowerCase() !== 'utc')
      return `${JSON.stringify(zone.slice(0, 100))} is no zone; expected a name of the IANA database, such as Asia/Kolkata`;
    return format === undefined ? undefined : formatProblem(format);
  },
};

const offsets = new Map<string, (localMs: number) => number>();

/** A local time in a zone as an instant; UTC without a zone. */
function inZone(localUs: number, zone: string | undefined): number {
  if (zone === undefined) return localUs;
  let offset = offsets.get(zone);
  if (offset === undefined) {
    offset = naiveOffsetIn(zone);
    offsets.set(zone, offset);
  }
  return localUs - offset(Math.floor(localUs / 1000)) * 1000;
}

function readIso(text: string, { zone }: How): Instant | undefined {
  const instant = isoToInstant(text) ?? looserIso(text);
  return instant?.naive ? { us: inZone(instant.us, zone), naive: true } : instant;
}

/** Forms without seconds, without dashes, or with the number of the week, which the core does not read. */
function looserIso(text: string): Instant | undefined {
  const time = DateTime.fromISO(text, { zone: 'utc', setZone: true });
  if (!time.isValid || !/^\d{4}/.test(text)) return undefined;
  const naive = !/T.*(?:Z|[+-]\d{2}(?::?\d{2})?)$/i.test(text);
  return { us: time.toMillis() * 1000, naive };
}

function readFormat(text: string, { format, zone }: How): Instant | undefined {
  const { parser, pattern, zoned, fraction } = formatOf(format);
  const time = DateTime.fromFormatParser(text, parser, { ...LOCALE, zone: 'utc', setZone: true });
  if (!time.isValid) return undefined;
  const us = time.toMillis() * 1000 + (fraction ? microsOf(text, pattern) : 0);
  return zoned ? { us, naive: false } : { us: inZone(us, zone), naive: true };
}

/** The fourth to sixth digit of the fraction, which nearly always stands alone behind a point or comma. */
function microsOf(text: string, pattern: string): number {
  const [found, ...others] = text.matchAll(/[.,](\d{4,9})(?!\d)/g);
  const digits: unknown =
    found !== undefined && others.length === 0
      ? found[1]
      : DateTime.fromFormatExplain(text, pattern, LOCALE).matches?.u;
  return typeof digits === 'string' ? Number(digits.padEnd(6, '0').slice(3, 6)) : 0;
}

/** What luxon reads; it takes other letters for local forms of a date (DD, T, …) or for themselves. */
const TOKENS =
  /^(?:G|y{1,2}|y{4}|[LM]{1,4}|d{1,2}|o|o{3}|H{1,2}|h{1,2}|m{1,2}|s{1,2}|S|S{3}|u{1,3}|a|k{2}|k{4}|W{1,2}|E|E{3,4}|c|c{3,4}|Z{1,3}|z)$/;

function formatProblem(format: string): string | undefined {
  const problem = `${JSON.stringify(format.slice(0, 100))} is no format of a date and time, such as yyyy-MM-dd HH:mm:ss.u`;
  const pattern = luxonPattern(format);
  const foreign = pattern
    .replace(/'[^']*'/g, ' ')
    .match(/([A-Za-z])\1*/g)
    ?.find((token) => !TOKENS.test(token));
  if (foreign !== undefined)
    return `${problem}: ${foreign} means nothing (letters that stand for themselves are put in single quotes)`;
  try {
    const sample = DateTime.fromObject(
      { year: 2001, month: 2, day: 3, hour: 4, minute: 5, second: 6 },
      { zone: 'utc' },
    );
    const read = readFormat(sample.toFormat(pattern, LOCALE), { format });
    // A format without year, month and day would take them from today.
    return read !== undefined && Math.floor(read.us / 86_400e6) === Math.floor(sample.toMillis() / 86_400e3)
      ? undefined
      : problem;
  } catch {
    return problem;
  }
}
