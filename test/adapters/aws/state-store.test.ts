import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createS3StateStore } from '../../../lib/adapters/aws/state-store.ts';
import type { StateStore } from '../../../lib/core/ports/index.ts';
import { bytes, increment, stateKeys, stateStoreContract, textOf } from '../../contract/state-store.ts';
import { type S3Fake, startS3 } from '../../support/s3-fake.ts';
import type { S3Fault, S3Faults } from '../../support/s3-faults.ts';
import { makeBucket, needsS3, REAL_S3, realClient, S3_SERVERS } from '../../support/s3-real.ts';

describe('over HTTP', () => {
  let s3: S3Fake;
  let client: S3Client;
  beforeAll(async () => {
    s3 = await startS3();
    client = s3.client();
  });
  afterAll(() => s3.close());
  stateStoreContract('on S3', () => createS3StateStore({ client, bucket: s3.addBucket() }));
});

describe.skipIf(REAL_S3 === undefined)(needsS3('on a real server'), () => {
  const client = realClient();
  const open = async (): Promise<StateStore> => {
    return createS3StateStore({ client, bucket: await makeBucket(client) });
  };
  stateStoreContract('on S3', open, { keysBelowKeys: false });
});

const KEY = 'state/x';

/** Faults of the conditional puts one after the other; what stands in their place is done before the put goes on. */
function ofPuts(faults: readonly (S3Fault | undefined | (() => Promise<void>))[]): S3Faults {
  let at = 0;
  return async ({ conditional }) => {
    const fault = conditional ? faults[at++] : undefined;
    if (typeof fault !== 'function') return fault;
    await fault();
    return undefined;
  };
}

/** For faults that hang; elsewhere nothing is to be given up because the machine is busy. */
const SHORT = { requestTimeoutMs: 300 };

describe.each(S3_SERVERS)('the state store on $name', ({ absent, open }) => {
  /** A store that meets faults, one beside it that does not, and an object that both know. */
  const begin = async (
    faults: S3Faults,
    { deadlineMs, hangs = false }: { deadlineMs?: number; hangs?: boolean } = {},
  ) => {
    const { client, undisturbed, bucket } = await open(faults);
    const others = createS3StateStore({ client: undisturbed, bucket });
    const deadline = deadlineMs === undefined ? {} : { deadlineMs };
    const store = createS3StateStore({ client: client(hangs ? SHORT : {}), bucket, ...deadline });
    return { store, others, undisturbed, bucket };
  };

  for (const fault of ['lost', 'hang done', 'InternalError done'] as const)
    test.skipIf(absent)(`a put that won and whose answer never came (${fault}) says that it won`, async () => {
      const { store, others } = await begin(ofPuts([fault, undefined, fault, fault]), { hangs: fault === 'hang done' });
      const made = await store.put(KEY, bytes('1'), undefined);
      expect(made).toBeDefined();
      expect(made).toBe((await others.get(KEY))?.version);
      const changed = await store.put(KEY, bytes('2'), made);
      expect(changed).toBeDefined();
      expect(changed).toBe((await others.get(KEY))?.version);
      expect(textOf((await others.get(KEY))?.body)).toBe('2');
      expect(await store.put(KEY, bytes('3'), changed)).toBeDefined();
    });

  test.skipIf(absent)('it says so too where others have gone on from it since, and can do no harm then', async () => {
    let times = 5;
    const goOn = async (): Promise<void> => {
      while (times-- > 0) await increment(others, KEY);
    };
    const { store, others } = await begin(ofPuts(['lost', goOn]));
    await others.put(KEY, bytes('1'), undefined);
    const version = await store.put(KEY, bytes('2'), (await others.get(KEY))?.version);
    expect(version).toBeDefined();
    expect(textOf((await others.get(KEY))?.body)).toBe('7');
    expect(await store.put(KEY, bytes('lost'), version)).toBeUndefined();
    expect(textOf((await others.get(KEY))?.body)).toBe('7');
  });

  test.skipIf(absent)('where so many have that nobody remembers, it does not guess', async () => {
    let times = 40;
    const goOn = async (): Promise<void> => {
      while (times-- > 0) await increment(others, KEY);
    };
    const { store, others } = await begin(ofPuts(['lost', goOn]));
    await others.put(KEY, bytes('1'), undefined);
    const version = (await others.get(KEY))?.version;
    await expect(store.put(KEY, bytes('2'), version)).rejects.toMatchObject({ code: 'AWS_UNAVAILABLE' });
  });

  test.skipIf(absent)('a put that never arrived, and that another was faster than meanwhile, has lost', async () => {
    for (const made of [false, true]) {
      const faster = async (): Promise<void> => {
        await increment(others, KEY);
      };
      const { store, others } = await begin(ofPuts(['reset', faster]));
      const version = made ? await others.put(KEY, bytes('1'), undefined) : undefined;
      expect(await store.put(KEY, bytes('lost'), version)).toBeUndefined();
      expect(textOf((await others.get(KEY))?.body)).toBe(made ? '2' : '1');
    }
  });

  test.skipIf(absent)(
    'a put that meets another in the same moment is tried again, and wins where nobody wrote',
    async () => {
      const conflict = 'ConditionalRequestConflict';
      const { store, others } = await begin(ofPuts([conflict, conflict, undefined, conflict, conflict]));
      const version = await store.put(KEY, bytes('1'), undefined);
      expect(await store.put(KEY, bytes('2'), version)).toBe((await others.get(KEY))?.version);
      expect(textOf((await others.get(KEY))?.body)).toBe('2');
    },
  );

  test.skipIf(absent)('and loses where the other did', async () => {
    let writes = 0;
    const faults: S3Faults = async ({ conditional }) => {
      if (!conditional || writes++ > 0) return undefined;
      await increment(others, KEY);
      return 'ConditionalRequestConflict';
    };
    const { store, others } = await begin(faults);
    expect(await store.put(KEY, bytes('lost'), undefined)).toBeUndefined();
    expect(textOf((await others.get(KEY))?.body)).toBe('1');
  });

  test.skipIf(absent)('what S3 cannot do just now is done a little later', async () => {
    const faults: S3Fault[] = ['SlowDown', 'InternalError', 'RequestTimeout', 'reset', 'hang', 'SlowDown'];
    const { store } = await begin(() => faults.shift(), { hangs: true });
    const version = await store.put(KEY, bytes('1'), undefined);
    faults.push('SlowDown', 'cut', 'reset', 'hang', 'InternalError');
    expect(await store.get(KEY)).toEqual({ body: bytes('1'), version });
    faults.push('SlowDown', 'reset', 'InternalError');
    expect(await stateKeys(store, 'state/')).toEqual([KEY]);
    faults.push('SlowDown', 'lost');
    await store.delete(KEY);
    expect(await store.get(KEY)).toBeUndefined();
    expect(faults).toEqual([]);
  });

  for (const fault of ['SlowDown', 'reset', 'hang', 'ConditionalRequestConflict'] as const)
    test.skipIf(absent)(`what it can never do ends with an error by the deadline (${fault})`, async () => {
      const { store } = await begin(() => fault, { deadlineMs: 700 });
      for (const write of [() => store.put(KEY, bytes('1'), undefined), () => store.put(KEY, bytes('1'), '"v"')])
        await expect(write()).rejects.toMatchObject({ code: 'AWS_UNAVAILABLE' });
    });

  test.skipIf(absent)('a write of which nobody can say what became of it is an error, not a loss', async () => {
    const { store, others } = await begin(({ conditional }) => (conditional ? 'reset' : undefined));
    const version = await others.put(KEY, bytes('1'), undefined);
    await expect(store.put(KEY, bytes('2'), version)).rejects.toMatchObject({ code: 'AWS_UNAVAILABLE' });
    expect(textOf((await others.get(KEY))?.body)).toBe('1');
  });

  test.skipIf(absent)('a write that all answers to were lost of has won all the same', async () => {
    const { store, others } = await begin(({ conditional }) => (conditional ? 'lost' : undefined));
    expect(await store.put(KEY, bytes('1'), undefined)).toBe((await others.get(KEY))?.version);
    expect(textOf((await others.get(KEY))?.body)).toBe('1');
  });

  test.skipIf(absent)('an object that somebody else put there is not taken for state', async () => {
    const { store, undisturbed, bucket } = await begin(() => undefined);
    await undisturbed.send(new PutObjectCommand({ Bucket: bucket, Key: KEY, Body: 'by hand' }));
    await expect(store.get(KEY)).rejects.toMatchObject({
      code: 'DATA_UNREADABLE',
      message: /state\/x: no object of state/,
    });
    expect(await store.put(KEY, bytes('1'), undefined)).toBeUndefined();
    await store.delete(KEY);
    expect(await store.put(KEY, bytes('1'), undefined)).toBeDefined();
  });

  test.skipIf(absent)('whatever goes wrong, no update is lost or made twice', { timeout: 120_000 }, async () => {
    const fault = fc.oneof(
      { arbitrary: fc.constant(undefined), weight: 6 },
      { arbitrary: fc.constantFrom<S3Fault>('lost', 'lost', 'InternalError done', 'reset', 'SlowDown'), weight: 3 },
      { arbitrary: fc.constantFrom<S3Fault>('ConditionalRequestConflict', 'cut', 1, 8), weight: 1 },
    );
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fault), async (faults) => {
        const { client, undisturbed, bucket } = await open(({ conditional, method }) => {
          const next = faults.next().value;
          return next === 'ConditionalRequestConflict' && !conditional
            ? undefined
            : method === 'GET' && next === 'lost'
              ? 'cut'
              : next;
        });
        const own = client();
        let unsure = 0;
        let sure = 0;
        await Promise.all(
          Array.from({ length: 3 }, async () => {
            const store = createS3StateStore({ client: own, bucket });
            for (let n = 0; n < 5; n++)
              await increment(store, KEY).then(
                () => sure++,
                () => unsure++,
              );
          }),
        );
        const found = Number(textOf((await createS3StateStore({ client: undisturbed, bucket }).get(KEY))?.body) ?? '0');
        expect(found).toBeGreaterThanOrEqual(sure);
        expect(found).toBeLessThanOrEqual(sure + unsure);
        expect(unsure).toBeLessThan(8); // else the law says little
      }),
      { numRuns: 12 },
    );
  });
});
