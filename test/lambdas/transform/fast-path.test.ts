import { SQSClient } from '@aws-sdk/client-sqs';
import { expect, onTestFinished, test } from 'vitest';
import { createHandler, type TransformDeps } from '../../../lambdas/transform/handler.ts';
import { createAlertQueue } from '../../../lib/adapters/aws/alert-queue.ts';
import type { Observation } from '../../../lib/core/alerts/types.ts';
import type { SampleGroup } from '../../../lib/core/metrics/aggregate.ts';
import { listeningLog } from '../../desk/support/stand-in.ts';
import { type SqsAnswering, sqsStub } from '../../support/sqs-server.ts';
import { NOW_MS } from '../../support/transform.ts';
import { contextOf, firehoseEvent, SETTINGS } from '../support.ts';

const event = (stream: string, id: string, more: object = {}): string =>
  JSON.stringify({
    stream,
    event_id: id,
    ts: new Date(NOW_MS - 2_000).toISOString(),
    strategy_id: 'a',
    session_id: 's',
    mode: 'live',
    ...more,
  });

/** The function with a real queue at a server, and what it published. */
async function transform(answers: readonly SqsAnswering[] = [], deps: Partial<TransformDeps> = {}) {
  const { endpoint, queueUrl, sent, calls } = await sqsStub(...answers);
  const client = new SQSClient({
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test-secret' },
    maxAttempts: 1,
  });
  onTestFinished(() => client.destroy());
  const published: SampleGroup[] = [];
  const log = listeningLog();
  let nowMs = NOW_MS;
  const handler = createHandler({
    settings: SETTINGS,
    salt: async () => 'never asked',
    put: async () => [],
    observe: createAlertQueue({ client, queueUrl, log }).observations,
    publish: (groups) => published.push(...groups),
    nowMs: () => nowMs,
    log,
    ...deps,
  });
  const figure = (name: string): number =>
    published.reduce((sum, { figures, values }) => sum + (figures.get(name) ?? values.get(name)?.length ?? 0), 0);
  return {
    calls,
    log,
    figure,
    later: (ms: number) => {
      nowMs += ms;
    },
    run: (lines: readonly string[], arrivedMs = nowMs) => handler(firehoseEvent(lines, arrivedMs), contextOf()),
    told: (): Observation[] =>
      sent.flatMap((body) => (JSON.parse(body) as { observations: Observation[] }).observations),
  };
}

test('what may fire a rule is told in the same invocation, cut to what rules read, with its identity in the lake', async () => {
  const { run, told } = await transform();
  const { records } = await run([
    event('health', 'calm', { ws_staleness_ms: 5 }),
    event('health', 'stale', { ws_staleness_ms: 900_000, note: 'x'.repeat(10_000) }),
    event('error', 'broken', { message: 'boom', stacktrace: 'at f (a.ts:1)' }),
  ]);

  expect(records.map(({ result }) => result)).toEqual(['Ok', 'Ok', 'Ok']);
  // The first event of a run is a sign of life; the others may each fire a rule.
  expect(told().map(({ eventId, stream }) => [eventId, stream])).toEqual([
    ['calm', 'health'],
    ['stale', 'health'],
    ['broken', 'error'],
  ]);
  const [, stale] = told();
  expect(stale).toMatchObject({ strategyId: 'a', sessionId: 's', mode: 'live', arrivedMs: NOW_MS });
  expect(stale?.fields).toMatchObject({ ws_staleness_ms: 900_000 });
  expect(JSON.stringify(stale)).not.toContain('xxx');
});

test('history, silent modes and events without a clock are told to nobody', async () => {
  const { run, calls } = await transform();
  await run([
    event('health', 'old', { ws_staleness_ms: 900_000, ts: new Date(NOW_MS - 3_600_000).toISOString() }),
    event('health', 'backtest', { ws_staleness_ms: 900_000, mode: 'backtest' }),
    event('health', 'timeless', { ws_staleness_ms: 900_000, ts: undefined }),
  ]);
  expect(calls).toEqual([]);
});

test('a run that says nothing urgent is heard of every ten seconds, and of its end at once', async () => {
  const { run, told, later } = await transform();
  const signal = (id: string): string =>
    event('signals', id, { ts: undefined, emitted_at: new Date(NOW_MS).toISOString() });
  for (let i = 0; i < 12; i++) {
    await run([signal(`${i}a`), signal(`${i}b`)]);
    later(2_000);
  }
  expect(told().map(({ eventId }) => eventId)).toEqual(['0a', '5a', '10a']);

  await run([event('system', 'end', { event: 'session_end', ts: new Date(NOW_MS + 20_000).toISOString() })]);
  expect(told().at(-1)?.eventId).toBe('end');
});

test('how much came in is told now and then, and as it is', async () => {
  const { run, told, later } = await transform();
  for (let i = 0; i < 40; i++) {
    await run([event('signals', `e${i}`, { ts: new Date(NOW_MS + i * 1_000).toISOString() }), 'no JSON']);
    later(1_000);
  }
  const counts = told().filter(({ stream }) => stream === 'pipeline');
  expect(counts).toMatchObject([{ strategyId: '*', mode: null, fields: { events: 62, quarantined: 31 } }]);
});

const DOWN: readonly [string, SqsAnswering][] = [
  ['refuses', () => ({ error: 'AccessDeniedException', status: 403 })],
  ['is throttled for ever', () => ({ error: 'ThrottlingException', status: 400 })],
  ['hangs', () => 'hang'],
  ['breaks off', () => 'reset'],
];

test.each(DOWN)(
  'an alert queue that %s costs no event anything, and is counted',
  async (_what, answer) => {
    const { run, figure } = await transform(Array.from({ length: 100 }, () => answer));
    const { records } = await run([event('error', 'a', { message: 'boom' }), event('error', 'b', { message: 'boom' })]);

    expect(records.map(({ result }) => result)).toEqual(['Ok', 'Ok']);
    expect(figure('alert_fastpath_failed')).toBe(2);
    expect(figure('pipeline.events.in')).toBe(2);
  },
  15_000,
);

test('each event is measured once, in the invocation that answers it; one that is put again is not', async () => {
  const put: PutAgainCalls = [];
  const { run, figure } = await transform([], {
    put: async (lines) => {
      put.push(lines.length);
      return [];
    },
  });
  const lines = Array.from({ length: 900 }, (_, i) => event('signals', `e${i}`, { note: '\u0001'.repeat(1_000) }));
  const { records } = await run(lines);
  const dropped = records.filter(({ result }) => result === 'Dropped').length;

  expect(dropped).toBeGreaterThan(0);
  expect(put).toEqual([dropped]);
  expect(figure('pipeline.events.in')).toBe(900 - dropped);
});
type PutAgainCalls = number[];

test('without metrics nothing is published', async () => {
  const { run, figure } = await transform([], {
    settings: { ...SETTINGS, metrics: { ...SETTINGS.metrics, publish: false } },
  });
  await run([event('health', 'a')]);
  expect(figure('pipeline.events.in')).toBe(0);
});

test('what only dashboards show is published where it is asked for', async () => {
  const line = event('costs', 'c', { fee_bps: 2, cost_bps_total: 3 });
  const [plain, extra] = [
    await transform(),
    await transform([], { settings: { ...SETTINGS, metrics: { ...SETTINGS.metrics, extra: true } } }),
  ];
  await plain.run([line]);
  await extra.run([line]);
  expect([plain.figure('bot.costs.total_bps'), plain.figure('bot.costs.fee_bps')]).toEqual([1, 0]);
  expect([extra.figure('bot.costs.total_bps'), extra.figure('bot.costs.fee_bps')]).toEqual([1, 1]);
});
