import { isMainThread } from 'node:worker_threads';

/** What the end of the process is told to. */
export interface Ending {
  /** Sends what it can within its time. @param ends whether the process ends for certain once this is done */
  finish(ends: boolean): Promise<void>;
  /** The process can no longer wait. */
  saveSync(exitCode: number): void;
  /** An error is about to end the process. */
  failed(error: unknown): void;
}

const endings = new Set<Ending>();
let hooked = false;
let finishing: Promise<unknown> | undefined;

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

const finishAll = (ends: boolean): Promise<unknown> => {
  finishing ??= Promise.allSettled([...endings].map((ending) => ending.finish(ends))).finally(() => {
    finishing = undefined;
  });
  return finishing;
};

const onBeforeExit = (): void => {
  if (endings.size > 0) void finishAll(true);
};

const onExit = (code: number): void => {
  for (const ending of endings) ending.saveSync(code);
};

const onFailed = (error: unknown): void => {
  for (const ending of endings) ending.failed(error);
};

/** Marks our listeners: two copies of this package in a process must not wait for each other. */
const OURS = Symbol.for('nightdesk.emitter.listener');

/** Listeners that end the process by the signal as soon as they are the last: ours, and those of the package signal-exit. */
function likeUs(signal: NodeJS.Signals): number {
  const ours = process.listeners(signal).filter((listener) => OURS in listener).length;
  // Where version 4 keeps itself, and where version 3 does: it has one listener per signal and load, and counts them.
  const held: unknown =
    Reflect.get(globalThis, Symbol.for('signal-exit emitter')) ?? Reflect.get(process, '__signal_exit_emitter__');
  const count = typeof held === 'object' && held !== null && 'count' in held ? held.count : 0;
  return ours + (typeof count === 'number' ? count : 0);
}

/**
 * A signal that nobody else listens to would have ended the process: it does so still, as soon as everything is sent. Where
 * the bot listens itself, it decides, and this only begins to send.
 */
const onSignal = (signal: NodeJS.Signals): void => {
  const alone = process.listenerCount(signal) <= likeUs(signal);
  void finishAll(alone).then(() => {
    if (!alone) return;
    unhook();
    process.kill(process.pid, signal); // the exit status is the signal's, as it would have been
  });
};

Object.defineProperty(onSignal, OURS, { value: true });

function unhook(): void {
  hooked = false;
  process.off('beforeExit', onBeforeExit);
  process.off('exit', onExit);
  process.off('uncaughtExceptionMonitor', onFailed);
  for (const signal of SIGNALS) process.off(signal, onSignal);
}

/** Watches for the end of the process, until the returned function is called. One set of listeners for all emitters of a thread. */
export function watchForEnd(ending: Ending): () => void {
  endings.add(ending);
  if (!hooked) {
    hooked = true;
    process.on('beforeExit', onBeforeExit);
    process.on('exit', onExit);
    process.on('uncaughtExceptionMonitor', onFailed); // sees the error, changes nothing
    // First in line, so that a `once` listener of the bot is still there to be counted. Workers get no signals.
    if (isMainThread) for (const signal of SIGNALS) process.prependListener(signal, onSignal);
  }
  return () => {
    endings.delete(ending);
    if (endings.size === 0 && hooked && finishing === undefined) unhook();
  };
}
