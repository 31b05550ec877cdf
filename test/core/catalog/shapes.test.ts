import { expect, test } from 'vitest';
import { envelope } from '../../../lib/core/catalog/envelope.ts';
import { columnsOf } from '../../../lib/core/catalog/fields.ts';
import { CATALOG } from '../../../lib/core/catalog/index.ts';
import { versionsOf } from '../../../lib/core/catalog/outline.ts';
import { readColumns, shapeOf } from '../../../lib/core/catalog/shape.ts';
import { DERIVED_STREAMS, ENVELOPE, SHAPES } from '../../../lib/core/catalog/shapes.ts';

const WIDTH = 120;
const property = (name: string, text: string): string => {
  const line = `  ${name}: '${text}',`;
  // As the formatter would: what follows a short name stays in its line.
  return line.length <= WIDTH || name.length < 5 ? line : `  ${name}:\n    '${text}',`;
};
const constant = (name: string, text: string): string => {
  const line = `export const ${name} = '${text}';`;
  return line.length <= WIDTH ? line : `export const ${name} =\n  '${text}';`;
};

const ENVELOPE_COLUMNS = columnsOf(envelope);
const TAKEN = Object.values(CATALOG).filter(({ origin }) => origin !== 'derived');
const ownColumns = (name: string) =>
  Object.fromEntries(Object.entries(CATALOG[name]?.columns ?? {}).filter(([column]) => !(column in ENVELOPE_COLUMNS)));

test('shapes.ts is made of the catalog: `npx vitest run test/core/catalog/shapes.test.ts -u` makes it anew', async () => {
  const derived = Object.values(CATALOG).filter(({ origin }) => origin === 'derived');
  const text = `// Made of the catalog by test/core/catalog/shapes.test.ts. What the transform must know of it: \`shape.ts\` says how to read it.

/** Columns of the envelope. */
${constant('ENVELOPE', shapeOf(ENVELOPE_COLUMNS))}

/** Own columns of the streams that lines may end in, by the stream’s name. */
export const SHAPES: Readonly<Record<string, string>> = {
${TAKEN.map(({ name }) => property(name, shapeOf(ownColumns(name)))).join('\n')}
};

/** Names of the streams that only Nightdesk writes. */
export const DERIVED_STREAMS: readonly string[] = [
${derived.map(({ name }) => `  '${name}',`).join('\n')}
];
`;
  await expect(text).toMatchFileSnapshot('../../../lib/core/catalog/shapes.ts');
});

test('every stream that lines may end in has its columns there, nested ones too, and nothing else', () => {
  const plain = (columns: object): unknown =>
    JSON.parse(JSON.stringify(columns, (key, value) => (key === 'description' || key === 'unit' ? undefined : value)));

  expect(plain(readColumns(ENVELOPE))).toEqual(plain(ENVELOPE_COLUMNS));
  expect(Object.keys(SHAPES)).toEqual(TAKEN.map(({ name }) => name));
  for (const { name, columns, versions } of TAKEN) {
    const read = { ...readColumns(ENVELOPE), ...readColumns(SHAPES[name] ?? '') };
    expect(plain(read), name).toEqual(plain(columns));
    expect(versionsOf(name), name).toEqual(versions);
  }
  expect(DERIVED_STREAMS).not.toEqual([]);
});
