import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { HttpResponse } from '@smithy/protocol-http';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createS3ObjectStore } from '../../../lib/adapters/aws/object-store.ts';
import { s3Client } from '../../../lib/adapters/aws/s3.ts';
import { type S3Fake, startS3, TEST_CREDENTIALS } from '../../support/s3-fake.ts';
import { makeBucket, REAL_S3, realClient } from '../../support/s3-real.ts';

let s3: S3Fake;
beforeEach(async () => {
  for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3'])
    vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent');
  s3 = await startS3();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await s3.close();
});

const opened = (client: S3Client): S3Client => {
  onTestFinished(() => client.destroy());
  return client;
};

describe('the client of S3', () => {
  test('goes where the environment says, as other tools of AWS do', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_S3', s3.endpoint);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
    const client = opened(s3Client());
    await createS3ObjectStore({ client, bucket: s3.bucket }).put('events/x', Buffer.from('1'));
    expect([...s3.objects.keys()]).toEqual(['events/x']);
    expect(await client.config.region()).toBe('us-east-1');
  });

  test('asks a name for its buckets by path, since no name has buckets below it but those of AWS', async () => {
    const client = opened(
      s3Client({ endpoint: s3.endpoint.replace('127.0.0.1', 'localhost'), credentials: TEST_CREDENTIALS }),
    );
    await createS3ObjectStore({ client, bucket: s3.bucket }).put('events/x', Buffer.from('1'));
    expect(s3.objects.size).toBe(1);
  });

  test('takes the region it is given before that of the environment', async () => {
    vi.stubEnv('AWS_REGION', 'eu-central-1');
    expect(await opened(s3Client()).config.region()).toBe('eu-central-1');
    expect(await opened(s3Client({ endpoint: s3.endpoint })).config.region()).toBe('eu-central-1');
    expect(await opened(s3Client({ region: 'eu-west-1' })).config.region()).toBe('eu-west-1');
  });

  test('where nobody says the region, an operation says so', async () => {
    const store = createS3ObjectStore({ client: opened(s3Client({ credentials: TEST_CREDENTIALS })), bucket: 'lake' });
    await expect(store.get('events/x')).rejects.toMatchObject({ code: 'AWS_REFUSED', message: /[Rr]egion is missing/ });
  });

  test('where nothing listens, an operation says that S3 cannot be had, and tells no secret', async () => {
    const endpoint = s3.endpoint;
    await s3.close();
    const client = opened(s3Client({ endpoint, credentials: TEST_CREDENTIALS, maxAttempts: 2 }));
    const failure = await createS3ObjectStore({ client, bucket: 'lake' })
      .get('events/x')
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'AWS_UNAVAILABLE', message: expect.stringContaining('ECONNREFUSED') });
    expect(String(failure)).not.toContain(TEST_CREDENTIALS.secretAccessKey);
  });

  for (const mode of ['WHEN_REQUIRED', 'WHEN_SUPPORTED'])
    test(`bodies arrive as they were sent, with checksums ${mode}`, async () => {
      vi.stubEnv('AWS_REQUEST_CHECKSUM_CALCULATION', mode);
      vi.stubEnv('AWS_RESPONSE_CHECKSUM_VALIDATION', mode);
      const body = Buffer.from('x'.repeat(3_000_000)); // the SDK waits for 100 Continue from 2 MB on
      const clients = [{ client: s3.client(), bucket: s3.bucket }];
      if (REAL_S3 !== undefined) clients.push({ client: realClient(), bucket: await makeBucket(realClient()) });
      for (const { client, bucket } of clients) {
        const store = createS3ObjectStore({ client, bucket });
        await store.put('events/x', body);
        expect(Buffer.compare((await store.get('events/x')) ?? Buffer.alloc(0), body)).toBe(0);
      }
    });

  test('the ETag of the small S3 is the MD5 of the content, as on S3 without KMS', async () => {
    const { ETag } = await s3.client().send(new PutObjectCommand({ Bucket: s3.bucket, Key: 'x', Body: 'abc' }));
    expect(ETag).toBe('"900150983cd24fb0d6963f7d28e17f72"');
  });

  test('a large body may take as long as a slow line needs, a small one what the client allows', async () => {
    const told: unknown[] = [];
    const requestHandler = {
      async handle(_request: unknown, options: { requestTimeout?: number } = {}) {
        told.push(options.requestTimeout);
        return { response: new HttpResponse({ statusCode: 200, headers: {} }) };
      },
    };
    const client = opened(new S3Client({ region: 'us-east-1', credentials: TEST_CREDENTIALS, requestHandler }));
    const store = createS3ObjectStore({ client, bucket: 'lake' });
    await store.put('events/small', Buffer.alloc(1_000));
    await store.put('events/large', Buffer.alloc(5_000_000)); // 20 s at 2 Mbit/s
    expect(told).toEqual([undefined, 30_000]);
  });
});
