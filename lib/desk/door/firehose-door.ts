import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../core/ports/index.ts';
import { AwsError, serialization } from './aws-error.ts';
import { type BodyBudget, isEncoded, readBody } from './body.ts';
import type { Operation } from './firehose.ts';
import { AWS_JSON, awsBodyProblem, awsProblem, type Reply } from './reply.ts';
import { type Claim, readClaim, verifyClaim } from './sigv4.ts';
import type { Token } from './tokens.ts';

export interface FirehoseDoorOptions {
  readonly operationOf: (target: string | undefined) => Operation;
  /** Whose signatures are taken. @default - signatures are not looked at */
  readonly tokens?: readonly Token[];
  readonly budget: BodyBudget;
  readonly clock: Clock;
}

// A call of 4 MiB is 5.6 MB of base64; some clients escape each slash of it, and there are 500 records' braces around it.
const MOST_BYTES = 8 * 1024 * 1024;

/** Answers a call of the AWS JSON protocol. */
export async function answerFirehose(
  request: IncomingMessage,
  options: FirehoseDoorOptions,
): Promise<Reply | undefined> {
  try {
    return await answer(request, options);
  } catch (error) {
    if (error instanceof AwsError) return awsProblem(error);
    throw error;
  }
}

async function answer(
  request: IncomingMessage,
  { operationOf, tokens, budget, clock }: FirehoseDoorOptions,
): Promise<Reply | undefined> {
  const { headers } = request;
  // Asked for also because a web page may send other content types to any address without asking first.
  if (!String(headers['content-type']).startsWith('application/x-amz-json-1.'))
    throw new AwsError(
      'UnknownOperationException',
      `Content-Type must be ${AWS_JSON}. For JSON Lines there is POST /v1/events.`,
    );
  const claim = tokens && readClaim(headers, tokens, clock.nowMs());
  const operation = operationOf(String(headers['x-amz-target']));
  if (isEncoded(request)) throw serialization('Send the body without Content-Encoding.');
  const read = await readBody(request, { mostBytes: MOST_BYTES, budget });
  if ('problem' in read) return awsBodyProblem(read.problem, MOST_BYTES);
  try {
    return { status: 200, type: AWS_JSON, body: await operate(operation, { request, claim, body: read.body }) };
  } finally {
    read.done();
  }
}

async function operate(
  operation: Operation,
  { request, claim, body }: { request: IncomingMessage; claim: Claim | undefined; body: Buffer },
): Promise<string> {
  if (claim !== undefined) await verifyClaim(claim, { method: 'POST', headers: request.headers, body });
  let parsed: unknown;
  try {
    // Base64, names and braces: all that counts in these calls is ASCII, which latin1 decodes without a look at each byte.
    parsed = JSON.parse(body.length === 0 ? '{}' : body.toString('latin1'));
  } catch {
    throw serialization('The body is not JSON.');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw serialization('The body must be a JSON object.');
  return operation(parsed);
}
