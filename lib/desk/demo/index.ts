import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../core/errors.ts';
import { DEFAULT_DELIVERY_STREAM } from '../commands/options.ts';
import { createDelivery, firehoseClient } from '../delivery-client.ts';
import { Sender } from '../logs/sender.ts';
import { Simulation } from './simulation.ts';

export interface DemoOptions {
  /** Of the desk. */
  readonly endpoint: string;
  /** Where remarks go. */
  readonly say: (text: string) => void;
  /** @default - another one at each start */
  readonly seed?: number;
  /** How much the bots have done already when they start, in ms. @default - 15 minutes, so that the first query finds trades */
  readonly pastMs?: number;
}

export interface Demo {
  /** Lets the bots end their sessions and sends what they have written. */
  stop(): Promise<void>;
}

const PAST_MS = 15 * 60_000;
const STEPS_AT_ONCE = 40;
const STOP_MS = 3_000; // how long the last records may take: the desk stops next

/** Starts two simulated bots that send what they write to a desk, by the Firehose client any bot would use. */
export async function startDemo({ endpoint, say, seed, pastMs = PAST_MS }: DemoOptions): Promise<Demo> {
  const giveUp = new AbortController();
  const stopping = new AbortController();
  const target = { endpoint, deliveryStream: DEFAULT_DELIVERY_STREAM };
  const client = firehoseClient(target);
  const deliver = createDelivery(client, target, { deadlineMs: Number.POSITIVE_INFINITY, signal: giveUp.signal });
  const sender = new Sender<'demo'>(deliver, { concurrency: 1, onSettled: () => undefined });
  const startMs = Date.now();
  const simulation = new Simulation({ seed: seed ?? startMs % 1_000_000_007, startMs: startMs - pastMs });

  const running = run(simulation, sender, stopping.signal).catch((error: unknown) => {
    if (!giveUp.signal.aborted) say(`The demo has ended: ${messageOf(error)}`);
  });
  return {
    async stop() {
      stopping.abort();
      const timer = setTimeout(() => giveUp.abort(), STOP_MS);
      await running;
      clearTimeout(timer);
      client.destroy();
    },
  };
}

/** Takes the steps that are due, sends them, waits for the next; the past comes first and as fast as it is taken. */
async function run(simulation: Simulation, sender: Sender<'demo'>, signal: AbortSignal): Promise<void> {
  let line = 0;
  const send = async (lines: readonly string[]): Promise<void> => {
    for (const text of lines) await sender.add(text, { log: 'demo', line: ++line });
  };
  while (!signal.aborted) {
    for (let left = STEPS_AT_ONCE; left > 0 && simulation.nextMs <= Date.now(); left--) await send(simulation.step());
    await sender.flush();
    const waitMs = Math.max(0, simulation.nextMs - Date.now());
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
  }
  await send(simulation.end(Date.now()));
  await sender.flush();
}
