import { createHash } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import { type S3ClientOptions, s3Client } from '../../lib/adapters/aws/s3.ts';
import { refusal, type S3Faults, withFaults } from './s3-faults.ts';
import { type S3Answer, type S3Request, serve } from './s3-http.ts';

export interface S3Object {
  readonly body: Buffer;
  /** With its quotes. */
  readonly etag: string;
  readonly modified: Date;
}

export interface S3Fake {
  readonly endpoint: string;
  /** The bucket that is there from the start. */
  readonly bucket: string;
  /** Objects of that bucket by key; tests may change them. */
  readonly objects: Map<string, S3Object>;
  /** Requests in their order, as `PUT state/x`; `LIST prefix`. */
  readonly requests: string[];
  /** Makes one more bucket. @returns its name */
  addBucket(): string;
  /** The objects of a bucket. */
  objectsOf(bucket: string): Map<string, S3Object>;
  /** A client as the functions make it, which waits little before it tries again. */
  client(options?: S3ClientOptions): S3Client;
  close(): Promise<void>;
}

export interface S3FakeOptions {
  /** What goes wrong, asked at each request. @default - nothing */
  readonly faults?: S3Faults | undefined;
  /** Most keys on a page of a listing. @default 1000 */
  readonly pageSize?: number;
}

// The SDK's remark on Node 20 is for programmers, once.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

export const TEST_CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test-secret' };

/**
 * A small S3 on loopback, by Amazon's API reference: PUT, GET, HEAD, DELETE and ListObjectsV2 with pages, conditional
 * puts, ETags that are the MD5 of the content. Signatures are not checked.
 */
export async function startS3({ faults, pageSize = 1000 }: S3FakeOptions = {}): Promise<S3Fake> {
  const bucket = 'lake';
  const buckets = new Map<string, Map<string, S3Object>>([[bucket, new Map()]]);
  const requests: string[] = [];
  const answer = async (request: S3Request): Promise<S3Answer> => answerTo(request, { buckets, requests, pageSize });
  const { endpoint, close } = await serve(faults === undefined ? answer : withFaults(answer, faults));
  const clients: S3Client[] = [];
  const objectsOf = (name: string): Map<string, S3Object> => {
    const found = buckets.get(name);
    if (found === undefined) throw new Error(`no bucket ${name}`);
    return found;
  };
  return {
    endpoint,
    bucket,
    requests,
    objects: objectsOf(bucket),
    objectsOf,
    addBucket() {
      const name = `bucket-${buckets.size}`;
      buckets.set(name, new Map());
      return name;
    },
    client(options = {}) {
      const client = impatient(s3Client({ endpoint, credentials: TEST_CREDENTIALS, ...options }));
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.destroy();
      await close();
    },
  };
}

/** The SDK's own retries, with waits of a few milliseconds in place of seconds, and without an end to their number. */
export function impatient(client: S3Client): S3Client {
  const { retryStrategy } = client.config;
  client.config.retryStrategy = async () => {
    const strategy = await retryStrategy();
    const retryBackoffStrategy = { setDelayBase() {}, computeNextBackoffDelay: () => Math.random() * 4 };
    return Object.assign(strategy, { retryBackoffStrategy, capacity: 500 });
  };
  return client;
}

interface Inside {
  readonly buckets: Map<string, Map<string, S3Object>>;
  readonly requests: string[];
  readonly pageSize: number;
}

function answerTo({ method, url, headers, body }: S3Request, inside: Inside): S3Answer {
  const { pathname, searchParams } = new URL(url, 'http://s3');
  const [, bucket = '', ...parts] = pathname.split('/');
  const key = decodeURIComponent(parts.join('/'));
  const objects = inside.buckets.get(bucket);
  const list = method === 'GET' && key === '';
  inside.requests.push(list ? `LIST ${searchParams.get('prefix') ?? ''}` : `${method} ${key}`);
  if (objects === undefined) return refusal('NoSuchBucket', 404);
  if (list) return listing(objects, searchParams, inside.pageSize);
  const found = objects.get(key);
  switch (method) {
    case 'PUT':
      return put(objects, { key, headers, body });
    case 'DELETE':
      objects.delete(key);
      return { status: 204 };
    case 'GET':
    case 'HEAD':
      if (found === undefined) return refusal('NoSuchKey', 404);
      return {
        status: 200,
        headers: {
          etag: found.etag,
          'last-modified': found.modified.toUTCString(),
          'content-type': 'application/octet-stream',
          'content-length': String(found.body.length),
        },
        body: found.body,
      };
    default:
      return refusal('MethodNotAllowed', 405);
  }
}

function put(
  objects: Map<string, S3Object>,
  { key, headers, body }: Pick<S3Request, 'headers' | 'body'> & { readonly key: string },
): S3Answer {
  const found = objects.get(key);
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers;
  if (Buffer.byteLength(key) > 1024) return refusal('KeyTooLongError', 400);
  if (headers['x-amz-content-sha256']?.startsWith('STREAMING') === true) return refusal('NotImplemented', 501);
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') return refusal('NotImplemented', 501);
  if (ifNoneMatch === '*' && found !== undefined) return refusal('PreconditionFailed', 412);
  if (ifMatch !== undefined && found === undefined) return refusal('NoSuchKey', 404);
  if (ifMatch !== undefined && found?.etag !== `"${ifMatch.replaceAll('"', '')}"`)
    return refusal('PreconditionFailed', 412);
  const etag = `"${createHash('md5').update(body).digest('hex')}"`;
  objects.set(key, { body, etag, modified: new Date() });
  return { status: 200, headers: { etag } };
}

const byUtf8 = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

function listing(objects: Map<string, S3Object>, query: URLSearchParams, pageSize: number): S3Answer {
  const prefix = query.get('prefix') ?? '';
  const token = query.get('continuation-token');
  const after = token === null ? query.get('start-after') : Buffer.from(token, 'base64url').toString();
  const most = Math.min(Number(query.get('max-keys') ?? 1000), pageSize);
  const keys = [...objects.keys()]
    .filter((key) => key.startsWith(prefix) && (after === null || byUtf8(key, after) > 0))
    .sort(byUtf8);
  const page = keys.slice(0, most);
  const last = page.at(-1);
  const encoded = query.get('encoding-type') === 'url';
  const contents = page.map((key) => {
    const { body, etag, modified } = objects.get(key) as S3Object;
    const name = encoded ? encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/') : xml(key);
    return `<Contents><Key>${name}</Key><LastModified>${modified.toISOString()}</LastModified><ETag>${xml(etag)}</ETag><Size>${body.length}</Size></Contents>`;
  });
  const next =
    keys.length > page.length && last !== undefined
      ? `<NextContinuationToken>${Buffer.from(last).toString('base64url')}</NextContinuationToken>`
      : '';
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body:
      '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
      `<IsTruncated>${next !== ''}</IsTruncated><KeyCount>${page.length}</KeyCount><MaxKeys>${most}</MaxKeys>` +
      `${encoded ? '<EncodingType>url</EncodingType>' : ''}${next}${contents.join('')}</ListBucketResult>`,
  };
}

/** What XML 1.0 has no character for is gone from a listing that is not encoded. */
const xml = (text: string): string =>
  text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`).replace(/[\ufffe\uffff]/g, '\ufffd');
