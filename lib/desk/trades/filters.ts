import { literal } from '../../core/query/text.ts';

export const STATUSES = ['open', 'closed', 'abandoned'] as const;
export type TradeStatus = (typeof STATUSES)[number];

/** How an unknown mode is named in options and tables: it is a class of its own. */
export const UNKNOWN_MODE = 'unknown';

export interface TradeFilters {
  readonly status?: readonly TradeStatus[];
  readonly strategy?: string;
  readonly session?: string;
  readonly symbol?: string;
  /** A mode, or UNKNOWN_MODE for trades that name none. */
  readonly mode?: string;
  /** First and last UTC day of the entry. */
  readonly from?: string;
  readonly to?: string;
}

/** The condition of the filters on rows of trade_lifecycle; its date is the UTC day of the entry. */
export function tradeCondition({ status, strategy, session, symbol, mode, from, to }: TradeFilters): string {
  const parts = [
    ...(from === undefined ? [] : [`"date" >= ${literal(from)}`]),
    ...(to === undefined ? [] : [`"date" <= ${literal(to)}`]),
    ...(status === undefined ? [] : [`status in (${status.map(literal).join(', ')})`]),
    ...(strategy === undefined ? [] : [`strategy_id = ${literal(strategy)}`]),
    ...(session === undefined ? [] : [`session_id = ${literal(session)}`]),
    ...(symbol === undefined ? [] : [`symbol = ${literal(symbol)}`]),
    ...(mode === undefined ? [] : [mode === UNKNOWN_MODE ? 'mode is null' : `mode = ${literal(mode)}`]),
  ];
  return parts.length === 0 ? 'true' : parts.join(' and ');
}
