import { expect, test } from 'vitest';
import * as z from 'zod';
import { CATALOG } from '../../../lib/core/catalog/index.ts';
import { toJsonSchema, toJsonSchemaOfAll } from '../../../lib/core/catalog/json-schema.ts';

const streams = Object.values(CATALOG).map((stream) => [stream.name, stream] as const);
/** Reads a JSON Schema back into a validator: what it says must be enough for a bot in another language. */
const validatorOf = (schema: unknown): z.ZodType => z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);

test.each(streams)(
  'the JSON Schema of %s takes its example and refuses another stream, an unknown key and a missing id',
  (_name, stream) => {
    const validator = validatorOf(toJsonSchema(stream));
    const { event_id: _id, ...anonymous } = stream.example;

    expect(validator.safeParse(stream.example)).toMatchObject({ success: true });
    for (const wrong of [{ ...stream.example, stream: 'other' }, { ...stream.example, not_a_field: 1 }, anonymous])
      expect(validator.safeParse(wrong).success).toBe(false);
  },
);

test.each(streams)(
  'the JSON Schema of %s has an id with its version, and a sentence and a unit on every field',
  (name, stream) => {
    const schema = toJsonSchema(stream);

    expect(schema).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: `urn:nightdesk:stream:${name}:v${stream.versions.at(-1)}`,
      title: name,
      description: stream.description,
    });
    for (const [column, { description, unit }] of Object.entries(stream.columns))
      expect(schema.properties).toHaveProperty([column], expect.objectContaining({ description, unit }));
  },
);

test('one schema for all streams holds each under its name, and an example fits exactly its own', () => {
  const all = toJsonSchemaOfAll(CATALOG);
  const definitions = all.$defs as Record<string, object>;

  expect(Object.keys(definitions)).toEqual(Object.keys(CATALOG));
  expect(all.oneOf).toEqual(Object.keys(CATALOG).map((name) => ({ $ref: `#/$defs/${name}` })));
  const validators = Object.entries(definitions).map(([name, definition]) => [name, validatorOf(definition)] as const);
  for (const [name, { example }] of streams) {
    const fitting = validators.filter(([, validator]) => validator.safeParse(example).success);
    expect(fitting.map(([fits]) => fits)).toEqual([name]);
  }
});
