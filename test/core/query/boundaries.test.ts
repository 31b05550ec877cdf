import { expect, test } from 'vitest';
import { createMemoryStateStore } from '../../../lib/adapters/memory/state-store.ts';
import { BOUNDARIES_KEY, readBoundaries } from '../../../lib/core/query/boundaries.ts';

async function storeOf(text: string) {
  const store = createMemoryStateStore();
  await store.put(BOUNDARIES_KEY, new TextEncoder().encode(text), undefined);
  return store;
}

test('without the object nothing is compacted', async () => {
  expect(await readBoundaries(createMemoryStateStore())).toEqual({});
});

test('boundaries are days by stream', async () => {
  const store = await storeOf('{"version":1,"streams":{"market":"2025-11-21"}}');

  expect(await readBoundaries(store)).toEqual({ market: '2025-11-21' });
});

test.each([
  '',
  '{"version":2,"streams":{}}',
  '{"version":1,"streams":{"market":"yesterday"}}',
  `{"version":1,"streams":{"market":"2025-11-21' or true --"}}`,
])('what is damaged, or of a version to come, is refused: %s', async (text) => {
  await expect(readBoundaries(await storeOf(text))).rejects.toMatchObject({
    code: 'DATA_UNREADABLE',
    message: expect.stringContaining(BOUNDARIES_KEY),
  });
});
