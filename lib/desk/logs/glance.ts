import type { Point } from './point.ts';
import { decodedBytes, eachLine, readLogLines } from './read.ts';

/** The first line of a log that is not blank, as text; undefined while it has none. `last` as in `ReadOptions`. */
export async function firstLine(path: string, last: 'give' | 'hold'): Promise<string | undefined> {
  for await (const line of eachLine(readLogLines(path, { last }))) if (line.text.trim() !== '') return line.text;
  return undefined;
}

/** Whether a log still holds what was before a point. */
export async function holds(path: string, point: Point): Promise<boolean> {
  const reader = readLogLines(path, { from: point, last: 'hold' });
  for await (const _ of reader) return true; // lines are given only once the point was found
  return !reader.report.changed;
}

/** Whether a file is UTF-16, of which no line can be read. */
export async function isUtf16File(path: string): Promise<boolean> {
  const reader = readLogLines(path);
  for await (const _ of reader) return false;
  return reader.report.encoding === 'utf-16';
}

const HEAD_BYTES = 4096;
const EMPTY: Buffer = Buffer.alloc(0);

/** The first 4 KiB that a log holds, as decoded; all of a shorter one. */
export async function headOf(path: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of decodedBytes(path)) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes >= HEAD_BYTES) break;
  }
  return Buffer.from(Buffer.concat(pieces).subarray(0, HEAD_BYTES)); // a copy: a piece may be part of a large buffer
}

/** Whether a log may begin another one, by the heads of both. */
export const mayBegin = (head = EMPTY, longer = EMPTY): boolean =>
  head.length <= longer.length && head.compare(longer, 0, head.length) === 0;

/** Whether everything that a log holds is also what another one begins with. */
export async function begins(path: string, longer: string): Promise<boolean> {
  const [a, b] = [decodedBytes(path), decodedBytes(longer)];
  try {
    let [left, right]: [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)];
    for (;;) {
      if (left.length === 0) {
        const step = await a.next();
        if (step.done === true) return true;
        left = step.value;
      }
      if (right.length === 0) {
        const step = await b.next();
        if (step.done === true) return left.length === 0;
        right = step.value;
      }
      const common = Math.min(left.length, right.length);
      if (!left.subarray(0, common).equals(right.subarray(0, common))) return false;
      left = left.subarray(common);
      right = right.subarray(common);
    }
  } finally {
    await Promise.all([a.return(), b.return()]);
  }
}
