import { MAX_DEPTH } from '../limits.ts';
import { isSecretName, looksSuspicious, REDACTED, redactText } from '../redact.ts';
import type { JsonObject } from './json.ts';

export interface Redaction {
  readonly secretNames: ReadonlySet<string>;
  /** Names whose values are salted and hashed: addresses, account numbers. */
  readonly hashedNames: ReadonlySet<string>;
  hash(text: string): string;
}

class TooDeep extends Error {}

/** Redacts in place the values of known columns: their names are the catalog's, so only hashing goes by name. */
export function redactValues(event: JsonObject, redaction: Redaction): void {
  for (const key of Object.keys(event)) {
    const value = event[key];
    if (redaction.hashedNames.size > 0 && redaction.hashedNames.has(key)) event[key] = hashed(value, redaction);
    else if (typeof value === 'string') event[key] = redactText(value);
    else if (typeof value === 'object' && value !== null) event[key] = redactTree(value, redaction, 0);
  }
}

/** `extra` as redacted JSON text; undefined where it is nested too deeply. */
export function redactExtra(extra: JsonObject, redaction: Redaction): string | undefined {
  try {
    return JSON.stringify(redactTree(extra, redaction, 0));
  } catch (error) {
    if (error instanceof TooDeep) return undefined;
    throw error;
  }
}

/** A redacted copy; secret and hashed names count at every depth. */
function redactTree(value: unknown, redaction: Redaction, depth: number): unknown {
  if (typeof value === 'string') return value.length > 8 && looksSuspicious(value) ? redactText(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) throw new TooDeep();
  if (Array.isArray(value)) return value.map((item) => redactTree(item, redaction, depth + 1));
  const copy: JsonObject = Object.create(null);
  for (const key of Object.keys(value)) {
    const item = (value as JsonObject)[key];
    const name = key.slice(key.lastIndexOf('.') + 1); // extra's own keys are dotted paths
    if (item !== null && isSecretName(name, redaction.secretNames)) copy[key] = REDACTED;
    else if (redaction.hashedNames.size > 0 && redaction.hashedNames.has(name.toLowerCase()))
      copy[key] = hashed(item, redaction);
    else copy[key] = redactTree(item, redaction, depth + 1);
  }
  return copy;
}

const hashed = (value: unknown, redaction: Redaction): unknown =>
  value === null || value === undefined
    ? value
    : `h:${redaction.hash(typeof value === 'string' ? value : JSON.stringify(value))}`;
