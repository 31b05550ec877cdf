import { formattedToUs } from '../transform/time.ts';
import { BUCKETS, type Bucket, type SnapshotRow } from './types.ts';

/** What a curve must know of the time before a bucket. */
export interface CurveMemory {
  /** Last equity, and when it was measured, µs. */
  readonly us: number;
  readonly equity: number;
  readonly peak: number;
  readonly maxDrawdown: number;
}

interface Kept extends CurveMemory {
  /** Newest last: start of the bucket, ms, and its return as a fraction. */
  readonly returns: (readonly [number, number])[];
  /** Closes of the last two days, newest last, and the one before them. */
  readonly closes: Close[];
}

/** Equity at the close of a bucket, and when it was measured, µs. */
export type Close = Pick<CurveMemory, 'us' | 'equity'>;

const CLOSES_US = 2 * 86_400_000_000;

/** Whose curve it is: a run's, or that of an account that outlives its runs. */
export interface CurveName {
  readonly bucket: Bucket;
  readonly mode: string | null;
  readonly strategyId: string | null;
  readonly level: 'run' | 'account';
  readonly account: string | null;
  readonly session: string | null;
}

const keyOf = ({ bucket, mode, strategyId, level, account, session }: CurveName): string =>
  JSON.stringify([bucket, mode, strategyId, level, account, session]);

/** The snapshots before a bucket, as far as later ones depend on them. Rows are noted in the order of their buckets. */
export class SnapshotMemory {
  readonly #curves = new Map<string, Kept>();

  note(row: SnapshotRow): void {
    const { bucket, level, equity_value: equity, peak_equity: peak, equity_ts, bucket_start_ts: start } = row;
    if (bucket == null || start == null || (level !== 'run' && level !== 'account')) return;
    if (equity == null || peak == null || equity_ts == null) return;
    const name = { bucket, mode: row.mode ?? null, strategyId: row.strategy_id ?? null, level };
    const key = keyOf({ ...name, account: row.account_id ?? null, session: row.session_id ?? null });
    const { returns, closes }: Pick<Kept, 'returns' | 'closes'> = this.#curves.get(key) ?? { returns: [], closes: [] };
    const us = formattedToUs(equity_ts);
    closes.push({ us, equity });
    while (closes[1] !== undefined && closes[1].us < us - CLOSES_US) closes.shift();
    const startMs = formattedToUs(start) / 1000;
    if (row.return_pct != null) returns.push([startMs, row.return_pct / 100]);
    const oldest = startMs - (BUCKETS[bucket].returns - 1) * BUCKETS[bucket].widthMs;
    while ((returns[0]?.[0] ?? oldest) < oldest) returns.shift();
    this.#curves.set(key, {
      us,
      equity,
      peak,
      maxDrawdown: row.max_drawdown ?? 0,
      returns,
      closes,
    });
  }

  of(name: CurveName): CurveMemory | undefined {
    return this.#curves.get(keyOf(name));
  }

  /** The last close measured before a moment of the last day, µs. */
  closeBefore(name: CurveName, us: number): Close | undefined {
    return this.#curves.get(keyOf(name))?.closes.findLast((close) => close.us < us);
  }

  /** Returns of the buckets that a ratio of this bucket looks at, before its own. */
  returnsOf(name: CurveName, startMs: number): number[] {
    const { returns, widthMs } = BUCKETS[name.bucket];
    const kept = this.#curves.get(keyOf(name))?.returns ?? [];
    return kept.filter(([ms]) => ms < startMs && ms > startMs - returns * widthMs).map(([, value]) => value);
  }
}
