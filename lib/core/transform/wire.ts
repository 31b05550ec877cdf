import { isNonFinite, isObject, type JsonObject, parseJson } from './json.ts';
import type { Position, Reason } from './types.ts';

/**
 * The wire form of a line that some bot wrote, as `send` and `watch` put it: the line verbatim beside its position, so
 * that nothing is parsed and rewritten on the way. `semantics`: identity is the position, never the content.
 */
export interface WireLine {
  readonly nd: 1;
  /** Who sends: `--source`, or a random id kept in the data folder per watched root. */
  readonly source: string;
  /** The file's path relative to the root that was sent or watched, with `/`. */
  readonly path: string;
  /** File identity: a hash of source, path without rotation suffix and first complete line, `.` and the generation. */
  readonly file: string;
  /** Line number from 1. */
  readonly line: number;
  /** The stream, where the user named one. */
  readonly stream?: string;
  /** Facts about the bot that its lines do not carry. */
  readonly set?: WireFacts;
  /** `utf8`: the bytes were not UTF-8, `raw` holds U+FFFD in their place. `gzip`: the line lies beside a damage and may be altered. */
  readonly bad?: 'utf8' | 'gzip';
  /** A map was given and did not fit: what failed. */
  readonly map_error?: string;
  /** The line, verbatim, without its line end. */
  readonly raw: string;
}

/** Facts a sender may add to every line of a source. A line's own value wins. */
export interface WireFacts {
  readonly strategy_id?: string;
  readonly session_id?: string;
  readonly mode?: string;
  readonly venue?: string;
  readonly account_id?: string;
  readonly symbol?: string;
}

/** A record that the transform put again to its own stream, because its reply would have been too large. */
export interface WireHop {
  readonly nd: 1;
  readonly hop: number;
  /** Record id and arrival of the first try: identity and `ingested_at` stay as they were. */
  readonly id: string;
  readonly at: number;
  readonly raw: string;
}

/** One line of the wire form, without a line end. */
export const wireLine = (line: Omit<WireLine, 'nd'>): string =>
  JSON.stringify({
    nd: 1,
    source: line.source,
    path: line.path,
    file: line.file,
    line: line.line,
    stream: line.stream,
    set: line.set,
    bad: line.bad,
    map_error: line.map_error,
    raw: line.raw,
  });

/** Where an event really came from, once the wire form around it is taken off. */
export interface Origin {
  readonly raw: string;
  readonly position: Position;
  readonly source?: string;
  readonly path?: string;
  readonly file?: string;
  readonly line?: number;
  readonly stream?: string;
  readonly facts?: WireFacts;
  /** The sender knows already that the line cannot be read. */
  readonly refused?: { readonly reason: Reason; readonly detail: string };
}

const FACTS = ['strategy_id', 'session_id', 'mode', 'venue', 'account_id', 'symbol'] as const;

/** Takes the wire form off a parsed line; a record of any other form is its own origin. */
export function originOf(record: JsonObject, line: string, position: Position): Origin {
  if (record.nd !== 1 || typeof record.raw !== 'string') return { raw: line, position };
  const { raw } = record;
  if (isNonFinite(raw)) return { raw: line, position };
  if (record.hop !== undefined) return originOfHop(record, raw, position) ?? { raw: line, position };
  const origin: Mutable<Origin> = { raw, position };
  if (typeof record.source === 'string') origin.source = record.source;
  if (typeof record.path === 'string') origin.path = record.path;
  if (typeof record.file === 'string' && Number.isSafeInteger(record.line)) {
    origin.file = record.file;
    origin.line = record.line as number;
  }
  if (typeof record.stream === 'string') origin.stream = record.stream;
  if (isObject(record.set)) origin.facts = factsOf(record.set);
  if (record.bad === 'utf8')
    origin.refused = { reason: 'invalid_utf8', detail: 'the bytes are not UTF-8; U+FFFD stands for them' };
  else if (record.bad === 'gzip')
    origin.refused = {
      reason: 'damaged',
      detail: 'the line lies beside a damage of its gzip file, its checksum does not hold',
    };
  else if (typeof record.map_error === 'string') origin.refused = { reason: 'map_failed', detail: record.map_error };
  return origin;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Firehose keeps a record for a day at most: one that was put again came in no longer ago. */
const MAX_HOP_AGE_MS = 86_400_000;

/** The first try's origin, which may itself be of the wire form; undefined where the record was not put again by the transform. */
function originOfHop({ id, at }: JsonObject, raw: string, position: Position): Origin | undefined {
  const first = Number(at);
  if (typeof id !== 'string' || id === '' || !Number.isSafeInteger(at)) return undefined;
  if (first > position.arrivedMs || first < position.arrivedMs - MAX_HOP_AGE_MS) return undefined;
  const parsed = parseJson(raw)?.value;
  return originOf(isObject(parsed) && parsed.hop === undefined ? parsed : {}, raw, {
    recordId: id,
    index: 0,
    arrivedMs: first,
  });
}

const factsOf = (set: JsonObject): WireFacts =>
  Object.fromEntries(FACTS.flatMap((name) => (typeof set[name] === 'string' ? [[name, set[name]]] : [])));
