import { objectKey } from '../../core/lake/keys.ts';
import type { ObjectStore } from '../../core/ports/index.ts';
import { gzipChunks } from './gzip.ts';
import type { PartitionBuffer } from './partition-buffer.ts';

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

async function flushFrom(
  left: Iterator<PartitionBuffer> & Iterable<PartitionBuffer>,
  options: FlushOptions,
): Promise<void> {
  const { store, producer, atMs, unique } = options;
  for (const buffer of left) {
    const body = await gzipChunks(buffer.chunks());
    buffer.release();
    const key = objectKey('events', buffer.partition, { producer, atMs, unique: unique() });
    await options.untilDone(() => store.put(key, body));
    options.written({ key, bytes: body.length });
  }
}
