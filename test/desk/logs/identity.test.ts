import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { begins, headOf, mayBegin } from '../../../lib/desk/logs/glance.ts';
import { tempFolder } from '../../support/temp.ts';
import { Bot, type Deed } from './bot.ts';
import { sendAll } from './send-all.ts';
import { byIdentity, rawLines } from './stand-in.ts';

const SAME = '{"event":"transport_opened","host":"example.com"}\n';

function scene(): { logs: string; data: string; write: (name: string, content: string | Buffer) => string } {
  const folder = tempFolder();
  const logs = join(folder, 'bot');
  mkdirSync(logs);
  const write = (name: string, content: string | Buffer): string => {
    const path = join(logs, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, content);
    return path;
  };
  return { logs, data: join(folder, 'data'), write };
}

test('the same files sent again are the same lines to the byte', async () => {
  const { logs, data, write } = scene();
  write('a.jsonl', `${SAME}{"n":1}\n`);
  write('deep/b.jsonl.gz', gzipSync(`${SAME}{"n":2}\n`));
  const first = await sendAll([logs], { data });
  expect((await sendAll([logs], { data })).lines).toEqual(first.lines);
  expect(first.wire.map(({ path, line }) => `${path}:${line}`)).toEqual([
    'a.jsonl:1',
    'a.jsonl:2',
    'deep/b.jsonl:1',
    'deep/b.jsonl:2',
  ]);
});

test('a grown file adds only its new lines', async () => {
  const { logs, data, write } = scene();
  write('a.jsonl', SAME);
  const first = await sendAll([logs], { data });
  write('a.jsonl', `${SAME}${SAME}{"n":1}\n`);
  const second = await sendAll([logs], { data });
  expect(second.lines.slice(0, 1)).toEqual(first.lines);
  expect(byIdentity([...first.lines, ...second.lines]).size).toBe(3);
});

test('rotation by rename, copy and gzip keeps the identity of every line, under each form of name', async () => {
  for (const rotated of ['x.jsonl.1', 'x.jsonl_20251220_173045', 'x_20251220_173045.jsonl', 'x.jsonl-20251220']) {
    const { logs, data, write } = scene();
    const content = `${SAME}{"n":1}\n`;
    write('x.jsonl', content);
    const first = await sendAll([logs], { data });
    renameSync(join(logs, 'x.jsonl'), join(logs, rotated));
    expect((await sendAll([logs], { data })).lines).toEqual(first.lines);
    rmSync(join(logs, rotated));
    write(`${rotated}.gz`, gzipSync(content));
    expect((await sendAll([logs], { data })).lines).toEqual(first.lines);
  }
});

test('sends between any rotations together are every line once', async () => {
  const deeds: fc.Arbitrary<Deed | { do: 'send' }> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), lines: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 4, arbitrary: fc.constant({ do: 'send' as const }) },
    fc.constantFrom({ do: 'rename' as const }, { do: 'rename-dated' as const }, { do: 'copy' as const }),
    fc.constantFrom({ do: 'half-copy' as const }, { do: 'truncate-after-copy' as const }),
    fc.record({ do: fc.constantFrom('half-gzip' as const, 'gzip' as const), which: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ do: fc.constant('append-member' as const), torn: fc.boolean() }),
  );
  const folder = tempFolder();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(deeds, { minLength: 4, maxLength: 30 }), async (schedule) => {
      const logs = join(folder, String(run++));
      mkdirSync(logs);
      const bot = new Bot(logs);
      const all: string[] = [];
      const send = async (): Promise<void> => void all.push(...(await sendAll([logs], { data: `${logs}-data` })).lines);
      for (const deed of schedule) {
        if (deed.do === 'send') await send();
        else bot.act(deed);
      }
      bot.finish();
      await send();
      expect(rawLines(all)).toEqual([...bot.written].sort());
    }),
    { numRuns: 60, seed: 21 },
  );
});

test('two files that begin with the same line are two logs, in one send', async () => {
  const { logs, data, write } = scene();
  write('x.jsonl.2', `${SAME}{"n":1}\n`);
  write('x.jsonl.1', `${SAME}{"n":2}\n`);
  write('x.jsonl', `${SAME}{"n":3}\n`);
  const { lines } = await sendAll([logs], { data });
  expect(byIdentity(lines).size).toBe(6);
});

test('two files that begin with the same line are two logs across sends, whichever goes away', async () => {
  const { logs, data, write } = scene();
  const all: string[] = [];
  const send = async (): Promise<void> => void all.push(...(await sendAll([logs], { data })).lines);
  write('x.jsonl', `${SAME}{"n":1}\n`);
  await send();
  renameSync(join(logs, 'x.jsonl'), join(logs, 'x.jsonl.1'));
  write('x.jsonl', SAME);
  await send();
  write('x.jsonl', `${SAME}{"n":2}\n`);
  await send();
  rmSync(join(logs, 'x.jsonl.1'));
  await send();
  write('x.jsonl', `${SAME}{"n":2}\n{"n":3}\n`);
  await send();
  expect([...byIdentity(all).values()].map(({ raw }) => raw).sort()).toEqual(
    [SAME.trim(), SAME.trim(), '{"n":1}', '{"n":2}', '{"n":3}'].sort(),
  );
});

test('a newer file that is shorter but begins alike is a log of its own; an older one that begins a newer is its copy', async () => {
  const { logs, data, write } = scene();
  write('x.jsonl.1', `${SAME}{"n":1}\n`);
  write('x.jsonl', SAME);
  write('y.jsonl.1', SAME);
  write('y.jsonl', `${SAME}{"n":2}\n`);
  write('z.jsonl.gz', gzipSync(`${SAME}{"n":3}\n`).subarray(0, 60)); // being compressed
  write('z.jsonl', `${SAME}{"n":3}\n`);
  const { lines, plan } = await sendAll([logs], { data });
  expect(byIdentity(lines).size).toBe(3 + 2 + 2);
  expect(lines).toHaveLength(7);
  expect(plan.copies.map(({ path, of }) => `${path} ${of}`.replaceAll(`${logs}/`, ''))).toEqual([
    'y.jsonl.1 y.jsonl',
    'z.jsonl.gz z.jsonl',
  ]);
});

test('a folder copied elsewhere keeps its identities with a named source, and gets new ones without', async () => {
  const { logs, data, write } = scene();
  write('x.jsonl', SAME);
  cpSync(logs, `${logs}-2`, { recursive: true });
  const named = [logs, `${logs}-2`].map((path) => sendAll([path], { data, source: 'bot-7' }));
  const [a, b] = await Promise.all(named);
  expect(a?.wire[0]).toMatchObject({ source: 'bot-7', path: 'x.jsonl' });
  expect(b?.lines).toEqual(a?.lines);
  const unnamed = [...(await sendAll([logs], { data })).lines, ...(await sendAll([`${logs}-2`], { data })).lines];
  expect(byIdentity(unnamed).size).toBe(2);
});

test('a folder, a folder inside it and a file of it are one source, in whichever order they are sent', async () => {
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 2],
    [1, 2, 0],
  ]) {
    const { logs, data, write } = scene();
    const paths = [logs, join(logs, '5m'), write('5m/x.jsonl', SAME)];
    write('y.jsonl', SAME);
    const all: string[] = [];
    for (const i of order) all.push(...(await sendAll([paths[i] ?? ''], { data })).lines);
    expect(byIdentity(all).size).toBe(2);
  }
});

test('what lies above a folder called logs is not lost: it proves a timeframe', async () => {
  const { logs, data, write } = scene();
  write('5m/logs/1h/ensemble_log/x.jsonl', SAME);
  expect((await sendAll([join(logs, '5m/logs/1h')], { data })).wire[0]?.path).toBe('logs/1h/ensemble_log/x.jsonl');
  expect((await sendAll([logs], { data: `${data}2` })).wire[0]?.path).toBe('5m/logs/1h/ensemble_log/x.jsonl');
});

test('nothing that is sent names the machine or the folders above the root', async () => {
  const { logs, data, write } = scene();
  write('x.jsonl', SAME);
  const { lines } = await sendAll([logs], { data });
  expect(lines.join('')).not.toContain(tempFolder().split('/').slice(0, -1).join('/'));
  expect(lines.join('')).not.toContain('/bot');
});

test('a damaged list of sources is said, not replaced: new ids would double everything', async () => {
  const { logs, data, write } = scene();
  write('x.jsonl', SAME);
  await sendAll([logs], { data });
  writeFileSync(join(data, 'sources.json'), readFileSync(join(data, 'sources.json')).subarray(0, 20));
  await expect(sendAll([logs], { data })).rejects.toMatchObject({ code: 'DATA_UNREADABLE' });
});

test('a file reached through links is sent once', async () => {
  const { logs, data, write } = scene();
  write('deep/x.jsonl', SAME);
  symlinkSync('deep/x.jsonl', join(logs, 'a-link.jsonl'));
  symlinkSync('..', join(logs, 'deep', 'loop'));
  const { wire } = await sendAll([logs, join(logs, 'deep')], { data });
  expect(wire.map(({ path }) => path)).toEqual(['deep/x.jsonl']);
});

test('a log that is cut and begins anew before it is read is not sent under the name of the old one', async () => {
  const { logs, data, write } = scene();
  const path = write('x.jsonl', '{"old":1}\n{"old":2}\n');
  const first = await sendAll([logs], { data, planned: () => writeFileSync(path, '{"new":1}\n') });
  expect(first.report.unread).toMatchObject([{ path, why: expect.stringContaining('send again') }]);
  const second = await sendAll([logs], { data });
  expect([...first.wire, ...second.wire].map(({ raw }) => raw)).toEqual(['{"new":1}']);
});

test('a log that is removed before it is read costs its neighbours nothing', async () => {
  const { logs, data, write } = scene();
  write('a.jsonl', '{"a":1}\n');
  const path = write('b.jsonl', '{"b":1}\n');
  write('c.jsonl', '{"c":1}\n');
  const { wire, report } = await sendAll([logs], { data, planned: () => rmSync(path) });
  expect(wire.map(({ raw }) => raw)).toEqual(['{"a":1}', '{"c":1}']);
  expect(report).toMatchObject({
    partial: true,
    emptyFiles: 0,
    unread: [{ path, why: expect.stringContaining('ENOENT') }],
  });
});

test('what the heads of two logs say against a copy is true, whatever their length and compression', async () => {
  const { write } = scene();
  const line = fc.constantFrom('{"a":1}\n', '{"b":1}\n', `{"c":"${'x'.repeat(2000)}"}\n`);
  const log = fc.record({ lines: fc.array(line, { maxLength: 4 }), gzip: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(log, log, async (a, b) => {
      const put = (name: string, { lines, gzip }: typeof a): string =>
        write(name, gzip ? gzipSync(lines.join('')) : lines.join(''));
      const [older, newer] = [put('older.jsonl', a), put('newer.jsonl', b)];
      const copied = b.lines.join('').startsWith(a.lines.join(''));
      expect(await begins(older, newer)).toBe(copied);
      if (copied) expect(mayBegin(await headOf(older), await headOf(newer))).toBe(true);
    }),
    { seed: 11, numRuns: 150 },
  );
});
