import type { Hint } from './dialect.ts';

/** S1's and S2's own logs, by the name of their file or folder, and the stream each belongs to. */
export const LOG_STREAMS: Readonly<Record<string, string>> = {
  // S1, wrapped and flat
  signals: 'signals',
  health: 'health',
  calibration: 'calibration',
  calibration_log: 'calibration',
  order_intent: 'order_intent',
  order_intent_pre_risk: 'order_intent',
  veto_reasons: 'gate',
  repro: 'repro',
  costs: 'costs',
  costs_log: 'costs',
  feature_log: 'feature_log',
  execution: 'execution',
  executions: 'execution',
  execution_log: 'execution',
  executions_paper: 'execution',
  ensemble: 'ensemble',
  ensemble_log: 'ensemble',
  market: 'market',
  market_ingest_log: 'market',
  risk: 'risk',
  sizing_risk_log: 'risk',
  overlay: 'overlay_status',
  overlay_status: 'overlay_status',
  pnl_equity: 'equity_curve',
  pnl_equity_log: 'equity_curve',
  equity_curve: 'equity_curve',
  kpi_scorecard: 'kpi_scorecard',
  hyperliquid: 'cohort_fill',
  hyperliquid_fills: 'cohort_fill',
  latency: 'latency',
  alerts: 'system',
  alert_log: 'system',
  // S2, session ledgers
  heartbeat: 'health',
  market_data_sequence: 'market',
  order_intent_trace: 'order_intent',
  regime_trace: 'market',
  risk_telemetry: 'risk',
  risk_sizing_trace: 'risk',
  runtime_events: 'system',
  connectivity_events: 'system',
  feature_trace: 'feature_log',
  decision_trace: 'order_intent',
  simulated_fills: 'execution',
  simulated_fill_trace: 'execution',
  bridge_fill_ledger: 'execution',
  fill_ledger: 'execution',
};

const TIMEFRAME = /^\d{1,3}(?:s|m|h|d|w)$/;
const NO_HINT: Hint = { path: '', stream: undefined, log: undefined, timeframe: undefined };
const MAX_CACHED = 1000;
const cache = new Map<string, Hint>();

/** What a path says. Cached: a file's lines share one path. */
export function hintOf(path: string | undefined, stream: string | undefined): Hint {
  if (path === undefined) return stream === undefined ? NO_HINT : { ...NO_HINT, stream };
  let hint = cache.get(path);
  if (hint === undefined || hint.stream !== stream) {
    hint = readPath(path, stream);
    if (cache.size >= MAX_CACHED) cache.clear();
    cache.set(path, hint);
  }
  return hint;
}

/**
 * `…/logs/<timeframe>/<log>/…` proves a timeframe; a folder above `logs` or `default` does not, since every process
 * writes all its timeframes there.
 */
function readPath(path: string, stream: string | undefined): Hint {
  const folders = path.split('/');
  const file = folders.pop() ?? '';
  const logs = folders.lastIndexOf('logs');
  const after = logs === -1 ? undefined : folders[logs + 1];
  const names = [file.split('.')[0]?.replace(/_\d{8}_\d{6}$/, '') ?? '', ...folders.toReversed()];
  return {
    path,
    stream,
    log: names.find((name) => Object.hasOwn(LOG_STREAMS, name)),
    timeframe: after !== undefined && TIMEFRAME.test(after) ? after : undefined,
  };
}
