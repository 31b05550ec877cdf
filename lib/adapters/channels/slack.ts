import type { AlertMessage } from '../../core/alerts/messages.ts';
import type { Notifier } from '../../core/ports/index.ts';
import { channelUrl, notTaken, post } from './post.ts';
import { slackPayload } from './slack-payload.ts';

export interface SlackOptions {
  /** The incoming webhook: a secret, which is in no error and no log. */
  readonly url: string;
  /** @default 10000 */
  readonly timeoutMs?: number;
}

/**
 * Slack, through an incoming webhook. A message counts as shown when Slack says 200 `ok`; any other answer with 200 comes
 * from something in between, and may hide one.
 * @throws CONFIG_INVALID where the address cannot be used
 */
export function slackNotifier({ url: address, timeoutMs }: SlackOptions): Notifier<AlertMessage> {
  const url = channelUrl(address);
  return {
    async send(message) {
      const posted = await post(url, {
        body: JSON.stringify(slackPayload(message)),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
      if (!('failed' in posted) && posted.status >= 200 && posted.status < 300)
        return posted.status === 200 && posted.body?.trim() === 'ok'
          ? { outcome: 'sent' }
          : { outcome: 'unsure', reason: `answered ${posted.status}, but not with Slack’s ok` };
      return notTaken(posted);
    },
  };
}
