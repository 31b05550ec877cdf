import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { sha256 } from '../../lib/adapters/local/sha256.ts';
import { createTransform } from '../../lib/core/transform/transform.ts';
import type { TransformConfig, Verdict } from '../../lib/core/transform/types.ts';
import { wireLine } from '../../lib/core/transform/wire.ts';
import { nightdesk } from '../support/command.ts';
import { writeLines, writeObject } from '../support/lake.ts';
import { openTestLake } from '../support/open-lake.ts';
import { environment, startStack } from '../support/stack.ts';

const ARRIVED_MS = Date.UTC(2025, 11, 3, 12);
const KEY = 'errors/processing-failed/nightdesk-1-2025-12-03-12-05-00-0a1b';
const SALT = 'a salt of the stack, 32 characters';

const record = (second: number, over: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({
    run_id: 'r1',
    asset: 'BTCUSDT',
    pred_stack_bps: second,
    ts_ist: new Date(Date.UTC(2025, 11, 1, 12, 0, second)).toISOString(),
    schema_v: '1',
    ...over,
  });

/** Lines as a door took them that had other settings than the stack has today. */
function taken(raws: readonly string[], config: Partial<TransformConfig> = { maxEventAgeMs: 3_600_000 }): Verdict[] {
  const transform = createTransform(config, { sha256 });
  return raws.flatMap((raw, index) => {
    const line = wireLine({ source: 'src', path: 'a/ensemble_log/a.jsonl', file: 'f00d.0', line: index + 1, raw });
    return transform(line, { recordId: 'r', index: 0, arrivedMs: ARRIVED_MS }) ?? [];
  });
}

const failed = (data: string): string =>
  JSON.stringify({ attemptsMade: 4, arrivalTimestamp: ARRIVED_MS, rawData: Buffer.from(data).toString('base64') });

const redrive = async (...args: readonly string[]): Promise<Record<string, unknown>> => {
  const { code, out, err } = await nightdesk('redrive', '--aws', '--json', ...args);
  expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out);
};

test('quarantine and errors/ go to the bucket through the transform of the stack, and twice is nothing new', async () => {
  const { data, s3, athena } = await startStack();
  writeLines(data, taken([record(1), record(2), 'not json']));
  writeObject(data, KEY, gzipSync(`${failed(record(3))}\n${failed('nor this')}\nnothing\n`));

  const dry = await redrive('--dry-run');
  expect(s3.requests.some((request) => request.startsWith('PUT'))).toBe(false);
  const first = await redrive();
  const puts = s3.requests.filter((request) => request.startsWith('PUT'));
  const second = await redrive();

  expect(first).toMatchObject({
    looked: 3,
    stored: 2,
    already: 0,
    left: 1,
    errors: { looked: 3, stored: 2, quarantined: 1, already: 0, left: 1, events: 2 },
  });
  expect(dry).toEqual({ ...first, dry_run: true });
  expect(second).toMatchObject({
    looked: 2,
    stored: 0,
    left: 2,
    errors: { looked: 3, stored: 0, already: 2, left: 1, events: 0 },
  });
  expect(s3.requests.filter((request) => request.startsWith('PUT'))).toEqual(puts);
  expect(puts.filter((put) => !/^PUT (events\/|errors\/redriven\/)/.test(put))).toEqual([]);
  expect(s3.requests.some((request) => request.startsWith('DELETE'))).toBe(false);
  const lake = await openTestLake(data);
  expect(await lake.rows('select pred_stack_bps as bps, ingested_at from ensemble order by 1')).toEqual(
    [1, 2, 3].map((bps) => ({ bps, ingested_at: '2025-12-03T12:00:00.000000Z' })),
  );
  expect(athena.statements.length).toBeGreaterThan(3);
});

test('with nothing in quarantine the events are not read', async () => {
  const { athena } = await startStack();

  const { code, err } = await nightdesk('redrive', '--aws');

  expect({ code, err }).toEqual({ code: 0, err: 'Nothing in quarantine fits.\n0 B scanned in Athena\n' });
  expect(athena.statements).toHaveLength(1);
});

test('a reason is about quarantine alone', async () => {
  const { data } = await startStack();
  writeLines(data, taken([record(1)]));
  writeObject(data, KEY, Buffer.from(failed(record(3))));

  expect(await redrive('--reason', 'invalid_json')).not.toHaveProperty('errors');
  expect(await redrive('--reason', 'too_old')).toMatchObject({ looked: 1, stored: 1 });
});

test('what the stack hashes is hashed with its salt, and neither is printed', async () => {
  const { data, aws } = await startStack({ config: { hash: ['account_id'], redact: ['desk_note'] } });
  aws.account.secrets = { 'arn:salt': SALT };
  writeObject(data, KEY, Buffer.from(failed(record(1, { account_id: 'ACC-12345', desk_note: 'private' }))));

  const { out, err } = await nightdesk('redrive', '--aws');

  const lake = await openTestLake(data);
  const [row] = await lake.rows('select * from ensemble');
  expect(row?.account_id).toBe(`h:${sha256(`${SALT}ACC-12345`).slice(0, 16)}`);
  expect(JSON.stringify(row)).not.toContain('private');
  expect(`${out}${err}`).not.toMatch(/ACC-12345|a salt of the stack/);
});

test('without the salt nothing is written', async () => {
  const { data, s3 } = await startStack({ config: { hash: ['account_id'] } });
  writeObject(data, KEY, Buffer.from(failed(record(1))));

  const { code, err } = await nightdesk('redrive', '--aws');

  expect(code).toBe(1);
  expect(err).toContain('secretsmanager:GetSecretValue');
  expect(s3.requests.filter((request) => request.startsWith('PUT'))).toEqual([]);
});

test('zone and age of the stack count, and not those of this machine', async () => {
  const { data } = await startStack({ config: { zone: 'Asia/Kolkata', aws: { maxEventAge: '1d' } } });
  const naive = JSON.stringify({ event_id: 'n', stream: 'health', schema_version: 1, ts: '2025-12-03T17:00:00' });
  const old = JSON.stringify({ event_id: 'o', stream: 'health', schema_version: 1, ts: '2025-12-01T12:00:00Z' });
  writeObject(data, KEY, Buffer.from(`${failed(naive)}\n${failed(old)}`));

  expect(await redrive()).toMatchObject({ errors: { stored: 2, quarantined: 1 } });

  const lake = await openTestLake(data);
  expect(await lake.rows('select event_id, ts from health')).toEqual([
    { event_id: 'n', ts: '2025-12-03T11:30:00.000000Z' },
  ]);
  expect(await lake.cell('select reason from quarantine')).toBe('too_old');
});

test('a local lake brings its errors/ in as well, and says so in one line', async () => {
  const { data } = await startStack();
  environment({ AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9' });
  writeObject(data, KEY, Buffer.from(`${failed(record(3))}\nnothing \u001b[2J`));

  const { code, err } = await nightdesk('redrive', '--data', data);

  expect(code).toBe(0);
  expect(err).toContain(`${KEY}: a record is no JSON object\n`);
  expect(err).toContain('2 records in 1 objects of errors/ = 1 stored + 0 stored before + 1 left\n');
});

test('Ctrl-C ends redrive before the next object, and the next run does the rest', async () => {
  const { data, s3 } = await startStack();
  for (const n of [1, 2, 3]) writeObject(data, `${KEY}${n}`, Buffer.from(failed(record(n))));
  const before = process.listeners('SIGINT');
  const put = s3.objects.set;
  s3.objects.set = (key, object) => {
    for (const listener of process.listeners('SIGINT')) if (!before.includes(listener)) listener('SIGINT');
    return put(key, object);
  };

  const { code, err } = await nightdesk('redrive', '--aws');

  expect(code).toBe(1);
  expect(err).toContain('cancelled; run it again to do the rest [QUERY_FAILED]');
  expect([...s3.objects.keys()].filter((key) => key.startsWith('events/'))).toHaveLength(1);
  s3.objects.set = put;
  expect(await redrive()).toMatchObject({ errors: { looked: 3, stored: 3, already: 0 } });
  expect(await (await openTestLake(data)).cell('select count(*) from stored.ensemble')).toBe(3);
});
