import * as z from 'zod';

// The little language in which streams are written down. Every field carries its Zod type and its column, so that
// types, JSON Schema, SQL columns, docs and the transform's coercions come from one place.

/** `timestamp` is a UTC string with six decimals; `json` is JSON text in a string column. */
export type Scalar = 'string' | 'double' | 'bigint' | 'boolean' | 'timestamp' | 'json';

export type ColumnType =
  | Scalar
  | { readonly list: ColumnType }
  | { readonly map: ColumnType }
  | { readonly struct: Readonly<Record<string, Column>> };

export interface Column {
  readonly type: ColumnType;
  /** One sentence. */
  readonly description: string;
  /** Unit, range or form: `USD`, `bps`, `ms`, `fraction 0..1`, `text`. */
  readonly unit: string;
  /** The values of a closed list. */
  readonly values?: readonly string[];
  /** Text is stored in lower case. */
  readonly lowerCase?: boolean;
}

export interface Field<T extends z.ZodType = z.ZodType> {
  readonly zod: T;
  readonly column: Column;
}

export type Fields = Readonly<Record<string, Field>>;
type ShapeOf<F extends Fields> = { [K in keyof F]: F[K]['zod'] };

const field = <T extends z.ZodType>(
  zod: T,
  type: ColumnType,
  description: string,
  unit: string,
): Field<z.ZodOptional<z.ZodNullable<T>>> => ({
  zod: zod.nullish().meta({ description, unit }),
  column: { type, description, unit },
});

export const string = (description: string, unit = 'text') => field(z.string(), 'string', description, unit);
/** A word of the field's trade, such as `market` or `limit`: bots spell it in either case, the lake in lower case. */
export function word(description: string, unit: string) {
  const made = string(description, unit);
  return { ...made, column: { ...made.column, lowerCase: true } };
}
export const double = (description: string, unit: string) => field(z.number(), 'double', description, unit);
/** For what counts something. */
export const bigint = (description: string, unit: string) => field(z.int(), 'bigint', description, unit);
export const boolean = (description: string) => field(z.boolean(), 'boolean', description, 'true or false');
export const timestamp = (description: string) =>
  field(z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/), 'timestamp', description, 'UTC, six decimals');
export const json = (description: string) => field(z.string(), 'json', description, 'JSON text');

export function oneOf<const V extends readonly [string, ...string[]]>(values: V, description: string) {
  const made = field(z.enum(values), 'string', description, values.join(' | '));
  return { ...made, column: { ...made.column, values } };
}

export const listOf = <T extends z.ZodType>(item: Field<T>, description: string, unit?: string) =>
  field(z.array(item.zod), { list: item.column.type }, description, unit ?? item.column.unit);

export const mapOf = <T extends z.ZodType>(value: Field<T>, description: string, unit?: string) =>
  field(z.record(z.string(), value.zod), { map: value.column.type }, description, unit ?? value.column.unit);

export const struct = <F extends Fields>(fields: F, description: string) =>
  field(z.strictObject(shapeOf(fields)), { struct: columnsOf(fields) }, description, 'object');

export const shapeOf = <F extends Fields>(fields: F): ShapeOf<F> =>
  Object.fromEntries(Object.entries(fields).map(([name, { zod }]) => [name, zod])) as ShapeOf<F>;

export const columnsOf = (fields: Fields): Readonly<Record<string, Column>> =>
  Object.fromEntries(Object.entries(fields).map(([name, { column }]) => [name, column]));
