import { gzipSync } from 'node:zlib';
import { SQSClient } from '@aws-sdk/client-sqs';
import { expect, onTestFinished, test } from 'vitest';
import { createHandler, type LifecycleAnswer, type LifecycleEvent } from '../../../lambdas/lifecycle/handler.ts';
import { createRelay, notingDerived, type Relay } from '../../../lambdas/lifecycle/relay.ts';
import { createAlertQueue } from '../../../lib/adapters/aws/alert-queue.ts';
import { createS3ObjectStore } from '../../../lib/adapters/aws/object-store.ts';
import { createS3StateStore } from '../../../lib/adapters/aws/state-store.ts';
import { gunzip, gzip } from '../../../lib/adapters/local/gzip.ts';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { dateOf, objectKey } from '../../../lib/core/lake/keys.ts';
import { type LakeRecord, readDerivedDay } from '../../../lib/core/lake/read.ts';
import { openFold } from '../../../lib/core/lifecycle/fold.ts';
import { createLedger, type Ledger, type LedgerParts } from '../../../lib/core/lifecycle/ledger.ts';
import { touchesOf, touchRow } from '../../../lib/core/lifecycle/touches.ts';
import { LEDGER_DEFAULTS } from '../../../lib/core/lifecycle/types.ts';
import { listeningLog } from '../../desk/support/stand-in.ts';
import { fillEvent, type LedgerEvent, START_MS } from '../../support/ledger.ts';
import { startS3 } from '../../support/s3-fake.ts';
import type { S3Faults } from '../../support/s3-faults.ts';
import { type SqsAnswering, sqsStub } from '../../support/sqs-server.ts';
import { contextOf } from '../support.ts';

const DATE = dateOf(START_MS);
/** Nobody wants to know. */
const DEAF: Relay = { tell: async () => new Set() };

interface Options {
  readonly faults?: S3Faults;
  readonly parts?: LedgerParts;
  readonly queue?: Parameters<typeof createRelay>[0]['queue'];
}

/** A bucket, a ledger on it, and the function that is woken by what is written there. */
async function stack({ faults, parts, queue }: Options = {}) {
  const s3 = await startS3({ faults });
  onTestFinished(() => s3.close());
  const log = listeningLog();
  const options = { client: s3.client(), bucket: s3.bucket, deadlineMs: 5_000 };
  const [store, state] = [notingDerived(createS3ObjectStore(options)), createS3StateStore(options)];
  const relay = queue === undefined ? DEAF : createRelay({ queue, written: () => store.take() });
  let nowMs = START_MS + 70_000; // just after the events: they wait for others still
  const clock = { nowMs: () => nowMs };
  const ports = { store, state, clock, log, gzip, gunzip, sha256, ...(parts === undefined ? {} : { parts }) };
  const ledger = createLedger(ports, LEDGER_DEFAULTS);
  const handler = createHandler({ ledger, log, relay });
  let objects = 0;
  return {
    s3,
    log,
    ledger,
    handler,
    later: (ms: number) => {
      nowMs += ms;
    },
    /** @returns the key */
    async write(events: readonly LedgerEvent[], body?: Uint8Array): Promise<string> {
      const partition = { stream: 'execution', version: 1, date: DATE };
      const key = objectKey('events', partition, { producer: 'nightdesk', atMs: nowMs, unique: String(objects++) });
      const arrived = { ingested_at: new Date(nowMs).toISOString() };
      const lines = events.map((event) => `${JSON.stringify({ ...event, ...arrived })}\n`).join('');
      await store.put(key, body ?? gzipSync(lines));
      return key;
    },
    async trades(): Promise<LakeRecord[]> {
      const rows: LakeRecord[] = [];
      for await (const row of readDerivedDay({ store, gunzip }, { stream: 'trade_lifecycle', date: DATE }))
        rows.push(row);
      return rows;
    },
  };
}

/** A trade from flat to flat. */
const round = (strategy: string): LedgerEvent[] => [
  fillEvent(0, 1, 100, { strategy_id: strategy }),
  fillEvent(60, -1, 110, { strategy_id: strategy }),
];

/** As S3 writes a key: URL-encoded, a space as a plus sign. */
const encoded = (key: string): string => encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+');

const notification = (...keys: readonly string[]): string =>
  JSON.stringify({
    Records: keys.map((key) => ({
      eventVersion: '2.1',
      eventSource: 'aws:s3',
      awsRegion: 'eu-west-1',
      eventTime: '2026-01-05T11:00:00.000Z',
      eventName: 'ObjectCreated:Put',
      s3: {
        s3SchemaVersion: '1.0',
        configurationId: 'new-events',
        bucket: { name: 'lake', arn: 'arn:aws:s3:::lake' },
        object: {
          key: encoded(key),
          size: 1024,
          eTag: 'd41d8cd98f00b204e9800998ecf8427e',
          sequencer: '0055AED6DCD90281E5',
        },
      },
    })),
  });

const queue = (...bodies: readonly string[]): LifecycleEvent => ({
  Records: bodies.map((body, index) => ({ messageId: `m${index}`, body })),
});

const failing = ({ batchItemFailures }: LifecycleAnswer): string[] =>
  batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);

test('new objects become trades, whatever stands beside them in the batch; a malformed message comes again alone', async () => {
  const { handler, write, trades, later, log } = await stack();
  const [first, second, third] = [await write(round('a')), await write(round('b')), await write(round('c'))];
  const event = queue(
    notification(first, second),
    JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent', Time: '2026-01-05T11:00:00Z', Bucket: 'lake' }),
    'no JSON',
    '{}',
    notification(third).replace(/"key":"[^"]*"/, '"key":"events/%E0%A4%A"'),
    notification(third),
    notification(first),
    notification('state/ledgers/x.json.gz', 'derived/trade_lifecycle/v1/date=2026-01-05/x.jsonl.gz', 'README'),
    notification(first).replace('ObjectCreated:Put', 'ObjectRemoved:Delete'),
  );

  const answer = await handler(event, contextOf());
  later(3_600_000);
  await handler({ tick: true }, contextOf());

  expect(failing(answer)).toEqual(['m2', 'm3', 'm4']);
  expect((await trades()).map(({ strategy_id: id, net_pnl_usd: pnl }) => [id, pnl]).sort()).toEqual([
    ['a', 10],
    ['b', 10],
    ['c', 10],
  ]);
  expect(log.said.filter(({ level }) => level === 'error').map(({ facts }) => facts?.messageId)).toEqual([
    'm2',
    'm3',
    'm4',
  ]);
});

test('keys come back as they were written: plus signs, spaces and letters of any script', async () => {
  const { handler, s3, ledger } = await stack();
  const names = ['a b', 'a+b', '100%', 'ü', '夜'].map((name) => `events/execution/v1/date=${DATE}/${name}.jsonl.gz`);
  await handler(queue(...names.map((key) => notification(key))), contextOf());
  expect(ledger).toBeDefined();
  expect(s3.requests.filter((request) => request.startsWith('GET events/')).sort()).toEqual(
    names.map((key) => `GET ${key}`).sort(),
  );
});

test('each ledger’s state is read and written once for all objects of a batch', async () => {
  const { handler, s3, write } = await stack();
  const keys: string[] = [];
  for (let i = 0; i < 20; i++)
    keys.push(await write([fillEvent(i, 1, 100, { strategy_id: 'a' }), fillEvent(i, 1, 100, { strategy_id: 'b' })]));
  s3.requests.length = 0;
  expect(failing(await handler(queue(...keys.map((key) => notification(key))), contextOf()))).toEqual([]);
  const puts = s3.requests.filter((request) => request.startsWith('PUT state/'));
  expect(puts).toHaveLength(2);
});

test('an object that cannot be read blocks no other, also not of its own strategy, and comes again', async () => {
  const denied = new Set<string>();
  const { handler, write, trades, later } = await stack({
    faults: ({ method, key }) => (method === 'GET' && denied.has(key) ? 'AccessDenied' : undefined),
  });
  const [good, bad, other] = [
    await write(round('a')),
    await write([fillEvent(30, 1, 105, { strategy_id: 'a' })]),
    await write(round('b')),
  ];
  denied.add(bad);

  expect(
    failing(await handler(queue(notification(good), notification(bad), notification(other)), contextOf())),
  ).toEqual(['m1']);
  later(3_600_000);
  await handler({ tick: true }, contextOf());
  expect((await trades()).map(({ strategy_id: id }) => id).sort()).toEqual(['a', 'b']);

  denied.clear();
  expect(failing(await handler(queue(notification(bad)), contextOf()))).toEqual([]);
});

test('an object that is no gzip, or is not there any more, is taken for what can be read of it: it would not get better', async () => {
  const { handler, write, log } = await stack();
  const bad = await write([], Buffer.from('no gzip at all'));
  const gone = `events/execution/v1/date=${DATE}/gone.jsonl.gz`;
  expect(failing(await handler(queue(notification(bad), notification(gone)), contextOf()))).toEqual([]);
  expect(log.said).toContainEqual(expect.objectContaining({ level: 'warn' }));
});

test('an event that the fold cannot bear costs its message alone; its neighbours of the same strategy are taken in', async () => {
  const parts: LedgerParts = {
    touchesOf,
    touchRow,
    openFold: (...args) => {
      const fold = openFold(...args);
      const announce = fold.announce.bind(fold);
      fold.announce = (inputs) => {
        if (inputs.some(({ id }) => id === 'poison')) throw new TypeError('a defect of the fold');
        return announce(inputs);
      };
      return fold;
    },
  };
  const { handler, write, trades, later } = await stack({ parts });
  const keys = [];
  for (const symbol of ['A', 'B', 'C', 'D', 'E'])
    keys.push(await write(round('a').map((event) => ({ ...event, symbol }))));
  keys.splice(3, 0, await write([fillEvent(30, 1, 105, { strategy_id: 'a', event_id: 'poison' })]));

  const answer = await handler(queue(...keys.map((key) => notification(key))), contextOf());
  later(3_600_000);
  await handler({ tick: true }, contextOf());

  expect(failing(answer)).toEqual(['m3']);
  expect((await trades()).map(({ symbol }) => symbol).sort()).toEqual(['A', 'B', 'C', 'D', 'E']);
});

test('where the state of one ledger cannot be written, the messages that hold nothing of it are done', async () => {
  const { handler, write } = await stack({
    faults: ({ method, key }) =>
      method === 'PUT' && key.startsWith('state/') && key.includes(encodeURIComponent('bad'))
        ? 'AccessDenied'
        : undefined,
  });
  const [bad, good] = [await write(round('bad')), await write(round('good'))];
  expect(failing(await handler(queue(notification(bad), notification(good)), contextOf()))).toEqual(['m0']);
});

/** A ledger that only listens. */
function standIn(work: (keys: readonly string[]) => Promise<void>): Ledger & { readonly calls: string[][] } {
  const calls: string[][] = [];
  return {
    calls,
    applyObjects: (keys) => {
      calls.push([...keys]);
      return work(keys);
    },
    tick: () => Promise.reject(new Error('the tick fails')),
    rebuild: async () => [],
  };
}

const object = (n: number): string => `events/execution/v1/date=${DATE}/${n}.jsonl.gz`;
const sized = (n: number, size: number): string => notification(object(n)).replace('"size":1024', `"size":${size}`);

test('large objects are taken in one after the other, small ones together; near the timeout the rest comes again', async () => {
  const ledger = standIn((keys) => (keys.includes(object(5)) ? new Promise(() => undefined) : Promise.resolve()));
  const handler = createHandler({ ledger, log: listeningLog(), relay: DEAF });
  const event = queue(
    sized(0, 1_000_000),
    sized(1, 1_000_000),
    sized(2, 7_000_000),
    sized(3, 60_000_000),
    sized(4, 1),
    sized(5, 8_000_000),
    sized(6, 1_000_000),
  );

  // Time runs out while the fifth is taken in: 10 s are kept for the answer.
  const leftMs = [60_000, 60_000, 60_000, 60_000, 10_020];
  const answer = await handler(event, { getRemainingTimeInMillis: () => leftMs[ledger.calls.length] ?? 9_000 });

  expect(ledger.calls.map((keys) => keys.length)).toEqual([2, 1, 1, 1, 1]);
  expect(failing(answer)).toEqual(['m5', 'm6']);
});

test('a message of several objects comes again where one of them was not taken in', async () => {
  const ledger = standIn((keys) =>
    keys.includes(object(1)) ? Promise.reject(new TypeError('no')) : Promise.resolve(),
  );
  const handler = createHandler({ ledger, log: listeningLog(), relay: DEAF });
  const answer = await handler(queue(notification(object(0), object(1)), notification(object(2))), contextOf());
  expect(failing(answer)).toEqual(['m0']);
});

test('a tick that fails is told to the caller, which counts it', async () => {
  const handler = createHandler({ ledger: standIn(async () => undefined), log: listeningLog(), relay: DEAF });
  await expect(handler({ tick: true }, contextOf())).rejects.toThrow('the tick fails');
});

/** The real queue of the alerts, at a server that answers so. */
async function alertQueue(...answers: readonly SqsAnswering[]) {
  const { endpoint, queueUrl, sent } = await sqsStub(...answers);
  const client = new SQSClient({
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test-secret' },
    maxAttempts: 1,
  });
  onTestFinished(() => client.destroy());
  const told = (): string[] => sent.flatMap((body) => (JSON.parse(body) as { objects: string[] }).objects);
  return { queue: createAlertQueue({ client, queueUrl, log: listeningLog() }), told };
}

const DOWN: SqsAnswering = () => ({ error: 'AccessDeniedException', status: 403 });

test('the alerts are told of the objects taken in, and of the trades and orders that the ledger wrote', async () => {
  const { queue: alerts, told } = await alertQueue();
  const { handler, write, later, s3 } = await stack({ queue: alerts });
  const key = await write(round('a'));

  expect(failing(await handler(queue(notification(key), 'no JSON'), contextOf()))).toEqual(['m1']);
  expect(told()).toContain(key);
  later(3_600_000);
  await handler({ tick: true }, contextOf());

  const derived = [...s3.objects.keys()].filter((one) => /^derived\/(trade|order)_lifecycle\//.test(one));
  expect(derived).not.toEqual([]);
  expect(told().sort()).toEqual([key, ...derived].sort());
});

test('where the alert queue is down, messages come again, and what the ledger wrote waits until it is up', async () => {
  const { queue: alerts, told } = await alertQueue(DOWN, DOWN, DOWN);
  const { handler, write, trades, later, s3 } = await stack({ queue: alerts });
  const [first, second] = [await write(round('a')), await write(round('b'))];

  expect(failing(await handler(queue(notification(first), notification(second)), contextOf()))).toEqual(['m0', 'm1']);
  later(3_600_000);
  await handler({ tick: true }, contextOf());
  expect((await trades()).length).toBe(2); // the ledger waits for nobody
  expect(failing(await handler(queue(notification(first)), contextOf()))).toEqual(['m0']);
  expect(told()).toEqual([]);

  expect(failing(await handler(queue(notification(first), notification(second)), contextOf()))).toEqual([]);
  const derived = [...s3.objects.keys()].filter((one) => /^derived\/(trade|order)_lifecycle\//.test(one));
  expect(new Set(told())).toEqual(new Set([first, second, ...derived]));
});

test('an object that was not taken in is not told of', async () => {
  const { queue: alerts, told } = await alertQueue();
  const { handler, write } = await stack({
    queue: alerts,
    faults: ({ method, key }) => (method === 'GET' && key.endsWith('-1.jsonl.gz') ? 'AccessDenied' : undefined),
  });
  const [good, bad] = [await write(round('a')), await write(round('b'))];

  expect(failing(await handler(queue(notification(good), notification(bad)), contextOf()))).toEqual(['m1']);
  expect(told()).toContain(good);
  expect(told()).not.toContain(bad);
});
