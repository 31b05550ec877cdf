import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { DeskProcess } from './desk-process.ts';

export type Mode = 'packed' | 'batch' | 'single';

export interface LoadOptions {
  readonly url: string;
  readonly mode: Mode;
  /** The load of each client ends after so many seconds or events, whichever comes first. */
  readonly seconds: number;
  readonly events: number;
}

export interface LoadResult {
  readonly events: number;
  readonly calls: number;
  readonly seconds: number;
  /** Calls that the client had to make again. */
  readonly retries: number;
  /** Processor time of the client, in s. */
  readonly cpuSeconds: number;
}

export interface Sample {
  /** Since the load began. */
  readonly seconds: number;
  /** Events that have been given their verdict and lie in a buffer or the lake. */
  readonly delivered: number;
  readonly backlogBytes: number;
  readonly walBytes: number;
  readonly residentBytes: number;
  /** Processor time of the desk so far, in s. */
  readonly cpuSeconds: number;
}

export interface Measured {
  readonly load: LoadResult;
  readonly samples: readonly Sample[];
  /** From the last answer to the moment when everything was in the lake. */
  readonly settleSeconds: number;
}

/** Processes that send: for single records the SDK needs twice the processor time that the desk does. */
const CLIENTS: Readonly<Record<Mode, number>> = { packed: 1, batch: 1, single: 2 };
const SAMPLE_MS = 500;
const SETTLE_MS = 120_000;
const QUIET_MS = 8_000; // a desk writes what it has at the latest after five seconds: then nothing is left

/** Puts a desk under load from another process and watches it until all it took is in the lake. */
export async function measure(desk: DeskProcess, options: Omit<LoadOptions, 'url'>): Promise<Measured> {
  const clients = Array.from({ length: CLIENTS[options.mode] }, () => startClient({ ...options, url: desk.url }));
  const before = (await desk.stats()).delivery;
  const result = Promise.all(clients.map(resultOf)).then(together);
  const samples: Sample[] = [];
  const startMs = performance.now();
  let load: LoadResult | undefined;
  while (load === undefined) {
    load = await Promise.race([result, sleep(SAMPLE_MS, undefined)]);
    const { delivery, backlogBytes, walBytes } = await desk.stats();
    const seconds = (performance.now() - startMs) / 1_000;
    const delivered = delivery.lines - before.lines;
    samples.push({
      seconds,
      delivered,
      backlogBytes,
      walBytes,
      residentBytes: desk.residentBytes(),
      cpuSeconds: desk.cpuSeconds(),
    });
  }
  return { load, samples, settleSeconds: await settled(desk, before.lines + load.events, Date.now()) };
}

const startClient = (options: LoadOptions): ChildProcess =>
  fork(fileURLToPath(new URL('./client.mjs', import.meta.url)), [JSON.stringify(options)]);

const together = (results: readonly LoadResult[]): LoadResult => {
  const sum = (of: (result: LoadResult) => number): number => results.reduce((total, result) => total + of(result), 0);
  return {
    events: sum(({ events }) => events),
    calls: sum(({ calls }) => calls),
    retries: sum(({ retries }) => retries),
    cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds),
    seconds: Math.max(...results.map(({ seconds }) => seconds)),
  };
};

async function resultOf(client: ChildProcess): Promise<LoadResult> {
  const [message] = await Promise.race([
    once(client, 'message'),
    once(client, 'exit').then(([code]) =>
      Promise.reject(new Error(`the client ended with ${code} before it was done`)),
    ),
  ]);
  return message as LoadResult;
}

/** Waits until so many lines have their verdict and the last buffer is written. @returns how long after `endMs` that was, in s */
async function settled(desk: DeskProcess, lines: number, endMs: number): Promise<number> {
  let flushMs = endMs;
  for (let quietMs = 0; quietMs < QUIET_MS; quietMs = Date.now() - Math.max(flushMs, endMs)) {
    const { delivery } = await desk.stats();
    if (delivery.lines > lines) throw new Error(`the desk has ${delivery.lines} lines, but ${lines} were acknowledged`);
    flushMs = delivery.lines === lines ? Math.max(flushMs, delivery.lastFlushMs ?? 0) : Date.now();
    if (Date.now() - endMs > SETTLE_MS) throw new Error(`${delivery.lines} of ${lines} lines were delivered in time`);
    await sleep(100);
  }
  return (flushMs - endMs) / 1_000;
}
