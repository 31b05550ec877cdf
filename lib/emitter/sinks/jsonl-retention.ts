import { readdir, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface RetentionLimits {
  readonly maxFiles: number;
  readonly maxAgeMs: number;
}

/** A file so lately written may still be somebody's. */
const IN_USE_MS = 60_000;

/** Names that the sink gives: what else lies there is not ours to delete. */
const LOG = /(?:^|[/\\])[a-z0-9_]+_\d{8}_\d{6}_[0-9a-f]{8}\d{4}\.jsonl(?:\.gz)?$/;
/** The same for one file per run, directly in the folder. */
const RUN_LOG = /^[^/\\]+\.jsonl(?:\.gz)?$/;

/**
 * Deletes files of one stream that are too old or too many, the oldest first, in all of its date folders and of whichever
 * process; folders that are empty by then too. Never throws: what cannot be deleted now is met again at the next file.
 */
export async function retain(
  folder: string,
  { maxFiles, maxAgeMs }: RetentionLimits,
  { nowMs, mine, perRun }: { readonly nowMs: number; readonly mine: ReadonlySet<string>; readonly perRun: boolean },
): Promise<void> {
  try {
    const files: { path: string; mtimeMs: number }[] = [];
    for (const path of await readdir(folder, { recursive: !perRun })) {
      if (!(perRun ? RUN_LOG : LOG).test(path)) continue;
      const found = await stat(join(folder, path)).catch(() => undefined); // another process may have been faster
      if (found?.isFile() === true) files.push({ path: join(folder, path), mtimeMs: found.mtimeMs });
    }
    files.sort((a, b) => b.mtimeMs - a.mtimeMs || (a.path < b.path ? 1 : -1));
    for (const [i, { path, mtimeMs }] of files.entries()) {
      const ageMs = nowMs - mtimeMs;
      if (mine.has(path) || (i < maxFiles && ageMs <= maxAgeMs)) continue;
      if (ageMs < IN_USE_MS && !path.includes(writerOf(mine))) continue;
      await unlink(path).catch(() => undefined);
      if (dirname(path) !== folder) await rmdir(dirname(path)).catch(() => undefined); // only where it is empty
    }
  } catch {
    // the folder cannot be listed
  }
}

/** This process's own mark in its files' names: what it has closed it need not wait for. */
function writerOf(mine: ReadonlySet<string>): string {
  const [path = ''] = mine;
  return /_([0-9a-f]{8})\d{4}\.jsonl/.exec(path)?.[1] ?? '/';
}
