import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AwsError, unavailable } from './aws-error.ts';
import { type BodyProblem, drainBody } from './body.ts';

export interface Reply {
  readonly status: number;
  readonly body: string;
  /** @default - application/json */
  readonly type?: string;
  readonly headers?: Record<string, string>;
}

export const AWS_JSON = 'application/x-amz-json-1.1';
const SOON = { 'retry-after': '1' };
const BUSY = 'Too many requests are being read. Try again.';

export const json = (status: number, value: unknown, headers: Record<string, string> = {}): Reply => ({
  status,
  body: JSON.stringify(value),
  headers,
});

/** An error in the words of the desk: a code and a message. */
export const problem = (status: number, error: string, message: string, headers: Record<string, string> = {}): Reply =>
  json(status, { error, message }, headers);

export const tryAgain = (message: string): Reply => problem(503, 'UNAVAILABLE', message, SOON);

/** An error in the words of AWS. */
export const awsProblem = ({ type, message, status }: AwsError): Reply => ({
  status,
  type: AWS_JSON,
  body: JSON.stringify({ __type: type, message }),
  headers: { 'x-amzn-errortype': type },
});

/** Undefined where nobody is left to read an answer. */
export function bodyProblem(what: BodyProblem, mostBytes: number): Reply | undefined {
  if (what === 'too large') return problem(413, 'TOO_LARGE', `The body may have at most ${mostBytes} bytes.`);
  return what === 'busy' ? tryAgain(BUSY) : undefined;
}

/** The same in the words of AWS. */
export function awsBodyProblem(what: BodyProblem, mostBytes: number): Reply | undefined {
  if (what === 'too large')
    return awsProblem(
      new AwsError('RequestEntityTooLargeException', `The body may have at most ${mostBytes} bytes.`, 413),
    );
  return what === 'busy' ? awsProblem(unavailable(BUSY)) : undefined;
}

/** Undefined where the method is one of those given. */
export const otherMethod = (request: IncomingMessage, methods: readonly string[]): Reply | undefined =>
  methods.includes(request.method ?? '')
    ? undefined
    : problem(405, 'METHOD', `Use ${methods.join(' or ')}.`, { allow: methods.join(', ') });

/** Sends a reply. What the client still sends is read first: many clients look for an answer only after their last byte. */
export async function send(request: IncomingMessage, response: ServerResponse, reply: Reply): Promise<void> {
  if (!request.complete) await drainBody(request);
  if (response.destroyed) return;
  const { status, body, type = 'application/json', headers } = reply;
  const all: Record<string, string | number> = {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    ...headers,
  };
  if (type === AWS_JSON) all['x-amzn-requestid'] = randomUUID();
  else {
    all['cache-control'] = 'no-store';
    all['x-content-type-options'] = 'nosniff';
  }
  if (!request.complete) all.connection = 'close'; // what is left of the body is nobody's
  response.writeHead(status, all);
  response.end(request.method === 'HEAD' ? undefined : body);
}
