import type { IncomingMessage } from 'node:http';
import { MAX_BATCH_BYTES } from '../../core/limits.ts';
import type { Clock } from '../../core/ports/index.ts';
import { isBlank, splitLines } from '../../core/transform/lines.ts';
import { type BodyBudget, isEncoded, readBody } from './body.ts';
import { hasMoreLinesThan } from './data.ts';
import { FrameBuilder, frameOverhead } from './frame.ts';
import { type Intake, Refused } from './intake.ts';
import { bodyProblem, json, problem, type Reply, tryAgain } from './reply.ts';
import { bearerOf, type Token } from './tokens.ts';

export interface PlainDoorOptions {
  readonly intake: Intake;
  /** Whose bearer tokens are taken. @default - none is asked for */
  readonly tokens?: readonly Token[];
  readonly budget: BodyBudget;
  readonly clock: Clock;
}

// Each bad line becomes a quarantine event of some hundred bytes: a body of line ends alone must not become gigabytes.
const MOST_LINES = 50_000;

/** Answers `POST /v1/events`: JSON Lines, one event a line, at most 4 MiB and 50,000 lines. */
export async function answerPlain(request: IncomingMessage, options: PlainDoorOptions): Promise<Reply | undefined> {
  const { tokens, budget } = options;
  if (tokens !== undefined && bearerOf(request.headers.authorization, tokens) === undefined)
    return problem(401, 'UNAUTHORIZED', 'Send Authorization: Bearer with a token of this desk.', {
      'www-authenticate': 'Bearer',
    });
  if (isEncoded(request)) return problem(415, 'ENCODED', 'Send the body without Content-Encoding.');
  const read = await readBody(request, { mostBytes: MAX_BATCH_BYTES, budget });
  if ('problem' in read) return bodyProblem(read.problem, MAX_BATCH_BYTES);
  try {
    if (hasMoreLinesThan(read.body, MOST_LINES))
      return problem(413, 'TOO_MANY_LINES', `The body may have at most ${MOST_LINES} lines.`);
    return json(200, { accepted: await takeLines(read.body, options) });
  } catch (error) {
    if (error instanceof Refused) return tryAgain(error.message);
    throw error;
  } finally {
    read.done();
  }
}

/** @returns how many lines were taken: they are safe on disk. @throws Refused */
async function takeLines(body: Buffer, { intake, clock }: PlainDoorOptions): Promise<number> {
  const lines = splitLines(body).reduce((count, { text }) => (isBlank(text) ? count : count + 1), 0);
  if (lines === 0) return 0;
  const builder = new FrameBuilder(intake.pool.take(frameOverhead(1) + body.length), clock.nowMs());
  builder.add(body);
  await intake.take(builder.frame);
  return lines;
}
