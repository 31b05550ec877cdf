import type { VenueKind } from './types.ts';

/** What a column of a venue's file can mean. */
export const COLUMN_FIELDS = [
  'id',
  'order',
  'time',
  'symbol',
  'side',
  'quantity',
  'price',
  'fee',
  'fee_asset',
  'liquidity',
  'amount',
  'asset',
  'total',
  'contract_size',
] as const;
export type ColumnField = (typeof COLUMN_FIELDS)[number];

/** Name of the column of each field. */
export type Columns = Readonly<Partial<Record<ColumnField, string>>>;

/** A row with the names of its columns folded: lower case letters and digits. */
export type FoldedRow = ReadonlyMap<string, unknown>;

/** `Date(UTC)` → `dateutc`, `fee.cost` → `feecost`. */
export const foldName = (name: string): string => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');

/** How one kind of export is laid out. */
export interface Layout {
  readonly name: string;
  readonly kind: VenueKind;
  /** Folded names that must be there. */
  readonly needs: readonly string[];
  /** Folded names of the columns, the first that is there counts. */
  readonly columns: Readonly<Partial<Record<ColumnField, readonly string[]>>>;
  /** What a fee above zero means: paid, or received, as in a change of balance. @default - paid */
  readonly fee?: 'paid' | 'received';
  /** Format of the times that are no epoch and no ISO 8601. */
  readonly timeFormats?: readonly string[];
  /** Rows of the same file that mean something else. @default - all rows count */
  readonly only?: (row: FoldedRow) => boolean;
}

const word = (row: FoldedRow, name: string): string => String(row.get(name) ?? '').toUpperCase();
const is =
  (name: string, pattern: RegExp) =>
  (row: FoldedRow): boolean =>
    pattern.test(word(row, name));

const HYPERLIQUID_TIMES = ['dd/MM/yyyy - HH:mm:ss', 'dd/MM/yyyy HH:mm:ss'];

/**
 * Exports that are recognised by their columns; the more particular before the more general. Columns as the venues name
 * them in their CSV exports and their APIs, and as ccxt unifies them (docs.ccxt.com: trade, funding history, position).
 */
const LAYOUTS: readonly Layout[] = [
  {
    name: 'ccxt position',
    kind: 'position',
    needs: ['symbol', 'contracts', 'side'],
    columns: {
      symbol: ['symbol'],
      side: ['side'],
      quantity: ['contracts'],
      time: ['timestamp', 'datetime'],
      contract_size: ['contractsize'],
    },
  },
  {
    name: 'ccxt trade',
    kind: 'fill',
    needs: ['timestamp', 'symbol', 'side', 'price', 'amount'],
    columns: {
      id: ['id'],
      order: ['order'],
      time: ['timestamp', 'datetime'],
      symbol: ['symbol'],
      side: ['side'],
      quantity: ['amount'],
      price: ['price'],
      fee: ['feecost'],
      fee_asset: ['feecurrency'],
      liquidity: ['takerormaker'],
    },
  },
  {
    name: 'ccxt funding',
    kind: 'funding',
    needs: ['timestamp', 'symbol', 'code', 'amount'],
    columns: { id: ['id'], time: ['timestamp', 'datetime'], symbol: ['symbol'], amount: ['amount'], asset: ['code'] },
  },
  {
    name: 'Binance transactions',
    kind: 'funding',
    needs: ['dateutc', 'type', 'amount', 'asset', 'symbol'],
    columns: { id: ['transactionid'], time: ['dateutc'], symbol: ['symbol'], amount: ['amount'], asset: ['asset'] },
    only: is('type', /^FUNDING/),
  },
  {
    name: 'Binance income',
    kind: 'funding',
    needs: ['incometype', 'income', 'asset', 'symbol', 'time'],
    columns: { id: ['tranid'], time: ['time'], symbol: ['symbol'], amount: ['income'], asset: ['asset'] },
    only: is('incometype', /^FUNDING/),
  },
  {
    name: 'Binance spot trades',
    kind: 'fill',
    needs: ['dateutc', 'pair', 'side', 'price', 'executed', 'fee'],
    columns: {
      time: ['dateutc'],
      symbol: ['pair'],
      side: ['side'],
      price: ['price'],
      quantity: ['executed'],
      fee: ['fee'],
    },
  },
  {
    name: 'Binance spot trades (older)',
    kind: 'fill',
    needs: ['dateutc', 'market', 'type', 'price', 'amount', 'fee', 'feecoin'],
    columns: {
      time: ['dateutc'],
      symbol: ['market'],
      side: ['type'],
      price: ['price'],
      quantity: ['amount'],
      fee: ['fee'],
      fee_asset: ['feecoin'],
    },
  },
  {
    name: 'Binance trades',
    kind: 'fill',
    needs: ['dateutc', 'symbol', 'side', 'price', 'quantity', 'fee'],
    columns: {
      id: ['tradeid'],
      order: ['orderid'],
      time: ['dateutc'],
      symbol: ['symbol'],
      side: ['side'],
      price: ['price'],
      quantity: ['quantity'],
      fee: ['fee'],
      fee_asset: ['feecoin', 'quoteasset'],
    },
  },
  {
    name: 'Binance API trades',
    kind: 'fill',
    needs: ['id', 'orderid', 'symbol', 'price', 'qty', 'commission', 'commissionasset', 'time'],
    columns: {
      id: ['id'],
      order: ['orderid'],
      time: ['time'],
      symbol: ['symbol'],
      side: ['side', 'isbuyer', 'buyer'],
      price: ['price'],
      quantity: ['qty'],
      fee: ['commission'],
      fee_asset: ['commissionasset'],
      liquidity: ['ismaker', 'maker'],
    },
  },
  {
    name: 'Bybit API executions',
    kind: 'fill',
    needs: ['execid', 'symbol', 'side', 'execqty', 'execprice', 'exectime'],
    columns: {
      id: ['execid'],
      order: ['orderid'],
      time: ['exectime'],
      symbol: ['symbol'],
      side: ['side'],
      price: ['execprice'],
      quantity: ['execqty'],
      fee: ['execfee'],
      fee_asset: ['feecurrency'],
      liquidity: ['ismaker'],
    },
    only: (row) => !row.has('exectype') || word(row, 'exectype') === 'TRADE' || /TRADE|ADL/.test(word(row, 'exectype')),
  },
  {
    name: 'Bybit trades',
    kind: 'fill',
    needs: ['currency', 'contract', 'type', 'direction', 'quantity', 'filledprice', 'feepaid'],
    columns: {
      id: ['tradeid'],
      order: ['orderid'],
      time: ['timeutc', 'time'],
      symbol: ['contract'],
      side: ['direction'],
      price: ['filledprice'],
      quantity: ['quantity'],
      fee: ['feepaid'],
      fee_asset: ['currency'],
    },
    fee: 'received', // a change of the balance: what was paid is negative
    // A spot trade has a leg per asset; the leg of the quote asset is the one with the price.
    only: (row) => word(row, 'type') === 'TRADE' && !word(row, 'contract').startsWith(word(row, 'currency')),
  },
  {
    name: 'Bybit funding',
    kind: 'funding',
    needs: ['currency', 'contract', 'type', 'direction', 'funding', 'filledprice', 'feepaid'],
    columns: { time: ['timeutc', 'time'], symbol: ['contract'], amount: ['funding'], asset: ['currency'] },
    only: is('type', /^SETTLEMENT/),
  },
  {
    name: 'OKX trades',
    kind: 'fill',
    needs: ['id', 'orderid', 'time', 'symbol', 'action', 'amount', 'filledprice', 'fee', 'feeunit'],
    columns: {
      id: ['id'],
      order: ['orderid'],
      time: ['time'],
      symbol: ['symbol'],
      side: ['action'],
      price: ['filledprice'],
      quantity: ['amount'],
      fee: ['fee'],
      fee_asset: ['feeunit'],
    },
    fee: 'received',
    only: is('action', /BUY|SELL|LONG|SHORT/),
  },
  {
    name: 'OKX API fills',
    kind: 'fill',
    needs: ['tradeid', 'instid', 'side', 'fillsz', 'fillpx', 'ts'],
    columns: {
      id: ['tradeid'],
      order: ['ordid'],
      time: ['ts', 'filltime'],
      symbol: ['instid'],
      side: ['side'],
      price: ['fillpx'],
      quantity: ['fillsz'],
      fee: ['fee'],
      fee_asset: ['feeccy'],
      liquidity: ['exectype'],
    },
    fee: 'received', // OKX API: a negative number is a fee, a positive one a rebate
  },
  {
    name: 'Kraken trades',
    kind: 'fill',
    needs: ['txid', 'ordertxid', 'pair', 'time', 'type', 'price', 'fee', 'vol'],
    columns: {
      id: ['txid'],
      order: ['ordertxid'],
      time: ['time'],
      symbol: ['pair'],
      side: ['type'],
      price: ['price'],
      quantity: ['vol'],
      fee: ['fee'],
    },
  },
  {
    name: 'Hyperliquid API fills',
    kind: 'fill',
    needs: ['coin', 'px', 'sz', 'side', 'time', 'oid', 'tid'],
    columns: {
      id: ['tid'],
      order: ['oid'],
      time: ['time'],
      symbol: ['coin'],
      side: ['side'],
      price: ['px'],
      quantity: ['sz'],
      fee: ['fee'],
      fee_asset: ['feetoken'],
      liquidity: ['crossed'],
    },
  },
  {
    name: 'Hyperliquid trades',
    kind: 'fill',
    needs: ['time', 'coin', 'dir', 'px', 'sz', 'fee'],
    columns: {
      time: ['time'],
      symbol: ['coin'],
      side: ['dir'],
      price: ['px'],
      quantity: ['sz'],
      fee: ['fee'],
      fee_asset: ['feetoken'],
    },
    timeFormats: HYPERLIQUID_TIMES,
  },
  {
    name: 'Hyperliquid funding',
    kind: 'funding',
    needs: ['time', 'coin', 'payment', 'rate'],
    columns: { time: ['time'], symbol: ['coin'], amount: ['payment'] },
    timeFormats: HYPERLIQUID_TIMES,
  },
  {
    name: 'fills',
    kind: 'fill',
    needs: [],
    columns: {
      id: ['tradeid', 'fillid', 'execid', 'executionid', 'venuefillid', 'transactionid', 'txid', 'id'],
      order: ['orderid', 'ordid', 'orderno', 'order'],
      time: ['dateutc', 'timeutc', 'timestamp', 'datetime', 'date', 'time', 'createdat', 'ts'],
      symbol: ['symbol', 'pair', 'market', 'instrument', 'contract', 'product', 'coin'],
      side: ['side', 'direction', 'action', 'type'],
      quantity: ['quantity', 'qty', 'executed', 'filled', 'filledquantity', 'size', 'amount', 'vol', 'volume'],
      price: ['price', 'filledprice', 'averageprice', 'avgprice', 'executionprice'],
      fee: ['fee', 'fees', 'commission', 'feepaid', 'tradingfee'],
      fee_asset: ['feecoin', 'feecurrency', 'feeasset', 'feeunit', 'commissionasset'],
      liquidity: ['liquidity', 'role', 'takerormaker', 'makertaker'],
    },
  },
  {
    name: 'positions',
    kind: 'position',
    needs: ['symbol', 'position'],
    columns: { symbol: ['symbol'], quantity: ['position'], side: ['side'], time: ['timestamp', 'time', 'dateutc'] },
  },
  {
    name: 'balances',
    kind: 'balance',
    needs: ['total'],
    columns: {
      asset: ['asset', 'coin', 'currency', 'code'],
      total: ['total'],
      time: ['timestamp', 'datetime', 'dateutc', 'time'],
    },
  },
];

/** Fields without which a row of the kind says nothing. */
export const NEEDED: Readonly<Record<VenueKind, readonly ColumnField[]>> = {
  fill: ['time', 'symbol', 'side', 'quantity', 'price'],
  funding: ['time', 'symbol', 'amount'],
  position: ['symbol', 'quantity'],
  balance: ['asset', 'total'],
};

/** The layouts that the columns of a file fit: the first of each kind, unless it is a general one and a particular one fits. */
export function layoutsOf(names: ReadonlySet<string>): readonly Layout[] {
  const fit = LAYOUTS.filter(
    (layout) =>
      layout.needs.every((name) => names.has(name)) &&
      NEEDED[layout.kind].every((field) => (layout.columns[field] ?? []).some((name) => names.has(name))),
  );
  const [first] = fit;
  if (first === undefined) return [];
  // A file of an account's whole history tells of several kinds, row by row: only such layouts go together.
  const more =
    first.only === undefined ? [] : fit.filter(({ only, kind }) => only !== undefined && kind !== first.kind);
  return [first, ...more];
}
