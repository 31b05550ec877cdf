import { parse } from 'csv-parse/sync';
import { MAX_RECORD_BYTES } from '../../core/limits.ts';
import { isObject, type JsonObject, parseJson } from '../../core/transform/json.ts';
import type { LogLine } from '../logs/lines.ts';

/** One record of a CSV file, which may span lines. */
export interface Row {
  /** Number of the line it begins on, from 1. */
  readonly number: number;
  /** `damaged`: a quote is not closed, or the like; `text` is the line. */
  readonly kind: 'row' | 'header' | 'blank' | 'damaged' | 'utf8' | 'too_large';
  /** As it stands in the file; of a `too_large` one its beginning. */
  readonly text: string;
  readonly bytes: number;
  /** Of a `row`: cells by column. */
  readonly record?: JsonObject;
}

export interface CsvOptions {
  /** @default - the most frequent of , ; tab | in the first line */
  readonly delimiter?: string | undefined;
  /** Names of the columns of a file without a header. @default - the first line names them */
  readonly columns?: readonly string[] | undefined;
}

/** Lines that belong together, because a quote opened in one is closed in another. */
interface Open {
  readonly lines: LogLine[];
  bytes: number;
  odd: boolean;
}

const NO_LINES = (): Open => ({ lines: [], bytes: 0, odd: false });

/**
 * Makes rows of the lines of a CSV file (RFC 4180: quoted cells may hold delimiters, doubled quotes and line ends).
 * Memory is bounded; a line whose quote is never closed is given as damaged, and reading goes on with the next.
 */
export class CsvRows {
  #delimiter: string | undefined;
  #columns: readonly string[] | undefined;
  #headerText: string | undefined;
  #open = NO_LINES();

  constructor({ delimiter, columns }: CsvOptions = {}) {
    this.#delimiter = delimiter;
    this.#columns = columns;
    this.#headerText = columns?.join('\n');
  }

  /** The rows that these lines complete, in order. */
  push(lines: readonly LogLine[]): Row[] {
    const rows: Row[] = [];
    const whole: LogLine[][] = [];
    for (const line of lines) this.#take(line, whole, rows);
    this.#parse(whole, rows);
    return rows;
  }

  /** The end of the file: a quote that is open now is never closed. */
  end(): Row[] {
    const rows: Row[] = [];
    while (this.#open.lines.length > 0) this.#giveUp(rows);
    return rows;
  }

  #take(line: LogLine, whole: LogLine[][], rows: Row[]): void {
    if (line.flaw === 'too_large') {
      this.#parse(whole.splice(0), rows);
      while (this.#open.lines.length > 0) this.#giveUp(rows);
      rows.push({ number: line.number, kind: 'too_large', text: line.text, bytes: line.bytes });
      return;
    }
    this.#add(line);
    if (!this.#open.odd) {
      whole.push(this.#open.lines);
      this.#open = NO_LINES();
    } else if (this.#open.bytes > MAX_RECORD_BYTES) {
      this.#parse(whole.splice(0), rows);
      this.#giveUp(rows);
    }
  }

  #add(line: LogLine): void {
    this.#open.lines.push(line);
    this.#open.bytes += line.bytes;
    if (oddQuotes(line.text)) this.#open.odd = !this.#open.odd;
  }

  /** The first of the open lines is damaged by itself; the others are read again without it. */
  #giveUp(rows: Row[]): void {
    const [first, ...others] = this.#open.lines;
    this.#open = NO_LINES();
    if (first === undefined) return;
    rows.push({ number: first.number, kind: 'damaged', text: first.text, bytes: first.bytes });
    const whole: LogLine[][] = [];
    for (const line of others) this.#take(line, whole, rows);
    this.#parse(whole, rows);
  }

  #parse(whole: readonly LogLine[][], rows: Row[]): void {
    if (whole.length === 0) return;
    const texts = whole.map((lines) => lines.map(({ text }) => text).join('\n'));
    this.#delimiter ??= delimiterOf(texts.find((text) => text.trim() !== '') ?? '');
    const solid = texts.flatMap((text, index) => (text.trim() === '' ? [] : [index]));
    const cells = this.#cells(solid.map((index) => texts[index] ?? ''));
    const bySolid = cells === undefined ? undefined : new Map(solid.map((index, n) => [index, cells[n] ?? []]));
    for (const [index, lines] of whole.entries()) {
      const text = texts[index] ?? '';
      if (text.trim() === '')
        for (const line of lines) rows.push({ number: line.number, kind: 'blank', text: '', bytes: line.bytes });
      else this.#giveRow(lines, bySolid?.get(index) ?? this.#cells([text])?.[0], rows);
    }
  }

  #giveRow(lines: readonly LogLine[], cells: readonly string[] | undefined, rows: Row[]): void {
    const [first, ...others] = lines;
    if (first === undefined) return;
    if (cells === undefined && others.length > 0) {
      // The quotes only looked paired: each line for itself.
      for (const line of lines) this.#giveRow([line], this.#cells([line.text])?.[0], rows);
      return;
    }
    const bytes = lines.reduce((sum, line) => sum + line.bytes, 0);
    const row = { number: first.number, text: lines.map(({ text }) => text).join('\n'), bytes };
    if (lines.some(({ flaw }) => flaw === 'utf8')) rows.push({ ...row, kind: 'utf8' });
    else if (cells === undefined) rows.push({ ...row, kind: 'damaged' });
    else if (this.#isHeader(cells)) rows.push({ ...row, kind: 'header' });
    else rows.push({ ...row, kind: 'row', record: recordOf(this.#columns ?? [], cells) });
  }

  /** The first row names the columns, unless it holds a number; a bot that starts again may write its header again. */
  #isHeader(cells: readonly string[]): boolean {
    const text = cells.join('\n');
    if (this.#columns === undefined) {
      const named = !cells.some((cell) => NUMBER.test(cell));
      this.#columns = named ? uniqueNames(cells) : cells.map((_cell, index) => `column_${index + 1}`);
      this.#headerText = named ? text : undefined;
      return named;
    }
    return text === this.#headerText;
  }

  /** Cells of texts that are one row each; undefined where they are not. */
  #cells(texts: readonly string[]): string[][] | undefined {
    try {
      const rows = parse(texts.join('\n'), {
        delimiter: this.#delimiter ?? ',',
        relax_column_count: true,
        relax_quotes: true,
        record_delimiter: '\n',
      });
      return rows.length === texts.length ? rows : undefined;
    } catch {
      return undefined;
    }
  }
}

const NUMBER = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/;

function oddQuotes(text: string): boolean {
  let odd = false;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) odd = !odd;
  return odd;
}

function delimiterOf(line: string): string {
  const unquoted = line.replaceAll(/"[^"]*"/g, '');
  const counts = [',', ';', '\t', '|'].map((char) => ({ char, n: unquoted.split(char).length }));
  return counts.reduce((best, next) => (next.n > best.n ? next : best)).char;
}

function uniqueNames(cells: readonly string[]): string[] {
  const seen = new Set<string>();
  return cells.map((cell, index) => {
    const base = cell.trim() === '' ? `column_${index + 1}` : cell.trim();
    let name = base;
    for (let n = 2; seen.has(name); n++) name = `${base}_${n}`;
    seen.add(name);
    return name;
  });
}

/** An empty cell is null; a cell that holds a JSON object or list is that; cells beyond the columns are kept. */
function recordOf(columns: readonly string[], cells: readonly string[]): JsonObject {
  const record: JsonObject = Object.create(null);
  for (const [index, cell] of cells.entries())
    record[columns[index] ?? `column_${index + 1}`] = cell === '' ? null : cellOf(cell);
  return record;
}

function cellOf(cell: string): unknown {
  if (cell[0] !== '{' && cell[0] !== '[') return cell;
  const parsed = parseJson(cell)?.value;
  return isObject(parsed) || Array.isArray(parsed) ? parsed : cell;
}
