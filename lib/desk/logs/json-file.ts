import { randomBytes } from 'node:crypto';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { replaceFile } from '../../adapters/local/durable.ts';
import { errnoOf, nodeFiles } from '../../adapters/local/files.ts';
import { messageOf, NightdeskError } from '../../core/errors.ts';

/** A lock older than this was left by a process that died: nobody holds one longer than a write takes. */
const STALE_MS = 10_000;
const RETRY_MS = 20;

/**
 * Reads a small JSON file, lets `change` make the new content, and replaces the file durably; alone among processes.
 * `change` gets undefined where there is no file, and changes nothing by returning undefined.
 * @throws DATA_UNREADABLE when the file holds no JSON
 */
export async function updateJson<T>(path: string, change: (old: unknown) => T | undefined): Promise<T | undefined> {
  const lock = `${path}.lock`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await take(lock);
  } catch (error) {
    throw new NightdeskError(
      'DATA_UNREADABLE',
      `cannot write ${path}: ${messageOf(error)}; choose another folder with --data`,
      { cause: error },
    );
  }
  try {
    const content = change(await readJson(path));
    if (content === undefined) return undefined;
    const unfinished = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
    await replaceFile(nodeFiles, { path, unfinished }, Buffer.from(JSON.stringify(content)));
    return content;
  } finally {
    await rm(lock, { force: true });
  }
}

/** The content of a JSON file, or undefined where there is none. @throws DATA_UNREADABLE when it is not JSON */
export async function readJson(path: string): Promise<unknown> {
  const bytes = await nodeFiles.read(path);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new NightdeskError(
      'DATA_UNREADABLE',
      `${path} is not JSON (${messageOf(error)}); it keeps the identity of what was sent: restore it, or move it away and accept that files sent before count as new`,
      { cause: error },
    );
  }
}

async function take(lock: string): Promise<void> {
  for (;;) {
    try {
      await (await open(lock, 'wx', 0o600)).close();
      return;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    const found = await stat(lock).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > STALE_MS) await rm(lock, { force: true });
    else await sleep(RETRY_MS);
  }
}

export const isJsonRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
