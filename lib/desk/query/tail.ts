import { setTimeout as wait } from 'node:timers/promises';
import { LakeFolder, type LakeObject, readObject } from '../../adapters/local/lake-objects.ts';
import { messageOf } from '../../core/errors.ts';
import type { StoredEvent } from '../../core/query/sentence.ts';
import { REDRIVEN } from '../../core/query/views.ts';

export interface TailOptions {
  readonly lake: string;
  /** @default - all */
  readonly streams?: ReadonlySet<string>;
  readonly session?: string;
  readonly symbol?: string;
  /** How many of the newest events to begin with. */
  readonly count: number;
  /** Where to tell of objects that cannot be read. */
  readonly onDamage: (message: string) => void;
}

export interface FollowOptions {
  /** @default - 500 */
  readonly everyMs?: number;
  readonly signal: AbortSignal;
}

/** Objects looked into for the first events; where a filter matches less, older events are left to a query. */
const MAX_OBJECTS = 2_000;
/** Identities remembered to leave out repeats; older ones are forgotten first. */
const MAX_REMEMBERED = 100_000;

/** The newest events of a lake by arrival, and then what comes. Reads objects, newest first, not the whole lake. */
export class Tail {
  readonly #options: TailOptions;
  readonly #folder: LakeFolder;
  #shown = new Set<string>();
  #before = new Set<string>();

  constructor(options: TailOptions) {
    this.#options = options;
    this.#folder = new LakeFolder(options.lake);
  }

  /** The newest events, oldest first; `looked` is false where older objects were left out. */
  async newest(): Promise<{ readonly events: readonly StoredEvent[]; readonly looked: boolean }> {
    const objects = (await this.#folder.fresh(this.#options.streams)).sort((a, b) =>
      a.stamp < b.stamp ? 1 : a.stamp > b.stamp ? -1 : a.key < b.key ? 1 : -1,
    );
    const { count } = this.#options;
    const events: StoredEvent[] = [];
    let looked = 0;
    for (const object of objects) {
      // An object holds what came in before it was written: once its name is older than the events held, it adds none.
      if (
        looked >= MAX_OBJECTS ||
        (events.length >= count && object.stamp < stampOf(events.sort(byArrival).at(-count)))
      )
        break;
      looked++;
      events.push(...(await this.#eventsOf(object)));
    }
    const newest = count === 0 ? [] : events.sort(byArrival).slice(-count);
    return { events: newest, looked: looked < MAX_OBJECTS };
  }

  /** Events of new objects as they appear, until the signal. */
  async *follow({ everyMs = 500, signal }: FollowOptions): AsyncGenerator<readonly StoredEvent[]> {
    while (!signal.aborted) {
      const events: StoredEvent[] = [];
      for (const object of await this.#folder.fresh(this.#options.streams))
        events.push(...(await this.#eventsOf(object)));
      if (events.length > 0) yield events.sort(byArrival);
      await wait(everyMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #eventsOf(object: LakeObject): Promise<StoredEvent[]> {
    let content: string;
    try {
      content = await readObject(object);
    } catch (error) {
      this.#options.onDamage(`${object.key} cannot be read: ${messageOf(error)}; see nightdesk doctor`);
      return [];
    }
    return content.split('\n').flatMap((line) => {
      const event = parsed(line);
      return event !== undefined && this.#wanted(event) && this.#isNew(event, object.date) ? [event] : [];
    });
  }

  #wanted(event: StoredEvent): boolean {
    const { session, symbol } = this.#options;
    return (
      (session === undefined || event.session_id === session) &&
      (symbol === undefined || event.symbol === symbol) &&
      !(event.stream === 'quarantine' && event.reason === REDRIVEN)
    );
  }

  #isNew({ stream, strategy_id, session_id, event_id }: StoredEvent, date: string): boolean {
    const identity = JSON.stringify([
      stream,
      stream === 'quarantine' ? null : date,
      strategy_id ?? null,
      session_id ?? null,
      event_id,
    ]);
    if (this.#shown.has(identity) || this.#before.has(identity)) return false;
    if (this.#shown.size >= MAX_REMEMBERED) [this.#before, this.#shown] = [this.#shown, new Set()];
    this.#shown.add(identity);
    return true;
  }
}

function parsed(line: string): StoredEvent | undefined {
  if (line === '') return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as StoredEvent) : undefined;
  } catch {
    return undefined; // doctor counts such lines
  }
}

const arrival = (event: StoredEvent | undefined): string => String(event?.ingested_at ?? '');
/** An event's arrival in the form of an object's name. */
const stampOf = (event: StoredEvent | undefined): string =>
  arrival(event).slice(0, 19).replace('T', '-').replaceAll(':', '-');

function byArrival(a: StoredEvent, b: StoredEvent): number {
  return (
    compare(arrival(a), arrival(b)) ||
    compare(String(a.ts ?? ''), String(b.ts ?? '')) ||
    Number(a.seq ?? 0) - Number(b.seq ?? 0)
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
