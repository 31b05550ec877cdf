import { INPUT_STREAMS } from '../../core/catalog/index.ts';
import { PREFIXES, parseKey } from '../../core/lake/keys.ts';
import type { ObjectStore, StateStore } from '../../core/ports/index.ts';

// What a desk that died, or was off while others wrote, has not shown to the ledger, or to the alerts.

/** Where it is noted how far each of them is. */
export const MARKS = { ledger: 'state/ledger-runner.json', alerts: 'state/alerts-runner.json' } as const;
export type Mark = (typeof MARKS)[keyof typeof MARKS];

/** How much earlier an object may be named than it was there: a disk that is full keeps a write waiting. */
const MARGIN_MS = 600_000;

/** Up to when every object was taken in, ms; undefined where nobody ever did on this lake. */
export async function readMark(state: StateStore, mark: Mark): Promise<number | undefined> {
  const found = await state.get(mark);
  if (found === undefined) return undefined;
  try {
    const { taken_until: until } = JSON.parse(new TextDecoder().decode(found.body)) as { taken_until?: unknown };
    const ms = typeof until === 'string' ? Date.parse(until) : Number.NaN;
    return Number.isNaN(ms) ? undefined : ms;
  } catch {
    return undefined;
  }
}

/** Notes that every object named up to a moment was taken in. */
export async function writeMark(state: StateStore, mark: Mark, ms: number): Promise<void> {
  const body = new TextEncoder().encode(`${JSON.stringify({ taken_until: new Date(ms).toISOString() })}\n`);
  await state.put(mark, body, (await state.get(mark))?.version); // one desk runs on a folder: nobody else writes it
}

/** Objects that may not have been taken in, in the order in which they were written. */
export async function objectsSince(store: ObjectStore, ms: number): Promise<string[]> {
  const found: { readonly key: string; readonly atMs: number }[] = [];
  for (const prefix of ['events', 'late'] as const) {
    for (const stream of INPUT_STREAMS) {
      for await (const { key } of store.list(`${PREFIXES[prefix]}${stream}/`)) {
        const atMs = namedMs(key);
        if (parseKey(key) !== undefined && atMs >= ms - MARGIN_MS) found.push({ key, atMs });
      }
    }
  }
  return found.sort((a, b) => a.atMs - b.atMs || (a.key < b.key ? -1 : 1)).map(({ key }) => key);
}

const STAMP = /-1-(\d{4}-\d{2}-\d{2})-(\d{2})-(\d{2})-(\d{2})-[^/]*$/;

/** When an object was written, by its name; one whose name does not say it may be of any time. */
export function namedMs(key: string): number {
  const [, date, hour, minute, second] = STAMP.exec(key) ?? [];
  const ms = date === undefined ? Number.NaN : Date.parse(`${date}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(ms) ? Number.POSITIVE_INFINITY : ms;
}
