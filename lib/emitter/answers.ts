import type { DropReason } from './drop-reason.ts';
import type { LaneStats } from './lane-settings.ts';

/** How an event of a strict emitter ended. */
export type Receipt =
  | { readonly delivered: true }
  /** Filtered, sampled away or quiet by the health gate: not meant to be sent. */
  | { readonly delivered: false; readonly quiet: true }
  | { readonly delivered: false; readonly dropped: DropReason };

/** What an emitter did. `emitted = quiet + lost + given to the sinks`; what each sink did with that is in `sinks`. */
export interface EmitterStats {
  /** Calls of `emit`, the emitter's own events included. */
  readonly emitted: number;
  /** Left out by a filter, by sampling, or by the health gate. */
  readonly quiet: { readonly filtered: number; readonly sampled: number; readonly unchanged: number };
  /** Not given to any sink, by reason. */
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  /** Sent with something in them replaced, because JSON cannot carry it. */
  readonly repaired: number;
  readonly sinks: readonly LaneStats[];
}

/** What is left when an emitter was flushed or closed; sums over its sinks. */
export interface Settled {
  readonly delivered: number;
  readonly dropped: number;
  /** Still waiting: for the sink, or in the spool for the next run. */
  readonly held: number;
}
