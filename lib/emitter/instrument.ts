import { types } from 'node:util';
import type { Emitting } from './emitter.ts';
import { EmitterError, numberIn, onlyKnown, textOf } from './emitter-error.ts';
import { isWatched } from './instrument-methods.ts';
import { Watcher } from './instrument-watcher.ts';

export interface InstrumentOptions {
  /** Names the account at the venue. @default - none */
  readonly accountId?: string;
  /** @default - the exchange's `id` */
  readonly venue?: string;
  /** Only these symbols, as ccxt spells them: for accounts that several strategies share. @default - all */
  readonly symbols?: readonly string[];
  /**
   * What fills are taken from. `trades`: each trade that the exchange names, by its id. `orders`: each growth of an order's
   * `filled` becomes a fill without a venue's id (`x_derived` is true), and trades are passed over: for bots that never
   * ask for trades.
   * @default trades
   */
  readonly fills?: 'trades' | 'orders';
  /** Trades, and orders that have ended, older than this when the exchange is instrumented are history and left out, in ms. @default 86400000 (a day) */
  readonly historyMs?: number;
}

const OPTION_NAMES: readonly (keyof InstrumentOptions)[] = ['accountId', 'venue', 'symbols', 'fills', 'historyMs'];

const DAY_MS = 86_400_000;

/** What was made of an exchange, per emitter: two of them would tell of each fill twice. */
const made = new WeakMap<object, WeakMap<object, object>>();

/**
 * The exchange, telling the emitter of orders, fills, rejections, latencies and failures as the bot uses it. The bot sees the
 * same values and the same errors as without it; the exchange itself is not changed, and its own methods run on the
 * exchange, so what it calls on itself is not seen twice.
 * @param exchange an exchange with ccxt's interface; methods that it lacks are missing here too
 * @throws EmitterError where an option is unknown or out of its range; what is returned never throws anything of its own
 */
export function instrument<T extends object>(
  exchange: T,
  emitter: Emitting<unknown>,
  options: InstrumentOptions = {},
): T {
  onlyKnown('instrument', options, OPTION_NAMES);
  if ((typeof exchange !== 'object' && typeof exchange !== 'function') || exchange === null)
    throw new EmitterError('instrument: the exchange must be an object');
  if (options.fills !== undefined && options.fills !== 'trades' && options.fills !== 'orders')
    throw new EmitterError(`instrument: fills must be trades or orders, got ${String(options.fills)}`);
  if (options.accountId !== undefined) textOf('accountId', options.accountId);
  if (options.venue !== undefined) textOf('venue', options.venue);
  const historyMs = numberIn('historyMs', options.historyMs, {
    from: 0,
    to: Number.POSITIVE_INFINITY,
    otherwise: DAY_MS,
  });
  const before = made.get(exchange)?.get(emitter);
  if (before !== undefined) return before as T;

  const watcher = new Watcher(exchange, emitter, { ...options, sinceMs: Date.now() - historyMs });
  const watched = watchedBy(watcher, exchange);
  for (const key of [exchange, watched])
    made.set(key, (made.get(key) ?? new WeakMap<object, object>()).set(emitter, watched));
  return watched;
}

type Method = (...args: unknown[]) => unknown;

/** Getters, setters and methods run on the exchange itself, for private fields exist only there. */
function watchedBy<T extends object>(watcher: Watcher, exchange: T): T {
  const methods = new Map<string | symbol, { readonly of: unknown; readonly method: unknown }>();
  const proxy: T = new Proxy(exchange, {
    get(_, name, receiver) {
      const value: unknown = Reflect.get(exchange, name, receiver === proxy ? exchange : receiver);
      if (typeof value !== 'function' || name === 'constructor' || isFixed(exchange, name)) return value;
      const known = methods.get(name);
      if (known?.of === value) return known.method;
      const method = new Proxy(value as Method, {
        apply(of, self: unknown, args: unknown[]) {
          if (self !== proxy) return Reflect.apply(of, self, args);
          const answer = isWatched(name) ? call(of, args, name) : Reflect.apply(of, exchange, args);
          return answer === exchange ? proxy : answer; // methods that can be chained
        },
      });
      methods.set(name, { of: value, method });
      return method;
    },
    set: (_, name, value, receiver) => Reflect.set(exchange, name, value, receiver === proxy ? exchange : receiver),
  });

  function call(of: Method, args: unknown[], name: string): unknown {
    const told = watcher.begin(name, args);
    let answer: unknown;
    try {
      answer = Reflect.apply(of, exchange, args);
    } catch (error) {
      told.failed(error);
      throw error;
    }
    if (!types.isPromise(answer)) {
      told.done(answer);
      return answer;
    }
    // The promise that follows on it, and not a look at it from the side: that would make a rejection nobody handles a handled one.
    return answer.then(
      (value) => {
        told.done(value);
        return value;
      },
      (error) => {
        told.failed(error);
        throw error;
      },
    );
  }
  return proxy;
}

/** What no proxy may answer otherwise. */
function isFixed(exchange: object, name: string | symbol): boolean {
  const own = Reflect.getOwnPropertyDescriptor(exchange, name);
  return own?.configurable === false && own.writable === false;
}
