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

/** A record in canonical field names, values still as the bot wrote them. */
export interface Draft {
  readonly dialect: string;
  readonly stream: string;
  readonly version: number;
  readonly fields: JsonObject;
}

/** Recognises a record and renames its fields; undefined where it is not of this dialect. */
export type Dialect = (record: JsonObject, hint: Hint) => Draft | undefined;
