import * as z from 'zod';
import type { Column, ColumnType } from './fields.ts';
import type { Stream } from './stream.ts';

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

const made = new WeakMap<Stream, z.ZodType>();

/** The Zod schema of a stream as it lies in the lake. Unknown keys are refused: the transform has moved them to `extra`. */
export function schemaOf(stream: Stream): z.ZodType {
  let schema = made.get(stream);
  if (schema === undefined) {
    schema = objectOf(stream.columns).meta({ title: stream.name, description: stream.description });
    made.set(stream, schema);
  }
  return schema;
}

const objectOf = (columns: Readonly<Record<string, Column>>) =>
  z.strictObject(Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, ofColumn(column)])));

function ofColumn({ type, values, description, unit }: Column): z.ZodType {
  const value = values === undefined ? ofType(type) : z.enum(values);
  return value.nullish().meta({ description, unit });
}

function ofType(type: ColumnType): z.ZodType {
  if (typeof type === 'string') return SCALARS[type];
  if ('list' in type) return z.array(ofType(type.list).nullish());
  if ('map' in type) return z.record(z.string(), ofType(type.map).nullish());
  return objectOf(type.struct);
}

const SCALARS = {
  string: z.string(),
  double: z.number(),
  bigint: z.int(),
  boolean: z.boolean(),
  timestamp: z.string().regex(INSTANT),
  json: z.string(),
} as const;
