import { randomBytes } from 'node:crypto';
import { link, readFile, realpath, rename, rm } from 'node:fs/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { errnoOf, nodeFiles } from '../adapters/local/files.ts';
import { messageOf, NightdeskError } from '../core/errors.ts';
import type { DataFolder } from './data-folder.ts';

/** Held while a desk runs; the kernel lets go of it when the process dies, however it dies. */
export interface DataLock {
  release(): void;
}

// The kernel's lock belongs to the process: it does not keep a second desk of the same process out.
const heldHere = new Set<string>();

/**
 * Locks a data folder by holding a DuckDB file open. Not a file with a process id in it: after a power failure such a
 * file stays, and its id may be somebody else's by then.
 * @throws DATA_LOCKED where another desk holds it
 */
export async function lockData(folder: DataFolder): Promise<DataLock> {
  const root = await realpath(folder.root);
  if (heldHere.has(root)) throw locked(folder, 'in this process');
  heldHere.add(root);
  try {
    await makeLockFile(folder.lock);
    const instance = await open(folder);
    return {
      release() {
        instance.closeSync();
        heldHere.delete(root);
      },
    };
  } catch (error) {
    heldHere.delete(root);
    throw error;
  }
}

/** An empty database that appears whole: a process killed while DuckDB writes a new one would leave a file that nobody can open. */
async function makeLockFile(path: string): Promise<void> {
  if ((await nodeFiles.stat(path)) !== undefined) return;
  const unfinished = `${path}.${randomBytes(6).toString('hex')}`;
  (await DuckDBInstance.create(unfinished, { threads: '1' })).closeSync();
  try {
    await link(unfinished, path);
  } catch (error) {
    // EEXIST: another start was faster, and its file is as good. Otherwise the file system knows no links.
    if (errnoOf(error) !== 'EEXIST') await rename(unfinished, path);
  }
  await rm(unfinished, { force: true });
}

async function open(folder: DataFolder): Promise<DuckDBInstance> {
  try {
    return await DuckDBInstance.create(folder.lock, { threads: '1' });
  } catch (error) {
    const message = messageOf(error);
    if (/could not set lock/i.test(message)) throw locked(folder, await holder(folder));
    throw new NightdeskError(
      'DATA_UNREADABLE',
      `${folder.lock} cannot be opened (${message}); it holds no data: remove it and start again`,
      { cause: error },
    );
  }
}

/** Who runs there, as the other desk has noted it. */
async function holder(folder: DataFolder): Promise<string> {
  try {
    const { pid, url } = JSON.parse(await readFile(folder.desk, 'utf8')) as { pid?: unknown; url?: unknown };
    return `process ${String(pid)} at ${String(url)}`;
  } catch {
    return 'another process';
  }
}

const locked = (folder: DataFolder, who: string): NightdeskError =>
  new NightdeskError(
    'DATA_LOCKED',
    `a desk runs on ${folder.root} already (${who}); stop it, or choose another folder with --data`,
  );
