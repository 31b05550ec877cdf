import { closedTrade } from '../desk/trades/rows.ts';
import { exampleEvent, isoOf, type LakeEvent } from '../support/lake.ts';

// A lake in which every query of the dashboards finds something.

export const NOON_MS = Date.UTC(2025, 10, 21, 12);
export const HOUR_MS = 3_600_000;
export const who = { strategy_id: 's1', mode: 'paper' };

/** An event that says nothing but what is given. */
function bare(stream: string, afterMs: number, own: LakeEvent): LakeEvent {
  const example = exampleEvent(stream);
  const known = Object.fromEntries(Object.keys(example).map((name) => [name, null]));
  const ts_ms = NOON_MS + afterMs;
  const { event_id, schema_version, ingested_at } = example;
  const envelope = { event_id, stream, schema_version, ingested_at, ts_ms, ts: isoOf(ts_ms) };
  return { ...known, ...envelope, ...who, session_id: 'r1', symbol: 'BTC-USD', ...own };
}

const beat = (afterMs: number, own: LakeEvent): LakeEvent => bare('health', afterMs, own);
const trade = (id: string, own: LakeEvent): LakeEvent => closedTrade(id, 0, { ...who, ...own });
const hourOf = (bucket: string, end: number, own: LakeEvent): LakeEvent =>
  bare('snapshot', end - HOUR_MS, {
    bucket,
    level: 'run',
    bucket_end_ts: isoOf(NOON_MS + end),
    equity_value: 100,
    drawdown_current: 0.1,
    max_drawdown: 0.2,
    rev: 1,
    ...own,
  });

export const DASHBOARD_ROWS: readonly LakeEvent[] = [
  beat(0, { ws_reconnects: 3, ws_staleness_ms: 40, heartbeat_s: 30, funding_stale: false, calibration_drift: 0.2 }),
  beat(1_000, { ws_reconnects: null, ws_staleness_ms: 90, funding_stale: true, calibration_drift: 0.1 }),
  beat(2_000, { ws_reconnects: 5 }), // two more, over a record that does not say
  beat(3_000, { ws_reconnects: 1 }), // a restart of the process: one since then
  beat(4_000, { session_id: 'r2', ws_reconnects: 70 }), // the first that is heard of a run is no increase
  beat(HOUR_MS, { ws_reconnects: 1, calibration_drift: 0.1 }),
  beat(HOUR_MS, { strategy_id: 'flat', calibration_drift: 0 }),
  beat(HOUR_MS + 1, { strategy_id: 'flat', calibration_drift: 0 }),
  bare('signals', 0, {
    event_id: 'sig-1',
    session_id: null,
    source_signals: { pros: -0.25, amateurs: 1, mood: null },
    p_up: 0.7,
    p_down: 0.1,
  }),
  bare('signals', 1, { event_id: 'sig-2', source_signals: { pros: 0.29 }, p_up: 0.2, p_down: 0.6 }),
  bare('signals', 2, { event_id: 'sig-3', s_model: -0.95 }),
  bare('signals', 3, { event_id: 'sig-4' }), // says nothing of its strength
  bare('feature_log', 0, {
    feature_timestamps: { obi: isoOf(NOON_MS - 10_000), mom: isoOf(NOON_MS) },
    stale_features: ['obi', 'gone'],
    regime: 'calm',
  }),
  bare('feature_log', 60_000, { feature_timestamps: { obi: isoOf(NOON_MS + 30_000) }, regime_bucket: 'wild' }),
  bare('feature_log', 120_000, { volatility_regime: 'wild' }),
  bare('feature_log', 180_000, {}),
  bare('overlay_status', 0, { timeframe: '5m', confidence: 0.5 }),
  bare('overlay_status', 1, { timeframe: '5m', confidence: 0.75 }),
  bare('overlay_status', 2, { confidence: 1 }),
  bare('overlay_status', 3, { timeframe: '5m' }),
  trade('a', {
    entry_signal_id: 'sig-1',
    entry_pred_bps: 12,
    net_pnl_bps: 5,
    prediction_error_bps: -7,
    slippage_entry_bps: 2,
    slippage_exit_bps: -1,
    entry_notional: 1_000,
    entry_notional_usd: 2_000,
    exit_notional: 1_000,
  }),
  trade('b', {
    entry_signal_id: 'sig-2',
    direction: 'short',
    net_pnl_bps: -3,
    prediction_error_bps: -0.5,
    slippage_entry_bps: 1,
    entry_notional_usd: 1_000,
  }),
  trade('c', { entry_signal_id: 'sig-3', prediction_error_bps: 10 }), // its signal gave no probabilities
  hourOf('1h', HOUR_MS, {}),
  hourOf('1h', HOUR_MS, { session_id: null, account_id: 'acc', level: 'account', equity_value: 900 }),
  hourOf('1h', HOUR_MS, { session_id: null, level: 'strategy' }),
  hourOf('1h', 2 * HOUR_MS, { equity_value: null }),
  hourOf('24h', HOUR_MS, {}),
  ...[5, 10, 11, 200, 70_000].map((ms, index) =>
    bare('order_lifecycle', index, { order_id: `o${index}`, status: 'filled', intent_to_fill_ms: ms, rev: 1 }),
  ),
  bare('order_lifecycle', 9, { order_id: 'o9', status: 'intended', rev: 1 }),
];
