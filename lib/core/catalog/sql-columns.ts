import type { ColumnType, Scalar } from './fields.ts';
import type { Stream } from './stream.ts';

// A timestamp stays text: `ts` is UTC with six decimals, which sorts and compares as the instant does in every engine.
const DUCKDB: Readonly<Record<Scalar, string>> = {
  string: 'VARCHAR',
  timestamp: 'VARCHAR',
  json: 'VARCHAR',
  double: 'DOUBLE',
  bigint: 'BIGINT',
  boolean: 'BOOLEAN',
};

/** A column's type as DuckDB spells it. */
export function duckdbType(type: ColumnType): string {
  if (typeof type === 'string') return DUCKDB[type];
  if ('list' in type) return `${duckdbType(type.list)}[]`;
  if ('map' in type) return `MAP(VARCHAR, ${duckdbType(type.map)})`;
  const fields = Object.entries(type.struct).map(([name, column]) => `${quoted(name)} ${duckdbType(column.type)}`);
  return `STRUCT(${fields.join(', ')})`;
}

const TRINO: Readonly<Record<Scalar, string>> = {
  string: 'varchar',
  timestamp: 'varchar',
  json: 'varchar',
  double: 'double',
  bigint: 'bigint',
  boolean: 'boolean',
};

/** A column's type as Trino, and so Athena, spells it in a query. */
export function trinoType(type: ColumnType): string {
  if (typeof type === 'string') return TRINO[type];
  if ('list' in type) return `array(${trinoType(type.list)})`;
  if ('map' in type) return `map(varchar, ${trinoType(type.map)})`;
  const fields = Object.entries(type.struct).map(([name, column]) => `${quoted(name)} ${trinoType(column.type)}`);
  return `row(${fields.join(', ')})`;
}

/** A stream's columns as DuckDB declares them, in the catalog's order. */
export const duckdbColumns = (stream: Stream): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(stream.columns).map(([name, { type }]) => [name, duckdbType(type)]));

/** A name that SQL takes as a name whatever words it reserves. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
