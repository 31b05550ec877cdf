import { setTimeout as sleep } from 'node:timers/promises';
import type { Alerts } from '../../lib/core/alerts/runtime.ts';
import { messageOf } from '../../lib/core/errors.ts';
import type { Log } from '../../lib/core/ports/index.ts';
import type { AlertMessageOfQueue } from './messages.ts';

export interface TakeInTools {
  readonly alerts: Pick<Alerts, 'observe' | 'observeObjects' | 'flush'>;
  readonly log: Log;
  /** Until no more is begun, ms. */
  leftMs(): number;
}

/**
 * Shows the rules what the messages say, all of it at once so that each strategy's state is read and written once; where
 * that fails, message by message. What is shown twice changes nothing.
 * @returns ids of the messages that are to come again
 */
export async function takeIn(messages: readonly AlertMessageOfQueue[], tools: TakeInTools): Promise<string[]> {
  const readable = messages.filter((message) => !('malformed' in message));
  for (const message of messages)
    if ('malformed' in message)
      tools.log.error('a message of the alert queue cannot be read', {
        messageId: message.messageId,
        reason: message.malformed,
      });
  const failed = new Set(messages.filter((message) => !readable.includes(message)).map(({ messageId }) => messageId));
  for (const id of await failing(readable, tools)) failed.add(id);
  return [...failed];
}

async function failing(messages: readonly AlertMessageOfQueue[], tools: TakeInTools): Promise<string[]> {
  if (messages.length === 0) return [];
  const refused = await show(messages, tools);
  if (refused === undefined)
    return messages.length === 1 || tools.leftMs() <= 0 ? idsOf(messages) : oneByOne(messages, tools);
  return idsOf(messages.filter((message) => 'objects' in message && message.objects.some((key) => refused.has(key))));
}

async function oneByOne(messages: readonly AlertMessageOfQueue[], tools: TakeInTools): Promise<string[]> {
  const failed: string[] = [];
  for (const message of messages) failed.push(...(await failing([message], tools)));
  return failed;
}

const idsOf = (messages: readonly AlertMessageOfQueue[]): string[] => messages.map(({ messageId }) => messageId);

/** @returns keys of the objects that could not be read; undefined where nothing of it is kept */
async function show(
  messages: readonly AlertMessageOfQueue[],
  { alerts, log, leftMs }: TakeInTools,
): Promise<ReadonlySet<string> | undefined> {
  const refused = new Map<string, unknown>();
  const work = async (): Promise<void> => {
    const observations = messages.flatMap((message) => ('observations' in message ? message.observations : []));
    const objects = messages.flatMap((message) => ('objects' in message ? message.objects : []));
    if (observations.length > 0) await alerts.observe(observations);
    if (objects.length > 0) await showObjects([...new Set(objects)], { alerts, refused });
    await alerts.flush();
  };
  const problem = await inTime(work, leftMs());
  for (const [key, error] of refused)
    log.error('an object could not be read for the rules; it is tried again', { key, error });
  if (problem === undefined) return new Set(refused.keys());
  log.error('the rules could not be shown what came in; it is tried again', {
    messages: messages.length,
    reason: problem,
  });
  return undefined;
}

async function showObjects(
  keys: readonly string[],
  { alerts, refused }: { readonly alerts: TakeInTools['alerts']; readonly refused: Map<string, unknown> },
): Promise<void> {
  try {
    await alerts.observeObjects(keys, (key, error) => refused.set(key, error));
  } catch (error) {
    if (refused.size === 0) throw error;
  }
}

/** @returns what went wrong; undefined where it was done */
async function inTime(work: () => Promise<void>, ms: number): Promise<string | undefined> {
  const late = 'no time was left';
  if (ms <= 0) return late;
  const timer = new AbortController();
  // What still runs then goes on when the process is woken again, or is ended: either is as if it had been slow.
  const problem = await Promise.race([
    work().catch(messageOf),
    sleep(ms, late, { signal: timer.signal }).catch(() => undefined),
  ]);
  timer.abort();
  return problem ?? undefined;
}
