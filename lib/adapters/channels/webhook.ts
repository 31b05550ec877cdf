import { createHmac } from 'node:crypto';
import type { AlertMessage } from '../../core/alerts/messages.ts';
import type { Clock, Notifier } from '../../core/ports/index.ts';
import { channelUrl, notTaken, post } from './post.ts';
import { webhookPayload } from './webhook-payload.ts';

export interface WebhookOptions {
  /** A secret, which is in no error and no log. */
  readonly url: string;
  /** Signs each message. @default - not signed */
  readonly secret?: string;
  /** @default 10000 */
  readonly timeoutMs?: number;
  /** Time of the signature. @default - the system's */
  readonly clock?: Clock;
}

export const SIGNATURE_HEADER = 'X-Nightdesk-Signature';

/**
 * Any server that takes JSON by POST (`WebhookPayload`); 2xx means taken. With a secret each message carries
 * `X-Nightdesk-Signature: t=<unix seconds>,v1=<hex>`, where v1 is the HMAC-SHA256 of `<t>.<body>`.
 * @throws CONFIG_INVALID where the address cannot be used
 */
export function webhookNotifier({ url: address, secret, timeoutMs, clock }: WebhookOptions): Notifier<AlertMessage> {
  const url = channelUrl(address);
  return {
    async send(message) {
      const body = JSON.stringify(webhookPayload(message));
      const posted = await post(url, {
        body,
        ...(secret === undefined
          ? {}
          : { headers: { [SIGNATURE_HEADER]: signature(body, { secret, nowMs: clock?.nowMs() ?? Date.now() }) } }),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
      return !('failed' in posted) && posted.status >= 200 && posted.status < 300
        ? { outcome: 'sent' }
        : notTaken(posted);
    },
  };
}

/** The value of the signature header; receivers compute the same, compare in constant time and refuse what is old. */
export function signature(
  body: string,
  { secret, nowMs }: { readonly secret: string; readonly nowMs: number },
): string {
  const t = Math.floor(nowMs / 1_000);
  return `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`;
}
