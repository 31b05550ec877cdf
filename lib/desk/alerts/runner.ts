import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dispatcher } from '../../core/alerts/dispatch.ts';
import { observationOfVerdict } from '../../core/alerts/observe.ts';
import type { Alerts } from '../../core/alerts/runtime.ts';
import type { StrategyAlerts } from '../../core/alerts/state.ts';
import type { Observation } from '../../core/alerts/types.ts';
import { messageOf } from '../../core/errors.ts';
import type { Clock, Log, ObjectStore, StateStore } from '../../core/ports/index.ts';
import type { Verdict } from '../../core/transform/types.ts';
import { MARKS, objectsSince, readMark, writeMark } from '../lifecycle/replay.ts';

export interface AlertRunnerOptions {
  readonly alerts: Alerts;
  /** @default - nobody is told: alerts wait in the state, and are listed */
  readonly dispatcher?: Dispatcher;
  readonly store: ObjectStore;
  readonly state: StateStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether more comes in than was transformed: then the rules take a fifth of the time at most. */
  readonly busy: () => boolean;
  /** Unlike that of any other run on this folder. */
  readonly run: string;
  /** Told of every state after each tick, for gauges. @default - nobody is */
  readonly ticked?: (states: readonly StrategyAlerts[]) => void;
  /** How long events of one burst are gathered, and how often the rules are told the time, ms. @default - 100 and 1,000 */
  readonly gatherMs?: number;
  readonly tickMs?: number;
  /** Events that wait at most: what comes beside them is forgotten, and found again in the lake. @default - 100,000 */
  readonly mostQueued?: number;
  /** How long after it was judged an event has come to the lake, ms. @default - 30,000 */
  readonly storedMs?: number;
}

export interface AlertStats {
  /** Events that wait to be looked at. */
  readonly queued: number;
  /** Events looked at since the start. */
  readonly observed: number;
  readonly sent: number;
  /** Messages that no channel has taken yet. */
  readonly unsent: number;
  readonly failures: number;
  /** Why the last turn failed; absent once one succeeds. */
  readonly failing?: string;
}

/** Above so many waiting events they are forgotten, and found again in the lake. */
const MOST_QUEUED = 100_000;
/** Each strategy that an alert opens for is written before the next are looked at: of few, somebody hears soon. */
const AT_ONCE = 250;
/** Few enough that what they hold is in memory at once. */
const OBJECTS_AT_ONCE = 4;
const MARK_EVERY_MS = 10_000;
const DISPATCH_MS = 30_000;
const RETRY_MS = 1_000;
const SHARE_BUSY = 4; // times as long as the work took

/**
 * Shows the rules every verdict, tells them the time, and has people told. What it did not come to is found in the lake
 * at the next start; nothing that fails here costs an event.
 */
export class AlertRunner {
  readonly #options: AlertRunnerOptions;
  readonly #abort = new AbortController();
  #queue: Observation[] = [];
  #objects: string[] = [];
  /** When an event was last forgotten; undefined where all are looked at. */
  #forgotMs: number | undefined;
  /** Objects of the lake that are still to be looked at. */
  #missed: string[] = [];
  /** Of all strategies together, since the last tick. */
  #events = 0;
  #quarantined = 0;
  #ticks = 0;
  #observed = 0;
  #sent = 0;
  #unsent = 0;
  #failures = 0;
  #failing: string | undefined;
  #tickedAtMs = Number.NEGATIVE_INFINITY;
  #markedAtMs = Number.NEGATIVE_INFINITY;
  #caughtUp = false;
  #stopping = false;
  #running: Promise<void> | undefined;
  /** Calls under way; one beside another looks for what is new at the channels that do not hang. */
  readonly #dispatching = new Set<Promise<void>>();
  #wake: (() => void) | undefined;

  constructor(options: AlertRunnerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** A verdict was given. Never throws, and does no more than to note it. */
  judged(verdict: Verdict): void {
    this.#events++;
    if (verdict.outcome === 'quarantined') this.#quarantined++;
    const observation = observationOfVerdict(verdict);
    if (observation === undefined) return;
    const { clock, mostQueued = MOST_QUEUED } = this.#options;
    if (this.#queue.length >= mostQueued) this.#forgotMs = clock.nowMs();
    else this.#queue.push(observation);
    this.#wake?.();
  }

  /** An object of derived rows was written. */
  derived(key: string): void {
    this.#objects.push(key);
    this.#wake?.();
  }

  stats(): AlertStats {
    return {
      queued: this.#queue.length,
      observed: this.#observed,
      sent: this.#sent,
      unsent: this.#unsent,
      failures: this.#failures,
      ...(this.#failing === undefined ? {} : { failing: this.#failing }),
    };
  }

  /** Looks at what waits and has people told, for at most so long; the rest is done at the next start. */
  async stop(timeoutMs: number): Promise<void> {
    this.#stopping = true;
    this.#wake?.();
    const late = setTimeout(() => this.#abort.abort(), timeoutMs);
    const done = this.#running?.then(() => Promise.all(this.#dispatching));
    await Promise.race([done, once(this.#abort.signal, 'abort')]);
    clearTimeout(late);
  }

  async #run(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      const worked = await this.#attempt(() => this.#turn());
      if (this.#stopping && (!worked || this.#idle)) break;
      await (worked ? this.#next() : this.#sleep(RETRY_MS));
    }
    await this.#attempt(() => this.#options.alerts.flush());
    await this.#mark(0);
    this.#dispatch();
  }

  get #idle(): boolean {
    return this.#queue.length === 0 && this.#objects.length === 0 && this.#missed.length === 0;
  }

  async #turn(): Promise<void> {
    const { alerts, clock, tickMs = 1_000, ticked } = this.#options;
    await this.#catchUp();
    const worked = !this.#idle;
    await this.#look();
    const nowMs = clock.nowMs();
    const due = nowMs - this.#tickedAtMs >= tickMs || nowMs >= (alerts.dueMs() ?? Number.POSITIVE_INFINITY);
    if (due) {
      await this.#tellCounts(nowMs);
      await alerts.tick();
      this.#tickedAtMs = nowMs;
      ticked?.(await alerts.states());
    }
    if (due || worked) this.#dispatch();
    await this.#mark(MARK_EVERY_MS);
  }

  /** Shows the rules what waits, until it is time for a tick; what fails waits on, in its place. */
  async #look(): Promise<void> {
    const { alerts, busy, tickMs = 1_000 } = this.#options;
    const untilMs = performance.now() + tickMs;
    while (this.#queue.length > 0) {
      const startedMs = performance.now();
      if (startedMs > untilMs) return;
      const batch = this.#queue.slice(0, AT_ONCE);
      await alerts.observe(batch);
      this.#queue.splice(0, batch.length);
      this.#observed += batch.length;
      this.#dispatch(); // what is found in a flood is told before its end
      if (busy()) await this.#sleep((performance.now() - startedMs) * SHARE_BUSY);
    }
    if (this.#objects.length === 0) return;
    const objects = this.#objects.slice();
    await alerts.observeObjects(objects);
    this.#objects.splice(0, objects.length);
  }

  /** What came in since the last tick, of the whole desk. */
  async #tellCounts(nowMs: number): Promise<void> {
    const [events, quarantined] = [this.#events, this.#quarantined];
    if (events === 0) return;
    const eventId = `${this.#options.run}-${this.#ticks++}`;
    await this.#options.alerts.observe([
      {
        stream: 'pipeline',
        mode: null,
        strategyId: '*',
        sessionId: null,
        symbol: null,
        eventId,
        tsMs: nowMs,
        arrivedMs: nowMs,
        fields: { events, quarantined },
      },
    ]);
    this.#events -= events;
    this.#quarantined -= quarantined;
  }

  /**
   * Looks at the objects that an earlier run may not have come to, and at those of events that were forgotten, once all
   * of these are there: for as long as the time until a tick, the rest at the next turn. An event that was looked at
   * changes nothing.
   */
  async #catchUp(): Promise<void> {
    const { alerts, busy, tickMs = 1_000 } = this.#options;
    if (this.#missed.length === 0 && this.#isCatchUpDue) await this.#findMissed();
    const untilMs = performance.now() + tickMs;
    while (this.#missed.length > 0) {
      const startedMs = performance.now();
      if (startedMs > untilMs) return;
      const objects = this.#missed.slice(0, OBJECTS_AT_ONCE);
      await alerts.observeObjects(objects);
      this.#missed.splice(0, objects.length);
      if (busy()) await this.#sleep((performance.now() - startedMs) * SHARE_BUSY);
    }
    this.#caughtUp = true;
  }

  get #isCatchUpDue(): boolean {
    const { clock, storedMs = 30_000 } = this.#options;
    if (this.#forgotMs === undefined) return !this.#caughtUp;
    return this.#queue.length === 0 && clock.nowMs() - this.#forgotMs >= storedMs;
  }

  async #findMissed(): Promise<void> {
    const { store, state, clock, log } = this.#options;
    const forgotMs = this.#forgotMs;
    const mark = (await readMark(state, MARKS.alerts)) ?? clock.nowMs();
    this.#missed = await objectsSince(store, mark);
    if (this.#forgotMs === forgotMs) this.#forgotMs = undefined;
    this.#caughtUp = false;
    if (this.#missed.length > 0)
      log.info('shows the alert rules what they may not have seen', { objects: this.#missed.length });
  }

  /** Notes how far the rules are: everything that was judged before the queue was last empty. */
  async #mark(everyMs: number): Promise<void> {
    const { alerts, state, clock } = this.#options;
    const nowMs = clock.nowMs();
    if (!this.#idle || !this.#caughtUp || this.#forgotMs !== undefined || nowMs - this.#markedAtMs < everyMs) return;
    const noted = await this.#attempt(async () => {
      await alerts.flush();
      await writeMark(state, MARKS.alerts, nowMs);
    });
    if (noted) this.#markedAtMs = nowMs;
  }

  /** Has people told, beside everything else: a channel that hangs holds nothing up. */
  #dispatch(): void {
    const { dispatcher, clock, log } = this.#options;
    if (dispatcher === undefined) return;
    const ended = dispatcher
      .run(clock.nowMs() + DISPATCH_MS)
      .then(({ sent, waiting }) => {
        this.#sent += sent;
        this.#unsent = waiting;
      })
      .catch((error: unknown) =>
        log.error('nobody could be told of alerts; it is tried again', { reason: messageOf(error) }),
      )
      .finally(() => this.#dispatching.delete(ended));
    this.#dispatching.add(ended);
  }

  /** Until something comes, or it is time for a tick. */
  async #next(): Promise<void> {
    const { alerts, clock, gatherMs = 100, tickMs = 1_000 } = this.#options;
    if (this.#stopping) return;
    if (this.#idle) {
      const untilDueMs = (alerts.dueMs() ?? Number.POSITIVE_INFINITY) - clock.nowMs();
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(1, Math.min(tickMs, untilDueMs)));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    if (!this.#idle) await this.#sleep(gatherMs);
  }

  /** Works once. A failure is told where the turn before succeeded. */
  async #attempt(work: () => Promise<void>): Promise<boolean> {
    const { log } = this.#options;
    let reason: string | undefined;
    try {
      await work();
    } catch (error) {
      reason = messageOf(error);
      this.#failures++;
    }
    if (reason !== undefined && this.#failing === undefined)
      log.error('the alerts fail; it is tried again', { reason });
    if (reason === undefined && this.#failing !== undefined) log.info('the alerts go on');
    this.#failing = reason;
    return reason === undefined;
  }

  #sleep(ms: number): Promise<unknown> {
    return this.#stopping
      ? Promise.resolve()
      : sleep(ms, undefined, { signal: this.#abort.signal }).catch(() => undefined);
  }
}
