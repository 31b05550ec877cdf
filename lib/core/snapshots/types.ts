import type { EventOf } from '../catalog/index.ts';
import type { LedgerKey, Scope } from '../lifecycle/types.ts';
import type { RatioWindow } from './returns.ts';

export type Bucket = '1h' | '24h';
export type Level = 'run' | 'account' | 'strategy';
export type SnapshotRow = EventOf<'snapshot'>;

interface BucketFacts extends RatioWindow {
  readonly widthMs: number;
}

/** Lengths of buckets, and what their ratios are made of (semantics 7). */
export const BUCKETS: Readonly<Record<Bucket, BucketFacts>> = {
  '1h': { widthMs: 3_600_000, returns: 168, least: 48, perYear: 8_760 },
  '24h': { widthMs: 86_400_000, returns: 30, least: 20, perYear: 365 },
};

/** Whose something is. Null is not said. */
export interface Owner {
  /** Account: its id, or of S1's bots the timeframe (one process, one paper account each). */
  readonly account: string | null;
  readonly session: string | null;
}

interface Happened extends Owner {
  /** µs since the epoch. */
  readonly us: number;
  readonly seq: number;
  readonly id: string;
}

/** Equity at one moment. */
export interface Point extends Happened {
  readonly kind: 'point';
  readonly from: 'equity_curve' | 'health' | 'ledger';
  readonly venue: string | null;
  readonly equity: number;
  /** PnL since the run began, where the bot says it: what it began with follows. */
  readonly pnlTotal: number | null;
}

/** A deposit (above 0) or withdrawal; null where its amount is not known. */
export interface Flow extends Happened {
  readonly kind: 'flow';
  readonly amount: number | null;
}

/** A row of the ledger's own curve: sums since the account or run began. */
export interface LedgerPoint extends Happened {
  readonly kind: 'ledger';
  readonly fill: boolean;
  readonly venue: string | null;
  readonly realized: number | null;
  readonly fees: number | null;
  readonly funding: number | null;
  readonly turnover: number | null;
  readonly fills: number;
  readonly exposure: number | null;
}

export interface Trade extends Happened {
  readonly kind: 'trade';
  readonly timeframe: string | null;
  readonly status: string | null;
  /** When it was closed, µs; null where it was not. */
  readonly exitUs: number | null;
  readonly gross: number | null;
  readonly net: number | null;
  readonly exitReason: string | null;
  readonly provisional: boolean;
}

export interface OrderFact extends Happened {
  readonly kind: 'order';
  /** When it was rejected, µs; null where it was not. */
  readonly rejectedUs: number | null;
  readonly reason: string | null;
  /** An intent that became no order. */
  readonly made: boolean;
}

export interface Mark extends Happened {
  readonly kind: 'error' | 'breach' | 'intent' | 'signal' | 'alive';
}

/** A gate that blocked an intent. */
export interface Block extends Happened {
  readonly kind: 'block';
  readonly gate: string;
  /** One block of one intent counts once, however many logs hold it. */
  readonly intent: string | null;
}

export type Fact = Point | Flow | LedgerPoint | Trade | OrderFact | Mark | Block;

/** Everything that one bucket of one (mode, strategy) is made of; what happens after its end is passed over. */
export interface BucketInput {
  readonly key: LedgerKey;
  readonly scope: Scope;
  readonly bucket: Bucket;
  readonly startMs: number;
  /** The last local midnight before the end of the bucket, ms. */
  readonly midnightMs: number;
  readonly facts: readonly Fact[];
  /** When runs ended whose trades are abandoned, µs. */
  readonly ends: ReadonlyMap<string, number>;
  /** Rows of the ledger's curve older than the facts, of accounts that the facts find in the middle. */
  readonly bases: readonly LedgerPoint[];
}
