import type { FunctionSettings } from '../config/function-settings.ts';

/** What was found, or why it could not be looked at: of a deployed stack not everything may be readable. */
export type Found<T> = T | { readonly problem: string };

/** What `doctor` looks at of a deployed stack. */
export interface StackFacts {
  readonly stack: string;
  readonly region: string;
  /** CloudFormation's word for the state the stack is in. */
  readonly status: string;
  readonly nowMs: number;
  /** The clock of AWS less this machine's, in ms; undefined where no answer said it. */
  readonly clockMs: number | undefined;
  readonly delivery: Found<{ readonly name: string; readonly status: string; readonly failure?: string }>;
  readonly alarms: Found<{
    readonly watched: number;
    readonly ringing: readonly {
      readonly name: string;
      readonly reason: string;
      readonly sinceMs: number | undefined;
    }[];
  }>;
  /** Objects that Firehose left below errors/ and that were not redriven. */
  readonly errors: Found<{
    readonly objects: number;
    readonly bytes: number;
    readonly oldestMs: number | undefined;
    readonly newestMs: number | undefined;
  }>;
  /** The newest object of events of today and yesterday, quarantine left out. */
  readonly newest: Found<{ readonly key: string | undefined; readonly writtenMs: number | undefined }>;
  /** Events and quarantined lines dated today or yesterday. */
  readonly quarantine: Found<{
    readonly events: number;
    readonly reasons: readonly { readonly reason: string; readonly lines: number }[];
  }>;
  /** Columns of every relation of the database, by its name. */
  readonly relations: Found<ReadonlyMap<string, ReadonlySet<string>>>;
  readonly settings: Found<FunctionSettings>;
  /** Settings of a nightdesk.json on this machine, and where it lies; undefined where there is none. */
  readonly local: Found<{ readonly path: string; readonly settings: FunctionSettings }> | undefined;
}
