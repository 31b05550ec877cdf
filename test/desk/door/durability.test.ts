import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DurableFolders } from '../../../lib/adapters/local/durable.ts';
import { type Files, nodeFiles } from '../../../lib/adapters/local/files.ts';
import { createFolderStore } from '../../../lib/adapters/local/object-store.ts';
import { Refused } from '../../../lib/desk/door/intake.ts';
import { type Ingestion, openIngestion } from '../../../lib/desk/ingestion.ts';
import { tempFolder } from '../../support/temp.ts';
import { alteredFiles, diskFull } from '../support/altered-files.ts';
import { listeningLog, plainTransform, steppingClock, storedLines, takeRecords } from '../support/stand-in.ts';
import { VolatileFiles } from '../support/volatile-files.ts';

async function open(files: Files, root: string, bufferMs = 20, log = listeningLog()): Promise<Ingestion> {
  await new DurableFolders(files).ensure(root);
  return openIngestion({
    wal: join(root, 'wal'),
    store: createFolderStore(join(root, 'lake'), { files }),
    producer: 'test',
    transform: plainTransform,
    buffer: { ms: bufferMs, bytes: 1e6 },
    backlog: { slowBytes: 1e6, mostBytes: 1e7 },
    obstacle: () => undefined,
    clock: steppingClock(),
    log,
    files,
    retry: { firstMs: 1, maxMs: 4 },
  });
}

const retried = async (work: () => Promise<string[]>): Promise<string[]> => {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      await new Promise(setImmediate);
    }
  }
};

describe('the order of operations on the disk', () => {
  test('an answer comes after write and fdatasync, and after the folder is synced where the segment is new', async () => {
    const root = tempFolder();
    const happened: string[] = [];
    const files = alteredFiles(nodeFiles, (operation, path) =>
      happened.push(`${operation} ${path.slice(root.length)}`),
    );
    const { intake, stop } = await open(files, root, 60_000);
    happened.length = 0;
    await takeRecords(intake, ['order: 1'], 1);
    happened.push('answer');
    await takeRecords(intake, ['order: 2', 'order: 3'], 2);
    happened.push('answer');
    expect(happened).toEqual([
      'create /wal/0000000001.wal',
      'write /wal/0000000001.wal',
      'datasync /wal/0000000001.wal',
      'syncFolder /wal',
      'answer',
      'write /wal/0000000001.wal',
      'datasync /wal/0000000001.wal',
      'answer',
    ]);
    await stop(10_000);
  });

  test('an object is written, synced, renamed and its folder synced before the checkpoint that forgets its events', async () => {
    const root = tempFolder();
    const happened: string[] = [];
    const files = alteredFiles(nodeFiles, (operation, path) => {
      const name = path.slice(root.length);
      happened.push(
        `${operation} ${name
          .replace(/\/\.unfinished\/.+/, '/.unfinished/*')
          .replace(/[^/]+\.jsonl\.gz$/, '*.jsonl.gz')
          .replace(/[^/]+\.unfinished$/, '*.unfinished')}`,
      );
    });
    const { intake, stop } = await open(files, root);
    await takeRecords(intake, ['order: 1'], Date.UTC(2025, 11, 3));
    happened.length = 0;
    await stop(10_000);
    const day = '/lake/events/order/v1/date=2025-12-03';
    const folders = ['/lake/.unfinished', '/lake', '/lake/events', '/lake/events/order', '/lake/events/order/v1', day];
    expect(happened.filter((line) => !line.startsWith('makeFolder'))).toEqual([
      // Every folder on the way is made safe in its parent first.
      'syncFolder ',
      'syncFolder /lake',
      'syncFolder /lake',
      'syncFolder /lake/events',
      'syncFolder /lake/events/order',
      'syncFolder /lake/events/order/v1',
      'create /lake/.unfinished/*',
      'write /lake/.unfinished/*',
      'datasync /lake/.unfinished/*',
      `rename ${day}/*.jsonl.gz`,
      `syncFolder ${day}`,
      'create /wal/*.unfinished',
      'write /wal/*.unfinished',
      'datasync /wal/*.unfinished',
      'rename /wal/checkpoint.json',
      'syncFolder /wal',
      'remove /wal/0000000001.wal',
    ]);
    expect(new Set(happened.filter((line) => line.startsWith('makeFolder')))).toEqual(
      new Set(folders.map((folder) => `makeFolder ${folder}`)),
    );
  });

  test('calls that come while one sync runs share the next', async () => {
    const root = tempFolder();
    let syncs = 0;
    const files = alteredFiles(nodeFiles, (operation, path) => {
      if (operation === 'datasync' && path.endsWith('.wal')) syncs++;
    });
    const { intake, stop } = await open(files, root, 60_000);
    await Promise.all(Array.from({ length: 200 }, (_, call) => takeRecords(intake, [`order: ${call}`], call)));
    expect(syncs).toBeLessThan(20);
    await stop(10_000);
    expect(await storedLines(createFolderStore(join(root, 'lake')))).toHaveLength(200);
  });
});

describe('a disk that fails', () => {
  test('whatever fails and however often, every acknowledged event arrives, refused ones may be sent again, and the desk recovers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }), async (failures) => {
        const volatile = new VolatileFiles();
        let next = 0;
        const files = alteredFiles(volatile, (operation) => {
          if (operation !== 'makeFolder' && failures[next++] === true) throw diskFull();
        });
        await new DurableFolders(volatile).ensure('/data');
        await new DurableFolders(volatile).ensure('/data/wal');
        next = 0;
        const { intake, stop } = await open(files, '/data', 2).catch(() => open(volatile, '/data', 2));
        const acknowledged = new Map<string, string>();
        for (let call = 0; call < 8; call++) {
          const line = `order: ${call}`;
          const [id = ''] = await retried(() => takeRecords(intake, [line], call));
          acknowledged.set(line, id);
        }
        await stop(10_000);
        await (await open(volatile, '/data')).stop(10_000);
        const stored = await storedLines(createFolderStore('/data/lake', { files: volatile }));
        for (const [line, id] of acknowledged)
          expect(stored.filter(({ raw, event_id }) => raw === line && event_id === id).length).toBeGreaterThan(0);
      }),
      { numRuns: 60 },
    );
  });

  test('never writes to a segment again after its sync has failed: the next sync would say yes to bytes that are lost', async () => {
    const root = tempFolder();
    const happened: string[] = [];
    let failing = false;
    const files = alteredFiles(nodeFiles, (operation, path) => {
      if (path.endsWith('.wal')) happened.push(`${operation} ${path.slice(-5)}`);
      if (failing && operation === 'datasync') throw new Error('EIO: i/o error, fdatasync');
    });
    const { intake, stop } = await open(files, root, 60_000);
    await takeRecords(intake, ['order: 1'], 1);
    failing = true;
    await expect(takeRecords(intake, ['order: 2'], 2)).rejects.toThrow(Refused);
    failing = false;
    happened.length = 0;
    await retried(() => takeRecords(intake, ['order: 3'], 3));
    expect(happened).toEqual(['create 2.wal', 'write 2.wal', 'datasync 2.wal']);
    await stop(10_000);
  });

  test('while the log cannot be written nothing is taken, it is said once, and the disk gathers no files', async () => {
    const root = tempFolder();
    let full = false;
    const files = alteredFiles(nodeFiles, (operation, path) => {
      if (full && operation === 'write' && path.endsWith('.wal')) throw diskFull();
    });
    const log = listeningLog();
    const { intake, stop } = await open(files, root, 60_000, log);
    await takeRecords(intake, ['order: before'], 1);
    full = true;
    await expect(takeRecords(intake, ['order: lost'], 2)).rejects.toThrow(Refused);
    for (let again = 0; again < 5_000; again++) await takeRecords(intake, ['order: lost'], 2).catch(() => undefined);
    expect(intake.obstacle).toMatch(/ENOSPC/);
    expect((await nodeFiles.list(join(root, 'wal'))).length).toBeLessThan(3);
    full = false;
    await retried(() => takeRecords(intake, ['order: after'], 3));
    await stop(10_000);
    expect(log.said.map(({ level }) => level)).toEqual(['error', 'info']);
    const lines = (await storedLines(createFolderStore(join(root, 'lake')))).map(({ raw }) => raw);
    expect(lines).toEqual(['order: before', 'order: after']);
  });

  test('while the lake cannot be written nothing is taken, what was taken stays in the log, and it arrives in the end', async () => {
    const root = tempFolder();
    let full = true;
    const files = alteredFiles(nodeFiles, (operation, path) => {
      if (full && operation === 'write' && path.includes('.unfinished/')) throw diskFull();
    });
    const log = listeningLog();
    const { intake, stats, stop } = await open(files, root, 1, log);
    await takeRecords(intake, ['order: 1'], 1);
    await expect.poll(() => intake.obstacle).toMatch(/the lake cannot be written/);
    await expect(takeRecords(intake, ['order: 2'], 2)).rejects.toThrow(Refused);
    expect(stats().walBytes).toBeGreaterThan(0);
    full = false;
    await expect.poll(() => intake.obstacle).toBeUndefined();
    await takeRecords(intake, ['order: 2'], 2);
    await stop(10_000);
    expect(log.said.map(({ level }) => level)).toEqual(['error', 'info']);
    expect(await storedLines(createFolderStore(join(root, 'lake')))).toHaveLength(2);
  });

  test('a stop does not wait for ever for a lake that cannot be written; the next start brings the rest', async () => {
    const root = tempFolder();
    const files = alteredFiles(nodeFiles, (operation, path) => {
      if (operation === 'write' && path.includes('.unfinished/')) throw diskFull();
    });
    const { intake, stop } = await open(files, root, 1);
    const ids = await takeRecords(intake, ['order: 1', 'order: 2'], 1);
    await stop(50);
    const again = await open(nodeFiles, root);
    expect(again.stats().restored).toBe(1);
    await again.stop(10_000);
    expect((await storedLines(createFolderStore(join(root, 'lake')))).map(({ event_id }) => event_id)).toEqual(ids);
  });
});
