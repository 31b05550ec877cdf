import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DurableFolders } from '../../lib/adapters/local/durable.ts';
import { type Files, nodeFiles } from '../../lib/adapters/local/files.ts';
import { createFolderStore } from '../../lib/adapters/local/object-store.ts';
import { createFolderStateStore } from '../../lib/adapters/local/state-store.ts';
import { createMemoryStateStore } from '../../lib/adapters/memory/state-store.ts';
import { alteredFiles, diskFull, type Operation } from '../desk/support/altered-files.ts';
import { VolatileFiles } from '../desk/support/volatile-files.ts';
import { tempFolder } from '../support/temp.ts';
import { keysOf } from './object-store.ts';
import { bytes, increment, stateStoreContract, textOf } from './state-store.ts';

stateStoreContract('in memory', createMemoryStateStore);
stateStoreContract('in a folder', () => createFolderStateStore(tempFolder()));

describe('the state store in a folder', () => {
  test('of writers in several processes none loses the update of another', { timeout: 240_000 }, async () => {
    const folder = tempFolder();
    const script = join(tempFolder(), 'writer.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL('./state-store-writer.ts', import.meta.url))],
      outfile: script,
      bundle: true,
      platform: 'node',
      format: 'esm',
    });
    const writers = Array.from({ length: 3 }, () =>
      spawn(process.execPath, [script, folder, '60'], { stdio: 'inherit' }),
    );
    const here = createFolderStateStore(folder);
    for (let n = 0; n < 20; n++) await increment(here, 'state/counter');
    for (const [code] of await Promise.all(writers.map((writer) => once(writer, 'close')))) expect(code).toBe(0);
    expect(textOf((await here.get('state/counter'))?.body)).toBe('200');
  });

  test('a writer that stands still for a hundred updates does not undo them', async () => {
    const folder = tempFolder();
    const others = createFolderStateStore(folder);
    for (const stopAt of ['create', 'datasync', 'link'] as const) {
      const key = `state/${stopAt}`;
      for (let n = 0; n < 3; n++) await increment(others, key);
      const before = await others.get(key);
      let stopped = false;
      const slow: Files = {
        ...nodeFiles,
        async link(from, to) {
          if (stopAt === 'link') await late();
          await nodeFiles.link(from, to);
        },
        async create(path) {
          if (stopAt === 'create') await late();
          const file = await nodeFiles.create(path);
          return {
            ...file,
            async datasync() {
              if (stopAt === 'datasync') await late();
              await file.datasync();
            },
          };
        },
      };
      const late = async (): Promise<void> => {
        if (stopped) return;
        stopped = true;
        for (let n = 0; n < 100; n++) await increment(others, key);
      };
      const store = createFolderStateStore(folder, { files: slow });
      expect(await store.put(key, bytes('lost'), before?.version), stopAt).toBeUndefined();
      expect(stopped).toBe(true);
      expect(textOf((await others.get(key))?.body), stopAt).toBe('103');
      await increment(others, key);
      expect(textOf((await others.get(key))?.body), stopAt).toBe('104');
    }
  });

  test('a writer that is slow to look back still knows that it was first', async () => {
    const folder = tempFolder();
    const others = createFolderStateStore(folder);
    const version = await others.put('state/x', bytes('1'), undefined);
    const slow: Files = {
      ...nodeFiles,
      async link(from, to) {
        await nodeFiles.link(from, to);
        for (let n = 0; n < 4; n++) await increment(others, 'state/x');
      },
    };
    expect(await createFolderStateStore(folder, { files: slow }).put('state/x', bytes('2'), version)).toBeDefined();
    expect(textOf((await others.get('state/x'))?.body)).toBe('6');
  });

  test('keeps few files, and none that an object store of the same folder would list', async () => {
    const folder = tempFolder();
    const store = createFolderStateStore(folder);
    for (let n = 0; n < 30; n++) await increment(store, 'state/counter');
    expect(readdirSync(join(folder, 'state', 'counter')).length).toBeLessThan(6);
    expect(readdirSync(join(folder, '.unfinished'))).toEqual([]);
    expect(await keysOf(createFolderStore(folder), '')).toEqual([]);
  });

  test('a write that fails leaves what was there', async () => {
    for (const operation of ['create', 'write', 'datasync', 'link'] as const) {
      const folder = tempFolder();
      const version = await createFolderStateStore(folder).put('state/x', bytes('old'), undefined);
      const full = (at: Operation): void => {
        if (at === operation) throw diskFull();
      };
      const store = createFolderStateStore(folder, { files: alteredFiles(nodeFiles, full) });
      await expect(store.put('state/x', bytes('new'), version)).rejects.toThrow('ENOSPC');
      expect(await store.get('state/x')).toEqual({ body: expect.anything(), version });
      expect(readdirSync(join(folder, '.unfinished'))).toEqual([]);
    }
  });

  test('does not follow symbolic links out of its folder', async () => {
    const folder = tempFolder();
    const outside = tempFolder();
    mkdirSync(join(outside, 'x'));
    writeFileSync(join(outside, 'x', '.v1'), 'secret');
    symlinkSync(outside, join(folder, 'state'));
    const store = createFolderStateStore(folder);
    await expect(store.get('state/x')).rejects.toThrow(/leads out/);
    await expect(store.put('state/x', bytes('1'), undefined)).rejects.toThrow(/leads out/);
    await expect(store.delete('state/x')).rejects.toThrow(/leads out/);
    expect(readdirSync(join(outside, 'x'))).toEqual(['.v1']);
  });

  test('whatever the moment of a power failure, what was confirmed is there, and nothing is half', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 60 }), fc.infiniteStream(fc.boolean()), async (failAt, coins) => {
        const coin = (): boolean => coins.next().value ?? false;
        const files = new VolatileFiles(failAt);
        let confirmed = 0;
        const writing = async (): Promise<void> => {
          await new DurableFolders(files).ensure('/data');
          const store = createFolderStateStore('/data', { files });
          for (let n = 1; n <= 9; n++) {
            await increment(store, 'state/a/x');
            confirmed = n;
          }
        };
        const failed = async (): Promise<void> => {
          while (files.operations.at(-1) !== 'power failure') await new Promise(setImmediate);
        };
        await Promise.race([writing(), failed()]);
        const after = files.afterPowerFailure(coin);
        await new DurableFolders(after).ensure('/data');
        const store = createFolderStateStore('/data', { files: after });
        const found = Number(textOf((await store.get('state/a/x'))?.body) ?? '0');
        expect([confirmed, confirmed + 1]).toContain(found);
        await increment(store, 'state/a/x');
        expect(textOf((await store.get('state/a/x'))?.body)).toBe(String(found + 1));
      }),
      { numRuns: 200 },
    );
  });
});
