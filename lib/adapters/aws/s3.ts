import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

export interface S3ClientOptions {
  /** Another server that speaks S3. @default - AWS, or what AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL name */
  readonly endpoint?: string | undefined;
  /** @default - the environment's or the profile's; `us-east-1` where the endpoint is not AWS */
  readonly region?: string | undefined;
  /** Longest wait for an answer to one try, in ms, and for the next byte of one. @default 10000 */
  readonly requestTimeoutMs?: number;
  /** Tries of one request before its error is the answer, from 1. @default 8, with about 3 s of waiting; when throttled up to the deadline of the operation */
  readonly maxAttempts?: number;
  /** @default - the SDK's own search: environment, profile, role */
  readonly credentials?: S3ClientConfig['credentials'];
}

export const REQUEST_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 3_000;

/**
 * The client that the S3 stores work with. The SDK itself tries again, with exponential backoff and full jitter, what a
 * later try may bring: 500, 503 SlowDown, RequestTimeout, connections that fail or break.
 */
export function s3Client(options: S3ClientOptions = {}): S3Client {
  const { endpoint, requestTimeoutMs = REQUEST_TIMEOUT_MS, maxAttempts = 8, credentials } = options;
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  const foreign = (endpoint ?? AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL) !== undefined;
  const region = options.region ?? (foreign ? (AWS_REGION ?? AWS_DEFAULT_REGION ?? 'us-east-1') : undefined);
  const config: S3ClientConfig = {
    maxAttempts,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true, // without it the SDK only warns, and waits for ever
      socketTimeout: requestTimeoutMs, // an answer that stands still half-way
    },
  };
  if (region !== undefined) config.region = region;
  if (credentials !== undefined) config.credentials = credentials;
  if (foreign) {
    if (endpoint !== undefined) config.endpoint = endpoint;
    config.forcePathStyle = true; // `bucket.localhost` is no name
    // Of AWS the SDK asks a CRC32 of every body, both ways; a server that only speaks S3 may not know that header.
    if (process.env.AWS_REQUEST_CHECKSUM_CALCULATION === undefined) config.requestChecksumCalculation = 'WHEN_REQUIRED';
    if (process.env.AWS_RESPONSE_CHECKSUM_VALIDATION === undefined) config.responseChecksumValidation = 'WHEN_REQUIRED';
  }
  return new S3Client(config);
}
