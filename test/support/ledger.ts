import { sha256 } from '../../lib/adapters/local/sha256.ts';
import type { EventOf } from '../../lib/core/catalog/index.ts';
import { openFold } from '../../lib/core/lifecycle/fold.ts';
import { comparePlaces, inputOf } from '../../lib/core/lifecycle/input.ts';
import {
  type DerivedRow,
  type Fold,
  type Input,
  LEDGER_DEFAULTS,
  type LedgerConfig,
  type LedgerKey,
} from '../../lib/core/lifecycle/types.ts';

export type LedgerEvent = Record<string, unknown>;
export type Trade = EventOf<'trade_lifecycle'>;

/** When the histories of tests begin. */
export const START_MS = Date.UTC(2026, 0, 5, 10);

let made = 0;

/** An event as it lies in the lake, so many seconds after the start. */
export function ledgerEvent(stream: string, atS: number, fields: LedgerEvent = {}): LedgerEvent {
  const us = Math.round(START_MS * 1000 + atS * 1e6);
  const ts = `${new Date(Math.floor(us / 1000)).toISOString().slice(0, 23)}${String(us % 1000).padStart(3, '0')}Z`;
  return {
    event_id: `e${++made}`,
    stream,
    schema_version: 1,
    ts,
    ts_ms: Math.floor(us / 1000),
    ts_source: 'ts',
    seq: made,
    ingested_at: ts,
    dialect: 'canonical',
    strategy_id: 's',
    session_id: 'run',
    symbol: 'BTCUSDT',
    mode: 'paper',
    ...fields,
  };
}

/** A fill; a quantity below 0 is sold. Fees are known to be nothing unless given. */
export const fillEvent = (atS: number, qty: number, price: number, fields: LedgerEvent = {}): LedgerEvent =>
  ledgerEvent('execution', atS, { side: qty > 0 ? 'buy' : 'sell', qty: Math.abs(qty), price, fee_usd: 0, ...fields });

export const inputsOf = (events: readonly LedgerEvent[]): Input[] =>
  events.flatMap((event) => inputOf(event) ?? []).sort(comparePlaces);

export interface Folded {
  readonly fold: Fold;
  readonly rows: readonly DerivedRow[];
  readonly trades: readonly Trade[];
}

/** Folds events in one go, as of long after the last of them unless said otherwise. */
export function foldAll(
  events: readonly LedgerEvent[],
  {
    key = {},
    config = {},
    asOfMs = START_MS,
  }: { key?: Partial<LedgerKey>; config?: Partial<LedgerConfig>; asOfMs?: number } = {},
): Folded {
  const fold = openFold({ mode: 'paper', strategyId: 's', ...key }, { ...LEDGER_DEFAULTS, ...config }, { sha256 });
  const inputs = inputsOf(events);
  fold.announce(inputs);
  fold.apply(inputs, Number.POSITIVE_INFINITY);
  const rows = fold.rows(asOfMs);
  return { fold, rows, trades: tradesOf(rows) };
}

/** Trades by their entry. */
export const tradesOf = (rows: readonly DerivedRow[]): Trade[] =>
  rows
    .filter(({ stream }) => stream === 'trade_lifecycle')
    .map(({ event }) => event as Trade)
    .sort((a, b) => String(a.entry_ts ?? a.ts).localeCompare(String(b.entry_ts ?? b.ts)));
