import { nightlyReconcile } from '../../core/reconcile/nightly.ts';
import { deskSnapshotJob } from '../snapshots/job.ts';
import type { JobContext } from './desk-ledger.ts';
import type { Job } from './scheduler.ts';

/** Jobs of a desk, each made from what the desk has; in this order. */
const JOBS: readonly ((desk: JobContext) => Job)[] = [
  deskSnapshotJob,
  ({ ledger, ports }) => nightlyReconcile({ ledger, ...ports }),
];

/** Everything that a desk does for closed hours and days. */
export const deskJobs = (desk: JobContext): Job[] => JOBS.map((job) => job(desk));
