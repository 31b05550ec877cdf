import { createHash } from 'node:crypto';
import type { MemberStart } from './gunzip.ts';

/** How much of what precedes a point is remembered, in bytes, to recognise the log again. */
export const WINDOW_BYTES = 4096;

/** A place in a log between two lines, and enough to recognise the log there under another name or inode. */
export interface Point {
  /** Bytes before it, as decoded. */
  readonly bytes: number;
  /** Lines before it. */
  readonly lines: number;
  /** Hash of the `windowBytes` bytes before it. */
  readonly window: string;
  readonly windowBytes: number;
  /** A gzip member from which decoding may begin, in the file where the point was taken; absent in plain files. */
  readonly member?: MemberStart & { readonly dev: number; readonly ino: number };
}

export const hashBytes = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex').slice(0, 24);

export const START: Point = { bytes: 0, lines: 0, window: hashBytes(Buffer.alloc(0)), windowBytes: 0 };

/** The last `WINDOW_BYTES` of what a reader has passed. Holds on to the buffers given, copies only when asked. */
export class Trail {
  #recent: Buffer[] = [];
  #bytes = 0;

  push(data: Buffer): void {
    if (data.length === 0) return;
    this.#recent.push(data);
    this.#bytes += data.length;
    for (
      let first = this.#recent[0];
      first !== undefined && this.#bytes - first.length >= WINDOW_BYTES;
      first = this.#recent[0]
    ) {
      this.#bytes -= first.length;
      this.#recent.shift();
    }
  }

  window(): Buffer {
    const all =
      this.#recent.length === 1 && this.#recent[0] !== undefined ? this.#recent[0] : Buffer.concat(this.#recent);
    this.#recent = all.length === 0 ? [] : [Buffer.from(all.subarray(Math.max(0, all.length - WINDOW_BYTES)))];
    this.#bytes = this.#recent[0]?.length ?? 0;
    return this.#recent[0] ?? Buffer.alloc(0);
  }
}

/** The members from which decoding could begin again, oldest first. */
export class Members {
  readonly #starts: MemberStart[] = [];

  push(start: MemberStart): void {
    this.#starts.push(start);
  }

  /** The latest member that begins at least a window before `bytes`, so that the window can be checked from it. */
  before(bytes: number): MemberStart | undefined {
    for (
      let second = this.#starts[1];
      second !== undefined && second.bytes <= bytes - WINDOW_BYTES;
      second = this.#starts[1]
    )
      this.#starts.shift();
    return this.#starts[0];
  }
}
