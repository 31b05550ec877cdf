import { createEmitter, http, type Sink } from '../../../lib/emitter/index.ts';

// A bot in a process of its own; what it does is told by its argument. Bundled by bot.ts.

export interface BotOrders {
  readonly url: string;
  readonly spool?: string;
  readonly sessionId: string;
  /** `loop`: emits until it is killed. `once`: emits a little and comes to its end. `exit`, `throw`: ends in the middle. `signal`: waits for one. */
  readonly does:
    | 'loop'
    | 'once'
    | 'drain'
    | 'exit'
    | 'throw'
    | 'signal'
    | 'signal_handled'
    | 'closing'
    | 'two_copies'
    | 'signal_exit';
  /** A sink that never answers, or one that takes its time and says how many it took. */
  readonly sink?: 'hangs' | 'slow';
}

const orders: BotOrders = JSON.parse(process.argv[2] ?? '{}');
const hanging: Sink = { name: 'hanging', send: () => new Promise(() => undefined) };
const slow: Sink = {
  name: 'slow',
  async send(events) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    process.stdout.write(`took ${events.length}\n`);
  },
};
const sinks = { hangs: hanging, slow };
const emitter = createEmitter({
  strategyId: 'bot',
  sessionId: orders.sessionId,
  mode: 'paper',
  sink: orders.sink === undefined ? http({ url: orders.url }) : sinks[orders.sink],
  batch: { events: 50, everyMs: 10 },
  retry: { firstWaitMs: 5, maxWaitMs: 20 },
  exitTimeoutMs: 1_000,
  report: () => undefined,
  ...(orders.spool !== undefined && { spool: { dir: orders.spool, everyMs: 3, segmentBytes: 20_000 } }),
});

let bar = 0;
const emitSome = (count: number): void => {
  for (let i = 0; i < count; i++)
    emitter.emit(i % 4 === 0 ? 'execution' : 'signals', { symbol: 'BTCUSDT', bar_id: ++bar });
};

/** As the package signal-exit does it: it ends the process by the signal where nobody but itself listens. */
function actAsSignalExit(): void {
  Reflect.set(globalThis, Symbol.for('signal-exit emitter'), { count: 1 });
  const listener = (): void => {
    if (process.listenerCount('SIGTERM') > 1) return;
    process.off('SIGTERM', listener);
    process.kill(process.pid, 'SIGTERM');
  };
  process.on('SIGTERM', listener);
}

switch (orders.does) {
  case 'loop':
    setInterval(() => emitSome(5), 1);
    process.stdout.write('ready\n');
    break;
  case 'drain':
    emitSome(1);
    await new Promise((resolve) => setTimeout(resolve, 50)); // the spool is looked through meanwhile
    await emitter.close({ timeoutMs: 20_000 });
    process.stdout.write(JSON.stringify(emitter.stats().sinks[0]));
    break;
  case 'once':
    emitSome(8);
    break;
  case 'exit':
    emitSome(8);
    process.exit(3);
    break;
  case 'throw':
    emitSome(8);
    setTimeout(() => {
      throw new TypeError('the bot is broken');
    }, 5);
    break;
  case 'closing':
    emitSome(8);
    setInterval(() => undefined, 1_000);
    void emitter.close({ timeoutMs: 5_000 });
    process.stdout.write('ready\n');
    break;
  case 'two_copies':
    if (process.listenerCount('SIGTERM') === 1) await import(`${import.meta.url}?copy`);
    emitSome(4);
    setInterval(() => undefined, 1_000);
    process.stdout.write('ready\n');
    break;
  case 'signal_exit':
    actAsSignalExit();
    emitSome(8);
    setInterval(() => undefined, 1_000);
    process.stdout.write('ready\n');
    break;
  case 'signal_handled':
    process.once('SIGTERM', () => {
      process.stdout.write('handled\n');
      emitSome(1);
      setTimeout(() => process.exit(7), 300);
    });
    emitSome(8);
    setInterval(() => undefined, 1_000);
    process.stdout.write('ready\n');
    break;
  default:
    emitSome(8);
    setInterval(() => undefined, 1_000);
    process.stdout.write('ready\n');
}
