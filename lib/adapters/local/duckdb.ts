import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type DuckDBConnection, DuckDBInstance, type DuckDBResult, type DuckDBValue } from '@duckdb/node-api';
import { CATALOG } from '../../core/catalog/index.ts';
import { messageOf, NightdeskError } from '../../core/errors.ts';
import type { Cell, QueryEngine, QueryResult } from '../../core/ports/index.ts';
import { globOf } from '../../core/query/duckdb-engine.ts';
import { refusalOf } from '../../core/query/guard.ts';
import { hintOf } from '../../core/query/hints.ts';
import { MACROS, macroSql } from '../../core/query/macros.ts';
import type { RowStream } from '../../core/query/row-stream.ts';
import { explained, literal } from '../../core/query/text.ts';
import { cellOf } from './duckdb-cells.ts';
import { LakeViews, STORED_SCHEMA } from './duckdb-views.ts';

export type { RowStream } from '../../core/query/row-stream.ts';

/** DuckDB over the lake of a data folder: only reads, and only the lake. */
export interface Lake extends QueryEngine {
  /** Runs one statement whose result may be larger than memory. @throws QUERY_FAILED with the engine's own message */
  stream(sql: string): Promise<RowStream>;
}

export interface LakeOptions {
  /** UTC day up to which a stream is compacted, by stream. @default - none is */
  readonly boundaries?: Readonly<Record<string, string>>;
}

/** Opens the engine in memory, never on a file: the desk writes while others read. A folder without a lake is an empty one. */
export async function openLake(dataDir: string, { boundaries = {} }: LakeOptions = {}): Promise<Lake> {
  const lake = join(resolve(dataDir), 'lake');
  const instance = await DuckDBInstance.create(':memory:', {
    // Where large sorts spill; the default is a folder in the working directory. DuckDB makes it when it needs it.
    temp_directory: join(tmpdir(), `nightdesk-${process.pid}-${randomBytes(4).toString('hex')}`),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_persistent_secrets: 'false',
  });
  const keeper = await instance.connect();
  const execute = async (sql: string): Promise<void> => {
    await keeper.run(sql);
  };
  await execute([...MACROS.map(macroSql), `create schema ${STORED_SCHEMA}`, ...lockdown(lake)].join(';\n'));
  return new DuckDBLake(instance, keeper, new LakeViews({ lake, boundaries, execute }));
}

/** SQL comes from people, and from a web page: the engine itself must refuse all but the lake. */
const lockdown = (lake: string): readonly string[] => [
  "set global TimeZone = 'UTC'",
  'set global integer_division = true', // as Trino divides
  // Its own reads need the lake, and a glob is held against the list as it is written. The guard keeps statements from writing there.
  `set allowed_directories = [${literal(`${lake}/`)}, ${literal(`${globOf(lake)}/`)}]`,
  'set enable_external_access = false',
  'set lock_configuration = true',
];

class DuckDBLake implements Lake {
  readonly #instance: DuckDBInstance;
  readonly #keeper: DuckDBConnection;
  readonly #views: LakeViews;

  constructor(instance: DuckDBInstance, keeper: DuckDBConnection, views: LakeViews) {
    this.#instance = instance;
    this.#keeper = keeper;
    this.#views = views;
  }

  async run(sql: string): Promise<QueryResult> {
    const { columns, batches } = await this.stream(sql);
    const rows: (readonly Cell[])[] = [];
    for await (const batch of batches) for (const row of batch) rows.push(row);
    return { columns, rows };
  }

  async stream(sql: string): Promise<RowStream> {
    const connection = await this.#instance.connect(); // its own: results of one connection end each other
    try {
      await this.#assertReads(connection, explained(sql) ?? sql);
      const result = await this.#start(connection, sql);
      const columns = result.deduplicatedColumnNames().map((name, i) => ({ name, type: String(result.columnType(i)) }));
      return { columns, batches: batchesOf(result, connection, (error) => failure(error, sql)) };
    } catch (error) {
      connection.closeSync();
      throw failure(error, sql);
    }
  }

  async close(): Promise<void> {
    this.#keeper.closeSync();
    this.#instance.closeSync();
  }

  /** @throws QUERY_FAILED for anything but one statement that reads */
  async #assertReads(connection: DuckDBConnection, sql: string): Promise<void> {
    const reader = await connection.runAndReadAll('select json_serialize_sql($1::varchar)', [sql]);
    const tree: unknown = JSON.parse(String(reader.getRows()[0]?.[0]));
    const refusal = refusalOf(tree);
    if (refusal !== undefined) throw new Error(refusal);
  }

  async #start(connection: DuckDBConnection, sql: string): Promise<DuckDBResult> {
    await this.#views.prepare(sql);
    try {
      return await connection.stream(sql);
    } catch (error) {
      if (!messageOf(error).includes('No files found')) throw error;
      this.#views.forget(); // the last object of a stream was moved away, by compaction for one
      await this.#views.prepare(sql);
      return connection.stream(sql);
    }
  }
}

async function* batchesOf(
  result: DuckDBResult,
  connection: DuckDBConnection,
  failed: (error: unknown) => Error,
): AsyncGenerator<readonly (readonly Cell[])[]> {
  try {
    for await (const rows of result.yieldConvertedRows<Cell>((value: DuckDBValue) => cellOf(value))) yield rows;
  } catch (error) {
    throw failed(error);
  } finally {
    connection.closeSync();
  }
}

function failure(error: unknown, sql: string): Error {
  if (error instanceof NightdeskError) return error;
  const message = messageOf(error);
  const hint = hintOf(message, { sql, streams: Object.keys(CATALOG) });
  return new NightdeskError('QUERY_FAILED', hint === undefined ? message : `${message}\n${hint}`, { cause: error });
}
