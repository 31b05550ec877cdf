import type { Findings } from '../transform/findings.ts';
import type { JsonObject } from '../transform/json.ts';

/** What the path and the sender say about a record that does not say it itself. */
export interface Hint {
  /** The file's path, relative to its root; empty on the stream. */
  readonly path: string;
  /** The stream the user named with `--stream`. */
  readonly stream: string | undefined;
  /** The bot's own log the path names, for example `sizing_risk_log`. */
  readonly log: string | undefined;
  /** Bar length proven by the path. */
  readonly timeframe: string | undefined;
}

/** A record in canonical field names. */
export interface Draft {
  readonly dialect: string;
  readonly stream: string;
  readonly version: number;
  readonly fields: JsonObject;
  /** Whether the values are in their columns already; else they are as the bot wrote them. */
  readonly placed: boolean;
}

/**
 * Recognises a record, renames its fields and puts them into their columns, in one go: going over them twice costs a
 * tenth of the transform. Undefined, and nothing in `findings`, where the record is not of this dialect.
 */
export type Dialect = (record: JsonObject, hint: Hint, findings: Findings) => Draft | undefined;

/**
 * An empty record with room for the envelope. Written out because V8 turns an object that grows by more than a dozen
 * computed keys into a hash table, which doubles the cost of writing it as JSON.
 */
export const emptyFields = (): JsonObject => ({
  event_id: undefined,
  stream: undefined,
  schema_version: undefined,
  ts: undefined,
  ts_ms: undefined,
  ts_source: undefined,
  ts_local: undefined,
  strategy_id: undefined,
  session_id: undefined,
  symbol: undefined,
  mode: undefined,
  timeframe: undefined,
  timeframe_source: undefined,
  bar_id: undefined,
  bar_ts: undefined,
  seq: undefined,
  emitted_at: undefined,
  ingested_at: undefined,
  source: undefined,
  source_path: undefined,
  source_log: undefined,
  source_event_id: undefined,
  dialect: undefined,
  extra: undefined,
});
