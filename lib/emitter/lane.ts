import { attempt } from './attempt.ts';
import { pause, waitMs } from './backoff.ts';
import type { DropReason } from './drop-reason.ts';
import { textOfError } from './emitter-error.ts';
import type { BatchSettings, LaneSettings, LaneStats } from './lane-settings.ts';
import { type Entry, Outbox } from './outbox.ts';
import type { Spool } from './spool/spool.ts';

/** What is written to the spool in one piece: more would hold up the bot while secrets are taken out. */
const SPOOL_AT_ONCE = { events: 1_000, bytes: 256 * 1024 };

/** One sink with its queue, spool, retries and count. */
export class Lane {
  readonly #settings: LaneSettings;
  readonly #outbox: Outbox;
  readonly #dropped: Partial<Record<DropReason, number>> = Object.create(null);
  readonly #waiters = new Set<{ readonly until: number; readonly done: () => void }>();
  readonly #closing = new AbortController();
  #spool: Spool | undefined;
  #spoolFails = false;
  #adopting: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #spoolTimer: NodeJS.Timeout | undefined;
  #soon = false;
  #sending: Promise<void> | undefined;
  #spooling: Promise<void> | undefined;
  #hurry = new AbortController();
  /** Everything up to this one is to be sent at once. */
  #urgent = 0;
  #accepted = 0;
  #delivered = 0;
  #retried = 0;
  #lastOrdinal = 0;
  #lastProblem: string | undefined;

  constructor(settings: LaneSettings) {
    this.#settings = settings;
    this.#outbox = new Outbox(settings.queue, (entry) => this.#drop(entry, 'overflow', 'the queue is full'));
  }

  get name(): string {
    return this.#settings.sink.name;
  }

  get batch(): BatchSettings {
    return this.#settings.batch;
  }

  takes(stream: string): boolean {
    return this.#settings.takes(stream);
  }

  /** Keeps what waits on the disk from now on, and takes over what dead processes have left there. */
  useSpool(make: (events: ConstructorParameters<typeof Spool>[1]) => Spool): void {
    this.#spool = make({
      dropped: (entry, reason) => this.#drop(entry, reason, 'the spool is full'),
      lost: (count, reason) => {
        this.#count(reason, count);
        this.#settings.report({
          code: reason,
          message: `${this.name}: ${count} events in the spool are lost: ${reason}`,
        });
      },
    });
    this.adopt();
  }

  /** Looks for what dead processes have left. */
  adopt(): void {
    const spool = this.#spool;
    if (spool === undefined || this.#adopting !== undefined || this.#closing.signal.aborted) return;
    this.#adopting = spool.adopt(Date.now()).then((lines) => {
      this.#adopting = undefined;
      if (lines > 0) this.#wake(true);
    });
  }

  push(entry: Entry): void {
    this.#accepted++;
    this.#lastOrdinal = entry.ordinal;
    this.#outbox.push(entry);
    const { batch } = this.#settings;
    const full = this.#outbox.queued >= batch.events || this.#outbox.chars >= batch.bytes;
    if (full) {
      if (!this.#soon) {
        this.#soon = true;
        setImmediate(this.#onFull).unref();
      }
    } else if (this.#timer === undefined || (this.#spool !== undefined && this.#spoolTimer === undefined)) this.#arm();
  }

  readonly #onFull = (): void => {
    this.#soon = false;
    if (this.#spool !== undefined) void this.#startSpooling();
    this.#wake(false);
  };

  #arm(): void {
    const { batch, spoolEveryMs } = this.#settings;
    this.#timer ??= setTimeout(this.#onTimer, batch.everyMs).unref();
    if (this.#spool !== undefined) this.#spoolTimer ??= setTimeout(this.#onSpoolTimer, spoolEveryMs).unref();
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.#wake(true);
  };

  readonly #onSpoolTimer = (): void => {
    this.#spoolTimer = undefined;
    void this.#startSpooling();
  };

  /** Starts to send, if it is not sending. @param due whatever waits, not only full batches */
  #wake(due: boolean): void {
    if (due) this.#urgent = Math.max(this.#urgent, this.#lastOrdinal);
    if (this.#sending !== undefined || this.#closing.signal.aborted) return;
    this.#sending = this.#send()
      .catch((error: unknown) => {
        this.#onFault(error, this.#spool);
        return false;
      })
      .then((drained) => {
        this.#sending = undefined;
        if (this.#closing.signal.aborted) return;
        if (drained && this.#ready())
          this.#wake(false); // asked for while it ended
        else if (this.#held > 0) this.#arm();
      });
  }

  /** A fault of ours must not reach the bot as an unhandled rejection; what was in flight is tried again. */
  #onFault(error: unknown, source: { restore(): void } | undefined): void {
    source?.restore();
    const message = `${this.name}: a fault of the emitter: ${textOfError(error)}`;
    this.#settings.report({ code: 'internal', message });
  }

  get #held(): number {
    return this.#outbox.size + (this.#spool?.count ?? 0);
  }

  /** Whether there is a full batch, or something that is due. */
  #ready(): boolean {
    const { events, bytes } = this.#settings.batch;
    const oldest = this.#oldest();
    if (oldest === undefined) return false;
    if (oldest.ordinal <= this.#urgent) return true;
    return this.#outbox.queued >= events || this.#outbox.chars >= bytes || (this.#spool?.holds(events, bytes) ?? false);
  }

  /** @returns whether it ended because nothing was left to do */
  async #send(): Promise<boolean> {
    await this.#adopting;
    while (this.#ready() && !this.#closing.signal.aborted) {
      if (this.#spool !== undefined && !this.#spoolFails && this.#outbox.queued > 0) await this.#startSpooling();
      const spooled = await this.#fromSpool();
      const batch = spooled.length > 0 ? spooled : this.#fromMemory();
      if (batch.length === 0) return false;
      const left = await this.#deliver(batch, spooled.length > 0);
      if (spooled.length === 0) {
        if (left.length > 0) this.#outbox.putBack();
        else this.#outbox.done();
      } else if (left.length > 0) this.#spool?.putBack(left);
      else this.#spool?.done();
      this.#tellWaiters();
    }
    return true;
  }

  /** What lies there and cannot be read just now stays there. */
  async #fromSpool(): Promise<readonly Entry[]> {
    try {
      return (await this.#spool?.next(this.#settings.batch)) ?? [];
    } catch (error) {
      this.#spool?.restore();
      const message = `${this.name}: the spool cannot be read: ${textOfError(error)}`;
      this.#settings.report({ code: 'spool_unreadable', message });
      return [];
    }
  }

  /** Straight from memory: without a spool, or where the disk refuses. What is being written to the spool is not touched. */
  #fromMemory(): readonly Entry[] {
    if (this.#spool !== undefined && (!this.#spoolFails || this.#spooling !== undefined)) return [];
    return this.#outbox.take(this.#settings.batch, this.#settings.seal);
  }

  /** Sends until nothing is left of the batch. @returns what is left, because the emitter closes */
  async #deliver(batch: readonly Entry[], spooled: boolean): Promise<readonly Entry[]> {
    const { retry, sink, sendTimeoutMs } = this.#settings;
    const startMs = performance.now();
    let left = batch;
    for (let attempts = 1; ; attempts++) {
      const outcomes = await attempt(sink, left, { timeoutMs: sendTimeoutMs, closing: this.#closing.signal });
      const again: Entry[] = [];
      let why = '';
      for (const [i, entry] of left.entries()) {
        const outcome = outcomes[i] ?? { retry: 'the sink gave no outcome' };
        if (outcome === 'delivered') {
          this.#delivered++;
          settle(entry, undefined);
        } else if ('refused' in outcome) this.#drop(entry, 'refused', outcome.refused);
        else {
          why = outcome.retry;
          again.push(entry);
        }
      }
      left = again;
      if (spooled) this.#spool?.left(left.length);
      else this.#outbox.keep(left);
      if (left.length === 0) {
        this.#lastProblem = undefined;
        return [];
      }
      this.#lastProblem = why;
      this.#settings.report({
        code: 'retrying',
        message: `${this.name}: ${left.length} of ${batch.length} events were not taken: ${why}`,
      });
      if (this.#closing.signal.aborted) return left;
      if (attempts >= retry.attempts || performance.now() - startMs >= retry.forMs) {
        for (const entry of left) this.#drop(entry, 'gave_up', why);
        if (spooled) this.#spool?.left(0);
        else this.#outbox.keep([]);
        return [];
      }
      this.#hurry = new AbortController();
      await pause(waitMs(retry, attempts - 1, Math.random()), this.#hurry.signal);
      if (this.#closing.signal.aborted) return left;
      this.#retried++;
    }
  }

  /** Moves what is in memory to the spool. Never throws. */
  #startSpooling(): Promise<void> {
    this.#spooling ??= this.#moveToSpool()
      .catch((error: unknown) => this.#onFault(error, this.#outbox))
      .finally(() => {
        this.#spooling = undefined;
      });
    return this.#spooling;
  }

  async #moveToSpool(): Promise<void> {
    const spool = this.#spool;
    // While the disk refuses, the sender takes from memory: two must not take at once.
    if (spool === undefined || (this.#spoolFails && this.#outbox.inFlight > 0)) return;
    while (this.#outbox.queued > 0) {
      const batch = this.#outbox.take(SPOOL_AT_ONCE, this.#settings.seal);
      try {
        await spool.append(batch, (left, refused) => {
          this.#outbox.keep(left);
          for (const entry of refused) this.#drop(entry, 'spool_full', 'the spool is full of events worth more');
        });
        this.#spoolFails = false;
      } catch (error) {
        this.#outbox.putBack();
        this.#spoolFails = true;
        this.#settings.report({
          code: 'spool_unwritable',
          message: `${this.name}: the spool cannot be written: ${textOfError(error)}`,
        });
        break;
      }
    }
    if (this.#held > 0 && this.#sending === undefined) this.#arm();
  }

  #drop(entry: Entry, reason: DropReason, why: string): void {
    this.#count(reason, 1);
    this.#settings.onDrop(entry, reason, why);
    settle(entry, reason);
  }

  #count(reason: DropReason, events: number): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + events;
    if (this.#waiters.size > 0) queueMicrotask(() => this.#tellWaiters()); // once the queue has let go of it
  }

  #oldest(): { readonly ordinal: number; readonly sinceMs: number } | undefined {
    const waiting = this.#outbox.oldest();
    const spooled = this.#spool?.oldest();
    if (waiting === undefined) return spooled;
    if (spooled !== undefined && spooled.ordinal <= waiting.ordinal) return spooled;
    return { ordinal: waiting.ordinal, sinceMs: waiting.emittedMs };
  }

  #tellWaiters(): void {
    if (this.#waiters.size === 0) return;
    const oldest = this.#oldest();
    for (const waiter of this.#waiters)
      if (oldest === undefined || oldest.ordinal > waiter.until) {
        this.#waiters.delete(waiter);
        waiter.done();
      }
  }

  /** Sends everything that was pushed so far, at once. Resolves when it is settled; waits for ever while the sink does. */
  async flush(): Promise<void> {
    await this.#adopting;
    if (this.#oldest() === undefined || this.#closing.signal.aborted) return;
    const until = this.#lastOrdinal;
    const settled = new Promise<void>((done) => {
      this.#waiters.add({ until, done });
    });
    this.#hurry.abort();
    this.#wake(true);
    await settled;
  }

  /** Stops sending; what is left goes to the spool, or is dropped as `closed` where there is none. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#hurry.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#spoolTimer);
    await this.#adopting;
    await this.#spooling;
    await this.#sending;
    if (this.#spool !== undefined && !this.#spoolFails) await this.#startSpooling();
    for (const entry of this.#takeAll()) this.#drop(entry, 'closed', 'the emitter was closed before it could be sent');
    this.#outbox.done();
    await this.#spool?.close();
    for (const { done } of this.#waiters) done();
    this.#waiters.clear();
    const { sink } = this.#settings;
    try {
      await Promise.race([sink.close?.(), new Promise((resolve) => setTimeout(resolve, 1_000).unref())]);
    } catch (error) {
      this.#settings.report({ code: 'close', message: `${this.name}: closing failed: ${textOfError(error)}` });
    }
  }

  /** For `immediate`: at once, or behind what is on its way just now. */
  saveNow(): void {
    if (this.#outbox.inFlight === 0) this.saveSync();
  }

  /** For the end of a process that can no longer wait: what is in memory goes to the spool, or to a sink that can take it at once. */
  saveSync(): void {
    const { sink } = this.#settings;
    if (this.#spool === undefined && sink.sendSync === undefined) return;
    try {
      const entries = this.#takeAll();
      if (entries.length === 0) return;
      if (this.#spool !== undefined) {
        const refused = this.#spool.appendSync(entries);
        for (const entry of refused) this.#drop(entry, 'spool_full', 'the spool is full');
      } else {
        sink.sendSync?.(entries);
        this.#delivered += entries.length;
        for (const entry of entries) settle(entry, undefined);
      }
      this.#outbox.done();
    } catch (error) {
      this.#outbox.putBack();
      this.#settings.report({
        code: 'exit',
        message: `${this.name}: events in memory could not be kept: ${textOfError(error)}`,
      });
    }
  }

  /** Everything in memory, what is in flight there included: an attempt may be cut off by the end of the process. */
  #takeAll(): readonly Entry[] {
    this.#outbox.putBack();
    return this.#outbox.take(
      { events: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY },
      this.#settings.seal,
    );
  }

  stats(): LaneStats {
    const oldest = this.#oldest();
    const spooled = this.#spool?.count ?? 0;
    return {
      name: this.name,
      accepted: this.#accepted,
      recovered: this.#spool?.recovered ?? 0,
      delivered: this.#delivered,
      dropped: { ...this.#dropped },
      held: this.#outbox.size + spooled,
      inFlight: this.#outbox.inFlight,
      spooled,
      spoolBytes: this.#spool?.bytes ?? 0,
      retried: this.#retried,
      oldestAgeMs: oldest === undefined ? 0 : Math.max(0, Date.now() - oldest.sinceMs),
      lastProblem: this.#lastProblem,
    };
  }
}

function settle({ settled }: Entry, reason: DropReason | undefined): void {
  settled?.(reason);
}
