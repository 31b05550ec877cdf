import { dateOf } from '../lake/keys.ts';
import type { InputOf, LedgerConfig, LedgerKey, Scope, TradeMethod } from './types.ts';

type Execution = InputOf<'execution'>;

/** What an execution may say came of an order without anything having traded. */
const NO_FILL = new Set(
  'placed rejected skipped cancelled canceled expired failed new open acked accepted submitted pending created noop'.split(
    ' ',
  ),
);

const says = (text: string | null | undefined): boolean => typeof text === 'string' && NO_FILL.has(text.toLowerCase());

/** Whether the event tells of something that traded, and not only of what became of an order. */
export const isFill = ({ event }: Execution): boolean =>
  typeof event.qty === 'number' &&
  typeof event.price === 'number' &&
  event.qty > 0 &&
  event.price > 0 &&
  !says(event.result) &&
  !says(event.status);

/** Whether a person recorded it (`positions adopt`, `reconcile --adopt`): it is of no log, and stands in for none. */
export const isAdopted = ({ event }: Execution): boolean => event.source === ADOPTED;

/** Whether it records what was held before: no order made it. */
export const isOpeningBalance = (input: Execution): boolean =>
  isAdopted(input) && input.event.fill_class === OPENING_BALANCE;

/** `fill_class` of an opening balance (semantics 2). */
export const OPENING_BALANCE = 'opening_balance';

/** `source` of events that a person recorded. */
export const ADOPTED = 'adopt';

const FILLED = new Set(['filled', 'partial', 'partially_filled', 'partial_fill', 'fill']);

const saysFilled = (text: string | null | undefined): boolean =>
  typeof text === 'string' && FILLED.has(text.toLowerCase());

/** Whether it tells of a fill and lacks what one is: a quantity and a price, both above 0. */
export const isIncomplete = (input: Execution): boolean => {
  const { qty, price, result, status } = input.event;
  if (isFill(input) || says(result) || says(status)) return false;
  return saysFilled(result) || saysFilled(status) || qty != null || price != null;
};

/** Logs that may hold the same fills, best first (semantics 2): event stream, S1's execution log, sheets. */
const RANK = { events: 3, log: 2, sheet: 1 } as const;

const SHEET = /\.csv(?:\.gz)?$/i;

export const rankOf = ({ event }: Execution): number => {
  if (typeof event.venue_fill_id === 'string') return RANK.events;
  if (typeof event.source_path === 'string' && SHEET.test(event.source_path)) return RANK.sheet;
  return event.source_log === 'execution_log' ? RANK.log : RANK.events;
};

/** S1 runs one paper account per timeframe in one process. */
export const isS1 = (dialect: string | null | undefined): boolean =>
  typeof dialect === 'string' && (dialect.startsWith('s1') || dialect === 'map:s1-sheet');

interface Placed {
  readonly venue?: string | null | undefined;
  readonly account_id?: string | null | undefined;
  readonly timeframe?: string | null | undefined;
  readonly dialect?: string | null | undefined;
}

export const accountOf = (event: Placed): string =>
  event.account_id ?? (isS1(event.dialect) && event.timeframe != null ? `timeframe ${event.timeframe}` : '');

/**
 * The day whose ledger a fill belongs to, with its account: the day of its bar where that is known, for a sheet knows
 * only the bar and a log the moment.
 */
export function sourceKeyOf({ event, us }: Execution): string {
  const day = typeof event.bar_ts === 'string' ? event.bar_ts.slice(0, 10) : dateOf(us / 1000);
  return `${day}${SEPARATOR}${accountOf(event)}`;
}

export const dayOfSourceKey = (key: string): number => Date.parse(key.slice(0, 10)) * 1000;

/** Between the parts of a key; no id holds it. */
export const SEPARATOR = '\u001f';

export const scopeOf = ({ mode, strategyId }: LedgerKey, { strategies }: LedgerConfig): Scope =>
  strategies[strategyId ?? '']?.scope ?? (mode === 'live' ? 'account' : 'session');

export const methodOf = ({ strategyId }: LedgerKey, { strategies }: LedgerConfig): TradeMethod =>
  strategies[strategyId ?? '']?.tradeMethod ?? 'flat_to_flat';

/** One account: venue, account, and the run where positions end with it. */
export const accountKeyOf = (event: Execution['event'], scope: Scope): string =>
  `${event.venue ?? ''}${SEPARATOR}${accountOf(event)}${SEPARATOR}${scope === 'session' ? (event.session_id ?? '') : '*'}`;

/** One book of it: symbol, and the side or number of the position where the venue keeps several. */
export const bookKeyOf = (account: string, event: Execution['event']): string =>
  `${account}${SEPARATOR}${event.symbol ?? ''}${SEPARATOR}${event.position_id ?? sideOf(event.position_side)}`;

const sideOf = (side: string | null | undefined): string => (side == null || side === 'both' ? '' : side);

/** Where the venue keeps a position per side, the other side can only reduce it. */
export const reducesOnly = (event: Execution['event'], side: 'buy' | 'sell'): boolean =>
  event.reduce_only === true ||
  (event.position_side === 'long' && side === 'sell') ||
  (event.position_side === 'short' && side === 'buy');

/** How rows of a sheet and lines of a log that tell of one fill are recognised as such; S1's sheets name no symbol. */
export const twinKeyOf = ({ event }: Execution): string =>
  [event.timeframe ?? '', event.bar_ts ?? '', event.side ?? '', event.qty, event.price].join(SEPARATOR);
