import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../core/errors.ts';
import type { Ledger } from '../../core/lifecycle/ledger.ts';
import type { Clock, Log, ObjectStore, StateStore } from '../../core/ports/index.ts';
import { MARKS, namedMs, objectsSince, readMark, writeMark } from './replay.ts';

export interface LedgerRunnerOptions {
  readonly ledger: Ledger;
  readonly store: ObjectStore;
  readonly state: StateStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether more comes in than was transformed: then the ledger takes a fifth of the time at most. */
  readonly busy: () => boolean;
  /** How long objects of one flush are waited for, and how often the ledger is told the time, ms. @default - 200 and 1,000 */
  readonly gatherMs?: number;
  readonly tickMs?: number;
  /** Pauses after a failure, ms; after five in a row objects are set aside. @default - 200 to 10,000 */
  readonly retry?: { readonly firstMs: number; readonly maxMs: number };
}

export interface LedgerStats {
  /** Objects that wait to be taken in. */
  readonly queued: number;
  /** Objects that some ledger could not take in; shown to it again now and then. */
  readonly setAside: number;
  /** Objects taken in since the start. */
  readonly taken: number;
  readonly failures: number;
  /** Why the last call failed; absent once one succeeds. */
  readonly failing?: string;
  /** Whether everything that an earlier desk left has been taken in. */
  readonly caughtUp: boolean;
  /** Time spent, ms. */
  readonly workMs: number;
}

const BATCH = 64;
const MOST_BATCH = 512;
/** Above so many waiting objects they are forgotten, and found again in the lake. */
const MOST_QUEUED = 100_000;
const MARK_EVERY_MS = 10_000;
const MOST_PARKED = 10_000;
const PARKED_MS = 60_000;
const MOST_TRIES = 5;
const SHARE_BUSY = 4; // times as long as the work took
const SHARE_IDLE = 0.25;

/**
 * Shows the ledger what is written into the lake, one batch at a time, and tells it the time. Nothing that fails stops
 * it; what it did not come to is found in the lake at the next start.
 */
export class LedgerRunner {
  readonly #options: LedgerRunnerOptions;
  readonly #abort = new AbortController();
  #queue: string[] = [];
  #taken = 0;
  #failures = 0;
  #failing: string | undefined;
  #caughtUp = false;
  /** Objects that some ledger could not take in. */
  #parked: string[] = [];
  #parkedAtMs = 0;
  #markedAtMs = Number.NEGATIVE_INFINITY;
  #overflowed = false;
  #workMs = 0;
  #stopping = false;
  #running: Promise<void> | undefined;
  #wake: (() => void) | undefined;

  constructor(options: LedgerRunnerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** An object was written. */
  push(key: string): void {
    if (this.#queue.length >= MOST_QUEUED) {
      this.#overflowed = true;
      return;
    }
    this.#queue.push(key);
    this.#wake?.();
  }

  stats(): LedgerStats {
    return {
      queued: this.#queue.length,
      setAside: this.#parked.length,
      taken: this.#taken,
      failures: this.#failures,
      ...(this.#failing === undefined ? {} : { failing: this.#failing }),
      caughtUp: this.#caughtUp,
      workMs: Math.round(this.#workMs),
    };
  }

  /** Takes in what waits, for at most so long; what is left is found at the next start. */
  async stop(timeoutMs: number): Promise<void> {
    this.#stopping = true;
    this.#wake?.();
    const late = setTimeout(() => this.#abort.abort(), timeoutMs);
    // A call that takes longer than that goes on alone: whatever it has not done when the process ends is done again.
    await Promise.race([this.#running, once(this.#abort.signal, 'abort')]);
    clearTimeout(late);
  }

  async #run(): Promise<void> {
    if (!(await this.#tried(() => this.#catchUp())))
      this.#options.log.error('the ledger goes on without what an earlier desk left; the next start tries again');
    while (!this.#abort.signal.aborted) {
      await this.#takeAll();
      if (this.#overflowed) {
        this.#overflowed = false;
        await this.#tried(() => this.#catchUp());
        continue;
      }
      if (this.#stopping) break;
      await this.#attempt(() => this.#options.ledger.tick());
      await this.#retryParked();
      await this.#mark(MARK_EVERY_MS);
      await this.#next();
    }
    if (!this.#abort.signal.aborted) await this.#mark(0);
  }

  /** Finds in the lake what was not taken in, or folds all of it where no ledger ever did. */
  async #catchUp(): Promise<void> {
    const { ledger, store, state, log } = this.#options;
    const mark = await readMark(state, MARKS.ledger);
    if (mark === undefined) {
      const reports = await ledger.rebuild();
      if (reports.length > 0) log.info('folded the lake into ledgers', { ledgers: reports.length });
    } else {
      const missed = await objectsSince(store, mark);
      if (missed.length > 0) log.info('shows the ledger what it may not have seen', { objects: missed.length });
      this.#queue.unshift(...missed);
    }
    this.#caughtUp = true;
  }

  async #takeAll(): Promise<void> {
    while (this.#queue.length > 0 && !this.#abort.signal.aborted) {
      const batch = this.#batch();
      const done = await this.#tried(() => this.#options.ledger.applyObjects(batch));
      this.#queue.splice(0, batch.length);
      if (done) this.#taken += batch.length;
      else this.#park(batch);
    }
  }

  /** One ledger that cannot take them in must not keep all others waiting. */
  #park(batch: readonly string[]): void {
    this.#options.log.error('objects are set aside, and shown to the ledger again now and then', {
      objects: batch.length,
    });
    this.#parked = [...this.#parked, ...batch].slice(-MOST_PARKED);
    this.#parkedAtMs = this.#options.clock.nowMs();
  }

  async #retryParked(): Promise<void> {
    const { clock, ledger } = this.#options;
    if (this.#parked.length === 0 || clock.nowMs() - this.#parkedAtMs < PARKED_MS) return;
    this.#parkedAtMs = clock.nowMs();
    const batch = this.#parked.slice(0, MOST_BATCH);
    if (!(await this.#attempt(() => ledger.applyObjects(batch)))) return;
    this.#parked = this.#parked.slice(batch.length);
    this.#taken += batch.length;
  }

  /** The objects that wait longest, with all of their flush: events that belong together are in several. */
  #batch(): string[] {
    let to = Math.min(BATCH, this.#queue.length);
    const last = namedMs(this.#queue[to - 1] ?? '');
    while (to < MOST_BATCH && to < this.#queue.length && namedMs(this.#queue[to] ?? '') === last) to++;
    return this.#queue.slice(0, to);
  }

  /** Notes how far the ledger is: everything that was written before the queue was last empty. */
  async #mark(everyMs: number): Promise<void> {
    const { state, clock } = this.#options;
    const nowMs = clock.nowMs();
    const behind = this.#queue.length > 0 || this.#parked.length > 0 || this.#overflowed || !this.#caughtUp;
    if (behind || nowMs - this.#markedAtMs < everyMs) return;
    if (await this.#attempt(() => writeMark(state, MARKS.ledger, nowMs))) this.#markedAtMs = nowMs;
  }

  /** Until an object comes, or it is time for a tick. */
  async #next(): Promise<void> {
    const { gatherMs = 200, tickMs = 1_000 } = this.#options;
    if (this.#queue.length === 0 && !this.#stopping) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, tickMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    if (this.#queue.length > 0 && !this.#stopping) await this.#sleep(gatherMs);
  }

  /** Tries a few times, ever more rarely. @returns whether it succeeded */
  async #tried(work: () => Promise<void>): Promise<boolean> {
    const { firstMs, maxMs } = this.#options.retry ?? { firstMs: 200, maxMs: 10_000 };
    let pauseMs = firstMs;
    for (let tries = 0; tries < MOST_TRIES && !this.#abort.signal.aborted; tries++) {
      if (await this.#attempt(work)) return true;
      if (this.#stopping) return false;
      await this.#sleep(pauseMs);
      pauseMs = Math.min(pauseMs * 2, maxMs);
    }
    return false;
  }

  /** Works once and leaves time to others. A failure is told where the call before succeeded. */
  async #attempt(work: () => Promise<void>): Promise<boolean> {
    const { log, busy } = this.#options;
    const startedMs = performance.now();
    let reason: string | undefined;
    try {
      await work();
    } catch (error) {
      reason = messageOf(error);
    }
    const tookMs = performance.now() - startedMs;
    this.#workMs += tookMs;
    if (reason !== undefined) this.#failures++;
    if (reason !== undefined && this.#failing === undefined)
      log.error('the ledger fails; it is tried again', { reason });
    if (reason === undefined && this.#failing !== undefined) log.info('the ledger goes on');
    this.#failing = reason;
    if (tookMs > 1) await this.#sleep(tookMs * (busy() ? SHARE_BUSY : SHARE_IDLE));
    return reason === undefined;
  }

  #sleep(ms: number): Promise<unknown> {
    return this.#stopping
      ? Promise.resolve()
      : sleep(ms, undefined, { signal: this.#abort.signal }).catch(() => undefined);
  }
}
