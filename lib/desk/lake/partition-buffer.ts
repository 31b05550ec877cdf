import type { Partition } from '../../core/lake/keys.ts';
import { CHUNK_BYTES, type ChunkPool } from './chunk-pool.ts';

// Lines gather as text first: one long text becomes bytes in half the time of many short ones, and a partition of a
// few lines needs no chunk.
const TEXT_UNITS = 16 * 1024;

interface Chunk {
  readonly buffer: Buffer;
  used: number;
}

/** The lines of one partition that wait to be written. */
export class PartitionBuffer {
  readonly partition: Partition;
  readonly #pool: ChunkPool;
  readonly #full: Chunk[] = [];
  #open: Chunk | undefined;
  #text = '';

  constructor(partition: Partition, pool: ChunkPool) {
    this.partition = partition;
    this.#pool = pool;
  }

  add(json: string): void {
    this.#text += `${json}\n`;
    if (this.#text.length >= TEXT_UNITS) this.#encode();
  }

  /** Everything added, in order. To be given back with `release`. */
  chunks(): Uint8Array[] {
    if (this.#text !== '') this.#encode();
    const open = this.#open === undefined ? [] : [this.#open];
    return [...this.#full, ...open].map(({ buffer, used }) => buffer.subarray(0, used));
  }

  release(): void {
    for (const { buffer } of this.#full) this.#pool.give(buffer);
    if (this.#open !== undefined) this.#pool.give(this.#open.buffer);
    this.#full.length = 0;
    this.#open = undefined;
  }

  #encode(): void {
    const text = this.#text;
    this.#text = '';
    const most = text.length * 3; // a UTF-16 unit is at most three bytes of UTF-8
    const few = this.#open === undefined && text.length < TEXT_UNITS;
    if (few || most > CHUNK_BYTES) {
      this.#close();
      const buffer = Buffer.from(text);
      this.#full.push({ buffer, used: buffer.length });
      return;
    }
    if (this.#open === undefined || CHUNK_BYTES - this.#open.used < most) {
      this.#close();
      this.#open = { buffer: this.#pool.take(), used: 0 };
    }
    this.#open.used += this.#open.buffer.write(text, this.#open.used);
  }

  #close(): void {
    if (this.#open !== undefined) this.#full.push(this.#open);
    this.#open = undefined;
  }
}
