import * as z from 'zod';
import { readDuration, readSize } from './units.ts';

interface Range {
  /** Bounds as texts, for the message. */
  readonly least: string;
  readonly most: string;
}

/** A text such as `15s`, as ms within a range that the message names. */
export const duration = (least: string, most: string) =>
  measured(readDuration, { least, most }, `must be a duration from ${least} to ${most}, such as 90s, 12h or 7d`);

/** A text such as `128MiB`, as bytes within a range that the message names. */
export const size = (least: string, most: string) =>
  measured(readSize, { least, most }, `must be a size from ${least} to ${most}, such as 500MB or 1GiB`);

function measured(read: (text: string) => number | undefined, { least, most }: Range, what: string) {
  const [min, max] = [read(least) ?? Number.NaN, read(most) ?? Number.NaN];
  return z.string(what).transform((text, context) => {
    const value = read(text);
    if (value !== undefined && value >= min && value <= max) return value;
    context.addIssue({ code: 'custom', message: what, input: text });
    return z.NEVER;
  });
}

/** An IANA name of a zone. */
export const zone = z.string().refine(isZone, 'is no time zone; give an IANA name such as Asia/Kolkata');

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}
