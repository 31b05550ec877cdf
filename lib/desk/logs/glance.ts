import type { Point } from './point.ts';
import { eachLine, readLogLines } from './read.ts';

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
