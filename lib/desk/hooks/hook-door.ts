import type { IncomingMessage } from 'node:http';
import { sha256 } from '../../adapters/local/sha256.ts';
import { MAX_RECORD_BYTES } from '../../core/limits.ts';
import type { Clock } from '../../core/ports/index.ts';
import { toJsonText } from '../../core/transform/json.ts';
import { type BodyBudget, isEncoded, readBody } from '../door/body.ts';
import { FrameBuilder, frameOverhead } from '../door/frame.ts';
import { type Intake, Refused } from '../door/intake.ts';
import { bodyProblem, json, problem, type Reply, tryAgain } from '../door/reply.ts';
import { bearerOf, type Token } from '../door/tokens.ts';
import { eventOfFreqtrade, fieldsOfBody, type HookFacts } from './freqtrade.ts';

export interface HookDoorOptions {
  readonly intake: Intake;
  /** Whose tokens are taken. @default - none is asked for */
  readonly tokens?: readonly Token[];
  readonly budget: BodyBudget;
  readonly clock: Clock;
}

export type HookDoor = (request: IncomingMessage) => Promise<Reply | undefined>;

/** Messages whose arrival is remembered; freqtrade repeats one within seconds. */
const REMEMBERED = 1_000;

/** Makes what answers `POST /v1/hooks/freqtrade`: one message a call, at most 1,000 KiB, in the log on disk before the answer. */
export function freqtradeDoor({ intake, tokens, budget, clock }: HookDoorOptions): HookDoor {
  const arrivals = new Map<string, number>();

  function factsOf(body: Buffer): HookFacts {
    const messageId = sha256(body.toString('latin1')).slice(0, 32);
    const arrivedMs = clock.nowMs();
    const firstMs = arrivals.get(messageId) ?? arrivedMs;
    arrivals.set(messageId, firstMs);
    if (arrivals.size > REMEMBERED) arrivals.delete(arrivals.keys().next().value ?? '');
    return { messageId, arrivedMs, firstMs };
  }

  return async (request) => {
    if (tokens !== undefined && tokenOf(request.headers.authorization, tokens) === undefined)
      return problem(401, 'UNAUTHORIZED', 'Put a token of this desk into the URL, http://freqtrade:<token>@…', {
        'www-authenticate': 'Bearer',
      });
    if (isEncoded(request)) return problem(415, 'ENCODED', 'Send the body without Content-Encoding.');
    const read = await readBody(request, { mostBytes: MAX_RECORD_BYTES, budget });
    if ('problem' in read) return bodyProblem(read.problem, MAX_RECORD_BYTES);
    try {
      if (read.body.length === 0) return json(200, { accepted: 0 });
      const facts = factsOf(read.body);
      const line = Buffer.from(lineOf(read.body, String(request.headers['content-type'] ?? '').toLowerCase(), facts));
      const builder = new FrameBuilder(intake.pool.take(frameOverhead(1) + line.length), facts.arrivedMs);
      builder.add(line);
      await intake.take(builder.frame);
      return json(200, { accepted: 1 });
    } catch (error) {
      if (error instanceof Refused) return tryAgain(error.message);
      throw error;
    } finally {
      read.done();
    }
  };
}

/** `requests`, which freqtrade calls with, makes a Basic header of what stands before the @ of a URL; the token is its password. */
function tokenOf(header: string | undefined, tokens: readonly Token[]): Token | undefined {
  const basic = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(header ?? '')?.[1];
  if (basic === undefined) return bearerOf(header, tokens);
  const [, ...password] = Buffer.from(basic, 'base64').toString().split(':');
  return bearerOf(`Bearer ${password.join(':')}`, tokens);
}

const strict = new TextDecoder('utf-8', { fatal: true });

/** The event of a message; what cannot be read goes on as it is, for the transform puts it in quarantine with its reason. */
function lineOf(body: Buffer, contentType: string, facts: HookFacts): string {
  let text: string;
  try {
    text = strict.decode(body);
  } catch {
    return JSON.stringify({ nd: 1, source: 'freqtrade', bad: 'utf8', raw: body.toString() });
  }
  try {
    const fields = fieldsOfBody(text, contentType);
    if (fields !== undefined) return toJsonText(eventOfFreqtrade(fields, facts));
  } catch {
    // No JSON, or nested so deeply that it cannot be written again.
  }
  return JSON.stringify({ nd: 1, source: 'freqtrade', raw: text });
}
