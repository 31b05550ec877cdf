import { messageOf } from '../errors.ts';
import type { Delivered, Notifier } from '../ports/index.ts';
import type { DispatcherOptions } from './dispatch.ts';
import type { Pause } from './lease.ts';
import { type AlertMessage, planMessages } from './messages.ts';
import type { Notice } from './types.ts';

/** Slack: one message a second per channel. Counted from the answer, so that no delay on the way brings two closer. */
const BETWEEN_MS = 1_000;

const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 60_000;

/** Longest pause a channel may ask for: an absurd figure must not silence the watch for good. */
const LONGEST_PAUSE_MS = 60 * 60_000;

export interface ChannelLineOptions extends DispatcherOptions {
  readonly name: string;
  readonly notifier: Notifier<AlertMessage>;
  /** Called when the channel is to be left alone for more than the usual second. */
  readonly pausesChanged: () => Promise<void>;
}

/** One channel: its pace, its pauses, and what it was told. */
export interface ChannelLine {
  /** Tells what waits until nothing does or the time is over; while it runs, another call looks for more. Never throws. */
  run(untilMs: number): Promise<void>;
  /** Whether something waits for it, and it is told or left alone for a while. */
  busy(): boolean;
  /** Begins no further message in this run. */
  stop(): void;
  pause(): Pause;
  /** Waits at least as long as another process was asked to. */
  obey(pause: Pause | undefined): void;
  /** What was sent and refused since this was asked last. */
  takeCounts(): { readonly sent: number; readonly refused: number };
  /** Why something waits or was refused; undefined after a message was taken. */
  reason(): string | undefined;
}

type Outcome = 'sent' | 'refused';

export function createChannelLine(options: ChannelLineOptions): ChannelLine {
  const { box, name, notifier, settings, clock, sleep, log, pausesChanged } = options;
  let readyMs = 0;
  let failures = 0;
  let reason: string | undefined;
  let refusing = false;
  let counts = { sent: 0, refused: 0 };
  let endMs = 0;
  let again = false;
  let busy = false;
  let running: Promise<void> | undefined;
  /** What the box could not be told yet, by change. */
  const untold = new Map<string, Outcome>();
  /** Changes marked unsure before they were sent, whose answer then said for certain that nothing was shown. */
  const notShown = new Set<string>();

  /** Tells the box what it does not know yet. */
  async function settle(): Promise<void> {
    for (const outcome of ['sent', 'refused'] as const) {
      const ids = [...untold].filter(([, one]) => one === outcome).map(([id]) => id);
      if (ids.length === 0) continue;
      await box.told(name, ids, outcome);
      for (const id of ids) untold.delete(id);
    }
  }

  async function waiting(): Promise<Notice[]> {
    const notices = await box.waiting();
    return notices
      .filter(({ change, to }) => to.includes(name) && !untold.has(change.id))
      .map((notice) => (notShown.has(notice.change.id) ? { ...notice, unsure: [] } : notice));
  }

  /** Waits for the channel's next moment. @returns false where that is beyond the time given */
  async function ready(): Promise<boolean> {
    for (;;) {
      const nowMs = clock.nowMs();
      if (Math.max(nowMs, readyMs) > endMs) return false;
      if (readyMs <= nowMs) return true;
      await sleep(readyMs - nowMs);
    }
  }

  async function loop(): Promise<void> {
    for (;;) {
      again = false;
      await settle();
      if ((await waiting()).length === 0) {
        if (again) continue;
        busy = false;
        running = undefined; // at once: whoever calls from now on is not to wait for a loop that has looked already
        return;
      }
      busy = true;
      if (!(await ready())) return;
      // What came in the meantime shares the messages.
      const notices = await waiting();
      const unsure = new Set(notices.filter((one) => one.unsure.includes(name)).map(({ change }) => change.id));
      for (const message of planMessages(notices, name, settings)) {
        if (!(await ready())) return;
        if (!(await tell(message, unsure))) break;
      }
    }
  }

  /** @returns whether the next message may follow */
  async function tell(message: AlertMessage, unsure: ReadonlySet<string>): Promise<boolean> {
    const ids = message.changes.map(({ id }) => id);
    // A process that dies before it knows the answer has lost it: what it leaves behind must say so.
    await box.told(name, ids, 'unsure').catch((error: unknown) => {
      log.warn('alerts could not be marked before they were sent', { channel: name, reason: messageOf(error) });
    });
    const answer = await send(message);
    const nowMs = clock.nowMs();
    if (answer.outcome === 'sent' || answer.outcome === 'refused') {
      readyMs = nowMs + BETWEEN_MS;
      for (const id of ids) {
        notShown.delete(id);
        untold.set(id, answer.outcome);
      }
      ended(answer, ids.length);
      await settle();
      return true;
    }
    for (const id of ids) {
      if (answer.outcome === 'retry' && !unsure.has(id)) notShown.add(id);
      else notShown.delete(id);
    }
    failures++;
    const backoffMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(failures - 1, 10));
    const askedMs = answer.outcome === 'retry' ? answer.afterMs : undefined;
    readyMs = nowMs + Math.max(BETWEEN_MS, Math.min(LONGEST_PAUSE_MS, askedMs ?? backoffMs));
    reason = answer.reason;
    if (failures === 1) log.warn('a channel did not take an alert; it is sent again', { channel: name, ...answer });
    await pausesChanged();
    return false;
  }

  async function send(message: AlertMessage): Promise<Delivered> {
    try {
      return await notifier.send(message);
    } catch (error) {
      return { outcome: 'unsure', reason: messageOf(error) };
    }
  }

  function ended(answer: Extract<Delivered, { outcome: Outcome }>, changes: number): void {
    if (failures > 0 && answer.outcome === 'sent')
      log.info('a channel takes alerts again', { channel: name, failures });
    failures = 0;
    if (answer.outcome === 'sent') {
      counts = { ...counts, sent: counts.sent + 1 };
      refusing = false;
      reason = undefined;
      return;
    }
    counts = { ...counts, refused: counts.refused + changes };
    reason = answer.reason;
    if (!refusing)
      log.error('a channel refuses alerts, and they are lost to it: check its address', {
        channel: name,
        reason: answer.reason,
      });
    refusing = true;
  }

  async function runSafely(): Promise<void> {
    try {
      await loop();
    } catch (error) {
      reason = messageOf(error);
      readyMs = Math.max(readyMs, clock.nowMs() + BETWEEN_MS);
      log.error('alerts of a channel could not be told; they wait', { channel: name, reason });
    } finally {
      busy = false;
    }
  }

  return {
    run(untilMs) {
      endMs = running === undefined ? untilMs : Math.max(endMs, untilMs);
      again = true;
      if (running !== undefined) return running;
      const own = runSafely().finally(() => {
        if (running === own) running = undefined;
      });
      running = own;
      return own;
    },
    busy: () => busy,
    stop() {
      endMs = Number.NEGATIVE_INFINITY;
    },
    pause: () => ({ readyMs, failures }),
    obey(pause) {
      if (pause === undefined) return;
      readyMs = Math.max(readyMs, pause.readyMs);
      failures = Math.max(failures, pause.failures);
    },
    takeCounts() {
      const taken = counts;
      counts = { sent: 0, refused: 0 };
      return taken;
    },
    reason: () => reason,
  };
}
