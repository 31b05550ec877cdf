import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { gunzip } from '../../adapters/local/gzip.ts';
import { messageOf, NightdeskError } from '../../core/errors.ts';
import { MAX_RECORD_BYTES } from '../../core/limits.ts';
import { invalid, type VenueRecord } from '../../core/reconcile/read-venue.ts';
import { isObject, type JsonObject, quoteNumbers } from '../../core/transform/json.ts';
import { CsvRows } from '../import/csv.ts';

/** Rows of a venue's export as they stand in the file. */
export interface VenueFile {
  /** Name without its folders. */
  readonly name: string;
  readonly records: readonly VenueRecord[];
  /** Columns of a CSV file. */
  readonly header?: readonly string[];
  /** Zone that a line above the columns names, as OKX and Bybit write it. */
  readonly zone?: string;
}

/** An export is held as a whole; a year of a busy account is a tenth of this. */
const MOST_BYTES = 256 * 1024 * 1024;
/** Lines above the columns that name the account. */
const PREAMBLE = /^"?\uFEFF?\s*UID\s*:/i;
const PREAMBLE_LINES = 5;
const ZONE = /Time Zone:\s*(UTC[+-]\d{1,2}(?::\d{2})?)/i;

/** Reads a JSON array, JSON Lines or CSV file, also gzip. @throws PATH_NOT_FOUND, VENUE_FILE_INVALID naming the row */
export async function readVenueFile(path: string): Promise<VenueFile> {
  const name = basename(path).replace(/\.gz$/i, '');
  const text = textOf(await bytesOf(path), path);
  const first = text.trimStart()[0];
  if (first === '[' || first === '{') return { name, records: jsonRecords(text) };
  return { name, ...csvRecords(text) };
}

async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new Error('it is no file');
    if (found.size > MOST_BYTES)
      throw invalid(`${path} has ${found.size} bytes, at most ${MOST_BYTES} fit: export fewer days`);
    const bytes = await readFile(path);
    if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
    const unpacked = await gunzip(bytes);
    if (unpacked.damage !== undefined) throw invalid(`${path} is damaged: ${unpacked.damage}`);
    return unpacked.bytes;
  } catch (error) {
    if (error instanceof NightdeskError) throw error;
    throw new NightdeskError('PATH_NOT_FOUND', `cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function textOf(bytes: Uint8Array, path: string): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid(`${path} is not text in UTF-8; export it as CSV or JSON`);
  }
  if (text.includes('\0')) throw invalid(`${path} is no text file; export it as CSV or JSON`);
  if (text.trim() === '') throw invalid(`${path} is empty`);
  return text;
}

/** Keys under which APIs keep the rows of their answers. */
const WRAPPERS = ['data', 'result', 'list', 'trades', 'fills', 'rows'] as const;

function jsonRecords(text: string): VenueRecord[] {
  let value: unknown;
  try {
    value = JSON.parse(quoteNumbers(text)); // ids of 16 digits and more must not lose their last
  } catch (error) {
    if (text.trimStart().startsWith('{') && text.trim().includes('\n')) return jsonLines(text);
    throw invalid(`the file is not JSON: ${withoutContent(error)}`);
  }
  return unwrapped(value).map((record, index) => {
    if (!isObject(record))
      throw invalid(`row ${index + 1} is no object, but ${record === null ? 'null' : typeof record}`);
    return { row: index + 1, record };
  });
}

function unwrapped(value: unknown): readonly unknown[] {
  let inner = value;
  for (let depth = 0; depth < 3 && isObject(inner); depth++) {
    const holder: JsonObject = inner;
    const key = WRAPPERS.find((name) => Array.isArray(holder[name]) || isObject(holder[name]));
    if (key === undefined) break;
    inner = holder[key];
  }
  return Array.isArray(inner) ? inner : [value];
}

function jsonLines(text: string): VenueRecord[] {
  const records: VenueRecord[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    assertShort(line, index + 1);
    let record: unknown;
    try {
      record = JSON.parse(quoteNumbers(line));
    } catch (error) {
      throw invalid(`row ${index + 1} is not JSON: ${withoutContent(error)}`);
    }
    if (!isObject(record)) throw invalid(`row ${index + 1} is no object`);
    records.push({ row: index + 1, record });
  }
  return records;
}

/** The parser quotes the text it cannot read; accounts and balances are nobody's to print. */
const withoutContent = (error: unknown): string =>
  messageOf(error)
    .replace(/(?:, )?(?:\.\.\.)?".*"(?:\.\.\.)? is not valid JSON$/s, '')
    .replace(/^Unexpected token.*$/s, 'unexpected text');

function csvRecords(text: string): Omit<VenueFile, 'name'> {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const above = lines.slice(0, PREAMBLE_LINES).findLastIndex((line) => PREAMBLE.test(line)) + 1;
  const zone = ZONE.exec(lines.slice(0, above).join('\n'))?.[1]?.toUpperCase();
  const rows = new CsvRows();
  const records: VenueRecord[] = [];
  let header: readonly string[] | undefined;
  const take = (found: ReturnType<CsvRows['push']>): void => {
    for (const { kind, number, record, text: line } of found) {
      if (kind === 'header') header ??= cellsOf(line);
      else if (kind === 'damaged') throw invalid(`row ${number}: a quote is not closed`);
      else if (kind === 'row' && record !== undefined) {
        if (header === undefined)
          throw invalid(`row ${number} holds numbers where the names of the columns should be: the file has no header`);
        assertWidth(record, { width: header.length, row: number });
        records.push({ row: number, record });
      }
    }
  };
  for (const [index, line] of lines.entries()) {
    if (index < above) continue;
    assertShort(line, index + 1);
    take(rows.push([{ text: line.replace(/^\uFEFF/, ''), number: index + 1, at: 0, bytes: line.length + 1 }]));
  }
  take(rows.end());
  if (header === undefined) throw invalid('the file holds no table: it is neither JSON nor CSV with a header');
  return { records, header, ...(zone === undefined ? {} : { zone }) };
}

/** Cells of a line, for the names of the columns. */
function cellsOf(line: string): string[] {
  const record =
    new CsvRows({ columns: [] }).push([{ text: line, number: 1, at: 0, bytes: line.length }])[0]?.record ?? {};
  return Object.values(record).map((cell) => String(cell ?? '').trim());
}

/** A cell too many moves all behind it: `1,234.5` without quotes, most often. */
function assertWidth(record: JsonObject, { width, row }: { width: number; row: number }): void {
  const extra = Object.entries(record).slice(width);
  if (extra.some(([, value]) => value !== null))
    throw invalid(
      `row ${row} has ${width + extra.length} cells, the header ${width}: a separator in a number needs quotes, or no separator`,
    );
}

function assertShort(line: string, row: number): void {
  if (line.length > MAX_RECORD_BYTES)
    throw invalid(`row ${row} has ${line.length} characters, at most ${MAX_RECORD_BYTES} fit`);
}
