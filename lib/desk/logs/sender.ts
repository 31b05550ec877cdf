import { MAX_BATCH_RECORDS, PACK_BYTES } from '../../core/limits.ts';
import type { Deliver, Outcome } from '../delivery-client.ts';
import { type PackedRecord, Packer } from './packing.ts';
import type { Point } from './point.ts';

export interface SenderOptions<L> {
  /** Batches on their way at one time. @default 3 */
  readonly concurrency?: number;
  /** Told of every record once, when its fate is known; in any order. */
  readonly onSettled: (record: PackedRecord<L>, outcome: Outcome) => void;
  /** Told, in order, of points before which every line is settled and none aborted. */
  readonly onPoint?: (log: L, point: Point) => void;
}

interface Batch<L> {
  readonly records: PackedRecord<L>[];
  readonly points: Map<L, Point>;
  settled: boolean;
}

/** Batches settled behind one that is not: beyond this many, that one is waited for. */
const MAX_BEHIND = 64;

/**
 * Packs lines, sends them a few batches at a time and says how far each log is delivered. `add` waits while the window
 * is full, so that a reader runs no faster than the receiver takes: memory is bounded by the window. One producer only.
 */
export class Sender<L> {
  readonly #deliver: Deliver;
  readonly #options: SenderOptions<L>;
  readonly #packer = new Packer<L>();
  /** Marks that the next record to close fulfils. */
  readonly #marks = new Map<L, Point>();
  #open: Batch<L> = newBatch();
  #openBytes = 0;
  /** In order: on their way, or settled behind one that is. */
  readonly #batches: Batch<L>[] = [];
  readonly #running = new Set<Promise<void>>();
  #failure: unknown;
  #aborted = false;

  constructor(deliver: Deliver, options: SenderOptions<L>) {
    this.#deliver = deliver;
    this.#options = options;
  }

  /** Adds one wire line. @throws what the delivery throws */
  async add(text: string, at: { log: L; line: number }): Promise<void> {
    const closed = this.#packer.add(text, at);
    if (closed !== undefined) await this.#push(closed);
  }

  /** Says that all lines of a log before the point were added. */
  mark(log: L, point: Point): void {
    this.#marks.set(log, point);
  }

  /** Sends what is packed and waits until everything is settled. @throws what the delivery throws */
  async flush(): Promise<void> {
    const closed = this.#packer.close();
    if (closed !== undefined) await this.#push(closed);
    this.#moveMarks();
    await this.#dispatch();
    await Promise.all(this.#running);
    this.#rethrow();
  }

  async #push(record: PackedRecord<L>): Promise<void> {
    const full = this.#open.records.length === MAX_BATCH_RECORDS || this.#openBytes + record.data.length > PACK_BYTES;
    if (full && this.#open.records.length > 0) await this.#dispatch();
    this.#moveMarks();
    this.#open.records.push(record);
    this.#openBytes += record.data.length;
  }

  #moveMarks(): void {
    for (const [log, point] of this.#marks) this.#open.points.set(log, point);
    this.#marks.clear();
  }

  async #dispatch(): Promise<void> {
    const { concurrency = 3 } = this.#options;
    while (this.#running.size > 0 && (this.#running.size >= concurrency || this.#batches.length >= MAX_BEHIND)) {
      this.#rethrow();
      await Promise.race(this.#running);
    }
    this.#rethrow();
    const batch = this.#open;
    this.#open = newBatch();
    this.#openBytes = 0;
    if (batch.records.length === 0 && batch.points.size === 0) return;
    this.#batches.push(batch);
    const run: Promise<void> = this.#send(batch)
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  async #send(batch: Batch<L>): Promise<void> {
    const outcomes = batch.records.length === 0 ? [] : await this.#deliver(batch.records.map((record) => record.data));
    for (const [index, record] of batch.records.entries()) {
      const outcome = outcomes[index] ?? { kind: 'aborted' };
      if (outcome.kind === 'aborted') this.#aborted = true;
      this.#options.onSettled(record, outcome);
    }
    if (this.#aborted) return; // no point from here on holds
    batch.settled = true;
    batch.records.length = 0; // it may wait long for one before it
    while (this.#batches[0]?.settled === true)
      for (const [log, point] of this.#batches.shift()?.points ?? []) this.#options.onPoint?.(log, point);
  }

  #rethrow(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

const newBatch = <L>(): Batch<L> => ({ records: [], points: new Map(), settled: false });
