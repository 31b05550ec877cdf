import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { DropReason } from '../../lib/emitter/drop-reason.ts';
import type { Entry } from '../../lib/emitter/outbox.ts';
import { Spool, type SpoolSettings } from '../../lib/emitter/spool/spool.ts';
import { tempFolder } from '../support/temp.ts';

const shortage = vi.hoisted(() => ({ code: undefined as string | undefined }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return {
    ...real,
    open: (...args: Parameters<typeof real.open>) =>
      shortage.code === undefined ? real.open(...args) : Promise.reject(Object.assign(new Error(), shortage)),
  };
});

const ALL = { events: 1_000, bytes: 1_000_000 };

/** A spool that keeps nothing in memory, so that everything is read back from the disk. */
function testSpool(over: Partial<SpoolSettings> = {}) {
  const lost: [number, DropReason][] = [];
  const dir = over.dir ?? join(tempFolder(), 'spool');
  const spool = new Spool(
    { dir, maxBytes: 100_000, segmentBytes: 10_000, sync: false, batch: ALL, residentBytes: 0, ...over },
    { dropped: (_entry, reason) => lost.push([1, reason]), lost: (count, reason) => lost.push([count, reason]) },
  );
  return { spool, dir, lost };
}

let ordinal = 0;
const entries = (count: number): Entry[] =>
  Array.from({ length: count }, () => {
    const line = `{"stream":"signals","n":${++ordinal}}`;
    return { stream: 'signals', precious: false, ordinal, emittedMs: 0, line, bytes: line.length, settled: undefined };
  });

/** What a process that died has left in the spool. */
function leave(dir: string, text: string): void {
  const folder = join(dir, 'dead');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'ordinary-00000001.jsonl'), text);
}

test('lines that are appended while those before them are read are counted and sent', async () => {
  const { spool, lost } = testSpool();
  await spool.append(entries(3), () => undefined);
  const reading = spool.next(ALL);
  await spool.append(entries(3), () => undefined);

  const sent = [...(await reading)];
  expect(sent.length + spool.queued).toBe(6);
  spool.done();
  while (spool.count > 0) {
    sent.push(...(await spool.next(ALL)));
    spool.done();
  }
  expect(sent).toHaveLength(6);
  expect(lost).toEqual([]);
  await spool.close();
});

test.each([
  ['three lines of nonsense', 'a\nb\nc\n', 3],
  ['a binary file', `${String.fromCharCode(0, 1, 2).repeat(1_000)}\n`, 1],
])('%s are counted as damaged, and take up no room any more', async (_what, text, count) => {
  const { spool, dir, lost } = testSpool();
  leave(dir, text);

  expect(await spool.adopt(Date.now())).toBe(count);
  expect(await spool.next(ALL)).toEqual([]);
  expect(lost).toEqual([[count, 'spool_damaged']]);
  expect({ held: spool.count, bytes: spool.bytes, oldest: spool.oldest() }).toEqual({
    held: 0,
    bytes: 0,
    oldest: undefined,
  });
  await spool.close();
});

test('a process that is short of files for a moment loses nothing of what is spooled', async () => {
  const { spool, lost } = testSpool();
  await spool.append(entries(5), () => undefined);
  shortage.code = 'EMFILE';
  await expect(spool.next(ALL)).rejects.toMatchObject({ code: 'EMFILE' });
  spool.restore();
  expect(spool.count).toBe(5);
  shortage.code = undefined;

  expect(await spool.next(ALL)).toHaveLength(5);
  expect(lost).toEqual([]);
  spool.done();
  await spool.close();
});

test('a spool whose folder was removed under its hands goes on in another one', async () => {
  const { spool, dir } = testSpool();
  await spool.append(entries(1), () => undefined);
  rmSync(dir, { recursive: true });
  await spool.append(entries(4), () => undefined);

  expect(readdirSync(dir, { recursive: true, encoding: 'utf8' }).some((path) => path.endsWith('.jsonl'))).toBe(true);
  const kept = (await spool.next(ALL)).length;
  expect(kept).toBe(4);
  spool.done();
  await spool.close();
});

test('a folder that cannot be read keeps nobody from the others, and stays for the next run', async () => {
  const { spool, dir } = testSpool();
  leave(dir, '{"stream":"signals"}\n');
  shortage.code = 'EMFILE';
  expect(await spool.adopt(Date.now())).toBe(0);
  shortage.code = undefined;
  await spool.close();

  const next = testSpool({ dir }).spool;
  expect(await next.adopt(Date.now())).toBe(1);
  await next.close();
});
