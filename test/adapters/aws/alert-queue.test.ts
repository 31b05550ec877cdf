import { SQSClient } from '@aws-sdk/client-sqs';
import { expect, onTestFinished, test } from 'vitest';
import { createAlertQueue } from '../../../lib/adapters/aws/alert-queue.ts';
import type { Observation } from '../../../lib/core/alerts/types.ts';
import { listeningLog } from '../../desk/support/stand-in.ts';
import { type SqsAnswer, type SqsAnswering, sqsStub } from '../../support/sqs-server.ts';

const observation = (id: string, more: Partial<Observation> = {}): Observation => ({
  stream: 'health',
  mode: 'live',
  strategyId: 'a',
  sessionId: null,
  symbol: null,
  eventId: id,
  tsMs: 1,
  arrivedMs: 2,
  fields: { ws_staleness_ms: 1 },
  ...more,
});

async function queue(...answers: readonly SqsAnswering[]) {
  const { endpoint, queueUrl, sent, calls } = await sqsStub(...answers);
  const client = new SQSClient({
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test-secret' },
    maxAttempts: 1,
  });
  onTestFinished(() => client.destroy());
  const log = listeningLog();
  return { queue: createAlertQueue({ client, queueUrl, log }), sent, calls, log, queueUrl };
}

const idsIn = (bodies: readonly string[]): string[] =>
  bodies.flatMap((body) => (JSON.parse(body) as { observations: Observation[] }).observations.map((o) => o.eventId));

test('what was observed arrives as it is, in one message, at the queue named', async () => {
  const { queue: own, sent, calls, queueUrl } = await queue();
  const observations = [observation('a'), observation('b', { symbol: 'x\u0000\uFFFE\uFFFFé夜\u{1F600}' })];

  expect(await own.observations(observations, 5_000)).toBe(0);
  expect(sent.map((body) => JSON.parse(body))).toEqual([{ observations }]);
  for (const refused of ['\u0000', '\uFFFE', '\uFFFF']) expect(sent[0]).not.toContain(refused);
  expect(calls.map(({ QueueUrl }) => QueueUrl)).toEqual([queueUrl]);
});

test('no message is larger than 256 KiB, no call holds more than ten or 1 MiB, and nothing is lost or doubled', async () => {
  const { queue: own, sent, calls } = await queue();
  const many = Array.from({ length: 3_000 }, (_, i) => observation(`e${i}`, { symbol: 'é'.repeat(900) }));

  expect(await own.observations(many, 10_000)).toBe(0);
  for (const body of sent) expect(Buffer.byteLength(body)).toBeLessThanOrEqual(262_144);
  for (const { Entries } of calls) {
    expect(Entries.length).toBeLessThanOrEqual(10);
    const bytes = Entries.reduce((sum, { MessageBody }) => sum + Buffer.byteLength(MessageBody), 0);
    expect(bytes).toBeLessThanOrEqual(1_048_576);
  }
  expect(idsIn(sent)).toEqual(many.map(({ eventId }) => eventId));
});

test('an observation that fits into no message costs no other, and is counted', async () => {
  const { queue: own, sent, log } = await queue();
  const large = observation('large', { fields: { message: 'x'.repeat(300_000) } });

  expect(await own.observations([observation('a'), large, observation('b')], 5_000)).toBe(1);
  expect(idsIn(sent)).toEqual(['a', 'b']);
  expect(log.said).toMatchObject([{ level: 'warn', facts: { lost: 1, reason: 'larger than a message may be' } }]);
});

/** Keys, each so long that a message holds about a thousand. */
const keys = (count: number): string[] => Array.from({ length: count }, (_, i) => `events/${i}/`.padEnd(250, 'k'));

test('of a batch that was refused in part only the rest is sent again; what is the sender’s fault is not', async () => {
  const {
    queue: own,
    calls,
    sent,
  } = await queue((entries) => ({
    failed: Object.fromEntries(
      entries.map(({ Id }) => [Id, Id === '1' ? { Code: 'InternalError', SenderFault: false } : undefined]),
    ),
  }));
  expect(await own.objects(keys(2_500), 10_000)).toEqual([]);
  expect(calls.map(({ Entries }) => Entries.length)).toEqual([3, 1]);
  expect(sent.flatMap((body) => (JSON.parse(body) as { objects: string[] }).objects).sort()).toEqual(
    keys(2_500).sort(),
  );

  const faulty = await queue(() => ({ failed: { 0: { Code: 'InvalidMessageContents', SenderFault: true } } }));
  const lost = await faulty.queue.objects(keys(1_500), 10_000);
  expect(faulty.calls).toHaveLength(1);
  expect([...lost, ...faulty.sent.flatMap((body) => (JSON.parse(body) as { objects: string[] }).objects)]).toEqual(
    keys(1_500),
  );
});

const FOR_LATER: readonly [string, SqsAnswer][] = [
  ['throttled', { error: 'ThrottlingException', status: 400 }],
  ['failing inside', { error: 'InternalFailure', status: 500 }],
  ['cut off', 'reset'],
];

test.each(FOR_LATER)('a queue that is %s is tried again', async (_what, answer) => {
  const own = await queue(() => answer);
  expect(await own.queue.objects(['a'], 10_000)).toEqual([]);
  expect(own.calls).toHaveLength(2);
});

test.each([
  ['is not there', 'AWS.SimpleQueueService.NonExistentQueue', 400],
  ['may not be used', 'AccessDeniedException', 403],
] as const)('a queue that %s is asked once, and what was lost is said', async (_what, error, status) => {
  const own = await queue(() => ({ error, status }));
  expect(await own.queue.objects(['a', 'b'], 10_000)).toEqual(['a', 'b']);
  expect(own.calls).toHaveLength(1);
  expect(own.log.said).toMatchObject([{ level: 'warn', facts: { objects: 2, lost: 2 } }]);
});

test('a queue that hangs is given up in time; without any time nothing is sent', async () => {
  const own = await queue(() => 'hang');
  expect(await own.queue.observations([observation('a')], 200)).toBe(1);
  expect(await own.queue.observations([observation('a')], 0)).toBe(1);
  expect(own.calls).toHaveLength(1);
});
