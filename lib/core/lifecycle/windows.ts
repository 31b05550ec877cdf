import type { Place } from './types.ts';

/** Records in place order, of which those of the last while are kept. */
export class Window<T extends Place> {
  #items: T[];
  #head = 0;
  readonly #keepUs: number;

  constructor(keepUs: number, items: readonly T[] = []) {
    this.#keepUs = keepUs;
    this.#items = [...items];
  }

  /** Takes the newest record in. */
  add(item: T): void {
    this.#items.push(item);
  }

  /** Forgets what is older than the moment by more than is kept. */
  forget(us: number): void {
    const oldest = us - this.#keepUs;
    while (this.#head < this.#items.length && (this.#items[this.#head]?.us ?? 0) < oldest) this.#head++;
    if (this.#head < 256 || this.#head * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }

  /** Records of the time span, newest first. */
  *newestFirst(fromUs: number, toUs: number): Generator<T> {
    for (let at = this.#lastUpTo(toUs); at >= this.#head; at--) {
      const item = this.#items[at];
      if (item === undefined || item.us < fromUs) return;
      yield item;
    }
  }

  save(): T[] {
    return this.#items.slice(this.#head);
  }

  #lastUpTo(us: number): number {
    let low = this.#head;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#items[middle]?.us ?? 0) <= us) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** What is known under a key, forgotten a while after it was last noted; by the time of events, never by the clock. */
export class Memory<T> {
  readonly #known: Map<string, { us: number; value: T }>;
  readonly #keepUs: number;
  readonly #most: number;

  /** @param most keys that are remembered; of more the oldest go. @default - any number */
  constructor(
    keepUs: number,
    saved: readonly (readonly [string, number, T])[] = [],
    most: number = Number.POSITIVE_INFINITY,
  ) {
    this.#keepUs = keepUs;
    this.#most = most;
    this.#known = new Map(saved.map(([key, us, value]) => [key, { us, value }]));
  }

  set(key: string, us: number, value: T): void {
    this.#known.delete(key); // a Map keeps the order of insertion: the oldest stay in front
    this.#known.set(key, { us, value });
    if (this.#known.size <= this.#most) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }

  /** What is known under the key as of a moment. */
  get(key: string, us: number): T | undefined {
    const found = this.#known.get(key);
    return found === undefined || found.us < us - this.#keepUs ? undefined : found.value;
  }

  delete(key: string): void {
    this.#known.delete(key);
  }

  get isEmpty(): boolean {
    return this.#known.size === 0;
  }

  /** Lets go of what no later moment can ask for. */
  forget(us: number): void {
    const oldest = us - this.#keepUs;
    for (const [key, { us: noted }] of this.#known) {
      if (noted >= oldest) return;
      this.#known.delete(key);
    }
  }

  save(): [string, number, T][] {
    return [...this.#known].map(([key, { us, value }]) => [key, us, value]);
  }
}
