import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test, vi } from 'vitest';
import { sha256 } from '../../lib/adapters/local/sha256.ts';
import { createTransform } from '../../lib/core/transform/transform.ts';
import { createDesk, type Desk } from '../../lib/desk/desk.ts';
import { tempFolder } from '../support/temp.ts';
import { facts, nightdesk, query } from './import/cli.ts';
import { rawLines, standIn } from './logs/stand-in.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/nightdesk.js', import.meta.url));

const health = (equity: number): string =>
  `{"ts":1763709300000,"symbol":"BTCUSDT","metrics":{"recent_bars":1,"funding_stale":false,"equity":${equity}},"ts_ist":"2025-11-21T12:47:11.455588+05:30"}`;

function scene(): { logs: string; data: string; live: string } {
  const folder = tempFolder();
  const logs = join(folder, 'bot');
  mkdirSync(logs);
  return { logs, data: join(folder, 'data'), live: join(logs, 'health.jsonl') };
}

interface Watch {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly printed: () => string;
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** `nightdesk watch` in a process of its own, once it follows the folder. */
async function startWatch(args: readonly string[]): Promise<Watch> {
  const child = spawn(process.execPath, [LAUNCHER, 'watch', ...args, '--poll-ms', '20', '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const text = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    text.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    text.err += chunk;
  });
  await vi.waitUntil(() => text.err.includes('watching') || child.exitCode !== null, { timeout: 20_000 });
  return {
    child,
    said: () => text.err,
    printed: () => text.out,
    async end(signal) {
      const ended = once(child, 'close');
      child.kill(signal);
      return (await ended)[0] as number | null;
    },
  };
}

const startDesk = async (data: string, port = 0): Promise<Desk> => {
  const desk = await createDesk({
    dataDir: data,
    port,
    transform: createTransform({}, { sha256 }),
    buffer: { ms: 50 },
    minFreeBytes: 0,
  });
  onTestFinished(() => desk.stop());
  return desk;
};

test('while a watch runs: rename, copytruncate, gzip, and restarts of both sides, and every line is there once', {
  timeout: 90_000,
}, async () => {
  const { logs, data, live } = scene();
  let written = 0;
  const append = (lines: number): void => {
    // Every file begins with the same line, and every line is there twice: only its position tells it apart.
    for (let i = 0; i < lines; i++) appendFileSync(live, `${health(i >> 1)}\n`);
    written += lines;
  };
  const events = async (): Promise<unknown> => (await query(data, 'select count(*) as n from health'))[0]?.n;
  const arrived = (): Promise<void> =>
    vi.waitFor(async () => expect(await events()).toBe(written), { timeout: 20_000, interval: 100 });
  let desk = await startDesk(data);
  const port = Number(new URL(desk.url).port);
  const args = [logs, '--endpoint', desk.url, '--data', data];
  append(7);
  let watch = await startWatch(args);
  await arrived();

  append(4);
  renameSync(live, `${live}.1`);
  append(5);
  await arrived();
  await desk.stop();
  append(6);
  copyFileSync(live, join(logs, 'health.jsonl_20251220_173045'));
  truncateSync(live);
  append(3);
  await watch.end('SIGKILL');
  writeFileSync(`${live}.1.gz`, gzipSync(readFileSync(`${live}.1`)));
  rmSync(`${live}.1`);
  append(2);
  watch = await startWatch(args);
  desk = await startDesk(data, port);
  await arrived();
  append(8);
  expect(await watch.end('SIGINT')).toBe(0);
  await facts('watch', ...args, '--once');
  await arrived();

  const files = await query(
    data,
    "select count(distinct regexp_replace(event_id, '-[0-9]+$', '')) as files from health",
  );
  expect(files).toEqual([{ files: 3 }]);
  await desk.stop();
});

test('Ctrl-C ends a watch cleanly, with totals that add up', async () => {
  const { logs, data, live } = scene();
  const desk = await standIn();
  writeFileSync(live, `${health(1)}\n\n${health(2)}\nunfinished`);
  const watch = await startWatch([logs, '--endpoint', desk.url, '--data', data]);
  await vi.waitUntil(() => desk.lines.length === 2, { timeout: 10_000 });
  expect(await watch.end('SIGINT')).toBe(0);
  expect(JSON.parse(watch.printed())).toMatchObject({ lines: 3, blank: 1, accepted: 2, refused: 0, to_send_again: 0 });
});

test('a watch waits for a desk that is not there yet, and ends at a signal even then', async () => {
  const { logs, data, live } = scene();
  writeFileSync(live, `${health(1)}\n`);
  const args = [logs, '--endpoint', 'http://127.0.0.1:9', '--data', data];
  const watch = await startWatch(args);
  await vi.waitUntil(() => watch.said().includes('waiting for'), { timeout: 10_000 });
  watch.child.kill('SIGTERM');
  await vi.waitUntil(() => watch.said().includes('stopping'), { timeout: 10_000 });
  expect(await watch.end('SIGTERM')).toBe(0); // the second signal does not wait for the delivery
  expect(JSON.parse(watch.printed())).toMatchObject({ lines: 1, accepted: 0, to_send_again: 1 });
  const desk = await standIn();
  await facts('watch', logs, '--endpoint', desk.url, '--data', data, '--once');
  expect(rawLines(desk.lines)).toEqual([health(1)]);
});

test('--once sends what is new and ends, as often as cron calls it', async () => {
  const { logs, data, live } = scene();
  const desk = await standIn();
  const args = ['watch', logs, '--endpoint', desk.url, '--data', data, '--once'];
  writeFileSync(live, `${health(1)}\n`);
  expect(await facts(...args)).toMatchObject({ lines: 1, accepted: 1 });
  expect(await facts(...args)).toMatchObject({ lines: 0 });
  appendFileSync(live, `${health(1)}\n`);
  expect(await facts(...args)).toMatchObject({ lines: 1, accepted: 1 });
  expect(desk.lines.map((line) => JSON.parse(line).line)).toEqual([1, 2]);
});

test('two watches of one folder with one data folder: the second is told', async () => {
  const { logs, data } = scene();
  const watch = await startWatch([logs, '--endpoint', 'http://127.0.0.1:9', '--data', data]);
  const second = await nightdesk('watch', logs, '--data', data, '--once');
  expect(second).toMatchObject({ code: 1, err: expect.stringContaining('[WATCH_RUNNING]') });
  await watch.end('SIGINT');
});

test('a watch follows a folder, and says so of a file or of nothing', async () => {
  const { logs, data, live } = scene();
  writeFileSync(live, '');
  for (const path of [live, join(logs, 'nowhere')])
    expect(await nightdesk('watch', path, '--data', data, '--once')).toMatchObject({
      code: 2,
      err: expect.stringContaining('[PATH_NOT_FOUND]'),
    });
});
