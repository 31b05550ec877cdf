import { createHmac } from 'node:crypto';
import { createServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { channelUrl } from '../../../lib/adapters/channels/post.ts';
import { slackNotifier } from '../../../lib/adapters/channels/slack.ts';
import { webhookNotifier } from '../../../lib/adapters/channels/webhook.ts';
import { planMessages } from '../../../lib/core/alerts/messages.ts';
import { AT, aChange, aNotice } from '../../support/alert-changes.ts';
import { type SlackAnswer, type SlackServer, startSlack } from '../../support/slack-server.ts';

const [message] = planMessages([aNotice(aChange('opened'))], 'ops', { burst: 5 });
if (message === undefined) throw new Error('no message');

let server: SlackServer;
beforeAll(async () => {
  server = await startSlack();
});
beforeEach(() => {
  server.script = [];
  (server.arrivals as unknown[]).length = 0;
});
afterAll(() => server.close());

const outcomes: [SlackAnswer, string, object, object][] = [
  ['ok', 'shown', { outcome: 'sent' }, { outcome: 'sent' }],
  [
    { retryAfterS: 30 },
    'for later',
    { outcome: 'retry', afterMs: 30_000, reason: 'answered 429 rate_limited' },
    { outcome: 'retry', afterMs: 30_000 },
  ],
  [
    { status: 500, body: '<html>secret page' },
    'for later',
    { outcome: 'retry', reason: 'answered 500' },
    { outcome: 'retry', reason: 'answered 500' },
  ],
  [{ status: 503 }, 'for later', { outcome: 'retry' }, { outcome: 'retry' }],
  [
    { status: 404, body: 'no_service' },
    'never',
    { outcome: 'refused', reason: 'answered 404 no_service' },
    { outcome: 'refused' },
  ],
  [{ status: 410 }, 'never', { outcome: 'refused' }, { outcome: 'refused' }],
  [{ status: 403, body: 'invalid_token' }, 'never', { outcome: 'refused' }, { outcome: 'refused' }],
  [
    { status: 400, body: 'invalid_blocks' },
    'never',
    { outcome: 'refused', reason: 'answered 400 invalid_blocks' },
    { outcome: 'refused' },
  ],
  [{ status: 408 }, 'for later', { outcome: 'retry' }, { outcome: 'retry' }],
  ['reset before', 'perhaps', { outcome: 'unsure' }, { outcome: 'unsure' }],
  ['reset after', 'perhaps', { outcome: 'unsure' }, { outcome: 'unsure' }],
  ['hang', 'perhaps', { outcome: 'unsure', reason: 'no answer within 200 ms' }, { outcome: 'unsure' }],
  ['garbage', 'perhaps, for 200 without ok is not Slack', { outcome: 'unsure' }, { outcome: 'sent' }],
  ['endless', 'perhaps, and is not read to the end', { outcome: 'unsure' }, { outcome: 'sent' }],
];

describe.each(outcomes)('an answer of %o means: %s', (answer, _, slack, webhook) => {
  test('to Slack’s channel', async () => {
    server.script = [answer];
    expect(
      await slackNotifier({ url: server.url, timeoutMs: answer === 'hang' ? 200 : 5_000 }).send(message),
    ).toMatchObject(slack);
  });
  test('to a webhook', async () => {
    server.script = [answer];
    expect(
      await webhookNotifier({ url: server.url, timeoutMs: answer === 'hang' ? 200 : 5_000 }).send(message),
    ).toMatchObject(webhook);
  });
});

test.each([301, 302, 307, 308])('a redirect (%i) is not followed: the alert goes nowhere else', async (status) => {
  server.script = [{ status, location: server.url }];
  const { outcome } = await slackNotifier({ url: server.url }).send(message);
  expect(outcome).toBe(status === 301 || status === 308 ? 'refused' : 'retry');
  expect(server.arrivals).toHaveLength(1);
});

test('where nobody listens nothing was shown', async () => {
  const free = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => free.once('listening', resolve));
  const { port } = free.address() as { port: number };
  await new Promise((resolve) => free.close(resolve));
  const answer = await slackNotifier({ url: `http://127.0.0.1:${port}/${server.secret}` }).send(message);
  expect(answer).toEqual({ outcome: 'retry', reason: 'no connection (ECONNREFUSED)' });
});

test('a webhook’s message can be checked against its signature', async () => {
  await webhookNotifier({ url: server.url, secret: 'tell nobody', clock: { nowMs: () => AT } }).send(message);
  const [arrival] = server.arrivals;
  const v1 = createHmac('sha256', 'tell nobody')
    .update(`${AT / 1_000}.${arrival?.body}`)
    .digest('hex');
  expect(arrival?.headers['x-nightdesk-signature']).toBe(`t=${AT / 1_000},v1=${v1}`);
  expect(arrival?.headers['content-type']).toContain('application/json');
});

test('without a secret nothing is signed', async () => {
  await webhookNotifier({ url: server.url }).send(message);
  expect(server.arrivals[0]?.headers['x-nightdesk-signature']).toBeUndefined();
});

test.each(['https://hooks.example/services/T/B/x', 'http://localhost:9/x', 'http://127.1.2.3/x', 'http://[::1]:8/x'])(
  'takes %s',
  (url) => {
    expect(channelUrl(url).href).toContain('x');
  },
);

test.each([
  'http://hooks.example/TOPSECRET',
  'http://localhost.evil.example/TOPSECRET',
  'ftp://127.0.0.1/TOPSECRET',
  'https://me:TOPSECRET@hooks.example/',
  'file:///TOPSECRET',
  'TOPSECRET',
  '',
])('refuses the address %s, without saying it', (url) => {
  expect(() => slackNotifier({ url })).toThrow(/the address of a channel cannot be used/);
  expect(() => webhookNotifier({ url })).not.toThrow(/TOPSECRET/);
});
