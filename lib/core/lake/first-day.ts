import { INPUT_STREAMS, versionsOf } from '../catalog/outline.ts';
import type { ObjectStore } from '../ports/index.ts';
import { NO_CLOCK_DATE, parseKey, streamPrefix } from './keys.ts';

const DAY_MS = 86_400_000;

/**
 * The first UTC day that bots' events lie in, those without a clock apart; at the latest `maxAgeMs` and two days ago, for
 * of so old a day an event may still come in. Objects come in key order: the first of each stream tells.
 */
export async function firstDay(
  store: Pick<ObjectStore, 'list'>,
  { nowMs, maxAgeMs }: { readonly nowMs: number; readonly maxAgeMs: number },
): Promise<string> {
  const latest = new Date(nowMs - maxAgeMs - 2 * DAY_MS).toISOString().slice(0, 10);
  const days = await Promise.all(INPUT_STREAMS.flatMap((stream) => versionsOf(stream).map(firstOf(store, stream))));
  return days.reduce<string>((first, day) => (day !== undefined && day < first ? day : first), latest);
}

const firstOf =
  (store: Pick<ObjectStore, 'list'>, stream: string) =>
  async (version: number): Promise<string | undefined> => {
    for await (const { key } of store.list(streamPrefix('events', stream, version))) {
      const date = parseKey(key)?.date;
      if (date !== undefined && date !== NO_CLOCK_DATE) return date;
    }
    return undefined;
  };
