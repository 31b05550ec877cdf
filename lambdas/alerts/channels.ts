import { slackNotifier } from '../../lib/adapters/channels/slack.ts';
import { webhookNotifier } from '../../lib/adapters/channels/webhook.ts';
import type { AlertMessage } from '../../lib/core/alerts/messages.ts';
import type { ChannelSettings } from '../../lib/core/alerts/types.ts';
import { messageOf } from '../../lib/core/errors.ts';
import type { Log, Notifier } from '../../lib/core/ports/index.ts';

export interface ChannelsOptions {
  readonly settings: readonly ChannelSettings[];
  /** Reads what lies in the secret of a channel; undefined where it has none. */
  readonly secret: (channel: string) => Promise<string | undefined>;
  /** What channels of kind `email` are told through. */
  readonly email: Notifier<AlertMessage> | undefined;
  readonly nowMs: () => number;
  readonly log: Log;
}

export type Channels = ReadonlyMap<string, Notifier<AlertMessage>>;

/** How long an address is used before it is looked up again, ms: a new one works within that time. */
const READ_EVERY_MS = 300_000;

interface Known {
  readonly secret: string | undefined;
  readonly notifier: Notifier<AlertMessage> | undefined;
}

/**
 * The channels that have an address, by name: the same map as long as nothing changes. A secret that cannot be read
 * leaves its channel as it was.
 */
export function channelReader({ settings, secret, email, nowMs, log }: ChannelsOptions): () => Promise<Channels> {
  const known = new Map<string, Known>();
  let readAtMs = Number.NEGATIVE_INFINITY;
  let channels: Channels = new Map();

  async function read({ name, kind }: ChannelSettings): Promise<Known> {
    const before = known.get(name);
    if (kind === 'email') return before ?? said({ secret: undefined, notifier: email }, name);
    try {
      const text = await secret(name);
      return before !== undefined && before.secret === text
        ? before
        : said({ secret: text, notifier: notifierOf(kind, text) }, name);
    } catch (error) {
      log.error('the address of a channel cannot be used', { channel: name, reason: messageOf(error) });
      return before ?? { secret: undefined, notifier: undefined };
    }
  }

  function said(found: Known, channel: string): Known {
    if (found.notifier === undefined)
      log.warn('a channel has no address: put one into its secret; what is for it waits', { channel });
    return found;
  }

  return async () => {
    if (nowMs() - readAtMs < READ_EVERY_MS) return channels;
    readAtMs = nowMs();
    const found = await Promise.all(settings.map(async (channel) => [channel.name, await read(channel)] as const));
    const changed = found.some(([name, { notifier }]) => known.get(name)?.notifier !== notifier);
    for (const [name, one] of found) known.set(name, one);
    if (changed)
      channels = new Map(found.flatMap(([name, { notifier }]) => (notifier === undefined ? [] : [[name, notifier]])));
    return channels;
  };
}

/** Undefined for what the stack puts there at first, which is no address. @throws CONFIG_INVALID, without the address in it */
function notifierOf(kind: ChannelSettings['kind'], secret: string | undefined): Notifier<AlertMessage> | undefined {
  const { url, key } = addressOf(secret?.trim() ?? '');
  if (!url.includes(':')) return undefined;
  return kind === 'slack'
    ? slackNotifier({ url })
    : webhookNotifier({ url, ...(key === undefined ? {} : { secret: key }) });
}

/** An address, or `{"url": "https://…", "secret": "…"}` for a webhook whose messages are signed. */
function addressOf(secret: string): { readonly url: string; readonly key?: string } {
  if (!secret.startsWith('{')) return { url: secret };
  const said: unknown = JSON.parse(secret);
  const { url, secret: key } = said as { readonly url?: unknown; readonly secret?: unknown };
  return { url: String(url ?? ''), ...(typeof key === 'string' ? { key } : {}) };
}
