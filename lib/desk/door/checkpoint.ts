import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { replaceFile } from '../../adapters/local/durable.ts';
import type { Files } from '../../adapters/local/files.ts';

/** A place in the write-ahead log: the number of a segment and an offset in it. */
export interface WalPosition {
  readonly segment: number;
  readonly offset: number;
}

/** Everything before this place is in the lake. */
export interface Checkpoint extends WalPosition {
  /** Id of the segment, so that a number used again in another log is not mistaken for it. */
  readonly id: string;
}

const NAME = 'checkpoint.json';
export const UNFINISHED = '.unfinished';

/** Replaces the checkpoint, safe from a power failure once it returns. */
export const writeCheckpoint = (files: Files, folder: string, checkpoint: Checkpoint): Promise<void> =>
  replaceFile(
    files,
    { path: join(folder, NAME), unfinished: join(folder, `${randomBytes(6).toString('hex')}${UNFINISHED}`) },
    Buffer.from(`${JSON.stringify(checkpoint)}\n`),
  );

/** Undefined where there is none or it is damaged: then the log is replayed from its beginning, which only repeats work. */
export async function readCheckpoint(files: Files, folder: string): Promise<Checkpoint | undefined> {
  const text = await files.read(join(folder, NAME));
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text.toString());
    return isCheckpoint(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isCheckpoint = (value: unknown): value is Checkpoint =>
  typeof value === 'object' &&
  value !== null &&
  'segment' in value &&
  Number.isSafeInteger(value.segment) &&
  'offset' in value &&
  Number.isSafeInteger(value.offset) &&
  'id' in value &&
  typeof value.id === 'string';
