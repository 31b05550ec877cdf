import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { eventsMarkdown, typeText } from '../../../lib/core/catalog/docs.ts';
import { CATALOG } from '../../../lib/core/catalog/index.ts';

test('docs/events.md is the page the catalog makes', () => {
  const committed = readFileSync(new URL('../../../docs/events.md', import.meta.url), 'utf8');

  // Compared as a whole, told in one line: the page is long.
  expect(committed === eventsMarkdown(CATALOG), 'docs/events.md is out of date: run `npm run docs`').toBe(true);
});

test('every row of the page has the four cells of its table, whatever stands in a unit', () => {
  const rows = eventsMarkdown(CATALOG)
    .split('\n')
    .filter((line) => line.startsWith('| `'));

  expect(rows.length).toBeGreaterThan(700);
  for (const row of rows) expect(row.replaceAll('\\|', '').split('|'), row).toHaveLength(6);
});

test('the example of every stream can be copied from the page', () => {
  const blocks = [...eventsMarkdown(CATALOG).matchAll(/```json\n([\s\S]*?)\n```/g)].map(([, block]) =>
    JSON.parse(block ?? ''),
  );

  expect(blocks).toEqual(Object.values(CATALOG).map(({ example }) => example));
});

test('a type is told in words', () => {
  expect(typeText({ map: { list: 'double' } })).toBe('map of list of double');
});
