import type { IncomingMessage } from 'node:http';
import { messageOf } from '../../core/errors.ts';
import type { Clock, Log } from '../../core/ports/index.ts';
import { freqtradeDoor } from '../hooks/hook-door.ts';
import { AwsError } from './aws-error.ts';
import { BodyBudget } from './body.ts';
import type { Operation } from './firehose.ts';
import { answerFirehose } from './firehose-door.ts';
import { foreignGuard } from './guard.ts';
import type { Intake } from './intake.ts';
import { answerPlain } from './plain-door.ts';
import { awsProblem, json, otherMethod, problem, type Reply, send } from './reply.ts';
import { openServer, type RunningServer, type ServerOptions } from './server.ts';
import { bearerOf, type Token } from './tokens.ts';

export interface DoorOptions extends Omit<ServerOptions, 'handle'> {
  /** Who may come in. @default - everybody, which only a door on loopback may say */
  readonly tokens?: readonly Token[];
  /** Names under which clients reach the door, beside those of loopback and the address itself. */
  readonly allowHosts: readonly string[];
  readonly operationOf: (target: string | undefined) => Operation;
  readonly intake: Intake;
  readonly health: () => { readonly status: string };
  /** The page that a Prometheus server scrapes. @default - there is none */
  readonly metrics?: () => Promise<{ readonly type: string; readonly body: string }>;
  readonly clock: Clock;
  readonly log: Log;
}

const BODIES_BYTES = 64 * 1024 * 1024;
const DEFECT = 'A defect of the desk; its log says more.';
const GREETING =
  'A Nightdesk desk. POST / takes Firehose calls, POST /v1/events takes JSON Lines, GET /healthz says how it is, GET /metrics is for Prometheus.\n';

/** Opens the desk's front door. @throws PORT_IN_USE, CONFIG_INVALID where the address cannot be listened on */
export function openDoor(options: DoorOptions): Promise<RunningServer> {
  const { allowHosts, host, port, tls, log, tokens } = options;
  const foreign = foreignGuard([...allowHosts, host]);
  const inner = { ...options, budget: new BodyBudget(BODIES_BYTES) };
  const freqtrade = freqtradeDoor(inner);

  async function answer(request: IncomingMessage): Promise<Reply | undefined> {
    if (hasTwoHosts(request)) return problem(400, 'TWO_HOSTS', 'Send one Host header.');
    const stranger = foreign(request.headers);
    if (stranger === 'host') return foreignHost(request);
    if (stranger === 'origin')
      return problem(403, 'FOREIGN_ORIGIN', 'Web pages of other origins may not talk to this desk.');
    const [path] = (request.url ?? '').split('?');
    if (path === '/healthz') return otherMethod(request, ['GET', 'HEAD']) ?? answerHealth(request, options);
    if (path === '/metrics' && options.metrics !== undefined)
      return otherMethod(request, ['GET', 'HEAD']) ?? answerMetrics(request, options.metrics, tokens);
    if (path === '/v1/events') return otherMethod(request, ['POST']) ?? answerPlain(request, inner);
    if (path === '/v1/hooks/freqtrade') return otherMethod(request, ['POST']) ?? freqtrade(request);
    if (path !== '/')
      return problem(
        404,
        'NOT_FOUND',
        'There is POST / (Firehose), POST /v1/events (JSON Lines), POST /v1/hooks/freqtrade, GET /healthz and GET /metrics.',
      );
    if (request.method === 'POST') return answerFirehose(request, inner);
    return otherMethod(request, ['GET', 'HEAD', 'POST']) ?? { status: 200, type: 'text/plain', body: GREETING };
  }

  async function answerAnyway(request: IncomingMessage): Promise<Reply | undefined> {
    try {
      return await answer(request);
    } catch (error) {
      const reason = error instanceof Error ? error.stack : messageOf(error);
      log.error('a request failed by a defect of the desk', { reason });
      return request.url === '/'
        ? awsProblem(new AwsError('InternalFailure', DEFECT, 500))
        : problem(500, 'INTERNAL', DEFECT);
    }
  }

  return openServer({
    host,
    port,
    ...(tls === undefined ? {} : { tls }),
    async handle(request, response) {
      const reply = await answerAnyway(request);
      if (reply !== undefined) await send(request, response, reply);
    },
  });
}

/** Node gives the first of several; what stands before the desk may have gone by the last. */
const hasTwoHosts = ({ rawHeaders }: IncomingMessage): boolean =>
  rawHeaders.filter((text, i) => i % 2 === 0 && text.length === 4 && text.toLowerCase() === 'host').length > 1;

/** Whoever shows no token where tokens are asked for learns no more than whether the desk takes events. */
function answerHealth(request: IncomingMessage, { health, tokens }: DoorOptions): Reply {
  const facts = health();
  const known = tokens === undefined || bearerOf(request.headers.authorization, tokens) !== undefined;
  return json(facts.status === 'ok' ? 200 : 503, known ? facts : { status: facts.status });
}

/** Names of strategies and their equity are nobody's business: a scraper shows a token where tokens are asked for. */
async function answerMetrics(
  request: IncomingMessage,
  metrics: NonNullable<DoorOptions['metrics']>,
  tokens: DoorOptions['tokens'],
): Promise<Reply> {
  if (tokens !== undefined && bearerOf(request.headers.authorization, tokens) === undefined)
    return problem(401, 'UNAUTHORIZED', 'Send Authorization: Bearer with a token of this desk.', {
      'www-authenticate': 'Bearer',
    });
  return { status: 200, ...(await metrics()) };
}

const foreignHost = ({ headers }: IncomingMessage): Reply =>
  problem(
    421,
    'FOREIGN_HOST',
    `The Host header ${String(headers.host).slice(0, 100)} is not this desk's. Name it with --allow-host if it is.`,
  );
