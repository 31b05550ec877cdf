import { createS3ObjectStore } from '../adapters/aws/object-store.ts';
import { s3Client } from '../adapters/aws/s3.ts';
import type { ObjectStore } from '../core/ports/index.ts';
import type { Deployed } from './open-stack.ts';

/** The lake of a stack. Close it when all is done. */
export interface LakeStore extends ObjectStore {
  close(): void;
}

/** @throws AWS_REFUSED, AWS_UNAVAILABLE from each of its operations */
export function lakeStore({ lakeBucket, region }: Pick<Deployed, 'lakeBucket' | 'region'>): LakeStore {
  const client = s3Client({ region });
  const store = createS3ObjectStore({ client, bucket: lakeBucket });
  return {
    put: (key, body) => store.put(key, body),
    get: (key) => store.get(key),
    list: (prefix) => store.list(prefix),
    delete: (key) => store.delete(key),
    close: () => client.destroy(),
  };
}
