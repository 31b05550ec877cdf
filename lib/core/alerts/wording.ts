// How alerts write texts, figures and times for people. Texts come from logs: whatever they hold, a line stays one line.

/** Line ends, control characters, and what turns or hides writing: marks of direction, characters without width. */
const UNSEEN = /[\p{Cc}\p{Bidi_Control}\u200b\u2028\u2029\u2060\ufeff\s]+/gu;

/** A text that every encoder takes: surrogates without their partner are replaced. */
export const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd');

/** The first `most` UTF-16 units, cut between code points, with … where something is missing. */
export const cut = (text: string, most: number): string =>
  text.length <= most ? text : most < 1 ? '' : `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`;

/** A foreign text as one line of at most `most` UTF-16 units. */
export function shown(text: string, most: number): string {
  // What is cut off in the end is not worth cleaning: a text may have megabytes.
  const head = text.length > most * 4 ? text.slice(0, most * 4) : text;
  const line = wellFormed(head.replace(UNSEEN, ' ')).trim();
  return cut(head.length < text.length && line.length <= most ? `${line}…` : line, most);
}

/** A value or a limit with its unit; `not known` where there is none. */
export function figure(value: number | string | null | undefined, unit?: string): string {
  if (value === null || value === undefined) return 'not known';
  const text = typeof value === 'number' ? decimal(value) : shown(value, 200);
  return unit === undefined || typeof value === 'string' ? text : `${text} ${shown(unit, 20)}`;
}

/** Six significant digits, integers whole; thousands apart. */
function decimal(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return grouped(value);
  if (value !== 0 && (Math.abs(value) < 1e-6 || Math.abs(value) >= 1e15)) return value.toPrecision(6);
  return value.toLocaleString('en-US', { maximumSignificantDigits: 6 });
}

/** An instant in UTC to the second. */
export function instant(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return 'not known';
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** A number with its thousands apart. */
export const grouped = (n: number): string => n.toLocaleString('en-US');

/** `1 alert`, `2 alerts`. */
export const counted = (n: number, noun: string): string => `${grouped(n)} ${noun}${n === 1 ? '' : 's'}`;

/** One word of a POSIX shell; of bash, zsh and ksh where something in it would not survive being shown and copied. */
export function shellQuoted(text: string): string {
  if (!HIDDEN.test(text)) return `'${text.replaceAll("'", `'\\''`)}'`;
  const escaped = text.replace(/[\\']/g, '\\$&').replace(new RegExp(HIDDEN, 'gu'), (character) => {
    const unit = character.charCodeAt(0);
    return unit < 0x80 ? `\\x${hex(unit, 2)}` : `\\u${hex(unit, 4)}`;
  });
  return `$'${escaped}'`;
}

/** What a reader would not see, and so not copy; and the backtick, which ends the code that a channel shows it as. */
const HIDDEN = /[\p{Cc}\p{Bidi_Control}\u200b\u2028\u2029\u2060\ufeff`]/u;

const hex = (unit: number, digits: number): string => unit.toString(16).padStart(digits, '0');
