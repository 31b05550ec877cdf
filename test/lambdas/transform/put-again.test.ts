import { expect, test } from 'vitest';
import { createPutAgain } from '../../../lib/adapters/aws/put-again.ts';
import { MAX_BATCH_BYTES, MAX_BATCH_RECORDS } from '../../../lib/core/limits.ts';
import type { PutAgain } from '../../../lib/core/transform/firehose.ts';
import { listeningLog } from '../../desk/support/stand-in.ts';
import { type Answering, accepting, exception, firehoseStub, type Put, refusing } from '../support.ts';

const lines = (count: number, bytes = 20): PutAgain[] =>
  Array.from({ length: count }, (_, index) => ({ index, data: Buffer.from(String(index).padStart(bytes)) }));

async function put(
  records: readonly PutAgain[],
  answers: readonly Answering[],
  withinMs = 20_000,
): Promise<{ readonly lost: readonly PutAgain[]; readonly puts: readonly Put[]; readonly said: readonly unknown[] }> {
  const { client, puts } = await firehoseStub(...answers);
  const log = listeningLog();
  const lost = await createPutAgain({ client, deliveryStream: 'own', log })(records, withinMs);
  return { lost, puts, said: log.said };
}

const arrived = (puts: readonly Put[], accepted: (put: number, index: number) => boolean = () => true): string[] =>
  puts.flatMap(({ records }, at) => records.filter((_, i) => accepted(at, i)).map(String)).sort();

test('what is put arrives as it is, at the stream named', async () => {
  const { lost, puts } = await put(lines(3), [accepting]);
  expect(lost).toEqual([]);
  expect(puts).toMatchObject([{ operation: 'Firehose_20150804.PutRecordBatch', stream: 'own' }]);
  expect(arrived(puts)).toEqual(lines(3).map(({ data }) => String(data)));
});

test('no call holds more than 500 records or 4 MiB', async () => {
  const { puts } = await put([...lines(1_201), ...lines(11, 1_000_000)], [accepting]);
  for (const { records } of puts) {
    expect(records.length).toBeLessThanOrEqual(MAX_BATCH_RECORDS);
    expect(records.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(MAX_BATCH_BYTES);
  }
  expect(arrived(puts)).toHaveLength(1_212);
});

test('of a batch that was refused in part only the rest is sent again', async () => {
  const odd = (index: number): boolean => index % 2 === 1;
  const { lost, puts } = await put(lines(10), [refusing(odd), accepting]);
  expect(lost).toEqual([]);
  expect(puts.map(({ records }) => records.length)).toEqual([10, 5]);
  expect(arrived(puts, (at, i) => at === 1 || !odd(i))).toEqual(lines(10).map(({ data }) => String(data)));
});

test.each([
  ['a throttled call', exception('ServiceUnavailableException', 503)],
  ['a call that fails inside AWS', exception('InternalFailure', 500)],
  ['a rate that was exceeded', exception('ThrottlingException', 400)],
  ['an answer that says nothing of the records', { body: {} }],
])('%s is tried again', async (_what, answer) => {
  const { lost, puts } = await put(lines(2), [() => answer, () => answer, accepting]);
  expect(lost).toEqual([]);
  expect(puts).toHaveLength(3);
});

test('what no waiting will bring is told at once, and costs the next batch nothing', async () => {
  const { lost, puts, said } = await put(lines(600), [() => exception('InvalidArgumentException', 400), accepting]);
  expect(puts).toHaveLength(2);
  expect(lost.map(({ index }) => index)).toEqual(Array.from({ length: 500 }, (_, i) => i));
  expect(said).toMatchObject([{ level: 'error', facts: { lost: 500, reason: 'InvalidArgumentException' } }]);
});

test('a stream that hangs, or refuses for ever, is given up in time, and what arrived is not lost', async () => {
  const hanging = await put(lines(3), [refusing((index) => index > 0), () => undefined], 300);
  expect(hanging.lost.map(({ index }) => index)).toEqual([1, 2]);
  const last: Answering = (call) => refusing((index) => index === call.records.length - 1)(call);
  const refused = await put(
    lines(3),
    [(call) => (call.records.length === 3 ? last(call) : refusing(() => true)(call))],
    300,
  );
  expect(refused.lost.map(({ index }) => index)).toEqual([2]);
});

test('without any time nothing is sent', async () => {
  const { lost, puts } = await put(lines(2), [accepting], 0);
  expect(lost).toHaveLength(2);
  expect(puts).toEqual([]);
});
