import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { localTime } from '../../../lib/adapters/local/time.ts';
import { compileMap } from '../../../lib/core/dialects/map.ts';
import { createTransform } from '../../../lib/core/transform/transform.ts';
import { entriesOf } from '../../../lib/desk/import/outgoing.ts';
import { position } from '../../support/transform.ts';

const PAGE = readFileSync(new URL('../../../docs/maps.md', import.meta.url), 'utf8');

/** Blocks of a language on the page, in order. */
const blocks = (language: string): string[] =>
  [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, text = '']) => text);

test('the example of docs/maps.md does what the page says', () => {
  const [lines = ''] = blocks('jsonl');
  const [mapText = '', eventsText = ''] = blocks('json');
  const map = compileMap(JSON.parse(mapText), localTime);
  const transform = createTransform({}, { sha256 });
  const log = { source: 's', path: 'fills.jsonl', file: 'f00d.0' };
  const { line } = entriesOf({ log, facts: {}, map, filePath: '/bot/fills.jsonl' });

  const verdicts = lines
    .trim()
    .split('\n')
    .map((text, index) => transform(line({ text, number: index + 1, at: 0, bytes: text.length }), position()));

  const events = JSON.parse(eventsText);
  expect(verdicts.map((verdict) => verdict?.outcome)).toEqual(['stored', 'stored', 'quarantined']);
  const made = [...Object.keys(events[0]), 'ts_local', 'ts_naive', 'equity'];
  for (const [index, event] of events.entries()) {
    const stored = JSON.parse(verdicts[index]?.json ?? '{}');
    expect(Object.fromEntries(made.filter((key) => key in stored).map((key) => [key, stored[key]]))).toEqual(event);
  }
  const { reason, detail } = JSON.parse(verdicts[2]?.json ?? '{}');
  expect(PAGE).toContain(`reason \`${reason}\``);
  expect(PAGE).toContain(`\`${detail}\``);
});
