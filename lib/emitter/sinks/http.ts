import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { EmitterError, onlyKnown } from '../emitter-error.ts';
import type { Outcome, Sink, SinkEvent } from '../sink.ts';

export interface HttpSinkOptions {
  /** Address of a desk, or the full address of anything that takes JSON Lines; `/v1/events` is added where there is no path. */
  readonly url: string;
  /** Sent as a bearer token. @default - none */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** @default http */
  readonly name?: string;
}

/**
 * Posts events as JSON Lines. 2xx: delivered. 400, 413 and 422: event by event, and those so answered alone are refused.
 * Anything else is tried again: a missing permission may come.
 * Needs no package: with a desk this is all that a bot needs.
 * @throws EmitterError where the address is none
 */
export function http(options: HttpSinkOptions): Sink {
  onlyKnown('http', options, ['url', 'token', 'headers', 'name']);
  const url = URL.canParse(options.url) ? new URL(options.url) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new EmitterError(`http: url must be an http or https address, such as http://127.0.0.1:4573`);
  if (url.pathname === '/') url.pathname = '/v1/events';
  const secure = url.protocol === 'https:';
  const agent = new (secure ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: 1 });
  const headers = {
    'content-type': 'application/x-ndjson',
    ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
    ...options.headers,
  };

  const post = (events: readonly SinkEvent[], signal: AbortSignal): Promise<number> =>
    new Promise((resolve, reject) => {
      const body = Buffer.from(events.map(({ line }) => `${line}\n`).join(''));
      const request = (secure ? httpsRequest : httpRequest)(
        url,
        { method: 'POST', agent, signal, headers: { ...headers, 'content-length': body.length } },
        (response: IncomingMessage) => {
          response.resume();
          response.on('end', () => resolve(response.statusCode ?? 0));
          response.on('error', reject);
        },
      );
      request.on('error', reject);
      request.end(body);
    });

  const outcomeOf = (status: number): Outcome => {
    if (status >= 200 && status < 300) return 'delivered';
    if (status === 413 || status === 400 || status === 422) return { refused: `answer ${status}` };
    // No permission, no such path: somebody may put that right, so that nothing is thrown away.
    return { retry: `answer ${status}` };
  };

  return {
    name: options.name ?? 'http',
    remote: true,
    async send(events, { signal }) {
      const outcome = outcomeOf(await post(events, signal));
      if (typeof outcome === 'string' || 'retry' in outcome || events.length === 1) return events.map(() => outcome);
      // One of them is to blame: a bad event never costs its neighbours.
      const outcomes: Outcome[] = [];
      for (const event of events) outcomes.push(outcomeOf(await post([event], signal)));
      return outcomes;
    },
    async close() {
      agent.destroy();
    },
  };
}
