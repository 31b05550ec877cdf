/**
 * The wire form of a line that some bot wrote, as `send` and `watch` put it: the line verbatim beside its position, so
 * that nothing is parsed and rewritten on the way. `semantics`: identity is the position, never the content.
 */
export interface WireLine {
  readonly nd: 1;
  /** Who sends: `--source`, or a random id kept in the data folder per watched root. */
  readonly source: string;
  /** The file's path relative to the root that was sent or watched, with `/`. */
  readonly path: string;
  /** File identity: a hash of source, path without rotation suffix and first complete line, `.` and the generation. */
  readonly file: string;
  /** Line number from 1. */
  readonly line: number;
  /** The stream, where the user named one. */
  readonly stream?: string;
  /** Facts about the bot that its lines do not carry. */
  readonly set?: WireFacts;
  /** The line, verbatim, without its line end. */
  readonly raw: string;
}

/** Facts a sender may add to every line of a source. A line's own value wins. */
export interface WireFacts {
  readonly strategy_id?: string;
  readonly session_id?: string;
  readonly mode?: string;
  readonly venue?: string;
  readonly account_id?: string;
  readonly symbol?: string;
}

/** A record that the transform put again to its own stream, because its reply would have been too large. */
export interface WireHop {
  readonly nd: 1;
  readonly hop: number;
  /** Record id and arrival of the first try: identity and `ingested_at` stay as they were. */
  readonly id: string;
  readonly at: number;
  readonly raw: string;
}

/** One line of the wire form, without a line end. */
export const wireLine = (line: Omit<WireLine, 'nd'>): string =>
  JSON.stringify({
    nd: 1,
    source: line.source,
    path: line.path,
    file: line.file,
    line: line.line,
    stream: line.stream,
    set: line.set,
    raw: line.raw,
  });
