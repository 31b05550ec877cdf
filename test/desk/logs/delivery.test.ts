import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_BATCH_RECORDS, MAX_RECORD_BYTES, PACK_BYTES, PACK_LINES } from '../../../lib/core/limits.ts';
import {
  createDelivery,
  type Deliver,
  type DeliveryOptions,
  firehoseClient,
  type Outcome,
} from '../../../lib/desk/delivery-client.ts';
import { type PackedRecord, Packer } from '../../../lib/desk/logs/packing.ts';
import { type Point, START } from '../../../lib/desk/logs/point.ts';
import { Sender } from '../../../lib/desk/logs/sender.ts';
import { standIn } from './stand-in.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const kinds = (outcomes: readonly Outcome[]): string =>
  outcomes.map(({ kind }) => (kind === 'aborted' ? '?' : kind[0])).join('');

function delivering(url: string, options: Partial<DeliveryOptions> = {}): Deliver {
  const target = { endpoint: url, deliveryStream: 'nightdesk' };
  return createDelivery(firehoseClient(target), target, {
    deadlineMs: 60_000,
    wait: async () => undefined,
    ...options,
  });
}

test('only what was refused is sent again, until all of it is taken', async () => {
  const desk = await standIn();
  let call = 0;
  desk.mood = () => (call++ < 3 ? { kind: 'refuse', every: 2 } : { kind: 'take' });
  const records = Array.from({ length: 10 }, (_, i) => bytes(`${i}\n`));
  expect(kinds(await delivering(desk.url)(records))).toBe('aaaaaaaaaa');
  expect(desk.lines.sort()).toEqual(records.map((_, i) => String(i)));
  expect(desk.calls.map((sizes) => sizes.length)).toEqual([10, 5, 3, 2]);
});

test('a call that fails as a whole, or whose answer is lost, is made again', async () => {
  const desk = await standIn();
  const moods = [
    { kind: 'error', status: 503, type: 'ServiceUnavailableException' },
    { kind: 'hang-up', afterTaking: true },
    { kind: 'error', status: 500, type: 'InternalFailure' },
  ] as const;
  let call = 0;
  desk.mood = () => moods[call++ % 20] ?? { kind: 'take' };
  expect(kinds(await delivering(desk.url)([bytes('x\n')]))).toBe('a');
  expect(desk.lines).toEqual(['x', 'x']); // at least once: identity removes the repeat
});

test('what is refused to the end is said so with the reason, and what comes after is not waited for again', async () => {
  const desk = await standIn();
  desk.mood = () => ({ kind: 'refuse', every: 1 });
  const waits: number[] = [];
  const deliver = delivering(desk.url, {
    deadlineMs: 500,
    wait: (ms) => new Promise((r) => setTimeout(r, ms)),
    onRetry: (_, ms) => waits.push(ms),
  });
  expect(await deliver([bytes('x\n')])).toEqual([{ kind: 'refused', why: 'ServiceUnavailableException: Slow down.' }]);
  expect(waits.length).toBeGreaterThan(0);
  const tried = desk.calls.length;
  expect(kinds(await deliver([bytes('y\n')]))).toBe('r');
  expect(desk.calls.length).toBe(tried + 1);
});

test('where nothing has ever answered, the endpoint is unreachable, at once', async () => {
  await expect(delivering('http://127.0.0.1:9')([bytes('x\n')])).rejects.toMatchObject({
    code: 'ENDPOINT_UNREACHABLE',
  });
});

test('what waiting cannot mend ends the delivery, unless it never gives up', async () => {
  const desk = await standIn();
  desk.mood = () => ({ kind: 'error', status: 400, type: 'ResourceNotFoundException' });
  await expect(delivering(desk.url)([bytes('x\n')])).rejects.toMatchObject({ code: 'DELIVERY_FAILED' });
  let tries = 0;
  desk.mood = () =>
    tries++ < 5 ? { kind: 'error', status: 400, type: 'ResourceNotFoundException' } : { kind: 'take' };
  expect(kinds(await delivering(desk.url, { deadlineMs: Number.POSITIVE_INFINITY })([bytes('x\n')]))).toBe('a');
});

test('one record that the service calls invalid costs its batch nothing', async () => {
  const desk = await standIn();
  desk.mood = () =>
    desk.calls.at(-1)?.includes(4)
      ? { kind: 'error', status: 400, type: 'InvalidArgumentException' }
      : { kind: 'take' };
  expect(
    kinds(
      await delivering(desk.url, { deadlineMs: Number.POSITIVE_INFINITY })([
        bytes('a\n'),
        bytes('bad\n'),
        bytes('c\n'),
      ]),
    ),
  ).toBe('ara');
  expect(desk.lines).toEqual(['a', 'c']);
});

test('a signal ends even what would never give up, and says what may not have arrived', async () => {
  const desk = await standIn();
  const stop = new AbortController();
  desk.mood = () => {
    if (desk.calls.length === 3) stop.abort();
    return { kind: 'error', status: 503, type: 'ServiceUnavailableException' };
  };
  expect(
    kinds(await delivering(desk.url, { deadlineMs: Number.POSITIVE_INFINITY, signal: stop.signal })([bytes('x\n')])),
  ).toBe('?');
  expect(desk.lines).toEqual([]);
});

test('an answer quotes no secret of the request', async () => {
  const desk = await standIn();
  desk.mood = () => ({ kind: 'error', status: 403, type: 'InvalidSignatureException' });
  const failed = await delivering(desk.url)([bytes('x\n')]).catch((error: unknown) => String(error));
  expect(String(failed)).not.toMatch(/AWS4-HMAC|Signature=/);
});

test('an endpoint that is no URL is refused before anything is sent', () => {
  for (const endpoint of ['localhost:4573', 'ftp://x', ''])
    expect(() => firehoseClient({ endpoint })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});

test('records hold at most so many lines and bytes, counted as sent, and every line once and in order', () => {
  const texts = fc.array(
    fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.nat(30_000).map((n) => 'é'.repeat(n)),
    ),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 30 }), (some, times) => {
      const packer = new Packer<string>();
      const lines = Array.from({ length: times }, () => some)
        .flat()
        .map((text) => text.replaceAll('\n', ' '))
        .slice(0, 1_000);
      const records: PackedRecord<string>[] = [];
      for (const [i, text] of lines.entries()) {
        const closed = packer.add(text, { log: i % 7 < 4 ? 'a' : 'b', line: i });
        if (closed !== undefined) records.push(closed);
      }
      const last = packer.close();
      if (last !== undefined) records.push(last);
      expect(records.flatMap(({ data }) => Buffer.from(data).toString().split('\n').slice(0, -1))).toEqual(lines);
      for (const record of records) {
        expect(record.lines).toBeLessThanOrEqual(PACK_LINES);
        if (record.lines > 1) expect(record.data.length).toBeLessThanOrEqual(PACK_BYTES);
        expect(record.spans.reduce((sum, span) => sum + span.lines, 0)).toBe(record.lines);
      }
    }),
    { seed: 11, numRuns: 30 },
  );
});

test('a line fits by its bytes, not by its characters', () => {
  expect(Packer.fits('x'.repeat(MAX_RECORD_BYTES - 1))).toBe(true);
  expect(Packer.fits('x'.repeat(MAX_RECORD_BYTES))).toBe(false);
  expect(Packer.fits('€'.repeat(Math.ceil(MAX_RECORD_BYTES / 3)))).toBe(false);
});

test('points are told in order, each only once everything before it is settled, whatever the order of the answers', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 12 }),
      async (scheduler, batches) => {
        const settled = new Set<number>();
        const points: number[] = [];
        const deliver: Deliver = async (records) => {
          await scheduler.schedule(Promise.resolve());
          return records.map(() => ({ kind: 'accepted' }));
        };
        const sender = new Sender<'log'>(deliver, {
          onSettled: ({ spans }) => {
            for (const { from, to } of spans) for (let line = from; line <= to; line++) settled.add(line);
          },
          onPoint: (_, { lines }) => {
            for (let line = 1; line <= lines; line++)
              if (!settled.has(line)) throw new Error(`line ${line} is not settled at point ${lines}`);
            points.push(lines);
          },
        });
        let line = 0;
        const work = (async () => {
          for (const lines of batches) {
            for (let i = 0; i < lines; i++) await sender.add('x'.repeat(700), { log: 'log', line: ++line });
            sender.mark('log', { ...START, lines: line } satisfies Point);
          }
          await sender.flush();
        })();
        await scheduler.waitFor(work);
        expect(points).toEqual([...points].sort((a, b) => a - b));
        expect(points.at(-1)).toBe(line);
        expect(settled.size).toBe(line);
      },
    ),
    { seed: 13, numRuns: 40 },
  );
});

test('batches stay within what one call may hold', async () => {
  const calls: number[][] = [];
  const sender = new Sender<'log'>(
    async (records) => {
      calls.push(records.map(({ length }) => length));
      return records.map(() => ({ kind: 'accepted' }));
    },
    { onSettled: () => undefined },
  );
  for (let i = 0; i < 30_000; i++)
    await sender.add(i % 9_000 === 0 ? 'x'.repeat(PACK_BYTES * 2) : 'y', { log: 'log', line: i });
  await sender.flush();
  for (const sizes of calls) {
    expect(sizes.length).toBeLessThanOrEqual(MAX_BATCH_RECORDS);
    if (sizes.length > 1) expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(PACK_BYTES);
  }
});
