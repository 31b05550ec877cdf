import type { Cell, QueryResult } from '../ports/index.ts';

/** Rows of a result as the engine makes them; the result is let go when the batches end or are left. */
export interface RowStream {
  readonly columns: QueryResult['columns'];
  readonly batches: AsyncIterable<readonly (readonly Cell[])[]>;
}
