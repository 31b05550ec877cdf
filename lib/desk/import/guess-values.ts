import { localTime } from '../../adapters/local/time.ts';
import { EPOCHS, type FieldSpec } from '../../core/dialects/map-schema.ts';
import { isoToInstant } from '../../core/transform/time.ts';

// What `nightdesk init` makes of values it saw. A guess that fits two readings is none.

/** A pointer into a bot's records and what it led to. */
export interface Seen {
  readonly pointer: string;
  /** The last key, in lower case, without punctuation. */
  readonly word: string;
  /** Values that are not null, at most fifty. */
  readonly values: readonly unknown[];
}

type Reading = Omit<FieldSpec, 'at'>;

const NUMBER = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/;

/** Anything else may not even have a text: `{"toString": 1}`. */
export const isScalar = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

export const isNumeric = (value: unknown): boolean =>
  typeof value === 'number' || (typeof value === 'string' && NUMBER.test(value));

const EPOCH_UNITS: Readonly<Record<(typeof EPOCHS)[number], number>> = {
  epoch_s: 1,
  epoch_ms: 1e3,
  epoch_us: 1e6,
  epoch_ns: 1e9,
};
const FROM_S = Date.UTC(2009, 0) / 1000; // before it no bot traded what bots trade
const TO_S = Date.UTC(2100, 0) / 1000;

const FORMATS = [
  'yyyy/MM/dd HH:mm:ss.u',
  'yyyy/MM/dd HH:mm:ss',
  'yyyy.MM.dd HH:mm:ss.u',
  'yyyy.MM.dd HH:mm:ss',
  'dd.MM.yyyy HH:mm:ss.u',
  'dd.MM.yyyy HH:mm:ss',
  'yyyyMMdd-HH:mm:ss.u',
  'yyyyMMdd-HH:mm:ss',
  'yyyyMMdd HH:mm:ss',
  'dd/MM/yyyy HH:mm:ss',
  'MM/dd/yyyy HH:mm:ss',
  'dd MMM yyyy HH:mm:ss',
];

/** How a time is written; undefined where the values are no times, or could be read in two ways. */
export function timeReading(values: readonly unknown[]): Reading | undefined {
  if (values.length === 0) return undefined;
  if (values.every(isNumeric)) {
    const unit = EPOCHS.find((name) => values.every((value) => within(Number(value) / EPOCH_UNITS[name])));
    return unit === undefined ? undefined : { time: unit };
  }
  const texts = values.filter((value) => typeof value === 'string');
  if (texts.length < values.length) return undefined;
  if (texts.every((text) => isoToInstant(text) !== undefined)) return { time: 'iso' };
  const fitting = FORMATS.filter((format) => texts.every((text) => localTime.readTime(text, { format }) !== undefined));
  return fitting.length === 1 && fitting[0] !== undefined ? { time: fitting[0] } : undefined;
}

const within = (seconds: number): boolean => seconds >= FROM_S && seconds < TO_S;

/** Whether the values say no zone, so that the map should. */
export const isNaive = (values: readonly unknown[], { time }: Reading): boolean =>
  time !== undefined &&
  !time.startsWith('epoch_') &&
  values.some((value) => typeof value === 'string' && !/(?:Z|[+-]\d{2}:?\d{2})$/i.test(value));

const SIDES: readonly (readonly [string, string])[] = [
  ['B', 'S'],
  ['b', 's'],
  ['Buy', 'Sell'],
  ['BID', 'ASK'],
  ['bid', 'ask'],
  ['BOT', 'SLD'],
  ['1', '-1'],
  ['1', '2'],
];

/** How a side is written; undefined where the values are no sides. */
export function sideReading(values: readonly unknown[]): Reading | undefined {
  if (values.length === 0 || !values.every(isScalar)) return undefined;
  const codes = new Set(values.map(String));
  if ([...codes].every((code) => /^(buy|sell)$/i.test(code))) return {};
  const pair = SIDES.filter((sides) => [...codes].every((code) => sides.includes(code)));
  const [sides] = pair;
  // `1` alone is a buy in FIX and elsewhere; what the other side is, only both of them show.
  if (sides === undefined || (pair.length > 1 && new Set(pair.map(([buy]) => buy)).size === 1 && codes.size < 2))
    return undefined;
  return { enum: { [sides[0]]: 'buy', [sides[1]]: 'sell' } };
}
