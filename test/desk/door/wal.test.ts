import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { nodeFiles } from '../../../lib/adapters/local/files.ts';
import { FrameBuilder, frameOverhead, recordsOf } from '../../../lib/desk/door/frame.ts';
import { FramePool } from '../../../lib/desk/door/frame-pool.ts';
import { recordIdOf } from '../../../lib/desk/door/segment.ts';
import { type WalEntry, WriteAheadLog } from '../../../lib/desk/door/wal.ts';
import { tempFolder } from '../../support/temp.ts';
import { listeningLog } from '../support/stand-in.ts';

const frameOf = (texts: readonly string[], arrivedMs = 1): Buffer => {
  const records = texts.map((text) => Buffer.from(text));
  const bytes = records.reduce((sum, { length }) => sum + length, frameOverhead(records.length));
  const builder = new FrameBuilder(Buffer.alloc(bytes), arrivedMs);
  for (const record of records) builder.add(record);
  return builder.frame;
};

const idsOf = ({ frame, segmentId }: WalEntry): string[] =>
  [...recordsOf(frame)].map(({ sequence }) => recordIdOf(segmentId, sequence));
const textsOf = ({ frame }: WalEntry): string[] => [...recordsOf(frame)].map(({ data }) => data.toString());

interface Opened {
  readonly wal: WriteAheadLog;
  readonly entries: WalEntry[];
  readonly log: ReturnType<typeof listeningLog>;
}

/** Opens a log and replays what is in it. */
async function open(folder: string, segmentBytes = 1_000_000): Promise<Opened> {
  const log = listeningLog();
  const wal = await WriteAheadLog.open({ folder, files: nodeFiles, log, committed: () => undefined, segmentBytes });
  onTestFinished(() => wal.close());
  const entries: WalEntry[] = [];
  for await (const entry of wal.replay()) entries.push(entry);
  return { wal, entries, log };
}

const segments = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.wal'))
    .sort();

describe('the write-ahead log', () => {
  test('gives back after a restart what was appended, in order, under the same ids', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.string({ unit: 'binary', maxLength: 30 }), { minLength: 1, maxLength: 4 }), {
          maxLength: 12,
        }),
        fc.integer({ min: 40, max: 400 }),
        async (calls, segmentBytes) => {
          const folder = tempFolder();
          const { wal } = await open(folder, segmentBytes);
          const appended = await Promise.all(calls.map((texts, call) => wal.append(frameOf(texts, call + 0.5))));
          const ids = appended.map(idsOf);
          const { entries } = await open(folder, segmentBytes);
          expect(entries.map(textsOf)).toEqual(calls);
          expect(entries.map(idsOf)).toEqual(ids);
          expect(entries.map(({ frame }) => frame.readDoubleLE(24))).toEqual(calls.map((_, call) => call + 0.5));
          expect(new Set(ids.flat()).size).toBe(calls.flat().length);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('gives back only what lies behind the checkpoint, and removes segments before it', async () => {
    const folder = tempFolder();
    const { wal } = await open(folder, 100);
    const appended: WalEntry[] = [];
    for (const text of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) appended.push(await wal.append(frameOf([text.repeat(20)])));
    const third = appended[2];
    if (third === undefined) throw new Error('seven entries were appended');
    const before = segments(folder).length;
    await wal.checkpoint(third.end);
    expect(segments(folder).length).toBeLessThan(before);
    const { entries } = await open(folder, 100);
    expect(entries.map((entry) => textsOf(entry)[0]?.[0])).toEqual(['d', 'e', 'f', 'g']);
  });

  test('never writes to a segment of an earlier run', async () => {
    const folder = tempFolder();
    const { wal } = await open(folder);
    await wal.append(frameOf(['first run']));
    const [segment = ''] = segments(folder);
    const bytes = readFileSync(join(folder, segment));
    const { wal: second } = await open(folder);
    await second.append(frameOf(['second run']));
    expect(readFileSync(join(folder, segment))).toEqual(bytes);
    expect(segments(folder)).toHaveLength(2);
  });

  test('is gone, but for the checkpoint, when it is closed with all of it delivered, and numbers go on', async () => {
    const folder = tempFolder();
    const { wal } = await open(folder);
    const { end, segmentId } = await wal.append(frameOf(['x']));
    await wal.checkpoint(end);
    await wal.close();
    expect(readdirSync(folder)).toEqual(['checkpoint.json']);
    const { wal: again } = await open(folder);
    const next = await again.append(frameOf(['y']));
    expect(next.end.segment).toBeGreaterThan(end.segment);
    expect(next.segmentId).not.toBe(segmentId);
  });

  test('cut off anywhere, gives back every entry that is whole, and says how much is not', async () => {
    const folder = tempFolder();
    const { wal } = await open(folder);
    const ends: number[] = [];
    for (const text of ['one', 'two', 'three']) ends.push((await wal.append(frameOf([text]))).end.offset);
    const [segment = ''] = segments(folder);
    const whole = readFileSync(join(folder, segment));
    for (let length = whole.length; length >= 0; length--) {
      writeFileSync(join(folder, segment), whole.subarray(0, length));
      const { entries, log } = await open(folder);
      expect(entries).toHaveLength(ends.filter((end) => end <= length).length);
      const torn = length > 32 && !ends.includes(length);
      expect(log.said.map(({ level }) => level)).toEqual(torn ? ['warn'] : []);
    }
  });

  test('damaged anywhere, loses no other entry than the one that is hit, says so, and keeps the segment aside', async () => {
    const folder = tempFolder();
    const { wal } = await open(folder);
    const starts = [32];
    for (const text of ['one', 'two', 'three']) starts.push((await wal.append(frameOf([text, text]))).end.offset);
    const [segment = ''] = segments(folder);
    const path = join(folder, segment);
    const whole = readFileSync(path);
    for (let at = 32; at < whole.length; at++) {
      const hit = starts.findLastIndex((start) => start <= at);
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 0x55;
      writeFileSync(path, damaged);
      const { entries, log } = await open(folder);
      expect(entries.map((entry) => textsOf(entry)[0])).toEqual(
        ['one', 'two', 'three'].filter((_, index) => index !== hit),
      );
      expect(log.said.map(({ level }) => level)).toEqual([hit === 2 ? 'warn' : 'error']);
    }
    const damaged = Buffer.from(whole);
    damaged[40] = 0;
    writeFileSync(path, damaged);
    const { wal: last, entries } = await open(folder);
    const end = entries.at(-1)?.end;
    if (end === undefined) throw new Error('two entries are good');
    await last.checkpoint(end);
    await last.close();
    expect(readdirSync(folder)).toContain(`${segment}.damaged`);
    expect((await open(folder)).entries).toEqual([]);
  });

  test('with a damaged header gives back nothing of that segment, says so, and keeps it aside', async () => {
    const folder = tempFolder();
    const { wal } = await open(folder);
    await wal.append(frameOf(['one']));
    const [segment = ''] = segments(folder);
    const bytes = readFileSync(join(folder, segment));
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    writeFileSync(join(folder, segment), bytes);
    const { wal: again, entries, log } = await open(folder);
    expect(entries).toEqual([]);
    expect(log.said.map(({ level }) => level)).toEqual(['error']);
    await again.close();
    expect(readdirSync(folder)).toEqual([`${segment}.damaged`]);
  });

  test('with a damaged or foreign checkpoint replays everything', async () => {
    for (const checkpoint of ['', '{', '{"segment":1}', '{"segment":1,"offset":50,"id":"another"}', '[]', 'null']) {
      const folder = tempFolder();
      const { wal } = await open(folder);
      await wal.append(frameOf(['one']));
      writeFileSync(join(folder, 'checkpoint.json'), checkpoint);
      expect((await open(folder)).entries, checkpoint).toHaveLength(1);
    }
  });

  test('takes no frame out of what a record holds, however much it looks like one', async () => {
    const folder = tempFolder();
    const { wal } = await open(folder);
    const forged = frameOf(['forged']);
    await wal.append(forged); // now it carries marker and checksum, which no client ever sees
    const { end } = await wal.append(
      frameOf([`x${readFileSync(join(folder, '0000000001.wal')).subarray(32).toString('latin1')}`]),
    );
    await wal.append(frameOf(['last']));
    truncateSync(join(folder, '0000000001.wal'), end.offset - 1);
    const { entries } = await open(folder);
    expect(entries.map((entry) => textsOf(entry)[0])).toEqual(['forged']);
  });
});

describe('a folder with things of others in it', () => {
  test('is opened again and again, and what is appended beside them comes back', async () => {
    const folder = tempFolder();
    mkdirSync(join(folder, '0000000001.wal'));
    mkdirSync(join(folder, '0000000700.wal'));
    writeFileSync(join(folder, '9999999999.wal'), 'junk');
    writeFileSync(join(folder, 'notes.txt'), 'junk');
    const first = await open(folder);
    const { end } = await first.wal.append(frameOf(['delivered']));
    await first.wal.checkpoint(end);
    await first.wal.append(frameOf(['waiting']));

    const { entries, log } = await open(folder);

    expect(entries.flatMap(textsOf)).toEqual(['waiting']);
    expect([...first.log.said, ...log.said]).toEqual([]);
  });
});

describe('the pool of frames', () => {
  test('gives buffers of the size asked for, and the same memory again once it is given back', () => {
    const pool = new FramePool();
    const first = pool.take(100_000);
    expect(first).toHaveLength(100_000);
    const { buffer } = first;
    pool.give(first);
    const second = pool.take(120_000);
    expect(second).toHaveLength(120_000);
    expect(second.buffer).toBe(buffer);
    expect(pool.take(120_000).buffer).not.toBe(buffer);
  });

  test('leaves alone what did not come from it', () => {
    const pool = new FramePool();
    const segment = Buffer.alloc(262_144);
    pool.give(segment.subarray(32, 131_072));
    pool.give(Buffer.alloc(100_000));
    expect(pool.take(131_000).buffer).not.toBe(segment.buffer);
  });
});
