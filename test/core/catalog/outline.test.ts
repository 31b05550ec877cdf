import { expect, test } from 'vitest';
import { CATALOG, INPUT_STREAMS } from '../../../lib/core/catalog/index.ts';
import * as outline from '../../../lib/core/catalog/outline.ts';

test('the outline says what the catalog says: a new stream or version goes into both', () => {
  expect(outline.INPUT_STREAMS).toEqual(INPUT_STREAMS);
  for (const { name, versions, columns } of Object.values(CATALOG)) {
    expect(outline.versionsOf(name), name).toEqual(versions);
    expect(outline.PROVISIONAL_STREAMS.has(name), name).toBe(columns.provisional !== undefined);
  }
});
