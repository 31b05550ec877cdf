import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { transformFirehose } from '../../../lib/core/transform/firehose.ts';
import { createTransform } from '../../../lib/core/transform/transform.ts';
import { NOW_MS } from '../../support/transform.ts';

const transform = createTransform({}, { sha256 });
const base64 = {
  decode: (text: string) => Buffer.from(text, 'base64'),
  encode: (text: string) => Buffer.from(text).toString('base64'),
};
const record = (text: string | Uint8Array, recordId = 'r1') => ({
  recordId,
  approximateArrivalTimestamp: NOW_MS,
  data: Buffer.from(text).toString('base64'),
});
const text = (data: string) => Buffer.from(data, 'base64').toString('utf8');
const event = (id: string, ts = '2025-12-03T11:00:00Z') => JSON.stringify({ stream: 'signals', event_id: id, ts });

describe('an answer to Firehose', () => {
  test('every record id comes back once and in order, whatever was in it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.uint8Array(), fc.string(), fc.constant(event('a')), fc.constant('')), { maxLength: 20 }),
        fc.integer({ min: 300, max: 5000 }),
        (contents, budgetBytes) => {
          const records = contents.map((content, i) => record(content, `id-${i}`));
          const answer = transformFirehose(records, transform, base64, { budgetBytes });
          expect(answer.records.map(({ recordId }) => recordId)).toEqual(records.map(({ recordId }) => recordId));
          for (const reply of answer.records)
            if (reply.result === 'Ok') expect(text(reply.data).endsWith('}\n')).toBe(true);
        },
      ),
    );
  });

  test('lines of one partition share a record, and the record names the partition', () => {
    const { records } = transformFirehose([record(`${event('a')}\r\n\n${event('b')}\n`)], transform, base64);
    expect(records[0]).toMatchObject({
      result: 'Ok',
      metadata: { partitionKeys: { stream: 'signals', version: '1', date: '2025-12-03' } },
    });
    expect(
      text(records[0]?.data ?? '')
        .trimEnd()
        .split('\n'),
    ).toHaveLength(2);
  });

  test('lines of different partitions cannot be parted, so the record goes whole to quarantine', () => {
    const whole = `${event('a')}\n${event('b', '2025-12-01T00:00:00Z')}`;
    const { records } = transformFirehose([record(whole)], transform, base64);
    expect(JSON.parse(text(records[0]?.data ?? ''))).toMatchObject({
      stream: 'quarantine',
      reason: 'deaggregation_limit',
      raw: whole,
    });
  });

  test('bytes that are no UTF-8 cost their neighbours nothing', () => {
    const seen: (string | undefined)[] = [];
    transformFirehose([record(Buffer.from([0xff, 0xfe, 0x7b])), record(event('b'), 'r2')], transform, base64, {
      onVerdict: ({ outcome, reason }) => seen.push(reason ?? outcome),
    });
    expect(seen).toEqual(['invalid_utf8', 'stored']);
  });

  test('what exceeds the reply is put again with its first id and arrival, and fails after two hops', () => {
    const small = { budgetBytes: 10 };
    const first = transformFirehose([record(event('a'), 'first')], transform, base64, small);
    expect(first.records[0]?.result).toBe('Dropped');
    const later = (data: Uint8Array | undefined) => ({
      recordId: 'later',
      approximateArrivalTimestamp: NOW_MS + 60_000,
      data: Buffer.from(data ?? []).toString('base64'),
    });
    const second = transformFirehose([later(first.again[0])], transform, base64, small);
    expect(second.records[0]?.result).toBe('Dropped');
    const third = transformFirehose([later(second.again[0])], transform, base64, small);
    expect(third).toMatchObject({ records: [{ result: 'ProcessingFailed' }], again: [] });
    const healed = transformFirehose([later(second.again[0])], transform, base64);
    expect(JSON.parse(text(healed.records[0]?.data ?? ''))).toMatchObject({
      event_id: 'a',
      ingested_at: '2025-12-03T12:00:00.000000Z',
    });
  });

  test('a foreign line that is put again keeps the identity of its first record', () => {
    const foreign = JSON.stringify({
      ts: '2025-12-03T10:00:00Z',
      session_id: 's',
      symbol: 'B',
      mode: 'paper',
      kind: 'fill',
      payload: {},
    });
    const first = transformFirehose([record(foreign, 'first')], transform, base64, { budgetBytes: 10 });
    const second = transformFirehose([record(first.again[0] ?? '', 'second')], transform, base64);
    expect(JSON.parse(text(second.records[0]?.data ?? '')).event_id).toBe('first');
  });
});
