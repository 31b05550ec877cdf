import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { sha256 } from '../../lib/adapters/local/sha256.ts';
import { createTransform } from '../../lib/core/transform/transform.ts';
import { type BotEvent, error, fill, gate, intent, memorySink, order, type Sink } from '../../lib/emitter/index.ts';
import { onlyLane, sumOf, testEmitter, unaccounted } from './support/emitter.ts';

const hostile = (event: unknown): BotEvent<'signals'> => event as BotEvent<'signals'>;

/** What is stored of an event, after emitter and transform. */
async function storedOf(event: unknown): Promise<Record<string, unknown>> {
  const sink = memorySink();
  const emitter = testEmitter({ sink });
  emitter.emit('signals', hostile(event));
  await emitter.close();
  expect(sink.events).toHaveLength(1);
  const verdict = createTransform({}, { sha256 })(sink.events[0]?.line ?? '', {
    recordId: 'r',
    index: 0,
    arrivedMs: Date.now(),
  });
  expect(verdict?.outcome).toBe('stored');
  const stored = JSON.parse(verdict?.json ?? '{}');
  return { ...stored, ...JSON.parse(stored.extra ?? '{}') };
}

const circular: Record<string, unknown> = { a: 1 };
circular.self = circular;
const deep = Array.from({ length: 500 }).reduce<object>((inner) => ({ inner }), {});

test.each<[string, () => unknown, unknown]>([
  ['a cycle', () => circular, { a: 1, self: '[circular]' }],
  [
    'a BigInt',
    () => ({ x_small: 12n, x_large: 123456789012345678901n }),
    { x_small: 12, x_large: '123456789012345678901' },
  ],
  [
    'NaN and the infinities',
    () => ({ alpha: Number.NaN, x_up: [1, Number.POSITIVE_INFINITY] }),
    { alpha: null, x_up: [1, null], nonfinite: ['alpha', 'x_up.1'] },
  ],
  [
    'a getter that throws',
    () => ({
      a: 1,
      get b() {
        throw new Error('no');
      },
    }),
    { a: 1, b: '[unreadable]' },
  ],
  [
    'a toJSON that throws',
    () => ({
      a: 1,
      b: {
        toJSON() {
          throw new Error('no');
        },
      },
    }),
    { a: 1, b: '[unreadable]' },
  ],
  [
    'dates',
    () => ({ ts: new Date('2025-01-02T03:04:05.678Z'), x_bad: new Date(Number.NaN) }),
    { ts: '2025-01-02T03:04:05.678000Z', x_bad: null },
  ],
  [
    'a Map, a Set and an Error',
    () => ({ x_map: new Map([['k', 1]]), x_set: new Set([1, 2]), x_error: new RangeError('r') }),
    { x_map: { k: 1 }, x_set: [1, 2], x_error: expect.objectContaining({ name: 'RangeError', message: 'r' }) },
  ],
  ['bytes', () => ({ x_bytes: new Uint8Array(1000), x_null: null }), { x_bytes: '[1000 bytes]' }],
  ['half a surrogate pair', () => ({ x_text: 'a\ud83d', symbol: '\udc00' }), { x_text: 'a\ufffd', symbol: '\ufffd' }],
  ['functions, symbols and undefined', () => ({ a: 1, f: () => 1, s: Symbol('s'), u: undefined }), { a: 1 }],
  ['__proto__ as a key', () => JSON.parse('{"__proto__":{"polluted":1},"x":null}'), { x: null }],
])('%s becomes a line that is stored', async (_what, event, expected) => {
  expect(await storedOf(event())).toMatchObject(expected as object);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

test('nesting beyond what the lake takes is cut off where JSON cannot write it', async () => {
  const sink = memorySink();
  const emitter = testEmitter({ sink });
  emitter.emit('signals', hostile({ deep, x: Number.NaN }));
  await emitter.close();

  expect(sink.events[0]?.line).toContain('[too deep]');
});

test.each<[string, unknown, string]>([
  ['a string of 10 MB', { x_text: 'é'.repeat(10_000_000) }, 'too_large'],
  ['a million values', { x_list: Array.from({ length: 1_000_000 }, () => Number.NaN) }, 'too_large'],
  ['null', null, 'invalid_event'],
  ['a list', [1], 'invalid_event'],
  ['text', 'order filled', 'invalid_event'],
  ['an object that makes itself text', { toJSON: () => 'text' }, 'unserialisable'],
  [
    'a proxy that throws',
    new Proxy(
      {},
      {
        ownKeys() {
          throw new Error('no');
        },
        get() {
          throw new Error('no');
        },
      },
    ),
    'unserialisable',
  ],
])('%s is dropped, counted and reported, and the next event is sent', async (_what, event, reason) => {
  const sink = memorySink();
  const emitter = testEmitter({ sink });

  expect(() => emitter.emit('signals', hostile(event))).not.toThrow();
  emitter.emit('signals', { symbol: 'BTCUSDT' });
  await emitter.close();

  expect(emitter.stats().dropped).toEqual({ [reason]: 1 });
  expect(emitter.reports.map(({ code }) => code)).toContain(reason);
  expect(emitter.reports.every(({ message }) => message.length < 300)).toBe(true);
  expect(sink.objects.map(({ symbol }) => symbol)).toEqual(['BTCUSDT']);
});

test.each(['', 'Execution', '../../etc/passwd', 'a'.repeat(100), '__proto__', 42 as unknown as string])(
  '%j is no stream',
  async (stream) => {
    const sink = memorySink();
    const emitter = testEmitter({ sink });

    emitter.emit(stream as 'signals', {});

    expect(emitter.stats().dropped).toEqual({ invalid_event: 1 });
  },
);

test('whatever is emitted: no throw, one line each or one count each, and each line is one that the transform takes', async () => {
  const transform = createTransform({}, { sha256 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.anything({
          withBigInt: true,
          withDate: true,
          withMap: true,
          withSet: true,
          withTypedArray: true,
          withNullPrototype: true,
          withSparseArray: true,
          withUnicodeString: true,
        }),
        { maxLength: 20 },
      ),
      async (events) => {
        const sink = memorySink();
        const emitter = testEmitter({ sink });
        for (const event of events) emitter.emit('signals', hostile({ x_any: event }));
        for (const event of events) emitter.emit('signals', hostile(event));
        await emitter.close();
        const { emitted, dropped } = emitter.stats();

        expect(emitted).toBe(events.length * 2);
        expect(sink.events.length + sumOf(dropped)).toBe(emitted);
        for (const { line, bytes } of sink.events) {
          expect(bytes).toBe(Buffer.byteLength(line));
          expect(line).not.toContain('\n');
          const verdict = transform(line, { recordId: 'r', index: 0, arrivedMs: Date.now() });
          // A time of the bot's own may be out of range, and a key may claim a version: nothing else is refused.
          if (verdict?.outcome !== 'stored')
            expect(verdict?.json).toMatch(/clock_skew|too_old|too_deep|unknown_version/);
        }
        expect(new Set(sink.objects.map(({ event_id }) => event_id)).size).toBe(sink.events.length);
      },
    ),
    { numRuns: 200 },
  );
}, 60_000);

test('a report that throws, and a sink whose answers cannot be read, reach nobody', async () => {
  const unreadable = new Proxy([], {
    get() {
      throw new Error('no');
    },
  });
  const emitter = testEmitter({
    sink: { name: 'liar', send: async () => unreadable as never },
    report: () => {
      throw new Error('no');
    },
  });

  emitter.emit('signals', {});
  await emitter.flush({ timeoutMs: 20 });
  emitter.emit('signals', hostile(null));
  expect(await emitter.close({ timeoutMs: 5 })).toEqual({ delivered: 0, dropped: 1, held: 0 });
});

const trap = (): never => {
  throw new Error('no');
};
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const UNREADABLE: [string, unknown][] = [
  ['a proxy that throws', new Proxy({}, { get: trap, ownKeys: trap, has: trap, getPrototypeOf: trap })],
  ['a revoked proxy', revoked.proxy],
  ['null', null],
  ['nothing', undefined],
  [
    'a getter that throws',
    {
      get order_id() {
        return trap();
      },
    },
  ],
  ['an error that cannot be read', Object.defineProperty(new Error(), 'message', { get: trap })],
];

test.each(UNREADABLE)(
  '%s: helpers, chains and children do not throw either, and every call is counted',
  async (_what, given) => {
    const sink = memorySink();
    const emitter = testEmitter({ sink });
    const event = given as Record<`x_${string}`, unknown>;

    const chain = intent(emitter, event);
    const sent = [order(emitter, event), chain.order(event), chain.fill(event)];
    fill(emitter, event);
    gate(emitter, event);
    error(emitter, event);
    chain.gate(event);
    chain.error(event);
    emitter.child(event).emit('signals', { symbol: 'BTCUSDT' });
    await emitter.close();

    const { emitted, dropped } = emitter.stats();
    expect(emitted).toBe(10);
    expect(sink.events.length + sumOf(dropped)).toBe(10);
    expect(sink.objects.map(({ symbol }) => symbol)).toContain('BTCUSDT');
    expect(chain.ids.intent_id).toMatch(/^intent-/);
    for (const { ids } of sent) expect(ids.order_id ?? ids.intent_id).toBeDefined();
  },
);

test('a context that JSON cannot carry is mended, and costs no event', async () => {
  const sink = memorySink();
  const emitter = testEmitter({ sink, context: { symbol: 12n, venue: 'v' } as never });
  emitter.emit('signals', {});
  await emitter.close();

  expect(sink.objects).toMatchObject([{ symbol: 12, venue: 'v' }]);
});

test.each<[string, Sink['send']]>([
  ['empties its list', async (events) => void (events as unknown[]).splice(0)],
  [
    'empties its list and fails',
    async (events) => {
      (events as unknown[]).length = 0;
      throw new Error('no');
    },
  ],
  [
    'changes the events',
    async (events) => {
      for (const event of events) Object.assign(event, { line: '', bytes: 0 });
      throw new Error('no');
    },
  ],
])('a sink that %s loses nothing, and changes nothing that other sinks get', async (_what, send) => {
  const sink = memorySink();
  const emitter = testEmitter({ sink: [{ name: 'liar', send }, sink] });
  for (let i = 0; i < 10; i++) emitter.emit('signals', { symbol: 'BTCUSDT' });
  await emitter.flush({ timeoutMs: 50 });

  for (const lane of emitter.stats().sinks) expect(unaccounted(lane)).toBeUndefined();
  await emitter.close({ timeoutMs: 0 });
  expect(sink.objects.map(({ symbol }) => symbol)).toEqual(Array.from({ length: 10 }, () => 'BTCUSDT'));
});

test('emitting from within a getter, a report and a sink is an emit like any other', async () => {
  let calls = 0;
  const emitter = testEmitter({
    queue: { maxEvents: 5 },
    report: () => emitter.emit('order', {}),
    sink: {
      name: 'talks',
      async send() {
        if (++calls < 20) emitter.emit('signals', {});
        if (calls % 3 === 0) throw new Error('no');
      },
    },
  });
  for (let i = 0; i < 50; i++)
    emitter.emit(
      'signals',
      hostile({
        get x_more() {
          emitter.emit('market', {});
          return 1;
        },
      }),
    );
  await emitter.close({ timeoutMs: 1_000 });

  expect(unaccounted(onlyLane(emitter))).toBeUndefined();
  expect(emitter.stats().emitted).toBeGreaterThan(100);
});

test('changing an event after it was emitted changes nothing that is sent', async () => {
  const sink = memorySink();
  const emitter = testEmitter({ sink });
  const event = { symbol: 'A', x_list: [1] };
  emitter.emit('signals', event);
  event.symbol = 'B';
  event.x_list.push(2);
  await emitter.close();

  expect(sink.objects[0]).toMatchObject({ symbol: 'A', x_list: [1] });
});

test('by default a problem is one warning of the process, and its count is kept for the next', () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const emitter = testEmitter({ sink: memorySink(), report: undefined as never });

  for (let i = 0; i < 5; i++) emitter.emit('signals', hostile(null));

  expect(warn).toHaveBeenCalledTimes(1);
  warn.mockRestore();
});
