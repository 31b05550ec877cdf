import { randomBytes } from 'node:crypto';
import { messageOf, NightdeskError } from '../../core/errors.ts';
import type { ObjectStore } from '../../core/ports/index.ts';
import type { Verdict } from '../../core/transform/types.ts';
import { ChunkPool } from '../lake/chunk-pool.ts';
import { flush, type Written } from '../lake/flush.ts';
import { Generation } from '../lake/generation.ts';

const BUFFER_BYTES = 32 * 1024 * 1024;
const MOST_PARTITIONS = 2_000;

export interface LakeWriterOptions {
  readonly store: ObjectStore;
  readonly nowMs: () => number;
  readonly written: (object: Written) => void;
  /** Bytes of all partitions at which they are written. @default 32 MiB */
  readonly bufferBytes?: number;
}

/**
 * Writes verdicts into the partitions of the lake, with bounded memory.
 *
 * It may run beside a desk, or a second import, on the same folder without a lock: objects are never changed, their
 * names hold ten random digits, the store puts each whole or not at all, and a reader takes whatever objects are there.
 * What a crash leaves unwritten, a second run writes; what both wrote has the same identities, which the views take once.
 */
export class LakeWriter {
  readonly #options: LakeWriterOptions;
  readonly #bufferBytes: number;
  readonly #run = randomBytes(5).toString('hex');
  readonly #pool: ChunkPool;
  #generation: Generation;
  #objects = 0;

  constructor(options: LakeWriterOptions) {
    this.#options = options;
    this.#bufferBytes = options.bufferBytes ?? BUFFER_BYTES;
    this.#pool = new ChunkPool(this.#bufferBytes);
    this.#generation = new Generation(this.#pool);
  }

  /** @returns false where the verdict names a partition that no key can have. */
  add(verdict: Verdict): boolean {
    return this.#generation.add(verdict);
  }

  /** Whether the buffers should be written before more is added. */
  get full(): boolean {
    return this.#generation.size >= this.#bufferBytes || this.#generation.partitions >= MOST_PARTITIONS;
  }

  /** Writes everything that was added; durable once it returns. @throws LAKE_UNWRITABLE */
  async flush(): Promise<void> {
    try {
      await this.#flush();
    } catch (error) {
      const written = `${this.#objects} objects were written or begun; the same import again does the rest`;
      throw new NightdeskError('LAKE_UNWRITABLE', `${messageOf(error)}; ${written}`, { cause: error });
    }
  }

  async #flush(): Promise<void> {
    const generation = this.#generation;
    this.#generation = new Generation(this.#pool);
    await flush(generation.buffers(), {
      store: this.#options.store,
      producer: 'import',
      atMs: this.#options.nowMs(),
      unique: () => `${this.#run}-${this.#objects++}`,
      untilDone: (work) => work(),
      written: this.#options.written,
    });
  }
}
