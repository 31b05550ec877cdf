import { createHash, timingSafeEqual } from 'node:crypto';
import { NightdeskError } from '../../core/errors.ts';

/** Who may put events in: for SigV4 the access key and its secret, for the plain door the bearer token. */
export interface Token {
  readonly name: string;
  readonly secret: string;
}

const LINE = /^([\w.@+-]{1,128})(?:\s*:\s*|\s+)(\S+)$/;
const SHORTEST = 16;

/** Reads `name:token` or `name token` lines; blank ones and those that begin with # are skipped. @throws CONFIG_INVALID, never with a token in it, nor with a name, which is the token where the two are swapped */
export function parseTokens(text: string, path: string): Token[] {
  const tokens: Token[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const entry = line.trim();
    if (entry === '' || entry.startsWith('#')) continue;
    const [, name, secret] = LINE.exec(entry) ?? [];
    const where = `line ${index + 1} of ${path}`;
    if (name === undefined || secret === undefined)
      throw new NightdeskError('CONFIG_INVALID', `${where} is not of the form name:token`);
    if (secret.length < SHORTEST)
      throw new NightdeskError(
        'CONFIG_INVALID',
        `the token in ${where} has ${secret.length} characters, at least ${SHORTEST} are needed`,
      );
    if (tokens.some((token) => token.name === name))
      throw new NightdeskError('CONFIG_INVALID', `${where} has a name that stands there already`);
    tokens.push({ name, secret });
  }
  if (tokens.length === 0)
    throw new NightdeskError('CONFIG_INVALID', `${path} holds no token; write one name:token per line`);
  return tokens;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whether two texts are equal, in a time that does not depend on where they differ. */
export const equalInConstantTime = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));

/** The token that an `Authorization: Bearer` header presents, or undefined. */
export function bearerOf(header: string | undefined, tokens: readonly Token[]): Token | undefined {
  const presented = /^Bearer +(\S+)$/i.exec(header ?? '')?.[1];
  if (presented === undefined) return undefined;
  let found: Token | undefined;
  for (const token of tokens) if (equalInConstantTime(token.secret, presented)) found = token; // all are compared, whichever matches
  return found;
}
