import { gunzip, gzip } from '../../adapters/local/gzip.ts';
import { createFolderStore } from '../../adapters/local/object-store.ts';
import { sha256 } from '../../adapters/local/sha256.ts';
import { createFolderStateStore } from '../../adapters/local/state-store.ts';
import { midnightIn } from '../../adapters/local/zone.ts';
import type { SnapshotConfig, Snapshots } from '../../core/snapshots/run.ts';
import { createSnapshots } from '../../core/snapshots/run.ts';
import { dataFolder } from '../data-folder.ts';
import { ledgerConfigOf, readSettings } from '../settings.ts';
import { stderrLog } from '../stderr-log.ts';

/** The snapshots of a data folder; a desk may make them beside. */
export async function openSnapshots(data: string): Promise<Snapshots> {
  const { lake } = dataFolder(data);
  return createSnapshots(
    {
      store: createFolderStore(lake),
      state: createFolderStateStore(lake),
      clock: { nowMs: Date.now },
      log: stderrLog(),
      gunzip,
      gzip,
      sha256,
    },
    await snapshotConfigOf(data),
  );
}

/** How snapshots are made in a data folder: by its ledger, with days as its zone has them. */
async function snapshotConfigOf(data: string): Promise<SnapshotConfig> {
  const { zone } = await readSettings(data);
  return { ledger: await ledgerConfigOf(data), midnight: midnightIn(zone) };
}
