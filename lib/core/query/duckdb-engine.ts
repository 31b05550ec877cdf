import { duckdbColumns, quoted } from '../catalog/sql-columns.ts';
import type { Stream } from '../catalog/stream.ts';
import { streamPrefix } from '../lake/keys.ts';
import { dayAfter, type Part, type ViewEngine } from './engine.ts';
import { literal } from './text.ts';

/** Longest line that is read. A line is at most one record, and JSON may escape each of its bytes as six. */
const MAX_LINE_BYTES = 8 * 1024 * 1024;

/**
 * DuckDB over a lake in a folder. `date` is cut out of the object's path instead of hive partitioning, which would also
 * take `symbol=…` or `mode=…` of the folders above the lake for columns of the stream; files are pruned by it alike.
 */
export function duckdbEngine(lake: string): ViewEngine {
  return {
    scan(stream, part, day) {
      const folder = `${lake}/${streamPrefix(part.prefix, stream.name, part.version)}`;
      const date = `substr(filename, ${lengthOf(`${folder}date=`) + 1}, 10)`;
      const file = `substr(filename, ${lengthOf(`${lake}/`) + 1}) as "file"`;
      return `select ${namesOf(stream)}, ${day === 'own' ? date : dayAfter(date)} as "date", ${file} from ${reader(stream, part, globOf(folder))}`;
    },
    nothing(stream) {
      const columns = Object.entries({ ...duckdbColumns(stream), date: 'VARCHAR', file: 'VARCHAR' });
      return `select ${columns.map(([name, type]) => `cast(null as ${type}) as ${quoted(name)}`).join(', ')} where false`;
    },
  };
}

/** Where objects of a part lie in its folder. Hidden files are nobody's objects: macOS leaves `._name` beside each file it copies. */
const OBJECTS = {
  events: 'date=*/[!.]*.jsonl.gz',
  late: 'date=*/[!.]*.jsonl.gz',
  curated: 'date=*/[!.]*.parquet',
  derived: 'date=*/[!.]*.jsonl.gz',
} as const;

function reader(stream: Stream, { prefix }: Part, folder: string): string {
  const glob = literal(`${folder}${OBJECTS[prefix]}`);
  if (prefix === 'curated')
    return `read_parquet(${glob}, filename = true, hive_partitioning = false, union_by_name = true)`;
  const columns = Object.entries(duckdbColumns(stream)).map(([name, type]) => `${literal(name)}: ${literal(type)}`);
  // ignore_errors: a line that is no JSON comes as a row of nulls, which the views leave out and doctor counts.
  return (
    `read_json(${glob}, columns = {${columns.join(', ')}}, format = 'newline_delimited', compression = 'gzip', ` +
    `maximum_object_size = ${MAX_LINE_BYTES}, ignore_errors = true, filename = true, hive_partitioning = false)`
  );
}

const namesOf = (stream: Stream): string => Object.keys(stream.columns).map(quoted).join(', ');

/** Characters as DuckDB's substr counts them. */
const lengthOf = (path: string): number => [...path].length;

/** A path as a glob that means just it. */
export const globOf = (path: string): string => path.replaceAll(/[*?[]/g, (character) => `[${character}]`);
