import type { ColumnType } from '../catalog/fields.ts';
import { quoted } from '../catalog/sql-columns.ts';
import type { Stream } from '../catalog/stream.ts';
import type { Cell, QueryEngine } from '../ports/index.ts';
import { storedView } from './lake-views.ts';
import type { RowStream } from './row-stream.ts';

/** A SQL engine that also gives results larger than memory. */
export interface StreamingEngine extends QueryEngine {
  /** Runs one statement. @throws QUERY_FAILED with the engine's own message */
  stream(sql: string): Promise<RowStream>;
}

/** Where the two engines spell one thing differently and no macro helps. All other SQL is written as both read it. */
export interface SqlDialect {
  /** The relation of every stored line of a stream, repeats included. */
  stored(stream: string): string;
  /** The lowest value that is known; null where none is. */
  lowest(values: readonly string[]): string;
  /** The lowest known value of a field over an array of structs; null where none is. */
  lowestIn(array: string, field: string): string;
  /** A sum of doubles. */
  sum(of: string): string;
  /** All columns of a stream's view, `date` included, as `wholeRow` reads them. */
  columns(stream: Stream): string;
  /** A row of those columns. */
  wholeRow(stream: Stream, row: Readonly<Record<string, Cell>>): Readonly<Record<string, Cell>>;
}

/** The desk's engine. */
export const DUCKDB: SqlDialect = {
  stored: (stream) => `stored.${quoted(stream)}`,
  lowest: (values) => `least(${values.join(', ')})`,
  lowestIn: (array, field) => `list_min(list_transform(${array}, lambda item: item.${field}))`,
  sum: (of) => `fsum(${of})`, // compensated: the sums of millions of trades agree to the last digit
  columns: () => '*',
  wholeRow: (_stream, row) => row,
};

/** Athena's. Its `least` and `array_min` are null as soon as one value is. */
export const TRINO: SqlDialect = {
  stored: (stream) => quoted(storedView(stream)),
  lowest: (values) => lowestOf(`array[${values.join(', ')}]`),
  lowestIn: (array, field) => lowestOf(`transform(${array}, item -> item.${field})`),
  sum: (of) => `sum(${of})`,
  // Athena gives arrays, maps and rows as a text that cannot be read back: they come as JSON.
  columns: (stream) =>
    [
      ...Object.entries(stream.columns).map(([name, { type }]) =>
        typeof type === 'string' ? quoted(name) : `json_format(cast(${quoted(name)} as json)) as ${quoted(name)}`,
      ),
      '"date"',
    ].join(', '),
  wholeRow: (stream, row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, cell]) => {
        const type = stream.columns[name]?.type;
        return [name, type === undefined || typeof type === 'string' ? cell : fromJson(type, cell)];
      }),
    ),
};

function fromJson(type: ColumnType, cell: Cell): Cell {
  if (typeof cell !== 'string') return cell;
  try {
    return named(type, JSON.parse(cell));
  } catch {
    return cell;
  }
}

/** A value as JSON has it, with the names of its fields: some versions of Trino cast a row to an array. */
function named(type: ColumnType, value: Cell): Cell {
  if (value === null || typeof value !== 'object' || typeof type === 'string') return value;
  if ('list' in type) return Array.isArray(value) ? value.map((item: Cell) => named(type.list, item)) : value;
  const entries = Array.isArray(value)
    ? 'struct' in type
      ? Object.keys(type.struct).map((name, i): [string, Cell] => [name, value[i] ?? null])
      : []
    : Object.entries(value);
  const typeOf = (name: string): ColumnType => ('struct' in type ? (type.struct[name]?.type ?? 'json') : type.map);
  return Object.fromEntries(entries.map(([name, item]) => [name, named(typeOf(name), item)]));
}

/** The lowest of an array's values that are known. */
function lowestOf(array: string): string {
  return `array_min(filter(${array}, item -> item is not null))`;
}
