import { MAX_RECORD_BYTES, PACK_BYTES, PACK_LINES } from '../../core/limits.ts';

/** Lines of one log that lie in a record. */
export interface Span<L> {
  readonly log: L;
  readonly from: number;
  to: number;
  lines: number;
}

/** A Firehose record of wire lines, as it is sent. */
export interface PackedRecord<L> {
  readonly data: Uint8Array;
  readonly lines: number;
  readonly spans: readonly Span<L>[];
}

/** Packs wire lines into records of at most PACK_LINES lines and PACK_BYTES bytes; a larger line gets one of its own. */
export class Packer<L> {
  #texts: string[] = [];
  #bytes = 0;
  #spans: Span<L>[] = [];

  /** Whether a line fits into any record at all. */
  static fits(text: string): boolean {
    return text.length * 3 < MAX_RECORD_BYTES || Buffer.byteLength(text) + 1 <= MAX_RECORD_BYTES;
  }

  /** Adds a line that fits; returns the record that it closed, if it did. */
  add(text: string, { log, line }: { log: L; line: number }): PackedRecord<L> | undefined {
    const bytes = Buffer.byteLength(text) + 1;
    const full = this.#texts.length === PACK_LINES || (this.#texts.length > 0 && this.#bytes + bytes > PACK_BYTES);
    const closed = full ? this.close() : undefined;
    this.#texts.push(text);
    this.#bytes += bytes;
    const last = this.#spans.at(-1);
    if (last !== undefined && last.log === log) {
      last.to = line;
      last.lines++;
    } else this.#spans.push({ log, from: line, to: line, lines: 1 });
    return closed;
  }

  /** The record under way, if it holds a line. */
  close(): PackedRecord<L> | undefined {
    if (this.#texts.length === 0) return undefined;
    const record = { data: Buffer.from(`${this.#texts.join('\n')}\n`), lines: this.#texts.length, spans: this.#spans };
    this.#texts = [];
    this.#bytes = 0;
    this.#spans = [];
    return record;
  }
}

/** Lines of spans as text: `signals.jsonl:1-400, 403`. */
export const spanText = <L>(spans: readonly Span<L>[], nameOf: (log: L) => string): string =>
  spans.map(({ log, from, to }) => `${nameOf(log)}:${from === to ? from : `${from}-${to}`}`).join(', ');
