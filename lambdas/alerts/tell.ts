import { setTimeout as wait } from 'node:timers/promises';
import { createDispatcher, type Dispatcher, type DispatcherOptions } from '../../lib/core/alerts/dispatch.ts';
import { messageOf } from '../../lib/core/errors.ts';
import type { Channels } from './channels.ts';

export type TellOptions = Omit<DispatcherOptions, 'channels' | 'sleep'> & {
  readonly channels: () => Promise<Channels>;
  /** @default - a timer */
  readonly sleep?: DispatcherOptions['sleep'];
};

/** Has people told what waits, until then at most. Never throws: what is not told waits. */
export type Tell = (untilMs: number) => Promise<void>;

/** How often what another invocation has the right to tell, and may have left behind, is looked at again, and how soon. */
const TRIES = 3;
const AGAIN_MS = 1_000;

/** Tells by the channels that have an address at the moment. */
export function createTeller({ channels, sleep = (ms) => wait(ms), ...options }: TellOptions): Tell {
  const { clock, log } = options;
  let open: { readonly channels: Channels; readonly dispatcher: Dispatcher } | undefined;

  async function dispatcher(): Promise<Dispatcher> {
    const now = await channels();
    // One for as long as the channels are the same: it knows who asked for a pause.
    if (open?.channels !== now)
      open = { channels: now, dispatcher: createDispatcher({ ...options, channels: now, sleep }) };
    return open.dispatcher;
  }

  return async (untilMs) => {
    try {
      if ((await options.box.waiting()).length === 0) return; // most invocations: taking the lease writes
      const telling = await dispatcher();
      for (let attempt = 0; attempt < TRIES; attempt++) {
        const { waiting, sent, nextMs } = await telling.run(untilMs);
        if (waiting === 0 || sent > 0 || nextMs === undefined || clock.nowMs() + AGAIN_MS >= untilMs) return;
        await sleep(AGAIN_MS);
      }
    } catch (error) {
      log.error('alerts could not be told; they wait', { reason: messageOf(error) });
    }
  };
}
