import type { RetryOptions } from './backoff.ts';
import type { DropReason } from './drop-reason.ts';
import type { Context } from './event.ts';
import type { HealthOptions } from './health-gate.ts';
import type { Filter, Sampling } from './rules.ts';
import type { RedactionOptions } from './seal.ts';
import type { SinkInput } from './sink.ts';
import type { SpoolOptions } from './spool/settings.ts';

/** Kind of run; figures of two modes are never added. */
export type Mode = 'live' | 'paper' | 'backtest' | 'shadow' | 'testnet';

/**
 * `best_effort`: `emit` returns at once. `strict`: `emit` returns a promise that resolves when every sink has acknowledged the
 * event, or says why one will not; it never rejects either.
 */
export type Delivery = 'best_effort' | 'strict';

/** What there is to tell about events that were lost or changed, and sinks that fail. */
export interface Report {
  readonly code:
    | DropReason
    | 'repaired'
    | 'retrying'
    | 'spool_unwritable'
    | 'spool_unreadable'
    | 'close'
    | 'exit'
    | 'dead_letters'
    | 'internal';
  /** One sentence, without anything of the event's content. */
  readonly message: string;
  /** How often the same was met since it was last told. */
  readonly count: number;
}

export interface EmitterOptions extends RedactionOptions {
  /** Names the strategy, for good: trades and dashboards are kept by it. */
  readonly strategyId: string;
  /** Names this run. @default - a new one for each emitter: one process, one session */
  readonly sessionId?: string;
  readonly mode: Mode;
  /** What every event carries besides: venue, account, symbol, timeframe and the like. */
  readonly context?: Context;
  /** Where events go: a sink, several, or routes of streams to sinks. Each has a queue of its own. */
  readonly sink: SinkInput | readonly SinkInput[];
  /** @default best_effort */
  readonly delivery?: Delivery;
  /** Bounds of each sink's queue in memory; in bytes, measured in characters before secrets are taken out. @default - 10,000 events and 16 MiB */
  readonly queue?: { readonly maxEvents?: number; readonly maxBytes?: number };
  /** A batch is sent when it is full or so old. @default - 400 events, 256 KiB, 1000 ms (10 ms in strict mode) */
  readonly batch?: { readonly events?: number; readonly bytes?: number; readonly everyMs?: number };
  /** @default - again and again, until the queue's bounds decide what is lost */
  readonly retry?: RetryOptions;
  /** Longest time of one attempt, in ms. @default 30000 */
  readonly sendTimeoutMs?: number;
  /** Keeps what waits for remote sinks on the disk, so that an outage or a `kill -9` costs nothing. @default - memory only */
  readonly spool?: SpoolOptions;
  /** Folder in which events that a sink refused or that were given up are kept, one file per stream. @default - they are counted only */
  readonly deadLetters?: string;
  /** Largest event in bytes of its line; larger ones are dropped and reported. At most 1,023,999. @default 262143, what fits a packed record */
  readonly maxEventBytes?: number;
  readonly filter?: Filter;
  readonly sampling?: Sampling;
  /** Which health events are sent; false sends all, and none at start and stop. @default - changes, and one an hour */
  readonly health?: HealthOptions | false;
  /** How often what the process uses and what the emitter did is told as an event of stream `system`, in ms; false never. @default 60000 */
  readonly systemEveryMs?: number | false;
  /** Sends what waits when the process ends: on `beforeExit`, SIGTERM, SIGINT, `exit`. @default true */
  readonly onExit?: boolean;
  /** Longest time that the end of the process is held up, in ms. @default 2000 */
  readonly exitTimeoutMs?: number;
  /** Sends each event before `emit` returns, to sinks that can; for scripts and backtests. @default - false */
  readonly immediate?: boolean;
  /** Told what was lost, changed or fails; each code at most once a minute. @default - process.emitWarning */
  readonly report?: (report: Report) => void;
}

export const OPTION_NAMES: readonly (keyof EmitterOptions)[] = [
  'strategyId',
  'sessionId',
  'mode',
  'context',
  'sink',
  'delivery',
  'queue',
  'batch',
  'retry',
  'sendTimeoutMs',
  'spool',
  'deadLetters',
  'maxEventBytes',
  'filter',
  'sampling',
  'health',
  'systemEveryMs',
  'onExit',
  'exitTimeoutMs',
  'immediate',
  'report',
  'redact',
  'hash',
];

export const MODES: readonly Mode[] = ['live', 'paper', 'backtest', 'shadow', 'testnet'];
