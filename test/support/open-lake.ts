import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { type Lake, type LakeOptions, openLake } from '../../lib/adapters/local/duckdb.ts';
import type { Cell } from '../../lib/core/ports/index.ts';
import { rowsOf } from '../../lib/desk/query/rows.ts';

export interface TestLake extends Lake {
  /** The rows of a query as objects. */
  rows(sql: string): Promise<Readonly<Record<string, Cell>>[]>;
  /** The first cell of the first row. */
  cell(sql: string): Promise<Cell | undefined>;
  /** How many objects the query opens, by the engine's own account. */
  filesRead(sql: string): Promise<number>;
}

/** An engine over a data folder that is closed with the test. */
export async function openTestLake(dataDir: string, options: LakeOptions = {}): Promise<TestLake> {
  const lake = await openLake(dataDir, options);
  onTestFinished(() => lake.close());
  return withHelpers(lake);
}

/** One engine and data folder for all tests of a file, for tests that change nothing: opening one takes its time. */
export function sharedLake(fill: (dataDir: string) => void = () => undefined): TestLake {
  let folder = '';
  let lake: Lake | undefined;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nightdesk-'));
    fill(folder);
    lake = await openLake(folder);
  });
  afterAll(async () => {
    await lake?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const opened = (): Lake => {
    if (lake === undefined) throw new Error('the engine is open only while tests run');
    return lake;
  };
  return withHelpers({
    run: (sql) => opened().run(sql),
    stream: (sql) => opened().stream(sql),
    close: () => opened().close(),
  });
}

const withHelpers = (lake: Lake): TestLake => ({
  run: (sql) => lake.run(sql),
  stream: (sql) => lake.stream(sql),
  close: () => lake.close(),
  rows: (sql) => rowsOf(lake, sql),
  cell: async (sql) => (await lake.run(sql)).rows[0]?.[0],
  async filesRead(sql) {
    const plan = String((await lake.run(`explain (analyze, format json) ${sql}`)).rows[0]?.[1]);
    return [...plan.matchAll(/"Total Files Read": "?(\d+)/g)].reduce((sum, [, files]) => sum + Number(files), 0);
  },
});
