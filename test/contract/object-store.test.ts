import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Files, nodeFiles } from '../../lib/adapters/local/files.ts';
import { createFolderStore, removeAbandoned } from '../../lib/adapters/local/object-store.ts';
import { createMemoryStore } from '../../lib/adapters/memory/object-store.ts';
import { tempFolder } from '../support/temp.ts';
import { keysOf, objectStoreContract } from './object-store.ts';

objectStoreContract('in memory', createMemoryStore);
objectStoreContract('in a folder', () => createFolderStore(tempFolder()));

describe('the object store in a folder', () => {
  test('keeps objects under their keys as paths', async () => {
    const root = tempFolder();
    await createFolderStore(root).put('events/order/v1/date=2025-01-01/a.jsonl.gz', Buffer.from('x'));
    expect(readFileSync(join(root, 'events/order/v1/date=2025-01-01/a.jsonl.gz'), 'utf8')).toBe('x');
  });

  test('neither follows nor lists symbolic links', async () => {
    const root = tempFolder();
    const outside = tempFolder();
    writeFileSync(join(outside, 'secret'), 'secret');
    mkdirSync(join(root, 'events'));
    symlinkSync(outside, join(root, 'events', 'folder'));
    symlinkSync(join(outside, 'secret'), join(root, 'events', 'file'));
    const store = createFolderStore(root);
    expect(await keysOf(store, '')).toEqual([]);
    expect(await store.get('events/file')).toBeUndefined();
    await expect(store.get('events/folder/secret')).rejects.toThrow(/leads out of the object store/);
    await expect(store.put('events/folder/x', Buffer.from('x'))).rejects.toThrow(/leads out of the object store/);
    await expect(store.delete('events/folder/secret')).rejects.toThrow(/leads out of the object store/);
    await expect(keysOf(store, 'events/folder/')).rejects.toThrow(/leads out of the object store/);
    await store.put('events/file', Buffer.from('mine')); // takes the place of the link, not of what it leads to
    expect(readdirSync(outside)).toEqual(['secret']);
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
  });

  test('a put that fails leaves neither the object nor anything else', async () => {
    const root = tempFolder();
    for (const operation of ['create', 'write', 'datasync', 'rename'] as const) {
      const store = createFolderStore(root, { files: failing(operation) });
      await expect(store.put('events/a/x', Buffer.from('x'))).rejects.toThrow('ENOSPC');
      expect(await keysOf(store, '')).toEqual([]);
      expect(readdirSync(join(root, '.unfinished'))).toEqual([]);
    }
  });

  test('makes its folders again when somebody removed them', async () => {
    const root = tempFolder();
    const store = createFolderStore(root);
    await store.put('events/a/x', Buffer.from('x'));
    rmSync(join(root, 'events'), { recursive: true });
    rmSync(join(root, '.unfinished'), { recursive: true });
    await store.put('events/a/y', Buffer.from('y'));
    expect(await keysOf(store, '')).toEqual(['events/a/y']);
  });

  test('removes what dead writers left, and nothing that may be written right now', async () => {
    const root = tempFolder();
    await createFolderStore(root).put('events/a/x', Buffer.from('x'));
    writeFileSync(join(root, '.unfinished', 'old'), '');
    utimesSync(join(root, '.unfinished', 'old'), 1, 1);
    writeFileSync(join(root, '.unfinished', 'new'), '');
    expect(await removeAbandoned(root, { nowMs: Date.now() })).toBe(1);
    expect(readdirSync(join(root, '.unfinished'))).toEqual(['new']);
  });
});

/** The files of this machine, on a disk that is full when an operation is tried. */
function failing(operation: 'create' | 'write' | 'datasync' | 'rename'): Files {
  const fail = (): never => {
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  };
  if (operation === 'create' || operation === 'rename') return { ...nodeFiles, [operation]: async () => fail() };
  return {
    ...nodeFiles,
    async create(path) {
      return { ...(await nodeFiles.create(path)), [operation]: async () => fail() };
    },
  };
}
