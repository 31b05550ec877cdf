import type { JsonObject } from '../transform/json.ts';

/** Words of the line that are no `key=value` stand here, in order. */
export const WORDS = '_words';

const isSpace = (code: number): boolean => code === 32 || code === 9;

/**
 * Reads `key=value` pairs separated by blanks; a value in double quotes may hold blanks and `\"`. All values are text;
 * `key=` is null. Undefined where the line has no pair at all. A repeated key gets a number: `px`, `px_2`.
 */
export function parseLogfmt(line: string): JsonObject | undefined {
  const record: JsonObject = Object.create(null);
  const free = freeKeys(record);
  const words: string[] = [];
  let pairs = 0;
  for (let at = 0; at < line.length; ) {
    if (isSpace(line.charCodeAt(at))) {
      at++;
      continue;
    }
    const start = at;
    while (at < line.length && !isSpace(line.charCodeAt(at)) && line[at] !== '=') at++;
    const key = line.slice(start, at);
    if (line[at] !== '=' || key === '') {
      while (at < line.length && !isSpace(line.charCodeAt(at))) at++;
      words.push(line.slice(start, at));
      continue;
    }
    const value = readValue(line, at + 1);
    at = value.end;
    record[free(key)] = value.text;
    pairs++;
  }
  if (pairs === 0) return undefined;
  if (words.length > 0) record[free(WORDS)] = words;
  return record;
}

function readValue(line: string, start: number): { text: string | null; end: number } {
  const quoted = line[start] === '"' ? readQuoted(line, start) : undefined;
  if (quoted !== undefined) return quoted;
  let end = start;
  while (end < line.length && !isSpace(line.charCodeAt(end))) end++;
  return { text: end === start ? null : line.slice(start, end), end };
}

/** Undefined where the quote is never closed: then it is a character like any other. */
function readQuoted(line: string, start: number): { text: string; end: number } | undefined {
  let text = '';
  for (let at = start + 1; at < line.length; at++) {
    const char = line[at];
    if (char === '"') return { text, end: at + 1 };
    if (char === '\\' && at + 1 < line.length) {
      const next = line[++at] ?? '';
      text += ESCAPES[next] ?? next;
    } else text += char;
  }
  return undefined;
}
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

/** Counts per key, so that a line of one key a million times costs no more than any other. */
function freeKeys(record: JsonObject): (key: string) => string {
  const seen = new Map<string, number>();
  return (key) => {
    let name = key;
    while (name in record) {
      const times = (seen.get(key) ?? 1) + 1;
      seen.set(key, times);
      name = `${key}_${times}`;
    }
    return name;
  };
}
