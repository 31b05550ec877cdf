import * as z from 'zod';
import { schemaOf } from './schema.ts';
import type { Stream } from './stream.ts';

/** A JSON Schema as data; its keywords are open. */
export type JsonSchema = Record<string, unknown>;

const DRAFT = 'https://json-schema.org/draft/2020-12/schema';
/** Fields an event in canonical form cannot do without: they say what it is and which one. */
const REQUIRED = ['event_id', 'stream', 'schema_version'];

const urnOf = (name: string, version: number | string): string => `urn:nightdesk:stream:${name}:v${version}`;

/**
 * JSON Schema (draft 2020-12) of a stream's newest version, for bots in any language. It describes the form the lake
 * holds; the front door takes more: times as epoch or with any offset, numbers as decimal strings, unknown fields.
 */
export function toJsonSchema(stream: Stream): JsonSchema {
  const {
    $schema: _,
    properties,
    ...rest
  } = z.toJSONSchema(schemaOf(stream)) as JsonSchema & { properties: JsonSchema };
  const version = stream.versions.at(-1) ?? 1;
  return {
    $schema: DRAFT,
    $id: urnOf(stream.name, version),
    ...rest,
    required: REQUIRED,
    properties: {
      ...properties,
      event_id: { ...described(properties.event_id), type: 'string', minLength: 1 },
      stream: { ...described(properties.stream), const: stream.name },
      schema_version: { ...described(properties.schema_version), const: version },
    },
    examples: [stream.example],
  };
}

/** One JSON Schema for an event of any stream. */
export function toJsonSchemaOfAll(catalog: Readonly<Record<string, Stream>>): JsonSchema {
  const names = Object.keys(catalog);
  return {
    $schema: DRAFT,
    $id: 'urn:nightdesk:streams',
    title: 'event',
    description: 'An event of any stream, in canonical form.',
    oneOf: names.map((name) => ({ $ref: `#/$defs/${name}` })),
    // A nested $id would start a new base and break the references.
    $defs: Object.fromEntries(
      Object.entries(catalog).map(([name, stream]) => [name, withoutIds(toJsonSchema(stream))]),
    ),
  };
}

const withoutIds = ({ $schema: _schema, $id: _id, ...rest }: JsonSchema): JsonSchema => rest;

function described(property: unknown): JsonSchema {
  const { description, unit } = property as JsonSchema;
  return { description, unit };
}
