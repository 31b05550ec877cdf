import { slackNotifier } from '../../adapters/channels/slack.ts';
import { webhookNotifier } from '../../adapters/channels/webhook.ts';
import type { AlertMessage } from '../../core/alerts/messages.ts';
import type { AlertSettings, ChannelSettings } from '../../core/alerts/types.ts';
import { messageOf, NightdeskError } from '../../core/errors.ts';
import type { Notifier } from '../../core/ports/index.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A channel of the settings, and what tells it; or why nothing does. */
export interface OpenedChannel {
  readonly settings: ChannelSettings;
  readonly notifier?: Notifier<AlertMessage>;
  readonly missing?: string;
}

/**
 * The channels of a desk: the address of each stands in the environment variable that its settings name. E-mail goes
 * through SNS, and so is for stacks only.
 */
export const openChannels = ({ channels }: AlertSettings, environment: Environment): OpenedChannel[] =>
  channels.map((settings) => {
    const { kind, env } = settings;
    if (kind === 'email' || env === undefined)
      return { settings, missing: 'e-mail goes through SNS, on AWS; on one machine use a webhook' };
    const url = environment[env]?.trim() ?? '';
    if (url === '') return { settings, missing: `set ${env} to its address` };
    return { settings, notifier: notifierOf(kind, env, { url, secret: environment[`${env}_SECRET`] }) };
  });

/** @throws CONFIG_INVALID names the variable, never its value */
function notifierOf(
  kind: 'slack' | 'webhook',
  env: string,
  { url, secret }: { readonly url: string; readonly secret: string | undefined },
): Notifier<AlertMessage> {
  try {
    if (kind === 'slack') return slackNotifier({ url });
    return webhookNotifier({ url, ...(secret === undefined ? {} : { secret }) });
  } catch (error) {
    throw new NightdeskError('CONFIG_INVALID', `${env}: ${messageOf(error)}`, { cause: error });
  }
}

/** Those that can be told, by name. */
export const usable = (channels: readonly OpenedChannel[]): Map<string, Notifier<AlertMessage>> =>
  new Map(channels.flatMap(({ settings, notifier }) => (notifier === undefined ? [] : [[settings.name, notifier]])));
