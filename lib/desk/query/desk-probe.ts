import { readdir, readFile, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import type { DataFolder } from '../data-folder.ts';

/** What a desk answers at /healthz, or why there is no answer. */
export interface DeskFacts {
  /** From the data folder: who runs there, or ran there until it was killed. */
  readonly note?: { readonly pid: number; readonly url: string; readonly startedAt: string };
  /** Whether a process of that id is there. */
  readonly alive?: boolean;
  readonly url?: string;
  readonly health?: Readonly<Record<string, unknown>>;
  /** Why the desk could not be asked. */
  readonly unreachable?: string;
  /** Its clock less ours, in ms. */
  readonly clockMs?: number;
}

const TIMEOUT_MS = 5_000;

/** Asks the desk of a data folder, or that at an endpoint, how it is. Never throws. */
export async function probeDesk({ desk }: Pick<DataFolder, 'desk'>, endpoint: string | undefined): Promise<DeskFacts> {
  const note = await noteIn(desk);
  const facts = note === undefined ? {} : { note, alive: isAlive(note.pid) };
  const url = endpoint ?? note?.url;
  if (url === undefined || (endpoint === undefined && facts.alive === false)) return facts;
  try {
    const askedMs = Date.now();
    const response = await fetch(new URL('/healthz', url), {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: 'error',
    });
    const health: unknown = await response.json();
    const date = Date.parse(response.headers.get('date') ?? '');
    return {
      ...facts,
      url,
      ...(typeof health === 'object' && health !== null ? { health: { ...health } } : {}),
      // The header has whole seconds: half a second on average is its rounding.
      ...(Number.isNaN(date) ? {} : { clockMs: Math.round(date + 500 - (askedMs + Date.now()) / 2) }),
    };
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? `: ${messageOf(error.cause)}` : '';
    return { ...facts, url, unreachable: `${messageOf(error)}${cause}` };
  }
}

async function noteIn(path: string): Promise<DeskFacts['note']> {
  try {
    const note: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof note !== 'object' || note === null || !('pid' in note) || !('url' in note)) return undefined;
    const { pid, url, startedAt } = note as Readonly<Record<string, unknown>>;
    return typeof pid === 'number' && typeof url === 'string' ? { pid, url, startedAt: String(startedAt) } : undefined;
  } catch {
    return undefined; // nobody runs here
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'; // alive, and another user's
  }
}

export interface DiskFacts {
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Bytes of the write-ahead log, where a desk is or was. */
  readonly walBytes: number;
}

/** Space on the disk of the data folder. @returns undefined where the file system does not say */
export async function probeDisk({ root, wal }: Pick<DataFolder, 'root' | 'wal'>): Promise<DiskFacts | undefined> {
  try {
    const { bavail, blocks, bsize } = await statfs(root);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, walBytes: await bytesIn(wal) };
  } catch {
    return undefined;
  }
}

async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names
      .filter((name) => name.endsWith('.wal'))
      .map(async (name) => (await stat(join(folder, name)).catch(() => ({ size: 0 }))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
