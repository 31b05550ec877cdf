import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { channelReader } from '../../../lambdas/alerts/channels.ts';
import { type AlertsAnswer, type AlertsEvent, createHandler } from '../../../lambdas/alerts/handler.ts';
import { createPlatform } from '../../../lambdas/alerts/platform.ts';
import { createTeller } from '../../../lambdas/alerts/tell.ts';
import { createS3ObjectStore } from '../../../lib/adapters/aws/object-store.ts';
import { createS3StateStore } from '../../../lib/adapters/aws/state-store.ts';
import { gunzip, gzip } from '../../../lib/adapters/local/gzip.ts';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { createAlerts } from '../../../lib/core/alerts/runtime.ts';
import { alertStateKey } from '../../../lib/core/alerts/state.ts';
import type { AlertSettings, Observation } from '../../../lib/core/alerts/types.ts';
import { dateOf, objectKey } from '../../../lib/core/lake/keys.ts';
import { type GaugeSample, tickSamples } from '../../../lib/core/metrics/gauges.ts';
import { listeningLog } from '../../desk/support/stand-in.ts';
import { startS3 } from '../../support/s3-fake.ts';
import type { S3Faults } from '../../support/s3-faults.ts';
import { startSlack } from '../../support/slack-server.ts';
import { contextOf, SETTINGS } from '../support.ts';
import { alarmNotification, type Ringing } from './notifications.ts';

const NOW_MS = Date.UTC(2026, 0, 5, 10);
const SAMPLES = { dimensions: [], strategies: null, silentModes: [] };

interface Options {
  readonly faults?: S3Faults;
  /** What lies in the secret of the channel `slack`. @default - the address of a server that stands for Slack */
  readonly secret?: () => string;
  /** Alarms that CloudWatch says ring; undefined where it does not answer. */
  readonly ringing?: () => readonly Ringing[] | undefined;
  /** How far the clock moves each time it is read, ms. @default 0 */
  readonly stepMs?: number;
  /** All with the same address. @default - `slack` */
  readonly channels?: AlertSettings['channels'];
}

/** The function on a bucket, with a server that stands for Slack. */
async function stack({
  faults,
  secret,
  ringing = () => [],
  stepMs = 0,
  channels = SETTINGS.alerts.channels,
}: Options = {}) {
  const settings = { ...SETTINGS.alerts, channels };
  const s3 = await startS3({ faults });
  onTestFinished(() => s3.close());
  let nowMs = NOW_MS;
  const slack = await startSlack(() => nowMs);
  onTestFinished(() => slack.close());
  const log = listeningLog();
  const options = { client: s3.client(), bucket: s3.bucket, deadlineMs: 5_000 };
  const [store, state] = [createS3ObjectStore(options), createS3StateStore(options)];
  const clock = {
    nowMs() {
      nowMs += stepMs;
      return nowMs;
    },
  };
  let reads = 0;
  const published: GaugeSample[] = [];

  /** Another container of the function. */
  function container() {
    const alerts = createAlerts({ store, state, clock, log, gzip, gunzip, sha256 }, settings);
    return createHandler({
      alerts,
      platform: createPlatform({
        alerts,
        state,
        over: 'nightdesk-platform',
        sha256,
        log,
        async ringing() {
          const found = ringing();
          if (found === undefined) throw new Error('CloudWatch is away');
          return found.map((one) => ({ ...one, state: 'ALARM', region: 'eu-west-1' }));
        },
      }),
      tell: createTeller({
        box: alerts.box,
        channels: channelReader({
          settings: channels,
          async secret() {
            reads++;
            return secret?.() ?? slack.url;
          },
          email: undefined,
          nowMs: clock.nowMs,
          log,
        }),
        settings,
        clock,
        log,
        sleep: async (ms) => {
          nowMs += ms;
        },
        lease: state,
        owner: String(Math.random()),
      }),
      publish: (states, atMs) => void published.push(...tickSamples(states, atMs, SAMPLES)),
      clock,
      log,
    });
  }

  return {
    s3,
    slack,
    log,
    container,
    handler: container(),
    /** What was published of one metric, in the order of ticks. */
    published: (metric: string): number[] => published.filter(({ name }) => name === metric).map(({ value }) => value),
    reads: () => reads,
    later: (ms: number) => {
      nowMs += ms;
    },
    now: () => nowMs,
    texts: (): string[] =>
      slack.arrivals.filter(({ shown }) => shown).map(({ body }) => (JSON.parse(body) as { text: string }).text),
    async write(events: readonly object[]): Promise<string> {
      const partition = { stream: 'error', version: 1, date: dateOf(nowMs) };
      const key = objectKey('events', partition, { producer: 'nightdesk', atMs: nowMs, unique: String(events.length) });
      await store.put(key, gzipSync(events.map((one) => `${JSON.stringify(one)}\n`).join('')));
      return key;
    },
  };
}

const failure = (eventId: string, atMs = NOW_MS, more: Partial<Observation> = {}): Observation => ({
  stream: 'error',
  mode: 'live',
  strategyId: 'a',
  sessionId: 's',
  symbol: null,
  eventId,
  tsMs: atMs,
  arrivedMs: atMs,
  fields: { message: 'the venue is away', error_type: 'Timeout', component: 'feed' },
  ...more,
});

const queue = (...bodies: readonly object[]): AlertsEvent => ({
  Records: bodies.map((body, i) => ({
    messageId: `m${i}`,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })),
});

const failing = ({ batchItemFailures }: AlertsAnswer): string[] =>
  batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);

test('what was observed reaches Slack in the same invocation; the same by way of the lake tells nobody anything', async () => {
  const { handler, container, write, texts } = await stack();

  expect(failing(await handler(queue({ observations: [failure('e1')] }), contextOf()))).toEqual([]);
  expect(texts()).toHaveLength(1);

  const key = await write([
    {
      event_id: 'e1',
      stream: 'error',
      ts: new Date(NOW_MS).toISOString().replace('Z', '000Z'),
      ts_ms: NOW_MS,
      ingested_at: new Date(NOW_MS).toISOString().replace('Z', '000Z'),
      mode: 'live',
      strategy_id: 'a',
      session_id: 's',
      message: 'the venue is away',
      error_type: 'Timeout',
      component: 'feed',
    },
  ]);
  expect(failing(await container()(queue({ objects: [key] }, { observations: [failure('e1')] }), contextOf()))).toEqual(
    [],
  );
  expect(texts()).toHaveLength(1);
});

test('what cannot be read comes again alone, whatever stands beside it', async () => {
  const { handler, texts, log } = await stack();
  const event: AlertsEvent = {
    Records: [
      ...['no JSON', '[]', '{}', '{"observations":[{"stream":"error"}]}', '{"objects":[7]}'].map((body, i) => ({
        messageId: `bad${i}`,
        body,
      })),
      { messageId: 'good', body: JSON.stringify({ observations: [failure('e1')] }) },
    ],
  };

  expect(failing(await handler(event, contextOf()))).toEqual(['bad0', 'bad1', 'bad2', 'bad3', 'bad4']);
  expect(log.said.filter(({ level }) => level === 'error')).toHaveLength(5);
  expect(texts()).toHaveLength(1);
});

test('an object that cannot be read costs its message alone; a state that cannot be written, its strategy', async () => {
  const denied = new Set<string>();
  const { handler, write, texts } = await stack({
    faults: ({ method, key }) =>
      (method === 'GET' && denied.has(key)) ||
      (method === 'PUT' && key.startsWith('state/alerts/') && key.includes('bad'))
        ? 'AccessDenied'
        : undefined,
  });
  const key = await write([]);
  denied.add(key);
  const answer = await handler(
    queue(
      { objects: [key] },
      { observations: [failure('e1', NOW_MS, { strategyId: 'bad' })] },
      { observations: [failure('e2', NOW_MS, { strategyId: 'good' })] },
    ),
    contextOf(),
  );

  expect(failing(answer).sort()).toEqual(['m0', 'm1']);
  expect(texts()).toHaveLength(1);
});

test('two containers at once: every alert is told, and none is told twice', async () => {
  const { handler, container, texts } = await stack();
  const other = container();
  const shown = (strategyId: string): AlertsEvent => queue({ observations: [failure('e1', NOW_MS, { strategyId })] });
  await Promise.all([
    handler(shown('a'), contextOf()),
    other(shown('a'), contextOf()),
    handler(shown('b'), contextOf()),
  ]);
  await handler({ tick: true }, contextOf());
  expect(texts()).toHaveLength(2);
}, 20_000);

test('while Slack is down the message is done and the notice waits; a later tick tells it', async () => {
  const { handler, container, slack, texts, later } = await stack();
  slack.script = Array.from({ length: 20 }, () => ({ status: 503 }));

  expect(failing(await handler(queue({ observations: [failure('e1')] }), contextOf(26_000)))).toEqual([]);
  expect(texts()).toEqual([]);
  slack.script = [];
  later(600_000);
  await container()({ tick: true }, contextOf());
  expect(texts().length).toBeGreaterThanOrEqual(1);
}, 30_000);

test('without time to tell nobody is told, nothing is lost, and no message is begun that could not end', async () => {
  const { handler, texts, later } = await stack();
  expect(failing(await handler(queue({ observations: [failure('e1')] }), contextOf(20_000)))).toEqual([]);
  expect(texts()).toEqual([]);
  later(1_000);
  await handler({ tick: true }, contextOf());
  expect(texts()).toHaveLength(1);
});

test('without time to take in anything, all messages come again', async () => {
  const { handler, texts } = await stack();
  expect(failing(await handler(queue({ observations: [failure('e1')] }), contextOf(4_000)))).toEqual(['m0']);
  expect(texts()).toEqual([]);
});

test('a channel without an address is said once; once it has one, what waited is told', async () => {
  let secret = 'aPlaceholderOfThirtyTwoCharacters';
  const { handler, slack, texts, log, later, reads } = await stack({ secret: () => secret });

  await handler(queue({ observations: [failure('e1')] }), contextOf());
  await handler({ tick: true }, contextOf());
  later(301_000);
  await handler({ tick: true }, contextOf());
  expect(log.said.filter(({ message }) => message.includes('no address'))).toHaveLength(1);
  expect(reads()).toBe(2);

  secret = slack.url;
  later(60_000);
  await handler({ tick: true }, contextOf());
  expect(texts()).toEqual([]);
  later(301_000);
  await handler({ tick: true }, contextOf());
  expect(texts().length).toBeGreaterThanOrEqual(1);
  expect(JSON.stringify(log.said)).not.toContain(slack.secret);
});

test('an address that is none is said by the channel’s name, never by its text', async () => {
  const { handler, log, texts } = await stack({ secret: () => 'ftp://user:hunter2@example.org/T0' });
  await handler(queue({ observations: [failure('e1')] }), contextOf());
  expect(texts()).toEqual([]);
  expect(log.said).toContainEqual(
    expect.objectContaining({ level: 'error', facts: expect.objectContaining({ channel: 'slack' }) }),
  );
  expect(JSON.stringify(log.said)).not.toContain('hunter2');
});

const dlq = {
  alarm: 'nightdesk-lifecycle-dead-letters',
  reason: 'Threshold Crossed',
  advice: 'Mend it.',
  atMs: NOW_MS,
};
const silence = {
  alarm: 'nightdesk-silence',
  reason: 'no datapoints',
  advice: 'Look at the bots.',
  atMs: NOW_MS + 60_000,
};

test('an alarm of the platform is told once, with what it is about, and once when it is over', async () => {
  let ringing: readonly Ringing[] = [dlq];
  const { handler, container, texts, later } = await stack({ ringing: () => ringing });
  const over = alarmNotification('composite', {
    alarm: 'nightdesk-platform',
    state: 'ALARM',
    at: '2026-01-05T10:00:01.000+0000',
  });

  await handler(over, contextOf());
  await container()(over, contextOf()); // SNS delivers at least once
  expect(texts()).toHaveLength(1);
  expect(texts()[0]).toContain('nightdesk-lifecycle-dead-letters');

  // Another one joins: the alarm over both stays as it is, and nobody says.
  ringing = [dlq, silence];
  later(60_000);
  await handler({ tick: true }, contextOf());
  expect(texts()).toHaveLength(2);
  expect(texts()[1]).toContain('nightdesk-silence');
  await handler(
    alarmNotification('metric', { alarm: 'nightdesk-silence', state: 'ALARM', at: '2026-01-05T10:01:00.000+0000' }),
    contextOf(),
  );
  expect(texts()).toHaveLength(2);

  ringing = [];
  later(60_000);
  await handler(
    alarmNotification('composite', { alarm: 'nightdesk-platform', state: 'OK', at: '2026-01-05T10:02:01.000+0000' }),
    contextOf(),
  );
  expect(texts()).toHaveLength(4);
  await handler({ tick: true }, contextOf());
  expect(texts()).toHaveLength(4);
});

test('where CloudWatch cannot be asked, what the notification says is told', async () => {
  let ringing: readonly Ringing[] | undefined;
  const { handler, texts, later } = await stack({ ringing: () => ringing });

  await handler(
    alarmNotification('composite', { alarm: 'nightdesk-platform', state: 'ALARM', at: '2026-01-05T10:00:01.000+0000' }),
    contextOf(),
  );
  expect(texts()).toHaveLength(1);
  expect(texts()[0]).toContain('nightdesk-platform');

  later(60_000);
  await handler(
    alarmNotification('composite', { alarm: 'nightdesk-platform', state: 'OK', at: '2026-01-05T10:05:01.000+0000' }),
    contextOf(),
  );
  expect(texts()).toHaveLength(2);
  ringing = [];
  await handler({ tick: true }, contextOf());
  expect(texts()).toHaveLength(2);
});

test('what AWS Budgets writes on the same topic is told as it is', async () => {
  const { handler, texts } = await stack();
  await handler(alarmNotification('budget', { alarm: '', state: '', at: '' }), contextOf());
  expect(texts()).toHaveLength(1);
  expect(texts()[0]).toContain('AWS Budgets');
});

test('a tick that fails is told to the caller, and what waits is told all the same', async () => {
  const told: number[] = [];
  const no = (): Promise<never> => Promise.reject(new Error('the state is away'));
  const handler = createHandler({
    alerts: { observe: no, observeObjects: no, tick: no, flush: no, states: no },
    platform: { told: no, tick: no },
    tell: async (untilMs) => {
      told.push(untilMs);
    },
    publish: () => undefined,
    clock: { nowMs: () => NOW_MS },
    log: listeningLog(),
  });
  await expect(handler({ tick: true }, contextOf())).rejects.toThrow('the state is away');
  expect(told).toHaveLength(1);
});

/** Health that counts reconnects of its connection since the process began. */
const reconnects = (count: number, atMs: number, strategyId = 'a'): Observation =>
  failure(`h-${strategyId}-${count}`, atMs, { stream: 'health', strategyId, fields: { ws_reconnects: count } });

test('an increase is published once: two ticks in a minute, of one container or of two, and a tick over the end of a minute', async () => {
  // The clock moves while the tick folds: it begins in one minute and is done in the next.
  const { handler, container, later, now, published } = await stack({ stepMs: 40 });
  const grown = async (count: number) => {
    await handler(queue({ observations: [reconnects(count, now())] }), contextOf());
  };

  await grown(0);
  await grown(3);
  later(60_000 - (now() % 60_000) - 100);
  await handler({ tick: true }, contextOf());
  expect(now() % 60_000).toBeLessThan(30_000); // the minute ended meanwhile
  expect(published('bot.health.ws_reconnects')).toEqual([3]);

  await grown(5);
  later(1_000);
  await handler({ tick: true }, contextOf());
  await container()({ tick: true }, contextOf());
  await handler({ tick: true }, contextOf());
  expect(published('bot.health.ws_reconnects')).toEqual([3, 2]);
});

test('a strategy whose state cannot be written takes neither the figures of others away nor the alarms of the platform', async () => {
  let denied: string | undefined;
  const ringing = [{ alarm: 'nightdesk-freshness', reason: 'late', advice: '', atMs: NOW_MS }];
  const { handler, later, published, texts } = await stack({
    faults: ({ method, key }) => (method === 'PUT' && key === denied ? 'AccessDenied' : undefined),
    ringing: () => ringing,
  });
  const both = (count: number) =>
    handler(
      queue({ observations: ['a', 'b'].map((strategy) => reconnects(count, NOW_MS + count * 1_000, strategy)) }),
      contextOf(),
    );
  await handler(
    alarmNotification('composite', { alarm: 'nightdesk-platform', state: 'ALARM', at: '2026-01-05T10:00:01.000+0000' }),
    contextOf(),
  );
  await both(0);
  later(10_000);
  await both(4);
  const told = texts().length;

  denied = alertStateKey({ mode: 'live', strategyId: 'a' }, { sha256 });
  ringing.push({ alarm: 'nightdesk-throttled', reason: 'full', advice: '', atMs: NOW_MS });
  later(60_000);
  await expect(handler({ tick: true }, contextOf())).rejects.toThrow();
  expect(published('bot.health.ws_reconnects')).toEqual([4]);
  expect(texts().length).toBe(told + 1);
});

test('several channels are told in the same invocation: one that writes what it told hides from none what waits', async () => {
  const [slack] = SETTINGS.alerts.channels;
  if (slack === undefined) throw new Error('there is no channel');
  const channels = ['slack', 'second', 'third', 'fourth'].map((name) => ({ ...slack, name }));
  const { handler, texts } = await stack({ channels });
  await handler(queue({ observations: [failure('e1')] }), contextOf());
  expect(texts()).toHaveLength(4);
});
