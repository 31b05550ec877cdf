import { lambdaLog } from '../../lib/adapters/aws/lambda-log.ts';
import { createLedger } from '../../lib/core/lifecycle/ledger.ts';
import { nightlyReconcile, type ReconcileJob } from '../../lib/core/reconcile/nightly.ts';
import type { Environment } from '../support/environment.ts';
import { lakePorts } from '../support/lake-ports.ts';
import { bucketEndMs, DAY_MS, type ScheduledEvent } from '../support/scheduled.ts';
import { readSettings } from '../support/settings.ts';

type Reconcile = (event: ScheduledEvent) => Promise<void>;

/** Holds the ledger of the last days, up to the one that ended, against a fold of the lake, and publishes what differs. */
export const createHandler =
  (job: ReconcileJob): Reconcile =>
  async (event) =>
    job.run(bucketEndMs(event, DAY_MS));

function open(environment: Environment): Reconcile {
  const ports = lakePorts(environment, lambdaLog({ stage: 'reconcile' }));
  return createHandler(nightlyReconcile({ ledger: createLedger(ports, readSettings(environment).ledger), ...ports }));
}

let run: Reconcile | undefined;

export const handler: Reconcile = async (event) => {
  run ??= open(process.env);
  return run(event);
};
