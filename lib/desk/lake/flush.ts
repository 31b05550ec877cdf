import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { objectKey } from '../../core/lake/keys.ts';
import type { ObjectStore } from '../../core/ports/index.ts';
import type { PartitionBuffer } from './generation.ts';

const compress = promisify(gzip);

// Level 1: a fifth of the time of the default for objects a fifth larger. The thread pool is also what syncs the
// write-ahead log: it gets the input in pieces of one output chunk, so that a large object does not hold a thread.
const GZIP = { level: constants.Z_BEST_SPEED, chunkSize: 128 * 1024 };
const AT_ONCE = 4;

export interface Written {
  readonly key: string;
  readonly bytes: number;
}

export interface FlushOptions {
  readonly store: ObjectStore;
  readonly producer: string;
  readonly atMs: number;
  /** A text that no other object of this second has. */
  readonly unique: () => string;
  /** Runs a write until it is done. */
  readonly untilDone: (work: () => Promise<void>) => Promise<void>;
  readonly written: (object: Written) => void;
}

/** Writes one object per partition. */
export async function flush(buffers: readonly PartitionBuffer[], options: FlushOptions): Promise<void> {
  const left = buffers.values();
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, buffers.length) }, () => flushFrom(left, options)));
}

async function flushFrom(left: Iterator<PartitionBuffer> & Iterable<PartitionBuffer>, options: FlushOptions): Promise<void> {
  const { store, producer, atMs, unique } = options;
  for (const { partition, bytes } of left) {
    const body = await compress(bytes, GZIP);
    const key = objectKey('events', partition, { producer, atMs, unique: unique() });
    await options.untilDone(() => store.put(key, body));
    options.written({ key, bytes: body.length });
  }
}
