import { describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../../lib/adapters/memory/object-store.ts';
import { recordLineId } from '../../../lib/core/ids.ts';
import { parseKey } from '../../../lib/core/lake/keys.ts';
import type { ObjectStore } from '../../../lib/core/ports/index.ts';
import type { TransformLine } from '../../../lib/core/transform/types.ts';
import type { WalPosition } from '../../../lib/desk/door/checkpoint.ts';
import { FrameBuilder, frameOverhead, sealFrame } from '../../../lib/desk/door/frame.ts';
import type { WalEntry } from '../../../lib/desk/door/wal.ts';
import { Delivery, type DeliveryOptions } from '../../../lib/desk/lake/delivery.ts';
import { listeningLog, plainTransform, steppingClock, storedLines } from '../support/stand-in.ts';

const ARRIVED_MS = Date.UTC(2025, 11, 3, 12);

/** Entries of one log, one record each. */
function entries(records: readonly (string | Uint8Array)[]): WalEntry[] {
  return records.map((record, index) => {
    const data = typeof record === 'string' ? Buffer.from(record) : record;
    const builder = new FrameBuilder(Buffer.alloc(frameOverhead(1) + data.length), ARRIVED_MS);
    builder.add(data);
    sealFrame(builder.frame, Buffer.alloc(8), index);
    return {
      frame: builder.frame,
      segmentId: 'segment',
      firstSequence: index,
      end: { segment: 1, offset: (index + 1) * 10 },
    };
  });
}

interface Delivered {
  readonly delivery: Delivery;
  readonly store: ObjectStore;
  readonly checkpoints: WalPosition[];
  readonly released: WalEntry[];
}

function begin(options: Partial<DeliveryOptions> = {}): Delivered {
  const store = createMemoryStore();
  const checkpoints: WalPosition[] = [];
  const released: WalEntry[] = [];
  const delivery = new Delivery({
    store,
    transform: plainTransform,
    clock: steppingClock(),
    log: listeningLog(),
    producer: 'desk',
    bufferMs: 60_000,
    bufferBytes: 1e6,
    transformed: (entry) => released.push(entry),
    delivered: async (position) => {
      checkpoints.push(position);
    },
    retry: { firstMs: 1, maxMs: 2 },
    ...options,
  });
  return { delivery, store, checkpoints, released };
}

describe('delivery', () => {
  test('writes each line to the partition of its verdict, and notes the last entry once all is written', async () => {
    const { delivery, store, checkpoints, released } = begin();
    const all = entries(['order: 1\ngate: 2', 'order: 3']);
    for (const entry of all) delivery.push(entry);
    expect(await delivery.drain(5_000)).toBe(true);
    const lines = await storedLines(store);
    expect(lines.map(({ key, event_id, raw }) => [parseKey(key)?.stream, event_id, raw])).toEqual([
      ['gate', 'segment.0-1', 'gate: 2'],
      ['order', 'segment.0', 'order: 1'],
      ['order', 'segment.1', 'order: 3'],
    ]);
    expect(lines[0]?.key).toMatch(
      /^events\/gate\/v1\/date=2025-12-03\/desk-1-2025-12-03-12-00-\d\d-[0-9a-f]{10}-\d+\.jsonl\.gz$/,
    );
    expect(checkpoints).toEqual([{ segment: 1, offset: 20 }]);
    expect(released).toEqual(all);
  });

  test('makes the same events of the same entries again: a replay adds duplicates, never other events', async () => {
    const runs = [begin(), begin()];
    for (const { delivery } of runs) {
      for (const entry of entries(['order: 1\n\norder: 2', 'order: 3'])) delivery.push(entry);
      await delivery.drain(5_000);
    }
    const [first, second] = await Promise.all(runs.map(({ store }) => storedLines(store)));
    const facts = (lines: typeof first): unknown[] => (lines ?? []).map(({ key: _, ...line }) => line);
    expect(facts(second)).toEqual(facts(first));
    expect((first ?? []).some(({ key }) => (second ?? []).some((other) => other.key === key))).toBe(false);
  });

  test('writes what has waited long enough', async () => {
    const { delivery, store, checkpoints } = begin({ bufferMs: 10 });
    for (const entry of entries(['order: 1'])) delivery.push(entry);
    await expect.poll(() => checkpoints.length).toBe(1);
    expect(await storedLines(store)).toHaveLength(1);
    await delivery.drain(5_000);
    expect(checkpoints).toHaveLength(1);
  });

  test('writes when the buffers are full, without waiting, and never two objects of one key', async () => {
    const { delivery, store, checkpoints } = begin({ bufferBytes: 2_000 });
    const lines = Array.from({ length: 300 }, (_, index) => `order: ${index} ${'x'.repeat(100)}`);
    for (const entry of entries(lines)) delivery.push(entry);
    await expect.poll(() => checkpoints.length).toBeGreaterThan(10);
    await delivery.drain(5_000);
    expect((await storedLines(store)).map(({ raw }) => raw).sort()).toEqual([...lines].sort());
    expect(checkpoints.map(({ offset }) => offset)).toEqual(
      [...checkpoints.map(({ offset }) => offset)].sort((a, b) => a - b),
    );
    expect(checkpoints.at(-1)).toEqual({ segment: 1, offset: 3_000 });
  });

  test('carries lines of any length and any text, whole and in order within a partition', async () => {
    const { delivery, store } = begin({ bufferBytes: 5_000_000 });
    const lines = Array.from({ length: 400 }, (_, index) => `order: ${index} ${'é🙂x'.repeat((index * 7919) % 3_000)}`);
    lines.push(`order: long ${'ü'.repeat(900_000)}`, 'order: after');
    for (const entry of entries(lines)) delivery.push(entry);
    await delivery.drain(10_000);
    const stored = await storedLines(store);
    expect(stored.map(({ raw }) => raw)).toEqual(lines);
  });

  test('lines in = stored + quarantined + blank, whatever comes', async () => {
    const { delivery, store } = begin({ transform: awkward });
    const invalid = Uint8Array.of(0x6f, 0xff, 0xfe, 0x0a, 0x61);
    for (const entry of entries(['fine\n\n  \nthrow\nfar future', invalid, '\ufeffbom\r\n', 'bad stream']))
      delivery.push(entry);
    await delivery.drain(5_000);
    const { lines, stored, quarantined, blank } = delivery.counts;
    expect({ lines, stored, quarantined, blank }).toEqual({ lines: 10, stored: 3, quarantined: 4, blank: 3 });
    const inLake = await storedLines(store);
    expect(inLake).toHaveLength(stored + quarantined);
    const reasons = inLake
      .filter(({ key }) => key.startsWith('events/quarantine/'))
      .map((line) => (line as unknown as { reason: string }).reason);
    expect(reasons.sort()).toEqual(['invalid_utf8', 'unknown_shape', 'unknown_stream', 'unknown_stream']);
  });

  test('keeps the event loop free while there is much to do', async () => {
    const busyMs = 1;
    const { delivery } = begin({
      transform: (line, position) => {
        const until = performance.now() + busyMs;
        while (performance.now() < until);
        return plainTransform(line, position);
      },
    });
    for (const entry of entries(Array(200).fill('order: x'))) delivery.push(entry);
    let turns = 0;
    const count = setInterval(() => turns++, 0);
    await delivery.drain(10_000);
    clearInterval(count);
    expect(turns).toBeGreaterThan(5); // 200 ms of work, given up every 5 ms
  });

  test('gives up at the time it is told, and says so', async () => {
    const store: ObjectStore = {
      ...createMemoryStore(),
      put: async () => {
        throw new Error('the disk is full');
      },
    };
    const { delivery, checkpoints } = begin({ store });
    for (const entry of entries(['order: 1'])) delivery.push(entry);
    expect(await delivery.drain(30)).toBe(false);
    expect(delivery.failing).toMatch(/the disk is full/);
    expect(checkpoints).toEqual([]);
  });
});

/** A transform that breaks its promises. */
const awkward: TransformLine = (line, { recordId, index, arrivedMs }, refused) => {
  if (line === 'throw') throw new Error('a defect');
  if (line === 'far future') return { outcome: 'stored', stream: 'order', version: 1, date: '+10000-01-', json: '{}' };
  if (line === 'bad stream') return { outcome: 'stored', stream: '../etc', version: 1, date: '2025-01-01', json: '{}' };
  if (line.trim() === '') return undefined;
  return plainTransform(line, { recordId: recordLineId(recordId, 0), index, arrivedMs }, refused);
};
