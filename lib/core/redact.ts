// What must never be stored, and how it is taken out. Imports nothing: the emitter redacts with this file too.

export const REDACTED = '[redacted]';

/**
 * Names whose value is a secret wherever they stand. Compared whole, in lower case and with `-` read as `_`: matching
 * parts of names would destroy `idempotency_key`, `account_equity` and `token_symbol`.
 */
const SECRET_NAMES = new Set([
  'api_key',
  'apikey',
  'api_secret',
  'apisecret',
  'api_passphrase',
  'access_key',
  'access_token',
  'auth_token',
  'authorization',
  'aws_access_key_id',
  'aws_secret_access_key',
  'aws_session_token',
  'bearer_token',
  'client_secret',
  'cookie',
  'creds',
  'creds_json',
  'credentials',
  'mnemonic',
  'passphrase',
  'passwd',
  'password',
  'private_key',
  'privatekey',
  'refresh_token',
  'secret',
  'secret_key',
  'secretkey',
  'seed_phrase',
  'session_token',
  'set_cookie',
  'signing_key',
  'slack_webhook_url',
  'token',
  'wallet_private_key',
  'webhook_url',
  'x_api_key',
  'x_mbx_apikey',
]);

/** Values that look like credentials, whatever their name. */
const CREDENTIALS =
  /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bxox[abeprs]-[\w-]{10,}|\bxapp-[\w-]{10,}|hooks\.slack\.com\/(?:services|workflows|triggers)\/[\w/-]+|\beyJ[\w-]{8,512}\.eyJ[\w-]{8,4096}\.[\w-]*|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)|\bBearer +[\w.~+/=-]{16,}|\bgh[opsur]_\w{20,}|\bsk-[\w-]{20,}|(?<=:\/\/)[^\s:/@"\\]+:[^\s/@"\\]+(?=@)|(?<=[?&](?:api_?key|apikey|secret|signature|sign|token|access_token|password)=)[^&\s"\\]+/gi;

/** A cheap net: what it does not catch cannot match `CREDENTIALS`. */
const SUSPICIOUS =
  /A(?:KIA|SIA)|xox[abeprs]-|xapp-|hooks\.slack|eyJ|PRIVATE KEY|bearer |gh[opsur]_|\bsk-|:\/\/[^\s/"]*@|[?&](?:api|secret|sign|token|access|pass)/i;

/** `name` in the form in which names are compared. */
const folded = (name: string): string => name.toLowerCase().replaceAll('-', '_');

const knownNames = new Map<string, boolean>();

/** Whether a value of this name is a secret. */
export function isSecretName(name: string, more?: ReadonlySet<string>): boolean {
  let known = knownNames.get(name);
  if (known === undefined) {
    known = SECRET_NAMES.has(folded(name));
    if (knownNames.size < 10_000) knownNames.set(name, known); // bounded: names come from outside
  }
  return known || (more !== undefined && more.size > 0 && more.has(folded(name)));
}

/** No credential is shorter, in characters. */
export const SHORTEST_CREDENTIAL = 8;

/** Whether the text could hold a credential; false lets the caller skip `redactText`. */
export const looksSuspicious = (text: string): boolean => SUSPICIOUS.test(text);

/** The text with everything that looks like a credential replaced. */
export const redactText = (text: string): string => text.replace(CREDENTIALS, REDACTED);

/** `name: value` in whatever notation, the name being one of these. */
const namedValue = (names: readonly string[]): RegExp =>
  new RegExp(
    `(["']?\\b(?:${names.map((name) => name.replaceAll(/[^\w]/g, '\\$&').replaceAll('_', '[_-]?')).join('|')})\\b["']?\\s*[:=]\\s*)("[^"\\\\]*(?:\\\\.[^"\\\\]*)*"?|'[^']*'?|[^\\s,;&}"']+)`,
    'gi',
  );

const NAMED_SECRET = namedValue([...SECRET_NAMES]);

/** Redaction of a line that could not be parsed: named secrets, the built-in and `more`, and values that look like credentials. */
export function redactLine(line: string, more: readonly string[] = []): string {
  const named = line.replace(NAMED_SECRET, `$1"${REDACTED}"`);
  return redactText(more.length === 0 ? named : named.replace(namedValue(more), `$1"${REDACTED}"`));
}

/** Names in the folded form, for `isSecretName`'s second argument. */
export const nameSet = (names: readonly string[]): ReadonlySet<string> => new Set(names.map(folded));
