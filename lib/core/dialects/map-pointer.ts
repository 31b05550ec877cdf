import { isObject, type JsonObject } from '../transform/json.ts';

/** The keys of a JSON Pointer (RFC 6901); undefined where the text is none. The pointer to the whole record has no keys. */
export function parsePointer(text: string): readonly string[] | undefined {
  if (text === '') return [];
  if (!text.startsWith('/') || /~(?![01])/.test(text)) return undefined;
  return text
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The pointer with these keys. */
export const formatPointer = (keys: readonly string[]): string =>
  keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** The value a pointer leads to; undefined where it leads nowhere. Only own keys count: a record's keys come from outside. */
export function valueAt(record: unknown, keys: readonly string[]): unknown {
  let value = record;
  for (const key of keys) {
    if (Array.isArray(value)) value = /^(?:0|[1-9]\d*)$/.test(key) ? value[Number(key)] : undefined;
    else if (isObject(value) && Object.hasOwn(value, key)) value = value[key];
    else return undefined;
  }
  return value;
}

/** Keys that a rule has taken out of a record; a leaf is taken whole. */
export interface Taken {
  readonly below: Map<string, Taken>;
  whole: boolean;
}

export const nothingTaken = (): Taken => ({ below: new Map(), whole: false });

export function take(taken: Taken, keys: readonly string[]): void {
  let node = taken;
  for (const key of keys) {
    let next = node.below.get(key);
    if (next === undefined) {
      next = nothingTaken();
      node.below.set(key, next);
    }
    node = next;
  }
  node.whole = true;
}

/**
 * What is left of a record once the taken keys are out; undefined where nothing is. A list is left as it is: taking an
 * item out would renumber the others.
 */
export function leftOver(record: JsonObject, taken: Taken): JsonObject | undefined {
  let left: JsonObject | undefined;
  for (const key of Object.keys(record)) {
    const node = taken.below.get(key);
    if (node?.whole) continue;
    const value = record[key];
    const rest = node !== undefined && isObject(value) ? leftOver(value, node) : value;
    if (rest === undefined) continue;
    left ??= Object.create(null) as JsonObject; // `__proto__` must stay a plain key
    left[key] = rest;
  }
  return left;
}
