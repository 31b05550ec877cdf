import { isObject, type JsonObject } from '../transform/json.ts';
import { type Dialect, emptyFields } from './dialect.ts';
import { compileTable, type Put, type Rename, type Table } from './table.ts';

// Ledgers of a session of S2: one file per kind of record, most without any clock. A row is told by the keys that only
// its ledger has.

interface Ledger {
  readonly stream: string;
  readonly log: string;
  readonly keys: readonly string[];
  readonly rename: Rename;
  /** Fields every row of the ledger has, whatever it says. */
  readonly constants?: JsonObject;
}

const id: Table = {
  instrument_id: 'symbol',
  canonical_instrument_id: 'symbol',
  fill_id: 'venue_fill_id',
  event_id: 'source_event_id',
};

const IDS = ['cycle_id', 'decision_id', 'intent_id', 'risk_decision_id', 'session_id'];
const NAMES: Readonly<Record<string, string>> = { intended_side: 'side', intended_quantity: 'qty' };

/** The intended action repeats the ids of the row around it. */
function intendedAction(value: unknown, put: Put, out: JsonObject): void {
  if (!isObject(value)) put('intent_action', value);
  else
    for (const key of Object.keys(value)) {
      const to = NAMES[key] ?? key;
      const again = out[to] !== undefined && out[to] !== null;
      if (!again) put(to, value[key]);
      else if (!IDS.includes(key) && out[to] !== value[key]) put(`intended_action.${key}`, value[key]);
    }
}

const intent = compileTable('order_intent', {
  ...id,
  ...NAMES,
  intended_action: intendedAction,
  class: 'intent_class',
  direction: 'armed_direction',
});

const fill = compileTable('execution', {
  ...id,
  event_time_unix: 'ts',
  quantity: 'qty',
  fill_price: 'price',
  simulated_fill_price: 'price',
  fee: 'fee',
  fee_amount: 'fee',
  notional: 'notional_usd',
  reference_price: 'ref_price',
});

const evaluation: Table = Object.fromEntries(
  [
    'evaluation_bound',
    'safety_mode',
    'safety_result',
    'trading_gate',
    'veto_reason',
    'safety_inputs.bridge_enabled',
    'safety_inputs.drawdown_kill_threshold',
    'safety_inputs.evaluation_owner',
    'safety_inputs.killstate_active',
    'safety_inputs.killstate_trigger',
    'safety_inputs.max_drawdown',
    'safety_inputs.price_basis_ok',
    'safety_inputs.regime_ok',
    'safety_inputs.warmup_complete',
    'hard_risk_reduction_signal',
    'safety_exit_signal',
  ].map((path) => [`safety_evaluation.${path}`, (path.split('.').at(-1) ?? path).replace(/_signal$/, '')]),
);

const LEDGERS: readonly Ledger[] = [
  {
    stream: 'market',
    log: 'market_data_sequence',
    keys: ['mark_px', 'event_ts_unix', 'receive_ts_unix'],
    rename: compileTable('market', { ...id, event_ts_unix: 'ts', receive_ts_unix: 'emitted_at', mid_price: 'mid' }),
  },
  {
    stream: 'health',
    log: 'heartbeat',
    keys: ['wall_ts', 'mono_ts'],
    rename: compileTable('health', { wall_ts: 'ts', mono_ts: 'mono_s', n: 'beat' }),
  },
  { stream: 'order_intent', log: 'order_intent_trace', keys: ['intended_action', 'intent_id'], rename: intent },
  { stream: 'order_intent', log: 'intents', keys: ['intended_side', 'intent_action', 'cycle_index'], rename: intent },
  {
    stream: 'equity_curve',
    log: 'equity_curve',
    keys: ['cycle_id', 'equity', 'peak_equity'],
    rename: compileTable('equity_curve', { ...id, exposure: 'exposure_usd' }),
  },
  {
    stream: 'market',
    log: 'regime_trace',
    keys: ['regime_id', 'regime_digest'],
    rename: compileTable('market', { ...id, regime_id: 'regime' }),
  },
  {
    stream: 'risk',
    log: 'risk_telemetry',
    keys: ['risk_decision_id', 'risk_sizing_result', 'safety_evaluation'],
    rename: compileTable('risk', { ...id, ...evaluation, cycle: 'cycle_index' }),
  },
  { stream: 'system', log: 'runtime_events', keys: ['event', 'call_graph'], rename: compileTable('system', id) },
  {
    stream: 'system',
    log: 'connectivity_events',
    keys: ['event', 'host'],
    rename: compileTable('system', id),
    constants: { component: 'connectivity' },
  },
  { stream: 'execution', log: 'fill_ledger', keys: ['fill_price', 'quantity', 'side', 'instrument_id'], rename: fill },
];

/** Rows of S2's session ledgers. */
export const s2Ledger: Dialect = (record, hint, findings) => {
  const ledger = LEDGERS.find(({ keys }) => keys.every((key) => record[key] !== undefined));
  if (ledger === undefined) return undefined;
  const fields = Object.assign(emptyFields(), ledger.constants);
  fields.source_log = hint.log ?? ledger.log;
  ledger.rename(record, fields, findings);
  return { dialect: 's2-ledger', stream: ledger.stream, version: 1, fields, placed: true };
};
