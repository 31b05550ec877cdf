import { isUtf8 } from 'node:buffer';
import { MAX_RECORD_BYTES } from '../../core/limits.ts';
import type { MemberStart } from './gunzip.ts';
import { hashBytes, Members, type Point, Trail } from './point.ts';

/** One line of a log. */
export interface LogLine {
  /** The line verbatim, without its line end, a byte order mark or the hole a truncation left; of a `too_large` one its beginning. */
  readonly text: string;
  /** Line number from 1. */
  readonly number: number;
  /** Where it begins in the decoded log, and its length with the line end. */
  readonly at: number;
  readonly bytes: number;
  /** `utf8`: U+FFFD stands for bytes that are not UTF-8. `gzip`: from a damaged member, may be altered. `too_large`: more than one record holds. */
  readonly flaw?: 'utf8' | 'gzip' | 'too_large';
  /** The last line, without a line end: it may still grow. */
  readonly unterminated?: true;
}

const LF = 10;
const CR = 13;
const NUL = 0;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const SHOWN_BYTES = 1024;

/** Cuts decoded bytes into lines; memory is bounded by the largest line that can be sent. */
export class LineCutter {
  readonly #trail = new Trail();
  readonly #members = new Members();
  #bytes: number;
  #lines: number;
  /** Bytes since the last line end. */
  #open: Buffer[] = [];
  #openBytes = 0;
  #openSuspect = false;
  /** Of a line too large to keep: its beginning. */
  #skipped: { readonly head: Buffer; bytes: number } | undefined;
  /** Bytes of fragments that damage left, which are no lines. */
  droppedBytes = 0;

  constructor(from: Pick<Point, 'bytes' | 'lines'>) {
    this.#bytes = from.bytes;
    this.#lines = from.lines;
  }

  /** Bytes just before the start, for the window of the next point. */
  prime(window: Buffer): void {
    this.#trail.push(window);
  }

  member(start: MemberStart): void {
    this.#members.push(start);
  }

  /** The place after the last line that was given. */
  get point(): Omit<Point, 'member'> {
    const window = this.#trail.window();
    return { bytes: this.#bytes, lines: this.#lines, window: hashBytes(window), windowBytes: window.length };
  }

  /** Where decoding may begin again to go on from the point. */
  get restart(): MemberStart | undefined {
    return this.#members.before(this.#bytes);
  }

  /** Bytes of the line under way. */
  get openBytes(): number {
    return this.#openBytes + (this.#skipped?.bytes ?? 0);
  }

  /** Takes bytes and adds the lines they complete. */
  push(data: Buffer, suspect: boolean, lines: LogLine[]): void {
    const last = data.lastIndexOf(LF);
    if (last === -1) {
      this.#keep(data, suspect);
      return;
    }
    const first = this.#openBytes === 0 && this.#skipped === undefined ? -1 : data.indexOf(LF);
    if (first !== -1) {
      this.#keep(data.subarray(0, first + 1), suspect);
      this.#closeLine(lines, false);
    }
    if (first < last) this.#cut(data.subarray(first + 1, last + 1), suspect, lines);
    this.#keep(data.subarray(last + 1), suspect);
  }

  /** What follows does not belong to the open line: a sound fragment is a line of its own, a suspect one is lost. */
  tear(lines: LogLine[]): void {
    if (this.#openSuspect) this.#drop();
    else this.#closeLine(lines, false);
  }

  /** The end of the file: the open line is given, marked as unterminated. The rest of a truncated member is one only if it is whole. */
  end(lines: LogLine[], { truncated }: { truncated: boolean }): void {
    if (truncated && !isJsonObject(Buffer.concat(this.#open).toString('utf8'))) this.#drop();
    else this.#closeLine(lines, true);
  }

  #keep(data: Buffer, suspect: boolean): void {
    if (data.length === 0) return;
    if (suspect) this.#openSuspect = true;
    if (this.#skipped !== undefined) {
      this.#skipped.bytes += data.length;
      this.#pass(data);
      return;
    }
    this.#open.push(data);
    this.#openBytes += data.length;
    // A hole of NULs before a line is no part of it and may be as long as the file was.
    if (this.#openBytes <= MAX_RECORD_BYTES + SHOWN_BYTES) return;
    const open = Buffer.concat(this.#open);
    this.#open = [];
    this.#openBytes = 0;
    const start = holeEnd(open);
    this.#pass(open.subarray(0, start));
    if (start > 0) {
      this.#keep(open.subarray(start), suspect);
      return;
    }
    this.#skipped = { head: Buffer.from(open.subarray(0, SHOWN_BYTES)), bytes: open.length };
    this.#pass(open);
  }

  /** Counts bytes as read. */
  #pass(data: Buffer): void {
    this.#bytes += data.length;
    this.#trail.push(data);
  }

  #closeLine(lines: LogLine[], unterminated: boolean): void {
    const skipped = this.#skipped;
    const suspect = this.#openSuspect;
    this.#openSuspect = false;
    if (skipped !== undefined) {
      this.#skipped = undefined;
      this.#lines++;
      const at = this.#bytes - skipped.bytes;
      lines.push({
        text: skipped.head.toString('utf8'),
        number: this.#lines,
        at,
        bytes: skipped.bytes,
        flaw: 'too_large',
      });
      return;
    }
    if (this.#openBytes === 0) return;
    const open = Buffer.concat(this.#open);
    this.#open = [];
    this.#openBytes = 0;
    this.#cut(open, suspect, lines, unterminated);
  }

  #drop(): void {
    for (const data of this.#open) {
      this.#pass(data);
      this.droppedBytes += data.length;
    }
    this.droppedBytes += this.#skipped?.bytes ?? 0;
    this.#open = [];
    this.#openBytes = 0;
    this.#openSuspect = false;
    this.#skipped = undefined;
  }

  /** Cuts bytes that hold whole lines, or one line without its end. */
  #cut(data: Buffer, suspect: boolean, lines: LogLine[], unterminated = false): void {
    const valid = isUtf8(data);
    for (let at = 0; at < data.length; ) {
      const found = data.indexOf(LF, at);
      const next = found === -1 ? data.length : found + 1;
      const line = this.#line(data.subarray(at, next), { valid, suspect, at: this.#bytes + at, unterminated });
      at = next;
      if (line !== undefined) lines.push(line);
    }
    this.#pass(data);
  }

  #line(
    data: Buffer,
    facts: { valid: boolean; suspect: boolean; at: number; unterminated: boolean },
  ): LogLine | undefined {
    let end = data.length;
    if (end > 0 && data[end - 1] === LF) end--;
    if (end > 0 && data[end - 1] === CR) end--;
    let start = data[0] === NUL ? Math.min(holeEnd(data), end) : 0;
    if (facts.at === 0 && data.subarray(start, start + 3).equals(BOM)) start += 3;
    const body = data.subarray(start, end);
    const text = body.toString('utf8');
    if (facts.suspect && !isJsonObject(text)) {
      this.droppedBytes += data.length;
      return undefined;
    }
    const line = { text, number: ++this.#lines, at: facts.at, bytes: data.length };
    const flaw =
      body.length > MAX_RECORD_BYTES
        ? 'too_large'
        : !facts.valid && !isUtf8(body)
          ? 'utf8'
          : facts.suspect
            ? 'gzip'
            : undefined;
    return {
      ...line,
      ...(flaw === undefined ? {} : { flaw }),
      ...(facts.unterminated ? { unterminated: true as const } : {}),
    };
  }
}

/** After copytruncate, a writer that does not append leaves a hole of NULs in front of its next line. */
function holeEnd(data: Buffer): number {
  let end = 0;
  while (end < data.length && data[end] === NUL) end++;
  return end;
}

export function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
