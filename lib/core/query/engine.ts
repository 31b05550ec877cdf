import type { Stream } from '../catalog/stream.ts';

/** One version of a stream under one prefix of the lake. */
export interface Part {
  readonly prefix: 'events' | 'late' | 'curated' | 'derived';
  readonly version: number;
}

/** The date a line is shown under: its own, or the day after. */
export type Day = 'own' | 'next';

/** What differs between SQL engines in the text of the views; all the rest is SQL that DuckDB and Trino both read. */
export interface ViewEngine {
  /**
   * A query that gives the columns of the stream, `date` and `file` (the object's key) of every line of the part. With
   * `next`, `date` is the day after: made here, for engines prune files only by what stands right above their scan.
   */
  scan(stream: Stream, part: Part, day: Day): string;
  /** The same columns and types, without a row. */
  nothing(stream: Stream): string;
}

/** SQL of the day after the day of a text; null where the text is no day. */
export const dayAfter = (date: string): string =>
  `cast(cast(try_cast(${date} as date) + interval '1' day as date) as varchar)`;
