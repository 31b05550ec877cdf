import { once } from 'node:events';
import { stringify } from 'csv-stringify/sync';
import type { Cell } from '../../core/ports/index.ts';
import type { RowStream } from '../../core/query/row-stream.ts';
import { csvCell, type Format, printRows } from '../commands/output.ts';

type Row = readonly Cell[];

/** Rows that share one table, and so the widths of its columns. */
const TABLE_ROWS = 1_000;

/** Prints a result of any size without holding it: a table anew every thousand rows, a JSON array of objects, or CSV. @returns how many rows */
export async function printStream(format: Format, { columns, batches }: RowStream): Promise<number> {
  const names = columns.map(({ name }) => name);
  if (format === 'table') return printTables(names, batches);
  if (format === 'csv') return printCsv(names, batches);
  return printJson(names, batches);
}

async function printTables(names: readonly string[], batches: AsyncIterable<readonly Row[]>): Promise<number> {
  let held: Row[] = [];
  let rows = 0;
  for await (const batch of batches) {
    held.push(...batch);
    rows += batch.length;
    while (held.length >= TABLE_ROWS) {
      printRows('table', names, held.slice(0, TABLE_ROWS));
      held = held.slice(TABLE_ROWS);
      await drained();
    }
  }
  if (held.length > 0 || rows === 0) printRows('table', names, held);
  return rows;
}

async function printCsv(names: readonly string[], batches: AsyncIterable<readonly Row[]>): Promise<number> {
  let rows = 0;
  process.stdout.write(stringify([[...names]]));
  for await (const batch of batches) {
    rows += batch.length;
    if (batch.length > 0) process.stdout.write(stringify(batch.map((row) => row.map(csvCell))));
    await drained();
  }
  return rows;
}

async function printJson(names: readonly string[], batches: AsyncIterable<readonly Row[]>): Promise<number> {
  let rows = 0;
  process.stdout.write('[');
  for await (const batch of batches) {
    const objects = batch.map((row) =>
      JSON.stringify(Object.fromEntries(names.map((name, i) => [name, row[i] ?? null])), jsonCell),
    );
    if (objects.length > 0) process.stdout.write(`${rows === 0 ? '\n' : ',\n'}${objects.join(',\n')}`);
    rows += batch.length;
    await drained();
  }
  process.stdout.write(rows === 0 ? ']\n' : '\n]\n');
  return rows;
}

/** Whole numbers beyond what JSON's readers keep exactly are given as text. */
const jsonCell = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

/** A slow reader of a pipe holds the query back instead of filling memory. */
async function drained(): Promise<void> {
  if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
}
