import { assertKeyPrefix, assertObjectKey } from '../../core/lake/object-key.ts';
import type { ObjectStore } from '../../core/ports/index.ts';

/** An object store in memory, for tests and dry runs. */
export function createMemoryStore(): ObjectStore {
  const objects = new Map<string, Uint8Array>();
  return {
    async put(key, body) {
      assertObjectKey(key);
      objects.set(key, Uint8Array.from(body));
    },
    async get(key) {
      assertObjectKey(key);
      const body = objects.get(key);
      return body && Uint8Array.from(body);
    },
    async *list(prefix) {
      assertKeyPrefix(prefix);
      const keys = [...objects.keys()].filter((key) => key.startsWith(prefix));
      for (const key of keys.sort(byUtf8)) {
        const body = objects.get(key);
        if (body !== undefined) yield { key, bytes: body.length };
      }
    },
    async delete(key) {
      assertObjectKey(key);
      objects.delete(key);
    },
  };
}

/** S3 lists in the order of UTF-8 bytes, which is not that of UTF-16 units. */
const byUtf8 = (a: string, b: string): number => {
  const left = [...a];
  const right = [...b];
  const n = Math.min(left.length, right.length);
  for (let i = 0; i < n; i++) {
    const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
};
