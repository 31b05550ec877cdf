import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { snsClient, snsNotifier, subjectOf } from '../../../lib/adapters/aws/sns.ts';
import { type AlertMessage, planMessages } from '../../../lib/core/alerts/messages.ts';
import { aChange, aNotice, hostileChange } from '../../support/alert-changes.ts';
import { type SnsAnswer, startSns } from '../../support/sns-server.ts';

const TOPIC = 'arn:aws:sns:eu-central-1:123456789012:alerts';

const servers: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function channel(...script: SnsAnswer[]) {
  const server = await startSns(script);
  servers.push(server);
  const client = snsClient({
    endpoint: server.endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
    requestHandler: { requestTimeout: 5_000, throwOnRequestTimeout: true },
  });
  return { server, notifier: snsNotifier({ client, topicArn: TOPIC }) };
}

const messages = (changes: readonly ReturnType<typeof aChange>[]): AlertMessage[] =>
  planMessages(
    changes.map((change) => aNotice(change, ['mail'])),
    'mail',
    { burst: 2 },
  );
const [message] = messages([aChange('opened', { title: 'Börse zu spät …' })]);
if (message === undefined) throw new Error('no message');

describe('e-mail through SNS', () => {
  test('has a subject of plain ASCII and says everything in its text', async () => {
    const { server, notifier } = await channel('ok');
    expect(await notifier.send(message)).toEqual({ outcome: 'sent' });
    expect(server.published).toMatchObject([
      { topicArn: TOPIC, subject: '[critical] Alert: B?rse zu sp?t ... - alpha (live) BTCUSDT' },
    ]);
    expect(server.published[0]?.message).toContain('Börse zu spät …');
    expect(server.published[0]?.message).toContain('nightdesk alerts ack');
  });

  test.each<[SnsAnswer, string, number]>([
    [{ status: 400, code: 'InvalidParameter' }, 'refused', 0],
    [{ status: 404, code: 'NotFound' }, 'refused', 0],
    [{ status: 403, code: 'AuthorizationError' }, 'retry', 0],
    [{ status: 429, code: 'Throttled' }, 'retry', 0],
    [{ status: 500, code: 'InternalError' }, 'retry', 0],
    [{ status: 503, code: 'ServiceUnavailable' }, 'retry', 0],
    ['reset before', 'unsure', 0],
    ['reset after', 'unsure', 1],
    ['garbage', 'unsure', 1],
  ])('an answer of %o means %s, and the SDK does not try again by itself', async (answer, outcome, published) => {
    const { server, notifier } = await channel(answer);
    expect(await notifier.send(message)).toMatchObject({ outcome });
    expect(server.calls()).toBe(1);
    expect(server.published).toHaveLength(published);
  });

  test('where nobody listens nothing was sent', async () => {
    const { server, notifier } = await channel('ok');
    await server.close();
    servers.length = 0;
    expect(await notifier.send(message)).toEqual({ outcome: 'retry', reason: 'SNS: ECONNREFUSED' });
  });

  test('SNS takes what any log says', async () => {
    const { notifier } = await channel('ok');
    await fc.assert(
      fc.asyncProperty(fc.array(hostileChange, { minLength: 1, maxLength: 5 }), async (changes) => {
        for (const one of messages(changes)) {
          expect(subjectOf(one)).toMatch(/^[\x21-\x7e][\x20-\x7e]{0,98}$/);
          expect(await notifier.send(one)).toEqual({ outcome: 'sent' });
        }
      }),
      { numRuns: 100 },
    );
  });
});
