import { createHash } from 'node:crypto';
import { isSecretName, looksSuspicious, nameSet, REDACTED, redactLine, redactText } from '../core/redact.ts';

export interface RedactionOptions {
  /** Names, beside the built-in ones, whose values never leave the process. @default - none */
  readonly redact?: readonly string[];
  /** Names whose values are salted and hashed as the transform does it, so that both name an account alike. @default - none */
  readonly hash?: { readonly names: readonly string[]; readonly salt: string };
}

/** Takes secrets out of a line. */
export type Seal = (line: string) => string;

/** Any key that could name a secret: what it does not find holds none. Redaction proper reads the parsed line. */
const SECRET_KEY =
  /"(?:api|access|auth|aws|bearer|client|cookie|creds|credentials|mnemonic|pass|private|refresh|secret|seed|session|set|signing|slack|token|wallet|webhook|x)[\w-]*"\s*:/gi;

/**
 * Makes the function that redacts and hashes as the transform does, before a line leaves the process or touches the disk.
 * It runs when a batch is made, not in `emit`.
 */
export function createSeal({ redact = [], hash }: RedactionOptions): Seal {
  const secretNames = nameSet(redact);
  const hashedNames = nameSet(hash?.names ?? []);
  const own = [...secretNames, ...hashedNames];
  const configured =
    own.length === 0
      ? undefined
      : new RegExp(
          `"(?:${own.map((name) => name.replaceAll(/[^\w]/g, '\\$&').replaceAll('_', '[_-]')).join('|')})"\\s*:`,
          'i',
        );

  const hashed = (value: unknown): unknown =>
    value === null || (typeof value === 'string' && HASHED.test(value))
      ? value
      : `h:${createHash('sha256')
          .update(`${hash?.salt ?? ''}${typeof value === 'string' ? value : JSON.stringify(value)}`)
          .digest('hex')
          .slice(0, 16)}`;

  const clean = (value: unknown): unknown => {
    if (typeof value === 'string') return looksSuspicious(value) ? redactText(value) : value;
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(clean);
    const copy: Record<string, unknown> = Object.create(null);
    for (const [key, item] of Object.entries(value)) {
      if (item !== null && isSecretName(key, secretNames)) copy[key] = REDACTED;
      else if (hashedNames.has(key.toLowerCase().replaceAll('-', '_'))) copy[key] = hashed(item);
      else copy[key] = clean(item);
    }
    return copy;
  };

  return (said) => {
    const line = said.includes('\\ud') ? wellFormed(said) : said;
    if (!looksSuspicious(line) && !namesSecret(line) && !(configured?.test(line) ?? false)) return line;
    try {
      return JSON.stringify(clean(JSON.parse(line)));
    } catch {
      return redactLine(line, own); // nested so deeply that it cannot be walked
    }
  };
}

/** Half a surrogate pair, which JSON.stringify writes as an escape, as the character that stands for what cannot be read. */
const wellFormed = (line: string): string =>
  line.replaceAll(/\\\\|\\ud[89a-f][0-9a-f]{2}/g, (found) => (found === '\\\\' ? found : '\ufffd'));

/** What the transform itself has hashed already. */
const HASHED = /^h:[0-9a-f]{16}$/;

function namesSecret(line: string): boolean {
  SECRET_KEY.lastIndex = 0;
  for (let found = SECRET_KEY.exec(line); found !== null; found = SECRET_KEY.exec(line))
    if (isSecretName(found[0].slice(1, found[0].lastIndexOf('"')))) return true;
  return false;
}
