import { randomBytes } from 'node:crypto';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { NightdeskError } from '../../core/errors.ts';
import { assertKeyPrefix, assertObjectKey } from '../../core/lake/object-key.ts';
import type { StateStore } from '../../core/ports/index.ts';
import {
  deleteObject,
  explained,
  isForLater,
  isMissing,
  listObjects,
  type Operation,
  operation,
  pause,
  readObject,
  refusalOf,
  type S3StoreOptions,
} from './s3-requests.ts';

/*
 * Compare-and-swap by If-Match and If-None-Match. S3 answers 412 to who was too late, and 409 to who met another in the
 * same moment and may try again (Amazon S3 User Guide, "How to prevent object overwrites with conditional writes").
 *
 * An object begins with the nonces of its last writes, its own first, for two reasons. The ETag is the MD5 of the
 * content: without a nonce the same content again would be the same version. And a put whose answer was lost is sent
 * again, by the SDK or here, and then meets its own first try as somebody else's write: the nonces tell who wrote,
 * also when others have gone on from it since.
 */

const NONCE = 16; // bytes
const KEPT = 16; // writes by which others may overtake one that waits for its answer
const HEADER = NONCE * KEPT;
const CONFLICT = /^(ConditionalRequestConflict|OperationAborted)$/;
/** The ETag of a write that won and that others have gone on from: what is based on it comes too late. */
const OVERTAKEN = 'overtaken';
const NONE = Buffer.alloc(NONCE);

/** The nonces of the last writes as hex, the newest first. */
type Lineage = readonly string[];

interface Found {
  /** As S3 gives it. */
  readonly etag: string;
  readonly lineage: Lineage;
  readonly body: Uint8Array;
}

/** A version is the ETag, and the lineage that the next write continues. */
const versionOf = (etag: string, lineage: Lineage): string => `${etag} ${lineage.join('')}`;

function partsOf(version: string): { readonly etag: string; readonly lineage: Lineage } {
  const [etag = '', nonces = ''] = version.split(' ');
  return { etag, lineage: nonces.match(/[0-9a-f]{32}/g) ?? [] };
}

/** The state store of a bucket; the same errors as its object store. A write that is no longer known to have won or lost throws. */
export function createS3StateStore(options: S3StoreOptions): StateStore {
  return {
    async get(key) {
      assertObjectKey(key);
      const found = await read(operation(options, `get ${key}`), key);
      return found && { body: found.body, version: versionOf(found.etag, found.lineage) };
    },
    async put(key, body, version) {
      assertObjectKey(key);
      return put(operation(options, `put ${key}`), { key, body, version });
    },
    async *list(prefix) {
      assertKeyPrefix(prefix);
      for await (const { key } of listObjects(options, prefix)) yield key;
    },
    async delete(key) {
      assertObjectKey(key);
      await deleteObject(options, key);
    },
  };
}

async function read(own: Operation, key: string): Promise<Found | undefined> {
  const found = await readObject(own, key);
  if (found === undefined) return undefined;
  const { body, etag } = found;
  if (etag === undefined || body.length < HEADER)
    throw new NightdeskError(
      'DATA_UNREADABLE',
      `S3 bucket ${own.bucket}, ${key}: no object of state${etag === undefined ? ', and without an ETag' : ''}; ` +
        'restore an older version of it, or delete it to have it made again',
    );
  const nonces = Array.from({ length: KEPT }, (_, at) => Buffer.from(body.subarray(at * NONCE, (at + 1) * NONCE)));
  const lineage = nonces.filter((nonce) => !nonce.equals(NONE)).map((nonce) => nonce.toString('hex'));
  return { etag, lineage, body: Uint8Array.from(body.subarray(HEADER)) };
}

interface Write {
  readonly key: string;
  readonly body: Uint8Array;
  /** Undefined: only where there is none. */
  readonly version: string | undefined;
}

async function put(own: Operation, { key, body, version }: Write): Promise<string | undefined> {
  const before = version === undefined ? undefined : partsOf(version);
  if (before?.etag === OVERTAKEN) return undefined;
  own.allow(body.length);
  const nonce = randomBytes(NONCE).toString('hex');
  const lineage = [nonce, ...(before?.lineage ?? [])].slice(0, KEPT);
  const header = Buffer.alloc(HEADER);
  header.write(lineage.join(''), 'hex');
  const command = new PutObjectCommand({
    Bucket: own.bucket,
    Key: key,
    Body: Buffer.concat([header, body]),
    ...(before === undefined ? { IfNoneMatch: '*' } : { IfMatch: before.etag }),
  });
  for (let tries = 1; ; tries++) {
    try {
      const { ETag } = await own.client.send(command, { abortSignal: own.signal });
      if (ETag === undefined) throw new Error('the answer to a put has no ETag: this server cannot hold state');
      return versionOf(ETag, lineage);
    } catch (error) {
      const { name, status, attempts } = refusalOf(error);
      const refused = status === 412 || isMissing(error);
      // The only try there was: it was refused, so it did nothing.
      if (refused && tries === 1 && attempts === 1) return undefined;
      const conflict = CONFLICT.test(name);
      if (!refused && !conflict && !isForLater(error)) throw explained(error, own);
      if (own.signal.aborted) throw explained(error, own);
      const found = await read(own, key);
      switch (fateOf(nonce, { before, found })) {
        case 'won':
          return versionOf(found?.lineage[0] === nonce ? found.etag : OVERTAKEN, lineage);
        case 'lost':
          return undefined;
        case 'unknown':
          throw forgotten(own, error);
        case 'open': // nobody wrote yet; a try without an answer may still do so
          if (!refused && !conflict) throw explained(error, own);
          await pause(own, tries);
      }
    }
  }
}

/** What became of a write that was tried, by what is there now. `open`: nothing was written since. */
function fateOf(
  nonce: string,
  {
    before,
    found,
  }: { readonly before: Pick<Found, 'etag' | 'lineage'> | undefined; readonly found: Found | undefined },
): 'won' | 'lost' | 'open' | 'unknown' {
  if (found === undefined) return before === undefined ? 'open' : 'lost'; // removed, with whatever was written
  if (found.lineage.includes(nonce)) return 'won';
  if (found.etag === before?.etag) return 'open';
  const [previous] = before?.lineage ?? [];
  // Who wrote next after what we read is in the lineage, or all there was since the object was made: it was not us.
  const known = (previous !== undefined && found.lineage.includes(previous)) || found.lineage.length < KEPT;
  return known ? 'lost' : 'unknown';
}

const forgotten = (own: Operation, cause: unknown): NightdeskError =>
  new NightdeskError(
    'AWS_UNAVAILABLE',
    `S3 bucket ${own.bucket}, ${own.what}: others wrote so often since that it cannot be told whether this write was ` +
      'among them; read the object again',
    { cause },
  );
