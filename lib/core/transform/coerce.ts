import type { Column, ColumnType } from '../catalog/fields.ts';
import { isSecretName, looksSuspicious, SHORTEST_CREDENTIAL } from '../redact.ts';
import type { Findings } from './findings.ts';
import { isNonFinite, isObject, isUnsafeInteger, type JsonObject, parseJson, toJsonText } from './json.ts';
import { redactTree } from './redaction.ts';
import { epochToUs, formattedToUs, formatUs, type Instant, isFormatted, isoToInstant } from './time.ts';

/** The value does not fit its column; it goes to `extra` as it is. */
export const MISFIT = Symbol('misfit');

export type Coerce = (value: unknown, path: string, findings: Findings) => unknown;

const DECIMAL = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/;

const toDouble: Coerce = (value, path, findings) => {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (isNonFinite(value) || (typeof value === 'string' && NON_FINITE_WORDS.has(value.toLowerCase()))) {
    findings.notFinite(path);
    return null;
  }
  if (typeof value === 'string' && DECIMAL.test(value)) {
    const number = Number(value);
    if (Number.isFinite(number)) return number;
    findings.notFinite(path);
    return null;
  }
  return MISFIT;
};
const NON_FINITE_WORDS = new Set(['nan', 'inf', '+inf', '-inf', 'infinity', '+infinity', '-infinity']);

const toBigint: Coerce = (value, path, findings) => {
  if (Number.isSafeInteger(value)) return value;
  const number = toDouble(value, path, findings);
  return number === null || Number.isSafeInteger(number) ? number : MISFIT;
};

const toBoolean: Coerce = (value) => {
  if (typeof value === 'boolean') return value;
  if (value === 1 || value === 0) return value === 1;
  if (typeof value !== 'string') return MISFIT;
  const word = value.toLowerCase();
  if (word === 'true' || word === '1') return true;
  return word === 'false' || word === '0' ? false : MISFIT;
};

const toText: Coerce = (value, path, findings) => {
  if (typeof value === 'string') {
    if (isNonFinite(value)) {
      findings.notFinite(path);
      return null;
    }
    if (value.length >= SHORTEST_CREDENTIAL && looksSuspicious(value)) findings.suspicious = true;
    return value;
  }
  if (isUnsafeInteger(value)) findings.unsafeInteger = true;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : MISFIT;
};

/** Text that is JSON already stays JSON; any other text becomes a JSON string. */
const toJson: Coerce = (value, path, findings) => {
  const tree = typeof value === 'string' ? (parseJson(value)?.value ?? value) : value;
  return toJsonText(redactTree(tree, path, findings));
};

/** An instant from whatever form a bot writes; the zone of a naive one is the configured one. */
export function readInstant(value: unknown, findings: Findings): Instant | undefined {
  if (typeof value === 'number') {
    const us = epochToUs(value);
    return Number.isNaN(us) ? undefined : { us, naive: false };
  }
  if (typeof value !== 'string') return undefined;
  const instant = isoToInstant(value);
  if (instant === undefined) return DECIMAL.test(value) ? readInstant(Number(value), findings) : undefined;
  if (!instant.naive) return instant;
  findings.naive = true;
  const offsetMs = findings.naiveOffsetMs?.(Math.floor(instant.us / 1000)) ?? 0;
  return { us: instant.us - offsetMs * 1000, naive: true };
}

const toTimestamp: Coerce = (value, path, findings) => {
  if (typeof value === 'string' && isFormatted(value)) {
    const us = formattedToUs(value);
    if (Number.isNaN(us)) return MISFIT;
    findings.clock(path, us, value);
    return value;
  }
  const instant = readInstant(value, findings);
  if (instant === undefined) return MISFIT;
  findings.clock(path, instant.us, value);
  return formatUs(instant.us);
};

const oneOf = (values: readonly string[]): Coerce => {
  const known = new Map(values.map((value) => [value.toLowerCase(), value]));
  return (value) =>
    typeof value === 'string' ? (known.get(value) ?? known.get(value.toLowerCase()) ?? MISFIT) : MISFIT;
};

/**
 * The coercion of one column: gives back the value itself where it fits, and may change a nested object in place, for
 * the record is the transform's own. Null and undefined never reach it: absent stays absent. */
export function coercionOf(column: Pick<Column, 'type' | 'values' | 'lowerCase'>): Coerce {
  if (column.values !== undefined) return oneOf(column.values);
  if (column.lowerCase === true) return lowerCase;
  return ofType(column.type);
}

const lowerCase: Coerce = (value, path, findings) => {
  const text = toText(value, path, findings);
  return typeof text === 'string' ? text.toLowerCase() : text;
};

/** Whether items need their own path: only objects report their fields. */
const isStructured = (type: ColumnType): boolean =>
  typeof type === 'object' && ('struct' in type || isStructured('list' in type ? type.list : type.map));

function ofType(type: ColumnType): Coerce {
  if (typeof type === 'string') return SCALARS[type];
  if ('list' in type) return listOf(ofType(type.list), isStructured(type.list));
  if ('map' in type) return mapOf(ofType(type.map), isStructured(type.map));
  return structOf(new Map(Object.entries(type.struct).map(([name, column]) => [name, coercionOf(column)])));
}

const SCALARS = {
  string: toText,
  double: toDouble,
  bigint: toBigint,
  boolean: toBoolean,
  timestamp: toTimestamp,
  json: toJson,
} as const;

const listOf =
  (item: Coerce, structured: boolean): Coerce =>
  (value, path, findings) => {
    if (!Array.isArray(value)) return MISFIT;
    let made: unknown[] = value;
    for (let i = 0; i < value.length; i++) {
      const cell: unknown = value[i];
      if (cell === null) continue;
      const coerced = item(cell, structured ? `${path}.${i}` : path, findings);
      if (coerced === cell) continue;
      if (coerced === MISFIT) return MISFIT;
      if (made === value) made = [...value]; // copied only where something changes: most lists come as they should
      made[i] = coerced;
    }
    return made;
  };

const mapOf =
  (item: Coerce, structured: boolean): Coerce =>
  (value, path, findings) => {
    if (!isObject(value)) return MISFIT;
    let made = value;
    for (const key in value) {
      const cell = value[key];
      if (cell === null) continue;
      if (isSecretName(key, findings.redaction.secretNames)) findings.suspicious = true;
      const coerced = item(cell, structured ? `${path}.${key}` : path, findings);
      if (coerced === cell) continue;
      if (coerced === MISFIT) return MISFIT;
      if (made === value) made = Object.assign(Object.create(null) as JsonObject, value); // `__proto__` must stay a plain key
      made[key] = coerced;
    }
    return made;
  };

const structOf =
  (fields: ReadonlyMap<string, Coerce>): Coerce =>
  (value, path, findings) => {
    if (!isObject(value)) return MISFIT;
    for (const key in value) {
      const cell = value[key];
      const coerce = fields.get(key);
      const coerced = coerce === undefined ? MISFIT : cell === null ? null : coerce(cell, key, findings);
      if (coerced === cell) continue;
      if (coerce === undefined) findings.keep(`${path}.${key}`, cell);
      else if (coerced === MISFIT) findings.misfit(`${path}.${key}`, cell);
      value[key] = coerced === MISFIT ? undefined : coerced;
    }
    return value;
  };
