import { gunzip } from '../../adapters/local/gzip.ts';
import { parseKey } from '../../core/lake/keys.ts';
import { readObject } from '../../core/lake/read.ts';
import { ledgerKeyOf } from '../../core/lifecycle/input.ts';
import type { LedgerKey } from '../../core/lifecycle/types.ts';
import type { ObjectStore } from '../../core/ports/index.ts';

/** What was written: ledgers that have events in it, and the first UTC day. */
export interface Touched {
  readonly keys: readonly LedgerKey[];
  readonly from: string;
}

/** A store that notes the objects of events that are written through it. */
export function noting(store: ObjectStore): ObjectStore & { readonly written: readonly string[] } {
  const written: string[] = [];
  return {
    written,
    async put(key, body) {
      await store.put(key, body);
      const { prefix, stream } = parseKey(key) ?? {};
      if ((prefix === 'events' || prefix === 'late') && stream !== 'quarantine') written.push(key);
    },
    get: (key) => store.get(key),
    list: (prefix) => store.list(prefix),
    delete: (key) => store.delete(key),
  };
}

/** Reads which ledgers objects hold events of; undefined where they hold none. */
export async function touchedBy(store: ObjectStore, written: readonly string[]): Promise<Touched | undefined> {
  const keys = new Map<string, LedgerKey>();
  for (const objectKey of written) {
    for (const event of (await readObject({ store, gunzip }, objectKey)) ?? []) {
      const key = ledgerKeyOf(event);
      keys.set(JSON.stringify([key.mode, key.strategyId]), key);
    }
  }
  const [from] = written.map((objectKey) => parseKey(objectKey)?.date ?? '').sort();
  return keys.size === 0 || from === undefined ? undefined : { keys: [...keys.values()], from };
}
