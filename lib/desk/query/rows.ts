import type { Cell, QueryEngine } from '../../core/ports/index.ts';

export type CellRow = Readonly<Record<string, Cell>>;

/** The rows of a small result as objects. */
export async function rowsOf(engine: QueryEngine, sql: string): Promise<CellRow[]> {
  const { columns, rows } = await engine.run(sql);
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i] ?? null])));
}

/** A count of a result: a whole number, 0 where there is none. */
export const countOf = (cell: Cell | undefined): number => Number(cell ?? 0);

export const textOrNull = (cell: Cell | undefined): string | null => (typeof cell === 'string' ? cell : null);
