import { appendFile, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report } from './options.ts';
import type { Entry } from './outbox.ts';

const MAX_FILE_BYTES = 100 * 1024 * 1024;
const MOST_WAITING = 1_000;

/** Events that were refused or given up, in S1's form: `<stream>_errors.jsonl` with timestamp, log_type, original_record and error. */
export class DeadLetters {
  readonly #dir: string;
  readonly #report: (code: Report['code'], message: string) => void;
  #writing: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(dir: string, report: (code: Report['code'], message: string) => void) {
    this.#dir = dir;
    this.#report = report;
  }

  /** Writes it when there is time; never throws. */
  add({ stream, line }: Entry, why: string): void {
    if (this.#waiting >= MOST_WAITING) {
      this.#report('dead_letters', 'more events were given up than can be written');
      return;
    }
    this.#waiting++;
    const text = `{"timestamp":"${new Date().toISOString()}","log_type":${JSON.stringify(stream)},"original_record":${line},"error":${JSON.stringify(why)}}\n`;
    this.#writing = this.#writing.then(() => this.#write(stream, text));
  }

  async #write(stream: string, text: string): Promise<void> {
    this.#waiting--;
    const path = join(this.#dir, `${stream}_errors.jsonl`);
    try {
      await mkdir(this.#dir, { recursive: true });
      const size = await stat(path).then(
        (found) => found.size,
        () => 0,
      );
      if (size < MAX_FILE_BYTES) await appendFile(path, text);
      else this.#report('dead_letters', `${stream}_errors.jsonl is full`);
    } catch {
      this.#report('dead_letters', `${stream}_errors.jsonl cannot be written`);
    }
  }

  close(): Promise<void> {
    return this.#writing;
  }
}
