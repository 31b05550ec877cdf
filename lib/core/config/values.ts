import * as z from 'zod';
import { readDuration, readSize } from './units.ts';

/** A text such as `15s`, as ms within a range; what it is for is told to editors and in docs/config.md. */
export const duration = (least: string, most: string, says: string) =>
  measured(readDuration, {
    least,
    most,
    says: `${says} A duration from ${least} to ${most}.`,
    refused: `must be a duration from ${least} to ${most}, such as 90s, 12h or 7d`,
  });

/** A text such as `128MiB`, as bytes within a range. */
export const size = (least: string, most: string, says: string) =>
  measured(readSize, {
    least,
    most,
    says: `${says} A size from ${least} to ${most}.`,
    refused: `must be a size from ${least} to ${most}, such as 500MB or 1GiB`,
  });

interface Measure {
  /** Bounds, as texts. */
  readonly least: string;
  readonly most: string;
  readonly says: string;
  readonly refused: string;
}

function measured(read: (text: string) => number | undefined, { least, most, says, refused }: Measure) {
  const [min, max] = [read(least) ?? Number.NaN, read(most) ?? Number.NaN];
  return z
    .string(refused)
    .describe(says)
    .transform((text, context) => {
      const value = read(text);
      if (value !== undefined && value >= min && value <= max) return value;
      context.addIssue({ code: 'custom', message: refused, input: text });
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
