import { readdirSync, rm, unlink } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Cursor, type Place, readPlace } from './cursor.ts';

/** Precious events lie apart from ordinary ones, so that a full spool can let go of these first. */
export type Class = 'precious' | 'ordinary';

export const CLASSES: readonly Class[] = ['precious', 'ordinary'];

/** A file of lines, appended to until it is large enough. */
export interface Segment {
  readonly folder: SpoolFolder;
  readonly class: Class;
  readonly index: number;
  readonly path: string;
  bytes: number;
  /** Open for writing. */
  fd: number | undefined;
}

/** Lines of a segment that were found. */
export interface Found {
  readonly segment: Segment;
  readonly from: number;
  readonly to: number;
  readonly lines: number;
}

const SEGMENT = /^(precious|ordinary)-(\d{8})\.jsonl$/;
const PIECE_BYTES = 256 * 1024;
const LF = 10;

/** A folder of segments with a cursor for each class: everything before it has been delivered. */
export class SpoolFolder {
  readonly path: string;
  readonly #cursors = new Map<Class, Cursor>();

  constructor(path: string) {
    this.path = path;
  }

  segment(of: Class, index: number): Segment {
    const path = join(this.path, `${of}-${String(index).padStart(8, '0')}.jsonl`);
    return { folder: this, class: of, index, path, bytes: 0, fd: undefined };
  }

  /** Notes that everything of a class before this place was delivered. @throws where the disk refuses the first time */
  advance(of: Class, place: Place): void {
    let cursor = this.#cursors.get(of);
    if (cursor === undefined) {
      cursor = new Cursor(this.#cursorPath(of));
      this.#cursors.set(of, cursor);
    }
    cursor.set(place);
  }

  #cursorPath(of: Class): string {
    return join(this.path, `${of}.cursor`);
  }

  /** What is left in it, oldest first, each class by itself. Looks at every byte once, piece by piece. */
  async find(): Promise<Found[]> {
    const found: Found[] = [];
    const files = readdirSync(this.path, { withFileTypes: true }).filter((entry) => entry.isFile());
    for (const name of files.map((file) => file.name).sort()) {
      const [, of, digits] = SEGMENT.exec(name) ?? [];
      if (of === undefined || digits === undefined) continue;
      const segment = this.segment(of as Class, Number(digits));
      const cursor = readPlace(this.#cursorPath(segment.class));
      if (segment.index < cursor.index) {
        remove(segment.path);
        continue;
      }
      const from = segment.index === cursor.index ? cursor.offset : 0;
      const { to, lines, bytes } = await countLines(segment.path, from);
      segment.bytes = bytes;
      if (lines === 0) remove(segment.path);
      else found.push({ segment, from, to, lines });
    }
    return found;
  }

  /** Folders in it that its owner had taken over and not finished. */
  inner(): SpoolFolder[] {
    return readdirSync(this.path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => new SpoolFolder(join(this.path, name)));
  }

  closeCursors(): void {
    for (const cursor of this.#cursors.values()) cursor.close();
    this.#cursors.clear();
  }

  /** Removes the folder and all in it; what cannot be removed now is an orphan without lines, met again at the next start. */
  remove(): void {
    this.closeCursors();
    rm(this.path, { recursive: true, force: true }, () => undefined);
  }
}

/** Removes a file when there is time; what cannot be removed is met again at the next start. */
export const remove = (path: string): void => unlink(path, () => undefined);

/** Whole lines from an offset on; a torn one at the end was never acknowledged as spooled, and does not count. */
async function countLines(path: string, from: number): Promise<{ to: number; lines: number; bytes: number }> {
  const file = await open(path, 'r');
  try {
    const piece = Buffer.alloc(PIECE_BYTES);
    let [at, to, lines] = [from, from, 0];
    for (;;) {
      const { bytesRead } = await file.read(piece, 0, PIECE_BYTES, at);
      if (bytesRead === 0) return { to, lines, bytes: at };
      const part = piece.subarray(0, bytesRead);
      for (let end = part.indexOf(LF); end !== -1; end = part.indexOf(LF, end + 1)) {
        lines++;
        to = at + end + 1;
      }
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/** Lines from an offset on, at most so many bytes of them, but one at least. */
export async function readLines(path: string, span: { from: number; to: number }, bytes: number): Promise<string[]> {
  const file = await open(path, 'r');
  try {
    for (let size = Math.min(bytes, span.to - span.from); ; size = Math.min(size * 2, span.to - span.from)) {
      const piece = Buffer.alloc(size);
      const { bytesRead } = await file.read(piece, 0, size, span.from);
      const end = piece.subarray(0, bytesRead).lastIndexOf(LF);
      if (end !== -1) return piece.toString('utf8', 0, end).split('\n');
      if (bytesRead < size || size === span.to - span.from) return [];
    }
  } finally {
    await file.close();
  }
}
