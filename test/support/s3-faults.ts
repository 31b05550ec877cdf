import { request as httpRequest } from 'node:http';
import { type S3Answer, type S3Handler, type S3Request, serve } from './s3-http.ts';

/** A request as faults are chosen by. */
export interface S3Operation {
  readonly method: string;
  /** Decoded; empty for a listing. */
  readonly key: string;
  readonly list: boolean;
  /** It has If-Match or If-None-Match. */
  readonly conditional: boolean;
}

/**
 * What goes wrong. `lost`: it is done, and the connection breaks instead of the answer; `reset`: it breaks before it is done;
 * `hang`, `hang done`: no answer ever comes, and it was not done, or was; `cut`: the answer breaks off half-way; a code of
 * S3: it is not done, and refused with that; a number: it takes so many ms.
 */
export type S3Fault =
  | 'lost'
  | 'reset'
  | 'hang'
  | 'hang done'
  | 'cut'
  | 'SlowDown'
  | 'InternalError'
  | 'InternalError done'
  | 'RequestTimeout'
  | 'ConditionalRequestConflict'
  | 'AccessDenied'
  | number;

/** Chooses what goes wrong with a request, and may do something before it; undefined: nothing goes wrong. */
export type S3Faults = (operation: S3Operation) => S3Fault | undefined | Promise<S3Fault | undefined>;

const STATUS = {
  SlowDown: 503,
  InternalError: 500,
  RequestTimeout: 400,
  ConditionalRequestConflict: 409,
  AccessDenied: 403,
} as const;

/** Puts faults in front of a server. */
export function withFaults(handler: S3Handler, faults: S3Faults): S3Handler {
  return async (request) => {
    const fault = await faults(operationOf(request));
    switch (fault) {
      case undefined:
        return handler(request);
      case 'lost':
        await handler(request);
        return undefined;
      case 'reset':
        return undefined;
      case 'hang':
        return never();
      case 'hang done':
        await handler(request);
        return never();
      case 'cut': {
        const answer = await handler(request);
        return answer && { ...answer, cut: true };
      }
      case 'InternalError done':
        await handler(request);
        return refusal('InternalError', STATUS.InternalError);
      default:
        if (typeof fault !== 'number') return refusal(fault, STATUS[fault]);
        await new Promise((resolve) => setTimeout(resolve, fault));
        return handler(request);
    }
  };
}

/** Faults in front of a server of its own process. */
export const startFaults = (endpoint: string, faults: S3Faults): ReturnType<typeof serve> =>
  serve(withFaults(forward(endpoint), faults));

/** An error as S3 says it. */
export const refusal = (code: string, status: number, message = `${code}, said on purpose`): S3Answer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message><RequestId>test</RequestId></Error>`,
});

const never = (): Promise<undefined> => new Promise(() => undefined);

export function operationOf({ method, url, headers }: S3Request): S3Operation {
  const { pathname, searchParams } = new URL(url, 'http://s3');
  const [, , ...parts] = pathname.split('/');
  return {
    method,
    key: decodeURIComponent(parts.join('/')),
    list: searchParams.has('list-type'),
    conditional: 'if-match' in headers || 'if-none-match' in headers,
  };
}

/** The Host header stays: it is signed. */
const forward =
  (endpoint: string): S3Handler =>
  ({ method, url, headers, body }) =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(endpoint);
      const request = httpRequest({ hostname, port, method, path: url, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const kept = Object.entries(response.headers).filter(
            ([name]) => !/^(connection|transfer-encoding)$/.test(name),
          );
          const answer = Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
          const length = method === 'HEAD' ? {} : { 'content-length': String(Buffer.concat(chunks).length) };
          resolve({
            status: response.statusCode ?? 500,
            headers: { ...answer, ...length },
            body: Buffer.concat(chunks),
          });
        });
      });
      request.on('error', reject);
      request.end(body);
    });
