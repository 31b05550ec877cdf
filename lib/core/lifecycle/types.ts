import type { EventOf } from '../catalog/index.ts';

/** Where an event stands in the one order in which events apply: by time, then `seq`, then id. */
export interface Place {
  /** `ts` in µs since the epoch; that of NO_CLOCK_DATE where the event carries no clock. */
  readonly us: number;
  readonly seq: number;
  readonly id: string;
}

/** Streams that the ledger reads; of all others only the sessions are noted. */
export const LEDGER_STREAMS = [
  'execution',
  'order',
  'cash_flow',
  'market',
  'costs',
  'signals',
  'order_intent',
  'gate',
  'latency',
  'ensemble',
  'feature_log',
  'risk',
  'overlay_status',
  'repro',
  'error',
  'system',
] as const;

export type LedgerStream = (typeof LEDGER_STREAMS)[number];

/** An event as it lies in the lake, with its place in the order. */
export type InputOf<S extends LedgerStream> = Place & {
  readonly stream: S;
  readonly event: EventOf<S>;
  /** When it came in (`ingested_at`), ms since the epoch. */
  readonly arrivedMs: number;
};

export type Input = { [S in LedgerStream]: InputOf<S> }[LedgerStream];

/** What one object of the lake holds of one run: the session index, and how it is known that a run still lives. */
export interface Touch {
  readonly session: string;
  readonly objectKey: string;
  readonly stream: string;
  /** First and last time, µs; absent where no event of it has a clock. */
  readonly firstUs?: number;
  readonly lastUs?: number;
  /** Different events. */
  readonly events: number;
  readonly noClock: number;
  readonly symbols: readonly string[];
  readonly timeframe?: string;
}

/** The part of all books that is folded together: one state object each. */
export interface LedgerKey {
  /** Null is a class of its own: figures of an unknown mode are never added to those of a known one. */
  readonly mode: string | null;
  readonly strategyId: string | null;
}

export type TradeMethod = 'flat_to_flat' | 'fifo' | 'position_id';
export type Scope = 'account' | 'session';

export interface Instrument {
  readonly kind: 'spot' | 'linear' | 'inverse';
  readonly base: string | null;
  readonly quote: string | null;
  /** Asset of the PnL: quote for spot and linear, base for inverse. */
  readonly settle: string | null;
  /** Base units per unit of quantity; quote units where inverse. */
  readonly multiplier: number;
  /** Smallest step of a quantity; null where not known. */
  readonly lot: number | null;
  /** The symbol looks like a derivative and nothing says what it is. */
  readonly assumed: boolean;
}

export interface StrategyConfig {
  /** @default - flat_to_flat */
  readonly tradeMethod?: TradeMethod;
  /** @default - live: account; all others: session */
  readonly scope?: Scope;
  /** Equity before the first event, in USD. @default - unknown, unless deposits say it */
  readonly initialEquityUsd?: number;
}

/** Settings of the ledger; read once, at the edge. */
export interface LedgerConfig {
  /** How long an event waits for earlier ones after it came in, ms. The desk: 15,000. */
  readonly latenessMs: number;
  /** A run without any event for so long has ended, ms; never less than three bars. @default 24 h */
  readonly sessionTimeoutMs: number;
  /** How long fills, orders and checkpoints are remembered, ms of event time. @default 8 d */
  readonly memoryMs: number;
  /** Assets that count as one dollar. */
  readonly stableCoins: readonly string[];
  /** What symbols are, where events do not say it. */
  readonly instruments: Readonly<Record<string, Partial<Instrument>>>;
  readonly strategies: Readonly<Record<string, StrategyConfig>>;
}

export const LEDGER_DEFAULTS: LedgerConfig = {
  latenessMs: 15_000,
  sessionTimeoutMs: 86_400_000,
  memoryMs: 8 * 86_400_000,
  stableCoins: ['USD', 'USDT', 'USDC', 'DAI', 'FDUSD', 'TUSD', 'BUSD', 'USDP', 'PYUSD'],
  instruments: {},
  strategies: {},
};

/** What the core may call; hashing is the caller's so that the core stays free of I/O. */
export interface LedgerTools {
  /** Hex SHA-256. */
  sha256(text: string): string;
}

/** A row for the lake, without revision and arrival, which the runtime stamps. */
export interface DerivedRow {
  readonly stream: 'trade_lifecycle' | 'order_lifecycle' | 'session' | 'equity_curve' | 'snapshot' | 'reconciliation';
  /** `event_id`. */
  readonly id: string;
  /** UTC day of the partition: the same for every revision of the row. */
  readonly date: string;
  /** Envelope and fields. */
  readonly event: Readonly<Record<string, unknown>>;
}

/** What went past the ledger and why; counted, never silent. */
export interface LedgerCounts {
  /** Fills applied to a book. */
  fills: number;
  /** A venue fill id seen before. */
  fill_repeated: number;
  /** Rows of a lower-ranked log that a higher one holds too: they enrich, and never fill. */
  fill_shadowed: number;
  /** Neither the fill nor its order says the side. */
  side_unknown: number;
  /** No positive quantity or price. */
  fill_incomplete: number;
  /** A quantity finer than 1e-12 that rounding would change. */
  too_fine: number;
  /** Reducing fills of positions that nothing is known of. */
  entry_unknown: number;
  /** Cash flows applied, and those repeated under one venue id. */
  flows: number;
  flow_repeated: number;
  /** Funding of a symbol without an open trade. */
  funding_unallocated: number;
  /** Events that came after later ones had been applied. */
  late: number;
}

/** A fold as text of JSON values: the state between two invocations, and a checkpoint. */
export type SavedFold = Readonly<Record<string, unknown>>;

/**
 * The ledger of one (mode, strategy). The result of any sequence of calls depends on the events alone, never on how they
 * were cut into calls, as long as nothing late is applied: `isLate` says when the caller must fold again from a checkpoint.
 */
export interface Fold {
  /**
   * Notes which logs hold the fills of which day, before any of them is applied: of several logs that hold the same fills
   * the highest ranked is the ledger, and the others only enrich. Whoever folds a range tells all its executions first.
   * @returns the first moment (µs) of the first day whose ledger this changes after it was decided; then fold again from there
   */
  announce(inputs: readonly Input[]): number | undefined;
  /**
   * Applies inputs, sorted by place, and decides everything up to `uptoUs`: a fill is decided once all that is up to
   * JOIN_AHEAD_US after it is there. `Infinity` decides all. Every input that came so far with a time up to `uptoUs`
   * must have been passed.
   */
  apply(inputs: readonly Input[], uptoUs: number): void;
  /** Whether the input stands before one that was taken in already: it would come too late to be applied in its place. */
  isLate(input: Input): boolean;
  /** Notes that runs lived; in any order. */
  touch(touches: readonly Touch[]): void;
  /** The rows that changed since the last call, as of a moment; the moment decides only which runs have ended. */
  rows(asOfMs: number): DerivedRow[];
  readonly counts: Readonly<LedgerCounts>;
  save(): SavedFold;
}
