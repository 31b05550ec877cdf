import type { ColumnInfo, Datum, Row } from '@aws-sdk/client-athena';
import type { Cell, QueryResult } from '../../core/ports/index.ts';

export type Columns = QueryResult['columns'];

/** Digits that a double holds whatever the number. */
const EXACT_DIGITS = 15;

export const columnsOf = (infos: readonly ColumnInfo[]): Columns =>
  infos.map(({ Name = '', Type = 'varchar' }) => ({ name: Name, type: Type }));

/**
 * Whether a row holds the columns' names: Athena puts one before the first row of a SELECT, and none before what SHOW or
 * DESCRIBE say.
 */
export const isHeader = (columns: Columns, { Data = [] }: Row): boolean =>
  columns.length > 0 && columns.every(({ name }, i) => Data[i]?.VarCharValue === name);

export const rowOf = (columns: Columns, { Data = [] }: Row): readonly Cell[] =>
  columns.map(({ type }, i) => cellOf(type, Data[i]));

/**
 * A value as DuckDB's cells give it, from the text that Athena gives of all: whole numbers as numbers where they are
 * safe, else bigint; decimals as numbers where a double holds them, else text; times as ISO 8601. Arrays, maps and rows
 * stay the text Athena makes of them, which cannot be read back (`{a=1, b=x, y}`): `json_format(cast(column as json))`
 * in the query gives JSON.
 */
export function cellOf(type: string, datum: Datum | undefined): Cell {
  const text = datum?.VarCharValue;
  if (text === undefined) return null; // an empty text is there, a null is not
  switch (type) {
    case 'boolean':
      return text === 'true';
    case 'tinyint':
    case 'smallint':
    case 'integer':
    case 'bigint':
      return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text);
    case 'real':
    case 'float':
    case 'double':
      return Number(text); // `NaN`, `Infinity` and `1.0E-7` read alike here and there
    case 'decimal':
      return text.replaceAll(/\D/g, '').replace(/^0+/, '').length <= EXACT_DIGITS ? Number(text) : text;
    case 'timestamp':
    case 'timestamp with time zone':
      return isoOf(text);
    default:
      return text;
  }
}

const TIMESTAMP = /^(\d{4,}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))?( UTC)?$/;

/** Of a time in another zone than UTC, what Athena says. */
function isoOf(text: string): string {
  const [, day, time, fraction = '', utc] = TIMESTAMP.exec(text) ?? [];
  if (day === undefined) return text;
  return `${day}T${time}.${fraction.padEnd(6, '0').slice(0, 6)}${utc === undefined ? '' : 'Z'}`;
}
