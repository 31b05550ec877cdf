export interface SpoolOptions {
  /** Folder for what was not delivered yet; on this machine, not shared over a network. */
  readonly dir: string;
  /** Most bytes on the disk per sink; then the oldest segment of ordinary events goes, and only then one of precious ones. @default 256 MiB */
  readonly maxBytes?: number;
  /** Size of a segment: what is let go of at once. @default - a sixteenth of maxBytes, at most 4 MiB */
  readonly segmentBytes?: number;
  /** How long an event may wait in memory before it is written, in ms: what a `kill -9` costs. @default 100 */
  readonly everyMs?: number;
  /** Waits for the disk after each write, so that a power failure costs no more than a `kill -9`. @default - false */
  readonly sync?: boolean;
}
