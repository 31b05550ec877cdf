import { constants } from 'node:fs';
import { link, mkdir, open, readdir, readFile, realpath, rename, rm, stat, statfs } from 'node:fs/promises';

/** A file being written; bytes are safe from a power failure once `datasync` has returned. */
export interface WritableFile {
  /** Appends all the chunks, in order. */
  write(chunks: readonly Uint8Array[]): Promise<void>;
  datasync(): Promise<void>;
  close(): Promise<void>;
}

export interface FolderEntry {
  readonly name: string;
  /** Symbolic links, sockets and the like are `other`: nothing of ours follows them. */
  readonly kind: 'file' | 'folder' | 'other';
}

/**
 * The few file operations that durability rests on. The write-ahead log, the checkpoint and the object store use
 * nothing else, so that a test can record their order, fail any of them, or lose what was not yet synced.
 */
export interface Files {
  /** Creates a file that must not exist yet. */
  create(path: string): Promise<WritableFile>;
  /** The whole file, or undefined where there is none. */
  read(path: string): Promise<Buffer | undefined>;
  rename(from: string, to: string): Promise<void>;
  /** Gives a file a second name, which must not exist yet: EEXIST where it does. */
  link(from: string, to: string): Promise<void>;
  /** Removes a file; no error where there is none. */
  remove(path: string): Promise<void>;
  /** Creates one folder whose parent exists; no error where it exists. */
  makeFolder(path: string): Promise<void>;
  /** Makes created, renamed and removed entries of a folder safe from a power failure. */
  syncFolder(path: string): Promise<void>;
  /** Entries of a folder in no order; none where there is no such folder. */
  list(path: string): Promise<readonly FolderEntry[]>;
  /** Size in bytes, and time of the last change in ms; undefined where there is no such file. */
  stat(path: string): Promise<{ readonly bytes: number; readonly changedMs: number } | undefined>;
  /** The path with all symbolic links resolved, or undefined where there is nothing. */
  realPath(path: string): Promise<string | undefined>;
  /** Bytes that an ordinary user may still write on the file system of the path. */
  freeBytes(path: string): Promise<number>;
}

export const errnoOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

// ELOOP: a symbolic link where a file was asked for; EISDIR: a folder.
const ABSENT: readonly (string | undefined)[] = ['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP'];

// Some network and FUSE file systems know no sync of a folder; they have nothing of it to lose.
const NO_FOLDER_SYNC: readonly (string | undefined)[] = ['EINVAL', 'ENOTSUP', 'EOPNOTSUPP'];

/** What `work` returns, or undefined where there is no such file. */
async function orAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (ABSENT.includes(errnoOf(error))) return undefined;
    throw error;
  }
}

/** The file system of this machine. */
export const nodeFiles: Files = {
  async create(path) {
    const file = await open(path, 'wx', 0o600); // events hold what a bot trades: nobody else's to read
    return {
      async write(chunks) {
        let rest: readonly Uint8Array[] = chunks;
        while (rest.length > 0) {
          const { bytesWritten } = await file.writev(rest);
          rest = after(rest, bytesWritten);
        }
      },
      datasync: () => file.datasync(),
      close: () => file.close(),
    };
  },
  read: (path) => orAbsent(readNoFollow(path)),
  rename,
  link,
  remove: (path) => rm(path, { force: true }),
  async makeFolder(path) {
    try {
      await mkdir(path, 0o700);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
  },
  async syncFolder(path) {
    if (process.platform === 'win32') return; // Windows has no handle on a folder to sync
    const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await folder.sync();
    } catch (error) {
      if (!NO_FOLDER_SYNC.includes(errnoOf(error))) throw error;
    } finally {
      await folder.close();
    }
  },
  async list(path) {
    const entries = (await orAbsent(readdir(path, { withFileTypes: true }))) ?? [];
    return entries.map((entry) => ({
      name: entry.name,
      kind: entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : 'other',
    }));
  },
  async stat(path) {
    const found = await orAbsent(stat(path));
    return found?.isFile() ? { bytes: found.size, changedMs: found.mtimeMs } : undefined;
  },
  realPath: (path) => orAbsent(realpath(path)),
  async freeBytes(path) {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  },
};

async function readNoFollow(path: string): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    return await readFile(file);
  } finally {
    await file.close();
  }
}

/** What is left of the chunks after the first `written` bytes: a write may take fewer than it was given. */
function after(chunks: readonly Uint8Array[], written: number): readonly Uint8Array[] {
  let skip = written;
  for (const [index, chunk] of chunks.entries()) {
    if (skip < chunk.length) return [chunk.subarray(skip), ...chunks.slice(index + 1)];
    skip -= chunk.length;
  }
  return [];
}
