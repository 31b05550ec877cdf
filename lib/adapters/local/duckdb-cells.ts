import {
  DuckDBArrayValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBUnionValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { Cell } from '../../core/ports/index.ts';

/** Digits that a double holds whatever the number. */
const EXACT_DIGITS = 15;

/**
 * A value of DuckDB as plain data: whole numbers as numbers where they are safe, else bigint; decimals as numbers where
 * a double holds them, else text; instants as ISO 8601 with six decimals; maps and structs as objects; NaN and the
 * infinities as text, for JSON has none.
 */
export function cellOf(value: DuckDBValue): Cell {
  switch (typeof value) {
    case 'boolean':
    case 'string':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
  if (value === null) return null;
  if (value instanceof DuckDBDecimalValue)
    return value.width <= EXACT_DIGITS ? value.toDouble() : decimalOf(value.toString());
  if (value instanceof DuckDBTimestampValue) return value.isFinite ? isoOf(value.micros) : value.toString();
  if (value instanceof DuckDBTimestampTZValue) return value.isFinite ? `${isoOf(value.micros)}Z` : value.toString();
  if (value instanceof DuckDBTimestampSecondsValue)
    return value.isFinite ? isoOf(value.seconds * 1_000_000n) : String(value);
  if (value instanceof DuckDBTimestampMillisecondsValue)
    return value.isFinite ? isoOf(value.millis * 1_000n) : String(value);
  if (value instanceof DuckDBTimestampNanosecondsValue)
    return value.isFinite ? isoOf(value.nanos / 1_000n) : String(value);
  if (value instanceof DuckDBUnionValue) return cellOf(value.value);
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(cellOf);
  if (value instanceof DuckDBStructValue) return objectOf(Object.entries(value.entries));
  if (value instanceof DuckDBMapValue)
    return objectOf(value.entries.map(({ key, value: item }) => [textOf(cellOf(key)), item]));
  return String(value); // dates, times, intervals, UUIDs, blobs: as DuckDB writes them
}

const decimalOf = (text: string): Cell =>
  text.replaceAll(/\D/g, '').replace(/^0+/, '').length <= EXACT_DIGITS ? Number(text) : text;

/** Built entry by entry: a key such as `__proto__` of a foreign log must become a plain key. */
function objectOf(entries: readonly (readonly [string, DuckDBValue])[]): Cell {
  const made: Record<string, Cell> = Object.create(null);
  for (const [key, value] of entries) made[key] = cellOf(value);
  return made;
}

const textOf = (key: Cell): string =>
  typeof key === 'string'
    ? key
    : JSON.stringify(key, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item));

function isoOf(micros: bigint): string {
  const seconds = micros / 1_000_000n - (micros % 1_000_000n < 0n ? 1n : 0n);
  const date = new Date(Number(seconds) * 1000);
  const fraction = String(micros - seconds * 1_000_000n).padStart(6, '0');
  return Number.isNaN(date.getTime()) ? `${micros} µs` : `${date.toISOString().slice(0, -5)}.${fraction}`;
}
