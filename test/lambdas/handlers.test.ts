import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, onTestFinished, test, vi } from 'vitest';
import { sha256 } from '../../lib/adapters/local/sha256.ts';
import type { FunctionSettings } from '../../lib/core/config/function-settings.ts';
import { dateOf, objectKey } from '../../lib/core/lake/keys.ts';
import { PIPELINE } from '../../lib/core/pipeline.ts';
import type { FirehoseReply } from '../../lib/core/transform/firehose.ts';
import { bundleFunction, functionStages } from '../bench/bundle.ts';
import { fillEvent, START_MS } from '../support/ledger.ts';
import { startS3 } from '../support/s3-fake.ts';
import { sqsStub } from '../support/sqs-server.ts';
import { tempFolder } from '../support/temp.ts';
import { accepting, awsStub, contextOf, firehoseEvent, putOf, SETTINGS } from './support.ts';

// The functions as they are deployed: bundled, with what the stack sets, against servers that speak AWS.

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

async function deployed(
  stage: string,
  {
    environment = {},
    settings = {},
  }: { environment?: Record<string, string>; settings?: Partial<FunctionSettings> } = {},
): Promise<Handler> {
  const { path } = await bundleFunction(stage);
  const root = tempFolder();
  writeFileSync(join(root, 'settings.json'), JSON.stringify({ ...SETTINGS, ...settings }));
  const all = {
    LAMBDA_TASK_ROOT: root,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test-secret',
    NIGHTDESK_ALERT_QUEUE: 'http://127.0.0.1:9/123456789012/alerts', // nobody is there
    ...environment,
  };
  for (const [name, value] of Object.entries(all)) vi.stubEnv(name, value);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const require = createRequire(path);
  delete require.cache[path]; // a container of its own
  return (require(path) as { readonly handler: Handler }).handler;
}

test('the folder of every function is named as a stage of the pipeline', () => {
  const stages = PIPELINE.map(({ name }) => name);
  expect(functionStages().filter((stage) => !stages.includes(stage))).toEqual([]);
  expect(functionStages()).toEqual(
    expect.arrayContaining(['alerts', 'lifecycle', 'reconcile', 'snapshots', 'transform']),
  );
});

// Node 24 of Lambda takes a third parameter for a callback, and refuses to start.
test.each(functionStages())('the handler of %s declares at most two parameters', async (stage) => {
  expect((await deployed(stage)).length).toBeLessThanOrEqual(2);
});

test.each(functionStages())('%s says which part of its surroundings is missing', async (stage) => {
  const handler = await deployed(stage, { environment: { LAMBDA_TASK_ROOT: tempFolder() } });
  const event = stage === 'transform' ? firehoseEvent([]) : { tick: true };
  await expect(handler(event, contextOf())).rejects.toThrow(/settings\.json|NIGHTDESK_/);
});

const lake = async () => {
  const s3 = await startS3();
  onTestFinished(() => s3.close());
  const environment = { AWS_ENDPOINT_URL_S3: s3.endpoint, NIGHTDESK_LAKE_BUCKET: s3.bucket };
  const keys = (prefix: string): string[] => [...s3.objects.keys()].filter((key) => key.startsWith(prefix));
  return { s3, environment, keys };
};

/** What the lake holds under a prefix. */
function rowsUnder(objects: ReadonlyMap<string, { readonly body: Uint8Array }>, prefix: string) {
  return [...objects].flatMap(([key, { body }]) =>
    key.startsWith(prefix)
      ? gunzipSync(body)
          .toString()
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as Record<string, unknown>)
      : [],
  );
}

test('from Firehose to the trades, the rules, a snapshot and the reconciliation: five functions on one bucket', async () => {
  const { s3, environment: bucket, keys } = await lake();
  const { endpoint, queueUrl, sent } = await sqsStub();
  const environment = { ...bucket, AWS_ENDPOINT_URL_SQS: endpoint, NIGHTDESK_ALERT_QUEUE: queueUrl };
  const fills = [fillEvent(0, 1, 100), fillEvent(60, -1, 110)].map((event) =>
    JSON.stringify({ ...event, dialect: undefined }),
  );

  // Firehose writes what the transform answers, under the keys that it names.
  const transform = await deployed('transform', { environment: { ...environment, NIGHTDESK_DELIVERY_STREAM: 'own' } });
  const { records } = (await transform(firehoseEvent(fills, START_MS + 70_000), contextOf())) as {
    records: readonly FirehoseReply[];
  };
  const [{ stream = '', version = '', date = '' } = {}] = records.map(({ metadata }) => metadata?.partitionKeys ?? {});
  expect([stream, date]).toEqual(['execution', dateOf(START_MS)]);
  const key = objectKey(
    'events',
    { stream, version: Number(version), date },
    { producer: 'nightdesk', atMs: START_MS + 90_000, unique: 'a' },
  );
  const body = gzipSync(Buffer.concat(records.map(({ data }) => Buffer.from(data, 'base64'))));
  s3.objects.set(key, { body, etag: '"made"', modified: new Date() });

  const lifecycle = await deployed('lifecycle', { environment });
  const message = {
    messageId: 'm0',
    body: JSON.stringify({
      Records: [
        { eventName: 'ObjectCreated:Put', s3: { object: { key: encodeURIComponent(key), size: body.length } } },
      ],
    }),
  };
  expect(await lifecycle({ Records: [message] }, contextOf())).toEqual({ batchItemFailures: [] });
  expect(await lifecycle({ tick: true }, contextOf())).toEqual({ batchItemFailures: [] });
  expect(rowsUnder(s3.objects, 'derived/trade_lifecycle/').at(-1)).toMatchObject({ status: 'closed', net_pnl_usd: 10 });

  const shown = sent.map((message) => JSON.parse(message) as { observations?: object[]; objects?: string[] });
  expect(shown.flatMap(({ observations = [] }) => observations)).not.toEqual([]);
  expect(shown.flatMap(({ objects = [] }) => objects)).toEqual(
    expect.arrayContaining([key, ...keys('derived/trade_lifecycle/')]),
  );
  const alerts = await deployed('alerts', {
    environment: { ...environment, NIGHTDESK_ALERT_SECRETS: '{}', NIGHTDESK_PLATFORM_ALARM: 'own-platform' },
  });
  const messages = sent.map((text, i) => ({ messageId: `m${i}`, body: text }));
  expect(await alerts({ Records: messages }, contextOf())).toEqual({ batchItemFailures: [] });
  expect(await alerts({ tick: true }, contextOf())).toEqual({ batchItemFailures: [] });
  expect(keys('state/alerts/')).not.toEqual([]);

  const snapshots = await deployed('snapshots', { environment });
  await snapshots({ scheduled: '2026-01-05T11:07:13Z' }, contextOf());
  const made = keys('derived/snapshot/');
  expect(rowsUnder(s3.objects, 'derived/snapshot/').map(({ bucket_end_ts: end }) => end)).toContain(
    '2026-01-05T11:00:00.000000Z',
  );
  await snapshots({ scheduled: '2026-01-05T11:59:59Z' }, contextOf()); // late, or once more: the same bucket
  expect(keys('derived/snapshot/')).toEqual(made);

  const reconcile = await deployed('reconcile', { environment });
  await reconcile({ scheduled: '2026-01-06T02:30:00Z' }, contextOf());
  const compared = rowsUnder(s3.objects, 'derived/reconciliation/').filter(({ against }) => against === 'rebuild');
  expect(compared).toMatchObject([{ entry: 'summary', is_clean: true, open_breaks: 0 }]);
  expect(keys('events/')).toEqual([key]); // nobody writes under the prefix that wakes the ledger
}, 60_000);

test.each(['snapshots', 'reconcile'])('%s takes its bucket from the schedule, never from the clock', async (stage) => {
  const { environment } = await lake();
  const handler = await deployed(stage, { environment });
  for (const event of [{}, { scheduled: '<aws.scheduler.scheduled-time>' }, { scheduled: '2026-01-05T10:00:00' }, null])
    await expect(handler(event, contextOf())).rejects.toThrow(/the event must be/);
});

test('the transform loads its SDK when it is needed: the salt is asked once, and what is too much is put again', async () => {
  const { calls, endpoint } = await awsStub((call) =>
    call.operation === 'secretsmanager.GetSecretValue'
      ? { body: { ARN: 'arn', Name: 'salt', SecretString: 'the salt of this stack' } }
      : accepting(putOf(call)),
  );
  const handler = await deployed('transform', {
    environment: {
      AWS_ENDPOINT_URL: endpoint,
      NIGHTDESK_DELIVERY_STREAM: 'own',
      NIGHTDESK_HASH_SECRET: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:salt',
    },
    settings: { hash: ['account_id'] },
  });
  const line = JSON.stringify({ stream: 'signals', event_id: 'a', ts: '2025-12-03T11:00:00Z', account_id: 'U123' });
  const small = (await handler(firehoseEvent([line]), contextOf())) as { records: readonly FirehoseReply[] };
  const growing = firehoseEvent(Array.from({ length: 900 }, () => '\u0001'.repeat(1_000)));
  const large = (await handler(growing, contextOf())) as { records: readonly FirehoseReply[] };

  expect(JSON.parse(Buffer.from(small.records[0]?.data ?? '', 'base64').toString()).account_id).toBe(
    `h:${sha256('the salt of this stackU123').slice(0, 16)}`,
  );
  expect(calls.filter(({ operation }) => operation === 'secretsmanager.GetSecretValue')).toHaveLength(1);
  const dropped = large.records.filter(({ result }) => result === 'Dropped').length;
  expect(dropped).toBeGreaterThan(0);
  const puts = calls.filter(({ operation }) => operation.startsWith('Firehose')).map(putOf);
  expect(puts.flatMap(({ records }) => records)).toHaveLength(dropped);
}, 30_000);
