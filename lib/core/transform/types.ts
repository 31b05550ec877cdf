import type { Partition } from '../lake/keys.ts';

/** Why an event is in quarantine. A reason, once shipped, keeps its meaning. */
export const REASONS = {
  invalid_utf8: 'the bytes are not UTF-8',
  damaged: 'the file around the line is damaged, the line may be altered',
  invalid_json: 'the line is not JSON',
  not_an_object: 'the JSON is not an object',
  too_deep: 'the event is nested too deeply',
  too_large: 'the event is larger than one record may be',
  unknown_shape: 'no dialect knows the record',
  unknown_stream: 'the event names a stream that does not exist, or that only Nightdesk writes',
  unknown_version: 'the event names a version of its stream that does not exist',
  clock_skew: 'the event lies more than an hour in the future',
  too_old: 'the event is older than its door takes: use `nightdesk import`',
  deaggregation_limit: 'lines of one sub-record belong to different partitions',
  map_failed: 'the map given does not fit the line',
} as const;

export type Reason = keyof typeof REASONS;

/** Where a line came from: what identity is made of, for events that carry none. */
export interface Position {
  /** Id of the Firehose record, or of whatever door the line came through. */
  readonly recordId: string;
  /** Index of the line in its record, from 0. */
  readonly index: number;
  /** When it came in, ms since the epoch. */
  readonly arrivedMs: number;
}

/** Settings of the transform; read once, at the edge. */
export interface TransformConfig {
  /** Events older than this when they come in go to quarantine. @default - no limit (the desk); AWS sets 7 days. */
  readonly maxEventAgeMs?: number;
  /** Events further ahead than this go to quarantine. */
  readonly maxSkewMs: number;
  /** Keys, beside the built-in ones, whose values are salted and hashed. */
  readonly hashKeys: readonly string[];
  readonly hashSalt: string;
  /** Keys, beside the built-in ones, whose values are removed. */
  readonly redactKeys: readonly string[];
  /** Reads a naive local time: milliseconds to subtract to reach UTC. @default - UTC, flagged in `ts_naive`. */
  readonly naiveOffsetMs?: (localMs: number) => number;
}

/** What the transform may call; hashing is the caller's so that the core stays free of I/O. */
export interface TransformTools {
  /** Hex SHA-256. */
  sha256(text: string): string;
}

/** What a verdict's line says, without reading it again. */
export interface VerdictFacts {
  /** When it happened, ms since the epoch; null where the event has no clock. */
  readonly tsMs: number | null;
  /** When it came in, ms since the epoch. */
  readonly arrivedMs: number;
  /** The event's columns, redacted; without those of the stamp (event_id, ts, ts_ms, seq, ingested_at, source, ...). */
  readonly event: Readonly<Record<string, unknown>>;
}

/** The verdict about one event: where it goes, as what, and why. */
export interface Verdict extends Partition {
  readonly outcome: 'stored' | 'quarantined';
  readonly reason?: Reason;
  /** The stream the event would have been in, where known; equals `stream` for stored ones. */
  readonly target?: string;
  /** The line for the lake, without a line end. */
  readonly json: string;
  /** The same as values, for those who measure and watch; gone with the verdict. */
  readonly facts?: VerdictFacts;
}

/**
 * Turns one line into one verdict. Never throws. Undefined for a blank line, which is no event. `refused` says that the
 * caller knows already why the line cannot be read: it goes to quarantine, redacted like any other.
 */
export type TransformLine = (line: string, position: Position, refused?: Reason) => Verdict | undefined;
