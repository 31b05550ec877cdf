import { expect, test } from 'vitest';
import { createHandler } from '../../../lambdas/snapshots/handler.ts';
import type { Snapshots } from '../../../lib/core/snapshots/run.ts';
import { listeningLog } from '../../desk/support/stand-in.ts';

/** Snapshots that only listen. */
function standIn(): Snapshots & { readonly buckets: string[] } {
  const buckets: string[] = [];
  return {
    buckets,
    async snapshotBucket(endMs) {
      buckets.push(new Date(endMs).toISOString());
      return { days: 1, rows: 4, written: 3 };
    },
    rebuild: () => Promise.reject(new Error('nobody asked for it')),
  };
}

test('the hour that ended when the scheduler meant to call is made, however late or often it calls', async () => {
  const snapshots = standIn();
  const log = listeningLog();
  const handler = createHandler({ snapshots, log });

  expect(await handler({ scheduled: '2026-01-05T11:07:00Z' })).toEqual({ days: 1, rows: 4, written: 3 });
  await handler({ scheduled: '2026-01-05T11:07:00Z' });
  await handler({ scheduled: '2026-01-05T12:00:00Z' });

  expect(snapshots.buckets).toEqual([
    '2026-01-05T11:00:00.000Z',
    '2026-01-05T11:00:00.000Z',
    '2026-01-05T12:00:00.000Z',
  ]);
  expect(log.said).toContainEqual(
    expect.objectContaining({
      level: 'info',
      facts: { until: '2026-01-05T11:00:00.000Z', days: 1, rows: 4, written: 3 },
    }),
  );
});

test('a call that fails is told to the caller, which calls again', async () => {
  const snapshots = { ...standIn(), snapshotBucket: () => Promise.reject(new Error('S3 is away')) };
  const handler = createHandler({ snapshots, log: listeningLog() });
  await expect(handler({ scheduled: '2026-01-05T11:07:00Z' })).rejects.toThrow('S3 is away');
});
