import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { discover } from '../../../lib/desk/logs/discover.ts';
import { compareAge, readLogName } from '../../../lib/desk/logs/names.ts';
import { needsSamples, SAMPLES, samplesPresent } from '../../support/samples.ts';
import { tempFolder } from '../../support/temp.ts';

const ROW = '{"a":1}\n';

function tree(files: Readonly<Record<string, string>>): string {
  const root = tempFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return root;
}

const below = async (paths: readonly string[], options = {}): Promise<string[]> =>
  (await discover(paths, options)).files.map((file) => file.below);

test('every form of a log name is known by its stem', () => {
  const forms = {
    'signals.jsonl': undefined,
    'signals.jsonl.gz': undefined,
    'signals.jsonl_20251220_173045.gz': 20251220173045,
    'signals_20251220_173045.jsonl.gz': 20251220173045,
    'signals_20251220_173045.jsonl': 20251220173045,
    'signals.jsonl.1': 1,
    'signals.jsonl.12.gz': 12,
    'signals.jsonl.gz.2': 2,
    'signals.jsonl-20251220': 20251220000000,
    'signals.jsonl-20251220.gz': 20251220000000,
    'signals.jsonl.2025-12-20': 20251220000000,
    'signals.jsonl.2025-12-20_17-30': 20251220173000,
  };
  for (const [name, value] of Object.entries(forms)) {
    const read = readLogName(name);
    expect(read).toMatchObject({ stem: 'signals.jsonl', kind: 'rows', gzip: name.includes('.gz') });
    expect(read.rotation?.value).toBe(value);
  }
});

test('a day in a name, a version, or a name that is nothing but digits is no rotation', () => {
  for (const name of ['alerts_2025-12-20.jsonl', 'v1.2.jsonl', '20251220.jsonl', 'x_20251220.jsonl'])
    expect(readLogName(name)).toMatchObject({ stem: name, rotation: undefined });
});

test('the forms of a log are ordered from the oldest to the live one', () => {
  const sorted = (names: readonly string[]): string[] =>
    names
      .map((name) => ({ text: name, name: readLogName(name), mtimeMs: 0 }))
      .sort(compareAge)
      .map(({ text }) => text);
  const byCount = ['x.jsonl.10.gz', 'x.jsonl.2.gz', 'x.jsonl.2', 'x.jsonl.1', 'x.jsonl.gz', 'x.jsonl'];
  expect(sorted(byCount.toReversed())).toEqual(byCount);
  const byDate = ['x.jsonl_20251219_000000.gz', 'x_20251220_010000.jsonl', 'x.jsonl'];
  expect(sorted(byDate.toReversed())).toEqual(byDate);
});

test('logs are found in the order of their paths, sheets named, everything else counted', async () => {
  const root = tree({
    'b/signals.jsonl': ROW,
    'a.ndjson': ROW,
    'funding_debug.json': ROW + ROW,
    'registry.json': '{"a":1}',
    'pretty.json': '{\n  "a": 1\n}\n',
    'bot.log': ROW,
    'text.log': '2025-12-20 started\n',
    'empty.jsonl': '',
    'sheet.csv': 'a,b\n1,2\n',
    'notes.txt': 'x',
    'nightdesk.map.json': ROW + ROW,
    '.hidden.jsonl': ROW,
    '.git/x.jsonl': ROW,
    'node_modules/x.jsonl': ROW,
  });
  const found = await discover([root]);
  expect(found.files.map((file) => file.below)).toEqual([
    'a.ndjson',
    'b/signals.jsonl',
    'bot.log',
    'empty.jsonl',
    'funding_debug.json',
  ]);
  expect(found.sheets.map(({ path }) => path)).toEqual([join(root, 'sheet.csv')]);
  expect(found.skipped.map(({ path }) => path)).toEqual(
    ['pretty.json', 'registry.json', 'text.log'].map((name) => join(root, name)),
  );
  expect(found.others).toBe(3);
});

test('a file that is named itself is taken whatever it is called, and its folder is its root', async () => {
  const root = tree({ 'deep/events.txt': ROW, 'deep/registry.json': ROW });
  expect(await below([join(root, 'deep/events.txt'), join(root, 'deep/registry.json')])).toEqual([
    'events.txt',
    'registry.json',
  ]);
});

test('a map that reads text takes any .log file', async () => {
  expect(await below([tree({ 'text.log': 'level=info msg=x\n' })], { anyLog: true })).toEqual(['text.log']);
});

test('links are followed, but no loop, and no file twice', async () => {
  const root = tree({ 'real/x.jsonl': ROW, 'other/y.jsonl': ROW });
  symlinkSync('../real', join(root, 'real/loop'));
  symlinkSync(root, join(root, 'other/up'));
  symlinkSync('real/x.jsonl', join(root, 'a.jsonl'));
  symlinkSync('nowhere', join(root, 'broken.jsonl'));
  const outside = tree({ 'z.jsonl': ROW });
  symlinkSync(outside, join(root, 'outside'));
  expect(await below([root, join(root, 'real')])).toEqual(['other/y.jsonl', 'outside/z.jsonl', 'real/x.jsonl']);
});

test('the data folder, and a pipe, are never read', async () => {
  const root = tree({ 'x.jsonl': ROW, 'data/lake/y.jsonl': ROW });
  execFileSync('mkfifo', [join(root, 'pipe.jsonl')]);
  expect(await below([root], { except: [join(root, 'data')] })).toEqual(['x.jsonl']);
});

test('a path that is not there ends the search; a folder inside that cannot be read is reported', async () => {
  await expect(discover([join(tempFolder(), 'nowhere')])).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' });
  const root = tree({ 'x.jsonl': ROW, 'closed/y.jsonl': ROW });
  chmodSync(join(root, 'closed'), 0o000);
  const found = await discover([root]);
  chmodSync(join(root, 'closed'), 0o700);
  // Root may read everything.
  if (process.getuid?.() !== 0) expect(found.skipped).toMatchObject([{ path: join(root, 'closed') }]);
  expect(found.files[0]?.below.endsWith('.jsonl')).toBe(true);
});

test.skipIf(!samplesPresent)(needsSamples('the samples are 67 logs and one sheet'), async () => {
  const found = await discover([SAMPLES]);
  expect([found.files.length, found.sheets.length, found.skipped.length]).toEqual([67, 1, 0]);
});

test('a pipe that is named itself is refused, not waited for', async () => {
  const root = tempFolder();
  execFileSync('mkfifo', [join(root, 'x.jsonl')]);
  await expect(discover([join(root, 'x.jsonl')])).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' });
});

test('a log whose name is not UTF-8 cannot be opened by it, and is named', async () => {
  const root = tempFolder();
  writeFileSync(Buffer.concat([Buffer.from(join(root, 'bad')), Buffer.from([0xff]), Buffer.from('.jsonl')]), ROW);
  const { files, skipped } = await discover([root]);
  expect([files.length, skipped]).toEqual([
    0,
    [{ path: join(root, 'bad\uFFFD.jsonl'), why: expect.stringContaining('not UTF-8') }],
  ]);
});
