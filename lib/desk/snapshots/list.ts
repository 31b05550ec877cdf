import { CATALOG } from '../../core/catalog/index.ts';
import type { QueryEngine } from '../../core/ports/index.ts';
import { literal } from '../../core/query/text.ts';
import type { Bucket, Level } from '../../core/snapshots/types.ts';
import { type CellRow, countOf, rowsOf } from '../query/rows.ts';
import { UNKNOWN_MODE } from '../trades/filters.ts';

export const LEVELS: readonly Level[] = ['run', 'account', 'strategy'];

export interface SnapshotFilters {
  readonly bucket?: Bucket;
  readonly level?: Level;
  readonly strategy?: string;
  readonly session?: string;
  /** A mode, or UNKNOWN_MODE. */
  readonly mode?: string;
  /** First and last UTC day of the buckets. */
  readonly from?: string;
  readonly to?: string;
}

/** Whose row it is, and every field of the stream in the order of the catalog, S1's first. */
export const SNAPSHOT_COLUMNS: readonly string[] = [
  'mode',
  'strategy_id',
  'account_id',
  'session_id',
  ...Object.keys(CATALOG.snapshot?.fields ?? {}).filter((name) => name !== 'retracted'),
];

export interface SnapshotList {
  readonly snapshots: readonly CellRow[];
  /** How many fit; the list may hold fewer. */
  readonly fitting: number;
}

/** The newest snapshots that fit. */
export async function listSnapshots(lake: QueryEngine, filters: SnapshotFilters, limit: number): Promise<SnapshotList> {
  const columns = SNAPSHOT_COLUMNS.map((name) => `"${name}"`).join(', ');
  const rows = await rowsOf(
    lake,
    `select ${columns}, count(*) over () as fitting from snapshot where ${condition(filters)} ` +
      `order by bucket_start_ts desc, bucket, mode nulls last, strategy_id nulls last, level desc, account_id nulls last, session_id nulls last limit ${limit}`,
  );
  return { snapshots: rows.map(({ fitting: _, ...row }) => row), fitting: countOf(rows[0]?.fitting) };
}

function condition({ bucket, level, strategy, session, mode, from, to }: SnapshotFilters): string {
  const is = (name: string, value: string | undefined): string[] =>
    value === undefined ? [] : [`${name} = ${literal(value)}`];
  const parts = [
    ...is('bucket', bucket),
    ...is('level', level),
    ...is('strategy_id', strategy),
    ...is('session_id', session),
    ...(mode === UNKNOWN_MODE ? ['mode is null'] : is('mode', mode)),
    ...(from === undefined ? [] : [`"date" >= ${literal(from)}`]),
    ...(to === undefined ? [] : [`"date" <= ${literal(to)}`]),
  ];
  return parts.length === 0 ? 'true' : parts.join(' and ');
}
