import { NightdeskError } from '../../core/errors.ts';
import type { Delivered } from '../../core/ports/index.ts';

/** Longest wait for a whole answer (S2's webhook sink: 10 s). */
export const TIMEOUT_MS = 10_000;

/** More of an answer than this is not read. */
const MOST_ANSWER_BYTES = 16 * 1024;

export interface PostOptions {
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** @default 10000 */
  readonly timeoutMs?: number;
}

/** What came back: an answer, or why there is none. The URL, which is a secret, is in neither. */
export type Posted =
  | { readonly status: number; readonly body: string | undefined; readonly retryAfterMs?: number }
  | { readonly failed: 'unsent' | 'lost'; readonly reason: string };

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * The address of a channel: https, or http on the own machine, without user and password.
 * @throws CONFIG_INVALID, without the address in it
 */
export function channelUrl(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const wrong =
    url === undefined
      ? 'it is no URL'
      : url.username !== '' || url.password !== ''
        ? 'it has a user or a password in it'
        : url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname))
          ? undefined
          : 'it is neither https nor http on this machine';
  if (url === undefined || wrong !== undefined)
    throw new NightdeskError(
      'CONFIG_INVALID',
      `the address of a channel cannot be used: ${wrong} (it is a secret, and so not shown)`,
    );
  return url;
}

/** Posts once. Never throws, follows no redirect, reads no more of the answer than it needs. */
export async function post(url: URL, { body, headers, timeoutMs = TIMEOUT_MS }: PostOptions): Promise<Posted> {
  const signal = AbortSignal.timeout(timeoutMs);
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      redirect: 'manual', // an alert goes to the address that was given, or nowhere
      headers: { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'nightdesk', ...headers },
      body,
      signal,
    });
  } catch (error) {
    return failureOf(error, timeoutMs);
  }
  const retryAfterMs = retryAfter(response.headers.get('retry-after'));
  const text = await textOf(response).catch(() => undefined);
  return { status: response.status, body: text, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** Codes of connections that never came about: nothing was sent. Others may break after the request was read. */
const UNSENT =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|CERT_.*|ERR_TLS_.*|DEPTH_ZERO_.*|SELF_SIGNED_.*|UNABLE_TO_.*)$/;

/** By the code alone: the messages of fetch may quote the URL. */
function failureOf(error: unknown, timeoutMs: number): Posted {
  const { name, cause } = error as { name?: unknown; cause?: { code?: unknown } };
  if (name === 'TimeoutError') return { failed: 'lost', reason: `no answer within ${timeoutMs} ms` };
  const code = codeOf(cause);
  return UNSENT.test(code)
    ? { failed: 'unsent', reason: `no connection (${code})` }
    : { failed: 'lost', reason: `the connection broke (${code})` };
}

/** Where a name has several addresses, the error holds one error for each. */
function codeOf(cause: unknown): string {
  const { code, errors } = (cause ?? {}) as { code?: unknown; errors?: readonly unknown[] };
  if (typeof code === 'string') return code;
  return Array.isArray(errors) && errors.length > 0 ? codeOf(errors[0]) : 'no code';
}

/** Seconds, or a date (RFC 9110). */
function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d{1,9}(\.\d+)?\s*$/.test(header)) return Math.ceil(Number(header) * 1_000);
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - Date.now());
}

async function textOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    text += decoder.decode(value, { stream: true });
    if (bytes <= MOST_ANSWER_BYTES) continue;
    await reader.cancel();
    return text;
  }
}

/** What an answer means, beside those that mean it was taken. */
export function notTaken(posted: Posted): Delivered {
  if ('failed' in posted) return { outcome: posted.failed === 'lost' ? 'unsure' : 'retry', reason: posted.reason };
  const { status, body, retryAfterMs } = posted;
  const reason = `answered ${status}${wordOf(body)}`;
  // Moved for good, or refused for what it is: no later try changes that. 408 and 425 ask for another one.
  const refused =
    status === 301 || status === 308 || (status >= 400 && status < 500 && ![408, 425, 429].includes(status));
  if (refused) return { outcome: 'refused', reason };
  return { outcome: 'retry', reason, ...(retryAfterMs === undefined ? {} : { afterMs: retryAfterMs }) };
}

/** Slack explains itself in one word, such as `no_service`; anything else may hold what is secret. */
const wordOf = (body: string | undefined): string =>
  body !== undefined && /^[a-z][a-z_]{1,60}$/.test(body.trim()) ? ` ${body.trim()}` : '';
