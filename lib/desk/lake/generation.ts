import { type Partition, parseKey, partitionPrefix } from '../../core/lake/keys.ts';
import type { Verdict } from '../../core/transform/types.ts';

const FIRST_BYTES = 16 * 1024;
const LINE_END = 10;

/** Bytes of one partition's lines, growing as they come. */
export class PartitionBuffer {
  readonly partition: Partition;
  #buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #length = 0;

  constructor(partition: Partition) {
    this.partition = partition;
  }

  /** @returns bytes added, the line end included. */
  add(json: string): number {
    const start = this.#length;
    this.#reserve(json.length * 3 + 1); // a UTF-16 unit is at most three bytes of UTF-8
    this.#length += this.#buffer.write(json, start);
    this.#buffer[this.#length++] = LINE_END;
    return this.#length - start;
  }

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}

/** What gathers between two flushes: one buffer per partition. */
export class Generation {
  readonly #byName = new Map<string, PartitionBuffer>();
  #last: PartitionBuffer | undefined;
  #bytes = 0;

  /** @returns false where the verdict names a partition that no key can have. */
  add(verdict: Verdict): boolean {
    const buffer = this.#bufferOf(verdict);
    if (buffer === undefined) return false;
    this.#bytes += buffer.add(verdict.json);
    return true;
  }

  get bytes(): number {
    return this.#bytes;
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
    if (last !== undefined && last.partition.stream === stream && last.partition.date === date && last.partition.version === version)
      return last;
    const name = partitionPrefix('events', { stream, version, date });
    let buffer = this.#byName.get(name);
    if (buffer === undefined) {
      if (parseKey(`${name}object`) === undefined) return undefined;
      buffer = new PartitionBuffer({ stream, version, date });
      this.#byName.set(name, buffer);
    }
    this.#last = buffer;
    return buffer;
  }
}
