import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NightdeskError } from '../../lib/core/errors.ts';
import type { StateStore } from '../../lib/core/ports/index.ts';
import { REFUSED_KEYS } from './object-store.ts';

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (body: Uint8Array | undefined): string | undefined => body && new TextDecoder().decode(body);

export async function stateKeys(store: StateStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of store.list(prefix)) keys.push(key);
  return keys;
}

/** Adds one to a counter as any writer of state does: read, change, write, and again where another was first. */
export async function increment(store: StateStore, key: string): Promise<void> {
  for (;;) {
    const found = await store.get(key);
    const next = Number(textOf(found?.body) ?? '0') + 1;
    if ((await store.put(key, bytes(String(next)), found?.version)) !== undefined) return;
  }
}

export interface StateStoreTraits {
  /** One key may be the beginning of another up to a slash; not so where a server keeps keys as paths. @default true */
  readonly keysBelowKeys?: boolean;
}

/** The laws that every state store keeps. */
export function stateStoreContract(
  name: string,
  open: () => StateStore | Promise<StateStore>,
  { keysBelowKeys = true }: StateStoreTraits = {},
): void {
  describe(`the state store ${name}`, () => {
    test('creates only where there is nothing', async () => {
      const store = await open();
      expect(await store.get('state/a/x')).toBeUndefined();
      expect(await store.put('state/a/x', bytes('lost'), 'v0')).toBeUndefined();
      const version = await store.put('state/a/x', bytes('1'), undefined);
      expect(version).toEqual(expect.any(String));
      expect(await store.put('state/a/x', bytes('2'), undefined)).toBeUndefined();
      const found = await store.get('state/a/x');
      expect(found?.version).toBe(version);
      expect(textOf(found?.body)).toBe('1');
    });

    test('replaces only the version that was read, also where the content is the same', async () => {
      const store = await open();
      const first = await store.put('state/x', bytes('same'), undefined);
      const second = await store.put('state/x', bytes('same'), first);
      expect(second).not.toBe(first);
      expect(await store.put('state/x', bytes('lost'), first)).toBeUndefined();
      for (let n = 0, version = second; n < 20; n++) {
        version = await store.put('state/x', bytes(`${n}`), version);
        expect(version).toBeDefined();
        expect(await store.put('state/x', bytes('lost'), first)).toBeUndefined();
        expect(await store.put('state/x', bytes('lost'), undefined)).toBeUndefined();
      }
      expect(textOf((await store.get('state/x'))?.body)).toBe('19');
    });

    test('keeps an empty object, and any bytes', async () => {
      const store = await open();
      await store.put('state/empty', new Uint8Array(), undefined);
      expect((await store.get('state/empty'))?.body).toHaveLength(0);
      await store.put('state/any', Uint8Array.of(10, 0, 255, 10), undefined);
      expect([...((await store.get('state/any'))?.body ?? [])]).toEqual([10, 0, 255, 10]);
      expect(await stateKeys(store, 'state/')).toEqual(['state/any', 'state/empty']);
    });

    test('is not changed by what the caller does to the bytes later', async () => {
      const store = await open();
      const body = bytes('abc');
      await store.put('state/x', body, undefined);
      body[0] = 0;
      (await store.get('state/x'))?.body.fill(0);
      expect(textOf((await store.get('state/x'))?.body)).toBe('abc');
    });

    test('what is deleted is gone, can be made again, and its versions are worth nothing', async () => {
      const store = await open();
      await store.delete('state/x');
      const old = await store.put('state/x', bytes('1'), undefined);
      await store.delete('state/x');
      await store.delete('state/x');
      expect(await store.get('state/x')).toBeUndefined();
      expect(await stateKeys(store, '')).toEqual([]);
      expect(await store.put('state/x', bytes('lost'), old)).toBeUndefined();
      expect(await store.put('state/x', bytes('2'), undefined)).toBeDefined();
      expect(await store.put('state/x', bytes('lost'), old)).toBeUndefined();
      expect(textOf((await store.get('state/x'))?.body)).toBe('2');
    });

    test('lists by any prefix, in the byte order of whole keys, also one key below another', async () => {
      const store = await open();
      const below = keysBelowKeys ? ['a', 'a/c'] : [];
      const keys = ['a/b', 'a-b', 'a/c/d', 'a.b', 'b', 'a0/x', 'a/é', 'a/\u{1f600}', 'a/\uff01', ...below];
      for (const key of keys) await store.put(key, bytes(key), undefined);
      const sorted = [...keys].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
      expect(await stateKeys(store, '')).toEqual(sorted);
      for (const prefix of ['a', 'a/', 'a/c', 'a/c/', 'b', 'none/'])
        expect(await stateKeys(store, prefix)).toEqual(sorted.filter((key) => key.startsWith(prefix)));
    });

    test('refuses keys that could lead elsewhere', async () => {
      const store = await open();
      for (const key of REFUSED_KEYS) {
        await expect(store.put(key, bytes('x'), undefined), JSON.stringify(key)).rejects.toThrow(NightdeskError);
        await expect(store.get(key), JSON.stringify(key)).rejects.toThrow(NightdeskError);
        await expect(store.delete(key), JSON.stringify(key)).rejects.toThrow(NightdeskError);
      }
      await expect(stateKeys(store, '../')).rejects.toThrow(NightdeskError);
    });

    test('any accepted key comes back from list and get, and from no other key', async () => {
      const key = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(key, { maxLength: 6 }), async (keys) => {
          const store = await open();
          const accepted: string[] = [];
          for (const one of keys) {
            try {
              await store.put(one, bytes(one), undefined);
              accepted.push(one);
            } catch (error) {
              expect(error).toBeInstanceOf(NightdeskError);
            }
          }
          expect((await stateKeys(store, '')).sort()).toEqual([...accepted].sort());
          for (const one of accepted) expect(textOf((await store.get(one))?.body)).toBe(one);
        }),
        { numRuns: 30 },
      );
    });

    test('of many writers none loses the update of another', async () => {
      const store = await open();
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          for (let n = 0; n < 12; n++) await increment(store, 'state/counter');
        }),
      );
      expect(textOf((await store.get('state/counter'))?.body)).toBe('96');
    });

    test('of many that create one object a single one does', async () => {
      const store = await open();
      const made = await Promise.all(
        Array.from({ length: 12 }, (_, n) => store.put('state/x', bytes(`${n}`), undefined)),
      );
      expect(made.filter((version) => version !== undefined)).toHaveLength(1);
      expect(textOf((await store.get('state/x'))?.body)).toBe(
        String(made.findIndex((version) => version !== undefined)),
      );
    });
  });
}
