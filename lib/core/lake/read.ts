import { versionsOf } from '../catalog/outline.ts';
import type { Log, ObjectInfo, ObjectStore } from '../ports/index.ts';
import { ahead } from './ahead.ts';
import { PREFIXES, parseKey, partitionPrefix } from './keys.ts';

// Reads the lake as the views read it (`core/query/views.ts`), for those who fold it.

/** A line of the lake. */
export type LakeRecord = Readonly<Record<string, unknown>>;

/** Unpacks gzip; of a damaged object as much as can be read, with what is wrong with it. Never rejects for its content. */
export type Gunzip = (
  body: Uint8Array,
) => Promise<{ readonly bytes: Uint8Array; readonly damage?: string | undefined }>;

export interface LakeTools {
  readonly store: ObjectStore;
  readonly gunzip: Gunzip;
  /** Hears of damaged objects. @default - nobody does */
  readonly log?: Log;
}

/** Prefixes that hold what bots sent. */
export type SentPrefix = 'events' | 'late';
const SENT: readonly SentPrefix[] = ['events', 'late'];

/** What was read, for those who want to know. */
export interface ReadCounts {
  objects: number;
  lines: number;
  /** Lines that are no JSON object, or carry no `event_id`. */
  skipped: number;
  /** Objects of which only a part could be read. */
  damaged: number;
}

export const noCounts = (): ReadCounts => ({ objects: 0, lines: 0, skipped: 0, damaged: 0 });

export interface DayOptions {
  readonly stream: string;
  /** UTC day, YYYY-MM-DD. Events without any clock lie in NO_CLOCK_DATE. */
  readonly date: string;
  /** @default - those of the catalog */
  readonly versions?: readonly number[];
  /** @default - events and late */
  readonly prefixes?: readonly SentPrefix[];
  /** Leaves lines out early. Must say the same of every copy of an event: read parts of its identity only. */
  readonly only?: (event: LakeRecord) => boolean;
  /** Hears the key of every object that was read, and what it holds, repeats included. */
  readonly onObject?: (key: string, events: readonly LakeRecord[]) => void;
  /** Is added to. */
  readonly counts?: ReadCounts;
}

/**
 * The events of one stream and UTC day, each identity (strategy, session, stream, event_id) once: of several copies the
 * first to come in, as the view takes it. Holds the day's events in memory. They come in no order: sort them by place to apply them.
 */
export async function* readDay(tools: LakeTools, options: DayOptions): AsyncGenerator<LakeRecord> {
  const { stream, date, versions = versionsOf(stream), prefixes = SENT } = options;
  const first = new Map<string, LakeRecord>();
  for (const prefix of prefixes) {
    for (const version of versions) {
      for await (const event of readPartition(tools, partitionPrefix(prefix, { stream, version, date }), options)) {
        const identity = identityOf(event);
        const known = first.get(identity);
        if (known === undefined || compareCopies(event, known) < 0) first.set(identity, event);
      }
    }
  }
  yield* first.values();
}

export interface DerivedDayOptions extends Omit<DayOptions, 'prefixes'> {
  /** Whether rows whose newest revision is withdrawn are given too. @default false */
  readonly retracted?: boolean;
}

/** The rows of a derived stream and day: of each identity the highest revision, without those withdrawn. */
export async function* readDerivedDay(tools: LakeTools, options: DerivedDayOptions): AsyncGenerator<LakeRecord> {
  const { stream, date, versions = versionsOf(stream), retracted = false } = options;
  const newest = new Map<string, LakeRecord>();
  for (const version of versions) {
    for await (const row of readPartition(tools, partitionPrefix('derived', { stream, version, date }), options)) {
      const identity = identityOf(row);
      const known = newest.get(identity);
      if (known === undefined || compareRevisions(row, known) < 0) newest.set(identity, row);
    }
  }
  for (const row of newest.values()) if (retracted || row.retracted !== true) yield row;
}

/** Days that hold objects of a stream, sorted. */
export async function datesOf(
  store: ObjectStore,
  stream: string,
  prefixes: readonly (SentPrefix | 'derived')[] = SENT,
): Promise<string[]> {
  const dates = new Set<string>();
  for (const prefix of prefixes) {
    for await (const { key } of store.list(`${PREFIXES[prefix]}${stream}/`)) {
      const date = parseKey(key)?.date;
      if (date !== undefined) dates.add(date);
    }
  }
  return [...dates].sort();
}

/** The events of one object in the order of their lines, repeats included; undefined where there is no such object. */
export async function readObject(
  tools: LakeTools,
  key: string,
  { only, counts = noCounts() }: Pick<DayOptions, 'only' | 'counts'> = {},
): Promise<LakeRecord[] | undefined> {
  const body = await tools.store.get(key);
  if (body === undefined) return undefined;
  const { bytes, damage } = await tools.gunzip(body);
  counts.objects++;
  if (damage !== undefined) {
    counts.damaged++;
    tools.log?.warn('an object of the lake is damaged; what can be read of it is used', { key, damage });
  }
  const events: LakeRecord[] = [];
  for (const line of linesOf(bytes)) {
    counts.lines++;
    const event = parse(line);
    if (event === undefined) counts.skipped++;
    else if (only === undefined || only(event)) events.push(event);
  }
  return events;
}

/** What tells an event from all others of its day. Null is not the empty text. */
export const identityOf = ({ strategy_id, session_id, stream, event_id }: LakeRecord): string =>
  `${part(strategy_id)}${part(session_id)}${part(stream)}${part(event_id)}`;

const part = (value: unknown): string => (typeof value === 'string' ? `${value.length}:${value}` : '-');

/** Of copies of one event the smallest counts: the first to come in; what is not known comes last, as in SQL. */
export const compareCopies = (a: LakeRecord, b: LakeRecord): number =>
  nullsLast(a.ingested_at, b.ingested_at) || nullsLast(a.emitted_at, b.emitted_at) || nullsLast(a.seq, b.seq);

/** The newest revision first. */
const compareRevisions = (a: LakeRecord, b: LakeRecord): number =>
  -(nullsFirst(a.rev, b.rev) || nullsFirst(a.ingested_at, b.ingested_at));

function nullsLast(a: unknown, b: unknown): number {
  if (a == null || b == null) return a == null ? (b == null ? 0 : 1) : -1;
  return compare(a, b);
}

function nullsFirst(a: unknown, b: unknown): number {
  if (a == null || b == null) return a == null ? (b == null ? 0 : -1) : 1;
  return compare(a, b);
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [String(a), String(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

const READ_AHEAD = { atOnce: 16, weight: ({ bytes }: ObjectInfo): number => bytes, most: 4 * 1024 * 1024 };

async function* readPartition(tools: LakeTools, prefix: string, options: DayOptions): AsyncGenerator<LakeRecord> {
  const read = async ({ key }: ObjectInfo) => ({
    key,
    events: parseKey(key) === undefined ? undefined : await readObject(tools, key, options),
  });
  for await (const { key, events } of ahead(tools.store.list(prefix), read, READ_AHEAD)) {
    if (events === undefined) continue; // no object of a stream, or removed since it was listed
    options.onObject?.(key, events);
    yield* events;
  }
}

/** A line as an object with an id; undefined for anything else, such as the cut end of a damaged object. */
function parse(line: string): LakeRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('event_id' in value)) return undefined;
    return typeof value.event_id === 'string' ? (value as LakeRecord) : undefined;
  } catch {
    return undefined;
  }
}

const utf8 = new TextDecoder();
const SLICE_BYTES = 4 * 1024 * 1024; // a string has a longest length; and no second copy of a large object at once

function* linesOf(bytes: Uint8Array): Generator<string> {
  let start = 0;
  while (start < bytes.length) {
    const end = sliceEnd(bytes, start);
    for (const line of utf8.decode(bytes.subarray(start, end)).split('\n')) if (line !== '') yield line;
    start = end;
  }
}

/** The end of a slice of whole lines. */
function sliceEnd(bytes: Uint8Array, start: number): number {
  if (bytes.length - start <= SLICE_BYTES) return bytes.length;
  const last = bytes.lastIndexOf(NEWLINE, start + SLICE_BYTES);
  if (last > start) return last + 1;
  const next = bytes.indexOf(NEWLINE, start);
  return next === -1 ? bytes.length : next + 1;
}
const NEWLINE = 10;
