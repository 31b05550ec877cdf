import { join, resolve } from 'node:path';

/** The places inside a data folder. */
export interface DataFolder {
  readonly root: string;
  /** The object store: the same keys as on S3. */
  readonly lake: string;
  /** Write-ahead log segments and the checkpoint. */
  readonly wal: string;
  /** A DuckDB file that is held open for its exclusive lock, which the kernel gives back when the process dies. */
  readonly lock: string;
  /** Who runs here: `{pid, url, startedAt}`; there while a desk runs, and after a crash. */
  readonly desk: string;
  /** Cursors of `watch`, one file per watched root. */
  readonly cursors: string;
  /** The random source ids given to sent and watched roots. */
  readonly sources: string;
}

export function dataFolder(path: string): DataFolder {
  const root = resolve(path);
  return {
    root,
    lake: join(root, 'lake'),
    wal: join(root, 'wal'),
    lock: join(root, 'lock.duckdb'),
    desk: join(root, 'desk.json'),
    cursors: join(root, 'cursors'),
    sources: join(root, 'sources.json'),
  };
}
