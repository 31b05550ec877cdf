import { midnightIn } from '../../adapters/local/zone.ts';
import type { Log } from '../../core/ports/index.ts';
import { createSnapshots, type Snapshots } from '../../core/snapshots/run.ts';
import type { JobContext } from '../lifecycle/desk-ledger.ts';
import type { Job } from '../lifecycle/scheduler.ts';
import { readSettings } from '../settings.ts';

/** Makes the snapshots of each hour that ended, and with its last hour those of the day. */
export const snapshotJob = (snapshots: Snapshots, log: Log): Job => ({
  name: 'snapshots',
  every: 'hour',
  async run(bucketEndMs) {
    const { rows, written } = await snapshots.snapshotBucket(bucketEndMs);
    if (written > 0) log.info('wrote snapshots', { until: new Date(bucketEndMs).toISOString(), rows, written });
  },
});

/** The same for a desk: with its ledger's settings, and days as the zone of its data folder has them. */
export function deskSnapshotJob({ ports, config, folder }: JobContext): Job {
  const open = async (): Promise<Snapshots> => {
    const { zone } = await readSettings(folder.root);
    return createSnapshots(ports, { ledger: config, midnight: midnightIn(zone) });
  };
  return {
    name: 'snapshots',
    every: 'hour',
    run: async (bucketEndMs) => snapshotJob(await open(), ports.log).run(bucketEndMs),
  };
}
