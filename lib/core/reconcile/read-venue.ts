import { NightdeskError } from '../errors.ts';
import { isObject, type JsonObject } from '../transform/json.ts';
import { type ColumnField, type Columns, foldName, type Layout, layoutsOf, NEEDED } from './layouts.ts';
import type { VenueExport, VenueFill, VenueFunding, VenueKind } from './types.ts';
import { type ReadTime, RowReader } from './venue-row.ts';

/** What a person may say about a file that its columns do not. */
export interface VenueMapping {
  /** Columns by field; where any is given, all that the file has must be. @default - recognised by their names */
  readonly columns?: Columns | undefined;
  /** What the rows are, where columns are given. @default - funding where only an amount is, else fills */
  readonly kind?: VenueKind | undefined;
  /** IANA zone of times that name none. @default - what the column or the file says, else the zone of the settings */
  readonly zone?: string | undefined;
  /** luxon format of the times. @default - epoch s, ms, µs, or ISO 8601, or the format of the layout */
  readonly timeFormat?: string | undefined;
  /** Whether a fee above zero was paid or received. @default - as the layout says, else paid */
  readonly fee?: 'paid' | 'received' | undefined;
  /** Our symbols by the venue's. */
  readonly symbols?: Readonly<Record<string, string>> | undefined;
  /** Base units per contract, where the file counts contracts. @default 1 */
  readonly contractSize?: number | undefined;
}

export interface VenueRecord {
  readonly row: number;
  readonly record: JsonObject;
}

export interface ReadVenueOptions {
  readonly mapping: VenueMapping;
  /** Zone of naive times where nothing else says it. */
  readonly zone: string;
  readonly readTime: ReadTime;
  /** Columns of a CSV file, known even where it has no row. */
  readonly header?: readonly string[] | undefined;
}

/** Kept out of a row's columns: what a venue answered, which ccxt keeps beside what it made of it. */
const RAW = new Set(['info']);

/**
 * Reads the rows of a venue's export. A file that can be read only in part is refused: what was not read would show as
 * our fills that the venue does not know.
 * @throws VENUE_FILE_INVALID naming row and column of the first problems
 */
export function readVenue(records: readonly VenueRecord[], options: ReadVenueOptions): VenueExport {
  const reading = new Reading(options);
  if (options.header !== undefined) reading.see(options.header);
  for (const one of records) reading.take(one);
  return reading.end(records.length);
}

class Reading {
  readonly #options: ReadVenueOptions;
  readonly #layouts = new Map<string, readonly Layout[]>();
  readonly #folded = new Map<string, string>();
  readonly #seen = new Set<string>();
  readonly #names = new Set<string>();
  readonly #kinds = new Set<VenueKind>();
  readonly #rows: RowReader;
  readonly #fills: VenueFill[] = [];
  readonly #funding: VenueFunding[] = [];
  readonly #positions: VenueExport['positions'][number][] = [];
  readonly #balances: VenueExport['balances'][number][] = [];
  #ignored = 0;
  #repeated = 0;

  constructor(options: ReadVenueOptions) {
    this.#options = options;
    this.#rows = new RowReader(options);
  }

  /** Columns of a row, or of the header. @returns the layouts they fit */
  see(names: readonly string[], row = 1): readonly Layout[] {
    const key = names.join('\n');
    let layouts = this.#layouts.get(key);
    if (layouts === undefined) {
      layouts = this.#chosen(names, row);
      this.#layouts.set(key, layouts);
      for (const { name, kind } of layouts) {
        this.#names.add(name);
        this.#kinds.add(kind);
      }
    }
    return layouts;
  }

  take({ row, record }: VenueRecord): void {
    if (isObject(record.total)) this.#balance(row, record);
    else this.#row(row, record);
  }

  #row(row: number, record: JsonObject): void {
    const folded = new Map<string, unknown>();
    const names: string[] = [];
    flatten(record, '', (name, value) => {
      names.push(name);
      folded.set(this.#fold(name), value);
    });
    const columns = this.#options.header ?? names; // a row of a CSV file may be cut short
    const layouts = this.see(columns, row);
    const layout = layouts.find(({ only }) => only === undefined || only(folded));
    if (layout === undefined) this.#ignored++;
    else this.#read(layout, { row, record, folded, names: columns });
  }

  /** Names of columns come again in every row. */
  #fold(name: string): string {
    let folded = this.#folded.get(name);
    if (folded === undefined) {
      folded = foldName(name);
      this.#folded.set(name, folded);
    }
    return folded;
  }

  end(rows: number): VenueExport {
    this.#rows.assertClean(rows);
    return {
      layouts: [...this.#names],
      kinds: this.#kinds,
      fills: this.#fills,
      funding: this.#funding,
      positions: this.#positions,
      balances: this.#balances,
      ignored: this.#ignored,
      repeatedRows: this.#repeated,
    };
  }

  #read({ kind, ...layout }: Layout, row: Parameters<RowReader['fill']>[1]): void {
    if (kind === 'fill') this.#add(this.#fills, this.#rows.fill(layout, row));
    else if (kind === 'funding') this.#add(this.#funding, this.#rows.funding(layout, row));
    else if (kind === 'position') this.#add(this.#positions, this.#rows.position(layout, row));
    else this.#add(this.#balances, this.#rows.balance(layout, row));
  }

  #add<T extends object>(list: T[], read: T | 'ignored' | undefined): void {
    if (read === 'ignored') this.#ignored++;
    else if (read !== undefined && !this.#isRepeat(read)) list.push(read);
  }

  /** Exports that overlap hold a row twice. */
  #isRepeat(read: object): boolean {
    if (!('id' in read) || read.id === null) return false;
    const { row: _row, ...facts } = read as VenueFill;
    const key = JSON.stringify(facts);
    if (this.#seen.has(key)) {
      this.#repeated++;
      return true;
    }
    this.#seen.add(key);
    return false;
  }

  /** ccxt's balance: `{total: {BTC: 1, …}, timestamp}`. */
  #balance(row: number, record: JsonObject): void {
    this.#names.add('ccxt balance');
    this.#kinds.add('balance');
    for (const [asset, total] of Object.entries(record.total as JsonObject)) {
      const folded = new Map<string, unknown>([
        ['asset', asset],
        ['total', total],
        ['timestamp', record.timestamp ?? record.datetime],
      ]);
      const columns = { asset: ['asset'], total: ['total'], time: ['timestamp'] };
      this.#add(
        this.#balances,
        this.#rows.balance(
          { name: 'ccxt balance', needs: [], columns },
          { row, record, folded, names: [`total.${asset}`] },
        ),
      );
    }
  }

  #chosen(names: readonly string[], row: number): readonly Layout[] {
    const { columns, kind } = this.#options.mapping;
    const folded = new Set(names.map(foldName));
    if (columns !== undefined && Object.keys(columns).length > 0) return [ownLayout(columns, kind, { folded, names })];
    const found = layoutsOf(folded).filter((layout) => kind === undefined || layout.kind === kind);
    if (found.length > 0) return found;
    throw invalid(
      `row ${row}: the columns ${shown(names)} are those of no export that is known; name them with ` +
        '--columns id=…,time=…,symbol=…,side=…,quantity=…,price=…,fee=…,fee_asset=…',
    );
  }
}

/** The layout that a person gave. @throws VENUE_FILE_INVALID for a column that is not there, or one that is not given */
function ownLayout(
  columns: Columns,
  kind: VenueKind = columns.amount !== undefined && columns.price === undefined ? 'funding' : 'fill',
  { folded, names }: { folded: ReadonlySet<string>; names: readonly string[] },
): Layout {
  for (const [field, column] of Object.entries(columns))
    if (column !== undefined && !folded.has(foldName(column)))
      throw invalid(`there is no column ${JSON.stringify(column)} for ${field}; the file has ${shown(names)}`);
  const absent = NEEDED[kind].filter((field) => columns[field] === undefined);
  if (absent.length > 0)
    throw invalid(`--columns does not say which column is ${absent.join(' and ')}; the file has ${shown(names)}`);
  const entries = Object.entries(columns) as [ColumnField, string][];
  return {
    name: 'columns as given',
    kind,
    needs: [],
    columns: Object.fromEntries(entries.map(([field, column]) => [field, [foldName(column)]])),
  };
}

const MOST_NAMES = 24;
const shown = (names: readonly string[]): string =>
  names.length === 0
    ? '(none)'
    : names
        .slice(0, MOST_NAMES)
        .map((name) => name.slice(0, 40))
        .join(', ') + (names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '');

/** Leaves of a record two levels deep, as `fee.cost`. */
function flatten(record: JsonObject, prefix: string, leaf: (name: string, value: unknown) => void): void {
  for (const [name, value] of Object.entries(record)) {
    if (RAW.has(name)) continue;
    if (isObject(value) && prefix === '') flatten(value, `${name}.`, leaf);
    else leaf(`${prefix}${name}`, value);
  }
}

export const invalid = (message: string): NightdeskError => new NightdeskError('VENUE_FILE_INVALID', message);
