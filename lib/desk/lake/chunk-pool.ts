export const CHUNK_BYTES = 256 * 1024;

/** Buffers of one size, used again and again: fresh ones cost a page fault per 4 KiB, and the collector learns of their end late. */
export class ChunkPool {
  readonly #free: Buffer[] = [];
  readonly #most: number;

  /** @param mostBytes kept for later use. */
  constructor(mostBytes: number) {
    this.#most = Math.ceil(mostBytes / CHUNK_BYTES);
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
  }

  give(chunk: Buffer): void {
    if (chunk.length === CHUNK_BYTES && this.#free.length < this.#most) this.#free.push(chunk);
  }
}
