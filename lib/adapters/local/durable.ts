import { dirname } from 'node:path';
import { errnoOf, type Files } from './files.ts';

/**
 * Writes a file whole or not at all, safe from a power failure once it returns: a new file beside it, fdatasync,
 * rename, fsync of the folder. The two paths must lie on one file system.
 */
export async function replaceFile(
  files: Files,
  paths: { readonly path: string; readonly unfinished: string },
  body: Uint8Array,
): Promise<void> {
  try {
    const file = await files.create(paths.unfinished);
    try {
      await file.write([body]);
      await file.datasync();
    } finally {
      await file.close();
    }
    await files.rename(paths.unfinished, paths.path);
  } catch (error) {
    await files.remove(paths.unfinished).catch(() => undefined); // the first error is the one to tell
    throw error;
  }
  await files.syncFolder(dirname(paths.path));
}

/**
 * Makes folders and makes them safe from a power failure, parents included. A folder that is already there may have
 * been made by a process that died before it synced, so that each is synced once by each process, whoever made it.
 */
export class DurableFolders {
  readonly #files: Files;
  #safe = new Set<string>();

  constructor(files: Files) {
    this.#files = files;
  }

  /** @returns whether the folder had to be looked at: false where it is known to be safe. */
  async ensure(path: string): Promise<boolean> {
    if (this.#safe.has(path)) return false;
    const parent = dirname(path);
    try {
      await this.#files.makeFolder(path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || parent === path) throw error;
      await this.ensure(parent);
      await this.#files.makeFolder(path);
    }
    await this.#files.syncFolder(parent);
    if (this.#safe.size >= MOST_KNOWN) this.#safe.clear();
    this.#safe.add(path);
    return true;
  }

  /** A folder was removed behind our back: look at all of them again. */
  forget(): void {
    this.#safe.clear();
  }
}

const MOST_KNOWN = 10_000; // one per stream and day: forgetting costs one sync each
