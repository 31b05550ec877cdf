import type { IncomingHttpHeaders } from 'node:http';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

/** The host of a `Host` header without port and brackets, in lower case; undefined where it is none. */
export function hostNameOf(header: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(header ?? '');
  return (match?.[1] ?? match?.[2])?.toLowerCase().replace(/\.$/, '');
}

export type Foreign = 'host' | 'origin';

/**
 * Tells requests that a foreign web page makes through a browser on this machine: by a name that was made to point
 * here (DNS rebinding), or from another origin.
 */
export function foreignGuard(hosts: readonly string[]): (headers: IncomingHttpHeaders) => Foreign | undefined {
  const allowed = new Set(hosts.map((host) => host.toLowerCase()));
  return (headers) => {
    const host = hostNameOf(headers.host);
    if (host === undefined || !(isLoopback(host) || allowed.has(host))) return 'host';
    const { origin } = headers;
    if (origin !== undefined && origin !== `http://${headers.host}` && origin !== `https://${headers.host}`)
      return 'origin';
    const site = headers['sec-fetch-site'];
    return site === undefined || site === 'same-origin' || site === 'none' ? undefined : 'origin';
  };
}
