import type { AlertKey } from './types.ts';

// How alerts are named. Strategies and groups are texts that anybody may choose.

/** Longest readable part of a dedupe key, characters. */
const LONGEST = 80;
const ID_DIGITS = 16;

type Sha256 = (text: string) => string;

/**
 * `rule:mode:strategy:group`: what acknowledgements are about. Different alerts never share one; `-` stands for what is
 * not known, and the group is empty where the rule knows one only.
 */
export function dedupeKeyOf(
  { ruleId, key, group }: { readonly ruleId: string; readonly key: AlertKey; readonly group: string },
  sha256: Sha256,
): string {
  const parts = [ruleId, key.mode, key.strategyId].map((text) => part(text, sha256));
  return [...parts, group === '' ? '' : part(group, sha256)].join(':');
}

/** Identity of one opening of an alert: the same for whoever works it out. */
export const alertIdOf = (dedupeKey: string, openedMs: number, sha256: Sha256): string =>
  sha256(`${dedupeKey}\n${openedMs}`).slice(0, ID_DIGITS);

/** Identity of the nth change of an alert, from 1. */
export const changeIdOf = (alertId: string, n: number): string => `${alertId}:${n}`;

const CONTROL_OR_MARK = /[\p{Cc}\p{Cs}%:]/gu;
const utf8 = new TextEncoder();

function part(text: string | null, sha256: Sha256): string {
  if (text === null) return '-';
  if (text === '' || text === '-') return text === '' ? '%' : '%2D';
  const plain = text.replace(CONTROL_OR_MARK, escaped);
  // A lone surrogate has no UTF-8 of its own: `escaped` keeps it apart before anything is hashed.
  return plain.length <= LONGEST ? plain : `${plain.slice(0, LONGEST / 2)}%~${sha256(plain).slice(0, ID_DIGITS)}`;
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code >= 0xd800 && code <= 0xdfff) return `%u${code.toString(16)}`;
  return [...utf8.encode(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}
