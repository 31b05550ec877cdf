import type { AlertQueue } from '../../lib/adapters/aws/alert-queue.ts';
import { parseKey } from '../../lib/core/lake/keys.ts';
import type { ObjectStore } from '../../lib/core/ports/index.ts';

/** Derived streams that the rules read. */
const RELAYED: ReadonlySet<string> = new Set(['trade_lifecycle', 'order_lifecycle']);

/** A store that notes the objects of trades and orders that are written through it. */
export function notingDerived(store: ObjectStore): ObjectStore & { take(): readonly string[] } {
  let written: string[] = [];
  return {
    take() {
      const taken = written;
      written = [];
      return taken;
    },
    async put(key, body) {
      await store.put(key, body);
      const { prefix, stream = '' } = parseKey(key) ?? {};
      if (prefix === 'derived' && RELAYED.has(stream)) written.push(key);
    },
    get: (key) => store.get(key),
    list: (prefix) => store.list(prefix),
    delete: (key) => store.delete(key),
  };
}

/** Tells the alerts which objects there are. */
export interface Relay {
  /**
   * Tells of objects that were taken in, and of those written meanwhile.
   * @returns keys of those taken in that the alerts do not know of
   */
  tell(takenIn: readonly string[], withinMs: number): Promise<ReadonlySet<string>>;
}

export interface RelayOptions {
  readonly queue: Pick<AlertQueue, 'objects'>;
  /** Keys of objects that were written since it was last asked. */
  readonly written: () => readonly string[];
}

/**
 * What the queue does not take of new objects comes again with its message. Of objects that the ledger wrote nobody else
 * tells: they wait here for the next call.
 */
export function createRelay({ queue, written }: RelayOptions): Relay {
  const waiting = new Set<string>();
  return {
    async tell(takenIn, withinMs) {
      for (const key of written()) waiting.add(key);
      const lost = new Set(await queue.objects([...new Set([...takenIn, ...waiting])], withinMs));
      for (const key of waiting) if (!lost.has(key)) waiting.delete(key);
      return new Set(takenIn.filter((key) => lost.has(key)));
    },
  };
}
