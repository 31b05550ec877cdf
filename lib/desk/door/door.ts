import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { messageOf, NightdeskError } from '../../core/errors.ts';
import { MAX_BATCH_BYTES } from '../../core/limits.ts';
import type { Clock, Log } from '../../core/ports/index.ts';
import { errnoOf } from '../../adapters/local/files.ts';
import { AwsError, serialization, unavailable } from './aws-error.ts';
import { BodyBudget, type BodyProblem, readBody } from './body.ts';
import type { Operation } from './firehose.ts';
import { foreignGuard } from './guard.ts';
import { type Intake, Refused } from './intake.ts';
import { takeLines } from './plain.ts';
import { type Claim, readClaim, verifyClaim } from './sigv4.ts';
import { bearerOf, type Token } from './tokens.ts';

export interface DoorOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
  /** Who may come in. @default - everybody, which only a door on loopback may say */
  readonly tokens?: readonly Token[];
  readonly allowHosts: readonly string[];
  readonly operationOf: (target: string | undefined) => Operation;
  readonly intake: Intake;
  readonly health: () => { readonly status: string };
  readonly clock: Clock;
  readonly log: Log;
}

export interface Door {
  readonly url: string;
  /** Takes no new connection, lets the requests under way end, and closes the rest after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

// A call of 4 MiB is 5.6 MB of base64; some clients escape each slash of it, and there are 500 records' braces around it.
const AWS_BODY_BYTES = 8 * 1024 * 1024;
const BODIES_BYTES = 64 * 1024 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 75_000; // longer than clients keep an idle connection, so that theirs is the side that closes
const MOST_CONNECTIONS = 1_024;

const AWS_JSON = 'application/x-amz-json-1.1';
const JSON_TYPE = 'application/json';

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
  readonly headers?: Record<string, string>;
}

/** Opens the desk's HTTP server. @throws PORT_IN_USE, CONFIG_INVALID where the address cannot be listened on */
export async function openDoor(options: DoorOptions): Promise<Door> {
  const { host, port, tls, log } = options;
  const foreign = foreignGuard([...options.allowHosts, host]);
  const budget = new BodyBudget(BODIES_BYTES);

  async function answer(request: IncomingMessage): Promise<Reply | undefined> {
    const stranger = foreign(request.headers);
    if (stranger === 'host') return problem(421, 'FOREIGN_HOST', `The Host header ${String(request.headers.host).slice(0, 100)} is not this desk's. Name it with --allow-host if it is.`);
    if (stranger === 'origin') return problem(403, 'FOREIGN_ORIGIN', 'Web pages of other origins may not talk to this desk.');
    const [path] = (request.url ?? '').split('?');
    if (path === '/healthz') return onlyMethods(request, ['GET', 'HEAD']) ?? health(request);
    if (path === '/v1/events') return onlyMethods(request, ['POST']) ?? events(request);
    if (path === '/' && request.method === 'POST') return firehose(request);
    if (path === '/') return onlyMethods(request, ['GET', 'HEAD', 'POST']) ?? { status: 200, type: 'text/plain; charset=utf-8', body: GREETING };
    return problem(404, 'NOT_FOUND', 'There is POST / (Firehose), POST /v1/events (JSON Lines) and GET /healthz.');
  }

  function health(request: IncomingMessage): Reply {
    const facts = options.health();
    const { tokens } = options;
    const known = tokens === undefined || bearerOf(request.headers.authorization, tokens) !== undefined;
    return json(facts.status === 'ok' ? 200 : 503, known ? facts : { status: facts.status });
  }

  async function events(request: IncomingMessage): Promise<Reply | undefined> {
    const { tokens } = options;
    if (tokens !== undefined && bearerOf(request.headers.authorization, tokens) === undefined)
      return { ...problem(401, 'UNAUTHORIZED', 'Send Authorization: Bearer with a token of this desk.'), headers: { 'www-authenticate': 'Bearer' } };
    if (isEncoded(request)) return problem(415, 'ENCODED', 'Send the body without Content-Encoding.');
    const read = await readBody(request, { mostBytes: MAX_BATCH_BYTES, budget });
    if ('problem' in read) return bodyProblem(read.problem, MAX_BATCH_BYTES);
    try {
      return json(200, { accepted: await takeLines(read.body, options) });
    } catch (error) {
      if (error instanceof Refused) return { ...problem(503, 'UNAVAILABLE', error.message), headers: { 'retry-after': '1' } };
      throw error;
    } finally {
      read.done();
    }
  }

  async function firehose(request: IncomingMessage): Promise<Reply | undefined> {
    try {
      if (!String(request.headers['content-type']).startsWith('application/x-amz-json-1.'))
        throw new AwsError('UnknownOperationException', `Content-Type must be ${AWS_JSON}. For JSON Lines there is POST /v1/events.`);
      const { tokens, clock } = options;
      const claim = tokens && readClaim(request.headers, tokens, clock.nowMs());
      const operation = options.operationOf(headerOf(request, 'x-amz-target'));
      if (isEncoded(request)) throw serialization('Send the body without Content-Encoding.');
      const read = await readBody(request, { mostBytes: AWS_BODY_BYTES, budget });
      if ('problem' in read) return awsBodyProblem(read.problem);
      try {
        return { status: 200, type: AWS_JSON, body: await operate(operation, { request, claim, body: read.body }) };
      } finally {
        read.done();
      }
    } catch (error) {
      if (error instanceof AwsError) return awsProblem(error);
      throw error;
    }
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let reply: Reply | undefined;
    try {
      reply = await answer(request);
    } catch (error) {
      log.error('a request failed by a defect of the desk', { reason: error instanceof Error ? error.stack : messageOf(error) });
      reply = request.url === '/' ? awsProblem(new AwsError('InternalFailure', 'A defect of the desk; its log says more.', 500)) : problem(500, 'INTERNAL', 'A defect of the desk; its log says more.');
    }
    if (reply !== undefined && !response.destroyed) send(request, response, reply);
  }

  const listener = (request: IncomingMessage, response: ServerResponse): void => void handle(request, response);
  const timeouts = { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_MS };
  const server: Server = tls === undefined ? createServer(timeouts, listener) : createTlsServer({ ...timeouts, ...tls }, listener);
  server.maxConnections = MOST_CONNECTIONS;
  await listen(server, { host, port });
  const shown = host.includes(':') ? `[${host}]` : host;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${shown}:${(server.address() as AddressInfo).port}`,
    close: (graceMs) => closeServer(server, graceMs),
  };
}

async function operate(operation: Operation, { request, claim, body }: { request: IncomingMessage; claim: Claim | undefined; body: Buffer }): Promise<string> {
  if (claim !== undefined) await verifyClaim(claim, { method: 'POST', headers: request.headers, body });
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.length === 0 ? '{}' : body.toString());
  } catch {
    throw serialization('The body is not JSON.');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw serialization('The body must be a JSON object.');
  return operation(parsed);
}

function send(request: IncomingMessage, response: ServerResponse, { status, body, type = JSON_TYPE, headers }: Reply): void {
  const all: Record<string, string | number> = {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  };
  if (type === AWS_JSON) all['x-amzn-requestid'] = randomUUID();
  if (!request.complete && status >= 400) all.connection = 'close'; // what is left of the body is nobody's
  response.writeHead(status, all);
  response.end(request.method === 'HEAD' ? undefined : body);
}

const headerOf = (request: IncomingMessage, name: string): string | undefined => {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
};

const isEncoded = ({ headers }: IncomingMessage): boolean => (headers['content-encoding'] ?? 'identity') !== 'identity';

const json = (status: number, value: unknown): Reply => ({ status, body: JSON.stringify(value) });
const problem = (status: number, error: string, message: string): Reply => json(status, { error, message });

const awsProblem = ({ type, message, status }: AwsError): Reply => ({
  status,
  type: AWS_JSON,
  body: JSON.stringify({ __type: type, message }),
  headers: { 'x-amzn-errortype': type },
});

const onlyMethods = (request: IncomingMessage, methods: readonly string[]): Reply | undefined =>
  methods.includes(request.method ?? '') ? undefined : { ...problem(405, 'METHOD', `Use ${methods.join(' or ')}.`), headers: { allow: methods.join(', ') } };

/** Undefined where nobody is left to read an answer. */
function bodyProblem(what: BodyProblem, mostBytes: number): Reply | undefined {
  if (what === 'too large') return problem(413, 'TOO_LARGE', `The body may have at most ${mostBytes} bytes.`);
  if (what === 'busy') return { ...problem(503, 'UNAVAILABLE', 'Too many requests are being read. Try again.'), headers: { 'retry-after': '1' } };
  return undefined;
}

function awsBodyProblem(what: BodyProblem): Reply | undefined {
  if (what === 'too large') return awsProblem(new AwsError('RequestEntityTooLargeException', `The body may have at most ${AWS_BODY_BYTES} bytes.`, 413));
  return what === 'busy' ? awsProblem(unavailable('Too many requests are being read. Slow down.')) : undefined;
}

const GREETING = 'A Nightdesk desk. POST / takes Firehose calls, POST /v1/events takes JSON Lines, GET /healthz says how it is.\n';

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, { host, port })));
    server.listen({ host, port }, resolve);
  });
}

function listenError(error: Error, { host, port }: { host: string; port: number }): NightdeskError {
  if (errnoOf(error) === 'EADDRINUSE')
    return new NightdeskError('PORT_IN_USE', `something else listens on ${host}:${port}; choose another with --port`, { cause: error });
  return new NightdeskError('CONFIG_INVALID', `cannot listen on ${host}:${port}: ${messageOf(error)}`, { cause: error });
}

function closeServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
