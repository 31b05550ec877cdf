import type { Column } from '../../core/catalog/fields.ts';
import { CATALOG } from '../../core/catalog/index.ts';
import { WORDS as LINE_WORDS } from '../../core/dialects/map-logfmt.ts';
import type { FieldSpec } from '../../core/dialects/map-schema.ts';
import { isNaive, isNumeric, isScalar, type Seen, sideReading, timeReading } from './guess-values.ts';

/** Words bots use for a field, the surest first; `nightdesk init` guesses by them. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  strategy_id: ['strategyid', 'strategy', 'strat', 'bot', 'botid', 'algo'],
  session_id: ['sessionid', 'session', 'runid', 'run'],
  venue: ['venue', 'exchange', 'exch'],
  account_id: ['accountid', 'account', 'acct'],
  symbol: ['symbol', 'sym', 'instrument', 'ticker', 'pair', 'market', 'product', 'asset', 'coin'],
  mode: ['mode'],
  timeframe: ['timeframe', 'interval'],
  source_event_id: ['eventid', 'id', 'uuid'],
  price: ['price', 'px', 'fillprice', 'fillpx', 'execprice', 'tradeprice', 'avgprice', 'avgpx', 'p'],
  qty: ['qty', 'quantity', 'size', 'sz', 'fillqty', 'filled', 'amount', 'amt', 'volume', 'vol', 'q'],
  limit_px: ['limitpx', 'limitprice', 'limit'],
  order_type: ['ordertype', 'ordtype'],
  status: ['status', 'state'],
  fee: ['fee', 'fees', 'commission', 'comm', 'feeamt', 'feeamount', 'feecost', 'feevalue'],
  fee_asset: ['feeasset', 'feecurrency', 'feeccy', 'commissionasset'],
  liquidity: ['liquidity', 'makertaker'],
  order_id: ['orderid', 'oid', 'order', 'ordid'],
  client_order_id: ['clientorderid', 'clordid', 'cloid', 'clientid'],
  venue_fill_id: ['tradeid', 'fillid', 'execid', 'tid'],
  bid: ['bid', 'bestbid', 'bidpx'],
  ask: ['ask', 'bestask', 'askpx', 'offer'],
  mid: ['mid', 'midprice'],
  last: ['last', 'lastprice'],
  open: ['open', 'o'],
  high: ['high', 'h'],
  low: ['low', 'l'],
  close: ['close', 'c'],
  volume: ['volume', 'vol', 'v'],
  equity: ['equity', 'balance', 'nav'],
  realized_pnl_usd: ['realizedpnl', 'pnl'],
  unrealized_pnl_usd: ['unrealizedpnl', 'upnl'],
  event: ['event', 'type', 'kind'],
  level: ['level', 'lvl', 'severity'],
  message: ['message', 'msg', 'text'],
  component: ['component', 'logger', 'module'],
};

const TIME_WORDS = [
  'ts',
  'timestamp',
  'time',
  'datetime',
  'eventtime',
  'at',
  't',
  'date',
  'createdat',
  'tsms',
  'tsus',
  'timems',
  'timeus',
  'when',
];

export const wordOf = (key: string): string => key.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

export interface Guess {
  readonly fields: Readonly<Record<string, string | FieldSpec>>;
  /** Pointers no field was guessed for. */
  readonly unmapped: readonly string[];
  /** Whether the times say no zone. */
  readonly naive: boolean;
}

/** The fields of a stream that what was seen could be. */
export function guessFields(stream: string, seen: readonly Seen[]): Guess {
  const columns = CATALOG[stream]?.columns ?? {};
  const fields: Record<string, string | FieldSpec> = {};
  const left = new Set(seen);
  const clock = clockOf(seen);
  if (clock !== undefined) {
    fields.ts = { at: clock.at, ...clock.reading };
    if (clock.seen !== undefined) left.delete(clock.seen);
  }
  const side = bestOf(
    [...left],
    ['side', 'buysell', 'bs', 'dir', 'direction', 's'],
    ({ values }) => sideReading(values) !== undefined,
  );
  if (side !== undefined && columns.side !== undefined) {
    const reading = sideReading(side.values) ?? {};
    fields.side = Object.keys(reading).length === 0 ? side.pointer : { at: side.pointer, ...reading };
    left.delete(side);
  }
  for (const [field, words] of Object.entries(WORDS)) {
    const column = columns[field];
    if (column === undefined) continue;
    const found = bestOf([...left], [wordOf(field), ...words], ({ values }) => fits(column, values));
    if (found === undefined) continue;
    fields[field] = found.pointer;
    left.delete(found);
  }
  const naive = clock !== undefined && isNaive(clock.values, clock.reading);
  return { fields, unmapped: [...left].map(({ pointer }) => pointer), naive };
}

interface ClockGuess {
  readonly at: FieldSpec['at'];
  readonly values: readonly unknown[];
  readonly reading: Omit<FieldSpec, 'at'>;
  readonly seen?: Seen;
}

function clockOf(seen: readonly Seen[]): ClockGuess | undefined {
  const named = bestOf(seen, TIME_WORDS, ({ values }) => timeReading(values) !== undefined);
  const found =
    named ?? seen.find(({ word, values }) => /(time|date|ts|stamp)/.test(word) && timeReading(values) !== undefined);
  if (found === undefined) return leadingTime(seen);
  const reading = timeReading(found.values);
  return reading === undefined ? undefined : { at: found.pointer, values: found.values, reading, seen: found };
}

/** Lines of text begin with their time, in two words or one. */
function leadingTime(seen: readonly Seen[]): ClockGuess | undefined {
  const lists = seen.find(({ pointer }) => pointer === `/${LINE_WORDS}`)?.values ?? [];
  for (const at of [[`/${LINE_WORDS}/0`, `/${LINE_WORDS}/1`], `/${LINE_WORDS}/0`]) {
    const values = lists.map((list) => (Array.isArray(list) ? list.slice(0, [at].flat().length).join(' ') : list));
    const reading = timeReading(values);
    if (reading !== undefined) return { at, values, reading };
  }
  return undefined;
}

/** The first that has the surest word. */
function bestOf(seen: readonly Seen[], words: readonly string[], accept: (seen: Seen) => boolean): Seen | undefined {
  for (const word of words) {
    const found = seen.find((one) => one.word === word && accept(one));
    if (found !== undefined) return found;
  }
  return undefined;
}

function fits({ type, values: allowed }: Column, values: readonly unknown[]): boolean {
  if (values.length === 0 || !values.every(isScalar)) return false;
  if (allowed !== undefined) return values.every((value) => allowed.includes(String(value).toLowerCase()));
  if (type === 'double') return values.every(isNumeric);
  if (type === 'bigint') return values.every((value) => Number.isSafeInteger(Number(value)));
  return type === 'string' && values.every((value) => typeof value === 'string' || typeof value === 'number');
}

/** Words that tell a stream, in the kind of a record or the name of its file; the surest first. */
const STREAM_WORDS: readonly (readonly [string, RegExp])[] = [
  ['error', /error|exception|fail/],
  ['execution', /fill|trade|exec/],
  ['order', /order/],
  ['signals', /signal/],
  ['health', /health|heartbeat|ping/],
  ['cash_flow', /funding|deposit|withdraw|transfer/],
  ['equity_curve', /equity|balance|pnl|account/],
  ['gate', /gate|guard|veto/],
  ['risk', /risk/],
  ['market', /market|quote|tick|book|candle|bar|kline|price/],
  ['latency', /latency/],
];

interface Records {
  /** What the field that names their kind says. */
  readonly kind: string | undefined;
  readonly file: string;
  readonly seen: readonly Seen[];
  /** The file holds several kinds, so that its name tells little. */
  readonly mixed: boolean;
}

/** The stream that records could belong to, by their kind, their file's name and their fields; `system` where nothing tells. */
export function guessStream({ kind, file, seen, mixed }: Records): string {
  const byFields = streamOfFields(seen);
  const byFile = streamOfWords(file);
  const byKind = kind === undefined ? undefined : streamOfWords(kind);
  return byKind ?? (mixed ? (byFields ?? byFile) : (byFile ?? byFields)) ?? 'system';
}

const streamOfWords = (text: string): string | undefined =>
  STREAM_WORDS.find(([, words]) => words.test(text.toLowerCase()))?.[0];

function streamOfFields(seen: readonly Seen[]): string | undefined {
  const has = (field: string): boolean =>
    bestOf(seen, [wordOf(field), ...(WORDS[field] ?? [])], () => true) !== undefined;
  if (has('price') && has('qty')) return 'execution';
  if (has('bid') || has('ask') || (has('high') && has('low'))) return 'market';
  return has('equity') ? 'equity_curve' : undefined;
}
