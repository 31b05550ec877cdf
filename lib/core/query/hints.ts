// DuckDB's words, or Trino's.
const NO_TABLE = /Table (?:with name .*|'.*') does not exist/;
const NO_GZIP = /not a GZIP stream: (\S+)/;

/** What to do about an engine's error message, or undefined where the message says it all. */
export function hintOf(
  message: string,
  { sql, streams }: { sql: string; streams: readonly string[] },
): string | undefined {
  if (NO_TABLE.test(message))
    return `The streams are ${streams.map(named).join(', ')}; view events holds all of them together.`;
  const damaged = NO_GZIP.exec(message)?.[1];
  if (damaged !== undefined)
    return `The object ${damaged} is damaged. \`nightdesk doctor\` lists damaged objects; move it out of the lake and import its source again.`;
  if (/Parser Error|mismatched input 'order'/.test(message) && /\b(?:from|join)\s+order\b/i.test(sql))
    return 'The stream order needs quotes, its name is a word of SQL: from "order".';
  return undefined;
}

/** A stream's name as a query spells it. */
const named = (stream: string): string => (stream === 'order' ? '"order"' : stream);
