import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { AwsError } from './aws-error.ts';
import { equalInConstantTime, type Token } from './tokens.ts';

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([\w-]+)\/([\w-]+)\/aws4_request, ?SignedHeaders=([\w;-]+), ?Signature=([0-9a-f]{64})$/;
const AMZ_DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
const MUST_BE_SIGNED = ['host', 'x-amz-date', 'x-amz-target'];
const MAX_SKEW_MS = 300_000; // as AWS

/** What a request claims about its signature. */
export interface Claim {
  readonly token: Token;
  readonly region: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly signedAt: Date;
}

/** What can be checked before the body is read. @throws AwsError */
export function readClaim(headers: IncomingHttpHeaders, tokens: readonly Token[], nowMs: number): Claim {
  if (headers.authorization === undefined)
    throw new AwsError(
      'MissingAuthenticationTokenException',
      'This desk takes signed requests only: access key = name, secret = token.',
      403,
    );
  const [, name, day, region = '', service, signed = '', signature = ''] =
    AUTHORIZATION.exec(headers.authorization) ?? [];
  if (name === undefined)
    throw new AwsError(
      'IncompleteSignatureException',
      'The Authorization header is not that of an AWS4-HMAC-SHA256 signature.',
      403,
    );
  if (service !== 'firehose') throw invalidSignature("Credential should be scoped to correct service: 'firehose'.");
  const token = tokens.find((candidate) => candidate.name === name);
  if (token === undefined)
    throw new AwsError('UnrecognizedClientException', 'The security token included in the request is invalid.', 403);
  const signedAt = amzDate(headers['x-amz-date']);
  if (signedAt === undefined || !String(headers['x-amz-date']).startsWith(day ?? ''))
    throw new AwsError(
      'IncompleteSignatureException',
      'X-Amz-Date is missing, or not of the day in the credential.',
      403,
    );
  const skewMs = nowMs - signedAt.getTime();
  if (Math.abs(skewMs) > MAX_SKEW_MS)
    throw invalidSignature(
      `Signature ${skewMs > 0 ? 'expired' : 'not yet current'}: the clocks differ by ${Math.round(Math.abs(skewMs) / 1000)} s, at most 300 s are allowed.`,
    );
  const signedHeaders = signed.split(';');
  const missing = MUST_BE_SIGNED.filter((header) => !signedHeaders.includes(header));
  if (missing.length > 0) throw invalidSignature(`The headers ${missing.join(', ')} must be signed.`);
  return { token, region, signedHeaders, signature, signedAt };
}

/** Whether the signature is that of the request, body included. @throws AwsError where it is not */
export async function verifyClaim(
  claim: Claim,
  request: { readonly method: string; readonly headers: IncomingHttpHeaders; readonly body: Buffer },
): Promise<void> {
  const { token, region, signedHeaders, signature, signedAt } = claim;
  const bodyHash = createHash('sha256').update(request.body).digest('hex');
  const claimedHash = request.headers['x-amz-content-sha256'];
  if (claimedHash !== undefined && claimedHash !== bodyHash)
    throw invalidSignature('X-Amz-Content-Sha256 is not the hash of the body.');
  const headers: Record<string, string> = {};
  for (const name of signedHeaders) {
    const value = request.headers[name];
    if (value === undefined) throw invalidSignature(`The header ${name} is signed, but not there.`);
    headers[name] = Array.isArray(value) ? value.join(',') : value;
  }
  const signer = new SignatureV4({
    service: 'firehose',
    region,
    credentials: { accessKeyId: token.name, secretAccessKey: token.secret },
    sha256: NodeSha256,
    applyChecksum: false,
  });
  const expected = await signer.sign(
    new HttpRequest({ method: request.method, path: '/', headers, body: request.body }),
    {
      signingDate: signedAt,
      signableHeaders: new Set(signedHeaders),
    },
  );
  const ours = /Signature=([0-9a-f]{64})$/.exec(expected.headers.authorization ?? '')?.[1] ?? '';
  if (!equalInConstantTime(ours, signature))
    throw invalidSignature(
      'The request signature we calculated does not match the signature you provided. Check the secret: it is the token.',
    );
}

const invalidSignature = (message: string): AwsError => new AwsError('InvalidSignatureException', message, 403);

function amzDate(header: string | string[] | undefined): Date | undefined {
  const match = AMZ_DATE.exec(String(header));
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match.map(Number);
  return new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second));
}

/** The hash that the signing library asks for, by Node's own. */
class NodeSha256 {
  readonly #secret: string | ArrayBuffer | ArrayBufferView | undefined;
  #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = secret;
    this.#hash = this.#begin();
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = this.#begin();
  }

  #begin(): Hash | Hmac {
    const secret = this.#secret;
    if (secret === undefined) return createHash('sha256');
    return createHmac('sha256', typeof secret === 'string' ? secret : bytesOf(secret));
  }
}

const bytesOf = (data: ArrayBuffer | ArrayBufferView): Uint8Array =>
  ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
