import { assertKeyPrefix, assertObjectKey } from '../../core/lake/object-key.ts';
import type { StateStore } from '../../core/ports/index.ts';

/** A state store in memory, for tests and dry runs. */
export function createMemoryStateStore(): StateStore {
  const objects = new Map<string, { readonly body: Uint8Array; readonly version: string }>();
  let writes = 0;
  return {
    async get(key) {
      assertObjectKey(key);
      const found = objects.get(key);
      return found && { body: Uint8Array.from(found.body), version: found.version };
    },
    async put(key, body, version) {
      assertObjectKey(key);
      if (objects.get(key)?.version !== version) return undefined;
      const next = `v${++writes}`;
      objects.set(key, { body: Uint8Array.from(body), version: next });
      return next;
    },
    async *list(prefix) {
      assertKeyPrefix(prefix);
      yield* [...objects.keys()].filter((key) => key.startsWith(prefix)).sort(byUtf8);
    },
    async delete(key) {
      assertObjectKey(key);
      objects.delete(key);
    },
  };
}

const utf8 = new TextEncoder();

/** Stores list in the order of UTF-8 bytes, which is not that of UTF-16 units. */
function byUtf8(a: string, b: string): number {
  const [left, right] = [utf8.encode(a), utf8.encode(b)];
  const n = Math.min(left.length, right.length);
  for (let i = 0; i < n; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
