import { gzipSync } from 'node:zlib';

/** One record as the seed bot writes it: a gzip member of its own. */
export const member = (text: string): Buffer => gzipSync(text);

export const record = (number: number, extra = ''): string =>
  `${JSON.stringify({ ts_ist: `2025-11-21T12:${String(number % 60).padStart(2, '0')}:00+05:30`, bar_id: number, note: `größe ${extra}` })}\n`;

/**
 * Two processes append to one file at the same offset: the shorter member overwrites the longer one, whose tail stays
 * behind it.
 */
export function overwrite(longer: Buffer, shorter: Buffer): Buffer {
  const both = Buffer.from(longer);
  shorter.copy(both);
  return both;
}
