import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { assertKeyPrefix, assertObjectKey } from '../../core/lake/object-key.ts';
import type { StateStore } from '../../core/ports/index.ts';
import { DurableFolders } from './durable.ts';
import { errnoOf, type Files, nodeFiles } from './files.ts';
import { assertInside } from './inside.ts';

/*
 * Compare-and-swap between processes without a lock that a dead process could keep.
 *
 * A key is a folder; its versions are files `.v1`, `.v2`, ... in it, the highest being the state. A writer that read
 * version n writes a file of its own and links it as n + 1, which the file system grants to one writer only. Each file
 * begins with a random nonce of its own and that of its predecessor. Files are removed from the lowest up and the
 * highest never, so that whoever finds version n as it read it after the link knows that n + 1 had never been there.
 * Who was too late has made a file below the highest, which nobody reads.
 */

/** Where versions are written before they get their name: that of the object store in the same folder. */
const UNFINISHED = '.unfinished';
const VERSION = /^\.v(\d{1,15})$/;
const KEPT = 4; // a slow writer still finds its predecessor, and a listing always something
const NONCE = 24;
/** `<nonce> <nonce of the predecessor>`, then a line feed and the body; a removed object has neither. */
const HEADER = NONCE * 2 + 1;
const NONE = '0'.repeat(NONCE);
const MOST_TRIES = 1_000;

interface Found {
  readonly n: number;
  readonly nonce: string;
  readonly previous: string;
  /** Absent where the object was removed. */
  readonly body?: Uint8Array;
}

/** State objects in a folder, beside the objects of a folder store: hidden from it, with the same keys as on S3. */
export function createFolderStateStore(
  folder: string,
  { files = nodeFiles }: { readonly files?: Files } = {},
): StateStore {
  const root = resolve(folder);
  const folders = new DurableFolders(files);
  const folderOf = (key: string): string => join(root, ...key.split('/'));

  async function versionsIn(path: string): Promise<number[]> {
    const names = (await files.list(path)).filter(({ kind }) => kind === 'file');
    return names
      .flatMap(({ name }) => VERSION.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }

  async function read(path: string, n: number): Promise<Found | undefined> {
    const bytes = await files.read(join(path, `.v${n}`));
    if (bytes === undefined || bytes.length < HEADER) return undefined;
    const head = bytes.toString('latin1', 0, HEADER);
    const found = { n, nonce: head.slice(0, NONCE), previous: head.slice(NONCE + 1) };
    return bytes.length === HEADER ? found : { ...found, body: Uint8Array.from(bytes.subarray(HEADER + 1)) };
  }

  /** The highest version, a removed one too. */
  async function newest(path: string): Promise<Found | undefined> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const n = (await versionsIn(path)).at(-1);
      if (n === undefined) return undefined;
      const found = await read(path, n);
      if (found !== undefined) return found;
    } // superseded and removed between listing and reading: there is a newer one
    throw new Error(`${path} changes all the time`);
  }

  /** Writes the version after `before`. @returns its nonce, or undefined where another writer was first */
  async function write(
    path: string,
    before: Found | undefined,
    body: Uint8Array | undefined,
  ): Promise<string | undefined> {
    const nonce = randomBytes(NONCE / 2).toString('hex');
    const n = before === undefined ? 0 : before.n + 1;
    const unfinished = join(root, UNFINISHED, `state-${nonce}`);
    const head = Buffer.from(`${nonce} ${before?.nonce ?? NONE}${body === undefined ? '' : '\n'}`, 'latin1');
    try {
      const file = await files.create(unfinished);
      try {
        await file.write(body === undefined ? [head] : [head, body]);
        await file.datasync();
      } finally {
        await file.close();
      }
      await files.link(unfinished, join(path, `.v${n}`));
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      return undefined;
    } finally {
      await files.remove(unfinished).catch(() => undefined); // else removed with what other dead writers left
    }
    if (before !== undefined && !(await isNext(path, before, nonce))) {
      await files.remove(join(path, `.v${n}`));
      return undefined;
    }
    await files.syncFolder(path);
    return nonce;
  }

  async function isNext(path: string, before: Found, nonce: string): Promise<boolean> {
    if ((await read(path, before.n))?.nonce === before.nonce) return true;
    // Others went on from ours already, and removed what was before it.
    return (await read(path, before.n + 2))?.previous === nonce;
  }

  async function tidy(path: string, n: number): Promise<void> {
    for (const old of await versionsIn(path)) {
      if (old > n - KEPT) return;
      await files.remove(join(path, `.v${old}`));
    }
  }

  async function prepare(path: string): Promise<void> {
    await folders.ensure(join(root, UNFINISHED));
    await folders.ensure(path);
    await assertInside(files, root, path);
  }

  /** What a new version is to follow; where there never was one, a removed object is put first for all to follow. */
  async function predecessor(path: string): Promise<Found> {
    const found = await newest(path);
    if (found !== undefined) return found;
    await write(path, undefined, undefined);
    return predecessor(path);
  }

  async function put(path: string, body: Uint8Array, version: string | undefined): Promise<string | undefined> {
    await prepare(path);
    const before = await predecessor(path);
    if (before.body === undefined ? version !== undefined : version !== nameOf(before)) return undefined;
    const nonce = await write(path, before, body);
    if (nonce === undefined) return undefined;
    await tidy(path, before.n + 1);
    return nameOf({ n: before.n + 1, nonce });
  }

  async function* walk(path: string, key: string, prefix: string): AsyncGenerator<string> {
    const entries = await files.list(path);
    if (key !== '' && key.startsWith(prefix) && entries.some(({ name }) => VERSION.test(name))) {
      const n = (await versionsIn(path)).at(-1);
      const found = n === undefined ? undefined : await files.stat(join(path, `.v${n}`));
      // Superseded since it was listed: then the newest says whether it is there.
      const there = found === undefined ? (await newest(path))?.body !== undefined : found.bytes > HEADER;
      if (there) yield key;
    }
    for (const { name, kind } of entries) {
      if (kind !== 'folder' || name.startsWith('.')) continue;
      const child = key === '' ? name : `${key}/${name}`;
      if (child.startsWith(prefix) || prefix.startsWith(`${child}/`)) yield* walk(join(path, name), child, prefix);
    }
  }

  return {
    async get(key) {
      assertObjectKey(key);
      const path = folderOf(key);
      await assertInside(files, root, path);
      const found = await newest(path);
      return found?.body === undefined ? undefined : { body: found.body, version: nameOf(found) };
    },
    async put(key, body, version) {
      assertObjectKey(key);
      const path = folderOf(key);
      try {
        return await put(path, body, version);
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw error;
        folders.forget(); // somebody removed a folder behind our back
        return put(path, body, version);
      }
    },
    async *list(prefix) {
      assertKeyPrefix(prefix);
      const keys: string[] = [];
      for await (const key of walk(root, '', prefix)) keys.push(key);
      yield* keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    },
    async delete(key) {
      assertObjectKey(key);
      const path = folderOf(key);
      await assertInside(files, root, path);
      for (;;) {
        const found = await newest(path);
        if (found?.body === undefined) return;
        await prepare(path);
        if ((await write(path, found, undefined)) !== undefined) return tidy(path, found.n + 1);
      }
    },
  };
}

const nameOf = ({ n, nonce }: Pick<Found, 'n' | 'nonce'>): string => `${n}-${nonce}`;
