// What the queries of the dashboards answer to the fixture of named-queries.test.ts, worked out by hand. A fuller lake for
// those that find nothing in it is in dashboard-queries.test.ts.

const momo = { strategy_id: 'momo', mode: 'paper' };
const noon = { hour: '2025-11-21T12:00:00Z', strategy_id: 's1', mode: 'paper' };

export const DASHBOARD_ANSWERS: Readonly<Record<string, readonly unknown[]>> = {
  'calibration-drift': [],
  'confidence-vs-outcome': [],
  'equity-and-drawdown': [],
  'feature-staleness': [],
  'overlay-confidence': [],
  'prediction-error': [],
  'regime-distribution': [],
  'signal-strength': [],
  // Of the trade whose opening nobody saw nothing counts; none has a decision price.
  'cost-breakdown': [
    {
      date: '2025-11-21',
      ...momo,
      mode: 'live',
      trades: 1,
      fees_usd: null,
      impact_usd: null,
      slippage_usd: null,
      fees_unknown: 1,
      slippage_unknown: 1,
    },
    {
      date: '2025-11-21',
      ...momo,
      trades: 4,
      fees_usd: 0.75,
      impact_usd: 0.25,
      slippage_usd: null,
      fees_unknown: 0,
      slippage_unknown: 4,
    },
  ],
  'error-counts': [{ ...noon, component: 'ws', errors: 2 }],
  // The record without a clock lies in no hour.
  'health-per-hour': [
    {
      ...noon,
      records: 1,
      sessions: 1,
      heartbeat_s: null,
      ws_staleness_ms: null,
      reconnects: null,
      funding_known: 0,
      funding_stale: null,
    },
  ],
  'latency-distribution': [{ ...momo, up_to_ms: 250, orders: 1, p50_ms: 110, p95_ms: 110, p99_ms: 110 }],
  'pnl-per-trade': [
    {
      date: '2025-11-21',
      ...momo,
      signal_source: 'model',
      trades: 2,
      avg_net_pnl_usd: 1.75,
      avg_net_pnl_bps: 350,
      worst_usd: -1.25,
      best_usd: 4.75,
    },
  ],
  'rejection-rate': [{ date: '2025-11-21', ...momo, orders: 4, rejected: 2, rejection_rate: 0.5 }],
};
