import { type FileHandle, open } from 'node:fs/promises';

const WINDOW_BYTES = 256 * 1024;

/** Random access to a file as it was when it was opened: what is appended later is not seen. */
export interface FileWindow {
  readonly bytes: number;
  readonly dev: number;
  readonly ino: number;
  readonly mtimeMs: number;
  /** At least `length` bytes from `position`; fewer at the end of the file, or where it was cut meanwhile. */
  at(position: number, length: number): Promise<Buffer>;
  /** The end of what was asked for so far, for progress. */
  reached(): number;
  close(): Promise<void>;
}

/** Opens a file for reading through one buffer of 256 KiB. @throws the error of the file system. */
export async function openWindow(path: string): Promise<FileWindow> {
  const handle = await open(path, 'r');
  try {
    const stat = await handle.stat();
    return windowOn(handle, { bytes: stat.size, dev: stat.dev, ino: stat.ino, mtimeMs: stat.mtimeMs });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function windowOn(handle: FileHandle, facts: { bytes: number; dev: number; ino: number; mtimeMs: number }): FileWindow {
  let from = 0;
  let reached = 0;
  let held: Buffer = Buffer.alloc(0);
  const at = async (position: number, length: number): Promise<Buffer> => {
    const wanted = Math.max(0, Math.min(length, facts.bytes - position));
    reached = Math.max(reached, position + wanted);
    if (position < from || position + wanted > from + held.length) {
      held = await readFully(handle, position, Math.min(Math.max(WINDOW_BYTES, wanted), facts.bytes - position));
      from = position;
    }
    return held.subarray(position - from);
  };
  return { ...facts, at, reached: () => reached, close: () => handle.close() };
}

/** Reads up to `length` bytes; fewer when the file was cut meanwhile. */
async function readFully(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  if (length <= 0) return Buffer.alloc(0);
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
