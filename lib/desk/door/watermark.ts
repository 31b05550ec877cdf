import type { Files } from '../../adapters/local/files.ts';
import { messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/ports/index.ts';

export interface WatermarkOptions {
  readonly files: Files;
  readonly folder: string;
  readonly log: Log;
  readonly minFreeBytes: number;
  /** @default - 1,000 */
  readonly everyMs?: number;
}

// Space must be a little above the mark before intake opens again, or it would flicker with every segment removed.
const BACK_ABOVE = 1.02;

/** Looks at the free space of the data folder's disk, so that intake ends before the disk is full. */
export class DiskWatermark {
  readonly #options: WatermarkOptions;
  #timer: NodeJS.Timeout | undefined;
  #low = false;
  #freeBytes: number | undefined;
  #blind = false;

  constructor(options: WatermarkOptions) {
    this.#options = options;
  }

  get low(): boolean {
    return this.#low;
  }

  /** Undefined where the file system does not say. */
  get freeBytes(): number | undefined {
    return this.#freeBytes;
  }

  async start(): Promise<void> {
    await this.#look();
    this.#timer = setInterval(() => void this.#look(), this.#options.everyMs ?? 1_000).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const { files, folder, log, minFreeBytes } = this.#options;
    try {
      const freeBytes = await files.freeBytes(folder);
      const low = freeBytes < minFreeBytes * (this.#low ? BACK_ABOVE : 1);
      if (low && !this.#low)
        log.error('the disk is nearly full; intake is refused until there is space again', { freeBytes, minFreeBytes });
      if (!low && this.#low) log.info('there is space on the disk again; intake is open', { freeBytes, minFreeBytes });
      this.#freeBytes = freeBytes;
      this.#low = low;
    } catch (error) {
      if (!this.#blind)
        log.warn('the free space of the disk cannot be read; intake is not guarded against a full disk', {
          reason: messageOf(error),
        });
      this.#blind = true;
    }
  }
}
