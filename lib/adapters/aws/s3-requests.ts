import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { messageOf, NightdeskError } from '../../core/errors.ts';
import { assertObjectKey } from '../../core/lake/object-key.ts';
import type { ObjectInfo } from '../../core/ports/index.ts';

export interface S3StoreOptions {
  readonly client: S3Client;
  readonly bucket: string;
  /**
   * Longest time that one operation may take with all its tries, in ms, beside 4 ms for each KB of a body; of a listing,
   * each page. @default 30000
   */
  readonly deadlineMs?: number;
}

/** One operation on a bucket: what it is about, and until when it may be tried. */
export interface Operation {
  readonly client: S3Client;
  readonly bucket: string;
  /** What is done, for messages: `get state/x`. */
  readonly what: string;
  /** Ends what is being tried at the deadline. */
  readonly signal: AbortSignal;
  /** Gives a body of so many bytes the time that it takes. */
  allow(bytes: number): void;
  readonly deadlineMs: number;
}

const DEADLINE_MS = 30_000;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;
const MOST_READS = 5;

/** A slow line, 2 Mbit/s: whoever brings less than this is taken to stand still. */
const BYTES_PER_MS = 250;

export function operation({ client, bucket, deadlineMs = DEADLINE_MS }: S3StoreOptions, what: string): Operation {
  const stop = new AbortController();
  const startMs = performance.now();
  const timer = (ms: number): NodeJS.Timeout => setTimeout(() => stop.abort(), ms).unref();
  let deadline = timer(deadlineMs);
  return {
    ...{ client, bucket, what, deadlineMs, signal: stop.signal },
    allow(bytes) {
      clearTimeout(deadline);
      deadline = timer(startMs + deadlineMs + transferMs(bytes) - performance.now());
    },
  };
}

/** How long a body of so many bytes may take to send, in ms. */
export const transferMs = (bytes: number): number => bytes / BYTES_PER_MS;

/** What S3 or the SDK said of a request that failed. */
export interface Refusal {
  /** S3's code, such as `NoSuchKey`, or the name of the SDK's own error. */
  readonly name: string;
  readonly status: number | undefined;
  /** Tries that the SDK made; undefined where it is not known. */
  readonly attempts: number | undefined;
}

export function refusalOf(error: unknown): Refusal {
  const { name, $metadata } = error as {
    name?: string;
    $metadata?: { httpStatusCode?: number; attempts?: number };
  };
  return { name: name ?? 'Error', status: $metadata?.httpStatusCode, attempts: $metadata?.attempts };
}

export const isMissing = (error: unknown): boolean => {
  const { name, status } = refusalOf(error);
  return status === 404 && name !== 'NoSuchBucket';
};

/** An object as it was read. */
export interface Read {
  readonly body: Uint8Array;
  readonly etag: string | undefined;
}

/** The whole object, or undefined where there is none. The SDK gives up on an answer that breaks off; here it is asked again. */
export async function readObject(own: Operation, key: string): Promise<Read | undefined> {
  for (let tries = 1; ; tries++) {
    try {
      const command = new GetObjectCommand({ Bucket: own.bucket, Key: key });
      const { Body, ETag, ContentLength } = await own.client.send(command, { abortSignal: own.signal });
      own.allow(ContentLength ?? 0);
      const body = Body === undefined ? new Uint8Array() : await brokenOff(Body.transformToByteArray());
      if (ContentLength !== undefined && ContentLength !== body.length)
        throw new BrokenOff(`${body.length} of ${ContentLength} bytes came`);
      return { body, etag: ETag };
    } catch (error) {
      if (isMissing(error)) return undefined;
      if (!(error instanceof BrokenOff) || tries === MOST_READS || own.signal.aborted) throw explained(error, own);
      await pause(own, tries);
    }
  }
}

/** An answer whose body did not come whole. */
class BrokenOff extends Error {}

const brokenOff = (bytes: Promise<Uint8Array>): Promise<Uint8Array> =>
  bytes.catch((error: unknown) => {
    throw new BrokenOff(`the answer broke off: ${messageOf(error)}`, { cause: error });
  });

/** Objects by prefix, in the order of S3: that of the keys' UTF-8 bytes. What no store would take as a key is left out. */
export async function* listObjects(options: S3StoreOptions, prefix: string): AsyncGenerator<ObjectInfo> {
  const { client, bucket } = options;
  let next: string | undefined;
  do {
    const own = operation(options, `list ${prefix}`);
    const page = await client
      .send(
        new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix,
          EncodingType: 'url', // XML cannot hold every character of a key
          ...(next === undefined ? {} : { ContinuationToken: next }),
        }),
        { abortSignal: own.signal },
      )
      .catch((error: unknown) => {
        throw explained(error, own);
      });
    for (const { Key, Size } of page.Contents ?? []) {
      const key = page.EncodingType === 'url' ? decoded(Key ?? '') : (Key ?? '');
      // Folders that a console makes end in a slash, and others may write what they like.
      if (isKey(key)) yield { key, bytes: Size ?? 0 };
    }
    next = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (next !== undefined);
}

/** S3 writes a space as a plus sign. */
function decoded(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', '%20'));
  } catch {
    return ''; // bytes that are no UTF-8 are no key of ours
  }
}

function isKey(key: string): boolean {
  try {
    assertObjectKey(key);
    return true;
  } catch {
    return false;
  }
}

/** Removes an object, whatever it is; no error where there is none. */
export async function deleteObject(options: S3StoreOptions, key: string): Promise<void> {
  const own = operation(options, `delete ${key}`);
  const command = new DeleteObjectCommand({ Bucket: options.bucket, Key: key });
  await options.client.send(command, { abortSignal: own.signal }).catch((error: unknown) => {
    if (!isMissing(error)) throw explained(error, own);
  });
}

/** Waits before try `n + 1`: exponential backoff with full jitter. @throws AWS_UNAVAILABLE at the deadline */
export async function pause(own: Operation, n: number): Promise<void> {
  const ms = Math.random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (n - 1));
  await sleep(ms, undefined, { signal: own.signal }).catch((error: unknown) => {
    throw explained(error, own);
  });
}

/** Codes with which S3 says that it is not to be now. What it never says otherwise than by a status is told by that. */
const LATER =
  /^(SlowDown|ServiceUnavailable|InternalError|RequestTimeout|TimeoutError|OperationAborted|ConditionalRequestConflict|Throttl.*|TooManyRequests.*|AbortError)$/;
const CREDENTIALS =
  /^(CredentialsProviderError|ExpiredToken.*|TokenRefreshRequired|InvalidAccessKeyId|InvalidToken|SignatureDoesNotMatch)$/;
const REGION = /^(PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException)$/;

/** The error that an operation ends with: what failed, why, and what to do. */
export function explained(error: unknown, own: Operation): NightdeskError {
  if (error instanceof NightdeskError) return error;
  const { name, status } = refusalOf(error);
  const of = `S3 bucket ${own.bucket}, ${own.what}`;
  const options = { cause: error };
  if (own.signal.aborted)
    return new NightdeskError(
      'AWS_UNAVAILABLE',
      `${of}: not done within ${own.deadlineMs} ms; try again later`,
      options,
    );
  if (name === 'NoSuchBucket')
    return new NightdeskError(
      'AWS_REFUSED',
      `${of}: there is no such bucket; deploy the stack, or check its name`,
      options,
    );
  if (CREDENTIALS.test(name))
    return new NightdeskError('AWS_REFUSED', `${of}: the credentials are not accepted (${name}); renew them`, options);
  if (REGION.test(name) || status === 301)
    return new NightdeskError(
      'AWS_REFUSED',
      `${of}: the bucket is in another region (${name}); set AWS_REGION`,
      options,
    );
  if (status === 403)
    return new NightdeskError(
      'AWS_REFUSED',
      `${of}: access denied; the role needs s3:GetObject, s3:PutObject, s3:DeleteObject, s3:ListBucket and the key's ` +
        'kms actions on it. Without s3:ListBucket S3 answers so for an object that is not there, too',
      options,
    );
  const why = `${name}: ${firstLine(messageOf(error))}`;
  return isForLater(error)
    ? new NightdeskError(
        'AWS_UNAVAILABLE',
        `${of}: no answer that counts after all tries (${why}); try again later`,
        options,
      )
    : new NightdeskError(
        'AWS_REFUSED',
        `${of}: failed with ${status === undefined ? '' : `${status} `}${why}`,
        options,
      );
}

/** Whether the same request may succeed later. */
export function isForLater(error: unknown): boolean {
  const { name, status } = refusalOf(error);
  if (error instanceof BrokenOff || LATER.test(name)) return true;
  // Without an answer: the network's errors have a code, a wrong setting has none.
  return status === undefined
    ? typeof (error as { code?: unknown }).code === 'string'
    : status >= 500 || status === 429;
}

const firstLine = (text: string): string => (text.split('\n')[0] ?? '').slice(0, 300);
