import type { DropReason } from './drop-reason.ts';

/** An event that waits to be sent. One object is shared by the queues of all sinks. */
export interface Entry {
  readonly stream: string;
  /** Orders, fills, errors and the like: the last to go when a queue is full. */
  readonly precious: boolean;
  /** Order of `emit`, over all streams. */
  readonly ordinal: number;
  readonly emittedMs: number;
  /** One line of JSON without its line end; sealed where `bytes` is known. */
  line: string;
  /** Bytes in UTF-8 of the sealed line; −1 before it is sealed. */
  bytes: number;
  /** Told once by each sink how the event ended there; undefined where nobody waits. */
  readonly settled: ((reason: DropReason | undefined) => void) | undefined;
}

export interface OutboxLimits {
  readonly maxEvents: number;
  /** Of the lines in memory; measured in characters before they are sealed. */
  readonly maxBytes: number;
}

/** First in, first out; takes from and gives back to its head. */
class Deque {
  #items: (Entry | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  first(): Entry | undefined {
    return this.#items[this.#head];
  }

  push(entry: Entry): void {
    this.#items.push(entry);
  }

  shift(): Entry | undefined {
    const entry = this.#items[this.#head];
    if (entry === undefined) return undefined;
    this.#items[this.#head++] = undefined;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return entry;
  }

  /** Gives entries back, in their order, before all others. */
  unshift(entries: readonly Entry[]): void {
    this.#items = [...entries, ...this.#items.slice(this.#head)];
    this.#head = 0;
  }
}

/**
 * The bounded queue of one sink. Law: pushed = gone (by reason) + queued + in flight. What is in flight is never evicted;
 * when it is full the oldest ordinary event goes first, then the oldest precious one, and never one of another stream's
 * order: within a stream what stays keeps its order.
 */
export class Outbox {
  readonly #limits: OutboxLimits;
  readonly #evicted: (entry: Entry) => void;
  readonly #precious = new Deque();
  readonly #ordinary = new Deque();
  #inFlight: readonly Entry[] = [];
  #chars = 0;

  constructor(limits: OutboxLimits, evicted: (entry: Entry) => void) {
    this.#limits = limits;
    this.#evicted = evicted;
  }

  get queued(): number {
    return this.#precious.length + this.#ordinary.length;
  }

  get inFlight(): number {
    return this.#inFlight.length;
  }

  get size(): number {
    return this.queued + this.#inFlight.length;
  }

  /** Characters of everything that waits, in flight included. */
  get chars(): number {
    return this.#chars;
  }

  /** The event that has waited longest, in flight included. */
  oldest(): Entry | undefined {
    return earlier(this.#inFlight[0], earlier(this.#precious.first(), this.#ordinary.first()));
  }

  push(entry: Entry): void {
    const length = entry.line.length;
    while (this.size >= this.#limits.maxEvents || this.#chars + length > this.#limits.maxBytes) {
      const victim = this.#ordinary.shift() ?? (entry.precious ? this.#precious.shift() : undefined);
      if (victim === undefined) {
        this.#evicted(entry); // all that waits is in flight, or worth more
        return;
      }
      this.#chars -= victim.line.length;
      this.#evicted(victim);
    }
    this.#chars += length;
    (entry.precious ? this.#precious : this.#ordinary).push(entry);
  }

  /** Takes the oldest events, in the order of `emit`; they are in flight until `done` or `putBack`. At least one where there is one. */
  take(
    { events, bytes }: { readonly events: number; readonly bytes: number },
    seal: (entry: Entry) => void,
  ): readonly Entry[] {
    const batch: Entry[] = [];
    let taken = 0;
    while (batch.length < events) {
      const next = earlier(this.#precious.first(), this.#ordinary.first());
      if (next === undefined) break;
      const before = next.line.length;
      seal(next);
      this.#chars += next.line.length - before;
      if (batch.length > 0 && taken + next.bytes + 1 > bytes) break;
      taken += next.bytes + 1;
      batch.push(next);
      (next.precious ? this.#precious : this.#ordinary).shift();
    }
    this.#inFlight = batch;
    return batch;
  }

  /** Everything in flight has been settled, one way or another. */
  done(): void {
    for (const { line } of this.#inFlight) this.#chars -= line.length;
    this.#inFlight = [];
  }

  /** Of what is in flight only these remain to be settled. */
  keep(entries: readonly Entry[]): void {
    for (const { line } of this.#inFlight) this.#chars -= line.length;
    for (const { line } of entries) this.#chars += line.length;
    this.#inFlight = entries;
  }

  /** What is in flight waits again, whatever became of it. */
  restore(): void {
    this.putBack();
  }

  /** What is in flight waits again, before everything else. */
  putBack(): void {
    this.#precious.unshift(this.#inFlight.filter(({ precious }) => precious));
    this.#ordinary.unshift(this.#inFlight.filter(({ precious }) => !precious));
    this.#inFlight = [];
  }
}

const earlier = (a: Entry | undefined, b: Entry | undefined): Entry | undefined =>
  a === undefined || (b !== undefined && b.ordinal < a.ordinal) ? b : a;
