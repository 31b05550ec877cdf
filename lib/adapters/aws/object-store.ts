import { PutObjectCommand } from '@aws-sdk/client-s3';
import { assertKeyPrefix, assertObjectKey } from '../../core/lake/object-key.ts';
import type { ObjectStore } from '../../core/ports/index.ts';
import { REQUEST_TIMEOUT_MS } from './s3.ts';
import {
  deleteObject,
  explained,
  listObjects,
  operation,
  readObject,
  type S3StoreOptions,
  transferMs,
} from './s3-requests.ts';

const LARGE_BYTES = 1_048_576;

/**
 * The object store of a bucket. Every operation ends by its deadline.
 * @throws AWS_REFUSED where waiting will not help (no such bucket, no permission), AWS_UNAVAILABLE where it may
 */
export function createS3ObjectStore(options: S3StoreOptions): ObjectStore {
  const { client, bucket: Bucket } = options;
  return {
    async put(key, body) {
      assertObjectKey(key);
      const own = operation(options, `put ${key}`);
      const command = new PutObjectCommand({ Bucket, Key: key, Body: body });
      own.allow(body.length);
      // The time of a request begins with its first byte: a large body gets what it takes, a small one the client's.
      const large = body.length > LARGE_BYTES && { requestTimeout: REQUEST_TIMEOUT_MS + transferMs(body.length) };
      await client.send(command, { abortSignal: own.signal, ...large }).catch((error: unknown) => {
        throw explained(error, own);
      });
    },
    async get(key) {
      assertObjectKey(key);
      return (await readObject(operation(options, `get ${key}`), key))?.body;
    },
    async *list(prefix) {
      assertKeyPrefix(prefix);
      yield* listObjects(options, prefix);
    },
    async delete(key) {
      assertObjectKey(key);
      await deleteObject(options, key);
    },
  };
}
