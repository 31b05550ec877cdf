import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Column } from '../../../lib/core/catalog/fields.ts';
import { type GlueTable, glueTables, glueType, tableName, tiersOf } from '../../../lib/core/catalog/glue.ts';
import { CATALOG } from '../../../lib/core/catalog/index.ts';
import { dateOf, NO_CLOCK_DATE, objectKey, PREFIXES, type Prefix, parseKey } from '../../../lib/core/lake/keys.ts';

const BUCKET = 'a-bucket';
const TABLES = glueTables({ bucket: BUCKET });
const DAY_MS = 86_400_000;
/** As Athena marks a partition key in a template, and CDK what is known at deploy. */
const marked = (name: string): string => `\${${name}}`;
const NOW_MS = Date.UTC(2026, 10, 21, 15);

const table = (name: string): GlueTable => {
  const found = TABLES.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no table ${name}`);
  return found;
};

/** Dates of a range such as `2000-01-01,NOW+2DAYS`, as Athena reads it. */
function dates(range: string, nowMs: number): { readonly first: string; readonly last: string } {
  const [first = '', last = ''] = range.split(',').map((end) => {
    const [, sign, days] = /^NOW(?:([+-]\d+)(DAYS))?$/.exec(end) ?? [];
    if (sign !== undefined && days !== undefined) return dateOf(nowMs + Number(sign) * DAY_MS);
    return end === 'NOW' ? dateOf(nowMs) : end;
  });
  return { first, last };
}

/** Whether Athena would look at the key: some projected value of each partition key, put into the template, is its folder. */
function finds({ parameters }: GlueTable, key: string, nowMs: number): boolean {
  const { first, last } = dates(parameters['projection.date.range'] ?? '', nowMs);
  const template = parameters['storage.location.template'] ?? '';
  return (parameters['projection.tier.values'] ?? '').split(',').some((tier) => {
    const [before = '', after = ''] = template.replace(marked('tier'), tier).split(marked('date'));
    const location = `s3://${BUCKET}/${key}`;
    const date = location.slice(before.length, before.length + 10);
    const folder = `${before}${date}${after}`;
    if (location.slice(0, folder.length) !== folder || location.slice(folder.length).includes('/')) return false;
    return /^\d{4}-\d{2}-\d{2}$/.test(date) && first <= date && date <= last;
  });
}

const stored = fc.constantFrom(...Object.values(CATALOG)).chain((stream) =>
  fc.record({
    stream: fc.constant(stream.name),
    version: fc.constantFrom(...stream.versions),
    tier: fc.constantFrom(...tiersOf(stream)),
    // A door takes what is up to one hour ahead.
    date: fc.oneof(
      fc.constant(NO_CLOCK_DATE),
      fc.integer({ min: Date.parse(NO_CLOCK_DATE), max: NOW_MS + 3_600_000 }).map(dateOf),
    ),
  }),
);
const naming = { producer: 'nightdesk-lake', atMs: NOW_MS, unique: 'a1' };

test('the table of its stream and version finds every object that is written', () =>
  fc.assert(
    fc.property(stored, ({ tier, ...partition }) => {
      const key = objectKey(tier, partition, naming);
      expect(finds(table(tableName(partition.stream, partition.version)), key, NOW_MS), key).toBe(true);
    }),
  ));

test('no other table finds it, and no table finds what lies elsewhere', () =>
  fc.assert(
    fc.property(stored, ({ tier, ...partition }) => {
      const key = objectKey(tier, partition, naming);
      const finders = TABLES.filter((candidate) => finds(candidate, key, NOW_MS)).map(({ name }) => name);
      expect(finders).toEqual([tableName(partition.stream, partition.version)]);

      const others = (Object.keys(PREFIXES) as Prefix[]).filter((prefix) => !TIERS.has(prefix));
      for (const prefix of others)
        expect(TABLES.some((candidate) => finds(candidate, objectKey(prefix, partition, naming), NOW_MS))).toBe(false);
    }),
  ));

const TIERS: ReadonlySet<string> = new Set(['events', 'late', 'derived']);

test.each(TABLES.map((each) => [each.name, each] as const))(
  'every key that table %s finds is a key of the lake',
  (_, each) => {
    const template = each.parameters['storage.location.template'] ?? '';
    for (const tier of (each.parameters['projection.tier.values'] ?? '').split(',')) {
      const folder = template
        .replace(marked('tier'), tier)
        .replace(marked('date'), '2026-11-21')
        .replace(`s3://${BUCKET}/`, '');
      const key = parseKey(`${folder}x.jsonl.gz`);
      expect(key).toMatchObject({ prefix: tier, date: '2026-11-21' });
      expect(tableName(key?.stream ?? '', key?.version ?? 0)).toBe(each.name);
    }
  },
);

test('every stream and version has one table, with the columns of the catalog in its order', () => {
  expect(TABLES.map(({ name }) => name)).toEqual(
    Object.values(CATALOG).flatMap(({ name, versions }) => versions.map((version) => `${name}_v${version}`)),
  );
  for (const stream of Object.values(CATALOG)) {
    const { columns, partitionKeys } = table(`${stream.name}_v1`);
    expect(columns.map(({ name, type }) => [name, type])).toEqual(
      Object.entries(stream.columns).map(([name, { type }]) => [name, glueType(type)]),
    );
    for (const { name } of partitionKeys)
      expect(stream.columns, `${stream.name} has ${name} twice`).not.toHaveProperty(name);
  }
});

test('types are spelled as Hive does, nested ones too', () => {
  expect(glueType({ list: 'string' })).toBe('array<string>');
  expect(glueType({ map: 'double' })).toBe('map<string,double>');
  const at: Column = { type: 'timestamp', description: 'When.', unit: 'UTC' };
  const counts: Column = { type: { map: 'bigint' }, description: 'How often.', unit: 'count' };
  expect(glueType({ list: { struct: { at, counts } } })).toBe('array<struct<at:string,counts:map<string,bigint>>>');
});

test('Glue takes every name, type and text', () => {
  for (const { name, description, columns, partitionKeys } of TABLES) {
    expect(name).toMatch(/^[a-z][a-z0-9_]{0,127}$/);
    expect(description.length).toBeLessThanOrEqual(2048);
    for (const column of [...columns, ...partitionKeys]) {
      expect(column.name).toMatch(/^[a-z][a-z0-9_]*$/);
      // Hive reads nested names between punctuation, and stores them in lower case.
      expect(column.type).toMatch(/^[a-z0-9_<>,:]+$/);
      expect(column.comment.length).toBeLessThanOrEqual(255);
      expect(column.comment).toMatch(/^[^\p{Cc}]+$/u);
    }
  }
});

test('a scan of all days stays far below a million partitions for thirty years', () => {
  const inThirtyYears = NOW_MS + 30 * 365 * DAY_MS;
  for (const { parameters } of TABLES) {
    const { first, last } = dates(parameters['projection.date.range'] ?? '', inThirtyYears);
    const days = (Date.parse(last) - Date.parse(first)) / DAY_MS + 1;
    const tiers = (parameters['projection.tier.values'] ?? '').split(',').length;
    expect(days * tiers).toBeLessThan(100_000);
  }
});

test('every partition key is projected, as text', () => {
  for (const { parameters, partitionKeys } of TABLES) {
    expect(partitionKeys.map(({ type }) => type)).toEqual(['string', 'string']);
    for (const { name } of partitionKeys) {
      expect(parameters).toHaveProperty([`projection.${name}.type`]);
      expect(parameters['storage.location.template']).toContain(`\${${name}}`);
    }
  }
});

test('a bucket that is known only at deploy stands in the text as it was given', () => {
  const bucket = marked('Token[TOKEN.42]');
  const [first] = glueTables({ bucket });

  expect(first?.location).toBe(`s3://${bucket}/events/signals/v1/`);
  expect(first?.parameters['storage.location.template']).toBe(
    `s3://${bucket}/${marked('tier')}/signals/v1/date=${marked('date')}/`,
  );
});
