import { setTimeout as sleep } from 'node:timers/promises';
import { lineId } from '../../core/ids.ts';
import type { QueryEngine } from '../../core/ports/index.ts';
import type { SqlDialect } from '../../core/query/dialect.ts';
import { literal } from '../../core/query/text.ts';
import type { Verdict } from '../../core/transform/types.ts';
import type { PlannedLog } from './plan.ts';

/** The lake that events are awaited in. */
export interface AwaitedLake {
  readonly engine: QueryEngine;
  readonly sql: SqlDialect;
}

const POLL_MS = 500;
/** Ids of events that carry their own are remembered up to this many; beyond, repeats among them count as events. */
const MAX_OWN_IDS = 500_000;

/** What one stream should hold of one log. */
interface Expected {
  readonly stream: string;
  readonly source: string;
  /** The log's file id, for lines that are identified by their position. */
  readonly file?: string;
  /** The log's path, for events that carry an id of their own. */
  readonly path?: string;
  events: number;
  firstDate: string;
  lastDate: string;
}

/** What a send should have brought to the lake, and whether it can be queried. Memory grows with logs and streams, not with lines. */
export class Awaited {
  readonly #expected = new Map<string, Expected>();
  readonly #ownIds = new Set<string>();

  add({ log, number }: { readonly log: PlannedLog; readonly number: number }, { stream, date, json }: Verdict): void {
    const { place } = log;
    const file = log.log?.file ?? '';
    const byPosition = json.startsWith(`{"event_id":"${lineId(file, number)}"`);
    const key = `${stream} ${byPosition ? file : `${place.source} ${place.path}`}`;
    if (!byPosition && this.#isRepeat(`${key} ${json.slice(0, json.indexOf(',"stream"'))}`)) return;
    const expected = this.#expected.get(key);
    if (expected === undefined) {
      const of = byPosition ? { file } : { path: place.path };
      this.#expected.set(key, { stream, source: place.source, ...of, events: 1, firstDate: date, lastDate: date });
      return;
    }
    expected.events++;
    if (date < expected.firstDate) expected.firstDate = date;
    if (date > expected.lastDate) expected.lastDate = date;
  }

  /** Waits until everything can be queried. @returns how many events are missing when the time is over */
  async queryable(
    lake: AwaitedLake,
    { timeoutMs, pollMs = POLL_MS }: { readonly timeoutMs: number; readonly pollMs?: number },
  ): Promise<number> {
    const endMs = performance.now() + timeoutMs;
    let open = [...this.#expected.values()];
    for (;;) {
      let missing = 0;
      const still: Expected[] = [];
      for (const stream of new Set(open.map((expected) => expected.stream))) {
        const of = open.filter((expected) => expected.stream === stream);
        const counts = await countsOf(lake, stream, of);
        for (const expected of of) {
          const lacks = expected.events - (counts.get(nameOf(expected)) ?? 0);
          if (lacks > 0) still.push(expected);
          missing += Math.max(0, lacks);
        }
      }
      open = still;
      if (missing === 0 || performance.now() >= endMs) return missing;
      await sleep(Math.min(pollMs, Math.max(0, endMs - performance.now())));
    }
  }

  #isRepeat(id: string): boolean {
    if (this.#ownIds.has(id)) return true;
    if (this.#ownIds.size < MAX_OWN_IDS) this.#ownIds.add(id);
    return false;
  }
}

const nameOf = ({ file, source, path }: Expected): string => file ?? `${source} ${path}`;

/** Distinct events of a stream by log: by file id where the event id is a position, else by source and path. */
async function countsOf(
  { engine, sql: dialect }: AwaitedLake,
  stream: string,
  of: readonly Expected[],
): Promise<Map<string, number>> {
  const dates = of.flatMap(({ firstDate, lastDate }) => [firstDate, lastDate]).sort();
  const sources = [...new Set(of.map(({ source }) => literal(source)))];
  // A line comes into quarantine on the day it arrives there, which may be the day after.
  const until = stream === 'quarantine' ? '' : ` and "date" <= ${literal(dates.at(-1) ?? '')}`;
  const file = `regexp_replace("event_id", '-[0-9]+$', '')`;
  const sql = `select ${file} as "file", "source" || ' ' || "source_path" as "place", count(distinct "event_id") as "events"
    from ${dialect.stored(stream)}
    where "source" in (${sources.join(', ')}) and "date" >= ${literal(dates[0] ?? '')}${until} group by 1, 2`;
  const counts = new Map<string, number>();
  const files = new Set(of.map((expected) => expected.file));
  for (const [name, place, events] of (await engine.run(sql)).rows) {
    const key = files.has(String(name)) ? String(name) : String(place);
    counts.set(key, (counts.get(key) ?? 0) + Number(events));
  }
  return counts;
}
