import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createS3ObjectStore } from '../../../lib/adapters/aws/object-store.ts';
import { keysOf, objectStoreContract } from '../../contract/object-store.ts';
import { type S3Fake, startS3 } from '../../support/s3-fake.ts';
import type { S3Fault } from '../../support/s3-faults.ts';
import { makeBucket, needsS3, REAL_S3, realClient, S3_SERVERS } from '../../support/s3-real.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('over HTTP', () => {
  let s3: S3Fake;
  let client: S3Client;
  beforeAll(async () => {
    s3 = await startS3({ pageSize: 3 });
    client = s3.client();
  });
  afterAll(() => s3.close());
  objectStoreContract('on S3', () => createS3ObjectStore({ client, bucket: s3.addBucket() }));

  test('lists keys that XML has no characters for', async () => {
    const store = createS3ObjectStore({ client, bucket: s3.addBucket() });
    const keys = ['events/a\ufffeb', 'events/a\uffffb'];
    for (const key of keys) await store.put(key, bytes(key));
    expect(await keysOf(store, '')).toEqual(keys);
  });
});

describe.skipIf(REAL_S3 === undefined)(needsS3('on a real server'), () => {
  const client = realClient();
  objectStoreContract('on S3', async () => {
    return createS3ObjectStore({ client, bucket: await makeBucket(client) });
  });
});

const HANGS = { requestTimeoutMs: 300 };

describe.each(S3_SERVERS)('the object store on $name', ({ absent, open, pageSize }) => {
  test.skipIf(absent)('lists more than a page holds, in order, each key once', { timeout: 60_000 }, async () => {
    const { client, bucket } = await open();
    const store = createS3ObjectStore({ client: client(), bucket });
    const keys = Array.from({ length: pageSize + 5 }, (_, n) => `events/a b+c/o${String(n).padStart(5, '0')}`);
    for (let at = 0; at < keys.length; at += 100)
      await Promise.all(keys.slice(at, at + 100).map((key) => store.put(key, bytes(key))));
    expect(await keysOf(store, '')).toEqual(keys);
    expect(await keysOf(store, 'events/a b+c/o0002')).toHaveLength(10);
  });

  test.skipIf(absent)('keys keep every character that they may have', async () => {
    const { client, bucket } = await open();
    const store = createS3ObjectStore({ client: client(), bucket });
    const keys = ['a b', 'a+b', 'a%20b', 'a%', 'a&<>"\'b', 'a=b;c?d#e', 'é/\u{1f600}', 'e\u0301', 'a~*()!'];
    for (const key of keys) await store.put(key, bytes(key));
    expect((await keysOf(store, '')).sort()).toEqual([...keys].sort());
    for (const key of keys) expect(await store.get(key), key).toEqual(bytes(key));
  });

  test.skipIf(absent)('folders that a console makes are no objects', async () => {
    const { client, bucket, undisturbed } = await open();
    await undisturbed.send(new PutObjectCommand({ Bucket: bucket, Key: 'events/' }));
    const store = createS3ObjectStore({ client: client(), bucket });
    await store.put('events/x', bytes('1'));
    expect(await keysOf(store, '')).toEqual(['events/x']);
  });

  test.skipIf(absent)('what S3 cannot do just now is done a little later', async () => {
    const faults: S3Fault[] = ['SlowDown', 'reset', 'hang', 'RequestTimeout', 'lost', 'InternalError'];
    const { client, bucket } = await open(() => faults.shift());
    const store = createS3ObjectStore({ client: client(HANGS), bucket });
    const body = bytes('x'.repeat(200_000));
    await store.put('events/x', body);
    faults.push('cut', 'SlowDown', 'cut', 'reset', 'hang');
    expect(await store.get('events/x')).toEqual(body);
    faults.push('InternalError', 'reset', 'cut');
    expect(await keysOf(store, '')).toEqual(['events/x']);
    faults.push('lost', 'SlowDown');
    await store.delete('events/x');
    expect(await store.get('events/x')).toBeUndefined();
    expect(faults).toEqual([]);
  });

  for (const fault of ['SlowDown', 'reset', 'hang', 'cut', 'InternalError'] as const)
    test.skipIf(absent)(`what it can never do ends with an error by the deadline (${fault})`, async () => {
      let disturbed = false;
      const { client, bucket } = await open(() => (disturbed ? fault : undefined));
      const store = createS3ObjectStore({ client: client(HANGS), bucket, deadlineMs: 700 });
      await store.put('events/x', bytes('a body that can be cut'));
      disturbed = true;
      const unavailable = { code: 'AWS_UNAVAILABLE', message: expect.stringContaining(bucket) };
      await expect(store.get('events/x')).rejects.toMatchObject(unavailable);
      await expect(keysOf(store, '')).rejects.toMatchObject(unavailable);
      if (fault === 'cut') return; // an answer without a body cannot be
      await expect(store.put('events/x', bytes('2'))).rejects.toMatchObject(unavailable);
      await expect(store.delete('events/x')).rejects.toMatchObject(unavailable);
    });

  test.skipIf(absent)('a permission that is missing is named, and not waited for', async () => {
    let asked = 0;
    const { client, bucket } = await open(() => {
      asked++;
      return 'AccessDenied';
    });
    const store = createS3ObjectStore({ client: client(), bucket });
    const refused = { code: 'AWS_REFUSED', message: expect.stringMatching(/events\/x.*s3:ListBucket/s) };
    await expect(store.get('events/x')).rejects.toMatchObject(refused);
    await expect(store.put('events/x', bytes('1'))).rejects.toMatchObject(refused);
    await expect(store.delete('events/x')).rejects.toMatchObject(refused);
    await expect(keysOf(store, 'events/x')).rejects.toMatchObject(refused);
    expect(asked).toBe(4);
  });

  test.skipIf(absent)('a bucket that is not there is an error, not an empty one', async () => {
    const { client } = await open();
    const store = createS3ObjectStore({ client: client(), bucket: 'not-there' });
    const refused = { code: 'AWS_REFUSED', message: expect.stringContaining('not-there') };
    await expect(store.get('events/x')).rejects.toMatchObject(refused);
    await expect(store.put('events/x', bytes('1'))).rejects.toMatchObject(refused);
    await expect(store.delete('events/x')).rejects.toMatchObject(refused);
    await expect(keysOf(store, '')).rejects.toMatchObject(refused);
  });
});
