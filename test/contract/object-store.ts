import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NightdeskError } from '../../lib/core/errors.ts';
import type { ObjectStore } from '../../lib/core/ports/index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

export const REFUSED_KEYS = [
  '',
  '/absolute',
  '../out',
  'events/../../out',
  'events/./x',
  'events//x',
  'events/',
  'events/.hidden',
  'events/a\0b',
  'events/a\nb',
  'events\\x',
  `events/${'x'.repeat(256)}`,
  `events/${'x/'.repeat(600)}x`,
  'events/\ud800',
];

/** The laws that every object store keeps. */
export function objectStoreContract(name: string, open: () => ObjectStore | Promise<ObjectStore>): void {
  describe(`the object store ${name}`, () => {
    test('gives back the bytes that were put', async () => {
      const store = await open();
      await store.put('events/a/x.jsonl.gz', Uint8Array.of(0, 1, 255));
      expect(await store.get('events/a/x.jsonl.gz')).toEqual(expect.objectContaining({ length: 3 }));
      expect([...((await store.get('events/a/x.jsonl.gz')) ?? [])]).toEqual([0, 1, 255]);
    });

    test('keeps an empty object', async () => {
      const store = await open();
      await store.put('state/empty', new Uint8Array());
      expect(await store.get('state/empty')).toHaveLength(0);
    });

    test('replaces an object of the same key', async () => {
      const store = await open();
      await store.put('state/x', bytes('first, and longer'));
      await store.put('state/x', bytes('second'));
      expect(new TextDecoder().decode(await store.get('state/x'))).toBe('second');
    });

    test('is not changed by what the caller does to the bytes later', async () => {
      const store = await open();
      const body = bytes('abc');
      await store.put('state/x', body);
      body[0] = 0;
      (await store.get('state/x'))?.fill(0);
      expect(new TextDecoder().decode(await store.get('state/x'))).toBe('abc');
    });

    test('says undefined for what is not there, and deletes it without an error', async () => {
      const store = await open();
      await store.put('events/a/x', bytes('1'));
      expect(await store.get('events/a/y')).toBeUndefined();
      expect(await store.get('events/a')).toBeUndefined();
      expect(await store.get('events/a/x/y')).toBeUndefined();
      await store.delete('events/a/y');
      await store.delete('nothing/here');
    });

    test('forgets what is deleted', async () => {
      const store = await open();
      await store.put('events/a', bytes('1'));
      await store.delete('events/a');
      expect(await store.get('events/a')).toBeUndefined();
      expect(await keysOf(store, '')).toEqual([]);
    });

    test('lists by any prefix, with sizes', async () => {
      const store = await open();
      await store.put('events/order/v1/date=2025-01-01/a', bytes('12345'));
      await store.put('events/order_intent/v1/date=2025-01-01/a', bytes('1'));
      await store.put('late/order/v1/date=2025-01-01/a', bytes('1'));
      expect(await keysOf(store, 'events/order')).toHaveLength(2);
      expect(await keysOf(store, 'events/order/')).toEqual(['events/order/v1/date=2025-01-01/a']);
      expect(await keysOf(store, 'events/order/v1/date=2025-01-0')).toHaveLength(1);
      expect(await keysOf(store, 'nothing/')).toEqual([]);
      expect(await keysOf(store, '')).toHaveLength(3);
      for await (const object of store.list('events/order/')) expect(object.bytes).toBe(5);
    });

    test('lists in the byte order of whole keys', async () => {
      const store = await open();
      const keys = ['a/b', 'a-b', 'a/c', 'a.b', 'b', 'a0/x', 'a/é', 'a/\u{1f600}', 'a/\uff01'];
      for (const key of keys) await store.put(key, bytes('1'));
      expect(await keysOf(store, '')).toEqual([...keys].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y))));
    });

    test('refuses keys that could lead elsewhere', async () => {
      const store = await open();
      for (const key of REFUSED_KEYS) {
        await expect(store.put(key, bytes('x')), JSON.stringify(key)).rejects.toThrow(NightdeskError);
        await expect(store.get(key), JSON.stringify(key)).rejects.toThrow(NightdeskError);
        await expect(store.delete(key), JSON.stringify(key)).rejects.toThrow(NightdeskError);
      }
      for (const prefix of ['../', '/', 'a/../b', 'a//', '.un', 'a\0'])
        await expect(keysOf(store, prefix), JSON.stringify(prefix)).rejects.toThrow(NightdeskError);
    });

    test('any accepted key comes back from list and get, and from no other key', async () => {
      const segment = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 });
      // No key is the beginning of another up to a slash: a folder cannot hold both.
      const key = fc.tuple(segment, segment).map(([a, b]) => `k${a}/k${b}`);
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(key, { maxLength: 6 }), async (keys) => {
          const store = await open();
          const accepted: string[] = [];
          for (const [index, one] of keys.entries()) {
            try {
              await store.put(one, Uint8Array.of(index));
              accepted.push(one);
            } catch (error) {
              expect(error).toBeInstanceOf(NightdeskError);
            }
          }
          expect((await keysOf(store, '')).sort()).toEqual([...accepted].sort());
          for (const one of accepted) expect([...((await store.get(one)) ?? [])]).toEqual([keys.indexOf(one)]);
        }),
        { numRuns: 40 },
      );
    });

    test('many puts at once all arrive', async () => {
      const store = await open();
      const keys = Array.from({ length: 50 }, (_, i) => `events/s${i % 5}/o${String(i).padStart(2, '0')}`);
      await Promise.all(keys.map((key) => store.put(key, bytes(key))));
      expect(await keysOf(store, '')).toEqual([...keys].sort());
    });
  });
}
