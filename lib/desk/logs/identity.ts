// How a line of a log is identified, so that a resend is a duplicate and nothing else is.
//
// file id = hash(source, path without rotation suffix, first line) + '.' + generation; line id = file id + line number.
//
// The first line tells most logs of one path apart: after a rotation the new file begins with another line. Where two
// files share path and first line (bots do write byte-identical lines), their content decides:
// 1. A file is the log that was seen before if it still holds, at the same place, the last bytes that were read of it
//    (`Point`). So a log keeps its id when it grows, is renamed, copied, compressed, or replaced by a longer copy.
// 2. Of several files that could be one log, an older form (rotated before unrotated, gzip before plain) whose whole
//    content begins a newer form is a copy of it (copytruncate, `gzip -k`, a backup): it is read once. A newer form
//    that is shorter is no copy: the log was cut and began again with the same lines.
// 3. Everything else is another log: it gets the next generation, oldest first.
// Rule 1 needs memory: `Ledger` keeps the points in the data folder. Without it, rules 2 and 3 alone give the same ids
// as long as the same files are there. Content cannot tell a copy from a log that repeats an earlier one byte for byte
// from its first line to its last; such a file counts as a copy until it has a line of its own, unless its inode is known.
import { createHash } from 'node:crypto';

const hash = (text: string, length: number): string => createHash('sha256').update(text).digest('hex').slice(0, length);

export interface FileBase {
  readonly source: string;
  /** Path on the wire, without rotation suffix. */
  readonly path: string;
  /** `hashLine` of the first line that is not blank. */
  readonly first: string;
}

export const hashLine = (line: string): string => hash(line, 24);

/** The id of a log; `generation` counts logs of the same path and first line, from 0. */
export const fileId = ({ source, path, first }: FileBase, generation: number): string =>
  `${hash(JSON.stringify([source, path, first]), 24)}.${generation}`;

/** The base and the generation of a file id. */
export function splitFileId(id: string): { readonly base: string; readonly generation: number } {
  const dot = id.lastIndexOf('.');
  return { base: id.slice(0, dot), generation: Number(id.slice(dot + 1)) };
}
