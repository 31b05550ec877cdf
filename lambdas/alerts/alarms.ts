import type { PlatformAlarm } from '../../lib/core/alerts/types.ts';

/** A record of SNS, as far as it is looked at. */
export interface SnsRecord {
  readonly Sns: {
    readonly Message: string;
    readonly Subject?: string | null;
    readonly Timestamp: string;
  };
}

/** What a notification tells; `advice` is the alarm's own description. */
export interface Notification extends PlatformAlarm {
  readonly advice: string;
}

/**
 * Reads a notification of CloudWatch (User Guide, "Alarm notification payload": of one metric, of a metric math, of a
 * composite alarm), or what any other service writes on the topic, such as AWS Budgets: plain text.
 */
export function readNotification({
  Sns: { Message: message, Subject: subject, Timestamp: at },
}: SnsRecord): Notification {
  const said = parsed(message);
  const atMs = timeOf(said?.StateChangeTime) ?? timeOf(at) ?? 0;
  if (said === undefined || typeof said.AlarmName !== 'string') {
    const title = typeof subject === 'string' && subject !== '' ? subject : 'a notice of AWS';
    return { alarm: title, state: 'ALARM', reason: message.slice(0, MOST_TEXT), region: '', atMs, advice: '' };
  }
  return {
    alarm: said.AlarmName,
    state: textOf(said.NewStateValue),
    reason: textOf(said.NewStateReason),
    region: textOf(said.Region),
    atMs,
    advice: textOf(said.AlarmDescription),
  };
}

const MOST_TEXT = 1_000;

const textOf = (value: unknown): string => (typeof value === 'string' ? value.slice(0, MOST_TEXT) : '');

/** CloudWatch writes `2026-01-05T10:00:00.000+0000`, which is not ISO for want of a colon. */
function timeOf(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const ms = Date.parse(value.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
  return Number.isNaN(ms) ? undefined : ms;
}

function parsed(message: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const said: unknown = JSON.parse(message);
    return typeof said === 'object' && said !== null ? (said as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
