import type { Gunzip, LakeTools } from '../lake/read.ts';
import type { Clock, Log, ObjectStore, StateStore } from '../ports/index.ts';
import type { openFold } from './fold.ts';
import type { touchesOf, touchRow } from './touches.ts';
import type { LedgerConfig, LedgerTools } from './types.ts';

/** What the runtime of the ledger works with. */
export interface LedgerPorts extends LakeTools, LedgerTools {
  readonly store: ObjectStore;
  readonly state: StateStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly gunzip: Gunzip;
  readonly gzip: (bytes: Uint8Array) => Promise<Uint8Array>;
  /** The fold and the session index. @default - the real ones; tests of the runtime may pass simpler ones */
  readonly parts?: LedgerParts;
}

export interface LedgerParts {
  readonly openFold: typeof openFold;
  readonly touchesOf: typeof touchesOf;
  readonly touchRow: typeof touchRow;
}

/** Ports with all parts, and the settings. */
export interface Runtime {
  readonly ports: LedgerPorts;
  readonly parts: LedgerParts;
  readonly config: LedgerConfig;
}
