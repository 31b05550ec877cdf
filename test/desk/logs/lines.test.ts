import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGzip, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_RECORD_BYTES } from '../../../lib/core/limits.ts';
import { wireLine } from '../../../lib/core/transform/wire.ts';
import { holds } from '../../../lib/desk/logs/glance.ts';
import type { LogLine } from '../../../lib/desk/logs/lines.ts';
import type { Point } from '../../../lib/desk/logs/point.ts';
import { eachLine, type ReadOptions, readLogLines } from '../../../lib/desk/logs/read.ts';
import { wireLines } from '../../../lib/desk/logs/wire-lines.ts';
import { needsSamples, SAMPLES, samplesPresent } from '../../support/samples.ts';
import { tempFolder } from '../../support/temp.ts';

function file(content: string | Buffer, name = 'x.jsonl'): string {
  const path = join(tempFolder(), name);
  writeFileSync(path, content);
  return path;
}

async function read(path: string, options: ReadOptions = {}): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for await (const line of eachLine(readLogLines(path, options))) lines.push(line);
  return lines;
}

const textsOf = (lines: readonly LogLine[]): string[] => lines.map(({ text }) => text);

test('lines are verbatim; line ends of both kinds, and a byte order mark, are no part of them', async () => {
  const path = file('\ufeff{"a": 1.0}\r\n  {"b":"ä€🚀\\u0000"}\t\n\n{"c":-0.0}\n');
  expect(textsOf(await read(path))).toEqual(['{"a": 1.0}', '  {"b":"ä€🚀\\u0000"}\t', '', '{"c":-0.0}']);
});

test('any text, cut into any lines and read in any form, comes back as it was', async () => {
  const line = fc
    .string({ unit: 'grapheme', maxLength: 300 })
    .map((text) => `"${text.replaceAll(/[\r\n\0\ufeff]/g, ' ')}"`);
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 50 }), fc.boolean(), fc.boolean(), async (lines, zipped, ended) => {
      const text = Buffer.from(lines.join('\n') + (ended && lines.length > 0 ? '\n' : ''));
      const got = await read(file(zipped ? gzipSync(text) : text));
      expect(textsOf(got)).toEqual(lines);
      expect(got.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(text.length);
      for (const { at, bytes, text: one } of got)
        expect(
          text
            .subarray(at, at + bytes)
            .toString()
            .trimEnd(),
        ).toBe(one.trimEnd());
    }),
    { numRuns: 100, seed: 3 },
  );
});

test('bytes that are not UTF-8 mark their line and no other', async () => {
  const path = file(
    Buffer.concat([Buffer.from('{"a":"ö"}\n{"b":"'), Buffer.from([0xff, 0xc3]), Buffer.from('"}\n{"c":1}\n')]),
  );
  expect((await read(path)).map(({ text, flaw }) => [text, flaw])).toEqual([
    ['{"a":"ö"}', undefined],
    ['{"b":"\ufffd\ufffd"}', 'utf8'],
    ['{"c":1}', undefined],
  ]);
});

test('a line larger than a record is passed over with its size and its beginning, and its neighbours are whole', async () => {
  const long = `{"x":"${'y'.repeat(3 * MAX_RECORD_BYTES)}"}`;
  for (const content of [`{"a":1}\n${long}\n{"b":2}\n`, `${long}\n{"b":2}`, `{"a":1}\n${long}`]) {
    const lines = await read(file(content));
    expect(
      lines
        .filter(({ flaw }) => flaw === 'too_large')
        .map(({ bytes, text }) => [bytes >= long.length, text.slice(0, 6)]),
    ).toEqual([[true, '{"x":"']]);
    expect(lines.filter(({ flaw }) => flaw === undefined).map(({ text }) => text)).toEqual(
      content.split('\n').filter((line) => line !== '' && line !== long),
    );
    expect(lines.map(({ number }) => number)).toEqual(lines.map((_, i) => i + 1));
  }
});

test('a bomb of gzip takes no memory: an eighth of a gigabyte in one line is counted and passed over', {
  timeout: 60_000,
}, async () => {
  const chunks: Buffer[] = [];
  const part = Buffer.alloc(1 << 20, 'a');
  const parts = function* (): Generator<Buffer> {
    for (let i = 0; i < 128; i++) yield part;
    yield Buffer.from('\n{"ok":1}\n');
  };
  for await (const chunk of Readable.from(parts()).pipe(createGzip({ level: 1 }))) chunks.push(chunk as Buffer);
  const path = file(Buffer.concat(chunks), 'x.jsonl.gz');
  const before = process.memoryUsage.rss();
  const lines = await read(path);
  expect(lines.map(({ bytes }) => bytes)).toEqual([128 * (1 << 20) + 1, 9]);
  expect(process.memoryUsage.rss() - before).toBeLessThan(150e6);
});

test('UTF-16 is said, not read as nonsense', async () => {
  for (const text of ['\ufeff{"a":1}\n', '{"a":1}\n'])
    for (const swap of [false, true]) {
      const bytes = Buffer.from(text, 'utf16le');
      const reader = readLogLines(file(swap ? bytes.swap16() : bytes));
      for await (const _ of reader) throw new Error('a line');
      expect(reader.report).toMatchObject({ encoding: 'utf-16', result: 'partial' });
    }
});

test('the hole that a truncation leaves before the next line is no part of it, however long', async () => {
  for (const hole of [3, 5_000, 3 * MAX_RECORD_BYTES]) {
    const lines = await read(file(Buffer.concat([Buffer.alloc(hole), Buffer.from('{"a":1}\n{"b":2}\n')])));
    expect(textsOf(lines)).toEqual(['{"a":1}', '{"b":2}']);
  }
});

test('a reader goes on from any point, in the same file or another form of it', async () => {
  const all = Array.from({ length: 3_000 }, (_, i) => `{"i":${i},"r":${Math.sin(i)}}`);
  const plain = file(`${all.join('\n')}\n`);
  const zipped = file(gzipSync(`${all.join('\n')}\n`), 'x.jsonl.gz');
  const members = file(Buffer.concat(all.map((line) => gzipSync(`${line}\n`))), 'y.jsonl.gz');
  for (const from of [plain, zipped, members])
    for (const to of [plain, zipped, members]) {
      const points: Point[] = [];
      for await (const { point } of readLogLines(from)) points.push(point);
      for (const { member, ...anywhere } of points) {
        const point = from === to && member !== undefined ? { ...anywhere, member } : anywhere;
        const rest = await read(to, { from: point });
        expect(textsOf(rest)).toEqual(all.slice(point.lines));
        expect(rest[0]?.number ?? point.lines + 1).toBe(point.lines + 1);
      }
    }
});

test('a reader does not go on where the log is another one', async () => {
  const path = file('{"a":1}\n{"a":2}\n');
  const points: Point[] = [];
  for await (const { point } of readLogLines(path)) points.push(point);
  const [end] = points;
  if (end === undefined) throw new Error('no point');
  expect(await holds(path, end)).toBe(true);
  appendFileSync(path, '{"a":3}\n');
  expect(await holds(path, end)).toBe(true);
  for (const other of ['{"a":1}\n{"a":9}\n{"a":3}\n', '{"a":1}\n', '']) {
    writeFileSync(path, other);
    expect(await holds(path, end)).toBe(false);
    const reader = readLogLines(path, { from: end });
    for await (const _ of reader) throw new Error('a line');
    expect(reader.report.changed).toBe(true);
  }
});

test('a file that is cut and written anew under the reader gives no line of two logs', async () => {
  const texts = (name: string): string[] => Array.from({ length: 30_000 }, (_, i) => `{"${name}":${i}}`);
  const path = file(`${texts('old').join('\n')}\n`);
  const reader = readLogLines(path);
  const lines: LogLine[] = [];
  for await (const batch of reader) {
    if (lines.length === 0) writeFileSync(path, `${texts('new').join('\n')}\n`);
    lines.push(...batch.lines);
  }
  expect(reader.report.changed).toBe(true);
  expect(textsOf(lines)).toEqual(texts('old').slice(0, lines.length));
});

test('the wire form is that of the core, byte for byte', () => {
  const texts = fc.record({
    text: fc.string({ unit: 'binary' }),
    number: fc.nat(),
    utf8: fc.boolean(),
    failed: fc.option(fc.string(), { nil: undefined }),
  });
  const log = { source: 's"1', path: 'a/b.jsonl', file: 'f.0', stream: 'signals', set: { mode: 'paper' } };
  const wire = wireLines(log);
  fc.assert(
    fc.property(texts, ({ text, number, utf8, failed }) => {
      const line: LogLine = { text, number, at: 0, bytes: 0, ...(utf8 ? { flaw: 'utf8' as const } : {}) };
      const expected = wireLine({
        ...log,
        line: number,
        raw: text,
        ...(utf8 ? { bad: 'utf8' as const } : {}),
        ...(failed === undefined ? {} : { map_error: failed }),
      });
      expect(wire(line, failed)).toBe(expected);
    }),
    { seed: 5, numRuns: 40 },
  );
});

test.skipIf(!samplesPresent)(
  needsSamples('real lines that are the same to the byte are lines of their own'),
  async () => {
    const path = join(SAMPLES, 'metastacker/5m/logs/default/order_intent/order_intent.jsonl');
    const lines = await read(path);
    expect(lines).toHaveLength(675);
    expect(new Set(textsOf(lines)).size).toBeLessThan(675 - 400);
  },
);
