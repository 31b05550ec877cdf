import { setTimeout as sleep } from 'node:timers/promises';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Observation } from '../../core/alerts/types.ts';
import type { Log } from '../../core/ports/index.ts';

export interface AlertQueueOptions {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly log: Log;
}

/** The queue of the alerts. Never throws: a queue that fails is the caller's to count, and the lake says all of it later. */
export interface AlertQueue {
  /** Sends what was observed, for at most so long, ms. @returns how many observations were not taken */
  observations(observations: readonly Observation[], withinMs: number): Promise<number>;
  /** Sends the keys of objects. @returns those that were not taken */
  objects(keys: readonly string[], withinMs: number): Promise<readonly string[]>;
}

/** Entries of a batch (SQS API reference, SendMessageBatch). */
const BATCH_ENTRIES = 10;
/** Bytes of all entries together: SQS takes 1 MiB. */
const BATCH_BYTES = 1_048_576;
/** Bytes of one message: SQS takes 1 MiB, and took 256 KiB until 2025; small ones keep a message that comes again cheap. */
const MESSAGE_BYTES = 262_144;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1_000;

/** A client that tries once: how long to go on is known here only. */
export const sqsClient = (): SQSClient => new SQSClient({ maxAttempts: 1 });

interface Message<Item> {
  readonly body: string;
  readonly bytes: number;
  readonly items: readonly Item[];
}

export function createAlertQueue({ client, queueUrl, log }: AlertQueueOptions): AlertQueue {
  /** One call. @returns the messages that were refused, with those of them that a later try may bring */
  async function put<Item>(batch: readonly Message<Item>[], abortSignal: AbortSignal): Promise<Answer<Item>> {
    const command = new SendMessageBatchCommand({
      QueueUrl: queueUrl,
      Entries: batch.map(({ body }, i) => ({ Id: String(i), MessageBody: body })),
    });
    try {
      // A client may be deaf to the signal while it looks for credentials.
      const { Successful = [], Failed = [] } = await Promise.race([
        client.send(command, { abortSignal }),
        over(abortSignal),
      ]);
      // What is named as taken counts: an answer that leaves an entry out took nothing of it.
      const taken = new Set(Successful.map(({ Id }) => Id));
      const wrong = new Set(Failed.filter(({ SenderFault }) => SenderFault === true).map(({ Id }) => Id));
      const refused = batch.filter((_, i) => !taken.has(String(i)));
      return {
        lost: batch.filter((_, i) => !taken.has(String(i)) && wrong.has(String(i))),
        later: refused.filter((message) => !wrong.has(String(batch.indexOf(message)))),
        why: Failed[0]?.Code ?? 'no answer for it',
      };
    } catch (error) {
      const why = (error as Error).name;
      return isForLater(error) ? { lost: [], later: batch, why } : { lost: batch, later: [], why };
    }
  }

  async function send<Item>(key: string, items: readonly Item[], withinMs: number): Promise<readonly Item[]> {
    if (items.length === 0) return [];
    const endMs = performance.now() + withinMs;
    const left = (): number => endMs - performance.now();
    const { messages, tooLarge } = messagesOf(key, items);
    const lost: Item[] = [...tooLarge];
    let why = tooLarge.length > 0 ? 'larger than a message may be' : 'no time was left';
    for (const batch of batchesOf(messages)) {
      let pending: readonly Message<Item>[] = batch;
      for (let attempt = 0; pending.length > 0 && left() > 0; attempt++) {
        const answer = await put(pending, AbortSignal.timeout(Math.max(1, Math.floor(left()))));
        lost.push(...answer.lost.flatMap((message) => message.items));
        pending = answer.later;
        if (answer.lost.length + pending.length > 0) why = answer.why;
        if (pending.length === 0) break;
        const waitMs = Math.random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempt, 20));
        if (waitMs >= left()) break;
        await sleep(waitMs);
      }
      lost.push(...pending.flatMap((message) => message.items));
    }
    if (lost.length > 0)
      log.warn('the alert queue did not take everything', { [key]: items.length, lost: lost.length, reason: why });
    return lost;
  }

  return {
    observations: async (observations, withinMs) => (await send('observations', observations, withinMs)).length,
    objects: (keys, withinMs) => send('objects', keys, withinMs),
  };
}

interface Answer<Item> {
  readonly lost: readonly Message<Item>[];
  readonly later: readonly Message<Item>[];
  readonly why: string;
}

/** `{ "<key>": [items] }`, as many items in each as fit. */
function messagesOf<Item>(key: string, items: readonly Item[]) {
  const [head, tail] = [`{${JSON.stringify(key)}:[`, ']}'];
  const messages: Message<Item>[] = [];
  const tooLarge: Item[] = [];
  let texts: string[] = [];
  let held: Item[] = [];
  let bytes = 0;
  const close = (): void => {
    if (held.length > 0) messages.push({ body: `${head}${texts.join()}${tail}`, bytes, items: held });
    [texts, held, bytes] = [[], [], head.length + tail.length];
  };
  close();
  for (const item of items) {
    const text = allowed(JSON.stringify(item));
    const more = Buffer.byteLength(text) + 1;
    if (head.length + tail.length + more > MESSAGE_BYTES) {
      tooLarge.push(item);
      continue;
    }
    if (bytes + more > MESSAGE_BYTES) close();
    texts.push(text);
    held.push(item);
    bytes += more;
  }
  close();
  return { messages, tooLarge };
}

/** SQS refuses two characters that JSON allows as they are (API reference, SendMessage); of the other control characters JSON writes none. */
const allowed = (json: string): string =>
  json.replaceAll(/[\uFFFE\uFFFF]/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`);

function* batchesOf<Item>(messages: readonly Message<Item>[]): Generator<readonly Message<Item>[]> {
  let batch: Message<Item>[] = [];
  let bytes = 0;
  for (const message of messages) {
    if (batch.length === BATCH_ENTRIES || bytes + message.bytes > BATCH_BYTES) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(message);
    bytes += message.bytes;
  }
  if (batch.length > 0) yield batch;
}

const over = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

const FOR_GOOD =
  /AccessDenied|NonExistentQueue|QueueDoesNotExist|Invalid|UnrecognizedClient|ExpiredToken|Validation|BatchRequestTooLong|CredentialsProviderError/;

function isForLater(error: unknown): boolean {
  const { name = '', $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  return !FOR_GOOD.test(name) && $metadata?.httpStatusCode !== 403;
}
