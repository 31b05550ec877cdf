import { closeSync, openSync, readFileSync, write } from 'node:fs';

/** A place in the segments of one class: everything before it was delivered. */
export interface Place {
  readonly index: number;
  readonly offset: number;
}

/**
 * A place on the disk. It is written behind the bot's back, one write at a time, the newest place only: an older one than
 * the last costs repeats after a crash, never an event.
 */
export class Cursor {
  readonly #fd: number;
  #next: Place | undefined;
  #writing = false;
  #closed = false;

  /** @throws where the file cannot be made */
  constructor(path: string) {
    this.#fd = openSync(path, 'w');
  }

  set(place: Place): void {
    this.#next = place;
    if (!this.#writing) this.#write();
  }

  #write(): void {
    const place = this.#next;
    if (place === undefined) {
      if (this.#closed) closeSync(this.#fd);
      return;
    }
    this.#next = undefined;
    this.#writing = true;
    const { index, offset } = place;
    write(this.#fd, Buffer.from(`${index} ${offset} ${index + offset}`.padEnd(63).concat('\n')), 0, 64, 0, () => {
      this.#writing = false;
      this.#write();
    });
  }

  /** Once what is being written is; its number may be another file's afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#writing) closeSync(this.#fd);
  }
}

/** The place that a file names; the beginning where it names none. */
export function readPlace(path: string): Place {
  try {
    const [index, offset, sum] = readFileSync(path, 'utf8').trim().split(' ').map(Number);
    // A torn block does not add up: everything is sent again, and its identity removes what was there.
    if (index !== undefined && offset !== undefined && index + offset === sum) return { index, offset };
  } catch {
    // never advanced
  }
  return { index: 0, offset: 0 };
}
