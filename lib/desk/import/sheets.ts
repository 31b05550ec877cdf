import { localTime } from '../../adapters/local/time.ts';
import { type CompiledMap, compileMap, type Mapped } from '../../core/dialects/map.ts';
import { isObject, type JsonObject } from '../../core/transform/json.ts';

// S1's bot mirrors what it does to Google Sheets, and to CSV files where it has no credentials. A sheet is told by its
// columns. No sheet says whether it is about paper: the mode is the sender's to say, as with the logs of the same bot, or one
// run would be two. Not read here: `log_mirror` and `bandit`, which no stream is made for, and `executions_from_5m_agg`, whose
// rows are sums of fills and would be counted as fills.

const same = (...names: string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, `/${name}`]));
const has = (...columns: string[]): Record<string, { exists: true }> =>
  Object.fromEntries(columns.map((column) => [`/${column}`, { exists: true }] as const));

/** `ts` is the open of the bar, in ms; `ts_iso` the same in the bot's zone. */
const clocks = { bar_ts: '/ts', ts_local: '/ts_iso' };

const SHEETS: CompiledMap = compileMap(
  {
    name: 's1-sheet',
    format: 'csv',
    rules: [
      {
        match: has('side', 'qty', 'fill_price', 'target_pos', 'paper_qty', 'realized_pnl'),
        stream: 'execution',
        fields: {
          ...clocks,
          ...same('session_id', 'side', 'qty', 'notional_usd', 'equity'),
          price: '/fill_price',
          mid: '/mid_price',
          intended_notional_usd: '/intended_notional',
          target_position: '/target_pos',
          position_qty: '/paper_qty',
          position_avg_px: '/paper_avg_px',
          realized_pnl_cum_usd: '/realized_pnl',
          unrealized_pnl_usd: '/unrealized_pnl',
          fee_usd: '/fee',
          impact_usd: '/impact',
          exch_qty: '/raw/exch_qty',
          target_qty: '/raw/target_qty',
          delta_qty: '/raw/delta_qty',
          is_dry_run: '/raw/dry_run',
        },
        // The account charges fee and impact, those of opening fills included; slippage is in the price.
        constants: { source_log: 'executions_paper', pnl_basis: 'net_of_all_costs', impact_basis: 'charged' },
      },
      {
        match: has('last_price', 'paper_qty', 'realized', 'unrealized', 'equity'),
        stream: 'equity_curve',
        fields: {
          ...clocks,
          ...same('equity'),
          position_qty: '/paper_qty',
          position_avg_px: '/paper_avg_px',
          realized_pnl_cum_usd: '/realized',
          unrealized_pnl_usd: '/unrealized',
        },
        constants: { source_log: 'equity', pnl_basis: 'net_of_all_costs' },
      },
      {
        match: has('mean_p_down', 'funding_stale', 'ws_queue_drops', 'in_band_share'),
        stream: 'health',
        fields: {
          ...clocks,
          ...same(
            'recent_bars',
            'mean_p_down',
            'mean_p_up',
            'mean_s_model',
            'exec_count_recent',
            'funding_stale',
            'equity',
          ),
          ...same('ws_queue_drops', 'ws_reconnects', 'ws_staleness_ms', 'max_dd_to_date', 'time_in_mkt', 'hit_rate_w'),
          ...same('turnover_bps_day', 'capacity_participation', 'ic_drift', 'calibration_drift', 'leakage_flag'),
          ...same('same_bar_roundtrip_flag', 'in_band_share'),
          sharpe_1d: '/Sharpe_roll_1d',
          sharpe_1w: '/Sharpe_roll_1w',
          sortino_1w: '/Sortino_1w',
        },
        constants: { source_log: 'health_metrics' },
      },
      {
        match: has('alignment_rule', 'chosen_timeframes', 'individual_signals'),
        stream: 'overlay_status',
        fields: {
          ...clocks,
          ...same('alpha', 'confidence', 'alignment_rule', 'chosen_timeframes', 'individual_signals'),
          direction: '/dir',
        },
        constants: { source_log: 'overlay' },
      },
      {
        match: has('S_top', 'S_mood', 'p_up', 's_model', 'dir'),
        stream: 'signals',
        // s_model_meta and s_model_bma stay in extra: their sign is the opposite of the same signals in signals.jsonl.
        fields: {
          ...clocks,
          ...same(
            'p_down',
            'p_neutral',
            'p_up',
            's_model',
            'alpha',
            'model_source',
            'bma_w_base',
            'bma_w_prob',
            'pred_bma_bps',
          ),
          direction: '/dir',
          cohort_pros: '/S_top',
          cohort_amateurs: '/S_bot',
          cohort_mood: '/S_mood',
        },
        constants: { source_log: 'signals' },
      },
    ],
  },
  localTime,
);

/** Sheets made from the first ones, with their rows again: their name must tell them apart. */
const DERIVED =
  /(?:^|\/)(executions_dedup|executions_with_adv20|executions_paper_with_decision_time|signals_dedup|signals_with_cohorts)\.csv$/;
const TIMEFRAME = /(?:^|\/)(\d{1,3}[smhdw])\/sheets_fallback\/[^/]*$|_(\d{1,3}[smhdw])\.csv$/;

/** A row of one of S1's sheets as a canonical event; undefined where it is of none. */
export function mapSheetRow(record: JsonObject, filePath: string): Mapped | undefined {
  const path = filePath.replaceAll('\\', '/');
  const mapped = SHEETS.mapRecord(record, { path });
  if (mapped === undefined || 'failed' in mapped) return mapped;
  const { event } = mapped;
  if (event.bar_ts === undefined || event.bar_ts === null) {
    event.bar_ts = event.ts_local;
    event.ts_local = undefined;
  }
  if (typeof event.chosen_timeframes === 'string') event.chosen_timeframes = event.chosen_timeframes.split(',');
  if (isObject(event.individual_signals)) event.individual_signals = longNames(event.individual_signals);
  if (isObject(event.raw)) event.raw = withoutRepeats(event.raw, record);
  if (mapped.stream === 'execution' && typeof event.run_id === 'string') {
    event.session_id ??= event.run_id;
    event.run_id = undefined;
  }
  const derived = DERIVED.exec(path);
  if (derived !== null) event.source_log = derived[1];
  const timeframe = TIMEFRAME.exec(path);
  if (timeframe !== null) {
    event.timeframe = timeframe[1] ?? timeframe[2];
    event.timeframe_source = 'path';
  }
  return mapped;
}

/** The bot's answer in column `raw` says most of the row again; a value is kept once. */
function withoutRepeats(raw: JsonObject, row: JsonObject): JsonObject | undefined {
  const own = Object.entries(raw).filter(([key, value]) => {
    const cell = row[key === 'price' ? 'fill_price' : key];
    return typeof cell !== 'string' || (cell !== value && Number(cell) !== value);
  });
  return own.length === 0 ? undefined : Object.fromEntries(own);
}

const LONG: Readonly<Record<string, string>> = { dir: 'direction', conf: 'confidence' };

const longNames = (signals: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(signals).map(([timeframe, signal]) => [
      timeframe,
      isObject(signal)
        ? Object.fromEntries(Object.entries(signal).map(([key, cell]) => [LONG[key] ?? key, cell]))
        : signal,
    ]),
  );
