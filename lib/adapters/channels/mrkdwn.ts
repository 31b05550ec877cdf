import { cut, shown } from '../../core/alerts/wording.ts';

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/**
 * A text of which Slack makes nothing but text: `&`, `<` and `>` are all that it asks to escape, and without `<` there is
 * no link and no mention. At most `most` UTF-16 units with the entities counted, and none of them cut in two.
 */
export function escaped(text: string, most: number): string {
  // No entity is shorter than its character: what is beyond the limit before cannot be within it afterwards.
  const whole = cut(text, most).replace(/[&<>]/g, (character) => ENTITIES[character] ?? character);
  if (whole.length <= most) return whole;
  return `${cut(whole, most)
    .replace(/…$/, '')
    .replace(/&[a-z]*$/, '')}…`;
}

/** A foreign text within markup: one line, and no backtick that would begin a code span. */
export const mrkdwn = (text: string, most: number): string => escaped(shown(text, most).replaceAll('`', 'ˋ'), most);

/** A command to copy, as a code span; plain where it holds what ends one. */
export function code(command: string, most: number): string {
  const text = escaped(command, most - 2);
  return /[`\n\r]/.test(command) ? text : `\`${text}\``;
}

/** Lines of at most `most` UTF-16 units together; those that do not fit are left out, and … says so. */
export function joined(lines: readonly string[], most: number): string {
  let text = '';
  for (const line of lines) {
    const next = text === '' ? line : `${text}\n${line}`;
    if (next.length > most - 2) return text === '' ? '…' : `${text}\n…`;
    text = next;
  }
  return text;
}
