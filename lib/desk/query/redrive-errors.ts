import * as z from 'zod';
import { gunzip } from '../../adapters/local/gzip.ts';
import { sha256 } from '../../adapters/local/sha256.ts';
import { isRedrivenNote, redrivenNoteKey, writtenOn } from '../../core/lake/error-keys.ts';
import { PREFIXES } from '../../core/lake/keys.ts';
import type { ObjectStore } from '../../core/ports/index.ts';
import { failedRecords, verdictsOf } from '../../core/query/failed-records.ts';
import type { TransformLine } from '../../core/transform/types.ts';
import { LakeBatch } from './lake-batch.ts';

export interface RedriveErrorsOptions {
  readonly store: ObjectStore;
  readonly transform: TransformLine;
  /** First and last UTC day on which Firehose gave up; an object that does not say is looked at without them. @default - no limit */
  readonly from?: string;
  readonly to?: string;
  /** Says what would be, and writes nothing. */
  readonly dryRun: boolean;
  /** Lines held before they are written. @default - 20,000 */
  readonly batchLines?: number;
}

/** What became of records that Firehose did not deliver: looked = stored + already + left. */
export interface ErrorsReport {
  /** Objects below the error prefix. */
  readonly objects: number;
  /** Records in them. */
  readonly looked: number;
  /** Records whose lines this run brought to the lake; of those, such as hold a line that is in quarantine now. */
  readonly stored: number;
  readonly quarantined: number;
  /** Records that an earlier run brought there. */
  readonly already: number;
  /** Records that cannot be read: they stay where they are. */
  readonly left: number;
  /** Lines written. */
  readonly events: number;
  /** Why records are left, and in which objects. */
  readonly problems: readonly { readonly key: string; readonly problem: string; readonly records: number }[];
}

const BATCH_LINES = 20_000;

/**
 * Brings what Firehose could not deliver to the lake, stored or in quarantine, through the transform of today. An object
 * is noted as done after all its lines are written, and never deleted: retention does that. A run that dies writes the
 * same objects again.
 */
export async function redriveErrors(options: RedriveErrorsOptions): Promise<ErrorsReport> {
  const { store, from, to } = options;
  const totals = { objects: 0, looked: 0, stored: 0, quarantined: 0, already: 0, left: 0, events: 0 };
  const problems: { key: string; problem: string; records: number }[] = [];
  const [objects, notes] = await listErrors(store);
  for (const key of objects) {
    const day = writtenOn(key);
    if (day !== undefined && ((from !== undefined && day < from) || (to !== undefined && day > to))) continue;
    const before = notes.has(redrivenNoteKey(key)) ? await noteOf(store, key) : undefined;
    const found = before ?? (await redriveObject(options, key));
    if (found === undefined) continue; // its time was over meanwhile
    totals.objects++;
    totals.looked += found.stored + found.left;
    totals.left += found.left;
    if (before !== undefined) totals.already += found.stored;
    else {
      totals.stored += found.stored;
      totals.quarantined += found.quarantined;
      totals.events += found.events;
    }
    problems.push(...found.problems.map((one) => ({ key, ...one })));
  }
  return { ...totals, problems };
}

/** Keys of what Firehose left, and of the notes about them. */
async function listErrors(store: ObjectStore): Promise<[string[], ReadonlySet<string>]> {
  const objects: string[] = [];
  const notes = new Set<string>();
  for await (const { key } of store.list(PREFIXES.errors)) {
    if (isRedrivenNote(key)) notes.add(key);
    else objects.push(key);
  }
  return [objects, notes];
}

const note = z.object({
  stored: z.number(),
  quarantined: z.number(),
  left: z.number(),
  events: z.number(),
  problems: z.array(z.object({ problem: z.string(), records: z.number() })),
});
type Note = z.infer<typeof note>;

/** What an earlier run noted; undefined where that cannot be read, and the object is done again. */
async function noteOf(store: ObjectStore, key: string): Promise<Note | undefined> {
  const body = await store.get(redrivenNoteKey(key));
  try {
    return note.parse(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    return undefined;
  }
}

async function redriveObject(options: RedriveErrorsOptions, key: string): Promise<Note | undefined> {
  const { store, transform, dryRun, batchLines = BATCH_LINES } = options;
  const body = await store.get(key);
  if (body === undefined) return undefined;
  const { text, damage } = await textOf(body);
  const batch = new LakeBatch('redrive');
  const counts = { stored: 0, quarantined: 0, left: 0, events: 0 };
  const problems = new Map<string, number>();
  for (const failed of failedRecords(key, text, { sha256, decode })) {
    if ('problem' in failed) {
      counts.left++;
      problems.set(failed.problem, (problems.get(failed.problem) ?? 0) + 1);
      continue;
    }
    const { record } = failed;
    const verdicts = verdictsOf(key, record, transform);
    for (const verdict of verdicts) batch.add(verdict, verdict.json, record.arrivedMs);
    counts.stored++;
    counts.events += verdicts.length;
    if (verdicts.some(({ outcome }) => outcome === 'quarantined')) counts.quarantined++;
    if (batch.lines >= batchLines) await batch.write(dryRun ? undefined : store);
  }
  await batch.write(dryRun ? undefined : store);
  if (damage !== undefined) problems.set(`is damaged: ${damage}`, 0);
  const done = { ...counts, problems: [...problems].map(([problem, records]) => ({ problem, records })) };
  if (!dryRun) await store.put(redrivenNoteKey(key), new TextEncoder().encode(JSON.stringify(done)));
  return done;
}

const GZIP = [0x1f, 0x8b] as const;

/** An object is compressed or not as the stream is configured, whatever its name says. */
async function textOf(body: Uint8Array): Promise<{ text: string; damage?: string }> {
  const packed = GZIP.every((byte, i) => body[i] === byte);
  const { bytes, damage } = packed ? await gunzip(body) : { bytes: body, damage: undefined };
  const text = new TextDecoder().decode(bytes);
  return damage === undefined ? { text } : { text, damage };
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

const decode = (text: string): Uint8Array | undefined =>
  text.length % 4 === 0 && BASE64.test(text) ? Buffer.from(text, 'base64') : undefined;
