import { isObject } from '../transform/json.ts';
import { type Dialect, emptyFields } from './dialect.ts';
import { compileTable, type Put, type Rename, type Table, tablePerStream } from './table.ts';

const KIND_STREAMS: Readonly<Record<string, string>> = {
  intent: 'order_intent',
  order: 'order',
  fill: 'execution',
  gate: 'gate',
  error: 'error',
};

/** Both vocabularies at once: their words do not overlap. */
const PAYLOADS: Readonly<Record<string, Rename>> = {
  intent: compileTable('order_intent', {
    quantity: 'qty',
    intent_notional: 'intent_notional_usd',
    limit_price: 'limit_px',
    client_id: 'client_order_id',
  }),
  order: compileTable('order', {
    quantity: 'qty',
    client_id: 'client_order_id',
    limit_price: 'limit_px',
    price: 'limit_px',
  }),
  fill: compileTable('execution', {
    filled_quantity: 'qty',
    fill_qty: 'qty',
    quantity: 'qty',
    fill_price: 'price',
    fill_notional: 'notional_usd',
    fill_fee: 'fee',
    fill_fee_currency: 'fee_asset',
    client_id: 'client_order_id',
    trade_id: 'venue_fill_id',
  }),
  gate: compileTable('gate', { gate_name: 'name', gate: 'name', decision: passed }),
  error: compileTable('error', { error: 'message', traceback: 'stacktrace', client_id: 'client_order_id' }),
};

/** `ALLOW` and `BLOCK` of the fixtures; anything else stays unknown, never blocked. */
function passed(value: unknown, put: Put): void {
  const word = typeof value === 'string' ? value.toUpperCase() : value;
  if (word === 'ALLOW' || word === 'BLOCK') put('passed', word === 'ALLOW');
  else put('decision', value);
}

/** `{ts, session_id, symbol, mode, kind, payload}`. */
export const s2Event: Dialect = (record, hint, findings) => {
  const { kind, payload } = record;
  if (typeof kind !== 'string' || record.session_id === undefined || !('payload' in record)) return undefined;
  const stream = KIND_STREAMS[kind.toLowerCase()];
  if (stream === undefined) return undefined;
  const fields = emptyFields();
  fields.source_log = hint.log ?? 'execution_telemetry';
  AROUND(stream)(record, fields, findings);
  const rename = PAYLOADS[kind.toLowerCase()];
  if (isObject(payload) && rename !== undefined) rename(payload, fields, findings);
  else if (payload !== null && payload !== undefined) findings.keep('payload', payload);
  return { dialect: 's2-event', stream, version: 1, fields, placed: true };
};

const AROUND = tablePerStream({
  kind: () => {},
  payload: () => {},
  event_id: 'source_event_id',
  id: 'source_event_id',
});

/** Words of the older pipelines for what happened to an order; `started` and `accepted` are not in their own list but in their data. */
const EVENT_STREAMS: Readonly<Record<string, string>> = {
  filled: 'execution',
  fill: 'execution',
  partially_filled: 'execution',
  failed: 'error',
  error: 'error',
  order_error: 'error',
  intent: 'order_intent',
  started: 'system',
  reconnect: 'system',
  rate_limit: 'system',
};

const orderFields: Table = {
  run_id: 'session_id',
  event_id: 'source_event_id',
  event_type: 'status',
  exchange_order_id: 'venue_order_id',
  quantity: 'qty',
  amount: 'qty',
  filled_quantity: 'qty',
  fill_price: 'price',
  client_id: 'client_order_id',
  extra: (value, put) => {
    if (isObject(value)) for (const key of Object.keys(value)) put(`extra.${key}`, value[key]);
    else put('detail', value);
  },
};

const V0 = tablePerStream({
  ...orderFields,
  schema: () => {},
  'payload.fill.qty': 'qty',
  'payload.fill.price': 'price',
  'payload.fill.fee': 'fee',
  'payload.qty': 'qty',
  'payload.price': 'price',
  'payload.side': 'side',
  'payload.symbol': 'symbol',
});
const V1 = tablePerStream({ ...orderFields, schema_version: () => {} });

/** `execution_event_v0` (by `schema`) and `execution_event.v1` (by `schema_version`). */
export const executionEvent: Dialect = (record, _hint, findings) => {
  const v0 = record.schema === 'execution_event_v0';
  if (
    (!v0 && record.schema_version !== 'execution_event.v1') ||
    typeof record.event_type !== 'string' ||
    record.run_id === undefined
  )
    return undefined;
  const stream = EVENT_STREAMS[record.event_type.toLowerCase()] ?? 'order';
  const fields = emptyFields();
  fields.source_log = v0 ? 'execution_event_v0' : 'execution_event.v1';
  (v0 ? V0 : V1)(stream)(record, fields, findings);
  if (stream === 'error') fields.message ??= typeof record.reason === 'string' ? record.reason : record.event_type;
  if (stream === 'system') {
    fields.event = fields.status;
    fields.status = undefined;
  }
  return { dialect: v0 ? 'execution-event-v0' : 'execution-event-v1', stream, version: 1, fields, placed: true };
};

const OPS = tablePerStream({
  event_type: 'event',
  msg: 'message',
  exchange: 'venue',
  extra: orderFields.extra ?? 'extra',
});

/** Operational events of S2: `{ts, mode, event_type, level, is_anomaly, is_error, msg}`. */
export const opsEvent: Dialect = (record, _hint, findings) => {
  if (typeof record.event_type !== 'string' || typeof record.level !== 'string' || typeof record.is_error !== 'boolean')
    return undefined;
  const stream = record.is_error ? 'error' : 'system';
  const fields = emptyFields();
  fields.source_log = 'ops_events';
  OPS(stream)(record, fields, findings);
  return { dialect: 's2-ops', stream, version: 1, fields, placed: true };
};
