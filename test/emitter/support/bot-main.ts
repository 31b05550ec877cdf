import { createEmitter, http, type Sink } from '../../../lib/emitter/index.ts';

// A bot in a process of its own; what it does is told by its argument. Bundled by bot.ts.

export interface BotOrders {
  readonly url: string;
  readonly spool?: string;
  readonly sessionId: string;
  /** `loop`: emits until it is killed. `once`: emits a little and comes to its end. `exit`, `throw`: ends in the middle. `signal`: waits for one. */
  readonly does: 'loop' | 'once' | 'drain' | 'exit' | 'throw' | 'signal' | 'signal_handled' | 'worker';
  /** A sink that never answers. */
  readonly hangs?: boolean;
}

const orders: BotOrders = JSON.parse(process.argv[2] ?? '{}');
const hanging: Sink = { name: 'hanging', send: () => new Promise(() => undefined) };
const emitter = createEmitter({
  strategyId: 'bot',
  sessionId: orders.sessionId,
  mode: 'paper',
  sink: orders.hangs === true ? hanging : http({ url: orders.url }),
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
