import { parseKey, partitionPrefix } from '../../core/lake/keys.ts';
import type { Verdict } from '../../core/transform/types.ts';
import type { ChunkPool } from './chunk-pool.ts';
import { PartitionBuffer } from './partition-buffer.ts';

/** What gathers between two flushes: one buffer per partition. */
export class Generation {
  readonly #pool: ChunkPool;
  readonly #byName = new Map<string, PartitionBuffer>();
  #last: PartitionBuffer | undefined;
  #size = 0;

  constructor(pool: ChunkPool) {
    this.#pool = pool;
  }

  /** @returns false where the verdict names a partition that no key can have. */
  add(verdict: Verdict): boolean {
    const buffer = this.#bufferOf(verdict);
    if (buffer === undefined) return false;
    buffer.add(verdict.json);
    this.#size += verdict.json.length + 1;
    return true;
  }

  /** Characters of all lines, which for nearly all events is bytes. */
  get size(): number {
    return this.#size;
  }

  get partitions(): number {
    return this.#byName.size;
  }

  buffers(): PartitionBuffer[] {
    return [...this.#byName.values()];
  }

  #bufferOf({ stream, version, date }: Verdict): PartitionBuffer | undefined {
    const last = this.#last;
    // A bot writes many lines of one stream and day in a row.
    if (
      last !== undefined &&
      last.partition.stream === stream &&
      last.partition.date === date &&
      last.partition.version === version
    )
      return last;
    const name = partitionPrefix('events', { stream, version, date });
    let buffer = this.#byName.get(name);
    if (buffer === undefined) {
      if (parseKey(`${name}object`) === undefined) return undefined;
      buffer = new PartitionBuffer({ stream, version, date }, this.#pool);
      this.#byName.set(name, buffer);
    }
    this.#last = buffer;
    return buffer;
  }
}
