import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nodeFiles } from '../../lib/adapters/local/files.ts';
import { createFolderStore } from '../../lib/adapters/local/object-store.ts';
import { tempFolder } from '../support/temp.ts';
import { base64, call, startDesk } from './support/desk.ts';
import { startDeskProcess } from './support/process.ts';
import { plainTransform, storedLines } from './support/stand-in.ts';

const put = (line: string): unknown => ({ DeliveryStreamName: 'nightdesk', Record: { Data: base64(line) } });

describe('a desk', () => {
  test('keeps a second desk off its folder, by whatever path, in this process and from another', async () => {
    const dataDir = tempFolder();
    const desk = await startDesk({ dataDir });
    const link = join(tempFolder(), 'link');
    symlinkSync(dataDir, link);
    await expect(startDesk({ dataDir })).rejects.toMatchObject({ code: 'DATA_LOCKED' });
    await expect(startDesk({ dataDir: link })).rejects.toMatchObject({ code: 'DATA_LOCKED' });
    await expect(startDeskProcess(['--data', dataDir])).rejects.toThrow(
      new RegExp(`process ${process.pid} at ${desk.url}.*DATA_LOCKED`),
    );
    await desk.stop();
    const other = await startDeskProcess(['--data', dataDir]);
    await expect(startDesk({ dataDir })).rejects.toMatchObject({
      code: 'DATA_LOCKED',
      message: expect.stringContaining(`process ${other.pid}`),
    });
    expect(await other.end('SIGKILL')).toBe('SIGKILL');
    await (await startDesk({ dataDir })).stop(); // the lock of a killed process is free at once
  });

  test('notes who runs there while it runs', async () => {
    const desk = await startDesk();
    expect(JSON.parse(readFileSync(desk.folder.desk, 'utf8'))).toEqual({
      pid: process.pid,
      url: desk.url,
      startedAt: expect.any(String),
    });
    await desk.stop();
    expect(existsSync(desk.folder.desk)).toBe(false);
  });

  test('leaves nothing held when its port is taken', async () => {
    const first = await startDesk();
    const dataDir = tempFolder();
    const port = Number(new URL(first.url).port);
    await expect(startDesk({ dataDir, port })).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    await first.stop();
    await startDesk({ dataDir, port });
  });

  test('says so when its folder cannot be made', async () => {
    const file = join(tempFolder(), 'file');
    writeFileSync(file, '');
    await expect(startDesk({ dataDir: join(file, 'data') })).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' });
  });

  test('says what to do about a lock file that nothing can open', async () => {
    const dataDir = tempFolder();
    writeFileSync(join(dataDir, 'lock.duckdb'), 'not a database');
    await expect(startDesk({ dataDir })).rejects.toMatchObject({
      code: 'DATA_UNREADABLE',
      message: expect.stringContaining('remove it'),
    });
  });

  test('stops with everything in the lake and an empty log, however often it is told to', async () => {
    const desk = await startDesk({ buffer: { ms: 60_000 } });
    for (let n = 0; n < 10; n++) await call(desk.url, 'PutRecord', put(`order: ${n}`));
    await Promise.all([desk.stop(), desk.stop()]);
    expect(readdirSync(desk.folder.wal)).toEqual(['checkpoint.json']);
    expect(await desk.lines()).toHaveLength(10);
    expect(desk.stats()).toMatchObject({
      backlogBytes: 0,
      walBytes: 0,
      delivery: { lines: 10, stored: 10 },
      intake: { calls: 10, records: 10 },
    });
  });

  test('takes up at its start what an earlier desk took and did not deliver, and says so', async () => {
    const dataDir = tempFolder();
    const dead = await startDeskProcess(['--data', dataDir, '--buffer-ms', '60000']);
    const answers = await Promise.all(['{"a":1}', '{"a":2}'].map((line) => call(dead.url, 'PutRecord', put(line))));
    await dead.end('SIGKILL');
    const desk = await startDesk({ dataDir });
    expect(desk.stats().restored).toBe(2);
    expect(desk.said.map(({ message }) => message)).toEqual([
      'took up what an earlier desk had not brought to the lake',
    ]);
    expect((await desk.lines()).map(({ event_id }) => event_id).sort()).toEqual(
      answers.map(({ json }) => json.RecordId).sort(),
    );
  });

  test('takes nothing while the disk is nearly full, says so once, and takes again when there is space', async () => {
    let freeBytes = 2_000;
    const desk = await startDesk({ minFreeBytes: 1_000, files: { ...nodeFiles, freeBytes: async () => freeBytes } });
    expect((await call(desk.url, 'PutRecord', put('order: 1'))).status).toBe(200);
    freeBytes = 999;
    await expect
      .poll(async () => (await call(desk.url, 'PutRecord', put('order: 2'))).json.__type, { timeout: 5_000 })
      .toBe('ServiceUnavailableException');
    expect(
      (await fetch(`${desk.url}/v1/events`, { method: 'POST', body: 'order: 2' })).headers.get('retry-after'),
    ).toBe('1');
    freeBytes = 2_000;
    await expect
      .poll(async () => (await call(desk.url, 'PutRecord', put('order: 3'))).status, { timeout: 5_000 })
      .toBe(200);
    expect(desk.said.map(({ level }) => level)).toEqual(['error', 'info']);
  });

  test('answers slower, and keeps little in memory, when lines come faster than it can transform them', async () => {
    const slow = 1;
    const desk = await startDesk({
      backlog: { slowBytes: 20_000, mostBytes: 100_000 },
      transform: (line, position) => {
        const until = performance.now() + slow;
        while (performance.now() < until);
        return plainTransform(line, position);
      },
    });
    let most = 0;
    const client = async (name: number): Promise<number> => {
      let taken = 0;
      for (let n = 0; n < 10; n++) {
        const { status } = await call(desk.url, 'PutRecord', put(`order: ${name}.${n} ${'x'.repeat(4_000)}`));
        if (status === 200) taken++;
        most = Math.max(most, desk.stats().backlogBytes);
      }
      return taken;
    };
    const taken = await Promise.all(Array.from({ length: 8 }, (_, name) => client(name)));
    expect(most).toBeLessThan(100_000);
    expect(await desk.lines()).toHaveLength(taken.reduce((sum, n) => sum + n, 0));
  });

  test('leaves alone what other processes write into its lake', async () => {
    const dataDir = tempFolder();
    const store = createFolderStore(join(dataDir, 'lake'));
    mkdirSync(join(dataDir, 'lake', '.unfinished'), { recursive: true });
    writeFileSync(join(dataDir, 'lake', '.unfinished', 'import'), 'being written');
    const desk = await startDesk({ dataDir });
    await call(desk.url, 'PutRecord', put('order: 1'));
    expect(await desk.lines()).toHaveLength(1);
    expect(readFileSync(join(dataDir, 'lake', '.unfinished', 'import'), 'utf8')).toBe('being written');
    expect(await storedLines(store)).toHaveLength(1);
  });
});
