import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { onTestFinished } from 'vitest';
import { type S3ClientOptions, s3Client } from '../../lib/adapters/aws/s3.ts';
import { impatient, startS3, TEST_CREDENTIALS } from './s3-fake.ts';
import { type S3Faults, startFaults } from './s3-faults.ts';

/** A server that speaks S3 and honours conditional writes, as `test/support/s3-server.sh` starts one; no account of AWS. */
export const REAL_S3 = process.env.NIGHTDESK_S3_ENDPOINT;

/** The title of tests that need it: says so where it is absent. */
export const needsS3 = (title: string): string =>
  REAL_S3 === undefined ? `${title} (skipped: NIGHTDESK_S3_ENDPOINT is not set, see test/support/s3-server.sh)` : title;

/** A client of the real server, without faults. */
export const realClient = (): S3Client => impatient(s3Client({ endpoint: REAL_S3, credentials: TEST_CREDENTIALS }));

let made = 0;

/** Makes a bucket on the real server that nobody else has. @returns its name */
export async function makeBucket(client: S3Client): Promise<string> {
  const Bucket = `nightdesk-${process.pid}-${Date.now().toString(36)}-${made++}`;
  await client.send(new CreateBucketCommand({ Bucket }));
  return Bucket;
}

/** A bucket of its own on some server. */
export interface OpenS3 {
  readonly bucket: string;
  /** Through the faults. */
  client(options?: S3ClientOptions): S3Client;
  /** Past them. */
  readonly undisturbed: S3Client;
}

export interface S3Server {
  readonly name: string;
  readonly absent: boolean;
  /** Most keys on a page of a listing. */
  readonly pageSize: number;
  /** Opens a bucket that is closed with the test. */
  open(faults?: S3Faults): Promise<OpenS3>;
}

/** Where what is said of S3 is tested: the small one everywhere, the real one where it runs. */
export const S3_SERVERS: readonly S3Server[] = [
  {
    name: 'a small S3',
    absent: false,
    pageSize: 100,
    async open(faults) {
      const s3 = await startS3({ pageSize: 100 });
      onTestFinished(() => s3.close());
      return openS3({ endpoint: s3.endpoint, undisturbed: s3.client(), bucket: s3.bucket }, faults);
    },
  },
  {
    name: needsS3('a real server'),
    absent: REAL_S3 === undefined,
    pageSize: 1000,
    async open(faults) {
      const undisturbed = realClient();
      onTestFinished(() => undisturbed.destroy());
      return openS3({ endpoint: REAL_S3 ?? '', undisturbed, bucket: await makeBucket(undisturbed) }, faults);
    },
  },
];

async function openS3(
  { endpoint, undisturbed, bucket }: Pick<OpenS3, 'bucket' | 'undisturbed'> & { readonly endpoint: string },
  faults: S3Faults = () => undefined,
): Promise<OpenS3> {
  const proxy = await startFaults(endpoint, faults);
  onTestFinished(() => proxy.close());
  return {
    bucket,
    undisturbed,
    client(options = {}) {
      const client = impatient(s3Client({ endpoint: proxy.endpoint, credentials: TEST_CREDENTIALS, ...options }));
      onTestFinished(() => client.destroy());
      return client;
    },
  };
}
