import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { dataFolder } from '../../../lib/desk/data-folder.ts';
import { createDelivery, firehoseClient } from '../../../lib/desk/delivery-client.ts';
import { entriesOf } from '../../../lib/desk/import/outgoing.ts';
import { lockWatch } from '../../../lib/desk/logs/watch-lock.ts';
import { LogWatcher, type WatchOptions } from '../../../lib/desk/logs/watcher.ts';
import { tempFolder } from '../../support/temp.ts';
import { Bot, type Deed } from './bot.ts';
import { byIdentity, rawLines, type StandIn, standIn } from './stand-in.ts';

const endless = new AbortController().signal;

/** A folder of logs, a data folder and a receiver. */
async function scene(): Promise<{
  logs: string;
  desk: StandIn;
  watch: (options?: Partial<WatchOptions>) => Promise<LogWatcher>;
}> {
  const folder = tempFolder();
  const logs = join(folder, 'bot');
  mkdirSync(logs);
  const desk = await standIn();
  const target = { endpoint: desk.url, deliveryStream: 'nightdesk' };
  const client = firehoseClient(target);
  const watch = (options: Partial<WatchOptions> = {}): Promise<LogWatcher> =>
    LogWatcher.open({
      root: logs,
      folder: dataFolder(join(folder, 'data')),
      target: 'desk',
      deliver: createDelivery(client, target, { deadlineMs: Number.POSITIVE_INFINITY, wait: async () => undefined }),
      outgoing: (log) => entriesOf({ log, facts: {}, map: undefined, filePath: log.path }).line,
      fromEnd: false,
      stop: endless,
      ...options,
    });
  return { logs, desk, watch };
}

async function settle(watcher: LogWatcher): Promise<void> {
  while (await watcher.cycle());
}

const texts = (name: string, n: number): string[] => Array.from({ length: n }, (_, i) => `{"${name}":${i}}`);
const lines = (name: string, n: number): string =>
  texts(name, n)
    .map((text) => `${text}\n`)
    .join('');

const deeds: fc.Arbitrary<
  Deed | { do: 'look' } | { do: 'restart'; saved: boolean } | { do: 'trouble'; every: number }
> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('append' as const), lines: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 8, arbitrary: fc.constant({ do: 'look' as const }) },
  fc.constantFrom({ do: 'half-line' as const }, { do: 'rename' as const }, { do: 'rename-dated' as const }),
  fc.constantFrom({ do: 'copy' as const }, { do: 'half-copy' as const }, { do: 'truncate-after-copy' as const }),
  fc.record({ do: fc.constantFrom('half-gzip' as const, 'gzip' as const), which: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constant('append-member' as const), torn: fc.boolean() }),
  fc.record({ do: fc.constant('restart' as const), saved: fc.boolean() }),
  fc.record({ do: fc.constant('trouble' as const), every: fc.integer({ min: 1, max: 2 }) }),
);

test('a renamed, truncated, copied or gzipped log is never read twice and never loses a line, through restarts and refusals', async () => {
  const { logs, desk, watch } = await scene();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(deeds, { minLength: 5, maxLength: 40 }), async (schedule) => {
      const root = join(logs, String(run++));
      mkdirSync(root);
      desk.lines.length = 0;
      const options = { root, folder: dataFolder(join(root, '..', '..', `data${run}`)) };
      const bot = new Bot(root);
      let watcher = await watch(options);
      for (const deed of schedule) {
        if (deed.do === 'look') await watcher.cycle();
        else if (deed.do === 'trouble') {
          let calls = 0;
          desk.mood = () => (calls++ < 3 ? { kind: 'refuse', every: deed.every } : { kind: 'take' });
        } else if (deed.do === 'restart') {
          if (deed.saved) await watcher.save();
          watcher = await watch(options);
        } else bot.act(deed);
      }
      bot.finish();
      await settle(watcher);
      expect(rawLines(desk.lines)).toEqual([...bot.written].sort());
    }),
    { numRuns: 60, seed: 7 },
  );
});

test('a new file that begins like the one rotated away is another log, even where it repeats all of it', async () => {
  const { logs, desk, watch } = await scene();
  const live = join(logs, 'x.jsonl');
  const watcher = await watch();
  writeFileSync(live, '{"event":"started"}\n{"event":"ready"}\n');
  await settle(watcher);
  renameSync(live, `${live}.1`);
  writeFileSync(live, '{"event":"started"}\n{"event":"ready"}\n{"n":1}\n');
  await settle(watcher);
  expect(rawLines(desk.lines)).toEqual(
    ['{"event":"started"}', '{"event":"started"}', '{"event":"ready"}', '{"event":"ready"}', '{"n":1}'].sort(),
  );
});

test('a log cut and written beyond its old length between two looks starts a new generation', async () => {
  const { logs, desk, watch } = await scene();
  const live = join(logs, 'x.jsonl');
  const watcher = await watch();
  writeFileSync(live, lines('a', 10));
  await settle(watcher);
  writeFileSync(live, '{"first":"a"}\n'.concat(lines('b', 50))); // the same inode, longer, other content
  await settle(watcher);
  expect(rawLines(desk.lines)).toEqual([...texts('a', 10), '{"first":"a"}', ...texts('b', 50)].sort());
  expect(new Set([...byIdentity(desk.lines).values()].map(({ file }) => file)).size).toBe(2);
});

test('a log deleted and made anew with the same first line is another generation of the same file', async () => {
  const { logs, desk, watch } = await scene();
  const live = join(logs, 'x.jsonl');
  const watcher = await watch();
  writeFileSync(live, `{"event":"started"}\n${lines('a', 3)}`);
  await settle(watcher);
  rmSync(live);
  writeFileSync(live, `{"event":"started"}\n${lines('b', 9)}`);
  await settle(watcher);
  const files = new Set([...byIdentity(desk.lines).values()].map(({ file }) => file));
  expect([...files].map((file) => file.split('.')[1]).sort()).toEqual(['0', '1']);
  expect(new Set([...files].map((file) => file.split('.')[0])).size).toBe(1);
  expect(desk.lines).toHaveLength(14);
});

test('a log moved to another folder, and compressed there, goes on where it was', async () => {
  const { logs, desk, watch } = await scene();
  const archive = join(logs, 'archive');
  const watcher = await watch();
  writeFileSync(join(logs, 'x.jsonl'), lines('a', 5));
  await settle(watcher);
  mkdirSync(archive);
  renameSync(join(logs, 'x.jsonl'), join(archive, 'x-old.jsonl'));
  await settle(watcher);
  writeFileSync(join(archive, 'x-old.jsonl.gz'), gzipSync(readFileSync(join(archive, 'x-old.jsonl'))));
  rmSync(join(archive, 'x-old.jsonl'));
  await settle(watcher);
  expect(desk.lines).toHaveLength(5);
});

test('a gzip log packed anew, with other members, goes on where it was', async () => {
  const { logs, desk, watch } = await scene();
  const log = join(logs, 'y.jsonl.gz');
  const members = texts('a', 200).map((text) => gzipSync(`${text}${' '.repeat(60)}\n`));
  writeFileSync(log, Buffer.concat(members));
  const watcher = await watch();
  await settle(watcher);
  const all = texts('a', 200).map((text) => `${text}${' '.repeat(60)}\n`);
  writeFileSync(`${log}.new`, gzipSync([...all, '{"last":1}\n'].join('')));
  renameSync(`${log}.new`, log);
  await settle(watcher);
  expect(desk.lines).toHaveLength(201);
  expect(byIdentity(desk.lines).size).toBe(201);
});

test('what is not followed is said once, with the reason', async () => {
  const { logs, watch } = await scene();
  const said: string[] = [];
  writeFileSync(join(logs, 'sheet.csv'), 'a,b\n');
  writeFileSync(join(logs, 'wide.jsonl'), Buffer.from('\ufeff{"a":1}\n', 'utf16le'));
  writeFileSync(join(logs, 'text.log'), 'started\n');
  const watcher = await watch({ say: (remark) => said.push(remark) });
  for (let i = 0; i < 3; i++) await settle(watcher);
  expect(said.map((remark) => remark.replace(logs, '')).sort()).toEqual([
    expect.stringContaining('/sheet.csv is CSV'),
    expect.stringContaining('/text.log: not JSON Lines'),
    expect.stringContaining('/wide.jsonl is UTF-16'),
  ]);
});

test('an unfinished line waits for its end; in a rotated file it waits until the file has settled', async () => {
  const { logs, desk, watch } = await scene();
  const live = join(logs, 'x.jsonl');
  const watcher = await watch({ settleMs: 1_000 });
  writeFileSync(live, '{"n":1}\n{"n":2}');
  await settle(watcher);
  expect(rawLines(desk.lines)).toEqual(['{"n":1}']);
  renameSync(live, `${live}.1`);
  await settle(watcher);
  expect(rawLines(desk.lines)).toEqual(['{"n":1}']);
  utimesSync(`${live}.1`, new Date(), new Date(Date.now() - 5_000));
  await settle(watcher);
  await settle(watcher);
  expect(rawLines(desk.lines)).toEqual(['{"n":1}', '{"n":2}']);
  expect(desk.lines).toHaveLength(2);
});

test('what a crash makes a watch send again is the same to the byte', async () => {
  const { logs, desk, watch } = await scene();
  writeFileSync(join(logs, 'x.jsonl'), lines('a', 700));
  const first = await watch();
  await first.save(); // the cursor as it was before anything was sent
  await settle(first);
  const sent = desk.lines.splice(0);
  await settle(await watch()); // a process that never saw the first one's end
  expect(desk.lines.join('\n')).toBe(sent.join('\n'));
});

test('--from-end passes over what is there the first time, and nothing later, and line numbers stay true', async () => {
  const { logs, desk, watch } = await scene();
  const live = join(logs, 'x.jsonl');
  writeFileSync(live, lines('old', 4));
  const first = await watch({ fromEnd: true });
  await settle(first);
  appendFileSync(live, lines('new', 1));
  await settle(first);
  await first.save();
  writeFileSync(join(logs, 'y.jsonl'), lines('other', 2));
  await settle(await watch({ fromEnd: true }));
  expect(rawLines(desk.lines)).toEqual([...texts('new', 1), ...texts('other', 2)].sort());
  expect([...byIdentity(desk.lines).values()].find(({ path }) => path === 'x.jsonl')?.line).toBe(5);
  expect(first.totals).toMatchObject({ lines: 5, passedOver: 4, accepted: 1 });
});

test('another target gets everything from the start', async () => {
  const { logs, desk, watch } = await scene();
  writeFileSync(join(logs, 'x.jsonl'), lines('a', 3));
  const first = await watch();
  await settle(first);
  await first.save();
  await settle(await watch({ target: 'another desk' }));
  expect(desk.lines).toHaveLength(6);
  expect(byIdentity(desk.lines).size).toBe(3);
});

test('two sources with equal relative paths and equal lines do not collide', async () => {
  const [a, b] = [await scene(), await scene()];
  for (const { logs, watch } of [a, b]) {
    writeFileSync(join(logs, 'x.jsonl'), '{"event":"started"}\n');
    await settle(await watch());
  }
  expect(byIdentity([...a.desk.lines, ...b.desk.lines]).size).toBe(2);
});

test('while the desk is away a watch reads no further than its window, and then delivers everything', async () => {
  const { logs, desk, watch } = await scene();
  writeFileSync(join(logs, 'x.jsonl'), lines('a'.repeat(400), 20_000)); // 8 MB
  let tries = 0;
  desk.mood = () =>
    tries++ < 40 ? { kind: 'error', status: 503, type: 'ServiceUnavailableException' } : { kind: 'take' };
  const watcher = await watch();
  const done = settle(watcher);
  await vi.waitUntil(() => tries > 6);
  expect(watcher.totals.lines).toBeLessThan(5_000);
  await done;
  expect(byIdentity(desk.lines).size).toBe(20_000);
  expect(watcher.totals).toMatchObject({ lines: 20_000, accepted: 20_000, refused: 0 });
});

test('a second watch of one folder with one data folder is kept out', async () => {
  const { logs } = await scene();
  const folder = dataFolder(join(logs, '..', 'data'));
  const lock = await lockWatch(folder, logs);
  await expect(lockWatch(folder, logs)).rejects.toMatchObject({ code: 'WATCH_RUNNING' });
  lock.release();
  (await lockWatch(folder, logs)).release();
});

test('a log that is cut and begins anew between the look and the reading is read once, under its own name', async () => {
  const { logs, desk, watch } = await scene();
  writeFileSync(join(logs, 'a.jsonl'), lines('a', 1));
  writeFileSync(join(logs, 'b.jsonl'), lines('old', 9));
  let cut = false;
  const watcher = await watch({
    outgoing: (log) => {
      if (log.path === 'a.jsonl' && !cut) writeFileSync(join(logs, 'b.jsonl'), lines('new', 4));
      cut = true;
      return entriesOf({ log, facts: {}, map: undefined, filePath: log.path }).line;
    },
  });
  await settle(watcher);
  appendFileSync(join(logs, 'b.jsonl'), lines('more', 1));
  await settle(watcher);
  expect(rawLines(desk.lines)).toEqual([...texts('a', 1), ...texts('more', 1), ...texts('new', 4)]);
});
