import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LogLine } from '../../../lib/desk/logs/lines.ts';
import { eachLine, type LogReport, readLogLines } from '../../../lib/desk/logs/read.ts';
import { tempFolder } from '../../support/temp.ts';
import { member, overwrite, record } from './gzip-fixtures.ts';

async function read(content: Buffer, name = 'x.jsonl.gz'): Promise<{ lines: LogLine[]; report: LogReport }> {
  const path = join(tempFolder(), name);
  writeFileSync(path, content);
  const reader = readLogLines(path);
  const lines: LogLine[] = [];
  for await (const line of eachLine(reader)) lines.push(line);
  return { lines, report: reader.report };
}

const texts = (lines: readonly LogLine[]): string[] => lines.map((line) => line.text);
const records = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => record(from + i));
const bare = (lines: readonly string[]): string[] => lines.map((line) => line.trimEnd());

test('a file with a member per record reads as one log', async () => {
  const all = records(0, 3000);
  const { lines, report } = await read(Buffer.concat(all.map(member)));
  expect(texts(lines)).toEqual(bare(all));
  expect(lines.map((line) => line.number)).toEqual(all.map((_, i) => i + 1));
  expect(report).toMatchObject({ format: 'gzip', result: 'complete', damage: [], lines: 3000 });
});

test('lines may run across members, and a member may hold nothing', async () => {
  const { lines } = await read(Buffer.concat([member('{"a":'), member(''), member('1}\n{"b"'), member(':2}')]));
  expect(texts(lines)).toEqual(['{"a":1}', '{"b":2}']);
  expect(lines[1]?.unterminated).toBe(true);
});

test('an empty file, and a member of nothing, are a log of no lines', async () => {
  expect((await read(Buffer.alloc(0))).report).toMatchObject({ lines: 0, result: 'complete' });
  expect((await read(member(''))).report).toMatchObject({ lines: 0, result: 'complete' });
});

test('a large member is read in pieces, with nothing lost at any edge', async () => {
  const all = Array.from({ length: 20_000 }, (_, i) => record(i, String(Math.sin(i))));
  const { lines, report } = await read(Buffer.concat([gzipSync(all.join('')), member(record(7))]));
  expect(texts(lines)).toEqual(bare([...all, record(7)]));
  expect(report.result).toBe('complete');
});

test('the tail of an overwritten member is passed over and named', async () => {
  const longer = member(record(1, 'a longer text that makes a longer member'));
  const shorter = member(record(2));
  const before = Buffer.concat(records(10, 20).map(member));
  const after = Buffer.concat(records(20, 30).map(member));
  const { lines, report } = await read(Buffer.concat([before, overwrite(longer, shorter), after]));
  expect(texts(lines)).toEqual(bare([...records(10, 20), record(2), ...records(20, 30)]));
  const from = before.length + shorter.length;
  expect(report).toMatchObject({
    result: 'partial',
    damage: [{ from, to: before.length + longer.length, what: 'stray' }],
  });
});

test('one to three stray bytes between members cost no line', async () => {
  for (const stray of [[0], [0x1f], [0x1f, 0x8b], [0xff, 0x1f, 0x8b], [0x1f, 0x8b, 0x08]]) {
    const { lines, report } = await read(
      Buffer.concat([member(record(1)), Buffer.from(stray), member(record(2)), member(record(3))]),
    );
    expect(texts(lines)).toEqual(bare(records(1, 4)));
    expect(report.result).toBe('partial');
  }
});

test('a writer that died inside a member costs that member only', async () => {
  const torn = member(record(2)).subarray(0, 40);
  const { lines, report } = await read(Buffer.concat([member(record(1)), torn, member(record(3)), member(record(4))]));
  expect(texts(lines)).toEqual(bare([record(1), record(3), record(4)]));
  const from = member(record(1)).length;
  expect(report).toMatchObject({ result: 'partial', damage: [{ from, to: from + 40 }] });
});

test('a truncated tail gives back every whole line before it', async () => {
  const all = Array.from({ length: 5000 }, (_, i) => record(i, String(Math.sin(i))));
  const whole = gzipSync(all.join(''));
  const { lines, report } = await read(whole.subarray(0, whole.length >> 1));
  expect(lines.length).toBeGreaterThan(2000);
  expect(texts(lines)).toEqual(bare(all.slice(0, lines.length)));
  expect(report).toMatchObject({ result: 'partial', damage: [{ from: 0, to: whole.length >> 1, what: 'truncated' }] });
});

test('damage inside one large member gives back what precedes it, and marks what may be altered', async () => {
  const all = Array.from({ length: 20_000 }, (_, i) => record(i, String(Math.sin(i))));
  const damaged = gzipSync(all.join(''));
  damaged.fill(0xff, damaged.length >> 1, (damaged.length >> 1) + 40);
  const { lines, report } = await read(damaged);
  const sound = lines.filter((line) => line.flaw === undefined);
  expect(sound.length).toBeGreaterThan(7000);
  expect(texts(sound)).toEqual(bare(all.slice(0, sound.length)));
  expect(report.result).toBe('partial');
});

test('a wrong checksum marks the lines of a small member, and they are still given', async () => {
  const damaged = member(records(0, 50).join(''));
  damaged[damaged.length - 6] = (damaged[damaged.length - 6] ?? 0) ^ 0x55;
  const { lines, report } = await read(Buffer.concat([member(record(99)), damaged, member(record(100))]));
  expect(texts(lines)).toEqual(bare([record(99), ...records(0, 50), record(100)]));
  expect(lines.filter((line) => line.flaw === 'gzip')).toHaveLength(50);
  expect(report.damage).toMatchObject([{ what: 'unverified' }]);
});

test('what it is decides the content, not the name', async () => {
  expect(texts((await read(Buffer.from('{"a":1}\n'), 'x.jsonl.gz')).lines)).toEqual(['{"a":1}']);
  expect(texts((await read(member('{"a":1}\n'), 'x.jsonl')).lines)).toEqual(['{"a":1}']);
});

test('damage anywhere never throws, invents no line, and every member beyond its reach comes back', async () => {
  const all = records(0, 60);
  const members = all.map(member);
  const sound = Buffer.concat(members);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(sound.length - 1),
      fc.uint8Array({ minLength: 0, maxLength: 300 }),
      fc.constantFrom('overwrite', 'insert', 'remove'),
      async (at, bytes, how) => {
        const end = how === 'insert' ? at : Math.min(sound.length, at + bytes.length);
        const content = Buffer.concat([
          sound.subarray(0, at),
          how === 'remove' ? Buffer.alloc(0) : bytes,
          sound.subarray(end),
        ]);
        const { lines, report } = await read(content);
        const got = texts(lines);
        for (const line of lines) if (line.flaw === undefined) expect(bare(all)).toContain(line.text);
        let offset = 0;
        for (const [i, one] of members.entries()) {
          if (offset + one.length <= at || offset >= end) expect(got).toContain(bare([all[i] ?? ''])[0]);
          offset += one.length;
        }
        if (!content.equals(sound) && lines.length < 60) expect(report.result).toBe('partial');
      },
    ),
    { numRuns: 150, seed: 42 },
  );
});
