import { gunzip, gzip } from '../../adapters/local/gzip.ts';
import { createFolderStore } from '../../adapters/local/object-store.ts';
import { sha256 } from '../../adapters/local/sha256.ts';
import { createFolderStateStore } from '../../adapters/local/state-store.ts';
import { createLedger, type Ledger } from '../../core/lifecycle/ledger.ts';
import type { ObjectStore } from '../../core/ports/index.ts';
import { dataFolder } from '../data-folder.ts';
import { ledgerConfigOf } from '../settings.ts';
import { stderrLog } from '../stderr-log.ts';

export interface OpenLedgerOptions {
  /** Told of each object of the lake that was read. */
  readonly onObject?: () => void;
}

/** The ledgers of a data folder; any number of processes may have them open, a desk among them. */
export async function openLedger(data: string, { onObject }: OpenLedgerOptions = {}): Promise<Ledger> {
  const { lake } = dataFolder(data);
  const store = createFolderStore(lake);
  const log = stderrLog();
  return createLedger(
    {
      store: onObject === undefined ? store : counted(store, onObject),
      state: createFolderStateStore(lake),
      clock: { nowMs: Date.now },
      log: { ...log, info: () => undefined },
      gunzip,
      gzip,
      sha256,
    },
    await ledgerConfigOf(data),
  );
}

const counted = (store: ObjectStore, onObject: () => void): ObjectStore => ({
  put: (key, body) => store.put(key, body),
  list: (prefix) => store.list(prefix),
  delete: (key) => store.delete(key),
  async get(key) {
    const body = await store.get(key);
    if (key.startsWith('events/') || key.startsWith('late/')) onObject();
    return body;
  },
});
