import { versionsOf } from '../catalog/outline.ts';
import { partitionPrefix } from '../lake/keys.ts';
import type { LakeRecord } from '../lake/read.ts';
import type { ObjectStore } from '../ports/index.ts';
import type { DerivedRow } from './types.ts';

// Rows on their way into the lake: they lie in the state until they are written, under names that are always the same.

/** An object to be written: whoever writes it, and however often, writes the same. */
export interface OutboxObject {
  readonly key: string;
  readonly lines: readonly string[];
}

/** A row with what makes it a revision. */
export interface StampedRow {
  readonly row: DerivedRow;
  readonly rev: number;
}

export interface OutboxOptions {
  /** First part of the objects' names; together with `version` it is given once. */
  readonly producer: string;
  readonly version: number;
  readonly nowMs: number;
}

/** Objects of the rows, one per stream and day. */
export function outboxOf(rows: Iterable<StampedRow>, { producer, version, nowMs }: OutboxOptions): OutboxObject[] {
  const objects = new Map<string, string[]>();
  const ingestedAt = lakeTime(nowMs);
  for (const { row, rev } of rows) {
    const partition = { stream: row.stream, version: versionOf(row.stream), date: row.date };
    const key = `${partitionPrefix('derived', partition)}${producer}-${String(version).padStart(12, '0')}.jsonl.gz`;
    const lines = objects.get(key) ?? [];
    objects.set(key, lines);
    lines.push(JSON.stringify({ ...contentOf(row), ingested_at: ingestedAt, rev }));
  }
  return [...objects].map(([key, lines]) => ({ key, lines }));
}

export interface OutboxTools {
  readonly store: ObjectStore;
  readonly gzip: (bytes: Uint8Array) => Promise<Uint8Array>;
}

const utf8 = new TextEncoder();

/** Writes all objects. May be called again at any time: it writes what is there. */
export async function writeOutbox({ store, gzip }: OutboxTools, outbox: readonly OutboxObject[]): Promise<void> {
  for (const { key, lines } of outbox) await store.put(key, await gzip(utf8.encode(`${lines.join('\n')}\n`)));
}

/** A row as it lies in the lake, but for its revision. */
export const contentOf = ({ event, id, stream }: DerivedRow): LakeRecord => ({
  ...event,
  event_id: id,
  stream,
  schema_version: versionOf(stream),
  dialect: 'derived',
});

/** A row of the lake as it would be derived again. */
export const rowOf = (record: LakeRecord, stream: DerivedRow['stream'], date: string): DerivedRow => {
  const { rev, ingested_at, ...event } = record;
  return { stream, id: String(record.event_id), date, event };
};

/** What a row says, as one text: equal for rows that say the same, whatever their revision. */
export function saidBy(record: LakeRecord): string {
  const { rev, ingested_at, provisional, ...rest } = record;
  return stable({ ...rest, ...(provisional === true ? { provisional } : {}) });
}

/** JSON with sorted names; what is null says nothing, for the lake may leave it out. */
function stable(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((one) => stable(one ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const names = Object.entries(value).filter(([, one]) => one !== null && one !== undefined);
  names.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${names.map(([name, one]) => `${JSON.stringify(name)}:${stable(one)}`).join(',')}}`;
}

const versionOf = (stream: string): number => versionsOf(stream).at(-1) ?? 1;

/** A time as the lake writes it: six decimals. */
export const lakeTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');
