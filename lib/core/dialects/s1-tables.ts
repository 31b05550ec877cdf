import { isSecretName, REDACTED } from '../redact.ts';
import { isObject, type JsonObject } from '../transform/json.ts';
import { compileTable, type Put, type Rename, type Table } from './table.ts';

/** Guards of S1: in its data `true` means that the guard passed. */
function guards(value: unknown, put: Put): void {
  if (!isObject(value)) {
    put('reason_codes', value);
    return;
  }
  const made = [];
  for (const name in value) {
    const passed = isSecretName(name) ? REDACTED : value[name]; // as a value of `name` it would no longer be told
    made.push(isObject(passed) ? { name, ...passed } : { name, passed });
  }
  put('guards', made);
}

/** The per-timeframe signals have short names in the overlay's own log and long ones in the signal's. */
const longNames: Readonly<Record<string, string>> = { dir: 'direction', conf: 'confidence' };
function individualSignals(value: unknown, put: Put): void {
  if (!isObject(value)) put('individual_signals', value);
  else
    put(
      'individual_signals',
      Object.fromEntries(
        Object.entries(value).map(([timeframe, signal]) => [
          timeframe,
          isObject(signal)
            ? Object.fromEntries(Object.entries(signal).map(([key, cell]) => [longNames[key] ?? key, cell]))
            : signal,
        ]),
      ),
    );
}

/** The record says which log it is by its envelope: these only repeat it. */
const drop = (): void => {};

/** Repeats the bar around it in another spelling; counts only where the outer one is missing. */
const barAgain = (value: unknown, put: Put, out: JsonObject): void => {
  if (out.bar_ts === undefined) put('bar_ts', value);
};

const common: Table = {
  symbol: 'symbol',
  asset: 'symbol',
  run_id: 'session_id',
  event_id: 'source_event_id',
  schema_v: drop,
  schema_version: drop,
  schema: drop,
  log_type: drop,
  emitter_version: 'emitter_version',
  _emitter_metadata: (value, put) => {
    if (isObject(value)) put('emitter_version', value.emitter_version);
  },
};

/** Wrapped records: `ts` is the open of the bar, `ts_ist` the emission. */
const wrapped: Table = { ...common, ts: 'bar_ts', ts_ist: 'emitted_at', ts_iso: 'bar_ts' };
/** Flat v1 records carry their emission only; the bar is in front of `event_id`. */
const flat: Table = { ...common, ts_ist: 'emitted_at', ts_iso: 'emitted_at', ts: 'emitted_at' };
/** Flat records without ids carry the open of the bar only. */
const barOnly: Table = { ...common, ts_ist: 'bar_ts', ts_iso: 'bar_ts', ts: 'bar_ts' };

const signals: Table = {
  'model_out.p_down': 'p_down',
  'model_out.p_neutral': 'p_neutral',
  'model_out.p_up': 'p_up',
  'model_out.s_model': 's_model',
  'model_out.a': 'calibration_a',
  'model_out.b': 'calibration_b',
  'decision.dir': 'direction',
  'decision.alpha': 'alpha',
  'decision.details.chosen': 'chosen',
  'decision.details.mode': 'decision_mode',
  'decision.details.eligible': 'eligible',
  'decision.details.signals': 'source_signals',
  'decision.details.model_source': 'model_source',
  'decision.details.bma_w_base': 'bma_w_base',
  'decision.details.bma_w_prob': 'bma_w_prob',
  'decision.details.pred_bma_bps': 'pred_bma_bps',
  'decision.details.pred_cal_bps': 'pred_cal_bps',
  'decision.details.band_bps': 'band_bps',
  'decision.details.raw_val': 'raw_value',
  'decision.details.overlay': 'overlay',
  'cohort.pros': 'cohort_pros',
  'cohort.amateurs': 'cohort_amateurs',
  'cohort.mood': 'cohort_mood',
  features: 'features',
};

const health: Table = {
  ...under('metrics', {
    recent_bars: 'recent_bars',
    mean_p_down: 'mean_p_down',
    mean_p_up: 'mean_p_up',
    mean_s_model: 'mean_s_model',
    exec_count_recent: 'exec_count_recent',
    funding_stale: 'funding_stale',
    equity: 'equity',
    ws_queue_drops: 'ws_queue_drops',
    ws_reconnects: 'ws_reconnects',
    ws_staleness_ms: 'ws_staleness_ms',
    Sharpe_roll_1d: 'sharpe_1d',
    Sharpe_roll_1w: 'sharpe_1w',
    Sharpe_1d: 'sharpe_1d',
    Sharpe_1w: 'sharpe_1w',
    Sortino_1w: 'sortino_1w',
    max_dd_to_date: 'max_dd_to_date',
    time_in_mkt: 'time_in_mkt',
    hit_rate_w: 'hit_rate_w',
    turnover_bps_day: 'turnover_bps_day',
    capacity_participation: 'capacity_participation',
    ic_drift: 'ic_drift',
    calibration_drift: 'calibration_drift',
    leakage_flag: 'leakage_flag',
    same_bar_roundtrip_flag: 'same_bar_roundtrip_flag',
    in_band_share: 'in_band_share',
    band_hit_rate: 'in_band_share',
  }),
};

const costs: Table = {
  ...under('costs', {
    ts_ist: barAgain,
    ts_iso: barAgain,
    asset: 'symbol',
    bar_id: 'bar_id',
    event_id: 'source_event_id',
    trade_notional: 'notional_usd',
    notional_usd: 'notional_usd',
    notional: 'notional_usd',
    fee_bps: 'fee_bps',
    fee_usd: 'fee_usd',
    fee: 'fee_usd',
    fees: 'fee_usd',
    slip_bps: 'slip_bps',
    slip_bps_mkt: 'slip_bps',
    slippage_bps: 'slip_bps',
    slip_usd: 'slip_usd',
    impact_k: 'impact_k',
    impact_bps: 'impact_bps',
    impact_usd: 'impact_usd',
    adv_ref: 'adv_ref',
    cost_usd: 'cost_usd',
    total_cost_usd: 'cost_usd',
    cost_bps_total: 'cost_bps_total',
    cost_bps: 'cost_bps_total',
    rejections: 'rejections',
    'pnl_attrib.alpha': 'attrib_alpha_usd',
    'pnl_attrib.timing': 'attrib_timing_usd',
    'pnl_attrib.fees': 'attrib_fees_usd',
    'pnl_attrib.impact': 'attrib_impact_usd',
    'pnl_attrib.total': 'attrib_total_logged_usd',
  }),
};

const repro: Table = {
  ...under('repro', {
    ts_ist: barAgain,
    ts_iso: barAgain,
    git_sha: 'git_sha',
    model_version: 'model_version',
    feature_version: 'feature_version',
    seed: 'seed',
    train_start_ist: 'train_start',
    train_end_ist: 'train_end',
    hyperparams_hash: 'hyperparams_hash',
    data_hash: 'data_hash',
    adv_method: 'adv_method',
  }),
};

const orderIntent: Table = {
  bar_id_decision: 'bar_id',
  intent_qty: 'intent_size',
  intent_notional: 'intent_notional_usd',
  reason_codes: guards,
  'market_conditions.spread_bps': 'spread_bps',
  'market_conditions.volatility': 'volatility',
  'market_conditions.volume': 'volume',
  'market_conditions.funding_rate': 'funding_rate',
};

const execution: Table = {
  decision_time_ist: 'decision_ts',
  decision_ts: 'decision_ts',
  exec_time_ist: 'ts',
  fill_px: 'price',
  fill_price: 'price',
  trade_price: 'price',
  fill_qty: 'qty',
  filled_quantity: 'qty',
  quantity: 'qty',
  size: 'qty',
  fee: 'fee_usd',
  fees: 'fee_usd',
  fill_fee: 'fee_usd',
  slip_bps_mkt: 'slip_bps',
  slippage_bps: 'slip_bps',
  route: 'router',
  trade_notional: 'notional_usd',
  notional: 'notional_usd',
  'rejection_details.reason': 'rejection_reason',
  'rejection_details.message': 'rejection_message',
  'rejection_details.market_state': 'market_at_rejection',
  'rejection_details.retry_attempt': 'retry_attempt',
};

const calibration: Table = { band_hit_rate: 'in_band_share', prediction_error: 'prediction_error_bps' };
const equity: Table = { equity_value: 'equity' };
const risk: Table = { raw_score: 'raw_score_bps' };
const overlay: Table = { individual_signals: individualSignals };
const kpi: Table = { event: drop, Sharpe_1w: 'sharpe_1w', max_DD_pct: 'max_dd_pct' };
const cohortFill: Table = { coin: 'coin', side: 'side', size: 'qty', price: 'price', ts: 'ts', t: 'ts' };

/** Fields that lie under a wrapper key, or flat beside the envelope in later generations. */
function under(wrapper: string, fields: Table): Table {
  const nested = Object.entries(fields).map(([key, to]) => [`${wrapper}.${key}`, to]);
  const alone = Object.entries(fields).filter(
    ([key]) => !(key in common) && !key.startsWith('ts_') && !key.includes('.'),
  );
  return Object.fromEntries([...nested, ...alone]);
}

const compile = (stream: string, envelope: Table, own: Table): Rename => compileTable(stream, { ...envelope, ...own });

export const WRAPPED: Readonly<Record<string, Rename>> = {
  signals: compile('signals', wrapped, signals),
  health: compile('health', wrapped, health),
  costs: compile('costs', wrapped, costs),
  repro: compile('repro', wrapped, repro),
};

export const FLAT: Readonly<Record<string, Rename>> = {
  execution: compile('execution', flat, execution),
  ensemble: compile('ensemble', flat, {}),
  equity_curve: compile('equity_curve', flat, equity),
  overlay_status: compile('overlay_status', flat, overlay),
  calibration: compile('calibration', flat, calibration),
  risk: compile('risk', flat, risk),
  market: compile('market', flat, {}),
  kpi_scorecard: compile('kpi_scorecard', flat, kpi),
  cohort_fill: compile('cohort_fill', flat, cohortFill),
  signals: compile('signals', flat, signals),
  health: compile('health', flat, health),
  costs: compile('costs', flat, costs),
  repro: compile('repro', flat, repro),
  order_intent: compile('order_intent', flat, orderIntent),
  feature_log: compile('feature_log', flat, {}),
  latency: compile('latency', flat, {}),
  system: compile('system', flat, {}),
  gate: compile('gate', flat, {}),
};

export const BAR_ONLY: Readonly<Record<string, Rename>> = {
  order_intent: compile('order_intent', barOnly, orderIntent),
  feature_log: compile('feature_log', barOnly, {}),
  calibration: compile('calibration', barOnly, calibration),
};
