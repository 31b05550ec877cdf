/** Table functions a query may call: they make rows of their arguments, or describe the catalog. None reads a file. */
const TABLE_FUNCTIONS = new Set([
  'unnest',
  'range',
  'generate_series',
  'json_each',
  'json_tree',
  'pragma_table_info',
  'duckdb_columns',
  'duckdb_functions',
  'duckdb_tables',
  'duckdb_views',
]);

/**
 * Why a statement may not run, or undefined where it may. `tree` is what DuckDB's `json_serialize_sql` says of the SQL:
 * its own parser, and only SELECT and what reads like it (VALUES, DESCRIBE, SUMMARIZE) have a tree at all.
 */
export function refusalOf(tree: unknown): string | undefined {
  if (!isRecord(tree)) return 'the statement cannot be read';
  if (tree.error === true) return refusalOfError(tree);
  if (!Array.isArray(tree.statements) || tree.statements.length !== 1)
    return 'one statement at a time: the text holds none, or several';
  for (const node of nodesOf(tree.statements)) {
    const refusal = refusalOfNode(node);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function refusalOfError({ error_type, error_message }: Readonly<Record<string, unknown>>): string {
  if (error_type === 'parser') return `Parser Error: ${String(error_message)}`;
  return 'only SELECT runs here (and VALUES, DESCRIBE, SUMMARIZE, EXPLAIN SELECT): the lake is never changed by a query';
}

function refusalOfNode({ type, function: call, table_name }: Readonly<Record<string, unknown>>): string | undefined {
  if (type === 'TABLE_FUNCTION') {
    const name = isRecord(call) ? String(call.function_name).toLowerCase() : 'unknown';
    if (!TABLE_FUNCTIONS.has(name))
      return `${name}() does not run here: events are read through the views, one per stream`;
  }
  if (type === 'BASE_TABLE' && typeof table_name === 'string' && /[/\\:*?[]/.test(table_name))
    return `${JSON.stringify(table_name)} is a file: events are read through the views, one per stream`;
  return undefined;
}

/** Every object inside a value, the value included. Without recursion: SQL nests as deep as somebody likes. */
function* nodesOf(value: unknown): Generator<Readonly<Record<string, unknown>>> {
  const left: unknown[] = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (Array.isArray(next)) for (const item of next) left.push(item);
    else if (isRecord(next)) {
      yield next;
      for (const item of Object.values(next)) left.push(item);
    }
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
