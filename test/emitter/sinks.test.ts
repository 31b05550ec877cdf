import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { MAX_BATCH_BYTES, MAX_RECORD_BYTES, PACK_BYTES, PACK_LINES } from '../../lib/core/limits.ts';
import {
  CompositeEmitter,
  composite,
  executionEvents,
  firehose,
  fromEmitterConfig,
  fromTelemetrySettings,
  http,
  JsonlExecutionLogger,
  jsonl,
  memorySink,
  NullEmitter,
  nullSink,
  type Sink,
  type SinkEvent,
} from '../../lib/emitter/index.ts';
import { pack } from '../../lib/emitter/sinks/firehose.ts';
import { tempFolder } from '../support/temp.ts';
import { onlyLane, testEmitter, unaccounted } from './support/emitter.ts';
import { scriptedSink } from './support/sinks.ts';

const eventOf = (line: string, stream = 'signals'): SinkEvent => ({ stream, line, bytes: Buffer.byteLength(line) });
const context = { signal: new AbortController().signal };

/** Every file below a folder with its lines. */
function linesIn(folder: string): Record<string, string[]> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => /\.jsonl/.test(path));
  return Object.fromEntries(
    paths.map((path) => {
      const body = readFileSync(join(folder, path));
      return [path, (path.endsWith('.gz') ? gunzipSync(body) : body).toString().split('\n').slice(0, -1)];
    }),
  );
}

describe('packing', () => {
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom('a', '"', 'é', '🦉', '\\'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
    maxLength: 40,
  });

  test('records hold every line once and in order, within the limits as they are truly sent', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text, fc.integer({ min: 1, max: 3_000 })), { maxLength: 900 }), (texts) => {
        const events = texts.map(([some, times]) => eventOf(JSON.stringify({ some: some.repeat(times % 50), times })));
        const records = pack(events);

        expect(records.map(({ data }) => Buffer.from(data).toString()).join('')).toBe(
          events.map(({ line }) => `${line}\n`).join(''),
        );
        expect(records.reduce((sum, { count }) => sum + count, 0)).toBe(events.length);
        for (const { data, count } of records) {
          expect(count).toBeLessThanOrEqual(PACK_LINES);
          expect(data.length).toBeLessThanOrEqual(Math.max(PACK_BYTES, 1));
        }
      }),
      { numRuns: 50 },
    );
  });

  test('a line that fills a record has one of its own, within Firehose’s limit', () => {
    const records = pack([eventOf('a'), eventOf('b'.repeat(MAX_RECORD_BYTES - 1)), eventOf('c')]);

    expect(records.map(({ data }) => data.length)).toEqual([2, MAX_RECORD_BYTES, 2]);
    expect(MAX_RECORD_BYTES).toBeLessThan(MAX_BATCH_BYTES);
  });

  test('of a batch that failed in part only the lines of the failed records are to be sent again, an answer without an id too', async () => {
    const answers = [{ RecordId: '1' }, { ErrorCode: 'ServiceUnavailableException', ErrorMessage: 'Slow down.' }, {}];
    const sink = firehose({
      client: { send: async () => undefined, putRecordBatch: async () => ({ RequestResponses: answers }) },
    });
    const events = Array.from({ length: 2 * PACK_LINES + 1 }, (_, i) => eventOf(`{"i":${i}}`));

    const outcomes = (await sink.send(events, context)) ?? [];

    expect(outcomes).toHaveLength(events.length);
    expect(outcomes.slice(0, PACK_LINES).every((outcome) => outcome === 'delivered')).toBe(true);
    expect(outcomes.slice(PACK_LINES, -1).every((outcome) => typeof outcome === 'object')).toBe(true);
    expect(outcomes.at(-1)).toEqual({ retry: 'no answer: ' });
  });

  test('one record that Firehose calls invalid costs its neighbours nothing', async () => {
    const taken: string[] = [];
    const sink = firehose({
      client: {
        send: async () => undefined,
        async putRecordBatch({ Records }) {
          const lines = Records.flatMap(({ Data }) => Buffer.from(Data).toString().trim().split('\n'));
          if (lines.includes('bad')) throw Object.assign(new Error('no'), { name: 'InvalidArgumentException' });
          taken.push(...lines);
          return { RequestResponses: Records.map((_, i) => ({ RecordId: String(i) })) };
        },
      },
    });

    const outcomes = await sink.send(
      ['a', 'b', 'bad', 'c'].map((line) => eventOf(line)),
      context,
    );

    expect(outcomes).toEqual(['delivered', 'delivered', { refused: 'no' }, 'delivered']);
    expect(taken).toEqual(['a', 'b', 'c']);
  });
});

describe('queues', () => {
  test('a sink that hangs delays no other, and each counts for itself', async () => {
    const slow = scriptedSink(['hang', 'hang', 'hang'], { name: 'slow' });
    const quick = memorySink();
    const emitter = testEmitter({
      sink: composite([slow, composite([{ sink: quick, exclude: ['market'] }])]),
      batch: { everyMs: 1 },
      sendTimeoutMs: 60_000,
    });
    for (let i = 0; i < 10; i++) {
      emitter.emit('signals', { bar_id: i });
      emitter.emit('market', { bar_id: i });
    }
    while (quick.events.length < 10) await new Promise((resolve) => setTimeout(resolve, 1));

    expect(quick.objects.map(({ bar_id }) => bar_id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(
      emitter.stats().sinks.map(({ name, accepted, delivered, held }) => [name, accepted, delivered, held]),
    ).toEqual([
      ['slow', 20, 0, 20],
      ['memory', 10, 10, 0],
    ]);
  });

  test('a full queue lets go of the oldest ordinary events first, of precious ones last, and of nothing in flight', async () => {
    const sink = scriptedSink(['hang']);
    const emitter = testEmitter({ sink, queue: { maxEvents: 6 }, batch: { events: 2, everyMs: 1 }, sendTimeoutMs: 40 });
    emitter.emit('signals', { bar_id: 1 });
    emitter.emit('signals', { bar_id: 2 });
    while (sink.batches.length === 0) await new Promise((resolve) => setTimeout(resolve, 1)); // these two are in flight
    for (const bar_id of [3, 4]) emitter.emit('signals', { bar_id });
    for (const bar_id of [5, 6, 7]) emitter.emit('order', { bar_id }); // 3 goes
    emitter.emit('signals', { bar_id: 8 }); // 4 goes
    emitter.emit('order', { bar_id: 9 }); // 8 goes
    emitter.emit('signals', { bar_id: 10 }); // is worth less than all that waits
    emitter.emit('order', { bar_id: 11 }); // 5, the oldest order, goes
    await emitter.flush();

    expect(sink.taken.map(({ line }) => JSON.parse(line).bar_id)).toEqual([1, 2, 6, 7, 9, 11]);
    expect(onlyLane(emitter).dropped).toEqual({ overflow: 5 });
    expect(unaccounted(onlyLane(emitter))).toBeUndefined();
  });

  test('a full spool lets go of ordinary segments first, and orders outlive an outage', async () => {
    const sink = scriptedSink(
      Array.from({ length: 1_000 }, () => 'throw' as const),
      { remote: true },
    );
    const emitter = testEmitter({
      sink,
      batch: { events: 20, everyMs: 1 },
      spool: { dir: tempFolder(), everyMs: 1, maxBytes: 20_000, segmentBytes: 2_000 },
    });
    for (let i = 0; i < 300; i++) {
      emitter.emit(i % 10 === 0 ? 'order' : 'signals', { bar_id: i });
      if (i % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(onlyLane(emitter).spoolBytes).toBeLessThanOrEqual(20_000);
    sink.script.length = 0;
    await emitter.flush();
    const { dropped } = onlyLane(emitter);

    expect(unaccounted(onlyLane(emitter))).toBeUndefined();
    expect(dropped.spool_full).toBeGreaterThan(100);
    expect(sink.taken.filter(({ stream }) => stream === 'order')).toHaveLength(30);
  });

  test('a spool that cannot be written is reported, and events are sent from memory', async () => {
    const file = join(tempFolder(), 'a-file');
    writeFileSync(file, '');
    const sink = scriptedSink(['throw'], { remote: true });
    const emitter = testEmitter({ sink, spool: { dir: join(file, 'below') } });
    for (let i = 0; i < 5; i++) emitter.emit('signals', { bar_id: i });

    expect(await emitter.flush()).toEqual({ delivered: 5, dropped: 0, held: 0 });
    expect(emitter.reports.map(({ code }) => code)).toContain('spool_unwritable');
  });

  test('events of all streams leave in the order of emit', async () => {
    const sink = scriptedSink();
    const emitter = testEmitter({ sink });
    for (let i = 0; i < 20; i++) emitter.emit(i % 3 === 0 ? 'order' : 'signals', { bar_id: i });
    await emitter.flush();

    expect(sink.taken.map(({ line }) => JSON.parse(line).bar_id)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  test('two flushes at the same time both wait for everything', async () => {
    const sink = scriptedSink(['throw', 'throw']);
    const emitter = testEmitter({ sink });
    emitter.emit('signals', {});
    const first = emitter.flush();
    emitter.emit('signals', {});
    const [one, two] = await Promise.all([first, emitter.flush()]);

    expect(one.delivered).toBeGreaterThanOrEqual(1);
    expect(two).toEqual({ delivered: 2, dropped: 0, held: 0 });
  });

  test('events that were given up or refused lie in a file per stream, as S1 writes them', async () => {
    const dir = join(tempFolder(), 'errors');
    const emitter = testEmitter({
      sink: scriptedSink(['refuse', 'throw', 'throw']),
      retry: { attempts: 2, firstWaitMs: 1 },
      batch: { events: 1 },
      deadLetters: dir,
    });
    emitter.emit('signals', { bar_id: 1 });
    emitter.emit('signals', { bar_id: 2 });
    await emitter.close();

    expect(onlyLane(emitter).dropped).toEqual({ refused: 1, gave_up: 1 });
    const letters = readFileSync(join(dir, 'signals_errors.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(letters).toMatchObject([
      { log_type: 'signals', original_record: { bar_id: 1 }, error: 'never' },
      { log_type: 'signals', original_record: { bar_id: 2 }, error: 'the sink is down' },
    ]);
  });

  test('a spool of another living process is left alone; one that was let go of is taken over', async () => {
    const dir = tempFolder();
    const script = Array.from({ length: 500 }, () => 'throw' as const);
    const spool = { dir, everyMs: 1 };
    const first = testEmitter({ sink: scriptedSink(script, { remote: true }), spool });
    for (let i = 0; i < 5; i++) first.emit('signals', { bar_id: i });
    await first.flush({ timeoutMs: 30 });
    const meanwhile = scriptedSink([], { remote: true });
    const second = testEmitter({ sink: meanwhile, spool });
    await second.flush();
    expect(meanwhile.taken).toEqual([]);

    expect(await first.close({ timeoutMs: 1 })).toEqual({ delivered: 0, dropped: 0, held: 5 });
    const heir = scriptedSink([], { remote: true });
    const third = testEmitter({ sink: heir, spool });
    await third.flush();
    expect(heir.taken.map(({ line }) => JSON.parse(line).bar_id)).toEqual([0, 1, 2, 3, 4]);
    expect(onlyLane(third)).toMatchObject({ accepted: 0, recovered: 5, delivered: 5, held: 0 });
  });

  test('a spool that was damaged gives what is whole, and counts the rest', async () => {
    const dir = tempFolder();
    const folder = join(dir, 'scripted', 'old-1');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'precious-00000001.jsonl'),
      '{"stream":"order","event_id":"1"}\n\u0000\u0000\u0000\n{"stream":"order","event_id":"2"}\n{"stream":"order","eve',
    );
    writeFileSync(join(folder, 'precious.cursor'), 'not a cursor');
    const sink = scriptedSink([], { remote: true });
    const emitter = testEmitter({ sink, spool: { dir } });
    await emitter.flush();

    expect(sink.taken.map(({ stream, line }) => [stream, JSON.parse(line).event_id])).toEqual([
      ['order', '1'],
      ['order', '2'],
    ]);
    expect(onlyLane(emitter)).toMatchObject({ recovered: 3, delivered: 2, dropped: { spool_damaged: 1 }, held: 0 });
  });
});

describe('JSON Lines', () => {
  test.each([true, false])(
    'each stream has its folder by day, whole lines, and rotation by size (gzip: %s)',
    async (zipped) => {
      const dir = tempFolder();
      let nowMs = Date.UTC(2025, 11, 3, 23, 59);
      const sink = jsonl({ dir, gzip: zipped, maxFileBytes: zipped ? 60 : 120, now: () => nowMs });
      await sink.send([eventOf('{"a":1}'), eventOf('{"a":2}', 'order'), eventOf('{"a":3}')], context);
      await sink.send([eventOf(`{"a":"${'x'.repeat(100)}"}`)], context);
      await sink.send([eventOf(`{"a":"${Math.PI}${'y'.repeat(100)}"}`)], context);
      nowMs += 120_000;
      await sink.send([eventOf('{"a":4}')], context);
      await sink.close?.();
      const files = linesIn(dir);

      const streams = Object.keys(files)
        .map((path) => dirname(path))
        .sort();
      expect(new Set(streams)).toEqual(
        new Set(['order/date=2025-12-03', 'signals/date=2025-12-03', 'signals/date=2025-12-04']),
      );
      expect(Object.values(files).flat()).toHaveLength(6);
      expect(streams.filter((path) => path === 'signals/date=2025-12-03').length).toBeGreaterThan(1);
    },
  );

  test('retention truly deletes, by count and by age, and nothing that is not its own', async () => {
    const dir = tempFolder();
    let nowMs = Date.now() - 10 * 86_400_000;
    const sink = jsonl({ dir, maxFileBytes: 1, maxFiles: 3, retentionDays: 2, now: () => nowMs });
    mkdirSync(join(dir, 'signals'), { recursive: true });
    writeFileSync(join(dir, 'signals', 'signals.jsonl'), '{"not":"ours"}\n');
    const old = new Date(nowMs - 30 * 86_400_000);
    utimesSync(join(dir, 'signals', 'signals.jsonl'), old, old);
    for (let i = 0; i < 12; i++) {
      await sink.send([eventOf(`{"i":${i}}`)], context);
      nowMs += 3_600_000;
    }
    const kept = linesIn(dir);
    expect(
      Object.values(kept)
        .flat()
        .map((line) => JSON.parse(line))
        .sort((a, b) => (a.i ?? -1) - (b.i ?? -1)),
    ).toEqual([{ not: 'ours' }, { i: 9 }, { i: 10 }, { i: 11 }]);

    nowMs = Date.now() + 5 * 86_400_000;
    await sink.send([eventOf('{"i":12}')], context);
    expect(Object.values(linesIn(dir)).flat()).toEqual(expect.arrayContaining(['{"not":"ours"}', '{"i":12}']));
    expect(Object.values(linesIn(dir)).flat()).toHaveLength(2);
    await sink.close?.();
  });

  test('several writers share a folder without mixing their lines, and a file deleted under one of them costs nothing more', async () => {
    const dir = tempFolder();
    const sinks = Array.from({ length: 4 }, () => jsonl({ dir }));
    const lines = Array.from({ length: 200 }, (_, i) => `{"i":${i},"text":"${'x'.repeat(500)}"}`);
    await Promise.all(lines.map((line, i) => (i < 4 ? sinks[i]?.send([eventOf(line)], context) : undefined)));
    for (let i = 4; i < 200; i += 4)
      await Promise.all(sinks.map((sink, k) => sink.send([eventOf(lines[i + k] ?? '')], context)));
    const stored = linesIn(dir);
    expect(Object.values(stored).flat().sort()).toEqual([...lines].sort());
    expect(Object.keys(stored)).toHaveLength(4);

    rmSync(join(dir, 'signals'), { recursive: true });
    await sinks[0]?.send([eventOf('{"after":1}')], context);
    expect(Object.values(linesIn(dir)).flat()).toEqual(['{"after":1}']);
    for (const sink of sinks) await sink.close?.();
  });

  test('a folder that cannot be written to is an outcome, not an exception', async () => {
    const file = join(tempFolder(), 'file');
    appendFileSync(file, 'x');

    expect(await jsonl({ dir: file }).send([eventOf('{}')], context)).toEqual([{ retry: expect.any(String) }]);
  });
});

describe('HTTP', () => {
  test.each([
    [200, 'delivered'],
    [503, { retry: 'answer 503' }],
    [403, { retry: 'answer 403' }],
    [400, { refused: 'answer 400' }],
  ])('an answer %i means %j', async (status, outcome) => {
    const server = createServer((request, answer) =>
      request.resume().on('end', () => answer.writeHead(status).end()),
    ).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    onTestFinished(() => void server.close());
    const sink = http({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });

    expect(await sink.send([eventOf('{}'), eventOf('{}')], context)).toEqual([outcome, outcome]);
    await sink.close?.();
  });

  test('an address that is none is refused at once', () => {
    expect(() => http({ url: 'desk:4573' })).toThrow(/must be an http or https address/);
  });
});

describe('settings and names of other bots', () => {
  test('S1’s ten settings: gzip files by stream and day, and the defaults it had', async () => {
    const dir = tempFolder();
    const options = fromEmitterConfig({
      base_dir: dir,
      max_file_size_mb: 100,
      max_files: 10,
      compression: true,
      sampling_rate: 1,
      retry_attempts: 3,
      retry_delay: 1,
      batch_size: 100,
      flush_interval: 5,
      enable_async: true,
    });
    expect(options).toMatchObject({
      sampling: 1,
      retry: { attempts: 3, firstWaitMs: 1_000 },
      batch: { events: 100, everyMs: 5_000 },
      immediate: false,
    });
    const emitter = testEmitter(options);
    emitter.emit('signals', { symbol: 'BTCUSDT' });
    await emitter.close();

    const [[path, lines] = ['', []]] = Object.entries(linesIn(dir));
    expect(path).toMatch(/^signals\/date=\d{4}-\d\d-\d\d\/signals_\d{8}_\d{6}_\w+\.jsonl\.gz$/);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ stream: 'signals', symbol: 'BTCUSDT' }]);
  });

  test('enable_async: false writes before emit returns', () => {
    const dir = tempFolder();
    const emitter = testEmitter(fromEmitterConfig({ base_dir: dir, enable_async: false, compression: false }));
    emitter.emit('signals', {});

    expect(Object.values(linesIn(dir)).flat()).toHaveLength(1);
    expect(onlyLane(emitter)).toMatchObject({ delivered: 1, held: 0 });
  });

  test('S2’s telemetry table: kinds, severity, one file per run', async () => {
    const dir = tempFolder();
    const options = fromTelemetrySettings({
      enabled: true,
      backend: 'jsonl',
      base_path: dir,
      rotation: 'none',
      compression: false,
      retention_days: 30,
      filters: { include_kinds: ['intent', 'fill', 'error'], min_severity: 'info' },
    });
    const emitter = testEmitter({ ...options, sessionId: 'session_1' });
    for (const stream of ['order_intent', 'order', 'execution'] as const) emitter.emit(stream, {});
    emitter.emit('error', { level: 'debug' });
    await emitter.close();

    expect(
      Object.entries(linesIn(dir)).map(([path, lines]) => [path, lines.map((line) => JSON.parse(line).stream)]),
    ).toEqual([['session_1.jsonl', ['order_intent', 'execution']]]);
    expect(fromTelemetrySettings({ enabled: false }).sink).toMatchObject({ name: 'null' });
    expect(() => fromTelemetrySettings({ retention: 3 } as object)).toThrow(/no setting retention/);
    expect(() => fromEmitterConfig({ max_file: 3 } as object)).toThrow(/no setting max_file/);
  });

  test('S2’s names: its events become Nightdesk’s, and one emitter that throws costs the others nothing', async () => {
    const dir = join(tempFolder(), 'logs', 'execution');
    const logger = new JsonlExecutionLogger(dir, { onExit: false, report: () => undefined });
    const sink = memorySink();
    const emitter = testEmitter({ sink });
    const broken = {
      emit() {
        throw new Error('no');
      },
    };
    const all = new CompositeEmitter([new NullEmitter(), broken, logger, executionEvents(emitter)]);
    const around = { ts: '2025-01-01T12:00:00+00:00', session_id: 'session_123', symbol: 'BTC-USD', mode: 'paper' };
    all.emit({
      ...around,
      kind: 'fill',
      payload: { filled_quantity: 1, fill_price: 100_000, client_id: 'ord_1', trade_id: 't-1' },
    });
    all.emit({ ...around, kind: 'gate', payload: { gate_name: 'MinNotional', decision: 'BLOCK' } });
    all.emit({ ...around, kind: 'nonsense' as 'fill' });
    await all.close();

    const expected = [
      {
        stream: 'execution',
        session_id: 'session_123',
        qty: 1,
        price: 100_000,
        client_order_id: 'ord_1',
        venue_fill_id: 't-1',
        mode: 'paper',
      },
      { stream: 'gate', name: 'MinNotional', passed: false },
    ];
    expect(sink.objects).toMatchObject(expected);
    expect(
      Object.entries(linesIn(dir)).map(([path, lines]) => [path, lines.map((line) => JSON.parse(line))]),
    ).toMatchObject([['session_123.jsonl', expected]]);
    expect(emitter.stats().dropped).toEqual({ invalid_event: 1 });
  });
});

test('a sink of one’s own is one function', async () => {
  const counts = new Map<string, number>();
  const counter: Sink = {
    name: 'prometheus',
    async send(events) {
      for (const { stream } of events) counts.set(stream, (counts.get(stream) ?? 0) + 1);
    },
  };
  const emitter = testEmitter({ sink: [counter, nullSink()] });
  for (let i = 0; i < 3; i++) emitter.emit('order', {});
  await emitter.close();

  expect([...counts]).toEqual([['order', 3]]);
  expect(existsSync('logs')).toBe(false);
});
