// Made of names.ts by test/core/metrics/facts.test.ts.

/** Names of metrics by kind, unit, `*` for those of the whole stack, and `?` for those that are published on request only. */
export const FACTS: Readonly<Record<string, string>> = {
  'gN.':
    'bot.health.equity_value bot.health.drawdown_current bot.calibration.in_band_rate bot.health.funding_stale bot.calibration.drift',
  'gM.': 'bot.health.ws_staleness_ms',
  'cC.':
    'bot.health.ws_reconnects bot.trades.total bot.trades.by_source bot.health.checks bot.errors.total bot.orders.total bot.orders.rejected',
  'hM.': 'bot.execution.latency_ms',
  'hN.': 'bot.costs.total_bps bot.signals.strength',
  'gS.': 'bot.health.heartbeat_age_s',
  'gC.': 'bot.runs.active pipeline.events.sequence_gaps',
  'hN.?':
    'bot.costs.fee_bps bot.costs.impact_bps bot.costs.slippage_bps bot.calibration.prediction_error_bps bot.overlay.confidence',
  'gN.?': 'bot.trades.win_rate bot.trades.net_pnl_bps',
  'cC*':
    'pipeline.events.in pipeline.events.stored pipeline.events.quarantined pipeline.events.late pipeline.events.duplicates alert_fastpath_failed',
  'hM*': 'pipeline.lag_ms',
};
