import { MAX_DEPTH } from '../limits.ts';
import { isSecretName, looksSuspicious, REDACTED, redactLine, redactText, SHORTEST_CREDENTIAL } from '../redact.ts';
import { Findings } from './findings.ts';
import { isNonFinite, isObject, isUnsafeInteger, type JsonObject, parseJson, toJsonText } from './json.ts';

export interface Redaction {
  readonly secretNames: ReadonlySet<string>;
  /** Names whose values are salted and hashed: addresses, account numbers. */
  readonly hashedNames: ReadonlySet<string>;
  hash(text: string): string;
}

/** The event is nested beyond MAX_DEPTH. */
export class TooDeep extends Error {}

/** Redacts in place the values of known columns: their names are the catalog's, so only configured names count. */
export function redactValues(event: JsonObject, findings: Findings): void {
  const { redaction } = findings;
  for (const key of Object.keys(event)) {
    const value = event[key];
    if (value === undefined) continue;
    if (redaction.secretNames.has(key)) event[key] = typeof value === 'string' ? REDACTED : null;
    else if (redaction.hashedNames.has(key)) event[key] = hashed(value, redaction);
    else if (typeof value === 'string') event[key] = redactText(value);
    else if (typeof value === 'object' && value !== null) event[key] = redactTree(value, key, findings);
  }
}

/**
 * A redacted copy of a value that has no column; secret and hashed names count at every depth. Non-finite numbers become
 * null and are named, and integers that lost digits are reported. @throws TooDeep
 */
export const redactTree = (value: unknown, path: string, findings: Findings): unknown =>
  redact(value, { path, findings, depth: 0 });

interface Place {
  readonly path: string;
  readonly findings: Findings;
  readonly depth: number;
}

function redact(value: unknown, { path, findings, depth }: Place): unknown {
  if (typeof value === 'string' || typeof value === 'number') return redactScalar(value, path, findings);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) throw new TooDeep();
  const at = (key: string | number): Place => ({
    path: path === '' ? String(key) : `${path}.${key}`,
    findings,
    depth: depth + 1,
  });
  if (Array.isArray(value)) return value.map((item, i) => redact(item, at(i)));
  const { redaction } = findings;
  const copy: JsonObject = Object.create(null);
  for (const key of Object.keys(value)) {
    const item = (value as JsonObject)[key];
    if (item !== null && namesSecret(key, redaction)) copy[key] = REDACTED;
    else if (redaction.hashedNames.size > 0 && redaction.hashedNames.has(key.toLowerCase()))
      copy[key] = hashed(item, redaction);
    else copy[key] = redact(item, at(key));
  }
  return copy;
}

function redactScalar(value: string | number, path: string, findings: Findings): unknown {
  if (isNonFinite(value)) {
    findings.notFinite(path);
    return null;
  }
  if (typeof value === 'string')
    return value.length >= SHORTEST_CREDENTIAL && looksSuspicious(value) ? redactText(value) : value;
  if (isUnsafeInteger(value)) findings.unsafeInteger = true;
  return value;
}

/** A key of `extra` may be a path: each of its parts counts. */
const namesSecret = (key: string, { secretNames }: Redaction): boolean =>
  key.includes('.') ? key.split('.').some((part) => isSecretName(part, secretNames)) : isSecretName(key, secretNames);

/** Redrive runs lines again whose values were hashed when they came in: hashed once more, an account would be two. */
const HASHED = /^h:[0-9a-f]{16}$/;

const hashed = (value: unknown, redaction: Redaction): unknown =>
  value === null || value === undefined || (typeof value === 'string' && HASHED.test(value))
    ? value
    : `h:${redaction.hash(typeof value === 'string' ? value : JSON.stringify(value))}`;

/** In text nothing can be hashed: a value of a hashed name is removed. */
const namesOf = ({ secretNames, hashedNames }: Redaction): readonly string[] => [...secretNames, ...hashedNames];

/** A line for the quarantine: verbatim, unless it holds a secret. */
export function redactRaw(raw: string, redaction: Redaction): string {
  const parsed = parseJson(raw)?.value;
  if (!isObject(parsed) && !Array.isArray(parsed)) return redactLine(raw, namesOf(redaction));
  try {
    return holdsSecret(parsed, redaction, 0) ? toJsonText(redactTree(parsed, '', new Findings(redaction))) : raw;
  } catch {
    return redactLine(raw, namesOf(redaction)); // nested too deeply to walk
  }
}

function holdsSecret(value: unknown, redaction: Redaction, depth: number): boolean {
  if (typeof value === 'string') return looksSuspicious(value);
  if (typeof value !== 'object' || value === null) return false;
  if (depth > MAX_DEPTH) throw new TooDeep();
  if (Array.isArray(value)) return value.some((item) => holdsSecret(item, redaction, depth + 1));
  return Object.entries(value).some(
    ([key, item]) =>
      item !== null &&
      (namesSecret(key, redaction) ||
        redaction.hashedNames.has(key.toLowerCase()) ||
        holdsSecret(item, redaction, depth + 1)),
  );
}
