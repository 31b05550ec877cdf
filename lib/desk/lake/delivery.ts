import { randomBytes } from 'node:crypto';
import type { Clock, Log, ObjectStore } from '../../core/ports/index.ts';
import { quarantineWhole } from '../../core/transform/quarantine.ts';
import type { TransformLine, Verdict } from '../../core/transform/types.ts';
import type { WalPosition } from '../door/checkpoint.ts';
import type { WalEntry } from '../door/wal.ts';
import { ChunkPool } from './chunk-pool.ts';
import { type EntryLine, entryLines } from './entry-lines.ts';
import { flush, type Written } from './flush.ts';
import { Generation } from './generation.ts';
import { untilDone } from './retry.ts';

export interface DeliveryOptions {
  readonly store: ObjectStore;
  readonly transform: TransformLine;
  readonly clock: Clock;
  readonly log: Log;
  /** First part of the objects' names. */
  readonly producer: string;
  /** Longest time that a line waits in a buffer, in ms. */
  readonly bufferMs: number;
  /** Bytes of all buffers at which they are written. Twice as many may be held, while one set is being written. */
  readonly bufferBytes: number;
  /** Called once an entry's lines are in the buffers and its frame is no longer needed. */
  readonly transformed: (entry: WalEntry) => void;
  /** Called once everything before a place is in the lake; tried again until it succeeds. */
  readonly delivered: (position: WalPosition) => Promise<void>;
  /** Told of each object once it is in the lake. @default - nobody is */
  readonly written?: (object: Written) => void;
  /** Told of each verdict, before its line is in the lake; again after a crash. @default - nobody is */
  readonly judged?: (verdict: Verdict) => void;
  /** Pauses between tries of a store that fails, in ms. @default - 100 to 5,000 */
  readonly retry?: { readonly firstMs: number; readonly maxMs: number };
}

/** What has come out so far. Lines in = stored + quarantined + blank. */
export interface DeliveryCounts {
  lines: number;
  stored: number;
  quarantined: number;
  blank: number;
  objects: number;
  objectBytes: number;
  lastFlushMs: number | undefined;
}

/** The entry whose lines are being transformed. */
interface Current {
  readonly entry: WalEntry;
  readonly lines: Generator<EntryLine>;
}

const SLICE_MS = 5; // how long transforming may keep the event loop from reading requests
const MOST_PARTITIONS = 2_000;

/** Takes entries off the write-ahead log, transforms their lines and writes them to the lake, in the order of the log. */
export class Delivery {
  readonly counts: DeliveryCounts = {
    lines: 0,
    stored: 0,
    quarantined: 0,
    blank: 0,
    objects: 0,
    objectBytes: 0,
    lastFlushMs: undefined,
  };
  readonly #options: DeliveryOptions;
  readonly #run = randomBytes(5).toString('hex');
  readonly #abort = new AbortController();
  #objects = 0;
  #queue: WalEntry[] = [];
  #head = 0;
  #current: Current | undefined;
  readonly #pool: ChunkPool;
  #generation: Generation;
  /** Up to where the generation holds everything; undefined while it holds nothing to note. */
  #end: WalPosition | undefined;
  #due = false;
  #timer: NodeJS.Timeout | undefined;
  #scheduled = false;
  #flushing: Promise<void> | undefined;
  #draining = false;
  #idle: (() => void) | undefined;
  #failing: string | undefined;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#pool = new ChunkPool(options.bufferBytes * 2);
    this.#generation = new Generation(this.#pool);
  }

  push(entry: WalEntry): void {
    this.#queue.push(entry);
    this.#schedule();
  }

  /** Why the store does not take objects at present, or undefined while it does. */
  get failing(): string | undefined {
    return this.#failing;
  }

  /** Delivers everything that was pushed, then stops. @returns false where the time ended first; the rest is then replayed at the next start. */
  async drain(timeoutMs: number): Promise<boolean> {
    this.#draining = true;
    const idle = new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
    const timer = setTimeout(() => this.#abort.abort(), timeoutMs);
    this.#schedule();
    await idle;
    clearTimeout(timer);
    clearTimeout(this.#timer);
    return !this.#abort.signal.aborted;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#step();
    });
  }

  /** One slice of work; whoever changes what it could do next schedules another. */
  #step(): void {
    const untilMs = performance.now() + SLICE_MS;
    while (!this.#mustFlush() && !this.#abort.signal.aborted) {
      const current = this.#next();
      if (current === undefined) break;
      const { value, done } = current.lines.next();
      if (done === true) this.#finish(current.entry);
      else this.#deliver(value);
      if (performance.now() >= untilMs) {
        this.#schedule();
        break;
      }
    }
    this.#flushIfDue();
    this.#tellIfIdle();
  }

  /** Only between two entries: a checkpoint in the middle of one cannot be noted. */
  #mustFlush(): boolean {
    if (this.#current !== undefined || this.#end === undefined) return false;
    const { size, partitions } = this.#generation;
    if (size >= this.#options.bufferBytes || partitions >= MOST_PARTITIONS) return true;
    return this.#due && this.#flushing === undefined;
  }

  #next(): Current | undefined {
    if (this.#current !== undefined) return this.#current;
    const entry = this.#queue[this.#head];
    if (entry === undefined) {
      this.#queue = [];
      this.#head = 0;
      return undefined;
    }
    this.#head++;
    this.#current = { entry, lines: entryLines(entry) };
    return this.#current;
  }

  #finish(entry: WalEntry): void {
    this.#current = undefined;
    this.#end = entry.end;
    this.#startTimer();
    if (this.#head > 1_000) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    this.#options.transformed(entry);
  }

  #deliver({ line, position }: EntryLine): void {
    this.counts.lines++;
    let verdict: Verdict | undefined;
    try {
      verdict = this.#options.transform(line.text, position, line.valid ? undefined : 'invalid_utf8');
    } catch {
      verdict = quarantineWhole('unknown_shape', line.text, position); // never, by its contract; and never a reason to stop
    }
    if (verdict === undefined) {
      this.counts.blank++;
      return;
    }
    if (!this.#generation.add(verdict)) {
      verdict = quarantineWhole('unknown_stream', line.text, position);
      this.#generation.add(verdict);
    }
    this.counts[verdict.outcome]++;
    this.#options.judged?.(verdict);
  }

  #startTimer(): void {
    if (this.#timer !== undefined || this.#draining) return;
    this.#timer = setTimeout(() => {
      this.#due = true;
      this.#schedule();
    }, this.#options.bufferMs);
  }

  #flushIfDue(): void {
    if (this.#flushing !== undefined || this.#end === undefined || this.#current !== undefined) return;
    const drained = this.#draining && this.#head >= this.#queue.length;
    if (!drained && !this.#mustFlush()) return;
    if (this.#abort.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#due = false;
    const [generation, end] = [this.#generation, this.#end];
    this.#generation = new Generation(this.#pool);
    this.#end = undefined;
    this.#flushing = this.#flush(generation, end).finally(() => {
      this.#flushing = undefined;
      this.#schedule();
    });
    this.#schedule(); // there is room again
  }

  async #flush(generation: Generation, end: WalPosition): Promise<void> {
    const { store, producer, clock, delivered } = this.#options;
    try {
      await flush(generation.buffers(), {
        store,
        producer,
        atMs: clock.nowMs(),
        unique: () => `${this.#run}-${this.#objects++}`,
        untilDone: (work) => this.#untilDone(work),
        written: (object) => {
          this.counts.objects++;
          this.counts.objectBytes += object.bytes;
          this.#options.written?.(object);
        },
      });
      await this.#untilDone(() => delivered(end));
      this.counts.lastFlushMs = clock.nowMs();
    } catch {
      // Only after an abort: everything from the last checkpoint on is replayed at the next start.
    }
  }

  #untilDone(work: () => Promise<void>): Promise<void> {
    const { log, retry = { firstMs: 100, maxMs: 5_000 } } = this.#options;
    const attempt = async (): Promise<void> => {
      await work();
      if (this.#failing === undefined) return;
      log.info('the lake takes objects again');
      this.#failing = undefined;
    };
    return untilDone(attempt, {
      ...retry,
      signal: this.#abort.signal,
      onFailure: (reason) => {
        if (this.#failing === undefined)
          log.error('the lake cannot be written; intake is refused until it can', { reason });
        this.#failing = reason;
      },
    });
  }

  #tellIfIdle(): void {
    if (this.#flushing !== undefined) return;
    const nothingLeft = this.#current === undefined && this.#head >= this.#queue.length && this.#end === undefined;
    if (nothingLeft || this.#abort.signal.aborted) this.#idle?.();
  }
}
