import type { Stream } from '../catalog/stream.ts';

/** One version of a stream under one prefix of the lake. */
export interface Part {
  readonly prefix: 'events' | 'late' | 'curated';
  readonly version: number;
}

/** What differs between SQL engines in the text of the views; all the rest is SQL that DuckDB and Trino both read. */
export interface ViewEngine {
  /** A query that gives the columns of the stream, `date` and `file` (the object's key) of every line of the part. */
  scan(stream: Stream, part: Part): string;
  /** The same columns and types, without a row. */
  nothing(stream: Stream): string;
}
