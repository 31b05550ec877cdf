import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, NightdeskError } from '../../lib/core/errors.ts';
import type { Ledger } from '../../lib/core/lifecycle/ledger.ts';
import type { Log } from '../../lib/core/ports/index.ts';
import type { NewObject, ObjectMessage } from '../support/object-messages.ts';

export interface TakeInTools {
  readonly ledger: Ledger;
  readonly log: Log;
  /** Until the function is ended, ms. */
  remainingMs(): number;
}

/** Kept for the answer: a fold may hold the event loop for a while. */
const ANSWER_MS = 10_000;
/** Objects that are taken in at once, in compressed bytes: ten times as much as text, and that several times in memory. */
const SLICE_BYTES = 8_000_000;

/**
 * Shows the ledger the objects of the messages, as many at once as memory allows, so that each ledger's state is read and
 * written once. What there is no time for comes again: who took it in already changes nothing.
 * @returns ids of the messages that are to come again
 */
export async function takeIn(messages: readonly ObjectMessage[], tools: TakeInTools): Promise<string[]> {
  const objects = new Map<string, NewObject>();
  for (const message of messages)
    if ('objects' in message) for (const object of message.objects) objects.set(object.key, object);
  const failed = new Map<string, unknown>();
  for (const keys of slicesOf([...objects.values()]))
    for (const [key, error] of await failedOf(keys, tools)) failed.set(key, error);
  const again = messages.filter((message) =>
    'objects' in message ? message.objects.some(({ key }) => failed.has(key)) : true,
  );
  tell(messages, failed, tools.log);
  return again.map(({ messageId }) => messageId);
}

function* slicesOf(objects: readonly NewObject[]): Generator<readonly string[]> {
  let slice: string[] = [];
  let bytes = 0;
  for (const object of objects) {
    if (slice.length > 0 && bytes + object.bytes > SLICE_BYTES) {
      yield slice;
      slice = [];
      bytes = 0;
    }
    slice.push(object.key);
    bytes += object.bytes;
  }
  if (slice.length > 0) yield slice;
}

type Failures = ReadonlyMap<string, unknown>;

const LATE = new Error('no time was left');

/** The objects that were not taken in, with the reason. One that the fold cannot bear is searched for by halves. */
async function failedOf(keys: readonly string[], tools: TakeInTools): Promise<Failures> {
  const failed = await inTime(keys, tools);
  const suspects = keys.filter((key) => failed.has(key) && isDefect(failed.get(key)));
  if (suspects.length < 2) return failed;
  const found = new Map([...failed].filter(([key]) => !suspects.includes(key)));
  const half = suspects.length >> 1;
  for (const part of [suspects.slice(0, half), suspects.slice(half)])
    for (const [key, error] of await failedOf(part, tools)) found.set(key, error);
  return found;
}

/** Whether it may be one object's fault: what Nightdesk says on purpose is about the store, or the ledger's own state. */
const isDefect = (error: unknown): boolean => error !== LATE && !(error instanceof NightdeskError);

async function inTime(keys: readonly string[], { ledger, remainingMs }: TakeInTools): Promise<Failures> {
  const late: Failures = new Map(keys.map((key) => [key, LATE]));
  const ms = remainingMs() - ANSWER_MS;
  if (ms <= 0) return late;
  const timer = new AbortController();
  const timeout = sleep(ms, late, { signal: timer.signal }).catch(() => late);
  // What still runs then goes on when the process is woken again, or is ended: either is as if it had been slow.
  const failed = await Promise.race([apply(keys, ledger), timeout]);
  timer.abort();
  return failed;
}

async function apply(keys: readonly string[], ledger: Ledger): Promise<Failures> {
  const failed = new Map<string, unknown>();
  try {
    await ledger.applyObjects(keys, (key, error) => failed.set(key, error));
  } catch (error) {
    if (failed.size === 0) for (const key of keys) failed.set(key, error);
  }
  return failed;
}

function tell(messages: readonly ObjectMessage[], failed: Failures, log: Log): void {
  for (const message of messages)
    if ('malformed' in message)
      log.error('a message of the queue is no notification of S3', {
        messageId: message.messageId,
        reason: message.malformed,
      });
  const byReason = new Map<string, string[]>();
  for (const [key, error] of failed) byReason.set(messageOf(error), [...(byReason.get(messageOf(error)) ?? []), key]);
  for (const [reason, keys] of byReason)
    log.error('objects were not taken in; they are tried again', {
      objects: keys.length,
      first: keys.slice(0, 5),
      reason,
    });
}
