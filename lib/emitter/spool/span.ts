import type { Entry } from '../outbox.ts';
import { type Class, readLines, type Segment } from './folder.ts';

/** Lines of one segment that wait to be sent. */
export interface Span {
  readonly segment: Segment;
  readonly from: number;
  to: number;
  count: number;
  readonly ordinal: number;
  readonly sinceMs: number;
  /** The lines, where they are in memory too. */
  readonly entries: readonly Entry[] | undefined;
}

/** What is taken at once. */
export interface SpanLimits {
  readonly events: number;
  readonly bytes: number;
}

export const classOf = ({ precious }: Entry): Class => (precious ? 'precious' : 'ordinary');

export const bodyOf = (entries: readonly Entry[]): Buffer =>
  Buffer.from(`${entries.map(({ line }) => line).join('\n')}\n`);

/** Entries as they are taken at once, in their order, with the bytes they have in a file; each has one at least. */
export function* batchesOf(
  entries: readonly Entry[],
  limits: SpanLimits,
): Generator<{ readonly entries: readonly Entry[]; readonly bytes: number }> {
  for (let at = 0; at < entries.length; ) {
    let bytes = 0;
    let end = at;
    for (let next = entries[end]; next !== undefined && end - at < limits.events; next = entries[++end]) {
      if (end > at && bytes + next.bytes + 1 > limits.bytes) break;
      bytes += next.bytes + 1;
    }
    yield { entries: entries.slice(at, end), bytes };
    at = end;
  }
}

/** As much of a span as there is room for, and the rest; nothing where it must be taken whole and does not fit. */
export function splitSpan(span: Span, { events, bytes }: SpanLimits): readonly [Span?, Span?] {
  if (span.count <= events && span.to - span.from <= bytes) return [span];
  const { entries = [] } = span;
  let [taken, end] = [0, 0];
  for (let next = entries[end]; next !== undefined && end < events; next = entries[++end]) {
    if (taken + next.bytes + 1 > bytes) break;
    taken += next.bytes + 1;
  }
  // Where lines are missing because they were damaged, places cannot be told any more: the span stays whole.
  const whole = entries.reduce((sum, entry) => sum + entry.bytes + 1, 0) === span.to - span.from;
  if (end === 0 || !whole) return [];
  const middle = span.from + taken;
  const [head, rest] = [entries.slice(0, end), entries.slice(end)];
  return [
    { ...span, to: middle, count: head.length, entries: head },
    { ...span, from: middle, count: rest.length, ordinal: rest[0]?.ordinal ?? span.ordinal, entries: rest },
  ];
}

/** Nothing is wrong with the file: the process is short of something, and the next try may succeed. */
const PASSING = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'EBUSY', 'EINTR', 'ENOMEM']);

/**
 * The first lines of a span from the disk: how many there are, their bytes, and those that are events. None where the file
 * is gone or does not hold what was written. @throws where it cannot be read just now
 */
export async function readSpan(
  { segment, from, to, count, ordinal, sinceMs }: Span,
  { events, bytes }: SpanLimits,
): Promise<{ readonly entries: readonly Entry[]; readonly lines: number; readonly bytes: number }> {
  const found = await readLines(segment.path, { from, to }, bytes).catch((error: { code?: string }) => {
    if (PASSING.has(error.code ?? '')) throw error;
    return [];
  });
  const lines = found.slice(0, Math.min(events, count));
  const entries = lines
    .filter((line) => line.startsWith('{"') && line.endsWith('}'))
    .map((line) => ({
      stream: streamOf(line),
      precious: segment.class === 'precious',
      ordinal,
      emittedMs: sinceMs,
      line,
      bytes: Buffer.byteLength(line),
      settled: undefined,
    }));
  return { entries, lines: lines.length, bytes: lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0) };
}

/** The emitter's lines begin with their stream, but for those with numbers as names. */
const streamOf = (line: string): string => /"stream":"([a-z0-9_]{1,64})"/.exec(line)?.[1] ?? 'unknown';
