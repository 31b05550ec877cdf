import type { Cell } from '../../core/ports/index.ts';

// How figures of trades are written for people. Null is not known: an empty cell, never 0.

/** The number of a cell; null where there is none. */
export const numberOrNull = (cell: Cell | undefined): number | null =>
  typeof cell === 'number' || typeof cell === 'bigint' ? Number(cell) : null;

/** A cell as text: '' where it is not known. */
export const textOf = (cell: Cell | undefined): string =>
  cell === null || cell === undefined ? '' : typeof cell === 'object' ? JSON.stringify(cell) : String(cell);

/** Dollars: cents from 100 on, below that four decimals, for fees are small. */
export function usd(amount: number | null): string {
  if (amount === null) return '';
  if (amount === 0) return '0';
  const decimals = Math.abs(amount) >= 100 ? 2 : 4;
  return amount.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: decimals });
}

/** The same with its sign, for what is gained or lost. */
export const gain = (amount: number | null): string =>
  amount !== null && amount > 0 ? `+${usd(amount)}` : usd(amount);

/** Prices and quantities: ten significant digits, no zeros behind them. */
export const figure = (value: number | null): string => (value === null ? '' : String(Number(value.toPrecision(10))));

export const bps = (value: number | null): string => (value === null ? '' : value.toFixed(1));

/** A fraction as percent. */
export const percent = (share: number | null): string => (share === null ? '' : `${(share * 100).toFixed(1)} %`);

/** An instant of the lake to the minute. */
export const minute = (ts: Cell | undefined): string =>
  typeof ts === 'string' ? ts.slice(0, 16).replace('T', ' ') : '';

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

/** A duration in its two largest units, such as `2h 5m`; below a minute with its decimals. */
export function duration(seconds: number | null): string {
  if (seconds === null) return '';
  if (seconds < 0) return `-${duration(-seconds)}`;
  if (seconds < 60) return `${Number(seconds.toFixed(3))}s`;
  const first = UNITS.findIndex(([, length]) => seconds >= length);
  let left = Math.floor(seconds);
  const parts = UNITS.slice(first, first + 2).map(([unit, length]) => {
    const n = Math.floor(left / length);
    left -= n * length;
    return n === 0 ? '' : `${n}${unit}`;
  });
  return parts.filter((part) => part !== '').join(' ');
}

/** Text of a foreign log cut to a width: one long reason must not push a table apart. */
export const clip = (text: string | null, width: number): string =>
  text === null ? '' : text.length <= width ? text : `${text.slice(0, width - 1)}…`;

/** Cells of the numbered columns padded to one width, so that numbers stand under each other. */
export function alignRight(rows: readonly (readonly string[])[], columns: readonly number[]): string[][] {
  const widths = new Map(columns.map((at) => [at, Math.max(0, ...rows.map((row) => row[at]?.length ?? 0))]));
  return rows.map((row) => row.map((cell, at) => cell.padStart(widths.get(at) ?? 0)));
}
