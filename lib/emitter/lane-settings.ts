import type { Retry } from './backoff.ts';
import type { DropReason } from './drop-reason.ts';
import type { Entry, OutboxLimits } from './outbox.ts';
import type { Sink } from './sink.ts';

export interface BatchSettings {
  /** Most events and bytes in one call of a sink. */
  readonly events: number;
  readonly bytes: number;
  /** Longest wait of a batch that is not full, in ms. */
  readonly everyMs: number;
}

export interface LaneSettings {
  readonly sink: Sink;
  readonly takes: (stream: string) => boolean;
  readonly queue: OutboxLimits;
  readonly batch: BatchSettings;
  readonly retry: Retry;
  readonly sendTimeoutMs: number;
  readonly spoolEveryMs: number;
  readonly seal: (entry: Entry) => void;
  /** An event was lost, or a sink does not do what it should; must not throw. */
  readonly report: (problem: { readonly code: string; readonly message: string }) => void;
  /** An event is not going to be delivered here. */
  readonly onDrop: (entry: Entry, reason: DropReason, why: string) => void;
}

/** What became of the events of one sink. `accepted + recovered = delivered + dropped + held`, at any moment. */
export interface LaneStats {
  readonly name: string;
  /** Events given to this sink. */
  readonly accepted: number;
  /** Events found in the spool from earlier runs; what they had sent and not noted counts again. */
  readonly recovered: number;
  readonly delivered: number;
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  /** Waiting, in memory or in the spool, in flight included. */
  readonly held: number;
  readonly inFlight: number;
  /** Of what is held, in the spool. */
  readonly spooled: number;
  readonly spoolBytes: number;
  /** Attempts after the first. */
  readonly retried: number;
  /** How long the oldest has waited, in ms. */
  readonly oldestAgeMs: number;
  /** Why the newest attempt failed, where it did. */
  readonly lastProblem: string | undefined;
}
