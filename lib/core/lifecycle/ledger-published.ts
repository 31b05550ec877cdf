import { datesOf, type LakeRecord, readDerivedDay } from '../lake/read.ts';
import type { LedgerPorts } from './ledger-ports.ts';
import { lakeTools } from './ledger-range.ts';
import { contentOf, rowOf, saidBy } from './outbox.ts';
import type { DerivedRow, LedgerKey } from './types.ts';

// What the lake says already of a ledger, and what is to be said to set it right.

/** Streams whose rows the fold makes. */
export const FOLD_ROWS = ['trade_lifecycle', 'order_lifecycle', 'session', 'equity_curve'] as const;

/** What tells a row from others of its ledger. */
export const rowKey = ({ stream, date, id, event }: DerivedRow): string =>
  JSON.stringify([stream, date, event.session_id ?? null, id]);

export interface Published {
  readonly row: DerivedRow;
  readonly said: string;
  readonly retracted: boolean;
}

export interface PublishedRange {
  readonly fromDate: string | undefined;
  readonly toDate?: string;
}

const inRange = (date: string, { fromDate, toDate }: PublishedRange): boolean =>
  (fromDate === undefined || date >= fromDate) && (toDate === undefined || date <= toDate);

/**
 * The settled rows of a ledger in the lake, newest revisions, withdrawn ones too: of the days of the range and the
 * days given.
 */
async function publishedRows(
  ports: LedgerPorts,
  key: LedgerKey,
  { range, days }: { range: PublishedRange; days: ReadonlySet<string> },
): Promise<Map<string, Published>> {
  const rows = new Map<string, Published>();
  for (const stream of FOLD_ROWS) {
    for (const date of await datesOf(ports.store, stream, ['derived'])) {
      if (!inRange(date, range) && !days.has(date)) continue;
      for await (const published of settled(ports, key, { stream, date })) rows.set(rowKey(published.row), published);
    }
  }
  return rows;
}

export interface DayOfRows {
  readonly stream: DerivedRow['stream'];
  readonly date: string;
}

export async function* settled(
  ports: LedgerPorts,
  key: LedgerKey,
  { stream, date }: DayOfRows,
): AsyncGenerator<Published> {
  const only = (record: LakeRecord): boolean =>
    (record.mode ?? null) === key.mode &&
    (record.strategy_id ?? null) === key.strategyId &&
    record.provisional !== true &&
    !(stream === 'session' && record.entry === 'object'); // those are not the fold's
  for await (const record of readDerivedDay(lakeTools(ports), { stream, date, only, retracted: true }))
    yield { row: rowOf(record, stream, date), said: saidBy(record), retracted: record.retracted === true };
}

export interface Differences {
  readonly changed: DerivedRow[];
  readonly retracted: DerivedRow[];
  /** Rows of the range that the lake holds. */
  readonly published: number;
}

/** What must be written so that the lake says what the rows say. */
export async function differences(
  ports: LedgerPorts,
  key: LedgerKey,
  { rows, range, runs }: { rows: ReadonlyMap<string, DerivedRow>; range: PublishedRange; runs: boolean },
): Promise<Differences> {
  const days = new Set([...rows.values()].map(({ date }) => date));
  const published = await publishedRows(ports, key, { range, days });
  const changed: DerivedRow[] = [];
  const retracted: DerivedRow[] = [];
  let count = 0;
  for (const [identity, row] of rows) {
    if (range.toDate !== undefined && row.date > range.toDate) continue;
    const known = published.get(identity);
    if (row.event.retracted === true) {
      if (known !== undefined && !known.retracted) retracted.push(row);
      continue;
    }
    if (known === undefined || known.retracted || known.said !== saidBy(JSON.parse(JSON.stringify(contentOf(row)))))
      changed.push(row);
  }
  for (const [identity, { row, retracted: gone }] of published) {
    if (gone || !inRange(row.date, range)) continue;
    count++;
    if (rows.has(identity)) continue;
    // Runs are known from all streams: only who read them all knows that there was none.
    if (row.stream === 'session' && !runs) continue;
    retracted.push(withdrawn(row));
  }
  return { changed, retracted, published: count };
}

/** The row that withdraws a row. */
export const withdrawn = (row: DerivedRow): DerivedRow => ({ ...row, event: { ...row.event, retracted: true } });
