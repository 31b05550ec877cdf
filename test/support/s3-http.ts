import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

// HTTP with whole bodies, so that what comes between a client and a server can be written in a few lines.

export interface S3Request {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface S3Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

/** What becomes of the answer. `undefined`: the connection is reset; an answer `cut` ends half-way. */
export type S3Handler = (request: S3Request) => Promise<(S3Answer & { readonly cut?: boolean }) | undefined>;

/** Serves on a free port of loopback. */
export async function serve(handler: S3Handler): Promise<{ readonly endpoint: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    answer(request, response, handler).catch(() => request.socket.destroy());
  });
  server.keepAliveTimeout = 60_000; // else a connection that ends just as it is used again fails a test now and then
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, handler: S3Handler): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) if (value !== undefined) headers[name] = String(value);
  const { method = 'GET', url = '/' } = request;
  const found = await handler({ method, url, headers, body: Buffer.concat(chunks) });
  if (found === undefined) {
    request.socket.resetAndDestroy();
    return;
  }
  const body = Buffer.from(found.body ?? '');
  response.writeHead(found.status, { 'content-length': String(body.length), ...found.headers });
  if (found.cut !== true) response.end(method === 'HEAD' ? undefined : body);
  else response.write(body.subarray(0, body.length >> 1), () => request.socket.destroy());
}
