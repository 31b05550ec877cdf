import { lambdaLog } from '../../lib/adapters/aws/lambda-log.ts';
import { midnightIn } from '../../lib/adapters/local/zone.ts';
import type { Log } from '../../lib/core/ports/index.ts';
import { createSnapshots, type SnapshotReport, type Snapshots } from '../../lib/core/snapshots/run.ts';
import type { Environment } from '../support/environment.ts';
import { lakePorts } from '../support/lake-ports.ts';
import { bucketEndMs, HOUR_MS, type ScheduledEvent } from '../support/scheduled.ts';
import { readSettings } from '../support/settings.ts';

export interface SnapshotsDeps {
  readonly snapshots: Snapshots;
  readonly log: Log;
}

type MakeSnapshots = (event: ScheduledEvent) => Promise<SnapshotReport>;

/** Makes the snapshots of the hour that ended, and with its last hour those of the day. */
export function createHandler({ snapshots, log }: SnapshotsDeps): MakeSnapshots {
  return async (event) => {
    const endMs = bucketEndMs(event, HOUR_MS);
    const report = await snapshots.snapshotBucket(endMs);
    log.info('wrote snapshots', { until: new Date(endMs).toISOString(), ...report });
    return report;
  };
}

function open(environment: Environment): MakeSnapshots {
  const log = lambdaLog({ stage: 'snapshots' });
  const { ledger, zone } = readSettings(environment);
  const snapshots = createSnapshots(lakePorts(environment, log), { ledger, midnight: midnightIn(zone) });
  return createHandler({ snapshots, log });
}

let run: MakeSnapshots | undefined;

export const handler: MakeSnapshots = async (event) => {
  run ??= open(process.env);
  return run(event);
};
