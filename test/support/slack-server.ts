import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the server answers one request. What `shown` says of an arrival is whether a person would have seen it. */
export type SlackAnswer =
  | 'ok'
  /** 429, with Retry-After in seconds. */
  | { readonly retryAfterS: number }
  | { readonly status: number; readonly body?: string; readonly location?: string }
  /** The connection breaks before the request is read: nobody sees it. */
  | 'reset before'
  /** The message is shown, and the connection breaks. */
  | 'reset after'
  /** The message is shown, and no answer comes. */
  | 'hang'
  /** The message is shown; the answer is 200 with something else than `ok`. */
  | 'garbage'
  /** The message is shown; the answer never ends. */
  | 'endless';

export interface Arrival {
  readonly atMs: number;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly answer: SlackAnswer;
  readonly shown: boolean;
}

export interface SlackServer {
  /** An incoming webhook, with its secret in it as Slack's have. */
  readonly url: string;
  readonly secret: string;
  /** All requests whose body was read, in order. */
  readonly arrivals: readonly Arrival[];
  /** Answers yet to be given, in order; `ok` when they are used up. */
  script: SlackAnswer[];
  close(): Promise<void>;
}

/** A server standing for Slack's incoming webhooks, over real HTTP. `nowMs` is the time of arrivals. */
export async function startSlack(nowMs: () => number = Date.now): Promise<SlackServer> {
  const arrivals: Arrival[] = [];
  const secret = 'xoxsecretT0B0';
  const server = createServer(async (request, response) => {
    const atMs = nowMs();
    const answer = slack.script.shift() ?? 'ok';
    if (answer === 'reset before') return void request.socket.destroy();
    let body = '';
    for await (const chunk of request) body += chunk;
    const shown = typeof answer === 'string';
    arrivals.push({ atMs, path: request.url ?? '', headers: request.headers, body, answer, shown });
    if (answer === 'reset after') return void request.socket.destroy();
    if (answer === 'hang') return;
    if (answer === 'endless') {
      response.writeHead(200);
      const timer = setInterval(() => response.write('o'.repeat(8_192)), 1);
      response.on('close', () => clearInterval(timer));
      return;
    }
    if (typeof answer === 'string') return void response.writeHead(200).end(answer);
    if ('retryAfterS' in answer)
      return void response.writeHead(429, { 'retry-after': String(answer.retryAfterS) }).end('rate_limited');
    response.writeHead(answer.status, answer.location === undefined ? {} : { location: answer.location });
    response.end(answer.body ?? '');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const slack: SlackServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/T0/B0/${secret}`,
    secret,
    arrivals,
    script: [],
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return slack;
}

/** The text of everything in a payload, for what a test looks for. */
export const bodiesOf = (arrivals: readonly Arrival[]): string[] => arrivals.map(({ body }) => body);
