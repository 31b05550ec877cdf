import { partitionPrefix } from '../lake/keys.ts';
import { type LakeRecord, type LakeTools, readDerivedDay } from '../lake/read.ts';
import { withdrawn } from '../lifecycle/ledger-published.ts';
import { contentOf, lakeTime, rowOf, saidBy } from '../lifecycle/outbox.ts';
import type { DerivedRow } from '../lifecycle/types.ts';

export interface PublishTools extends LakeTools {
  readonly gzip: (bytes: Uint8Array) => Promise<Uint8Array>;
  readonly sha256: (text: string) => string;
}

export interface PublishedDay {
  readonly date: string;
  /** All rows of the buckets that were made, by their day. */
  readonly rows: readonly DerivedRow[];
  /** Whether the bucket of a published row was made again: where it was and the row was not, it is withdrawn. */
  readonly covers: (record: LakeRecord) => boolean;
  readonly nowMs: number;
}

/**
 * Makes the lake say what the snapshots of one day say: writes those that are new or say otherwise, and withdraws those
 * that are not so any more. The object's name comes from its content, so that a crash and a repeat leave the same.
 * @returns how many rows were written
 */
export async function publishDay(tools: PublishTools, { date, rows, covers, nowMs }: PublishedDay): Promise<number> {
  const known = new Map<string, LakeRecord>();
  for await (const record of readDerivedDay(tools, { stream: 'snapshot', date, retracted: true }))
    known.set(identityOf(record), record);
  const made = new Set<string>();
  const written: DerivedRow[] = [];
  for (const row of rows) {
    const content = JSON.parse(JSON.stringify(contentOf(row))) as LakeRecord;
    const identity = identityOf(content);
    made.add(identity);
    const before = known.get(identity);
    if (before === undefined || before.retracted === true || saidBy(before) !== saidBy(content)) written.push(row);
  }
  for (const [identity, record] of known)
    if (!made.has(identity) && record.retracted !== true && covers(record))
      written.push(withdrawn(rowOf(record, 'snapshot', date)));
  if (written.length === 0) return 0;
  const contents = written.map(contentOf);
  const lines = contents.map((content) => {
    const before = known.get(identityOf(content))?.rev;
    const rev = Math.max(nowMs, typeof before === 'number' ? before + 1 : 0);
    return JSON.stringify({ ...content, ingested_at: lakeTime(nowMs), rev });
  });
  // Of its revisions too: saying again what was said before another revision is a new object.
  const name = tools.sha256(JSON.stringify([contents, contents.map((one) => known.get(identityOf(one))?.rev ?? 0)]));
  const key = `${partitionPrefix('derived', { stream: 'snapshot', version: 1, date })}snapshots-${name.slice(0, 24)}.jsonl.gz`;
  await tools.store.put(key, await tools.gzip(new TextEncoder().encode(`${lines.join('\n')}\n`)));
  return written.length;
}

const identityOf = ({ event_id, strategy_id, session_id }: LakeRecord): string =>
  JSON.stringify([event_id, strategy_id ?? null, session_id ?? null]);
