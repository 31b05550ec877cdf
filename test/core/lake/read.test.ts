import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gunzip } from '../../../lib/adapters/local/gzip.ts';
import { createMemoryStore } from '../../../lib/adapters/memory/object-store.ts';
import { datesOf, type LakeRecord, noCounts, readDay, readDerivedDay } from '../../../lib/core/lake/read.ts';
import type { ObjectStore } from '../../../lib/core/ports/index.ts';
import { listeningLog } from '../../desk/support/stand-in.ts';

const DAY = '2025-12-03';
const line = (over: LakeRecord): LakeRecord => ({
  strategy_id: 'bot',
  session_id: 's1',
  stream: 'order',
  event_id: 'a',
  ingested_at: '2025-12-03T12:00:00.000000Z',
  ...over,
});

let made = 0;
const put = (store: ObjectStore, lines: readonly (LakeRecord | string)[], prefix = 'events/order/v1'): Promise<void> =>
  store.put(
    `${prefix}/date=${DAY}/o-${String(made++).padStart(4, '0')}.jsonl.gz`,
    gzipSync(lines.map((one) => `${typeof one === 'string' ? one : JSON.stringify(one)}\n`).join('')),
  );

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const item of items) out.push(item);
  return out;
}

const day = { stream: 'order', date: DAY };

describe('a day of the lake', () => {
  test('holds each event once, the first copy to come in, from all prefixes', async () => {
    const store = createMemoryStore();
    await put(store, [line({ n: 2, ingested_at: '2025-12-03T12:00:02.000000Z' }), line({ event_id: 'b', n: 1 })]);
    await put(store, [line({ n: 1, ingested_at: '2025-12-03T12:00:01.000000Z' })], 'late/order/v1');
    await put(store, [line({ n: 3, ingested_at: null })]);
    const events = await all(readDay({ store, gunzip }, day));
    expect(events.map(({ event_id, n }) => [event_id, n])).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
  });

  test('tells events apart that differ in any part of their identity, null and empty text too', async () => {
    const store = createMemoryStore();
    const others = [
      line({ strategy_id: 'x' }),
      line({ strategy_id: null }),
      line({ strategy_id: '' }),
      line({ session_id: null }),
      line({ session_id: '' }),
      line({ strategy_id: 'bots1', session_id: '' }),
      line({ event_id: 'b' }),
    ];
    await put(store, [line({}), ...others, ...others]);
    expect(await all(readDay({ store, gunzip }, day))).toHaveLength(8);
  });

  test('does not depend on how copies are spread over objects', async () => {
    const copy = fc.record({
      event_id: fc.constantFrom('a', 'b', 'c'),
      session_id: fc.constantFrom('s1', 's2'),
      ingested_at: fc.constantFrom('2025-12-03T12:00:00.000000Z', '2025-12-03T12:00:01.000000Z', null),
      emitted_at: fc.constantFrom('2025-12-03T11:00:00.000000Z', '2025-12-03T11:00:01.000000Z', null),
      seq: fc.integer({ min: 0, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(copy, fc.integer({ min: 0, max: 3 })), { maxLength: 20 }), async (copies) => {
        const whole = createMemoryStore();
        await put(
          whole,
          copies.map(([one]) => line(one)),
        );
        const spread = createMemoryStore();
        for (const part of [3, 1, 0, 2]) {
          const own = copies.filter(([, at]) => at === part).map(([one]) => line(one));
          await put(spread, own, part % 2 === 0 ? 'events/order/v1' : 'late/order/v1');
        }
        const read = async (store: ObjectStore): Promise<string[]> =>
          (await all(readDay({ store, gunzip }, day))).map((event) => JSON.stringify(event)).sort();
        expect(await read(spread)).toEqual(await read(whole));
      }),
      { numRuns: 60 },
    );
  });

  test('skips lines that are no JSON object or carry no id, and counts them', async () => {
    const store = createMemoryStore();
    await put(store, ['', '{"half', '7', 'null', '{"event_id":7}', line({})]);
    const counts = noCounts();
    expect(await all(readDay({ store, gunzip }, { ...day, counts }))).toHaveLength(1);
    expect(counts).toEqual({ objects: 1, lines: 5, skipped: 4, damaged: 0 });
  });

  test('uses what can be read of a damaged object, and says so', async () => {
    const lines = Array.from({ length: 5_000 }, (_, n) => line({ event_id: `e${n}`, noise: Math.sin(n) }));
    const whole = gzipSync(lines.map((one) => `${JSON.stringify(one)}\n`).join(''));
    const flipped = Buffer.from(whole);
    flipped.fill(0xff, whole.length >> 1, (whole.length >> 1) + 64);
    const bodies = {
      cut: whole.subarray(0, whole.length >> 1),
      flipped,
      text: Buffer.from('no gzip'),
      empty: Buffer.alloc(0),
    };
    for (const [name, body] of Object.entries(bodies)) {
      const store = createMemoryStore();
      const log = listeningLog();
      await store.put(`events/order/v1/date=${DAY}/damaged.jsonl.gz`, body);
      const events = await all(readDay({ store, gunzip, log }, day));
      expect(
        log.said.map(({ level }) => level),
        name,
      ).toEqual(['warn']);
      if (name === 'text' || name === 'empty') expect(events, name).toEqual([]);
      else expect(events.length, name).toBeGreaterThan(1_500);
    }
  });

  test('reads lines across the slices of a large object', async () => {
    const store = createMemoryStore();
    const text = 'ü'.repeat(700_000);
    const lines = Array.from({ length: 12 }, (_, n) => line({ event_id: `e${n}`, text: `${text}${n}` }));
    await put(store, [...lines, line({ event_id: 'huge', text: text.repeat(8) })]);
    expect(await all(readDay({ store, gunzip }, day))).toEqual([
      ...lines,
      line({ event_id: 'huge', text: text.repeat(8) }),
    ]);
  });

  test('days are those that hold objects', async () => {
    const store = createMemoryStore();
    for (const key of [
      'events/order/v1/date=2025-12-05/x',
      'late/order/v2/date=2025-12-01/x',
      'events/order_intent/v1/date=2025-11-01/x',
      'derived/order/v1/date=2025-10-01/x',
    ])
      await store.put(key, Buffer.alloc(0));
    expect(await datesOf(store, 'order')).toEqual(['2025-12-01', '2025-12-05']);
    expect(await datesOf(store, 'order', ['derived'])).toEqual(['2025-10-01']);
  });
});

describe('a day of derived rows', () => {
  test('holds the newest revision of each row, and those withdrawn only on request', async () => {
    const store = createMemoryStore();
    const row = (over: LakeRecord): LakeRecord => line({ stream: 'trade_lifecycle', ...over });
    await put(store, [row({ rev: 2, n: 2 }), row({ event_id: 'b', rev: 1 })], 'derived/trade_lifecycle/v1');
    await put(
      store,
      [row({ rev: 1, n: 1 }), row({ event_id: 'b', rev: 10, retracted: true })],
      'derived/trade_lifecycle/v1',
    );
    const options = { stream: 'trade_lifecycle', date: DAY };
    expect(await all(readDerivedDay({ store, gunzip }, options))).toEqual([row({ rev: 2, n: 2 })]);
    const kept = await all(readDerivedDay({ store, gunzip }, { ...options, retracted: true }));
    expect(kept.map(({ event_id, rev }) => [event_id, rev])).toEqual([
      ['a', 2],
      ['b', 10],
    ]);
  });
});
