import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gunzip } from '../../lib/adapters/local/gzip.ts';
import { sha256 } from '../../lib/adapters/local/sha256.ts';
import { createMemoryStore } from '../../lib/adapters/memory/object-store.ts';
import { parseKey } from '../../lib/core/lake/keys.ts';
import type { ObjectStore } from '../../lib/core/ports/index.ts';
import { createTransform } from '../../lib/core/transform/transform.ts';
import { wireLine } from '../../lib/core/transform/wire.ts';
import { type ErrorsReport, redriveErrors } from '../../lib/desk/query/redrive-errors.ts';

const ARRIVED_MS = Date.UTC(2025, 11, 3, 12);
const KEY = 'errors/processing-failed/2025/12/03/nightdesk-1-2025-12-03-12-05-00-0a1b.gz';
const transform = createTransform({}, { sha256 });
type Doc = Readonly<Record<string, unknown>>;

/** A document as Firehose writes one. */
const failed = (data: string, over: Doc = {}): Doc => ({
  attemptsMade: 4,
  arrivalTimestamp: ARRIVED_MS,
  errorCode: 'Lambda.FunctionTimedOut',
  errorMessage: 'The Lambda function timed out before it returned "a result".',
  attemptEndingTimestamp: ARRIVED_MS + 60_000,
  rawData: Buffer.from(data).toString('base64'),
  lambdaArn: 'arn:aws:lambda:eu-west-1:111122223333:function:transform',
  ...over,
});

const record = (second: number): string =>
  JSON.stringify({
    run_id: 'r1',
    asset: 'BTCUSDT',
    pred_stack_bps: second,
    ts_ist: new Date(Date.UTC(2025, 10, 21, 12, 0, second)).toISOString(),
    schema_v: '1',
  });

const object = (docs: readonly (Doc | string)[], between = '\n'): Buffer =>
  Buffer.from(docs.map((doc) => (typeof doc === 'string' ? doc : JSON.stringify(doc))).join(between));

async function storeOf(objects: Readonly<Record<string, Uint8Array>>): Promise<ObjectStore> {
  const store = createMemoryStore();
  for (const [key, body] of Object.entries(objects)) await store.put(key, body);
  return store;
}

const run = (store: ObjectStore, over: Partial<Parameters<typeof redriveErrors>[0]> = {}): Promise<ErrorsReport> =>
  redriveErrors({ store, transform, dryRun: false, ...over });

/** Every line in the lake. */
async function lake(store: ObjectStore): Promise<Doc[]> {
  const lines: Doc[] = [];
  for await (const { key } of store.list('events/')) {
    const { bytes } = await gunzip((await store.get(key)) ?? new Uint8Array());
    for (const line of Buffer.from(bytes).toString().split('\n'))
      if (line !== '') {
        const event = JSON.parse(line);
        expect(parseKey(key)?.stream).toBe(event.stream);
        lines.push(event);
      }
  }
  return lines;
}

async function keysOf(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  return keys;
}

test('a record that Firehose did not deliver is the event it would have been, known by key and line, as of when it came in', async () => {
  const store = await storeOf({ [KEY]: gzipSync(object([failed(record(1)), failed(`${record(2)}\n${record(3)}\n`)])) });

  const report = await run(store);

  expect(report).toMatchObject({ objects: 1, looked: 2, stored: 2, quarantined: 0, already: 0, left: 0, events: 3 });
  const file = sha256(KEY).slice(0, 24);
  expect(
    (await lake(store)).map(({ event_id, ingested_at, pred_stack_bps }) => [event_id, ingested_at, pred_stack_bps]),
  ).toEqual([
    [`${file}-1`, '2025-12-03T12:00:00.000000Z', 1],
    [`${file}-2`, '2025-12-03T12:00:00.000000Z', 2],
    [`${file}-2-1`, '2025-12-03T12:00:00.000000Z', 3],
  ]);
  expect(await store.get(KEY)).toBeDefined();
});

test('a line of the wire form keeps its position, a canonical event its id, and one on its second hop its first arrival', async () => {
  const wire = wireLine({ source: 'src', path: 'a.jsonl', file: 'f00d.0', line: 7, raw: record(1) });
  const own = JSON.stringify({ event_id: 'own', stream: 'health', schema_version: 1, ts: '2025-11-21T12:00:00Z' });
  const hop = JSON.stringify({ nd: 1, hop: 2, id: 'first', at: ARRIVED_MS - 5_000, raw: record(2) });
  const store = await storeOf({ [KEY]: object([failed(wire), failed(own), failed(hop)]) });

  await run(store);

  const byId = new Map((await lake(store)).map((event) => [event.event_id, event]));
  expect([...byId.keys()].sort()).toEqual(['f00d.0-7', 'first', 'own']);
  expect(byId.get('first')?.ingested_at).toBe('2025-12-03T11:59:55.000000Z');
  expect(byId.get('f00d.0-7')).toMatchObject({ source: 'src', source_path: 'a.jsonl', seq: 7 });
});

test('what failed behind the transform goes to the lake as the transform made it', async () => {
  const verdicts = [
    wireLine({ source: 's', path: 'a', file: 'f.0', line: 1, raw: record(1) }),
    'not json',
    JSON.stringify({ event_id: 'x', stream: 'health', schema_version: 1 }),
  ].map((line) => transform(line, { recordId: 'r', index: 0, arrivedMs: ARRIVED_MS }));
  const lines = verdicts.map((verdict) => verdict?.json ?? '');
  const key = KEY.replace('processing-failed', 'activePartitionExceeded');
  const store = await storeOf({
    [key]: object(lines.map((line) => failed(`${line}\n`, { arrivalTimestamp: ARRIVED_MS + 9 }))),
  });

  expect(await run(store)).toMatchObject({ stored: 3, quarantined: 1, events: 3 });

  expect((await lake(store)).map((event) => JSON.stringify(event)).sort()).toEqual([...lines].sort());
  const dates = (await keysOf(store))
    .flatMap((one) => parseKey(one) ?? [])
    .map(({ stream, date }) => `${stream} ${date}`);
  expect(dates.sort()).toEqual(verdicts.map((verdict) => `${verdict?.stream} ${verdict?.date}`).sort());
});

test('a line of another maker below such a prefix is transformed like any other: nothing slips by redaction', async () => {
  const key = KEY.replace('processing-failed', 'activePartitionExceeded');
  const line = JSON.stringify({
    event_id: 'x',
    stream: 'health',
    schema_version: 1,
    ts: '2025-12-03T11:00:00Z',
    api_key: 'sk-1234567890',
  });
  const store = await storeOf({ [key]: object([failed(line)]) });

  await run(store);

  expect(JSON.stringify(await lake(store))).not.toContain('sk-1234567890');
});

/** Anything that may stand in such an object. */
const anyDoc = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 50 }).map((n) => failed(record(n))) },
  fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 4 }).map((all) => failed(all.map(record).join('\n'))),
  fc.string({ unit: 'binary' }).map((text) => failed(text)),
  fc.uint8Array().map((bytes) => failed('', { rawData: Buffer.from(bytes).toString('base64') })),
  fc.constantFrom(
    failed('', { rawData: '%%%' }),
    failed('', { rawData: null }),
    failed('a', { arrivalTimestamp: 'now' }),
    failed('a', { arrivalTimestamp: -1 }),
    failed('a', { arrivalTimestamp: 1e300 }),
    failed('a', { errorMessage: '}{"attemptsMade"' }),
  ),
  fc.json().map((text) => text.replaceAll('\n', ' ')),
  fc.constantFrom('', '  ', '{', '[]', 'null', '\u001b[2J'),
);
const anyObjects = fc.dictionary(
  fc
    .constantFrom('processing-failed', 'activePartitionExceeded', 'x')
    .chain((type) =>
      fc.integer({ min: 1, max: 9 }).map((n) => `errors/${type}/nightdesk-1-2025-12-0${n}-00-00-00-u.gz`),
    ),
  fc.record({
    docs: fc.array(anyDoc, { maxLength: 8 }),
    packed: fc.boolean(),
    between: fc.constantFrom('\n', '\n\n', ''),
  }),
  { maxKeys: 4 },
);

const storeFor = (objects: typeof anyObjects extends fc.Arbitrary<infer T> ? T : never): Promise<ObjectStore> =>
  storeOf(
    Object.fromEntries(
      Object.entries(objects).map(([key, { docs, packed, between }]) => {
        const body = object(docs, between);
        return [key, packed ? gzipSync(body) : body];
      }),
    ),
  );

test('looked = stored + already + left, and twice is nothing new, whatever stands in the objects', async () => {
  await fc.assert(
    fc.asyncProperty(anyObjects, fc.integer({ min: 1, max: 5 }), async (objects, batchLines) => {
      const store = await storeFor(objects);

      const dry = await run(store, { dryRun: true, batchLines });
      expect(await keysOf(store)).toEqual(Object.keys(objects).sort());
      const first = await run(store, { batchLines });
      const keys = await keysOf(store);
      const lines = await lake(store);
      const second = await run(store, { batchLines });

      expect(first.looked).toBe(first.stored + first.already + first.left);
      expect(dry).toEqual(first);
      expect(first.already).toBe(0);
      expect(lines).toHaveLength(first.events);
      expect(second).toEqual({ ...first, stored: 0, quarantined: 0, events: 0, already: first.stored });
      expect(await keysOf(store)).toEqual(keys);
    }),
    { numRuns: 150 },
  );
});

test('a run that dies at any put is finished by the next, with the same lake as one that did not', async () => {
  await fc.assert(
    fc.asyncProperty(anyObjects, fc.nat({ max: 12 }), async (objects, dieAt) => {
      const [store, ideal] = [await storeFor(objects), await storeFor(objects)];
      let puts = 0;
      const dying: ObjectStore = {
        ...store,
        async put(key, body) {
          if (puts++ === dieAt) throw new Error('killed');
          await store.put(key, body);
        },
      };

      await run(dying, { batchLines: 2 }).catch(() => undefined);
      await run(store, { batchLines: 2 });
      await run(ideal, { batchLines: 2 });

      expect(await keysOf(store)).toEqual(await keysOf(ideal));
      expect(await lake(store)).toEqual(await lake(ideal));
    }),
    { numRuns: 100 },
  );
});

test('documents without a newline between them are told apart, also where a text looks like their border', async () => {
  const docs = [failed(record(1), { errorMessage: '}{"attemptsMade":1' }), failed(record(2))];
  const store = await storeOf({ [KEY]: object(docs, '') });

  expect(await run(store)).toMatchObject({ looked: 2, stored: 2, events: 2 });
});

test('days are those on which Firehose gave up', async () => {
  const at = (day: string): string => KEY.replace('2025-12-03-12', `${day}-12`);
  const store = await storeOf({
    [at('2025-12-02')]: object([failed(record(1))]),
    [at('2025-12-03')]: object([failed(record(2))]),
    [at('2025-12-04')]: object([failed(record(3))]),
  });

  expect(await run(store, { from: '2025-12-03', to: '2025-12-03' })).toMatchObject({ objects: 1, events: 1 });
  expect(await run(store)).toMatchObject({ objects: 3, stored: 2, already: 1 });
});

test('an object cut short gives what can be read of it, says so, and is done', async () => {
  const body = gzipSync(object(Array.from({ length: 2_000 }, (_, n) => failed(record(n % 60)))));
  const store = await storeOf({ [KEY]: body.subarray(0, body.length - 400) });

  const first = await run(store);

  expect(first.stored).toBeGreaterThan(100);
  expect(first.problems.map(({ problem }) => problem).join()).toMatch(/is damaged: /);
  expect(await run(store)).toMatchObject({ stored: 0, already: first.stored, looked: first.looked });
});
