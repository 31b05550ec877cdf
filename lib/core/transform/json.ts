/** A JSON object as parsed: untrusted keys, untrusted values. */
export type JsonObject = Record<string, unknown>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Stand for the numbers JSON cannot carry, in a form no bot writes by accident. */
export const NON_FINITE = { nan: '\u0000NaN', infinity: '\u0000Infinity', negative: '\u0000-Infinity' } as const;

const NON_FINITE_VALUES = new Set<string>(Object.values(NON_FINITE));
export const isNonFinite = (value: unknown): boolean =>
  typeof value === 'number'
    ? !Number.isFinite(value)
    : typeof value === 'string' && value.charCodeAt(0) === 0 && NON_FINITE_VALUES.has(value);

/** Parses a line; falls back to Python's dialect of JSON (`NaN`, `Infinity`). Undefined where it is neither. */
export function parseJson(line: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(line) };
  } catch {
    if (!/NaN|Infinity/.test(line)) return undefined;
  }
  try {
    return { value: JSON.parse(quoteNumbers(line)) };
  } catch {
    return undefined;
  }
}

// Strings are matched first and kept, so that tokens are only seen outside of them.
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\bInfinity\b|\bNaN\b|-?(?<![\w.])\d{16,}(?![\w.])/g;

/** Quotes what a double cannot hold: non-finite tokens, and integers of 16 digits and more, whose last digits would be lost. */
export const quoteNumbers = (line: string): string =>
  line.replace(TOKENS, (token) => {
    if (token.startsWith('"')) return token;
    if (token === 'NaN') return '"\\u0000NaN"';
    if (token === 'Infinity') return '"\\u0000Infinity"';
    if (token === '-Infinity') return '"\\u0000-Infinity"';
    return Number.isSafeInteger(Number(token)) ? token : `"${token}"`;
  });

/** Whether a value anywhere is an integer beyond what a double holds exactly. */
export const isUnsafeInteger = (value: unknown): boolean =>
  typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) < 1e21;

// An escaped backslash is matched first and kept, so that `\\\\ud83d`, which is text, is not taken for an escape.
const LONE_SURROGATES = /\\\\|\\ud[89a-f][0-9a-f]{2}/g;

/**
 * JSON text with U+FFFD for every half of a surrogate pair: JSON.stringify writes it as an escape that no strict reader
 * takes, and one such line would make its whole file unreadable.
 */
export const wellFormed = (json: string): string =>
  json.includes('\\ud') ? json.replace(LONE_SURROGATES, (mark) => (mark === '\\\\' ? mark : '\ufffd')) : json;

export const toJsonText = (value: unknown): string => wellFormed(JSON.stringify(value));
