import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHandler, type TransformDeps } from '../../../lambdas/transform/handler.ts';
import { createPutAgain, type PutLines } from '../../../lib/adapters/aws/put-again.ts';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { recordLineId } from '../../../lib/core/ids.ts';
import { MAX_RECORD_BYTES, REPLY_BUDGET_BYTES, REPLY_LIMIT_BYTES } from '../../../lib/core/limits.ts';
import type { FirehoseReply } from '../../../lib/core/transform/firehose.ts';
import { isBlank, splitLines } from '../../../lib/core/transform/lines.ts';
import { createTransform } from '../../../lib/core/transform/transform.ts';
import { Simulation } from '../../../lib/desk/demo/simulation.ts';
import { startDesk } from '../../desk/support/desk.ts';
import { listeningLog } from '../../desk/support/stand-in.ts';
import { NOW_MS } from '../../support/transform.ts';
import {
  accepting,
  clientFor,
  contextOf,
  exception,
  firehoseEvent,
  firehoseStub,
  refusing,
  SETTINGS,
} from '../support.ts';

/** Lines of two bots in their own forms, as the demo writes them. */
function botLines(atLeast: number): string[] {
  const simulation = new Simulation({ seed: 7, startMs: NOW_MS - 3_600_000 });
  const lines: string[] = [];
  while (lines.length < atLeast) lines.push(...simulation.step());
  return lines.slice(0, atLeast);
}
const signal = (id: string, more: object = {}): string =>
  JSON.stringify({ stream: 'signals', event_id: id, ts: '2025-12-03T11:00:00Z', ...more });

const putAll: PutLines = async () => [];
const handlerOf = (deps: Partial<TransformDeps> = {}) =>
  createHandler({
    settings: SETTINGS,
    salt: async () => 'never asked',
    put: putAll,
    observe: async () => 0,
    publish: () => undefined,
    nowMs: () => NOW_MS,
    log: listeningLog(),
    ...deps,
  });

const rows = ({ data }: FirehoseReply): Record<string, unknown>[] =>
  Buffer.from(data, 'base64')
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
const sizeOf = (answer: { readonly records: readonly FirehoseReply[] }): number => JSON.stringify(answer).length;

test('lines of bots, good and bad: each lands in its own partition, with its arrival as ingested_at', async () => {
  const contents = [
    ...botLines(40),
    signal('a'),
    'no JSON at all',
    '[1,2]',
    signal('old', { ts: '2025-11-01T00:00:00Z' }),
    signal('early', { ts: '2025-12-04T00:00:00Z' }),
    Buffer.from([0x7b, 0xff, 0x7d]),
    '',
    ' \r\n',
  ];
  const event = firehoseEvent(contents);

  const answer = await handlerOf()(event, contextOf());

  expect(answer.records.map(({ recordId }) => recordId)).toEqual(event.records.map(({ recordId }) => recordId));
  const reasons = answer.records.slice(40).map((reply) => rows(reply)[0]?.reason ?? reply.result);
  expect(reasons).toEqual([
    'Ok',
    'invalid_json',
    'not_an_object',
    'too_old',
    'clock_skew',
    'invalid_utf8',
    'Dropped',
    'Dropped',
  ]);
  for (const reply of answer.records.slice(0, 46)) {
    expect(reply.result).toBe('Ok');
    for (const row of rows(reply)) {
      expect(row.ingested_at).toBe('2025-12-03T12:00:00.000000Z');
      const day = typeof row.ts === 'string' ? row.ts.slice(0, 10) : '2000-01-01';
      expect(reply.metadata).toEqual({ partitionKeys: { stream: row.stream, version: '1', date: day } });
    }
  }
});

test('duplicates are answered alike, each under its own id: the view removes them', async () => {
  const { records } = await handlerOf()(firehoseEvent([signal('a'), signal('a')]), contextOf());
  expect(records.map(({ result }) => result)).toEqual(['Ok', 'Ok']);
  expect(records[0]?.data).toBe(records[1]?.data);
});

test('500 sub-records of one record are 500 records: every id comes back once, in order', async () => {
  const event = firehoseEvent(Array.from({ length: 500 }, (_, i) => signal(`e${i}`)));
  const { records } = await handlerOf()(event, contextOf());
  expect(records.map(({ recordId }) => recordId)).toEqual(event.records.map(({ recordId }) => recordId));
  expect(records.flatMap(rows).map(({ event_id: id }) => id)).toEqual(Array.from({ length: 500 }, (_, i) => `e${i}`));
});

test('base64 that is broken costs its record alone', async () => {
  const event = firehoseEvent([signal('a'), signal('b'), signal('c')]);
  const broken = event.records.map((record, i) => (i === 1 ? { ...record, data: '%%%not/base64===' } : record));
  const { records } = await handlerOf()({ ...event, records: broken }, contextOf());
  expect(records.map(({ result }) => result)).toEqual(['Ok', 'Ok', 'Ok']);
  expect(records.map((reply) => rows(reply)[0]?.stream)).toEqual(['signals', 'quarantine', 'signals']);
});

test('the largest record that Firehose takes is stored, and its neighbours too', async () => {
  const shell = signal('large', { note: '' }).length;
  const large = signal('large', { note: 'x'.repeat(MAX_RECORD_BYTES - shell) });
  expect(Buffer.byteLength(large)).toBe(MAX_RECORD_BYTES);
  const { records } = await handlerOf()(firehoseEvent([signal('a'), large, signal('b')]), contextOf());
  expect(records.map((reply) => [reply.result, rows(reply)[0]?.stream])).toEqual(Array(3).fill(['Ok', 'signals']));
});

test('identifiers are hashed with the salt, which is read once', async () => {
  let asked = 0;
  const salt = async (): Promise<string> => {
    asked++;
    return 'salt-of-the-stack';
  };
  const handler = handlerOf({ settings: { ...SETTINGS, hash: ['account_id'], redact: ['nickname'] }, salt });
  const event = firehoseEvent([signal('a', { account_id: 'U123', nickname: 'joe' })]);

  const answers = [await handler(event, contextOf()), await handler(event, contextOf())];

  for (const { records } of answers) {
    const [row] = records.flatMap(rows);
    expect(row?.account_id).toBe(`h:${sha256('salt-of-the-stackU123').slice(0, 16)}`);
    expect(JSON.stringify(row)).not.toContain('joe');
  }
  expect(asked).toBe(1);
});

test('without its salt nothing is answered: an account number must not be stored as it is', async () => {
  const handler = handlerOf({
    settings: { ...SETTINGS, hash: ['account_id'] },
    salt: () => Promise.reject(new Error('no secret')),
  });
  await expect(handler(firehoseEvent([signal('a')]), contextOf())).rejects.toThrow('no secret');
});

test('times without a zone are read in the zone of the settings', async () => {
  const handler = handlerOf({ settings: { ...SETTINGS, zone: 'Asia/Kolkata' } });
  const { records } = await handler(firehoseEvent([signal('a', { ts: '2025-12-03T11:30:00' })]), contextOf());
  expect(records.flatMap(rows)[0]).toMatchObject({ ts: '2025-12-03T06:00:00.000000Z' });
});

/** What grows most on its way: escaped in JSON a control character is six, so that 900 such lines are more than a reply. */
const growing = Array.from({ length: 900 }, (_, i) => '\u0001'.repeat(1_000) + i);

test('records are answered up to the budget, to the last that fits; all others are put again before the answer', async () => {
  const { client, puts } = await firehoseStub(accepting);
  const log = listeningLog();
  const put = createPutAgain({ client, deliveryStream: 'own', log });
  const event = firehoseEvent(growing);

  const answer = await handlerOf({ put, log })(event, contextOf());

  const sizes = (await Promise.all(event.records.map((record) => handlerOf()({ records: [record] }, contextOf()))))
    .flatMap(({ records }) => records)
    .map(({ data, recordId }) => data.length + recordId.length + 200);
  let bytes = '{"records":[]}'.length;
  const fitting = sizes.findIndex((size) => {
    bytes += size;
    return bytes > REPLY_BUDGET_BYTES;
  });
  expect(fitting).toBeGreaterThan(500);
  expect(answer.records.map(({ result }) => result)).toEqual(sizes.map((_, i) => (i < fitting ? 'Ok' : 'Dropped')));
  expect(sizeOf(answer)).toBeLessThanOrEqual(REPLY_BUDGET_BYTES);
  const again = puts.flatMap(({ records }) => records);
  expect(again).toHaveLength(900 - fitting);
  expect(log.said).toMatchObject([{ level: 'warn', facts: { again: again.length, failed: 0 } }]);

  const second = await handlerOf()(firehoseEvent(again, NOW_MS + 60_000), contextOf());
  const stored = [...answer.records, ...second.records].flatMap(rows);
  expect(stored.map(({ event_id: id }) => id)).toEqual(event.records.map(({ recordId }) => recordLineId(recordId, 0)));
  expect(new Set(stored.map(({ ingested_at: at }) => at))).toEqual(new Set(['2025-12-03T12:00:00.000000Z']));
}, 30_000);

const note = 'x'.repeat(1_500);
const many = (count: number): string[] => Array.from({ length: count }, (_, i) => signal(`e${i}`, { note }));

test.each([
  ['hangs', [() => undefined], 400],
  ['refuses every other record for ever', [refusing((i) => i % 2 === 0)], 400],
  ['is throttled', [() => exception('ServiceUnavailableException', 503)], 400],
  ['is not there', [() => exception('ResourceNotFoundException', 400)], 60_000],
] as const)(
  'where the own stream %s, every id comes back once and in time, and what was not put keeps its data',
  async (_what, answers, timeoutMs) => {
    const { client, puts } = await firehoseStub(...answers);
    const log = listeningLog();
    const put = createPutAgain({ client, deliveryStream: 'own', log });
    const event = firehoseEvent(many(2_600));
    const context = contextOf(60_000);
    const near = { getRemainingTimeInMillis: () => Math.min(timeoutMs, context.getRemainingTimeInMillis()) };

    const answer = await handlerOf({ put, log })(event, near);

    expect(context.getRemainingTimeInMillis()).toBeGreaterThan(0);
    expect(puts.length).toBeGreaterThan(0);
    expect(sizeOf(answer)).toBeLessThanOrEqual(REPLY_LIMIT_BYTES);
    expect(answer.records.map(({ recordId }) => recordId)).toEqual(event.records.map(({ recordId }) => recordId));
    const failed = answer.records.filter(({ result }) => result === 'ProcessingFailed');
    expect(failed.length).toBeGreaterThan(0);
    for (const [i, { result, data }] of answer.records.entries())
      if (result === 'ProcessingFailed') expect(data).toBe(event.records[i]?.data);
    expect(log.said.at(-1)).toMatchObject({ level: 'error', facts: { failed: failed.length } });
  },
);

test('what is put again through the front door of a desk is stored there once, as what it was', async () => {
  const transform = createTransform({}, { sha256 });
  const desk = await startDesk({ transform });
  const put = createPutAgain({ client: clientFor(desk.url), deliveryStream: 'nightdesk', log: listeningLog() });
  const nowMs = Date.now();
  const lines = Array.from({ length: 700 }, (_, i) =>
    signal(`e${i}`, { ts: new Date(nowMs).toISOString(), note: 'y'.repeat(6_000) }),
  );

  const answer = await handlerOf({ put })(firehoseEvent(lines, nowMs), contextOf());

  const ok = answer.records.filter(({ result }) => result === 'Ok').flatMap(rows);
  const stored = await desk.lines();
  expect(ok.length).toBeLessThan(700);
  expect([...ok, ...stored].map(({ event_id: id }) => id).sort()).toEqual(lines.map((_, i) => `e${i}`).sort());
}, 30_000);

test('any mix of records: every id once and in order, a reply within its limit, every event counted once', async () => {
  const lines = botLines(60);
  const content = fc.oneof(
    fc.constantFrom(...lines),
    fc.constantFrom(
      signal('a'),
      `${signal('a')}\n${signal('b')}\r\n\n`,
      '',
      '\n',
      'x'.repeat(100_000),
      many(200).join('\n'),
    ),
    fc.string(),
    fc.uint8Array({ maxLength: 2_000 }),
    fc.json(),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(content, { maxLength: 60 }), fc.func(fc.boolean()), async (contents, refuse) => {
      const log = listeningLog();
      const put: PutLines = async (again) => again.filter(({ index }) => refuse(index));
      const event = firehoseEvent(contents);

      const answer = await handlerOf({ log, put })(event, contextOf());

      expect(answer.records.map(({ recordId }) => recordId)).toEqual(event.records.map(({ recordId }) => recordId));
      expect(sizeOf(answer)).toBeLessThanOrEqual(REPLY_LIMIT_BYTES);
      for (const { result, metadata } of answer.records) {
        expect(['Ok', 'Dropped', 'ProcessingFailed']).toContain(result);
        expect(metadata === undefined).toBe(result !== 'Ok');
        for (const value of Object.values(metadata?.partitionKeys ?? {})) expect(value).toEqual(expect.any(String));
      }
      const told = log.said.at(-1)?.facts as
        | { stored: number; quarantined: Record<string, number>; again: number; failed: number }
        | undefined;
      if (told === undefined) return; // nothing to tell: all were stored
      const counted = Object.values(told.quarantined).reduce((sum, n) => sum + n, 0) + told.stored + told.again;
      const events = contents
        .flatMap((one) => splitLines(Buffer.from(one)))
        .filter(({ text }) => !isBlank(text)).length;
      const whole = answer.records.flatMap(rows).filter(({ reason }) => reason === 'deaggregation_limit');
      const inside = whole.reduce(
        (sum, { raw }) =>
          sum +
          String(raw)
            .split('\n')
            .filter((line) => !isBlank(line)).length -
          1,
        0,
      );
      expect(counted + told.failed + inside).toBe(events);
    }),
    { numRuns: 100 },
  );
}, 60_000);
