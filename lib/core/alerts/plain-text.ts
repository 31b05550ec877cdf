import type { AlertMessage } from './messages.ts';
import { cut } from './wording.ts';

export const POSSIBLE_REPEAT = 'Possible repeat: the answer to an earlier try was lost.';

/** A message as plain text of at most `most` UTF-16 units, for channels that have no markup. */
export function plainText(message: AlertMessage, most: number): string {
  const { title, reason, facts, lists, advice, todos, links, possibleRepeat } = message;
  const width = Math.max(0, ...facts.map(({ name }) => name.length));
  const paragraphs = [
    [title, ...(possibleRepeat ? [POSSIBLE_REPEAT] : [])],
    [reason],
    facts.map(({ name, value }) => `${`${name}:`.padEnd(width + 1)} ${value}`),
    ...lists.map((list) => [`${list.title}:`, ...list.lines.map((line) => `  ${line}`)]),
    advice === undefined ? [] : [advice],
    todos.map(({ what, command }) => `${what}: ${command}`),
    links.map(({ text, url }) => `${text}: ${url}`),
  ];
  const text = paragraphs.map((lines) => lines.filter((line) => line !== '').join('\n'));
  return cut(text.filter((paragraph) => paragraph !== '').join('\n\n'), most);
}
