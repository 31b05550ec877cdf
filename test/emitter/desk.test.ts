import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Firehose, FirehoseClient } from '@aws-sdk/client-firehose';
import { expect, onTestFinished, test } from 'vitest';
import { sha256 } from '../../lib/adapters/local/sha256.ts';
import { createTransform } from '../../lib/core/transform/transform.ts';
import { firehose, http } from '../../lib/emitter/index.ts';
import { startDesk, type TestDesk } from '../desk/support/desk.ts';
import { openTestLake } from '../support/open-lake.ts';
import { tempFolder } from '../support/temp.ts';
import { onlyLane, testEmitter, unaccounted } from './support/emitter.ts';

/** A desk with the real transform, on any free port. */
const realDesk = (dataDir: string): Promise<TestDesk> =>
  startDesk({ dataDir, transform: createTransform({}, { sha256 }) });

interface Weather {
  /** What to do with the next calls; afterwards all pass. */
  readonly plan: ('pass' | 'throttle' | 'partial' | 'reset' | 'reset_after' | 'slow' | 'down')[];
  calls: number;
}

/** Stands between a client and a desk, and does to the calls what networks and services do. */
async function badWeather(target: string, plan: Weather['plan']): Promise<{ url: string; weather: Weather }> {
  const weather: Weather = { plan: [...plan], calls: 0 };
  const { hostname, port } = new URL(target);
  const server: Server = createServer((incoming, answer) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const body = Buffer.concat(parts);
      weather.calls++;
      const what = weather.plan.shift() ?? 'pass';
      const json = (status: number, value: unknown): void => {
        answer.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(value));
      };
      if (what === 'throttle') return json(400, { __type: 'ServiceUnavailableException', message: 'Slow down.' });
      if (what === 'down') return json(500, { __type: 'InternalFailure', message: 'down' });
      if (what === 'reset') return void incoming.socket.destroy();
      const { Records = [], ...rest } = JSON.parse(body.toString()) as { Records?: unknown[] };
      // Of a partial failure only every second record goes on.
      const kept = what === 'partial' ? Records.filter((_, i) => i % 2 === 1) : Records;
      const sent = Buffer.from(JSON.stringify({ ...rest, Records: kept }));
      if (kept.length === 0)
        return json(200, {
          FailedPutCount: Records.length,
          RequestResponses: Records.map(() => ({
            ErrorCode: 'ServiceUnavailableException',
            ErrorMessage: 'Slow down.',
          })),
        });
      const headers = { ...incoming.headers, 'content-length': String(sent.length) };
      const onward = request({ hostname, port, path: incoming.url, method: 'POST', headers }, (response) => {
        const got: Buffer[] = [];
        response.on('data', (part: Buffer) => got.push(part));
        response.on('end', () => {
          if (what === 'reset_after') return incoming.socket.destroy(); // taken, and the answer is lost
          const text = Buffer.concat(got).toString();
          if (what === 'partial') {
            const taken = (JSON.parse(text) as { RequestResponses: unknown[] }).RequestResponses;
            return json(200, {
              FailedPutCount: Records.length - kept.length,
              RequestResponses: Records.map((_, i) =>
                i % 2 === 1 ? taken.shift() : { ErrorCode: 'ServiceUnavailableException', ErrorMessage: 'Slow down.' },
              ),
            });
          }
          setTimeout(
            () =>
              answer.writeHead(response.statusCode ?? 500, { 'content-type': 'application/x-amz-json-1.1' }).end(text),
            what === 'slow' ? 300 : 0,
          );
        });
      });
      onward.on('error', () => incoming.socket.destroy());
      onward.end(sent);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, weather };
}

const clientOf = (endpoint: string, maxAttempts = 1): FirehoseClient =>
  new FirehoseClient({
    endpoint,
    region: 'us-east-1',
    maxAttempts,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });

test('through throttling, partial failures, resets, lost answers, slow answers and an outage nothing is lost, and the view shows each event once', async () => {
  const dataDir = tempFolder();
  const desk = await realDesk(dataDir);
  const { url, weather } = await badWeather(desk.url, [
    'throttle',
    'partial',
    'reset',
    'pass',
    'reset_after',
    'partial',
    'slow',
    ...Array.from({ length: 60 }, () => 'down' as const), // an hour's outage, compressed
    'reset_after',
    'partial',
    'pass',
  ]);
  const emitter = testEmitter({
    sink: firehose({ client: clientOf(url) }),
    queue: { maxEvents: 1_000 }, // far less than comes: what waits lies on the disk
    batch: { events: 700, everyMs: 5 }, // two records, so that one of them can fail alone
    spool: { dir: join(tempFolder(), 'spool'), everyMs: 2, maxBytes: 50_000_000 },
  });
  const sent = 3_000;
  for (let i = 0; i < sent; i++) {
    emitter.emit(i % 3 === 0 ? 'execution' : 'signals', { symbol: 'BTCUSDT', bar_id: i });
    if (i % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const left = await emitter.flush({ timeoutMs: 20_000 });

  expect(onlyLane(emitter).dropped).toEqual({});
  expect(left).toEqual({ delivered: sent, dropped: 0, held: 0 });
  expect(unaccounted(onlyLane(emitter))).toBeUndefined();
  expect(onlyLane(emitter).retried).toBeGreaterThan(60);
  expect(weather.plan).toEqual([]);
  await desk.stop();
  const lake = await openTestLake(dataDir);
  expect(
    await lake.rows('select count(*) as n, count(distinct bar_id) as bars, max(seq) as seq from execution'),
  ).toEqual([{ n: 1_000, bars: 1_000, seq: sent - 2 }]);
  expect(await lake.rows('select count(*) as n, count(distinct bar_id) as bars from signals')).toEqual([
    { n: 2_000, bars: 2_000 },
  ]);
  expect(await lake.rows('select count(*) as n from quarantine')).toEqual([{ n: 0 }]);
}, 60_000);

test.each([
  ['a FirehoseClient', (url: string) => firehose({ client: clientOf(url, 3) })],
  [
    'a Firehose',
    (url: string) =>
      firehose({
        client: new Firehose({ endpoint: url, region: 'x', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }),
      }),
  ],
  ['a client it makes itself', (url: string) => firehose({ endpoint: url })],
  ['plain HTTP', (url: string) => http({ url })],
])('an event that is sent with %s is in the lake as it was emitted', async (_what, sinkOf) => {
  const dataDir = tempFolder();
  const desk = await realDesk(dataDir);
  const emitter = testEmitter({ sink: sinkOf(desk.url), sessionId: 'run-1', context: { venue: 'okx' } });
  const child = emitter.child({ symbol: 'BTC-USD' });

  child.emit('execution', {
    ts: new Date(Date.now() - 1_000),
    side: 'buy',
    qty: 1,
    price: Number.NaN,
    x_desk: 'é🦉',
    fee: -0.5,
  });
  expect(await emitter.close()).toEqual({ delivered: 1, dropped: 0, held: 0 });

  await desk.stop();
  const lake = await openTestLake(dataDir);
  expect(
    await lake.rows(
      "select strategy_id, session_id, mode, venue, symbol, side, qty, price, fee, seq, ts_source, dialect, extra, array_join(nonfinite, ',') as bad from execution",
    ),
  ).toEqual([
    {
      strategy_id: 'ma-cross',
      session_id: 'run-1',
      mode: 'paper',
      venue: 'okx',
      symbol: 'BTC-USD',
      side: 'buy',
      qty: 1,
      price: null,
      fee: -0.5,
      seq: 1,
      ts_source: 'ts',
      dialect: 'canonical',
      extra: '{"x_desk":"é🦉"}',
      bad: 'price',
    },
  ]);
});

test('a strict emitter answers once the event is safe at the desk', async () => {
  const desk = await realDesk(tempFolder());
  const emitter = (await import('../../lib/emitter/index.ts')).createEmitter({
    strategyId: 's',
    mode: 'live',
    delivery: 'strict',
    sink: http({ url: desk.url }),
    health: false,
    systemEveryMs: false,
    onExit: false,
    report: () => undefined,
  });

  expect(await emitter.emit('signals', { symbol: 'A' })).toEqual({ delivered: true });
  await desk.stop();
  const late = emitter.emit('signals', { symbol: 'B' });
  await emitter.close({ timeoutMs: 50 });
  expect(await late).toEqual({ delivered: false, dropped: 'closed' });
  expect(await emitter.emit('signals', {})).toEqual({ delivered: false, dropped: 'after_close' });
});
