import Table from 'cli-table3';
import { stringify } from 'csv-stringify/sync';
import { NightdeskError } from '../../core/errors.ts';
import { printable } from '../printable.ts';

export const FORMATS = ['table', 'json', 'csv'] as const;
export type Format = (typeof FORMATS)[number];

/** Cells as read; `undefined` and `null` print as an empty cell. */
export type Row = readonly unknown[];

/** Prints rows as a table for people, JSON (an array of objects) or CSV for programs. */
export function printRows(format: Format, columns: readonly string[], rows: readonly Row[]): void {
  if (format === 'json')
    printJson(rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i] ?? null]))));
  else if (format === 'csv') print(stringify([[...columns], ...rows.map((row) => row.map(csvCell))]));
  else {
    const table = new Table({ head: [...columns], style: { head: [], border: [], compact: true }, chars: PLAIN });
    for (const row of rows) table.push(row.map(tableCell));
    print(`${table.toString()}\n`);
  }
}

/** Prints one value as JSON; bigints as numbers where they are safe, else as strings. */
export const printJson = (value: unknown): void => print(`${JSON.stringify(value, jsonValue, 2)}\n`);

export const print = (text: string): void => {
  process.stdout.write(text);
};

/** To standard error, so that standard output stays clean for programs. */
export const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

export const count = (n: number): string => n.toLocaleString('en-US');

export function bytes(n: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  const power = n < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log(n) / Math.log(1000)));
  return `${power === 0 ? n : (n / 1000 ** power).toFixed(1)} ${units[power]}`;
}

/** `parseInt` for options: a whole number of a range, or CONFIG_INVALID that names option, value and range. */
export function wholeNumber(option: string, { min, max }: { min: number; max: number }): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!Number.isInteger(number) || number < min || number > max)
      throw new NightdeskError(
        'CONFIG_INVALID',
        `${option} must be a whole number from ${min} to ${max}, got ${value}`,
      );
    return number;
  };
}

export function formatOption(value: string): Format {
  if ((FORMATS as readonly string[]).includes(value)) return value as Format;
  throw new NightdeskError('CONFIG_INVALID', `--format must be one of ${FORMATS.join(', ')}, got ${value}`);
}

/** `nightdesk query … | head` closes the pipe: that is no error. */
export function ignoreBrokenPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}

const PLAIN = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

const jsonValue = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? (Number.isSafeInteger(Number(value)) ? Number(value) : String(value)) : value;

const text = (value: unknown): string =>
  value === null || value === undefined
    ? ''
    : typeof value === 'object'
      ? JSON.stringify(value, jsonValue)
      : String(value);

/** Control characters of a foreign log must not move a terminal's cursor, nor turn its text around. */
const tableCell = (value: unknown): string => printable(text(value));

/** A cell that a spreadsheet would read as a formula gets a leading apostrophe; numbers stay as they are. */
export const csvCell = (value: unknown): string => {
  const cell = text(value);
  return typeof value === 'string' && /^[=+\-@\t\r]/.test(cell) && !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(cell)
    ? `'${cell}`
    : cell;
};
