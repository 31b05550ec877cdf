import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMemoryStore } from '../../../lib/adapters/memory/object-store.ts';
import { INPUT_STREAMS } from '../../../lib/core/catalog/outline.ts';
import { firstDay } from '../../../lib/core/lake/first-day.ts';
import { NO_CLOCK_DATE, partitionPrefix } from '../../../lib/core/lake/keys.ts';

const DAY_MS = 86_400_000;
const NOW = { nowMs: Date.parse('2025-11-21T10:00:00Z'), maxAgeMs: 7 * DAY_MS };

test('of an empty lake it is as long ago as an event may still come in', async () => {
  expect(await firstDay(createMemoryStore(), NOW)).toBe('2025-11-12');
});

test('it is the first day of all events, never that of events without a clock, never later than what may still come in', async () => {
  const day = fc.constantFrom('2016-02-29', '2024-12-31', '2025-11-01', '2025-11-12', '2025-11-21', NO_CLOCK_DATE);
  const object = fc.record({ stream: fc.constantFrom(...INPUT_STREAMS), date: day });
  await fc.assert(
    fc.asyncProperty(fc.array(object, { maxLength: 12 }), async (objects) => {
      const store = createMemoryStore();
      for (const [n, { stream, date }] of objects.entries())
        await store.put(`${partitionPrefix('events', { stream, version: 1, date })}${n}.jsonl.gz`, Uint8Array.of(1));

      const days = [...objects.map(({ date }) => date).filter((date) => date !== NO_CLOCK_DATE), '2025-11-12'].sort();
      expect(await firstDay(store, NOW)).toBe(days[0]);
    }),
  );
});

test('what waits in quarantine stays to be seen, and so does the day that redrive brings it to', async () => {
  const store = createMemoryStore();
  const partition = { stream: 'quarantine', version: 1, date: '2025-10-10' };
  await store.put(`${partitionPrefix('events', partition)}0.jsonl.gz`, Uint8Array.of(1));

  expect(await firstDay(store, NOW)).toBe('2025-10-01');
});
