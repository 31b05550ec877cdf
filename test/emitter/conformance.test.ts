import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { packageRoot } from '../../lib/adapters/local/package-root.ts';
import { MAX_BATCH_RECORDS, MAX_RECORD_BYTES, PACK_BYTES, PACK_LINES } from '../../lib/core/limits.ts';
import {
  type BotStream,
  createEmitter,
  EMITTER_VERSION,
  firehose,
  http,
  memorySink,
  type Sink,
} from '../../lib/emitter/index.ts';
import { Lane } from '../../lib/emitter/lane.ts';
import { type Entry, Outbox } from '../../lib/emitter/outbox.ts';
import { pack } from '../../lib/emitter/sinks/firehose.ts';
import { sumOf, testEmitter } from './support/emitter.ts';

// The cases that every client passes, through the code of this one: test/fixtures/conformance/README.md.

const casesOf = <T>(name: string): T =>
  JSON.parse(readFileSync(join(packageRoot(), 'test', 'fixtures', 'conformance', `${name}.json`), 'utf8'));

type Json = Record<string, unknown>;

/** A value of a case, with what JSON cannot say put in. */
function decoded(value: unknown, parent?: object): unknown {
  if (Array.isArray(value)) return value.map((item) => decoded(item, parent));
  if (typeof value !== 'object' || value === null) return value;
  const [[kind, text] = ['', undefined]] = Object.entries(value);
  switch (kind) {
    case '$number':
      return Number(text);
    case '$integer':
      return BigInt(String(text));
    case '$time':
      return new Date(String(text));
    case '$bytes':
      return Buffer.from(String(text), 'hex');
    case '$set':
      return new Set(text as unknown[]);
    case '$text':
      return String(text).repeat(Number((value as Json).$times));
    case '$self':
      return parent;
    case '$throws':
      return new Proxy({}, { get: refuse, ownKeys: refuse, has: refuse, getPrototypeOf: refuse });
    default: {
      const made: Json = {};
      for (const [name, item] of Object.entries(value)) made[name] = decoded(item, made);
      return made;
    }
  }
}

const refuse = (): never => {
  throw new Error('no');
};

interface Told {
  readonly stream: BotStream;
  readonly fields: Json;
}

describe('lines', () => {
  const { given, cases, survives } = casesOf<{
    readonly given: Readonly<{ uid: string; now_ms: number; strategy_id: string; session_id: string; mode: 'paper' }>;
    readonly cases: readonly { name: string; only?: string[]; events: readonly Told[]; lines: readonly Json[] }[];
    readonly survives: readonly (Told & { readonly name: string })[];
  }>('lines');

  const ours = cases.filter(({ only }) => only === undefined || only.includes('typescript'));
  test.each(ours.map((one) => [one.name, one] as const))('%s', async (_name, { events, lines }) => {
    const clock = vi.spyOn(Date, 'now').mockReturnValue(given.now_ms);
    onTestFinished(() => clock.mockRestore());
    const sink = memorySink();
    const emitter = createEmitter({
      strategyId: given.strategy_id,
      sessionId: given.session_id,
      mode: given.mode,
      sink,
      health: false,
      systemEveryMs: false,
      onExit: false,
      report: () => undefined,
    });
    for (const { stream, fields } of events) emitter.emit(stream, decoded(fields) as Json);
    await emitter.close();

    const nonce = emitter.nextId('').split('-')[1];
    const sent = sink.objects.map(({ emitter_version, ...line }) => {
      expect(emitter_version).toBe(EMITTER_VERSION);
      return { ...line, event_id: String(line.event_id).replace(`${nonce}-`, `${given.uid}-`) };
    });
    expect(sent.map(withInstants)).toEqual(lines.map(({ schema_version, ...line }) => withInstants(line)));
  });

  test.each(survives.map((one) => [one.name, one] as const))('%s', async (_name, { stream, fields }) => {
    const sink = memorySink();
    const emitter = testEmitter({ sink });
    emitter.emit(stream, decoded(fields) as Json);
    await emitter.close();

    const kept = sink.objects.filter(({ event }) => event === 'kept').length;
    expect(kept + sumOf(emitter.stats().dropped)).toBe(1);
  });

  /** Times with three decimals and with six are the same. */
  const withInstants = (line: Json): Json =>
    Object.fromEntries(
      Object.entries(line).map(([name, value]) =>
        name === 'ts' || name.endsWith('_at') ? [name, Date.parse(String(value))] : [name, value],
      ),
    );
});

let ordinal = 0;
const entry = (line: string, precious = false): Entry => ({
  stream: 'signals',
  precious,
  ordinal: ++ordinal,
  emittedMs: 0,
  line,
  bytes: -1,
  settled: undefined,
});
const seal = (one: Entry): void => {
  one.bytes = Buffer.byteLength(one.line);
};

describe('packing', () => {
  const { limits, cases } = casesOf<{
    readonly limits: Readonly<Record<string, number>>;
    readonly cases: readonly {
      readonly name: string;
      readonly lines: readonly { readonly text: string; readonly times: number; readonly count: number }[];
      readonly batches: readonly (readonly (readonly [number, number])[])[];
      readonly too_large: number;
    }[];
  }>('packing');
  const sink = firehose({ client: { send: refuse } });

  test('the limits are ours', () => {
    expect({
      record_lines: PACK_LINES,
      record_bytes: PACK_BYTES,
      batch_bytes: sink.limits?.bytes,
      batch_records: MAX_BATCH_RECORDS,
      largest_line_bytes: MAX_RECORD_BYTES,
    }).toEqual(limits);
  });

  test.each(cases.map((one) => [one.name, one] as const))('%s', (_name, { lines, batches, too_large }) => {
    const all = lines.flatMap(({ text, times, count }) => Array.from({ length: count }, () => text.repeat(times)));
    const fitting = all.filter((line) => Buffer.byteLength(line) < MAX_RECORD_BYTES);
    const outbox = new Outbox({ maxEvents: 10_000, maxBytes: 1e9 }, refuse);
    for (const line of fitting) outbox.push(entry(line));
    const sent = [];
    while (outbox.size > 0) {
      const batch = outbox.take(sink.limits ?? { events: 0, bytes: 0 }, seal);
      sent.push(pack(batch).map(({ count, data }) => [count, data.length]));
      outbox.done();
    }

    expect({ sent, tooLarge: all.length - fitting.length }).toEqual({ sent: batches, tooLarge: too_large });
  });

  test('the largest event there may be is sent, and one more byte is too large', async () => {
    const memory = memorySink();
    const emitter = testEmitter({ sink: memory, maxEventBytes: MAX_RECORD_BYTES - 1 });
    const events = (pad: number): void => emitter.emit('signals', { event_id: 'e', x_pad: 'x'.repeat(pad) });
    events(0);
    await emitter.flush();
    const room = MAX_RECORD_BYTES - 1 - (memory.events[0]?.bytes ?? 0);
    events(room);
    events(room + 1);
    await emitter.close();

    expect(memory.events.map(({ bytes }) => bytes).at(-1)).toBe(MAX_RECORD_BYTES - 1);
    expect(emitter.stats().dropped).toEqual({ too_large: 1 });
  });
});

describe('delivery', () => {
  type Answer = readonly string[] | { readonly error: string } | { readonly refused: string };
  const { cases } = casesOf<{
    readonly cases: readonly {
      readonly name: string;
      readonly records: number;
      readonly answers: readonly Answer[];
      readonly calls: readonly (readonly number[])[];
      readonly delivered: number;
      readonly dropped: Readonly<Record<string, number>>;
    }[];
  }>('delivery');

  /** What a sink made of so many records of so many events each. */
  async function deliver(sink: Sink, records: number, each: number) {
    const lane = new Lane({
      sink,
      takes: () => true,
      queue: { maxEvents: 1e6, maxBytes: 1e9 },
      batch: sink.limits ? { ...sink.limits, everyMs: 1 } : { events: 1e6, bytes: PACK_BYTES, everyMs: 1 },
      retry: { attempts: 100, forMs: 1e6, firstWaitMs: 1, maxWaitMs: 1 },
      sendTimeoutMs: 10_000,
      spoolEveryMs: 1,
      seal,
      report: () => undefined,
      onDrop: () => undefined,
    });
    for (let record = 0; record < records; record++)
      for (let i = 0; i < each; i++) lane.push(entry(`{"record":${record}}`));
    await lane.flush();
    await lane.close();
    const { delivered, dropped } = lane.stats();
    const perRecord = Object.entries(dropped).map(([why, count]) => [why, (count ?? 0) / each]);
    return { delivered: delivered / each, dropped: Object.fromEntries(perRecord) };
  }

  const recordOf = (text: string): number => Number(/\d+/.exec(text)?.[0]);

  const partial = cases.filter(({ answers }) => !answers.some((answer) => 'refused' in answer));
  test.each(partial.map((one) => [one.name, one] as const))('to Firehose: %s', async (_name, one) => {
    const answers = [...one.answers];
    const calls: number[][] = [];
    const sink = firehose({
      client: {
        send: refuse,
        async putRecordBatch({ Records }) {
          calls.push(Records.map(({ Data }) => recordOf(Buffer.from(Data).toString())));
          const answer = answers.shift();
          if (!Array.isArray(answer)) throw new Error('error');
          return { RequestResponses: answer.map((word) => (word === 'ok' ? { RecordId: 'r' } : { ErrorCode: word })) };
        },
      },
    });

    // A record is full with so many, so that each is one of its own.
    expect(await deliver(sink, one.records, PACK_LINES)).toEqual({ delivered: one.delivered, dropped: one.dropped });
    expect(calls).toEqual(one.calls);
  });

  // One answer stands for the whole call.
  const whole = cases.filter(({ answers }) =>
    answers.every((answer) => !Array.isArray(answer) || answer.every((word) => word === 'ok')),
  );
  const posted = whole.filter(({ name }) => !name.includes('fewer'));
  test.each(posted.map((one) => [one.name, one] as const))('over HTTP: %s', async (_name, one) => {
    const answers = [...one.answers];
    const calls: number[][] = [];
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      calls.push(Buffer.concat(chunks).toString().trim().split('\n').map(recordOf));
      const answer = answers.shift() ?? [];
      response.writeHead('refused' in answer ? 400 : 'error' in answer ? 503 : 200).end();
    });
    server.listen(0, '127.0.0.1');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    while (server.address() === null) await sleep(1);
    const sink = http({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });

    expect(await deliver(sink, one.records, 1)).toEqual({ delivered: one.delivered, dropped: one.dropped });
    expect(calls).toEqual(one.calls);
  });

  test('every case is one of these', () => {
    expect(new Set([...partial, ...posted])).toEqual(new Set(cases));
  });
});

describe('outbox', () => {
  const { cases } = casesOf<{
    readonly cases: readonly {
      readonly name: string;
      readonly capacity: number;
      readonly steps: readonly { push?: string; precious?: boolean; take?: number; settle?: 'delivered' | 'failed' }[];
      readonly delivered: readonly string[];
      readonly dropped: readonly string[];
      readonly held: readonly string[];
    }[];
  }>('outbox');

  test.each(cases.map((one) => [one.name, one] as const))(
    '%s',
    (_name, { capacity, steps, delivered: arrived, dropped: lost, held: left }) => {
      const dropped: string[] = [];
      const delivered: string[] = [];
      const outbox = new Outbox({ maxEvents: capacity, maxBytes: 1e6 }, ({ line }) => dropped.push(line));
      let flight: readonly Entry[] = [];
      for (const { push, precious, take, settle } of steps) {
        if (push !== undefined) outbox.push(entry(push, precious));
        else if (take !== undefined) flight = outbox.take({ events: take, bytes: 1e6 }, seal);
        else if (settle === 'failed') outbox.putBack();
        else {
          delivered.push(...flight.map(({ line }) => line));
          outbox.done();
        }
      }
      outbox.putBack();
      const held = outbox.take({ events: capacity, bytes: 1e6 }, seal).map(({ line }) => line);
      expect({ delivered, dropped, held }).toEqual({ delivered: arrived, dropped: lost, held: left });
    },
  );
});
