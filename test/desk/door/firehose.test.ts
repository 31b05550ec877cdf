import { describe, expect, test } from 'vitest';
import { type Files, nodeFiles } from '../../../lib/adapters/local/files.ts';
import { base64, call, startDesk } from '../support/desk.ts';

const put = (lines: string): unknown => ({ DeliveryStreamName: 'nightdesk', Record: { Data: base64(lines) } });
const batch = (records: readonly string[]): unknown => ({
  DeliveryStreamName: 'nightdesk',
  Records: records.map((record) => ({ Data: base64(record) })),
});

describe('the Firehose door', () => {
  test('answers PutRecord with an id that is the identity of the record’s first line', async () => {
    const desk = await startDesk();
    const { status, json, headers } = await call(desk.url, 'PutRecord', put('order: 1\norder: 2\r\n\n'));
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/x-amz-json-1.1');
    expect(headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
    expect(json).toEqual({ Encrypted: false, RecordId: expect.stringMatching(/^[a-z2-7]{16}\.0$/) });
    const lines = await desk.lines();
    expect(lines.map(({ raw, event_id }) => [raw, event_id])).toEqual([
      ['order: 1', json.RecordId],
      ['order: 2', `${json.RecordId}-1`],
    ]);
  });

  test('answers PutRecordBatch with one id per record, in order', async () => {
    const desk = await startDesk();
    const { json } = await call(desk.url, 'PutRecordBatch', batch(['order: a', 'gate: b', 'order: c']));
    expect(json.FailedPutCount).toBe(0);
    const lines = await desk.lines();
    const byId = new Map(lines.map(({ raw, event_id }) => [event_id, raw]));
    expect(json.RequestResponses?.map(({ RecordId = '' }) => byId.get(RecordId))).toEqual([
      'order: a',
      'gate: b',
      'order: c',
    ]);
  });

  test('takes records of any bytes, up to the limits of AWS and not beyond', async () => {
    const desk = await startDesk();
    const line = `order: ${'x'.repeat(1_024_000 - 7)}`;
    expect((await call(desk.url, 'PutRecord', put(line))).status).toBe(200);
    expect((await call(desk.url, 'PutRecord', put(`${line}x`))).json).toMatchObject({
      __type: 'ValidationException',
      message: expect.stringContaining('1024000'),
    });
    expect((await call(desk.url, 'PutRecord', put(''))).status).toBe(200);
    expect((await call(desk.url, 'PutRecordBatch', batch(Array(500).fill('order: 1')))).json.FailedPutCount).toBe(0);
    expect((await call(desk.url, 'PutRecordBatch', batch(Array(501).fill('order: 1')))).json.__type).toBe(
      'ValidationException',
    );
    expect((await call(desk.url, 'PutRecordBatch', batch([]))).json.__type).toBe('ValidationException');
    const million = `order: ${'x'.repeat(1_000_000)}`;
    expect((await call(desk.url, 'PutRecordBatch', batch([million, million, million, million]))).status).toBe(200);
    const { status, json } = await call(
      desk.url,
      'PutRecordBatch',
      batch([million, million, million, million, 'x'.repeat(300_000)]),
    );
    expect([status, json.__type]).toEqual([400, 'InvalidArgumentException']);
    expect(await desk.lines()).toHaveLength(1 + 500 + 4);
  });

  test('refuses a record of more than 500 lines, and the whole call with it, because what is left of it could not be told', async () => {
    const desk = await startDesk();
    const lines = (count: number): string => Array.from({ length: count }, (_, index) => `order: ${index}`).join('\n');
    expect((await call(desk.url, 'PutRecord', put(lines(500)))).status).toBe(200);
    expect((await call(desk.url, 'PutRecord', put(`${lines(500)}\n`))).status).toBe(200);
    expect((await call(desk.url, 'PutRecord', put(lines(501)))).json.__type).toBe('InvalidArgumentException');
    expect((await call(desk.url, 'PutRecordBatch', batch(['order: ok', lines(501)]))).json).toMatchObject({
      __type: 'InvalidArgumentException',
      message: expect.stringContaining('Record 2'),
    });
    expect(await desk.lines()).toHaveLength(1_000);
  });

  test.each([
    ['not JSON', '{', 'SerializationException'],
    ['no object', '[]', 'SerializationException'],
    ['null', 'null', 'SerializationException'],
    ['nested far too deep', '['.repeat(100_000), 'SerializationException'],
    ['no stream', { Record: { Data: '' } }, 'ValidationException'],
    ['a stream that is no text', { DeliveryStreamName: 1, Record: { Data: '' } }, 'SerializationException'],
    ['a stream with a bad name', { DeliveryStreamName: 'a b', Record: { Data: '' } }, 'ValidationException'],
    ['another stream', { DeliveryStreamName: 'other', Record: { Data: '' } }, 'ResourceNotFoundException'],
    ['no record', { DeliveryStreamName: 'nightdesk' }, 'ValidationException'],
    ['a record that is text', { DeliveryStreamName: 'nightdesk', Record: 'x' }, 'SerializationException'],
    ['no data', { DeliveryStreamName: 'nightdesk', Record: {} }, 'ValidationException'],
    ['data that is a number', { DeliveryStreamName: 'nightdesk', Record: { Data: 1 } }, 'SerializationException'],
    ['data that is no base64', { DeliveryStreamName: 'nightdesk', Record: { Data: 'abc' } }, 'SerializationException'],
    [
      'data with a stranger in its base64',
      { DeliveryStreamName: 'nightdesk', Record: { Data: 'ab!d' } },
      'SerializationException',
    ],
    [
      'data that ends in its middle',
      { DeliveryStreamName: 'nightdesk', Record: { Data: 'YQ==YWFh' } },
      'SerializationException',
    ],
    ['prototype keys', '{"__proto__":{"DeliveryStreamName":"nightdesk","Record":{"Data":""}}}', 'ValidationException'],
  ])('answers %s in the words of AWS', async (_, body, type) => {
    const desk = await startDesk();
    const { status, json, headers } = await call(desk.url, 'PutRecord', body);
    expect([status, json.__type, headers.get('x-amzn-errortype')]).toEqual([400, type, type]);
    expect(json.message).toEqual(expect.any(String));
    expect(await desk.lines()).toEqual([]);
  });

  test('knows no other operation, and no call without its content type', async () => {
    const desk = await startDesk();
    expect((await call(desk.url, 'CreateDeliveryStream', {})).json.__type).toBe('UnknownOperationException');
    expect((await call(desk.url, '__proto__', {})).json.__type).toBe('UnknownOperationException');
    expect(
      (await call(desk.url, 'PutRecord', put('x'), { 'x-amz-target': 'Kinesis_20131202.PutRecord' })).json.__type,
    ).toBe('UnknownOperationException');
    expect((await call(desk.url, 'PutRecord', put('x'), { 'content-type': 'text/plain' })).json.__type).toBe(
      'UnknownOperationException',
    );
    expect((await call(desk.url, 'PutRecord', put('x'), { 'content-encoding': 'gzip' })).json.__type).toBe(
      'SerializationException',
    );
  });

  test('describes and lists its streams', async () => {
    const desk = await startDesk({ streams: ['nightdesk', 'a', 'b'] });
    const { json } = await call(desk.url, 'DescribeDeliveryStream', { DeliveryStreamName: 'a' });
    expect(json.DeliveryStreamDescription).toMatchObject({
      DeliveryStreamName: 'a',
      DeliveryStreamStatus: 'ACTIVE',
      DeliveryStreamType: 'DirectPut',
    });
    expect((await call(desk.url, 'DescribeDeliveryStream', { DeliveryStreamName: 'c' })).json.__type).toBe(
      'ResourceNotFoundException',
    );
    expect((await call(desk.url, 'ListDeliveryStreams', {})).json).toEqual({
      DeliveryStreamNames: ['a', 'b', 'nightdesk'],
      HasMoreDeliveryStreams: false,
    });
    expect(
      (await call(desk.url, 'ListDeliveryStreams', { Limit: 1, ExclusiveStartDeliveryStreamName: 'a' })).json,
    ).toEqual({
      DeliveryStreamNames: ['b'],
      HasMoreDeliveryStreams: true,
    });
    expect((await call(desk.url, 'ListDeliveryStreams', { Limit: 0 })).json.__type).toBe('ValidationException');
  });

  test('takes as many records of a batch as there is room for and answers the rest ServiceUnavailableException, in order', async () => {
    const { files, open } = gatedFiles();
    const desk = await startDesk({ files, backlog: { slowBytes: 1e9, mostBytes: 3_000 } });
    const filler = `order: ${'x'.repeat(1_000)}`;
    const first = call(desk.url, 'PutRecord', put(filler));
    await expect.poll(() => desk.stats().backlogBytes).toBeGreaterThan(1_000);
    const second = call(desk.url, 'PutRecordBatch', batch(['order: small', filler, filler, 'order: too late']));
    await expect.poll(() => desk.stats().backlogBytes).toBeGreaterThan(2_000);
    const third = await call(desk.url, 'PutRecordBatch', batch([filler]));
    expect([third.status, third.json.__type, third.headers.get('x-amzn-errortype')]).toEqual([
      503,
      'ServiceUnavailableException',
      'ServiceUnavailableException',
    ]);
    open();
    expect((await first).status).toBe(200);
    const { status, json } = await second;
    expect([status, json.FailedPutCount]).toEqual([200, 2]);
    expect(
      json.RequestResponses?.map(({ RecordId, ErrorCode }) => (RecordId === undefined ? ErrorCode : 'taken')),
    ).toEqual(['taken', 'taken', 'ServiceUnavailableException', 'ServiceUnavailableException']);
    expect(desk.stats().intake.refused).toBe(1);
    expect((await desk.lines()).map(({ raw }) => raw)).toEqual([filler, 'order: small', filler]);
  });
});

/** Files whose syncs wait until they are let through. */
function gatedFiles(): { readonly files: Files; readonly open: () => void } {
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const files: Files = {
    ...nodeFiles,
    async create(path) {
      const file = await nodeFiles.create(path);
      if (!path.endsWith('.wal')) return file;
      return {
        ...file,
        async datasync() {
          await gate;
          await file.datasync();
        },
      };
    },
  };
  return { files, open: () => open() };
}
