import { exampleEvent, isoOf, type LakeEvent, writeLake } from '../../support/lake.ts';

// Rows of trades and orders as the ledger writes them, for tests of what reads them.

export const NOON_MS = Date.UTC(2025, 10, 21, 12);

/** Fields of the example that a row made here must not carry unless it says so. */
const NONE = {
  exit_ts: null,
  exit_px: null,
  exit_qty: null,
  exit_reason: null,
  exit_reason_source: null,
  duration_seconds: null,
  duration_bars: null,
  gross_pnl_usd: 0,
  fees_usd: 0,
  impact_usd: null,
  impact_basis: null,
  charged_costs_usd: 0,
  funding_usd: 0,
  net_pnl_usd: null,
  net_pnl_bps: null,
  entry_pred_bps: null,
  entry_signal_source: null,
  timeframe: null,
} as const;

/** An open trade of half a coin at 100, entered so many ms after noon. */
export function openTrade(id: string, afterMs: number, own: LakeEvent = {}): LakeEvent {
  const ts_ms = NOON_MS + afterMs;
  const trade_id = `t-${id}`;
  return exampleEvent('trade_lifecycle', {
    ...NONE,
    event_id: trade_id,
    trade_id,
    ts_ms,
    entry_ts: isoOf(ts_ms),
    dialect: 'derived',
    strategy_id: 'momo',
    session_id: 'r1',
    venue: 'okx',
    symbol: 'BTC-USD',
    mode: 'paper',
    status: 'open',
    direction: 'long',
    instrument_kind: 'spot',
    settle_asset: 'USD',
    settle_usd_rate: 1,
    entry_px: 100,
    entry_qty: 0.5,
    entry_notional: 50,
    entry_notional_usd: 50,
    position_qty: 0.5,
    avg_px: 100,
    last_px: 100,
    fill_count: 1,
    rev: 1,
    ...own,
  });
}

/** The same closed an hour later, with what it made. */
export const closedTrade = (id: string, afterMs: number, own: LakeEvent = {}): LakeEvent =>
  openTrade(id, afterMs, {
    status: 'closed',
    exit_ts: isoOf(NOON_MS + afterMs + 3_600_000),
    exit_px: 110,
    exit_qty: 0.5,
    position_qty: 0,
    avg_px: null,
    duration_seconds: 3600,
    gross_pnl_usd: 5,
    fees_usd: 0.25,
    costs_total_usd: 0.25,
    net_pnl_usd: 4.75,
    net_pnl_bps: 950,
    exit_reason: 'take_profit',
    exit_reason_source: 'given',
    fill_count: 2,
    ...own,
  });

/** A fill of a live account, with nothing in it but what is given and what every fill has. */
export function bareFill(id: string, afterMs: number, own: LakeEvent): LakeEvent {
  const known = Object.fromEntries(Object.keys(exampleEvent('execution')).map((name) => [name, null]));
  const { ts, ts_ms } = exampleEvent('execution', { ts_ms: NOON_MS + afterMs });
  return {
    ...known,
    event_id: id,
    stream: 'execution',
    schema_version: 1,
    ts,
    ts_ms,
    ts_source: 'ts',
    seq: 1,
    ingested_at: '2025-12-01T00:00:00.000000Z',
    strategy_id: 'momo',
    session_id: 'r1',
    symbol: 'BTC-USD',
    mode: 'live',
    result: 'filled',
    ...own,
  };
}

export { writeLake };
