import { INPUT_STREAMS, versionsOf } from '../catalog/outline.ts';
import type { ObjectStore } from '../ports/index.ts';
import { dateOf, NO_CLOCK_DATE, parseKey, streamPrefix } from './keys.ts';

const DAY_MS = 86_400_000;

/** Beside those of bots: what waits there may yet be stored. */
const QUARANTINE = 'quarantine';

/**
 * The first UTC day that lines of the lake lie in, those without a clock apart, or that one may yet be stored in: an event
 * is `maxAgeMs` old at most when it comes in, be it today, or when it went to quarantine, from where `redrive` brings it to
 * its own day. Objects come in key order: the first of each stream tells.
 */
export async function firstDay(
  store: Pick<ObjectStore, 'list'>,
  { nowMs, maxAgeMs }: { readonly nowMs: number; readonly maxAgeMs: number },
): Promise<string> {
  const before = (ms: number): string => dateOf(ms - maxAgeMs - 2 * DAY_MS);
  const firsts = (stream: string) => versionsOf(stream).map(firstOf(store, stream));
  const [days, waiting] = await Promise.all([
    Promise.all(INPUT_STREAMS.flatMap(firsts)),
    Promise.all(firsts(QUARANTINE)),
  ]);
  const possible = waiting.map((day) => (day === undefined ? undefined : before(Date.parse(day))));
  return [...days, ...possible].reduce<string>(
    (first, day) => (day !== undefined && day < first ? day : first),
    before(nowMs),
  );
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
