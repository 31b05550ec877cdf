import { execFileSync } from 'node:child_process';
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { FirehoseClient, PutRecordBatchCommand, PutRecordCommand } from '@aws-sdk/client-firehose';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { describe, expect, test } from 'vitest';
import { NightdeskError } from '../../../lib/core/errors.ts';
import { createDesk } from '../../../lib/desk/desk.ts';
import { parseTokens } from '../../../lib/desk/door/tokens.ts';
import { tempFolder } from '../../support/temp.ts';
import { call, startDesk, type TestDesk } from '../support/desk.ts';
import { plainTransform } from '../support/stand-in.ts';

const SECRET = 'correct-horse-battery-staple';
const TOKENS = [
  { name: 'bot-a', secret: SECRET },
  { name: 'bot-b', secret: 'another-secret-of-some-length' },
];
const lineOf = (line: string): { Data: Uint8Array } => ({ Data: Buffer.from(line) });

const client = (
  desk: TestDesk,
  over: Partial<{ accessKeyId: string; secretAccessKey: string; region: string; nowMs: number }> = {},
): FirehoseClient =>
  new FirehoseClient({
    endpoint: desk.url,
    region: over.region ?? 'eu-central-1',
    credentials: { accessKeyId: over.accessKeyId ?? 'bot-a', secretAccessKey: over.secretAccessKey ?? SECRET },
    maxAttempts: 1,
  });

const nameOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'taken',
    (error: Error) => error.name,
  );

describe('a desk with tokens', () => {
  test('takes what a known name has signed with its token, whatever the region', async () => {
    const desk = await startDesk({ auth: TOKENS });
    const put = new PutRecordCommand({ DeliveryStreamName: 'nightdesk', Record: lineOf('order: a') });
    expect(await nameOf(client(desk).send(put))).toBe('taken');
    const batch = new PutRecordBatchCommand({
      DeliveryStreamName: 'nightdesk',
      Records: [lineOf('order: b'), lineOf('order: c')],
    });
    expect(
      await nameOf(
        client(desk, {
          accessKeyId: 'bot-b',
          secretAccessKey: 'another-secret-of-some-length',
          region: 'us-east-1',
        }).send(batch),
      ),
    ).toBe('taken');
    expect(await desk.lines()).toHaveLength(3);
  });

  test('refuses unknown names, wrong tokens and requests without a signature', async () => {
    const desk = await startDesk({ auth: TOKENS });
    const put = new PutRecordCommand({ DeliveryStreamName: 'nightdesk', Record: lineOf('order: a') });
    expect(await nameOf(client(desk, { accessKeyId: 'bot-c' }).send(put))).toBe('UnrecognizedClientException');
    expect(await nameOf(client(desk, { secretAccessKey: `${SECRET}x` }).send(put))).toBe('InvalidSignatureException');
    expect(await nameOf(client(desk, { accessKeyId: 'bot-b' }).send(put))).toBe('InvalidSignatureException');
    const { status, json } = await call(desk.url, 'ListDeliveryStreams', {});
    expect([status, json.__type]).toEqual([403, 'MissingAuthenticationTokenException']);
    expect((await call(desk.url, 'ListDeliveryStreams', {}, { authorization: 'AWS4-HMAC-SHA256 x' })).json.__type).toBe(
      'IncompleteSignatureException',
    );
    expect(await desk.lines()).toEqual([]);
  });

  test('refuses a signed request of which anything was changed on the way, or that is older than five minutes', async () => {
    let nowMs = Date.now();
    const desk = await startDesk({ auth: TOKENS, clock: { nowMs: () => nowMs } });
    const signed = await captured(desk);
    const replay = (over: Partial<Captured> = {}): Promise<string> => {
      const { headers, body } = { ...signed, ...over };
      return call(desk.url, 'ignored', body, headers).then(({ status, json }) =>
        status === 200 ? 'taken' : `${json.__type}`,
      );
    };
    expect(await replay()).toBe('taken');
    expect(await replay({ body: signed.body.replace('b3JkZXI6IGE=', 'b3JkZXI6IGI=') })).toBe(
      'InvalidSignatureException',
    );
    expect(
      await replay({ headers: { ...signed.headers, 'x-amz-target': 'Firehose_20150804.ListDeliveryStreams' } }),
    ).toBe('InvalidSignatureException');
    const { authorization = '' } = signed.headers;
    const alter = (from: RegExp, to: string): Promise<string> =>
      replay({ headers: { ...signed.headers, authorization: authorization.replace(from, to) } });
    expect(await alter(/x-amz-target;?/, '')).toBe('InvalidSignatureException');
    expect(await alter(/\/firehose\//, '/s3/')).toBe('InvalidSignatureException');
    expect(await alter(/eu-central-1/, 'eu-central-2')).toBe('InvalidSignatureException');
    expect(await alter(/Signature=./, 'Signature=')).toBe('IncompleteSignatureException');
    expect(await replay({ headers: { ...signed.headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } })).toBe(
      'InvalidSignatureException',
    );
    expect(await replay({ headers: { ...signed.headers, 'x-amz-date': 'yesterday' } })).toBe(
      'IncompleteSignatureException',
    );
    nowMs += 299_000;
    expect(await replay()).toBe('taken');
    nowMs += 3_000;
    expect(await replay()).toBe('InvalidSignatureException');
    nowMs -= 700_000;
    expect(await replay()).toBe('InvalidSignatureException');
  });

  test('refuses a signature, however right, that leaves open what is asked for, of whom, or when', async () => {
    const desk = await startDesk({ auth: TOKENS });
    const sha256 = class {
      readonly #hash: Hash | Hmac;
      constructor(secret?: unknown) {
        this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as Buffer);
      }
      update(data: Uint8Array): void {
        this.#hash.update(data);
      }
      digest = async (): Promise<Uint8Array> => this.#hash.digest();
      reset(): void {}
    };
    const credentials = { accessKeyId: 'bot-a', secretAccessKey: SECRET };
    const signer = new SignatureV4({ service: 'firehose', region: 'x', credentials, sha256, applyChecksum: false });
    const statusWithout = async (unsigned: readonly string[]): Promise<number> => {
      const headers = {
        host: new URL(desk.url).host,
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'Firehose_20150804.ListDeliveryStreams',
      };
      const request = new HttpRequest({ method: 'POST', path: '/', headers, body: '{}' });
      const signed = await signer.sign(request, { unsignableHeaders: new Set(unsigned) });
      const { host: _, ...sent } = signed.headers;
      return (await fetch(desk.url, { method: 'POST', headers: sent, body: '{}' })).status;
    };
    expect(await statusWithout([])).toBe(200);
    expect(await statusWithout(['content-type'])).toBe(200);
    for (const header of ['host', 'x-amz-target', 'x-amz-date'])
      expect(await statusWithout([header]), header).toBe(403);
  });

  test('asks the plain door for a bearer token, and tells strangers nothing of its state', async () => {
    const desk = await startDesk({ auth: TOKENS });
    const post = (authorization?: string): Promise<Response> =>
      fetch(`${desk.url}/v1/events`, {
        method: 'POST',
        body: 'order: x',
        headers: authorization === undefined ? {} : { authorization },
      });
    expect((await post()).status).toBe(401);
    expect((await post('Bearer wrong')).status).toBe(401);
    expect((await post(`Bearer ${SECRET}x`)).status).toBe(401);
    expect((await post(`Basic ${SECRET}`)).status).toBe(401);
    expect((await post(`Bearer ${SECRET}`)).status).toBe(200);
    expect(await (await fetch(`${desk.url}/healthz`)).json()).toEqual({ status: 'ok' });
    expect(
      await (await fetch(`${desk.url}/healthz`, { headers: { authorization: `Bearer ${SECRET}` } })).json(),
    ).toHaveProperty('intake');
    expect(JSON.stringify(desk.said)).not.toContain(SECRET);
  });
});

interface Captured {
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A request as the SDK signs it for this desk. */
async function captured(desk: TestDesk): Promise<Captured> {
  const sdk = client(desk);
  let seen: Captured | undefined;
  sdk.middlewareStack.add(
    (next) => async (args) => {
      const { headers, body } = args.request as { headers: Record<string, string>; body: string | Uint8Array };
      const { host: _, 'content-length': __, ...rest } = headers;
      seen = { headers: rest, body: Buffer.from(body).toString() };
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
  await sdk.send(new PutRecordCommand({ DeliveryStreamName: 'nightdesk', Record: lineOf('order: a') }));
  if (seen === undefined) throw new Error('the SDK sent nothing');
  return seen;
}

describe('a token file', () => {
  test('holds name:token or name token lines', () => {
    expect(parseTokens(`# bots\nbot-a:${SECRET}\r\n\n  bot-b   0123456789abcdef:x \n`, 'tokens')).toEqual([
      { name: 'bot-a', secret: SECRET },
      { name: 'bot-b', secret: '0123456789abcdef:x' },
    ]);
  });

  test.each([
    ['is empty', '# nothing\n', /holds no token/],
    ['has a short token', 'bot-a:hunter2', /line 1 of tokens.*7 characters/],
    ['names one twice', `bot-a:${SECRET}\nbot-a:${SECRET}`, /line 2 of tokens/],
    ['has a line of another form', `just-${SECRET}`, /line 1 of tokens/],
    ['has name and token swapped', `${SECRET}:bot-a`, /line 1 of tokens.*5 characters/],
    ['has them swapped twice', `${SECRET}:a-name-of-sixteen\n${SECRET}:a-name-of-sixteen`, /line 2 of tokens/],
  ])('is refused when it %s, without its tokens in the message', (_, text, message) => {
    const parse = (): unknown => parseTokens(text, 'tokens');
    expect(parse).toThrow(message);
    expect(parse).toThrow(expect.not.objectContaining({ message: expect.stringMatching(/hunter2|battery/) }));
  });
});

describe('a desk that others can reach', () => {
  test('needs tokens, a name, and TLS or a word that it may do without', async () => {
    const base = { dataDir: tempFolder(), port: 0, host: '0.0.0.0', transform: plainTransform };
    const safe = { auth: TOKENS, allowHosts: ['desk.lan'], insecure: true };
    const refusal = (over: object): Promise<unknown> =>
      createDesk({ ...base, ...over }).catch((error: unknown) => error);
    expect(await refusal({})).toMatchObject({
      code: 'LISTEN_UNSAFE',
      message: expect.stringMatching(/--token-file.*--allow-host.*--tls-cert/),
    });
    for (const without of ['auth', 'allowHosts', 'insecure'] as const) {
      const error = await refusal({ ...safe, [without]: undefined });
      expect(error, without).toBeInstanceOf(NightdeskError);
      expect(error).toMatchObject({ code: 'LISTEN_UNSAFE' });
    }
    expect(await refusal({ ...safe, auth: [] })).toMatchObject({ code: 'LISTEN_UNSAFE' });
    const desk = await startDesk({ ...base, ...safe });
    const { port } = new URL(desk.url);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  });

  const openssl = hasOpenssl();
  test.skipIf(!openssl)(openssl ? 'speaks TLS' : 'speaks TLS (skipped: openssl is absent)', async () => {
    const tls = selfSigned();
    const desk = await startDesk({ host: '0.0.0.0', auth: TOKENS, allowHosts: ['desk.lan'], tls });
    expect(desk.url).toMatch(/^https:/);
    const { port } = new URL(desk.url);
    const status = await new Promise((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port,
        path: '/healthz',
        headers: { host: 'desk.lan' },
        servername: 'desk.lan',
        agent: new Agent({ ca: tls.cert }),
      };
      request(options, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(200);
  });

  test('is not started with a certificate that is none', async () => {
    await expect(startDesk({ tls: { cert: 'x', key: 'y' } })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function selfSigned(): { cert: string; key: string } {
  const folder = tempFolder();
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const names = ['-subj', '/CN=desk.lan', '-addext', 'subjectAltName=DNS:desk.lan'];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '1',
      '-keyout',
      key,
      '-out',
      cert,
      ...names,
    ],
    { stdio: 'ignore' },
  );
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}
