import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { type PutAgain, transformFirehose, withFailed } from '../../../lib/core/transform/firehose.ts';
import { isBlank, splitLines } from '../../../lib/core/transform/lines.ts';
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
    const later = ([hop]: readonly PutAgain[]) => ({
      recordId: 'later',
      approximateArrivalTimestamp: NOW_MS + 60_000,
      data: Buffer.from(hop?.data ?? []).toString('base64'),
    });
    const second = transformFirehose([later(first.again)], transform, base64, small);
    expect(second.records[0]?.result).toBe('Dropped');
    const third = transformFirehose([later(second.again)], transform, base64, small);
    expect(third).toMatchObject({ records: [{ result: 'ProcessingFailed' }], again: [] });
    const healed = transformFirehose([later(second.again)], transform, base64);
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
    const second = transformFirehose([record(first.again[0]?.data ?? '', 'second')], transform, base64);
    expect(JSON.parse(text(second.records[0]?.data ?? '')).event_id).toBe('first');
  });

  const small = { budgetBytes: 10 };
  const again = (content: string | Uint8Array): readonly Record<string, unknown>[] => {
    const { again: hops } = transformFirehose([record(content, 'first')], transform, base64, small);
    return hops.flatMap(({ data }, i) => {
      const { records } = transformFirehose([record(data, `second-${i}`)], transform, base64);
      return text(records[0]?.data ?? '')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
    });
  };
  const atOnce = (content: string | Uint8Array): readonly Record<string, unknown>[] =>
    text(transformFirehose([record(content, 'first')], transform, base64).records[0]?.data ?? '')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  test.each([
    ['a line', event('a')],
    [
      'bytes that are no UTF-8',
      Buffer.concat([Buffer.from('{"stream":"signals","event_id":"'), Buffer.from([0xff]), Buffer.from('"}')]),
    ],
    ['two lines of a foreign form, one of them blank, with a carriage return', '\ufeff{"a":1}\r\n\n{"b":2}\r'],
    ['a line that says it was put again, and was not', '{"nd":1,"hop":-7,"id":"x","at":1,"raw":"{}"}'],
    ['a line that says it came in tomorrow', `{"nd":1,"hop":1,"id":"x","at":${NOW_MS * 2},"raw":"{}"}`],
    ['a foreign line of the wire form', '{"nd":1,"source":"s","path":"p","file":"f.0","line":7,"raw":"{}"}'],
    ['half a JSON', '{"stream":'],
  ])('the verdict does not depend on whether the record was put again: %s', (_what, content) => {
    expect(again(content)).toEqual(atOnce(content));
  });

  test('lines of different partitions that are put again come back apart, and need no quarantine', () => {
    const days = again(`${event('a')}\n${event('b', '2025-12-01T00:00:00Z')}`);
    expect(days.map(({ stream, event_id: id }) => [stream, id])).toEqual([
      ['signals', 'a'],
      ['signals', 'b'],
    ]);
  });

  test('nobody makes a record go round for ever: a hop is a whole number from 1', () => {
    for (const hop of [-1e9, 0, 0.5, '1', null]) {
      const line = JSON.stringify({ nd: 1, hop, id: 'x', at: NOW_MS, raw: '{}' });
      const [put] = transformFirehose([record(line)], transform, base64, small).again;
      expect(JSON.parse(Buffer.from(put?.data ?? []).toString())).toMatchObject({ hop: 1, id: 'r1', raw: line });
    }
  });

  test('a line that would be larger than a record may be once it is wrapped fails at once, with its data', () => {
    const large = record('\u0001'.repeat(400_000));
    const answer = transformFirehose([large, record(event('b'), 'r2')], transform, base64, { budgetBytes: 2_000 });
    expect(answer).toMatchObject({
      records: [
        { recordId: 'r1', result: 'ProcessingFailed', data: large.data },
        { recordId: 'r2', result: 'Dropped' },
      ],
      failed: 1,
    });
  });

  test('a defect of the transform costs its record alone', () => {
    const heard: string[] = [];
    const defective: typeof transform = (line, ...rest) => {
      if (line === 'defect') throw new TypeError('of the transform');
      return transform(line, ...rest);
    };
    const bad = record('defect', 'bad');
    const answer = transformFirehose([bad, record(event('b'), 'good')], defective, base64, {
      onDefect: (id) => heard.push(id),
    });
    expect(answer).toMatchObject({
      records: [
        { recordId: 'bad', result: 'ProcessingFailed', data: bad.data },
        { recordId: 'good', result: 'Ok' },
      ],
      failed: 1,
    });
    expect(heard).toEqual(['bad']);
  });

  test('whatever could be put again or not, the reply keeps its limit and every event is counted once', () => {
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.string({ maxLength: 300 }),
      fc.constant(event('a')),
      fc.constant(`${event('a')}\n${event('b')}`),
      fc.constant(''),
      fc.constant('\u0001'.repeat(200)),
    );
    fc.assert(
      fc.property(
        fc.array(content, { maxLength: 20 }),
        fc.integer({ min: 0, max: 4000 }),
        fc.integer({ min: 0, max: 3000 }),
        fc.func(fc.boolean()),
        (contents, budgetBytes, room, refuse) => {
          const records = contents.map((one, i) => record(one, `id-${i}`));
          const limitBytes = JSON.stringify({ records }).length + room;
          let answered = 0;
          const settings = { budgetBytes, limitBytes, onVerdict: () => answered++ };
          const first = transformFirehose(records, transform, base64, settings);
          const answer = withFailed(first, first.again.filter(refuse), records);

          expect(JSON.stringify({ records: answer.records }).length).toBeLessThanOrEqual(limitBytes);
          expect(answer.records.map(({ recordId }) => recordId)).toEqual(records.map(({ recordId }) => recordId));
          const events = records
            .flatMap(({ data }) => splitLines(Buffer.from(data, 'base64')))
            .filter(({ text: line }) => !isBlank(line)).length;
          const parted = answered + answer.again.length + answer.failed;
          expect(parted).toBe(events);
          for (const [i, { result, data }] of answer.records.entries()) {
            if (result === 'ProcessingFailed') expect(data).toBe(records[i]?.data);
            if (result === 'Dropped') expect(data).toBe('');
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
