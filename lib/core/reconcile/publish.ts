import { partitionPrefix } from '../lake/keys.ts';
import { type LakeRecord, type LakeTools, readDerivedDay } from '../lake/read.ts';
import { withdrawn } from '../lifecycle/ledger-published.ts';
import { contentOf, rowOf, saidBy } from '../lifecycle/outbox.ts';
import type { DerivedRow } from '../lifecycle/types.ts';
import { formatUs } from '../transform/time.ts';
import { sourceOfKind } from './rows.ts';
import { BREAK_KINDS, type VenueKind } from './types.ts';

export interface PublishTools extends LakeTools {
  readonly gzip: (bytes: Uint8Array) => Promise<Uint8Array>;
  readonly sha256: (text: string) => string;
  readonly nowMs: number;
}

export interface Publication {
  readonly rows: readonly DerivedRow[];
  /** First part of the ids of all rows of the comparison. */
  readonly prefix: string;
  readonly fromDate: string;
  readonly toDate: string;
  /** Kinds of row that were compared. @default - all */
  readonly kinds?: ReadonlySet<VenueKind>;
}

interface Known {
  readonly record: LakeRecord;
  readonly date: string;
}

/**
 * Makes the lake say what the comparison says: writes the rows that are new or changed, and withdraws those of the same
 * comparison and days that are not so any more. Names of objects come from their content: doing it again after a
 * crash, or with the same result, leaves the same objects.
 * @returns how many rows were written
 */
export async function publishRows(
  tools: PublishTools,
  { rows, prefix, fromDate, toDate, kinds }: Publication,
): Promise<number> {
  const dates = new Set([...rows.map(({ date }) => date), ...daysOf(fromDate, toDate)]);
  const known = new Map<string, Known>();
  for (const date of dates)
    for await (const record of readDerivedDay(tools, {
      stream: 'reconciliation',
      date,
      only: isOf(prefix),
      retracted: true,
    }))
      known.set(identityOf(record, date), { record, date });
  const made = new Set(rows.map((row) => identityOf({ ...row.event, event_id: row.id }, row.date)));
  const stale = [...known].filter(
    ([identity, { record, date }]) =>
      !made.has(identity) &&
      record.retracted !== true &&
      record.entry === 'break' &&
      date >= fromDate &&
      date <= toDate &&
      wasCompared(record, kinds),
  );
  const written = [
    ...rows.filter((row) => saysOtherwise(row, known.get(identityOf({ ...row.event, event_id: row.id }, row.date)))),
    ...stale.map(([, { record, date }]) => withdrawn(rowOf(record, 'reconciliation', date))),
  ];
  await writeRows(tools, written, known);
  return written.length;
}

const isOf =
  (prefix: string) =>
  ({ event_id }: LakeRecord): boolean =>
    typeof event_id === 'string' && event_id.startsWith(prefix);

const identityOf = ({ event_id, strategy_id, session_id }: LakeRecord, date: string): string =>
  JSON.stringify([date, event_id, strategy_id ?? null, session_id ?? null]);

const wasCompared = ({ kind }: LakeRecord, kinds: ReadonlySet<VenueKind> | undefined): boolean => {
  const known = BREAK_KINDS.find((name) => name === kind);
  return kinds === undefined || known === undefined || kinds.has(sourceOfKind(known));
};

const saysOtherwise = (row: DerivedRow, known: Known | undefined): boolean =>
  known === undefined ||
  known.record.retracted === true ||
  saidBy(known.record) !== saidBy(JSON.parse(JSON.stringify(contentOf(row))) as LakeRecord);

async function writeRows(
  tools: PublishTools,
  rows: readonly DerivedRow[],
  known: ReadonlyMap<string, Known>,
): Promise<void> {
  const byDate = new Map<string, DerivedRow[]>();
  for (const row of rows) byDate.set(row.date, [...(byDate.get(row.date) ?? []), row]);
  for (const [date, own] of [...byDate].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const contents = own.map(contentOf);
    const partition = { stream: 'reconciliation', version: 1, date };
    const name = tools.sha256(JSON.stringify(contents)).slice(0, 24);
    const lines = contents.map((content) => {
      const before = known.get(identityOf(content, date))?.record.rev;
      const rev = Math.max(tools.nowMs, typeof before === 'number' ? before + 1 : 0);
      return JSON.stringify({ ...content, ingested_at: formatUs(tools.nowMs * 1000), rev });
    });
    const body = await tools.gzip(new TextEncoder().encode(`${lines.join('\n')}\n`));
    await tools.store.put(`${partitionPrefix('derived', partition)}reconcile-${name}.jsonl.gz`, body);
  }
}

const DAY_MS = 86_400_000;
function daysOf(from: string, to: string): string[] {
  const days: string[] = [];
  for (let ms = Date.parse(from); ms <= Date.parse(to); ms += DAY_MS)
    days.push(new Date(ms).toISOString().slice(0, 10));
  return days;
}
