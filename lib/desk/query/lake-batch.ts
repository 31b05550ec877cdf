import { gzip } from '../../adapters/local/gzip.ts';
import { sha256 } from '../../adapters/local/sha256.ts';
import { objectKey, type Partition } from '../../core/lake/keys.ts';
import type { ObjectStore } from '../../core/ports/index.ts';

interface Held {
  readonly partition: Partition;
  readonly lines: string[];
  newestMs: number;
}

/** Lines for the lake, gathered by partition. Each object's key is made of its content: written twice, it is there once. */
export class LakeBatch {
  readonly #producer: string;
  readonly #held = new Map<string, Held>();
  /** Lines that wait. */
  lines = 0;

  constructor(producer: string) {
    this.#producer = producer;
  }

  /** @param atMs - when the line came in; the key is stamped with the newest of its object */
  add({ stream, version, date }: Partition, json: string, atMs: number): void {
    const name = `${stream}/${version}/${date}`;
    const held = this.#held.get(name) ?? { partition: { stream, version, date }, lines: [], newestMs: atMs };
    this.#held.set(name, held);
    held.lines.push(json);
    held.newestMs = Math.max(held.newestMs, atMs);
    this.lines++;
  }

  /** Writes what waits, or with a dry run only forgets it. */
  async write(store: ObjectStore | undefined): Promise<void> {
    for (const { partition, lines, newestMs } of store === undefined ? [] : this.#held.values()) {
      const content = `${lines.join('\n')}\n`;
      const unique = sha256(content).slice(0, 32);
      const key = objectKey('events', partition, { producer: this.#producer, atMs: newestMs, unique });
      await store?.put(key, await gzip(Buffer.from(content)));
    }
    this.#held.clear();
    this.lines = 0;
  }
}
