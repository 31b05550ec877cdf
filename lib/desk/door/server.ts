import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { errnoOf } from '../../adapters/local/files.ts';
import { messageOf, NightdeskError } from '../../core/errors.ts';

export interface ServerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

export interface RunningServer {
  readonly url: string;
  /** Takes no new connection, lets the requests under way end, and closes the rest after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

const TIMEOUTS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 75_000, // longer than clients keep an idle connection, so that theirs is the side that closes
  connectionsCheckingInterval: 5_000,
};
const MOST_CONNECTIONS = 1_024;

/** Opens an HTTP or HTTPS server. @throws PORT_IN_USE, CONFIG_INVALID where the address cannot be listened on */
export async function openServer({ host, port, tls, handle }: ServerOptions): Promise<RunningServer> {
  const listener = (request: IncomingMessage, response: ServerResponse): void => void handle(request, response);
  const server = tls === undefined ? createServer(TIMEOUTS, listener) : createTls({ ...TIMEOUTS, ...tls }, listener);
  server.maxConnections = MOST_CONNECTIONS;
  await listen(server, { host, port });
  const shown = host.includes(':') ? `[${host}]` : host;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${shown}:${(server.address() as AddressInfo).port}`,
    close: (graceMs) => close(server, graceMs),
  };
}

function createTls(...args: Parameters<typeof createTlsServer>): Server {
  try {
    return createTlsServer(...args);
  } catch (error) {
    throw new NightdeskError('CONFIG_INVALID', `the TLS certificate or key cannot be used: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, { host, port })));
    server.listen({ host, port }, resolve);
  });
}

function listenError(error: Error, { host, port }: { host: string; port: number }): NightdeskError {
  const message =
    errnoOf(error) === 'EADDRINUSE'
      ? `something else listens on ${host}:${port}; choose another with --port`
      : `cannot listen on ${host}:${port}: ${messageOf(error)}`;
  return new NightdeskError(errnoOf(error) === 'EADDRINUSE' ? 'PORT_IN_USE' : 'CONFIG_INVALID', message, {
    cause: error,
  });
}

function close(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    // A connection whose answer is on its way is not idle yet, and would be kept alive afterwards.
    const sweep = setInterval(() => server.closeIdleConnections(), 20);
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
