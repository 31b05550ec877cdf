import { NightdeskError } from '../errors.ts';
import { isObject, type JsonObject } from '../transform/json.ts';
import { epochToUs } from '../transform/time.ts';
import { isDecimal, readDecimal, splitAsset } from './decimal.ts';
import { type ColumnField, type FoldedRow, foldName, type Layout } from './layouts.ts';
import type { VenueMapping } from './read-venue.ts';
import type { Decimal, VenueBalance, VenueFill, VenueFunding, VenuePosition } from './types.ts';

/** Reads times in formats and zones; needs a library of zones, which the core does not have. */
export type ReadTime = (
  text: string,
  how: { readonly format: string; readonly zone?: string },
) => { readonly us: number; readonly naive: boolean } | undefined;

/** One row of the file, under its own names and under folded ones. */
export interface Row {
  readonly row: number;
  readonly record: JsonObject;
  readonly folded: FoldedRow;
  readonly names: readonly string[];
}

type Shape = Omit<Layout, 'kind'>;
type Found = { readonly name: string; readonly value: unknown } | undefined;

interface Problem {
  readonly row: number;
  readonly text: string;
}

const MOST_PROBLEMS = 5;
const EPOCH = /^\d{9,19}(?:\.\d+)?$/;

const BUYS = /^(?:B|BID|BUY|BOUGHT|LONG|OPEN LONG|CLOSE SHORT|SHORT > LONG|TRUE)\b/;
const SELLS = /^(?:S|A|ASK|SELL|SOLD|SHORT|OPEN SHORT|CLOSE LONG|LONG > SHORT|FALSE)\b/;

/** Makes fills, payments, positions and balances of rows, and gathers what is wrong with them. */
export class RowReader {
  readonly #mapping: VenueMapping;
  readonly #zone: string;
  readonly #readTime: ReadTime;
  readonly #problems: Problem[] = [];
  readonly #wrong = new Set<number>();

  constructor({ mapping, zone, readTime }: { mapping: VenueMapping; zone: string; readTime: ReadTime }) {
    this.#mapping = mapping;
    this.#zone = zone;
    this.#readTime = readTime;
  }

  /** @throws VENUE_FILE_INVALID where any row could not be read */
  assertClean(rows: number): void {
    const wrong = this.#wrong.size;
    if (wrong === 0) return;
    const told = new Set(this.#problems.map(({ row }) => row)).size;
    const more = wrong > told ? `; and ${wrong - told} more` : '';
    throw new NightdeskError(
      'VENUE_FILE_INVALID',
      `${wrong} of ${rows} rows cannot be read: ${this.#problems.map(({ row, text }) => `row ${row}: ${text}`).join('; ')}${more}`,
    );
  }

  fill(layout: Shape, row: Row): VenueFill | 'ignored' | undefined {
    const us = this.#time(layout, row);
    const symbol = this.#text(layout, row, 'symbol');
    const side = this.#side(layout, row);
    const quantity = this.#number(layout, row, 'quantity');
    const price = this.#number(layout, row, 'price');
    const { fee, feeAsset } = this.#fee(layout, row);
    if (us === undefined || symbol === undefined || side === undefined || quantity === undefined) return undefined;
    if (price === undefined || fee === undefined) return undefined;
    if (quantity.value === 0) return 'ignored';
    if (price.value <= 0) return this.#problem(row, 'price', price.text, 'is not above 0');
    return {
      row: row.row,
      id: textOf(found(layout, row, 'id')),
      orderId: textOf(found(layout, row, 'order')),
      us,
      symbol,
      side,
      quantity: this.#sized(positive(quantity)),
      price,
      fee,
      feeAsset,
      liquidity: liquidityOf(found(layout, row, 'liquidity')),
    };
  }

  funding(layout: Shape, row: Row): VenueFunding | undefined {
    const us = this.#time(layout, row);
    const symbol = this.#text(layout, row, 'symbol');
    const amount = this.#number(layout, row, 'amount');
    if (us === undefined || symbol === undefined || amount === undefined) return undefined;
    const id = textOf(found(layout, row, 'id'));
    return { row: row.row, id, us, symbol, amount, asset: textOf(found(layout, row, 'asset')) };
  }

  position(layout: Shape, row: Row): VenuePosition | 'ignored' | undefined {
    if (found(layout, row, 'quantity') === undefined) return 'ignored'; // ccxt: no position held
    const symbol = this.#text(layout, row, 'symbol');
    const quantity = this.#number(layout, row, 'quantity');
    const us = this.#timeOrNull(layout, row);
    if (symbol === undefined || quantity === undefined || us === undefined) return undefined;
    const size = found(layout, row, 'contract_size');
    const contract = size === undefined ? undefined : this.#number(layout, row, 'contract_size');
    const short = /^(?:SHORT|SELL|S)$/.test(String(found(layout, row, 'side')?.value ?? '').toUpperCase());
    const signed = short ? negative(quantity) : quantity;
    return {
      row: row.row,
      us,
      symbol,
      quantity: contract === undefined ? this.#sized(signed) : scaled(signed, contract.value),
    };
  }

  balance(layout: Shape, row: Row): VenueBalance | 'ignored' | undefined {
    if (found(layout, row, 'total') === undefined) return 'ignored';
    const asset = this.#text(layout, row, 'asset');
    const total = this.#number(layout, row, 'total');
    const us = this.#timeOrNull(layout, row);
    return asset === undefined || total === undefined || us === undefined
      ? undefined
      : { row: row.row, us, asset, total };
  }

  /** A count of contracts as base units. */
  #sized = (quantity: Decimal): Decimal => scaled(quantity, this.#mapping.contractSize ?? 1);

  #text(layout: Shape, row: Row, field: ColumnField): string | undefined {
    const text = textOf(found(layout, row, field));
    return text ?? this.#problem(row, this.#nameOf(layout, row, field), '', `is empty, and is the ${field}`);
  }

  #number(layout: Shape, row: Row, field: ColumnField): Decimal | undefined {
    const cell = found(layout, row, field);
    const value = typeof cell?.value === 'string' ? splitAsset(cell.value).number : cell?.value;
    const read = readDecimal(value ?? '');
    return isDecimal(read) ? read : this.#problem(row, this.#nameOf(layout, row, field), cell?.value, read);
  }

  #side(layout: Shape, row: Row): 'buy' | 'sell' | undefined {
    const word = String(found(layout, row, 'side')?.value ?? '')
      .trim()
      .toUpperCase();
    if (BUYS.test(word)) return 'buy';
    if (SELLS.test(word)) return 'sell';
    return this.#problem(row, this.#nameOf(layout, row, 'side'), word, 'is neither a buy nor a sell');
  }

  /** What was paid; null where the file does not say it, undefined where it cannot be read. */
  #fee(layout: Shape, row: Row): { fee: number | null | undefined; feeAsset: string | null } {
    const asset = textOf(found(layout, row, 'fee_asset'));
    const cell = found(layout, row, 'fee') ?? feesOf(row.record);
    if (cell === undefined) return { fee: null, feeAsset: asset };
    const split = typeof cell.value === 'string' ? splitAsset(cell.value) : { number: cell.value, asset: null };
    const read = readDecimal(split.number);
    const feeAsset = asset ?? split.asset ?? feesOf(row.record)?.asset ?? null;
    if (!isDecimal(read))
      return { fee: this.#problem(row, this.#nameOf(layout, row, 'fee'), cell.value, read), feeAsset };
    const received = (this.#mapping.fee ?? layout.fee) === 'received';
    return { fee: received ? 0 - read.value : read.value, feeAsset };
  }

  #timeOrNull(layout: Shape, row: Row): number | null | undefined {
    return found(layout, row, 'time') === undefined ? null : this.#time(layout, row);
  }

  #time(layout: Shape, row: Row): number | undefined {
    const cell = found(layout, row, 'time');
    const us = cell === undefined ? undefined : this.#instant(cell, layout);
    if (us !== undefined && Number.isFinite(us)) return us;
    const why = cell === undefined ? 'is empty, and is the time' : 'is no time that is known; give --time-format';
    return this.#problem(row, this.#nameOf(layout, row, 'time'), cell?.value, why);
  }

  #instant({ name, value }: NonNullable<Found>, layout: Shape): number | undefined {
    if (typeof value === 'number') return epochToUs(value);
    const text = String(value).trim();
    const { timeFormat } = this.#mapping;
    if (timeFormat === undefined && EPOCH.test(text)) return epochToUs(Number(text));
    const zone = name.endsWith('utc') ? 'UTC' : (this.#mapping.zone ?? this.#zone);
    const formats = timeFormat === undefined ? ['iso', ...(layout.timeFormats ?? [])] : [timeFormat];
    for (const format of formats) {
      const read = this.#readTime(text, { format, zone });
      if (read !== undefined) return read.us;
    }
    return undefined;
  }

  /** The name in the file of the column that is the field. */
  #nameOf(layout: Shape, row: Row, field: ColumnField): string {
    const candidates = layout.columns[field] ?? [];
    return row.names.find((name) => candidates.includes(foldName(name))) ?? candidates[0] ?? field;
  }

  #problem(row: Row, column: string, value: unknown, why: string): undefined {
    this.#wrong.add(row.row);
    const text = String(value ?? '').slice(0, 40);
    if (this.#problems.length < MOST_PROBLEMS)
      this.#problems.push({
        row: row.row,
        text: `column ${column}${text === '' ? '' : `: ${JSON.stringify(text)}`} ${why}`,
      });
    return undefined;
  }
}

/** The first of the field's columns that holds something. */
function found(layout: Shape, { folded }: Row, field: ColumnField): Found {
  for (const name of layout.columns[field] ?? []) {
    const value = folded.get(name);
    if (value !== undefined && value !== null && value !== '' && value !== '--') return { name, value };
  }
  return undefined;
}

function textOf(cell: Found): string | null {
  if (cell === undefined || (typeof cell.value !== 'string' && typeof cell.value !== 'number')) return null;
  const text = String(cell.value).trim();
  return text === '' ? null : text;
}

/** ccxt's `fees`: what was paid in one asset; of several assets nothing is said. */
function feesOf({ fees }: JsonObject): { name: string; value: unknown; asset: string | null } | undefined {
  if (!Array.isArray(fees)) return undefined;
  const paid = fees.filter(isObject).filter(({ cost }) => cost !== undefined && cost !== null);
  const assets = new Set(paid.map(({ currency }) => (typeof currency === 'string' ? currency : '')));
  const [asset = ''] = assets;
  const costs = paid.map(({ cost }) => readDecimal(cost));
  const wrong = costs.find((cost) => !isDecimal(cost));
  if (assets.size !== 1 || wrong !== undefined)
    return wrong === undefined ? undefined : { name: 'fees', value: String(paid[0]?.cost), asset };
  const value = costs.filter(isDecimal).reduce((sum, cost) => sum + cost.value, 0);
  return { name: 'fees', value, asset: asset === '' ? null : asset };
}

function liquidityOf(cell: Found): 'maker' | 'taker' | null {
  const word = String(cell?.value ?? '').toUpperCase();
  if (/^(?:M|MAKER)$/.test(word)) return 'maker';
  if (/^(?:T|TAKER)$/.test(word)) return 'taker';
  if (word !== 'TRUE' && word !== 'FALSE') return null;
  return (word === 'TRUE') === (cell?.name === 'crossed') ? 'taker' : 'maker';
}

const positive = ({ text, value }: Decimal): Decimal => ({ text: text.replace(/^[+-]/, ''), value: Math.abs(value) });
const negative = ({ text, value }: Decimal): Decimal => ({
  text: `-${text.replace(/^[+-]/, '')}`,
  value: -Math.abs(value),
});

function scaled(quantity: Decimal, size: number): Decimal {
  if (size === 1) return quantity;
  const value = quantity.value * size;
  return { text: String(value), value };
}
