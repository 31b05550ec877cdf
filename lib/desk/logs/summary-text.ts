import { count } from '../commands/output.ts';
import { printable } from '../printable.ts';
import type { Damage } from './gunzip.ts';

// What the summaries of `send` and `import` have in common.

/** The most frequent first. */
export const sorted = (counts: ReadonlyMap<string, number>): Record<string, number> =>
  Object.fromEntries([...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)));

export const plural = (n: number, what: string): string => `${count(n)} ${what}${n === 1 ? '' : 's'}`;

/** Lines for a terminal. */
export const textOf = (lines: readonly string[]): string => `${lines.map(printable).join('\n')}\n`;

const SHOWN = 10;

/** One line per item, of long lists the first ones. */
export function listed<T>(label: string, items: readonly T[], text: (item: T) => string): string[] {
  const shown = items.slice(0, SHOWN).map((item) => `  ${label} ${text(item)}`);
  return items.length > SHOWN ? [...shown, `  ${label} and ${items.length - SHOWN} more (--json lists them)`] : shown;
}

const WHAT: Readonly<Record<Damage['what'], string>> = {
  stray: 'lie between gzip members and belong to none',
  damaged: 'cannot be decoded',
  unverified: 'decode, but their checksum differs',
  truncated: 'are an unfinished gzip member',
};

interface Unread {
  readonly damaged: readonly ({ readonly path: string } & Damage)[];
  readonly unread: readonly { readonly path: string; readonly why: string }[];
  readonly copies: readonly { readonly path: string; readonly of: string }[];
  readonly skipped: readonly { readonly path: string; readonly why: string }[];
  readonly other_files: number;
}

/** What was not read, and why. */
export function unreadLines(
  { damaged, unread, copies, skipped, other_files }: Unread,
  { labelWidth }: { readonly labelWidth: number },
): string[] {
  const label = (text: string): string => text.padEnd(labelWidth);
  return [
    ...listed(label('damaged'), damaged, ({ path, from, to, what }) => `${path}: bytes ${from} to ${to} ${WHAT[what]}`),
    ...listed(label('not read'), unread, ({ path, why }) => `${path}: ${why}`),
    ...listed(label('copy'), copies, ({ path, of }) => `${path} repeats ${of}, which is read instead`),
    ...listed(label('skipped'), skipped, ({ path, why }) => `${path}: ${why}`),
    ...(other_files > 0 ? [`  ${label('skipped')} ${plural(other_files, 'file')} of other kinds`] : []),
  ];
}
