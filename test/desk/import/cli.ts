import { openLake } from '../../../lib/adapters/local/duckdb.ts';
import { nightdesk } from '../../support/command.ts';

export { nightdesk };

/** The facts a command prints with `--json`. @throws where it fails */
export async function facts(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, out, err } = await nightdesk(...args, '--json');
  if (code !== 0) throw new Error(`exit ${code}: ${err}`);
  return JSON.parse(out);
}

/** Rows of a query over the lake of a data folder, as objects. */
export async function query(data: string, sql: string): Promise<Record<string, unknown>[]> {
  const lake = await openLake(data);
  try {
    const { columns, rows } = await lake.run(sql);
    return rows.map((row) =>
      Object.fromEntries(columns.map(({ name }, i) => [name, typeof row[i] === 'bigint' ? Number(row[i]) : row[i]])),
    );
  } finally {
    await lake.close();
  }
}
