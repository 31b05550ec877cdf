import { sha256 } from '../../adapters/local/sha256.ts';
import { changeIdOf } from '../../core/alerts/identity.ts';
import { type AlertMessage, planMessages } from '../../core/alerts/messages.ts';
import type { AlertSettings, Notice, Severity } from '../../core/alerts/types.ts';
import { wholeView } from '../../core/alerts/whole-view.ts';
import type { Delivered } from '../../core/ports/index.ts';
import type { OpenedChannel } from './channels.ts';

export interface TestFacts {
  readonly severity: Severity;
  readonly atMs: number;
  readonly operator?: string;
}

/** The message that a test sends to a channel. */
export function testMessageFor(channel: string, facts: TestFacts, settings: AlertSettings): AlertMessage {
  const [message] = planMessages([noticeOf(channel, facts)], channel, settings);
  if (message === undefined) throw new Error('a test makes no message');
  return message;
}

function noticeOf(channel: string, { severity, atMs, operator }: TestFacts): Notice {
  const facts = {
    ruleId: 'test',
    title: 'Test message of Nightdesk',
    severity,
    status: 'resolved',
    group: channel,
    reason: `The channel ${channel} works. Nothing is wrong.`,
  } as const;
  const alert = wholeView(facts, atMs, sha256);
  return {
    to: [channel],
    unsure: [],
    change: {
      id: changeIdOf(alert.alertId, 1),
      kind: 'test',
      atMs,
      notify: true,
      alert,
      ...(operator === undefined ? {} : { operator }),
    },
  };
}

/** How a channel answered; `skipped` where it has no address or is not told of the severity. */
export interface ChannelAnswer {
  readonly channel: string;
  readonly kind: string;
  readonly outcome: Delivered['outcome'] | 'skipped';
  readonly reason: string | null;
}

/** Sends a test to each, once, one after the other. */
export async function testChannels(
  channels: readonly OpenedChannel[],
  facts: TestFacts,
  settings: AlertSettings,
): Promise<ChannelAnswer[]> {
  const answers: ChannelAnswer[] = [];
  for (const { settings: channel, notifier, missing } of channels) {
    const { name, kind, severities } = channel;
    const skipped = (reason: string): ChannelAnswer => ({ channel: name, kind, outcome: 'skipped', reason });
    if (notifier === undefined) answers.push(skipped(missing ?? 'it has no address'));
    else if (!severities.includes(facts.severity))
      answers.push(skipped(`it is told of ${severities.join(', ')} only; --severity chooses one`));
    else {
      const delivered = await notifier.send(testMessageFor(name, facts, settings));
      answers.push({
        channel: name,
        kind,
        outcome: delivered.outcome,
        reason: delivered.outcome === 'sent' ? null : delivered.reason,
      });
    }
  }
  return answers;
}
