import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { tableName } from '../../lib/core/catalog/glue.ts';
import { CATALOG } from '../../lib/core/catalog/index.ts';
import { quoted, trinoType } from '../../lib/core/catalog/sql-columns.ts';
import type { Stream } from '../../lib/core/catalog/stream.ts';
import { parseKey } from '../../lib/core/lake/keys.ts';
import { athenaEngine } from '../../lib/core/query/athena-engine.ts';
import { lakeViews, viewStatement } from '../../lib/core/query/lake-views.ts';
import { literal } from '../../lib/core/query/text.ts';
import type { Trino } from './engine.ts';

/** Makes the tables and views of a stack in Trino, and puts the lines of a lake folder into them. */
export async function fillTrino(trino: Trino, lake: string): Promise<void> {
  const lines = linesOf(lake);
  for (const stream of Object.values(CATALOG))
    for (const version of stream.versions) {
      const table = tableName(stream.name, version);
      await trino.run(tableSql(stream, table));
      const own = lines.get(table);
      if (own !== undefined) await trino.run(insertSql(stream, table, own));
    }
  for (const view of lakeViews({ engine: athenaEngine(), boundaries: {} })) await trino.run(viewStatement(view));
}

const columnsOf = (stream: Stream): string[] =>
  Object.entries(stream.columns).map(([name, { type }]) => `${quoted(name)} ${trinoType(type)}`);

/** A table with the columns of Athena's, and beside them what Athena makes of an object's key. */
const tableSql = (stream: Stream, table: string): string =>
  `create table ${quoted(table)} (${[...columnsOf(stream), '"tier" varchar', '"date" varchar', '"$path" varchar'].join(', ')})`;

/** Lines of objects by table, as rows of SQL. */
function linesOf(lake: string): ReadonlyMap<string, readonly string[]> {
  const lines = new Map<string, string[]>();
  for (const key of readdirSync(lake, { recursive: true, encoding: 'utf8' })) {
    const parsed = parseKey(key);
    if (parsed === undefined) continue;
    const table = tableName(parsed.stream, parsed.version);
    const of = [parsed.prefix, parsed.date, `s3://a-bucket/${key}`].map(literal).join(', ');
    const own = gunzipSync(readFileSync(join(lake, key)))
      .toString()
      .trimEnd()
      .split('\n');
    lines.set(table, [...(lines.get(table) ?? []), ...own.map((line) => `(${literal(line)}, ${of})`)]);
  }
  return lines;
}

const insertSql = (stream: Stream, table: string, lines: readonly string[]): string =>
  `insert into ${quoted(table)} select event.*, tier, "date", path ` +
  `from (values ${lines.join(', ')}) as lines(line, tier, "date", path) ` +
  // Not cast(…).*, which would cast the line once per column.
  `cross join unnest(cast(json_parse('[' || line || ']') as array(row(${columnsOf(stream).join(', ')})))) as event`;
