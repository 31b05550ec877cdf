// The little language in which streams are written down. Everything else is derived from it: TypeScript types here, Zod
// and JSON Schema in schema.ts and json-schema.ts (which no function that only transforms has to load), SQL columns, docs
// and the transform's coercions.

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

/** A field whose values are of type T; `of` exists for the compiler alone. */
export interface Field<T = unknown> {
  readonly column: Column;
  readonly of?: T;
}

export type Fields = Readonly<Record<string, Field>>;

/** What an object of these fields looks like; every field may be null or missing. */
export type ObjectOf<F> = { [K in keyof F]?: F[K] extends Field<infer T> ? T | null | undefined : never };

const field = <T>(type: ColumnType, description: string, unit: string): Field<T> => ({
  column: { type, description, unit },
});

export const string = (description: string, unit = 'text') => field<string>('string', description, unit);
/** A word of the field's trade, such as `market` or `limit`: bots spell it in either case, the lake in lower case. */
export const word = (description: string, unit: string): Field<string> => ({
  column: { type: 'string', description, unit, lowerCase: true },
});
export const double = (description: string, unit: string) => field<number>('double', description, unit);
/** For what counts something. */
export const bigint = (description: string, unit: string) => field<number>('bigint', description, unit);
export const boolean = (description: string) => field<boolean>('boolean', description, 'true or false');
export const timestamp = (description: string) => field<string>('timestamp', description, 'UTC, six decimals');
export const json = (description: string) => field<string>('json', description, 'JSON text');

export const oneOf = <const V extends readonly [string, ...string[]]>(values: V, description: string) =>
  ({ column: { type: 'string', description, unit: values.join(' | '), values } }) satisfies Field as Field<
    V[number]
  > & {
    readonly column: { readonly values: V };
  };

export const listOf = <T>(item: Field<T>, description: string, unit?: string) =>
  field<(T | null | undefined)[]>({ list: item.column.type }, description, unit ?? item.column.unit);

export const mapOf = <T>(value: Field<T>, description: string, unit?: string) =>
  field<Record<string, T | null | undefined>>({ map: value.column.type }, description, unit ?? value.column.unit);

export const struct = <F extends Fields>(fields: F, description: string) =>
  field<ObjectOf<F>>({ struct: columnsOf(fields) }, description, 'object');

export const columnsOf = (fields: Fields): Readonly<Record<string, Column>> =>
  Object.fromEntries(Object.entries(fields).map(([name, { column }]) => [name, column]));
