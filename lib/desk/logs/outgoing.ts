import type { WireFacts } from '../../core/transform/wire.ts';
import type { LogLine } from './lines.ts';

/** What the user says about all lines that are sent. */
export interface Facts {
  /** `--stream` @default - told from each line and its path */
  readonly stream?: string | undefined;
  readonly set?: WireFacts | undefined;
}

/** The log a line belongs to, as the receiver is told. */
export interface OutgoingLog {
  readonly source: string;
  readonly path: string;
  readonly file: string;
}

/** Makes the function that turns the lines of one log into the lines that are sent. */
export type Outgoing = (log: OutgoingLog) => (line: LogLine) => string;
