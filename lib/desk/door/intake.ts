import { messageOf } from '../../core/errors.ts';
import type { Clock, Log } from '../../core/ports/index.ts';
import { recordCountOf } from './frame.ts';
import { FramePool } from './frame-pool.ts';
import type { WalEntry, WriteAheadLog } from './wal.ts';

/** Why the desk takes nothing at present; the caller may try again later. */
export class Refused extends Error {}

export interface IntakeOptions {
  readonly wal: WriteAheadLog;
  readonly clock: Clock;
  readonly log: Log;
  /** Bytes taken in and not yet transformed, above which answers are held back, so that clients slow down. */
  readonly slowBytes: number;
  /** The same, above which records are refused. */
  readonly mostBytes: number;
  /** Reasons of others to take nothing. */
  readonly obstacle: () => string | undefined;
}

export interface IntakeCounts {
  calls: number;
  records: number;
  bytes: number;
  /** Calls refused because of the desk's own state. */
  refused: number;
}

/** What identifies the records of a call that was taken. */
export interface Taken {
  readonly segmentId: string;
  readonly firstSequence: number;
}

const HOLD_MS = 2_000; // longer than a usual flush, shorter than any client's patience
const PAUSE_AFTER_FAILURE_MS = 1_000;

/** Takes sealed-up calls into the write-ahead log, and says no while what lies behind it cannot keep up. */
export class Intake {
  readonly counts: IntakeCounts = { calls: 0, records: 0, bytes: 0, refused: 0 };
  readonly pool = new FramePool();
  readonly #options: IntakeOptions;
  #heldBytes = 0;
  #held: (() => void)[] = [];
  #closed: string | undefined;
  #failedAtMs: number | undefined;
  #failure = '';

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Bytes taken in and not yet transformed. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Why nothing can be taken now, or undefined. */
  get obstacle(): string | undefined {
    if (this.#closed !== undefined) return this.#closed;
    const { clock, mostBytes, obstacle } = this.#options;
    if (this.#failedAtMs !== undefined && clock.nowMs() - this.#failedAtMs < PAUSE_AFTER_FAILURE_MS)
      return `the write-ahead log cannot be written: ${this.#failure}`;
    if (this.#heldBytes >= mostBytes) return `${this.#heldBytes} bytes wait to be transformed`;
    return obstacle();
  }

  /** How many more bytes fit; a single call always fits an idle desk. */
  get roomBytes(): number {
    return this.#heldBytes === 0 ? Number.POSITIVE_INFINITY : this.#options.mostBytes - this.#heldBytes;
  }

  /** Counts a call that was refused. @returns the error to answer it with. */
  refuse(reason: string): Refused {
    this.counts.refused++;
    return new Refused(`The desk takes nothing at present: ${reason}. Try again.`);
  }

  /** Resolves once the frame is safe on disk. The frame is no longer the caller's. @throws Refused where it cannot be. */
  async take(frame: Buffer): Promise<Taken> {
    const obstacle = this.obstacle;
    if (obstacle !== undefined) throw this.refuse(obstacle);
    this.#heldBytes += frame.length;
    const taken = await this.#append(frame);
    // It is safe, so it will be answered; only not faster than lines are transformed.
    if (this.#heldBytes > this.#options.slowBytes) await this.#hold();
    return taken;
  }

  /** Counts an entry that an earlier run took in; waits until there is room. */
  async restore(entry: WalEntry): Promise<void> {
    this.#heldBytes += entry.frame.length;
    while (this.#heldBytes > this.#options.slowBytes && this.#closed === undefined) await this.#hold();
  }

  /** The frame of an entry is no longer needed. */
  release({ frame }: WalEntry): void {
    this.#heldBytes -= frame.length;
    this.pool.give(frame);
    if (this.#held.length === 0 || this.#heldBytes > this.#options.slowBytes) return;
    this.#letGo();
  }

  /** Takes nothing from now on. */
  close(reason: string): void {
    this.#closed = reason;
    this.#letGo();
  }

  async #append(frame: Buffer): Promise<Taken> {
    const records = recordCountOf(frame);
    const bytes = frame.length;
    try {
      const { segmentId, firstSequence } = await this.#options.wal.append(frame);
      this.counts.calls++;
      this.counts.records += records;
      this.counts.bytes += bytes;
      if (this.#failedAtMs !== undefined) this.#options.log.info('the write-ahead log can be written again');
      this.#failedAtMs = undefined;
      return { segmentId, firstSequence };
    } catch (error) {
      this.#heldBytes -= bytes;
      this.#failure = messageOf(error);
      if (this.#failedAtMs === undefined)
        this.#options.log.error('the write-ahead log cannot be written; intake is refused until it can', {
          reason: this.#failure,
        });
      this.#failedAtMs = this.#options.clock.nowMs();
      throw this.refuse(`the write-ahead log cannot be written: ${this.#failure}`);
    }
  }

  #hold(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, HOLD_MS);
      this.#held.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #letGo(): void {
    const held = this.#held;
    this.#held = [];
    for (const go of held) go();
  }
}
