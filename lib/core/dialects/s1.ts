import type { Findings } from '../transform/findings.ts';
import { isObject, type JsonObject } from '../transform/json.ts';
import { epochToUs, formatUs } from '../transform/time.ts';
import { type Dialect, type Draft, emptyFields, type Hint } from './dialect.ts';
import { LOG_STREAMS } from './hints.ts';
import { BAR_ONLY, FLAT, WRAPPED } from './s1-tables.ts';
import type { Rename } from './table.ts';

// The bot of S1 changed its envelope four times. Each generation is told by what its records carry, never by its file:
// sample records of other shapes lie under the same names and must not pass for these.

function has(record: JsonObject, keys: readonly string[]): boolean {
  for (const key of keys) if (record[key] === undefined) return false;
  return true;
}

/** `{ts, symbol, <payload>, ts_ist}`: the payload's key tells the stream. */
export const s1Wrapped: Dialect = (record, hint, findings) => {
  if (
    record.ts === undefined ||
    record.symbol === undefined ||
    (record.ts_ist === undefined && record.ts_iso === undefined)
  )
    return undefined;
  const stream = wrappedStream(record);
  return stream === undefined
    ? undefined
    : draft('s1-wrapped', { stream, log: stream, table: WRAPPED }, record, { hint, findings });
};

function wrappedStream(record: JsonObject): string | undefined {
  if (
    Array.isArray(record.features) &&
    isObject(record.model_out) &&
    isObject(record.decision) &&
    isObject(record.cohort)
  )
    return 'signals';
  if (isObject(record.metrics)) return has(record.metrics, ['funding_stale', 'equity']) ? 'health' : undefined;
  if (isObject(record.costs))
    return has(record.costs, ['pnl_attrib']) || has(record.costs, ['fee_bps', 'cost_usd']) ? 'costs' : undefined;
  if (isObject(record.repro)) return has(record.repro, ['git_sha']) ? 'repro' : undefined;
  return undefined;
}

interface Signature {
  readonly stream: string;
  readonly log: string;
  readonly keys: readonly string[];
}

/** Keys that only one log of the flat generation has. */
const SIGNATURES: readonly Signature[] = [
  { stream: 'ensemble', log: 'ensemble_log', keys: ['pred_stack_bps'] },
  { stream: 'execution', log: 'execution_log', keys: ['fill_px', 'fill_qty'] },
  { stream: 'equity_curve', log: 'pnl_equity_log', keys: ['equity_value', 'pnl_total_usd'] },
  { stream: 'calibration', log: 'calibration_log', keys: ['pred_cal_bps', 'in_band_flag'] },
  { stream: 'risk', log: 'sizing_risk_log', keys: ['raw_score_bps', 'position_after'] },
  { stream: 'market', log: 'market_ingest_log', keys: ['mid', 'range_bps'] },
  { stream: 'kpi_scorecard', log: 'kpi_scorecard', keys: ['gates', 'in_band_share'] },
  { stream: 'cohort_fill', log: 'hyperliquid_fills', keys: ['address', 'coin'] },
  { stream: 'overlay_status', log: 'overlay_status', keys: ['alignment_rule', 'chosen_timeframes'] },
];

/** The signature a record has; the log its path names is tried first, for it is nearly always the one. */
function signatureOf(record: JsonObject, signatures: readonly Signature[], { log }: Hint): Signature | undefined {
  for (const signature of signatures) if (signature.log === log && has(record, signature.keys)) return signature;
  for (const signature of signatures) if (has(record, signature.keys)) return signature;
  return undefined;
}

/** `run_id, asset, …, ts_ist, schema_v`, one gzip member per record. */
export const s1Flat: Dialect = (record, hint, findings) => {
  if (record.run_id === undefined || record.asset === undefined || record.ts_ist === undefined) return undefined;
  const signature = signatureOf(record, SIGNATURES, hint);
  const named = signature ?? byName(hint);
  if (named === undefined) return undefined;
  const bar = named.stream === 'cohort_fill' ? undefined : barOf(record.event_id);
  return draft('s1-flat', { ...named, table: FLAT }, record, { hint, findings, bar });
};

/** `<ts int>:<asset>:<topic>:<8 hex>`: the first part is the open of the bar, in ms. */
function barOf(eventId: unknown): number | undefined {
  if (typeof eventId !== 'string' || eventId.charCodeAt(13) !== 58) return undefined;
  const ms = Number(eventId.slice(0, 13));
  return Number.isNaN(epochToUs(ms)) ? undefined : ms;
}

const BAR_ONLY_SIGNATURES: readonly Signature[] = [
  { stream: 'order_intent', log: 'order_intent', keys: ['bar_id_decision', 'side', 'reason_codes'] },
  { stream: 'feature_log', log: 'feature_log', keys: ['mom_3', 'regime_bucket'] },
  { stream: 'calibration', log: 'calibration', keys: ['pred_cal_bps', 'in_band_flag'] },
];

/** Flat records without run, id or emission time: only the bar. */
export const s1BarOnly: Dialect = (record, hint, findings) => {
  if (
    record.asset === undefined ||
    record.run_id !== undefined ||
    (record.ts_ist === undefined && record.ts_iso === undefined)
  )
    return undefined;
  const signature = signatureOf(record, BAR_ONLY_SIGNATURES, hint);
  return signature === undefined
    ? undefined
    : draft('s1-bar', { ...signature, table: BAR_ONLY }, record, { hint, findings });
};

const FLATTENED: readonly Signature[] = [
  { stream: 'signals', log: 'signals', keys: ['decision_dir', 'model_out_p_up'] },
  { stream: 'health', log: 'health', keys: ['funding_stale', 'equity', 'ws_reconnects'] },
  { stream: 'costs', log: 'costs', keys: ['fee_bps', 'cost_usd'] },
  { stream: 'costs', log: 'costs', keys: ['pnl_attrib_total'] },
  { stream: 'repro', log: 'repro', keys: ['git_sha', 'feature_version'] },
  ...BAR_ONLY_SIGNATURES,
  ...SIGNATURES,
];

/**
 * The sanitised generation `{sanitized: {…}, ts_iso, ts}` and the flattened one (columns, a full nested copy and a
 * `sanitized` copy of the whole). The copies hold what the byte cap cut off the columns; a value is kept once.
 */
export const s1Sanitized: Dialect = (record, hint, findings) => {
  if (!isObject(record.sanitized)) return undefined;
  const { sanitized, ...outer } = record;
  const merged: JsonObject = { ...(sanitized as JsonObject) };
  for (const key of Object.keys(outer)) if (outer[key] !== null && outer[key] !== undefined) merged[key] = outer[key];
  const generation = Object.keys(outer).length <= 2 ? 's1-sanitized' : 's1-flattened';
  const inner =
    s1Wrapped(merged, hint, findings) ??
    s1Flat(merged, hint, findings) ??
    s1BarOnly(merged, hint, findings) ??
    s1Flattened(merged, hint, findings);
  return inner === undefined ? undefined : { ...inner, dialect: generation };
};

/** Columns alone: the byte cap may have cut off both copies. */
export const s1Flattened: Dialect = (record, hint, findings) => {
  if (record.ts_iso === undefined && record.ts_ist === undefined) return undefined;
  const named = signatureOf(record, FLATTENED, hint);
  return named === undefined ? undefined : draft('s1-flattened', { ...named, table: FLAT }, record, { hint, findings });
};

/** The stream by `--stream` or by the path, where the record's shape does not say it. */
function byName(hint: Hint): { stream: string; log: string } | undefined {
  const stream = hint.stream ?? (hint.log === undefined ? undefined : LOG_STREAMS[hint.log]);
  return stream === undefined ? undefined : { stream, log: hint.log ?? stream };
}

interface Context {
  readonly hint: Hint;
  readonly findings: Findings;
  /** Open of the bar in ms, where the record's id says it. */
  readonly bar?: number | undefined;
}

function draft(
  dialect: string,
  { stream, log, table }: { stream: string; log: string; table: Readonly<Record<string, Rename>> },
  record: JsonObject,
  { hint, findings, bar }: Context,
): Draft | undefined {
  const rename = table[stream];
  if (rename === undefined) return undefined;
  const fields = emptyFields();
  rename(record, fields, findings);
  if (bar !== undefined) {
    fields.bar_ts = formatUs(bar * 1000);
    findings.clock('bar_ts', bar * 1000, undefined);
  }
  if (stream === 'costs') mendTotal(fields);
  fields.source_log = hint.log !== undefined && LOG_STREAMS[hint.log] === stream ? hint.log : log;
  if (hint.timeframe !== undefined && fields.timeframe === undefined) {
    fields.timeframe = hint.timeframe;
    fields.timeframe_source = 'path';
  }
  return { dialect, stream, version: 1, fields, placed: true };
}

/** S1 adds fees and impact to its total, so that a cost raises it; the parts are right. */
function mendTotal(fields: JsonObject): void {
  const {
    attrib_alpha_usd: alpha,
    attrib_timing_usd: timing,
    attrib_fees_usd: fees,
    attrib_impact_usd: impact,
  } = fields;
  if (typeof alpha === 'number' && typeof timing === 'number' && typeof fees === 'number' && typeof impact === 'number')
    fields.attrib_total_usd = alpha + timing - fees - impact;
}
