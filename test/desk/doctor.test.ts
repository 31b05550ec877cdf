import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { ADVICE } from '../../lib/core/query/advice.ts';
import { REASONS } from '../../lib/core/transform/types.ts';
import { dataFolder } from '../../lib/desk/data-folder.ts';
import type { Check, DoctorFacts } from '../../lib/desk/query/check.ts';
import { checksOf } from '../../lib/desk/query/checks.ts';
import type { LastSeen, Survey } from '../../lib/desk/query/survey.ts';
import { nightdesk } from '../support/command.ts';
import { exampleEvent, isoOf, writeLake, writeObject } from '../support/lake.ts';
import { tempFolder } from '../support/temp.ts';

interface Diagnosis {
  readonly code: number;
  readonly status: string;
  readonly checks: Readonly<Record<string, Check>>;
}

async function doctor(data: string, ...args: readonly string[]): Promise<Diagnosis> {
  const { code, out } = await nightdesk('doctor', '--data', data, '--json', ...args);
  const { status, checks } = JSON.parse(out);
  return { code, status, checks: Object.fromEntries(checks.map((check: Check) => [check.name, check])) };
}

/** A desk that answers as told. */
async function answering(health: unknown, headers: Record<string, string> = {}): Promise<string> {
  const server: Server = createServer((_, response) =>
    response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(health)),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

const healthy = { status: 'ok', backlogBytes: 0, walBytes: 0 };
const fresh = (): string => isoOf(Date.now() - 1000);

test('a desk that takes events, and events that arrive, are well', async () => {
  const data = tempFolder();
  writeLake(data, [exampleEvent('market', { strategy_id: 's1', ingested_at: fresh() })]);

  const { code, checks } = await doctor(data, '--endpoint', await answering(healthy));

  const others = Object.values(checks).filter(({ name }) => name !== 'disk'); // how full this machine's disk is, is its own affair
  expect(others.map(({ name, status }) => `${name} ${status}`)).toEqual(others.map(({ name }) => `${name} ok`));
  expect([0, 2, 3]).toContain(code);
  expect(checks.streams).toMatchObject({
    message: expect.stringContaining('1 of 23 streams seen; never: signals, '),
    value: { seen: [{ stream: 'market', lines: 1, age_s: expect.any(Number) }] },
  });
  expect(checks.strategies?.value).toMatchObject([{ strategy: 's1', lines: 1 }]);
});

test('no desk is a warning, with how to start one', async () => {
  const data = tempFolder();

  const { code, status, checks } = await doctor(data);

  expect([status, code]).toEqual(checks.disk?.status === 'critical' ? ['critical', 3] : ['warn', 2]);
  expect(checks.desk).toMatchObject({
    status: 'warn',
    message: expect.stringContaining(`nightdesk up --data ${data}`),
  });
  expect(checks.arrival?.message).toContain('the lake holds no event yet');
});

test('the desk of the data folder is asked without being told where it is', async () => {
  const data = tempFolder();
  const url = await answering({
    status: 'refusing',
    reason: 'the disk is nearly full',
    backlogBytes: 5e6,
    walBytes: 6e6,
  });
  writeFileSync(
    dataFolder(data).desk,
    JSON.stringify({ pid: process.pid, url, startedAt: '2025-11-21T00:00:00.000Z' }),
  );

  const { code, checks } = await doctor(data);

  expect(code).toBe(3);
  expect(checks.desk).toMatchObject({
    status: 'critical',
    message: expect.stringContaining('refuses events: the disk is nearly full'),
    value: { pid: process.pid, url },
  });
  expect(checks.backlog).toMatchObject({ status: 'warn', value: { backlog_bytes: 5e6, wal_bytes: 6e6 } });
});

test('a desk that was killed is critical, and its write-ahead log is pointed at', async () => {
  const data = tempFolder();
  const { pid } = spawnSync(process.execPath, ['--version']); // a process that is gone
  const folder = dataFolder(data);
  writeFileSync(folder.desk, JSON.stringify({ pid, url: 'http://127.0.0.1:1', startedAt: '2025-11-21T00:00:00.000Z' }));
  mkdirSync(folder.wal);
  writeFileSync(join(folder.wal, '0000000001.wal'), Buffer.alloc(2048));

  const { code, checks } = await doctor(data);

  expect(code).toBe(3);
  expect(checks.desk?.message).toContain(`the desk of process ${pid} is gone without a goodbye`);
  expect(checks.backlog).toMatchObject({
    status: 'warn',
    message: expect.stringContaining('the write-ahead log holds 2.0 KB and no desk runs'),
  });
});

test('a desk of another folder that took the port of one that was killed is no consolation', async () => {
  const data = tempFolder();
  const url = await answering({ ...healthy, startedAt: '2025-11-22T00:00:00.000Z' });
  const note = { pid: process.pid, url, startedAt: '2025-11-21T00:00:00.000Z' };
  writeFileSync(dataFolder(data).desk, JSON.stringify(note));

  const { code, checks } = await doctor(data);

  expect(code).toBe(3);
  expect(checks.desk).toMatchObject({ status: 'critical', message: expect.stringContaining('another desk answers') });
});

test.each(['not json', '[]', '{"pid":"x","url":5}', '{}'])('a note that says nothing is no desk: %s', async (note) => {
  const data = tempFolder();
  writeFileSync(dataFolder(data).desk, note);

  expect((await doctor(data)).checks.desk?.status).toBe('warn');
});

test('an endpoint that does not answer is critical', async () => {
  const { checks } = await doctor(tempFolder(), '--endpoint', 'http://127.0.0.1:9');

  expect(checks.desk).toMatchObject({
    status: 'critical',
    message: expect.stringContaining('no answer from http://127.0.0.1:9'),
  });
});

test('a desk whose clock is another is found out', async () => {
  const url = await answering(healthy, { date: new Date(Date.now() - 3_600_000).toUTCString() });

  const { checks } = await doctor(tempFolder(), '--endpoint', url);

  expect(checks.clock).toMatchObject({
    status: 'warn',
    message: expect.stringContaining('differs from this machine’s by 60 min'.replace('’', "'")),
  });
});

test('damaged objects and unreadable lines are named with their files', async () => {
  const data = tempFolder();
  writeLake(data, [exampleEvent('market', { ingested_at: fresh() })]);
  writeObject(
    data,
    'events/market/v1/date=2025-11-21/cut.jsonl.gz',
    gzipSync('{"event_id":"a"}\n'.repeat(999)).subarray(0, 40),
  );
  writeObject(
    data,
    'events/market/v1/date=2025-11-21/lines.jsonl.gz',
    gzipSync('{"cut\n[1]\n{"event_id":null}\n\n{"event_id":"good"}\n'),
  );

  const { code, checks } = await doctor(data);

  expect(code).toBe(3);
  expect(checks.objects).toMatchObject({
    status: 'critical',
    value: {
      objects: 3,
      looked: 3,
      damaged: [{ key: 'events/market/v1/date=2025-11-21/cut.jsonl.gz', problem: expect.any(String) }],
      unreadable_lines: [{ key: 'events/market/v1/date=2025-11-21/lines.jsonl.gz', lines: 3 }],
    },
  });
});

test('quarantine is told by reason, with what to do, healed lines left out', async () => {
  const data = tempFolder();
  const held = (reason: string, id: string) =>
    exampleEvent('quarantine', { reason, event_id: id, ingested_at: fresh() });
  writeLake(data, [
    ...Array.from({ length: 30 }, () => exampleEvent('market')),
    held('unknown_shape', 'a'),
    held('unknown_shape', 'b'),
    held('invalid_json', 'c'),
    held('redriven', 'b'),
  ]);

  const { checks } = await doctor(data);

  expect(checks.quarantine).toMatchObject({
    status: 'critical',
    value: {
      lines: 2,
      reasons: [
        { reason: 'unknown_shape', lines: 1 },
        { reason: 'invalid_json', lines: 1 },
      ],
    },
  });
  expect(checks.quarantine?.message).toContain('`nightdesk init` looks at the logs and writes a map');
});

test('however large the lake, a bounded part of it is read, and the newest object of every stream', async () => {
  const data = tempFolder();
  for (let day = 1; day <= 9; day++) writeLake(data, [exampleEvent('market', { ts_ms: Date.UTC(2025, 10, day) })]);
  writeLake(data, [exampleEvent('signals', { ts_ms: Date.UTC(2024, 0, 1) })]);

  const { checks } = await doctor(data, '--read', '0');

  expect(checks.objects).toMatchObject({ message: 'the newest 2 of 10 objects can be read' });
  expect(checks.streams?.value).toMatchObject({
    seen: expect.arrayContaining([
      expect.objectContaining({ stream: 'signals' }),
      expect.objectContaining({ stream: 'market', last_ts: '2025-11-09T00:00:00.000000Z' }),
    ]),
  });
});

test('what Nightdesk derives is no news of a bot, but must be readable too', async () => {
  const data = tempFolder();
  writeLake(data, [exampleEvent('trade_lifecycle', { strategy_id: 's1', ingested_at: fresh(), rev: 1 })]);
  writeObject(data, 'derived/session/v1/date=2025-11-21/bad.jsonl.gz', Buffer.from('no gzip'));

  const { checks } = await doctor(data, '--endpoint', await answering(healthy));

  expect(checks.arrival).toMatchObject({ status: 'warn', message: expect.stringContaining('no event yet') });
  expect(checks.streams).toMatchObject({
    status: 'ok',
    message: expect.stringContaining('0 of 23 streams seen'),
    value: { seen: [], derived: [{ stream: 'trade_lifecycle', lines: 1 }] },
  });
  expect(checks.streams?.message).not.toContain('trade_lifecycle');
  expect(checks.strategies?.value).toEqual([]);
  expect(checks.quarantine?.value).toMatchObject({ lines: 0, share: 0 });
  expect(checks.objects).toMatchObject({
    status: 'critical',
    message: expect.stringContaining('derived/session/v1/date=2025-11-21/bad.jsonl.gz'),
  });
});

test('every reason has its advice', () => {
  expect(Object.keys(ADVICE).sort()).toEqual(Object.keys(REASONS).sort());
});

const NOW_MS = Date.UTC(2025, 10, 21, 12);
const seen = (agoMs: number): LastSeen => ({
  lines: 1,
  lastTs: isoOf(NOW_MS - agoMs),
  lastIngestedAt: isoOf(NOW_MS - agoMs),
});
const EMPTY: Survey = {
  objects: 0,
  looked: 0,
  lines: 0,
  streams: new Map(),
  derived: new Map(),
  strategies: new Map(),
  quarantined: new Map(),
  ahead: 0,
  damagedObjects: [],
  unreadableLines: [],
};

function check(
  name: string,
  { survey = {}, ...facts }: Partial<Omit<DoctorFacts, 'survey'>> & { survey?: Partial<Survey> },
): Check | undefined {
  const all: DoctorFacts = {
    data: 'd',
    nowMs: NOW_MS,
    desk: { url: 'u', health: healthy },
    disk: undefined,
    ...facts,
    survey: { ...EMPTY, ...survey },
  };
  return checksOf(all).find((one) => one.name === name);
}

test.each([
  [20e9, 'ok'],
  [4e9, 'warn'],
  [0.9e9, 'critical'],
] as const)('%d bytes of free space are %s', (freeBytes, status) => {
  expect(check('disk', { disk: { freeBytes, totalBytes: 100e9, walBytes: 0 } })?.status).toBe(status);
});

test.each([
  [10, 'ok', '10 s ago'],
  [14 * 60, 'ok', '14 min ago'],
  [16 * 60, 'warn', '16 min ago'],
  [3 * 86_400, 'warn', '3 days ago'],
] as const)('a running desk whose newest event is %d s old is %s', (ageS, status, text) => {
  const found = check('arrival', { survey: { streams: new Map([['market', seen(ageS * 1000)]]) } });

  expect(found).toMatchObject({ status, value: { age_s: ageS } });
  expect(found?.message).toContain(text);
});

test('old events are no warning where no desk runs: an archive is allowed to be still', () => {
  expect(check('arrival', { desk: {}, survey: { streams: new Map([['market', seen(9e9)]]) } })?.status).toBe('ok');
});

test('a strategy that was heard today and is silent now is named; one that ended days ago is not', () => {
  const strategies = new Map([
    ['alive', seen(1000)],
    ['silent', seen(3_600_000)],
    ['ended', seen(3 * 86_400_000)],
  ]);

  expect(check('strategies', { survey: { strategies } })).toMatchObject({
    status: 'warn',
    message: 'silent for more than 15 min: silent (60 min)',
  });
});

test.each([
  [1, 1000, 'ok'],
  [20, 1000, 'warn'],
  [60, 1000, 'critical'],
] as const)('%d of %d lines in quarantine are %s', (lines, all, status) => {
  expect(check('quarantine', { survey: { lines: all, quarantined: new Map([['invalid_json', lines]]) } })?.status).toBe(
    status,
  );
});

test('a clock that was set back, and bots ahead of theirs, are found', () => {
  expect(check('clock', { survey: { streams: new Map([['market', seen(-60_000)]]) } })?.message).toContain(
    'came in 60 s from now',
  );
  expect(check('clock', { survey: { ahead: 3 } })?.message).toContain('3 events are dated after they came in');
  expect(check('clock', {})?.status).toBe('ok');
});
