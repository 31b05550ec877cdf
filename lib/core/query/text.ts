/** A text as a SQL literal; every engine doubles the quote. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|::|:([a-z_][a-z0-9_]*)\b/gi;

/** Puts `value(name)` where SQL says `:name`; quoted texts, quoted names, comments and `::` stay as they are. */
export const fillIn = (sql: string, value: (name: string) => string): string =>
  sql.replaceAll(TOKEN, (token: string, name: string | undefined) => (name === undefined ? token : value(name)));

const LEADING = /^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*/;
const EXPLAIN = /^explain\b\s*(?:analyze\b\s*)?(?:\([^)]*\)\s*)?/i;

/** The statement that an EXPLAIN explains, or undefined where the SQL is no EXPLAIN. */
export function explained(sql: string): string | undefined {
  const statement = sql.replace(LEADING, '');
  const match = EXPLAIN.exec(statement);
  return match === null ? undefined : statement.slice(match[0].length);
}

/** Every word of a SQL text, in lower case: more than the names it uses, never fewer. */
export const wordsOf = (sql: string): ReadonlySet<string> =>
  new Set(sql.toLowerCase().match(/[a-z_][a-z0-9_]*/g) ?? []);
