import { PublishCommand, SNSClient, type SNSClientConfig } from '@aws-sdk/client-sns';
import type { AlertMessage } from '../../core/alerts/messages.ts';
import { plainText } from '../../core/alerts/plain-text.ts';
import { wellFormed } from '../../core/alerts/wording.ts';
import type { Delivered, Notifier } from '../../core/ports/index.ts';
import { patience } from './patience.ts';

export interface SnsOptions {
  readonly client: SNSClient;
  /** Topic to which people's e-mail addresses subscribe. */
  readonly topicArn: string;
}

/** SNS: a message has at most 262,144 bytes; far less is read. In UTF-8 no UTF-16 unit has more than three bytes. */
const MOST_TEXT = 80_000;

/** SNS: a subject is ASCII, without line ends or control characters, shorter than 100 characters. */
const MOST_SUBJECT = 99;

/** A client that tries once: what to do after a failure the dispatcher knows. */
export const snsClient = (config: SNSClientConfig = {}): SNSClient =>
  new SNSClient({ ...patience({ tries: 1, connectMs: 3_000, requestMs: 10_000 }), ...config });

/** E-mail, through the subscriptions of an SNS topic. Its plain text says all that a message says. */
export const snsNotifier = ({ client, topicArn }: SnsOptions): Notifier<AlertMessage> => ({
  async send(message) {
    const command = new PublishCommand({
      TopicArn: topicArn,
      Subject: subjectOf(message),
      // A lone surrogate would not only fail: the serializer of the SDK keeps half a request, and spoils the next ones.
      Message: wellFormed(plainText(message, MOST_TEXT)),
    });
    try {
      await client.send(command);
      return { outcome: 'sent' };
    } catch (error) {
      return failureOf(error);
    }
  },
});

/** What the subject line says: severity, title, in ASCII; what is not is `?`. */
export function subjectOf({ severity, ended, kind, title }: AlertMessage): string {
  const prefix = kind === 'digest' || kind === 'test' ? '' : ended ? '[resolved] ' : `[${severity}] `;
  const ascii = title
    .replaceAll('·', '-')
    .replaceAll('…', '...')
    .replace(/[^\x20-\x7e]/gu, '?');
  return `${prefix}${ascii}`.slice(0, MOST_SUBJECT).trim() || 'Nightdesk';
}

/** The topic is gone, or the message is none. A permission may be granted, so its lack is for later. */
const FOR_GOOD = /^(NotFound.*|ResourceNotFound.*|InvalidParameter.*|Validation.*|ParameterValueInvalid)$/;

const UNSENT = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|CredentialsProviderError)$/;

/** By names and codes: messages may quote the request. */
function failureOf(error: unknown): Delivered {
  const { name, code, $metadata } = error as {
    name?: string;
    code?: unknown;
    $metadata?: { httpStatusCode?: number };
  };
  const status = $metadata?.httpStatusCode;
  const called = typeof code === 'string' ? code : (name ?? 'Error');
  const reason = status === undefined ? `SNS: ${called}` : `SNS answered ${status} ${name ?? ''}`.trim();
  if (FOR_GOOD.test(name ?? '')) return { outcome: 'refused', reason };
  // An answer that could not be read had a status of success: the message may be on its way.
  if (status !== undefined && status >= 300) return { outcome: 'retry', reason };
  return { outcome: UNSENT.test(called) || UNSENT.test(name ?? '') ? 'retry' : 'unsure', reason };
}
