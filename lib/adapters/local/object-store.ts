import { randomBytes } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { assertKeyPrefix, assertObjectKey } from '../../core/lake/object-key.ts';
import type { ObjectInfo, ObjectStore } from '../../core/ports/index.ts';
import { DurableFolders, replaceFile } from './durable.ts';
import { errnoOf, type Files, nodeFiles } from './files.ts';
import { assertInside } from './inside.ts';

/** Where objects are written before they get their name; inside the root, so that the rename stays on one file system. */
const UNFINISHED = '.unfinished';
const ABANDONED_AFTER_MS = 3_600_000;

export interface FolderStoreOptions {
  /** @default - the file system of this machine. */
  readonly files?: Files;
}

/**
 * An object store in a folder, with the keys of S3 as paths. An object appears whole or not at all, and is safe from a
 * power failure once `put` has returned. Symbolic links are neither followed nor listed.
 * Unlike S3, a key cannot be both an object and the beginning of another key with `/` after it.
 */
export function createFolderStore(folder: string, { files = nodeFiles }: FolderStoreOptions = {}): ObjectStore {
  const root = resolve(folder);
  const folders = new DurableFolders(files);
  let writes = 0;

  const pathOf = (key: string): string => join(root, ...key.split('/'));

  async function write(path: string, body: Uint8Array): Promise<void> {
    await folders.ensure(join(root, UNFINISHED));
    if (await folders.ensure(dirname(path))) await assertInside(files, root, dirname(path));
    const unfinished = join(root, UNFINISHED, `${process.pid}-${writes++}-${randomBytes(6).toString('hex')}`);
    await replaceFile(files, { path, unfinished }, body);
  }

  async function* walk(path: string, key: string, prefix: string): AsyncGenerator<ObjectInfo> {
    const entries = (await files.list(path)).filter(({ name, kind }) => kind !== 'other' && !name.startsWith('.'));
    // A folder's keys go on with a slash: `a-b` comes before `a/b`, although `a` comes before `a-b`.
    const named = entries.map((entry) => ({
      ...entry,
      order: Buffer.from(entry.kind === 'folder' ? `${entry.name}/` : entry.name),
    }));
    named.sort((a, b) => Buffer.compare(a.order, b.order));
    for (const { name, kind } of named) {
      const child = key + name;
      if (kind === 'folder') {
        const inner = `${child}/`;
        if (inner.startsWith(prefix) || prefix.startsWith(inner)) yield* walk(join(path, name), inner, prefix);
      } else if (child.startsWith(prefix)) {
        const found = await files.stat(join(path, name));
        if (found !== undefined) yield { key: child, bytes: found.bytes };
      }
    }
  }

  return {
    async put(key, body) {
      assertObjectKey(key);
      const path = pathOf(key);
      try {
        await write(path, body);
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw error;
        folders.forget();
        await write(path, body);
      }
    },
    async get(key) {
      assertObjectKey(key);
      const path = pathOf(key);
      await assertInside(files, root, dirname(path));
      return files.read(path);
    },
    async *list(prefix) {
      assertKeyPrefix(prefix);
      const parents = prefix.split('/').slice(0, -1);
      const start = join(root, ...parents);
      await assertInside(files, root, start);
      yield* walk(start, parents.map((name) => `${name}/`).join(''), prefix);
    },
    async delete(key) {
      assertObjectKey(key);
      const path = pathOf(key);
      await assertInside(files, root, dirname(path));
      await files.remove(path);
    },
  };
}

/** Removes what writers that died left behind. @returns how many files. */
export async function removeAbandoned(
  folder: string,
  { files = nodeFiles, nowMs }: FolderStoreOptions & { nowMs: number },
): Promise<number> {
  const unfinished = join(resolve(folder), UNFINISHED);
  let removed = 0;
  for (const { name, kind } of await files.list(unfinished)) {
    const path = join(unfinished, name);
    const found = kind === 'file' ? await files.stat(path) : undefined;
    // Another process may be writing right now, `import` for one: only old files are nobody's.
    if (found === undefined || nowMs - found.changedMs < ABANDONED_AFTER_MS) continue;
    await files.remove(path);
    removed++;
  }
  return removed;
}
