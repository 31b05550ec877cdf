import { messageOf } from '../errors.ts';
import type { Clock, Log, Notifier, StateStore } from '../ports/index.ts';
import { type ChannelLine, createChannelLine } from './channel-line.ts';
import { type Lease, type Pauses, takeLease } from './lease.ts';
import type { AlertMessage, MessageSettings } from './messages.ts';
import type { AlertSettings, Notice } from './types.ts';

/** Where notices lie until their channels have been told. */
export interface NoticeBox {
  /** All notices that wait, of one alert in the order of its changes. */
  waiting(): Promise<readonly Notice[]>;
  /**
   * What became of changes at a channel; durable when it resolves. `sent` and `refused` take them out for that channel,
   * `unsure` keeps them and marks that they may have been shown.
   */
  told(channel: string, changeIds: readonly string[], outcome: 'sent' | 'unsure' | 'refused'): Promise<void>;
}

export interface DispatcherOptions {
  readonly box: NoticeBox;
  /** By name. A channel of the settings that is not here has no address: what is for it waits. */
  readonly channels: ReadonlyMap<string, Notifier<AlertMessage>>;
  readonly settings: MessageSettings & Pick<AlertSettings, 'channels'>;
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<void>;
  readonly log: Log;
  /** Where several processes may dispatch: only the holder of the lease there does. @default - no lease */
  readonly lease?: StateStore;
  /** Tells this process from others that share the lease: random. Needed with `lease`. */
  readonly owner?: string;
}

export interface ChannelReport {
  /** Messages that the channel took. */
  readonly sent: number;
  /** Changes that the channel will never take. */
  readonly refused: number;
  /** Changes that still wait. */
  readonly waiting: number;
  /** Before then the channel takes nothing: it asked so, or did not answer. */
  readonly pausedUntilMs?: number;
  /** Why changes wait or were refused. */
  readonly reason?: string;
}

export interface DispatchReport {
  readonly sent: number;
  readonly refused: number;
  readonly waiting: number;
  /** When to run again for what waits; undefined where nothing waits, or no channel could take it. */
  readonly nextMs: number | undefined;
  readonly channels: Readonly<Record<string, ChannelReport>>;
}

export interface Dispatcher {
  /**
   * Tells what waits, each channel at its own pace, until nothing waits or the time is over: no message is begun after
   * `untilMs`, and one takes as long as its channel's time-out. May be called while it runs: channels that are done start again.
   * Never throws; what fails waits.
   */
  run(untilMs: number): Promise<DispatchReport>;
}

/** One message may take so long, its time-out and what is written about it included. */
const MESSAGE_MS = 20_000;

/** Longest time for which a lease is taken: a process that dies holds up others for no longer. */
const LONGEST_LEASE_MS = 5 * 60_000;

/** How often a channel that is done looks again while others are not. */
const LOOK_AGAIN_MS = 1_000;

/** When to try again where the box or the lease cannot be read. */
const AGAIN_MS = 10_000;

/** What a run learns; nothing in it can be wrong if the run ends early. */
interface Ended {
  readonly nextMs?: number;
  readonly reason?: string;
}

/** Sends notices to their channels: at least once each, a repeat only where an answer was lost, and marked. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { box, channels, settings, clock, sleep, log, lease: store, owner } = options;
  if (store !== undefined && owner === undefined) throw new RangeError('a dispatcher with a lease needs an owner');
  const lines = new Map<string, ChannelLine>();
  for (const [name, notifier] of channels)
    lines.set(name, createChannelLine({ ...options, name, notifier, pausesChanged }));
  let lease: Lease | undefined;
  let running: Promise<Ended> | undefined;

  const pausesOf = (): Pauses => Object.fromEntries([...lines].map(([name, line]) => [name, line.pause()]));

  /** Tells other processes at once that a channel asked for a pause. */
  async function pausesChanged(): Promise<void> {
    if (lease === undefined) return;
    const held = await lease.keep(pausesOf()).catch((error: unknown) => {
      log.warn('a pause of a channel could not be written', { reason: messageOf(error) });
      return true; // until it ends nobody else takes it
    });
    if (held) return;
    log.warn('another process took the lease of alert messages');
    lease = undefined;
    for (const line of lines.values()) line.stop();
  }

  async function runLines(untilMs: number): Promise<Ended> {
    await dropForGone();
    await Promise.all([...lines.values()].map((line) => runLine(line, untilMs)));
    return {};
  }

  /** Looks again while another channel holds up the end of the run: it must not hold up what comes for this one. */
  async function runLine(line: ChannelLine, untilMs: number): Promise<void> {
    await line.run(untilMs);
    while ([...lines.values()].some((other) => other.busy()) && clock.nowMs() + LOOK_AGAIN_MS <= untilMs) {
      await sleep(LOOK_AGAIN_MS);
      await line.run(untilMs);
    }
  }

  /** A channel that was taken out of the settings is told nothing more. */
  async function dropForGone(): Promise<void> {
    const known = new Set(settings.channels.map(({ name }) => name));
    const gone = new Map<string, string[]>();
    for (const { change, to } of await box.waiting())
      for (const name of to) if (!known.has(name)) gone.set(name, [...(gone.get(name) ?? []), change.id]);
    for (const [name, ids] of gone) {
      log.warn('alerts for a channel that is not in the settings any more are dropped', {
        channel: name,
        changes: ids.length,
      });
      await box.told(name, ids, 'refused');
    }
  }

  async function runLeased(held: StateStore, self: string, untilMs: number): Promise<Ended> {
    // Mostly nothing waits: then nothing is written.
    if ((await box.waiting()).length === 0) return {};
    const nowMs = clock.nowMs();
    const endMs = Math.min(untilMs, nowMs + LONGEST_LEASE_MS);
    const taken = await takeLease({ store: held, owner: self, nowMs, untilMs: endMs + MESSAGE_MS, log });
    if ('heldUntilMs' in taken) return { nextMs: taken.heldUntilMs, reason: 'another process tells alerts now' };
    lease = taken;
    try {
      for (const [name, line] of lines) line.obey(taken.pauses[name]);
      return await runLines(endMs);
    } finally {
      lease = undefined;
      await taken.release(pausesOf()).catch((error: unknown) => {
        log.warn('the lease of alert messages could not be given back; it ends by itself', {
          reason: messageOf(error),
        });
      });
    }
  }

  async function runOnce(untilMs: number): Promise<Ended> {
    try {
      if (store === undefined || owner === undefined) return await runLines(untilMs);
      running ??= runLeased(store, owner, untilMs).finally(() => {
        running = undefined;
      });
      return await running;
    } catch (error) {
      log.error('alerts could not be told; they wait', { reason: messageOf(error) });
      return { nextMs: clock.nowMs() + AGAIN_MS, reason: messageOf(error) };
    }
  }

  async function report(ended: Ended): Promise<DispatchReport> {
    const waiting = new Map<string, number>();
    let failed: string | undefined;
    try {
      for (const { to } of await box.waiting()) for (const name of to) waiting.set(name, (waiting.get(name) ?? 0) + 1);
    } catch (error) {
      failed = messageOf(error);
    }
    const nowMs = clock.nowMs();
    const next = [ended.nextMs, failed === undefined ? undefined : nowMs + AGAIN_MS];
    const reports: Record<string, ChannelReport> = {};
    for (const { name } of settings.channels) {
      const line = lines.get(name);
      const count = waiting.get(name) ?? 0;
      const reason = failed ?? ended.reason ?? (line === undefined ? 'the channel has no address' : line.reason());
      const readyMs = line?.pause().readyMs ?? 0;
      reports[name] = {
        ...(line?.takeCounts() ?? { sent: 0, refused: 0 }),
        waiting: count,
        ...(line !== undefined && line.pause().failures > 0 && readyMs > nowMs ? { pausedUntilMs: readyMs } : {}),
        ...(reason === undefined ? {} : { reason }),
      };
      if (count > 0 && line !== undefined && ended.nextMs === undefined) next.push(Math.max(readyMs, nowMs));
    }
    const sum = (of: 'sent' | 'refused' | 'waiting'): number =>
      Object.values(reports).reduce((total, one) => total + one[of], 0);
    const moments = next.filter((moment) => moment !== undefined);
    return {
      sent: sum('sent'),
      refused: sum('refused'),
      waiting: sum('waiting'),
      nextMs: moments.length === 0 ? undefined : Math.min(...moments),
      channels: reports,
    };
  }

  return { run: async (untilMs) => report(await runOnce(untilMs)) };
}
