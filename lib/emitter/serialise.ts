import { MAX_DEPTH } from '../core/limits.ts';

/** An event as JSON text, or why there is none. */
export type Serialised =
  | { readonly json: string; readonly repaired: boolean }
  | { readonly problem: 'too_large' | 'unserialisable' };

/** Most values of one event that the careful way looks at; more is an accident, and would hold up the bot. */
const MOST_VALUES = 100_000;

/**
 * Whether JSON.stringify has left something out in silence. Only where its text holds `null` or `{}` can it have: NaN and
 * invalid dates become the one, Maps, Sets and Errors the other.
 */
export const hasSkipped = (json: string, event: object): boolean =>
  (json.includes('null') || json.includes('{}')) && holdsMore(event, 0);

function holdsMore(value: unknown, depth: number): boolean {
  if (typeof value === 'number') return !Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return false;
  if (depth > MAX_DEPTH) return true;
  if (Array.isArray(value)) return value.some((item) => holdsMore(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null && !isPlain(value)) return true;
  // Inherited ones too: that costs a copy at worst, and a list of the keys would cost one always.
  for (const key in value) if (holdsMore((value as Plain)[key], depth + 1)) return true;
  return false;
}

/** A valid date, or an object of a class of the bot's own. */
const isPlain = (value: object): boolean =>
  value instanceof Date
    ? !Number.isNaN(value.getTime())
    : !(value instanceof Map || value instanceof Set || value instanceof Error || ArrayBuffer.isView(value));

/**
 * The careful way, for what JSON.stringify cannot carry or would leave out in silence: cycles, BigInt, NaN, Maps, Sets,
 * Errors, getters that throw. Never throws.
 * @param mostChars more text than this is `too_large`: it is not even copied
 */
export function serialiseCarefully(event: object, mostChars: number): Serialised {
  const copier = new Copier(mostChars);
  try {
    const copy = copier.object(event, '');
    if (typeof copy !== 'object' || copy === null || Array.isArray(copy)) return { problem: 'unserialisable' };
    if (copier.nonfinite.length > 0) {
      const known = (copy as Plain).nonfinite;
      (copy as Plain).nonfinite = [...(Array.isArray(known) ? known : []), ...copier.nonfinite];
    }
    return { json: JSON.stringify(copy), repaired: copier.repaired };
  } catch (error) {
    return { problem: error instanceof TooMuch ? 'too_large' : 'unserialisable' };
  }
}

type Plain = Record<string, unknown>;

class TooMuch extends Error {}

class Copier {
  readonly nonfinite: string[] = [];
  repaired = false;
  #values = 0;
  #chars = 0;
  readonly #mostChars: number;
  readonly #above = new Set<object>();

  constructor(mostChars: number) {
    this.#mostChars = mostChars;
  }

  #copy(value: unknown, path: string): unknown {
    if (++this.#values > MOST_VALUES) throw new TooMuch();
    switch (typeof value) {
      case 'string':
        this.#chars += value.length;
        if (this.#chars > this.#mostChars) throw new TooMuch();
        return value;
      case 'number':
        if (Number.isFinite(value)) return value;
        this.repaired = true;
        if (this.nonfinite.length < 100) this.nonfinite.push(path);
        return null;
      case 'bigint': {
        const number = Number(value);
        return Number.isSafeInteger(number) ? number : String(value);
      }
      case 'boolean':
        return value;
      case 'object':
        return value === null ? null : this.object(value, path);
      default:
        return undefined; // undefined, functions and symbols are left out, as JSON does
    }
  }

  object(value: object, path: string): unknown {
    if (this.#above.has(value)) return this.#repair('[circular]');
    if (this.#above.size > MAX_DEPTH) return this.#repair('[too deep]');
    this.#above.add(value);
    try {
      return this.#children(value, path);
    } catch (error) {
      if (error instanceof TooMuch) throw error;
      return this.#repair('[unreadable]'); // a proxy, or a toJSON that throws
    } finally {
      this.#above.delete(value);
    }
  }

  #children(value: object, path: string): unknown {
    const at = (key: string | number): string => (path === '' ? String(key) : `${path}.${key}`);
    if (Array.isArray(value)) {
      const copy: unknown[] = [];
      for (let i = 0; i < value.length; i++) copy.push(this.#copy(this.#read(value, i), at(i)) ?? null);
      return copy;
    }
    if (value instanceof Date) {
      if (!Number.isNaN(value.getTime())) return value.toISOString();
      this.repaired = true;
      return null;
    }
    if (value instanceof Map) {
      const copy: Plain = Object.create(null);
      for (const [key, item] of value) {
        const name = typeof key === 'string' ? key : String(key);
        copy[name] = this.#copy(item, at(name));
      }
      return copy;
    }
    if (value instanceof Set) return Array.from(value, (item, i) => this.#copy(item, at(i)) ?? null);
    if (value instanceof Error) return this.#error(value, path);
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return this.#repair(`[${value.byteLength} bytes]`);
    const toJson = (value as { toJSON?: unknown }).toJSON;
    if (typeof toJson === 'function') return this.#copy(toJson.call(value, ''), path);
    const copy: Plain = Object.create(null); // `__proto__` stays a plain key
    for (const key of Object.keys(value)) {
      this.#chars += key.length;
      const item = this.#copy(this.#read(value, key), at(key));
      if (item !== undefined) copy[key] = item;
    }
    return copy;
  }

  #error({ name, message, stack, cause }: Error, path: string): Plain {
    const copy: Plain = { name: this.#copy(name, path), message: this.#copy(message, path) };
    if (stack !== undefined) copy.stack = this.#copy(stack, path);
    if (cause !== undefined) copy.cause = this.#copy(cause, `${path}.cause`);
    return copy;
  }

  #read(value: object, key: string | number): unknown {
    try {
      return (value as Record<string | number, unknown>)[key];
    } catch {
      return this.#repair('[unreadable]'); // a getter that throws
    }
  }

  #repair(mark: string): string {
    this.repaired = true;
    return mark;
  }
}
