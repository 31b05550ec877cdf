import { createS3ObjectStore } from '../adapters/aws/object-store.ts';
import { s3Client } from '../adapters/aws/s3.ts';
import { NightdeskError } from '../core/errors.ts';
import type { ObjectStore } from '../core/ports/index.ts';
import type { Deployed } from './open-stack.ts';

/** The lake of a stack. Close it when all is done. */
export interface LakeStore extends ObjectStore {
  /** From here on every operation throws QUERY_FAILED; one that is under way comes to its end. */
  stop(): void;
  close(): void;
}

/** @throws AWS_REFUSED, AWS_UNAVAILABLE from each of its operations */
export function lakeStore({ lakeBucket, region }: Pick<Deployed, 'lakeBucket' | 'region'>): LakeStore {
  const client = s3Client({ region });
  const store = createS3ObjectStore({ client, bucket: lakeBucket });
  let stopped = false;
  const assertGoing = (): void => {
    if (stopped) throw new NightdeskError('QUERY_FAILED', 'cancelled; run it again to do the rest');
  };
  return {
    async put(key, body) {
      assertGoing();
      await store.put(key, body);
    },
    async get(key) {
      assertGoing();
      return store.get(key);
    },
    async *list(prefix) {
      for await (const object of store.list(prefix)) {
        assertGoing();
        yield object;
      }
    },
    async delete(key) {
      assertGoing();
      await store.delete(key);
    },
    stop() {
      stopped = true;
    },
    close: () => client.destroy(),
  };
}
