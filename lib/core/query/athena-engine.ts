import { tableName } from '../catalog/glue.ts';
import { quoted, trinoType } from '../catalog/sql-columns.ts';
import type { Stream } from '../catalog/stream.ts';
import { NO_CLOCK_DATE } from '../lake/keys.ts';
import { dayAfter, type Part, type ViewEngine } from './engine.ts';
import { literal } from './text.ts';

export interface AthenaEngineOptions {
  /**
   * Day from which the views show events, YYYY-MM-DD, beside those without a clock. Of earlier days, nothing is listed
   * and nothing found. @default - all days of the tables
   */
  readonly firstDay?: string;
}

/** `"$path"` is `s3://bucket/key`; what follows the bucket is the key. */
const FILE = `regexp_replace("$path", '^[a-z0-9]+://[^/]+/', '') as "file"`;

/** Athena over the tables of `glueTables`. Partitions are pruned by `tier` and `date`, also through `dayAfter`: Trino evaluates it per partition. */
export function athenaEngine({ firstDay }: AthenaEngineOptions = {}): ViewEngine {
  const days =
    firstDay === undefined ? '' : ` and ("date" >= ${literal(firstDay)} or "date" = ${literal(NO_CLOCK_DATE)})`;
  return {
    scan(stream, part, day) {
      const names = Object.keys(stream.columns).map(quoted).join(', ');
      const date = day === 'own' ? '"date"' : `${dayAfter('"date"')} as "date"`;
      return `select ${names}, ${date}, ${FILE} from ${relation(stream, part)}${days}`;
    },
    nothing(stream) {
      const columns = Object.entries(stream.columns).map(([name, { type }]) => [name, trinoType(type)]);
      return `select ${[...columns, ['date', 'varchar'], ['file', 'varchar']]
        .map(([name = '', type]) => `cast(null as ${type}) as ${quoted(name)}`)
        .join(', ')} where false`;
    },
  };
}

/** The table of a part; Parquet has one of its own, for a table has one format. */
const relation = ({ name }: Stream, { prefix, version }: Part): string =>
  prefix === 'curated'
    ? `${quoted(`${tableName(name, version)}_curated`)} where true`
    : `${quoted(tableName(name, version))} where "tier" = ${literal(prefix)}`;
