import { stat } from 'node:fs/promises';
import { type LakeObject, readObject } from '../../adapters/local/lake-objects.ts';
import { messageOf } from '../../core/errors.ts';
import type { StoredEvent } from '../../core/query/sentence.ts';
import { REDRIVEN } from '../../core/query/views.ts';

/** The newest news of something: a stream, a strategy. */
export interface LastSeen {
  readonly lines: number;
  readonly lastTs: string | undefined;
  readonly lastIngestedAt: string | undefined;
}

/** What the newest objects of a lake hold. */
export interface Survey {
  /** Objects in the lake, and those of them that were read. */
  readonly objects: number;
  readonly looked: number;
  /** Lines of those that bots sent, unreadable ones included. */
  readonly lines: number;
  readonly streams: ReadonlyMap<string, LastSeen>;
  /** What Nightdesk derived, by stream: no news of any bot. */
  readonly derived: ReadonlyMap<string, LastSeen>;
  readonly strategies: ReadonlyMap<string, LastSeen>;
  /** Lines still in quarantine, by reason. */
  readonly quarantined: ReadonlyMap<string, number>;
  /** Events dated more than a moment after they came in. */
  readonly ahead: number;
  readonly damagedObjects: readonly { readonly key: string; readonly problem: string }[];
  readonly unreadableLines: readonly { readonly key: string; readonly lines: number }[];
}

/** A clock that is this much ahead needs setting; less is the network and rounding. */
const AHEAD_MS = 2_000;

/** Reads the newest objects, up to so many bytes of them, and the newest of every stream in any case. */
export async function survey(objects: readonly LakeObject[], { mostBytes }: { mostBytes: number }): Promise<Survey> {
  const surveyor = new Surveyor();
  const chosen = await newest(objects, mostBytes);
  for (const object of chosen) await surveyor.read(object);
  return surveyor.result({ objects: objects.length, looked: chosen.length });
}

async function newest(objects: readonly LakeObject[], mostBytes: number): Promise<LakeObject[]> {
  const byWrite = objects.toSorted((a, b) => (a.stamp < b.stamp ? 1 : a.stamp > b.stamp ? -1 : 0));
  const byDate = objects.toSorted((a, b) => (a.date < b.date ? 1 : a.date > b.date ? -1 : a.stamp < b.stamp ? 1 : -1));
  const lastOfStream = new Map(byDate.toReversed().map((object) => [`${object.prefix}/${object.stream}`, object]));
  const chosen = new Set(lastOfStream.values());
  let bytes = 0;
  for (const object of byWrite) {
    bytes += (await stat(object.path).catch(() => ({ size: 0 }))).size;
    if (bytes > mostBytes) break;
    chosen.add(object);
  }
  return [...chosen];
}

class Surveyor {
  readonly #streams = new Map<string, LastSeen>();
  readonly #derived = new Map<string, LastSeen>();
  readonly #strategies = new Map<string, LastSeen>();
  readonly #quarantine = new Map<string, string>();
  readonly #damaged: { key: string; problem: string }[] = [];
  readonly #unreadable: { key: string; lines: number }[] = [];
  #lines = 0;
  #ahead = 0;

  async read(object: LakeObject): Promise<void> {
    let content: string;
    try {
      content = await readObject(object);
    } catch (error) {
      this.#damaged.push({ key: object.key, problem: messageOf(error) });
      return;
    }
    let unreadable = 0;
    for (const line of content.split('\n')) {
      if (line === '') continue;
      if (object.prefix !== 'derived') this.#lines++;
      const event = eventOf(line);
      if (event === undefined) unreadable++;
      else if (object.prefix === 'derived') see(this.#derived, object.stream, event);
      else this.#take(event);
    }
    if (unreadable > 0) this.#unreadable.push({ key: object.key, lines: unreadable });
  }

  result(counts: { objects: number; looked: number }): Survey {
    const quarantined = new Map<string, number>();
    for (const reason of this.#quarantine.values())
      if (reason !== REDRIVEN) quarantined.set(reason, (quarantined.get(reason) ?? 0) + 1);
    return {
      ...counts,
      lines: this.#lines,
      streams: this.#streams,
      derived: this.#derived,
      strategies: this.#strategies,
      quarantined,
      ahead: this.#ahead,
      damagedObjects: this.#damaged,
      unreadableLines: this.#unreadable,
    };
  }

  #take(event: StoredEvent): void {
    const stream = String(event.stream);
    see(this.#streams, stream, event);
    if (stream === 'quarantine') {
      const identity = JSON.stringify([event.strategy_id, event.session_id, event.event_id]);
      if (this.#quarantine.get(identity) !== REDRIVEN) this.#quarantine.set(identity, String(event.reason));
      return;
    }
    if (typeof event.strategy_id === 'string') see(this.#strategies, event.strategy_id, event);
    if (typeof event.ts_ms === 'number' && event.ts_ms - Date.parse(String(event.ingested_at)) > AHEAD_MS)
      this.#ahead++;
  }
}

function see(all: Map<string, LastSeen>, name: string, { ts, ingested_at }: StoredEvent): void {
  const before = all.get(name);
  all.set(name, {
    lines: (before?.lines ?? 0) + 1,
    lastTs: later(before?.lastTs, ts),
    lastIngestedAt: later(before?.lastIngestedAt, ingested_at),
  });
}

const later = (a: string | undefined, b: unknown): string | undefined =>
  typeof b === 'string' && (a === undefined || b > a) ? b : a;

/** A line as an event, or undefined where a view would leave it out. */
function eventOf(line: string): StoredEvent | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'event_id' in value && typeof value.event_id === 'string'
      ? (value as StoredEvent)
      : undefined;
  } catch {
    return undefined;
  }
}
