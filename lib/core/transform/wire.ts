import { MAX_HOPS } from '../limits.ts';
import { isNonFinite, isObject, type JsonObject, parseJson } from './json.ts';
import type { TextLine } from './lines.ts';
import { type Position, REASONS, type Reason } from './types.ts';

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

/** A line that the transform put again to its own stream, because its reply would have been too large. */
export interface WireHop {
  readonly nd: 1;
  /** How often it was put again, from 1. */
  readonly hop: number;
  /** Record id, arrival and index of the first try: identity and `ingested_at` stay as they were. */
  readonly id: string;
  readonly at: number;
  /** @default 0 */
  readonly index?: number | undefined;
  /** The bytes were not UTF-8, `raw` holds U+FFFD in their place. */
  readonly bad?: 'utf8' | undefined;
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
  if (record.hop !== undefined) return originOfHop(record, position) ?? { raw: line, position };
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

/** What is known of the first try; undefined where the record was not put again by the transform. */
function hopOf(record: JsonObject, arrivedMs: number): WireHop | undefined {
  const { nd, hop, id, at, index = 0, bad, raw } = record;
  if (nd !== 1 || typeof raw !== 'string' || typeof id !== 'string' || id === '') return undefined;
  if (!isCount(hop) || hop < 1 || !isCount(at) || !isCount(index)) return undefined;
  if (at > arrivedMs || at < arrivedMs - MAX_HOP_AGE_MS) return undefined;
  return { nd, hop, id, at, index, bad: bad === 'utf8' ? bad : undefined, raw };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

/** The first try's origin, which may itself be of the wire form. */
function originOfHop(record: JsonObject, position: Position): Origin | undefined {
  const hop = hopOf(record, position.arrivedMs);
  if (hop === undefined) return undefined;
  const { raw } = hop;
  const first: Position = { recordId: hop.id, index: hop.index ?? 0, arrivedMs: hop.at };
  if (hop.bad !== undefined)
    return { raw, position: first, refused: { reason: 'invalid_utf8', detail: REASONS.invalid_utf8 } };
  const parsed = parseJson(raw)?.value;
  return originOf(isObject(parsed) && parsed.hop === undefined ? parsed : {}, raw, first);
}

/** A line as it is put again to its own stream, with what is known of its first try; undefined where it had all its hops. */
export function nextHop({ text, valid }: TextLine, { recordId, index, arrivedMs }: Position): string | undefined {
  const parsed = valid ? parseJson(text)?.value : undefined;
  const last = isObject(parsed) ? hopOf(parsed, arrivedMs) : undefined;
  const first = last ?? { id: recordId, at: arrivedMs, index, bad: valid ? undefined : ('utf8' as const), raw: text };
  const hop = (last?.hop ?? 0) + 1;
  if (hop > MAX_HOPS) return undefined;
  return JSON.stringify({
    nd: 1,
    hop,
    id: first.id,
    at: first.at,
    index: first.index === 0 ? undefined : first.index,
    bad: first.bad,
    raw: first.raw,
  } satisfies WireHop);
}

const factsOf = (set: JsonObject): WireFacts =>
  Object.fromEntries(FACTS.flatMap((name) => (typeof set[name] === 'string' ? [[name, set[name]]] : [])));
