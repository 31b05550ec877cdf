import { expect, test } from 'vitest';
import { createHandler } from '../../../lambdas/reconcile/handler.ts';

test('the days up to the one that ended when the scheduler meant to call are compared', async () => {
  const ends: string[] = [];
  const handler = createHandler({
    name: 'reconcile',
    every: 'day',
    run: async (endMs) => {
      ends.push(new Date(endMs).toISOString());
    },
  });

  await handler({ scheduled: '2026-01-06T02:30:00Z' });
  await handler({ scheduled: '2026-01-06T23:59:59Z' });
  await handler({ scheduled: '2026-01-07T00:00:00Z' });

  expect(ends).toEqual(['2026-01-06T00:00:00.000Z', '2026-01-06T00:00:00.000Z', '2026-01-07T00:00:00.000Z']);
});
