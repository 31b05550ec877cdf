import { vi } from 'vitest';
import { openLake } from '../../../lib/adapters/local/duckdb.ts';
import { COMMANDS, run } from '../../../lib/desk/commands/index.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command line in this process. */
export async function nightdesk(...args: readonly string[]): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0);
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => err.push(String(text)) > 0);
  try {
    const code = await run(['node', 'nightdesk', ...args], COMMANDS);
    return { code, out: out.join(''), err: err.join('') };
  } finally {
    stdout.mockRestore();
    stderr.mockRestore();
  }
}

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
