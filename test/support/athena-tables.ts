import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type DuckDBConnection,
  DuckDBInstance,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';
import { tableName, tiersOf } from '../../lib/core/catalog/glue.ts';
import { CATALOG } from '../../lib/core/catalog/index.ts';
import { quoted } from '../../lib/core/catalog/sql-columns.ts';
import type { Stream } from '../../lib/core/catalog/stream.ts';
import { streamPrefix } from '../../lib/core/lake/keys.ts';
import { athenaEngine } from '../../lib/core/query/athena-engine.ts';
import { duckdbEngine } from '../../lib/core/query/duckdb-engine.ts';
import { lakeViews, viewStatement } from '../../lib/core/query/lake-views.ts';
import { MACROS, macroSql } from '../../lib/core/query/macros.ts';

/** A result as Athena gives it: all values as text. */
export interface TableResult {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** Whether a row with the columns' names comes first. */
  readonly header: boolean;
}

/** DuckDB with tables that look like those of the Glue catalog: named by stream and version, with `tier`, `date` and `$path`. */
export class AthenaTables {
  readonly #connection: DuckDBConnection;
  readonly #instance: DuckDBInstance;
  readonly #lake: string;
  readonly #made = new Map<string, string>();
  #last: Promise<unknown> = Promise.resolve();

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection, lake: string) {
    this.#instance = instance;
    this.#connection = connection;
    this.#lake = lake;
  }

  static async open({ lake, views = true }: { lake: string; views?: boolean }): Promise<AthenaTables> {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    for (const sql of [...MACROS.map(macroSql), "set TimeZone = 'UTC'", 'set integer_division = true'])
      await connection.run(sql);
    const tables = new AthenaTables(instance, connection, lake);
    await tables.#refresh();
    if (views)
      for (const view of lakeViews({ engine: athenaEngine(), boundaries: {} })) await tables.run(viewStatement(view));
    return tables;
  }

  /** Runs one statement; they take turns. */
  run(sql: string): Promise<TableResult> {
    const done = this.#last.then(() => this.#run(sql));
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Bytes of all objects of the lake. */
  async bytes(): Promise<number> {
    let sum = 0;
    for (const path of await readdir(this.#lake, { recursive: true }).catch(() => []))
      if (path.endsWith('.gz')) sum += (await stat(join(this.#lake, path))).size;
    return sum;
  }

  /** Tables and views with their columns, as ListTableMetadata says them. */
  async relations(): Promise<readonly { Name: string; Columns: readonly { Name: string }[] }[]> {
    const { rows } = await this.run(
      `select table_name, string_agg(column_name, ',') from information_schema.columns group by table_name`,
    );
    return rows.map(([name, columns]) => ({
      Name: name ?? '',
      Columns: (columns ?? '').split(',').map((column) => ({ Name: column })),
    }));
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }

  async #run(sql: string): Promise<TableResult> {
    await this.#refresh();
    // A macro cannot take a lambda: Trino's function of that name is the one that DuckDB cannot be given.
    const reader = await this.#connection.runAndReadAll(sql.replaceAll(/\btransform\(/g, 'list_transform('));
    if (/^\s*create\b/i.test(sql)) return { columns: [], rows: [], header: false };
    const columns = reader
      .deduplicatedColumnNames()
      .map((name, i) => ({ name, type: trinoName(reader.columnType(i)) }));
    return {
      columns,
      rows: reader.getRows().map((row) => row.map((value) => (value === null ? null : textOf(value)))),
      header: !/^\s*(?:show|describe|explain)\b/i.test(sql),
    };
  }

  /** DuckDB reads no empty folder: a table is made anew when the first object of a tier is there. */
  async #refresh(): Promise<void> {
    for (const stream of Object.values(CATALOG))
      for (const version of stream.versions) {
        const sql = await this.#tableSql(stream, version);
        const name = tableName(stream.name, version);
        if (this.#made.get(name) === sql) continue;
        await this.#connection.run(`create or replace view ${quoted(name)} as ${sql}`);
        this.#made.set(name, sql);
      }
  }

  async #tableSql(stream: Stream, version: number): Promise<string> {
    const engine = duckdbEngine(this.#lake);
    const names = Object.keys(stream.columns).map(quoted).join(', ');
    const select = (tier: string, scan: string): string =>
      `select ${names}, '${tier}' as "tier", "date", 's3://lake/' || "file" as "$path" from (${scan})`;
    const scans: string[] = [];
    for (const tier of tiersOf(stream))
      if (await this.#holds(streamPrefix(tier, stream.name, version)))
        scans.push(select(tier, engine.scan(stream, { prefix: tier, version }, 'own')));
    return scans.length === 0 ? select('events', engine.nothing(stream)) : scans.join(' union all ');
  }

  async #holds(prefix: string): Promise<boolean> {
    const paths = await readdir(join(this.#lake, prefix), { recursive: true }).catch(() => []);
    return paths.some((path) => /(?:^|\/)[^./][^/]*\.jsonl\.gz$/.test(path));
  }
}

const TRINO: Partial<Record<DuckDBTypeId, string>> = {
  [DuckDBTypeId.BOOLEAN]: 'boolean',
  [DuckDBTypeId.TINYINT]: 'tinyint',
  [DuckDBTypeId.SMALLINT]: 'smallint',
  [DuckDBTypeId.INTEGER]: 'integer',
  [DuckDBTypeId.BIGINT]: 'bigint',
  [DuckDBTypeId.UBIGINT]: 'bigint',
  [DuckDBTypeId.HUGEINT]: 'bigint', // sum() of whole numbers
  [DuckDBTypeId.FLOAT]: 'float',
  [DuckDBTypeId.DOUBLE]: 'double',
  [DuckDBTypeId.DECIMAL]: 'decimal',
  [DuckDBTypeId.DATE]: 'date',
  [DuckDBTypeId.TIMESTAMP]: 'timestamp',
  [DuckDBTypeId.TIMESTAMP_TZ]: 'timestamp with time zone',
  [DuckDBTypeId.LIST]: 'array',
  [DuckDBTypeId.STRUCT]: 'row',
  [DuckDBTypeId.MAP]: 'map',
};

const trinoName = ({ typeId }: DuckDBType): string => TRINO[typeId] ?? 'varchar';

/** A value as Athena's results write it. */
function textOf(value: DuckDBValue): string {
  if (value === null) return 'null';
  if (value instanceof DuckDBListValue) return `[${value.items.map(textOf).join(', ')}]`;
  if (value instanceof DuckDBStructValue)
    return `{${Object.entries(value.entries)
      .map(([name, item]) => `${name}=${textOf(item)}`)
      .join(', ')}}`;
  if (value instanceof DuckDBMapValue)
    return `{${value.entries.map(({ key, value: item }) => `${textOf(key)}=${textOf(item)}`).join(', ')}}`;
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue) {
    const text = new Date(Number(value.micros / 1000n)).toISOString().replace('T', ' ').replace('Z', '');
    return value instanceof DuckDBTimestampTZValue ? `${text} UTC` : text;
  }
  return String(value);
}
