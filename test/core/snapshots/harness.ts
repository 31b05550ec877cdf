import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { snapshotsOf } from '../../../lib/core/snapshots/build.ts';
import { ledgerFacts, orderFact, sentFacts, tradeFact } from '../../../lib/core/snapshots/facts.ts';
import { SnapshotMemory } from '../../../lib/core/snapshots/memory.ts';
import {
  BUCKETS,
  type Bucket,
  type BucketInput,
  type Fact,
  type SnapshotRow,
} from '../../../lib/core/snapshots/types.ts';

export type Line = Record<string, unknown>;

/** Start of the days of these tests. */
export const DAY = Date.UTC(2026, 0, 5);
export const HOUR_MS = 3_600_000;
const STABLE = new Set(['USDT']);

let made = 0;

/** A line of the lake, so many hours after the start. */
export function line(stream: string, hours: number, fields: Line = {}): Line {
  const ms = DAY + Math.round(hours * HOUR_MS);
  const ts = new Date(ms).toISOString().replace('Z', '000Z');
  const id = `${stream}-${String(++made).padStart(6, '0')}`;
  return { event_id: id, stream, ts, ts_ms: ms, mode: 'paper', strategy_id: 's', session_id: 'run', ...fields };
}

export const at = (hours: number): string =>
  new Date(DAY + Math.round(hours * HOUR_MS)).toISOString().replace('Z', '000Z');

export const equity = (hours: number, value: number, fields: Line = {}): Line =>
  line('equity_curve', hours, { equity: value, ...fields });

/** A row of the ledger's own curve after a fill. */
export const booked = (hours: number, fills: number, fields: Line = {}): Line => ({
  ...line('equity_curve', hours, {
    realized_pnl_cum_usd: 0,
    fees_cum_usd: 0,
    funding_cum_usd: 0,
    turnover_usd: 0,
    fill_count: fills,
    dialect: 'derived',
    source_log: 'ledger',
    ...fields,
  }),
  event_id: `fill-${++made}`,
});

export function factsOf(lines: readonly Line[]): Fact[] {
  return lines.flatMap((one): Fact[] => {
    if (one.dialect === 'derived') return ledgerFacts(one);
    if (one.stream === 'trade_lifecycle') return [tradeFact(one)].filter((fact) => fact !== undefined);
    if (one.stream === 'order_lifecycle') return [orderFact(one)].filter((fact) => fact !== undefined);
    return sentFacts(one, STABLE);
  });
}

export interface Made {
  readonly rows: readonly SnapshotRow[];
  /** The row of a level, and of a run, whose bucket starts so many hours after the start. */
  row(bucket: Bucket, hours: number, of?: { level?: string; session?: string }): SnapshotRow;
}

export interface MakeOptions extends Partial<Pick<BucketInput, 'scope' | 'ends' | 'bases'>> {
  readonly hours?: number;
  readonly offsetMs?: number;
}

/** Makes all buckets of the first hours, as the runtime does: oldest first, an hour at a time, then the day. */
export function makeSnapshots(lines: readonly Line[], options: MakeOptions = {}): Made {
  const { scope = 'session', ends = new Map(), bases = [], hours = 24, offsetMs = 0 } = options;
  const facts = factsOf(lines);
  const memory = new SnapshotMemory();
  const rows: SnapshotRow[] = [];
  const make = (bucket: Bucket, startMs: number): void => {
    const lastMs = startMs + BUCKETS[bucket].widthMs - 1;
    const midnightMs = Math.floor((lastMs + offsetMs) / 86_400_000) * 86_400_000 - offsetMs;
    const key = { mode: 'paper', strategyId: 's' };
    const input = { key, scope, bucket, startMs, midnightMs, facts, ends, bases };
    for (const { event } of snapshotsOf(input, memory, { sha256 })) {
      rows.push(event as SnapshotRow);
      memory.note(event as SnapshotRow);
    }
  };
  for (let hour = 0; hour < hours; hour++) {
    make('1h', DAY + hour * HOUR_MS);
    if (hour % 24 === 23) make('24h', DAY + (hour - 23) * HOUR_MS);
  }
  return {
    rows,
    row(bucket, hour, { level = 'strategy', session } = {}) {
      const start = at(hour);
      const found = rows.filter(
        (row) =>
          row.bucket === bucket &&
          row.bucket_start_ts === start &&
          row.level === level &&
          (session === undefined || row.session_id === session),
      );
      if (found.length !== 1 || found[0] === undefined)
        throw new Error(`${found.length} rows of ${bucket} ${start} ${level}`);
      return found[0];
    },
  };
}
