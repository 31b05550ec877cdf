import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { required } from '../../lambdas/support/environment.ts';
import { readMessage } from '../../lambdas/support/object-messages.ts';
import { bucketEndMs, DAY_MS, HOUR_MS } from '../../lambdas/support/scheduled.ts';
import { readSettings } from '../../lambdas/support/settings.ts';
import { lambdaLog } from '../../lib/adapters/aws/lambda-log.ts';
import { secretReader } from '../../lib/adapters/aws/secrets.ts';
import { tempFolder } from '../support/temp.ts';
import { type Answer, awsStub, exception, SETTINGS } from './support.ts';

describe('settings beside the code', () => {
  const read = (text: string): unknown => {
    const root = tempFolder();
    writeFileSync(join(root, 'settings.json'), text);
    return readSettings({ LAMBDA_TASK_ROOT: root });
  };

  test('are what synth wrote', () => {
    expect(read(JSON.stringify(SETTINGS))).toEqual(SETTINGS);
  });

  test.each([
    ['', 'cannot be read'],
    ['[]', 'must hold an object'],
    [JSON.stringify({ ...SETTINGS, zone: '' }), 'zone must be the name of a zone'],
    [JSON.stringify({ ...SETTINGS, hash: [1] }), 'hash must be a list of names'],
    [JSON.stringify({ ...SETTINGS, maxEventAgeMs: '7d' }), 'maxEventAgeMs must be a number of ms from 0'],
    [JSON.stringify({ ...SETTINGS, ledger: { ...SETTINGS.ledger, latenessMs: -1 } }), 'ledger.latenessMs must be'],
    [JSON.stringify({ ...SETTINGS, ledger: undefined }), 'ledger must be an object'],
  ])('that are not whole are refused, by name: %s', (text, why) => {
    expect(() => read(text)).toThrow(why);
  });

  test('that are not there are named with their path', () => {
    expect(() => readSettings({ LAMBDA_TASK_ROOT: '/nowhere' })).toThrow('/nowhere/settings.json: cannot be read');
  });

  test('a variable that is missing or empty is named', () => {
    expect(required({ A: 'x' }, 'A')).toBe('x');
    for (const A of [undefined, '', ' ']) expect(() => required({ A }, 'A')).toThrow('no A');
  });
});

describe('the log of a function', () => {
  const logged = (say: (log: ReturnType<typeof lambdaLog>) => void): string[] => {
    const lines: string[] = [];
    say(lambdaLog({ stage: 'transform', write: (line) => lines.push(line), nowMs: () => 0 }));
    return lines;
  };

  test('is one JSON line each, with the names that Lambda filters by', () => {
    const [line = ''] = logged((log) => log.warn('two\nlines', { records: 3, level: 'mine' }));
    expect(line.endsWith('}\n')).toBe(true);
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(JSON.parse(line)).toEqual({
      timestamp: '1970-01-01T00:00:00.000Z',
      level: 'WARN',
      stage: 'transform',
      message: 'two\nlines',
      records: 3,
    });
  });

  test('takes whatever it is told, and never throws', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    fc.assert(
      fc.property(fc.oneof(fc.anything({ withBigInt: true }), fc.constant(circle)), fc.string(), (value, message) => {
        const [line = ''] = logged((log) => log.error(message, { value }));
        expect(JSON.parse(line)).toMatchObject({ level: 'ERROR' });
      }),
    );
  });

  test('holds no credential, and no text without end', () => {
    const key = 'AKIAIOSFODNN7EXAMPLE';
    const error = new Error(`refused for ${key}`);
    const [line = ''] = logged((log) => log.info(`with ${key}`, { error, raw: key, long: 'x'.repeat(1e6) }));
    expect(line).not.toContain(key);
    expect(line.length).toBeLessThan(5_000);
    expect(JSON.parse(line).error).toContain('refused for');
  });

  test('holds no half of a credential either, where a text is cut', () => {
    const key = 'AKIAIOSFODNN7EXAMPLE';
    for (const before of [1_985, 1_990, 1_999]) {
      const [line = ''] = logged((log) => log.info('cut', { raw: `${'x'.repeat(before)} ${key}` }));
      expect(line).not.toContain('AKIA');
      expect(JSON.parse(line).raw.length).toBeLessThanOrEqual(2_000);
    }
  });
});

describe('a secret', () => {
  const salt = { body: { ARN: 'arn', Name: 'salt', SecretString: 'a salt of some length' } };

  async function reader(answers: readonly Answer[], deadlineMs = 60_000) {
    let at = 0;
    const { calls, endpoint } = await awsStub(() => answers[Math.min(at++, answers.length - 1)]);
    const client = new SecretsManagerClient({
      endpoint,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test-secret' },
    });
    onTestFinished(() => client.destroy());
    return { calls, read: secretReader({ client, secretId: 'the-salt', deadlineMs }) };
  }

  test('is asked for once, whoever asks how often', async () => {
    const { calls, read } = await reader([salt]);
    expect(await Promise.all([read(), read()])).toEqual(Array(2).fill('a salt of some length'));
    await read();
    expect(calls).toEqual([{ operation: 'secretsmanager.GetSecretValue', body: { SecretId: 'the-salt' } }]);
  });

  test('is asked for again after a failure, which is never kept', async () => {
    const { read } = await reader([exception('AccessDeniedException', 400), salt]);
    await expect(read()).rejects.toMatchObject({ code: 'AWS_REFUSED' });
    expect(await read()).toBe('a salt of some length');
  });

  test('that AWS is too busy for is asked for again within the call', async () => {
    const { calls, read } = await reader([
      exception('InternalServiceError', 500),
      exception('ThrottlingException', 400),
      salt,
    ]);
    expect(await read()).toBe('a salt of some length');
    expect(calls).toHaveLength(3);
  });

  test.each([
    ['that is not there', exception('ResourceNotFoundException', 400), 'AWS_REFUSED'],
    ['whose key may not be used', exception('DecryptionFailure', 400), 'AWS_REFUSED'],
    ['that holds no text', { body: { ARN: 'arn', Name: 'salt', SecretBinary: 'AAAA' } }, 'AWS_REFUSED'],
    ['that does not answer', undefined, 'AWS_UNAVAILABLE'],
  ])('%s is told by its name', async (_what, answer, code) => {
    const { read } = await reader([answer], answer === undefined ? 300 : undefined);
    await expect(read()).rejects.toMatchObject({ code, message: expect.stringContaining('secret the-salt') });
  });

  test('that is too short is refused, and not told', async () => {
    const { read } = await reader([{ body: { ARN: 'arn', Name: 'salt', SecretString: 'hunter2' } }]);
    const error = await read().catch((thrown: unknown) => thrown as Error);
    expect(error).toMatchObject({ code: 'AWS_REFUSED' });
    expect(String(error)).not.toContain('hunter2');
  });
});

describe('the bucket of a call', () => {
  test('is the last that ended when the call was meant to be made, whenever it is made', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }),
        fc.constantFrom(HOUR_MS, DAY_MS),
        (date, widthMs) => {
          const endMs = bucketEndMs({ scheduled: date.toISOString() }, widthMs);
          expect(endMs % widthMs).toBe(0);
          expect(date.getTime() - endMs).toBeGreaterThanOrEqual(0);
          expect(date.getTime() - endMs).toBeLessThan(widthMs);
        },
      ),
    );
    expect(bucketEndMs({ scheduled: '2026-01-06T01:30:00+05:30' }, DAY_MS)).toBe(Date.UTC(2026, 0, 5));
  });
});

test('a message of the queue is read or malformed, whatever it holds', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
      const message = readMessage({ messageId: 'm', body });
      if ('objects' in message) expect(message.objects).toEqual([]);
      else expect(message.malformed).not.toBe('');
    }),
  );
});

test('what a copied folder leaves beside the objects is nobody’s object, and comes again to no one', () => {
  const created = (key: string) => ({ eventName: 'ObjectCreated:Put', s3: { object: { key, size: 1 } } });
  const day = 'events/execution/v1/date%3D2025-11-21/';
  const body = JSON.stringify({ Records: [created(`${day}.DS_Store`), created(`${day}a+b.jsonl.gz`)] });

  expect(readMessage({ messageId: 'm', body })).toEqual({
    messageId: 'm',
    objects: [{ key: 'events/execution/v1/date=2025-11-21/a b.jsonl.gz', bytes: 1 }],
  });
});
