import { isSecretName, REDACTED, redactText } from '../redact.ts';
import { formatUs, isoToInstant } from '../transform/time.ts';
import type { TimeTools } from './map-check.ts';
import { formatPointer, parsePointer, valueAt } from './map-pointer.ts';
import { EPOCHS, type FieldSpec, type Scalar } from './map-schema.ts';

/** What became of one field of a record. */
export type FieldResult =
  /** `local`: the time as the bot wrote it, where it was not UTC; `kept`: the value could not be read, the default stands in. */
  | { readonly value: unknown; readonly local?: string; readonly naive?: boolean; readonly kept?: boolean }
  | { readonly failed: string }
  /** The pointer leads nowhere, and nothing stands in. */
  | undefined;

export interface CompiledField {
  readonly name: string;
  readonly pointers: readonly (readonly string[])[];
  read(record: unknown): FieldResult;
}

type Reading =
  | { readonly value: unknown; readonly local?: string; readonly naive?: boolean }
  | { readonly why: string };

export function compileField(
  name: string,
  spec: FieldSpec,
  { tools, zone }: { tools: TimeTools; zone: string | undefined },
): CompiledField {
  const pointers = [spec.at].flat().map((at) => parsePointer(at) ?? []);
  const place = pointers.map(formatPointer).join(' ');
  const reading = readingOf(spec, { tools, zone: spec.zone ?? zone });
  const read = (record: unknown): FieldResult => {
    const value = pick(record, pointers);
    if (value === undefined || value === null) {
      if (spec.default !== undefined) return { value: spec.default };
      if (spec.required)
        return { failed: `field ${name}: ${place} is ${value === null ? 'null' : 'missing'}, and required` };
      return value === null ? { value } : undefined;
    }
    const result = reading(value);
    if (!('why' in result)) return result;
    if (spec.default !== undefined) return { value: spec.default, kept: true };
    return { failed: `field ${name}: ${place} is ${shown(value, pointers)}, ${result.why}` };
  };
  return { name, pointers, read };
}

/** Several pointers are one text, for example a date and a time of day; all of them must lead somewhere. */
function pick(record: unknown, pointers: readonly (readonly string[])[]): unknown {
  const [first, ...more] = pointers;
  const value = valueAt(record, first ?? []);
  if (more.length === 0) return value;
  const parts = [value, ...more.map((keys) => valueAt(record, keys))];
  return parts.every((part) => typeof part === 'string' || typeof part === 'number') ? parts.join(' ') : undefined;
}

function readingOf(
  { time, scale, enum: codes }: FieldSpec,
  how: { tools: TimeTools; zone: string | undefined },
): (value: unknown) => Reading {
  if (time !== undefined) {
    const shift = EPOCH_SHIFTS[time];
    return shift === undefined
      ? (value) => readText(value, { ...how, format: time })
      : (value) => readEpoch(value, time, shift);
  }
  if (scale !== undefined) return (value) => readScaled(value, scale);
  if (codes !== undefined) return codeReading(codes);
  return (value) => ({ value });
}

function codeReading(codes: Readonly<Record<string, Scalar>>): (value: unknown) => Reading {
  const known = new Map(Object.entries(codes));
  const why = `not one of ${[...known.keys()].slice(0, 20).join(', ')}`;
  return (value) => {
    const key = typeof value === 'object' ? undefined : String(value);
    return key !== undefined && known.has(key) ? { value: known.get(key) } : { why };
  };
}

/** Powers of ten from a unit to microseconds. */
const EPOCH_SHIFTS: Readonly<Record<string, number>> = { epoch_s: 6, epoch_ms: 3, epoch_us: 0, epoch_ns: -3 };

/** A number outside of these years is a counter, or a time in another unit. */
const MIN_US = Date.UTC(1973, 0) * 1000;
const MAX_US = Date.UTC(2200, 0) * 1000;
const inRange = (us: number): boolean => us >= MIN_US && us < MAX_US;

function readEpoch(value: unknown, unit: string, shift: number): Reading {
  const us = shiftedBy(value, shift);
  if (us === undefined) return { why: 'not a number' };
  const whole = shift < 0 ? Math.floor(us) : Math.round(us);
  if (inRange(whole)) return { value: formatUs(whole) };
  const better = EPOCHS.find((other) => inRange(shiftedBy(value, EPOCH_SHIFTS[other] ?? 0) ?? Number.NaN));
  return {
    why: `not a time in ${unit} between 1973 and 2200${better === undefined ? '' : `; in ${better} it would be`}`,
  };
}

function readText(
  value: unknown,
  { tools, zone, format }: { tools: TimeTools; zone: string | undefined; format: string },
): Reading {
  if (typeof value !== 'string' && typeof value !== 'number') return { why: 'not a time' };
  const text = String(value);
  // An ISO time that says its zone, or has none to be read in, is read by the transform like any other bot's.
  const iso = format === 'iso' ? isoToInstant(text) : undefined;
  if (iso !== undefined && (!iso.naive || zone === undefined)) return { value: text };
  const instant = tools.readTime(text, zone === undefined ? { format } : { format, zone });
  if (instant === undefined || !inRange(instant.us))
    return { why: `not a time ${format === 'iso' ? 'in ISO 8601' : `of the form ${format}`}` };
  const utc = formatUs(instant.us);
  if (!instant.naive) return { value: utc, local: text };
  return zone === undefined ? { value: utc.slice(0, -1) } : { value: utc, local: text, naive: true };
}

function readScaled(value: unknown, scale: number): Reading {
  const power = powerOfTen(scale);
  const scaled = power === undefined ? (shiftedBy(value, 0) ?? Number.NaN) * scale : shiftedBy(value, power);
  return scaled === undefined || Number.isNaN(scaled) ? { why: 'not a number' } : { value: scaled };
}

/** 0.0001 → −4; undefined where the scale is no power of ten. */
function powerOfTen(scale: number): number | undefined {
  const power = Math.round(Math.log10(scale));
  return Number(`1e${power}`) === scale ? power : undefined;
}

const DECIMAL = /^\s*([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d{1,4}))?\s*$/;

/** The number times a power of ten, rounded once: 855038973 × 10⁻⁴ is 85503.8973, where a product of doubles is not. */
function shiftedBy(value: unknown, power: number): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  const match = DECIMAL.exec(String(value));
  return match === null ? undefined : Number(`${match[1]}e${Number(match[2] ?? 0) + power}`);
}

const MAX_SHOWN = 80;

/** The value for a message: short, and without what looks like a secret. */
function shown(value: unknown, pointers: readonly (readonly string[])[]): string {
  if (pointers.some((keys) => keys.some((key) => isSecretName(key)))) return REDACTED;
  const text = redactText(JSON.stringify(value) ?? String(value));
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
