import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { ColumnType } from '../../../lib/core/catalog/fields.ts';
import { CATALOG } from '../../../lib/core/catalog/index.ts';

// What was shipped once: stream → version → column → type. Queries, tables and bots stand on it.
const FILE = new URL('./recorded-columns.json', import.meta.url);
type Recorded = Record<string, Record<string, Record<string, string>>>;
const recorded: Recorded = JSON.parse(readFileSync(FILE, 'utf8'));

/** A type as one word; a struct may gain fields, so its fields are columns of their own here. */
function flatten(name: string, type: ColumnType): [string, string][] {
  if (typeof type === 'string') return [[name, type]];
  if ('list' in type) return flatten(`${name}[]`, type.list);
  if ('map' in type) return flatten(`${name}.*`, type.map);
  return Object.entries(type.struct).flatMap(([key, column]) => flatten(`${name}.${key}`, column.type));
}

const now: Recorded = Object.fromEntries(
  Object.values(CATALOG).map((stream) => {
    const columns = Object.fromEntries(
      Object.entries(stream.columns).flatMap(([name, { type }]) => flatten(name, type)),
    );
    return [stream.name, { [String(stream.versions.at(-1))]: columns }];
  }),
);

test('no recorded stream, version or column is removed or retyped', () => {
  const broken: string[] = [];
  for (const [stream, versions] of Object.entries(recorded))
    for (const [version, columns] of Object.entries(versions)) {
      if (CATALOG[stream]?.versions.includes(Number(version)) !== true) broken.push(`${stream} v${version} is gone`);
      if (now[stream]?.[version] === undefined) continue; // an older version that is still taken
      for (const [column, type] of Object.entries(columns)) {
        const current = now[stream][version][column];
        if (current !== type) broken.push(`${stream} v${version}: ${column} was ${type}, is ${current ?? 'gone'}`);
      }
    }

  expect(broken, 'removing or retyping a column needs a new version of its stream').toEqual([]);
});

test('every column is recorded', () => {
  const missing: string[] = [];
  for (const [stream, versions] of Object.entries(now))
    for (const [version, columns] of Object.entries(versions))
      for (const [column, type] of Object.entries(columns))
        if (recorded[stream]?.[version]?.[column] === undefined)
          missing.push(`${stream} v${version}: "${column}": "${type}"`);

  expect(missing, 'new columns: add these lines to test/core/catalog/recorded-columns.json').toEqual([]);
});
