import { isoOf } from './clock.ts';

// What is read of an exchange's answers: chosen fields only, never `info`, which is the venue's own and may hold anything.

export type Raw = Readonly<Record<string, unknown>>;

export const isRaw = (value: unknown): value is Raw => typeof value === 'object' && value !== null;

export const rawOf = (value: unknown): Raw => (isRaw(value) ? value : {});

const MOST_TEXT = 256;

/** An id or a word; numbers become text. */
export function textIn(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return typeof value === 'string' && value !== '' ? value.slice(0, MOST_TEXT) : undefined;
}

export const wordIn = (value: unknown): string | undefined =>
  typeof value === 'string' ? textIn(value)?.toLowerCase() : undefined;

export const flagIn = (value: unknown): boolean | undefined => (typeof value === 'boolean' ? value : undefined);

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** A number, or a decimal written as text, as it was given: text keeps digits that a double has not. */
export function figureIn(value: unknown): number | string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  return typeof value === 'string' && value.length <= 64 && DECIMAL.test(value) ? value : undefined;
}

export function numberIn(value: unknown): number | undefined {
  const figure = figureIn(value);
  return figure === undefined ? undefined : Number(figure);
}

export const positiveIn = (value: unknown): number | undefined => {
  const number = numberIn(value);
  return number !== undefined && number > 0 ? number : undefined;
};

const YEAR_2000_MS = Date.UTC(2000, 0);
const YEAR_2100_MS = Date.UTC(2100, 0);

/** ms since the epoch, as ccxt gives every time. */
export const millisecondsIn = (value: unknown): number | undefined =>
  typeof value === 'number' && value >= YEAR_2000_MS && value < YEAR_2100_MS ? Math.floor(value) : undefined;

export const momentOf = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : isoOf(ms));

/** Fields without those that are not known. */
export function known(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const name in fields) if (fields[name] !== undefined) copy[name] = fields[name]; // measurably cheaper than entries
  return copy;
}

/** The elements of an answer: a list, an object of objects by name, or one object. Lists of ccxt's own kinds are copied, for their methods do more. */
export function itemsOf(answer: unknown, isOne: (raw: Raw) => boolean): readonly unknown[] {
  if (Array.isArray(answer)) return Array.from<unknown>(answer).slice(-MOST_ITEMS);
  if (!isRaw(answer)) return [];
  return isOne(answer) ? [answer] : Object.values(answer).slice(-MOST_ITEMS);
}

const MOST_ITEMS = 10_000;

/** A map that forgets what was not touched for the longest time. */
export class Recent<V> {
  readonly #most: number;
  readonly #map = new Map<string, V>();

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#map.size;
  }

  get(key: string): V | undefined {
    return this.#map.get(key);
  }

  set(key: string, value: V): void {
    this.#map.delete(key);
    this.#map.set(key, value);
    if (this.#map.size <= this.#most) return;
    const [oldest] = this.#map.keys();
    if (oldest !== undefined) this.#map.delete(oldest);
  }
}
