import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EmitterError, memorySink } from '../../lib/emitter/index.ts';
import { type InstrumentOptions, instrument } from '../../lib/emitter/instrument.ts';
import { testEmitter } from './support/emitter.ts';
import {
  ccxtOrder,
  FakeExchange,
  InsufficientFunds,
  NetworkError,
  RequestTimeout,
  type Turn,
} from './support/exchange.ts';
import { type Said, statuses, told } from './support/told.ts';

describe('the bot sees what it would see without', () => {
  const hostile = {
    get id(): string {
      throw new Error('a getter that throws');
    },
  };
  const METHODS = [
    'createOrder',
    'createLimitOrder',
    'createLimitBuyOrder',
    'createMarketSellOrder',
    'createOrders',
    'editOrder',
    'cancelOrder',
    'cancelAllOrders',
    'fetchOrder',
    'fetchOpenOrders',
    'fetchClosedOrders',
    'fetchMyTrades',
    'watchOrders',
    'watchMyTrades',
    'fetchTicker',
    'fetchBalance',
    'describe',
    'ownNonce',
  ] as const;
  const order = fc.record(
    {
      id: fc.oneof(fc.constantFrom('1', '2'), fc.anything()),
      symbol: fc.oneof(fc.constant('BTC/USDT'), fc.anything()),
      status: fc.oneof(fc.constantFrom('open', 'closed', 'canceled', 'rejected'), fc.anything()),
      amount: fc.oneof(fc.double(), fc.constant('0.1'), fc.anything()),
      filled: fc.oneof(fc.double(), fc.anything()),
      price: fc.anything(),
      fee: fc.anything(),
      trades: fc.oneof(fc.array(fc.anything()), fc.anything()),
      bids: fc.anything(),
      timestamp: fc.oneof(fc.double(), fc.constant(Date.now())),
    },
    { requiredKeys: [] },
  );
  const answer = fc.oneof(order, fc.array(order), fc.anything(), fc.constant(hostile), fc.constant([hostile, null]));
  const failure = fc.oneof(
    fc.constantFrom(new InsufficientFunds('fake {"code":1}'), new RequestTimeout('slow'), hostile, Object.create(null)),
    fc.anything(),
  );
  const turn: fc.Arbitrary<Turn> = fc.oneof(
    fc.record({ gives: answer }),
    fc.record({ fails: failure }),
    fc.record({ atOnce: answer }),
  );
  const calls = fc.array(
    fc.record({ method: fc.constantFrom(...METHODS), args: fc.array(fc.anything(), { maxLength: 6 }), turn }),
    { minLength: 1, maxLength: 6 },
  );

  /** What came of each call: the very values and errors, and whether there was a promise. */
  async function play(exchange: FakeExchange, script: readonly { method: string; args: unknown[] }[]) {
    const ends: unknown[] = [];
    for (const { method, args } of script)
      try {
        const answer: unknown = (exchange as unknown as Record<string, (...args: unknown[]) => unknown>)[method]?.(
          ...args,
        );
        ends.push(answer instanceof Promise ? ['resolves', await answer] : ['returns', answer]);
      } catch (error) {
        ends.push(['throws', error]);
      }
    return ends;
  }

  const breaks = fc.constantFrom('works', 'throws', 'rejects', 'closed');

  test('whatever the exchange answers or throws, at once or later, and whatever becomes of the emitter', async () => {
    await fc.assert(
      fc.asyncProperty(calls, breaks, fc.constantFrom('trades', 'orders'), async (script, fate, fills) => {
        const emitter = testEmitter({ sink: memorySink() });
        if (fate === 'closed') await emitter.close();
        const broken = () => {
          if (fate === 'throws') throw new Error('the emitter is broken');
          return Promise.reject(new Error('the emitter is broken'));
        };
        const foreign: object = { emit: broken, nextId: () => 'id', child: () => foreign, sessionId: 's' };
        const used = (fate === 'throws' || fate === 'rejects' ? foreign : emitter) as typeof emitter;
        const turns = script.map(({ turn }) => turn);
        const [plain, raw] = [new FakeExchange().will(...turns), new FakeExchange().will(...turns)];

        const without = await play(plain, script);
        const watched = await play(instrument(raw, used, { fills }), script);

        expect(watched).toHaveLength(without.length);
        watched.forEach((end, i) => {
          const [[how, value], [wouldHow, wouldValue]] = [end, without[i]] as [[string, unknown], [string, unknown]];
          expect(how).toBe(wouldHow);
          if (script[i]?.method === 'describe') expect(value).toEqual(wouldValue);
          else expect(Object.is(value, wouldValue)).toBe(true);
        });
        expect(raw.requests).toHaveLength(plain.requests.length);
        raw.requests.forEach((request, i) => {
          request.forEach((arg, at) => {
            expect(
              typeof arg === 'object' && at === request.length - 1 ? true : Object.is(arg, plain.requests[i]?.[at]),
            ).toBe(true);
          });
        });
        const { emitted, dropped } = emitter.stats();
        expect(dropped.invalid_event).toBeUndefined();
        expect(emitted).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 300 },
    );
  });

  test('private fields, getters, setters, instanceof, own properties and methods that can be chained work', () => {
    const raw = new FakeExchange();
    const exchange = instrument(raw, testEmitter({ sink: memorySink() }));

    exchange.nonce = 7;
    expect(exchange.nonce).toBe(8);
    expect(raw.ownNonce()).toBe(8);
    expect(exchange.ownNonce()).toBe(8);
    expect(exchange).toBeInstanceOf(FakeExchange);
    expect(exchange.constructor).toBe(FakeExchange);
    expect(exchange.setSandboxMode()).toBe(exchange);
    expect(Object.keys(exchange)).toEqual(Object.keys(raw));
    expect(exchange.createOrder).toBe(exchange.createOrder);
    expect(exchange.createOrder.length).toBe(raw.createOrder.length);
    expect((exchange as unknown as Said).fetchNothing).toBeUndefined();
    exchange.apiKey = 'another';
    expect(raw.apiKey).toBe('another');
    expect(() => exchange.createOrder.call(undefined as unknown as FakeExchange, 'A', 'limit', 'buy')).toThrow(
      TypeError,
    );
  });

  test('a method that the bot replaces is the one that is called', async () => {
    const own = async () => ccxtOrder('own', { status: 'closed', filled: 1 });
    const { of } = await told([], async (exchange) => {
      exchange.createOrder = own;
      expect(((await exchange.createOrder('BTC/USDT', 'market', 'buy', 1)) as Said).id).toBe('own');
    });

    expect(statuses(of('order'))).toEqual(['submitted', 'filled']);
  });

  test('a frozen exchange, and one that is a plain object of functions, work', async () => {
    const emitter = testEmitter({ sink: memorySink() });
    const plain = { id: 'plain', createOrder: async () => ccxtOrder('1'), fetchOrder: () => 3 };

    expect((await instrument(plain, emitter).createOrder()).id).toBe('1');
    expect(instrument(Object.freeze({ ...plain }), emitter).fetchOrder()).toBe(3);
    expect(emitter.stats().emitted).toBeGreaterThan(0);
  });

  test('a rejection that nobody handles stays one', async () => {
    const others = process.listeners('unhandledRejection');
    const unhandled: unknown[] = [];
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', (reason) => unhandled.push(reason));
    try {
      const [lost, kept] = [new NetworkError('lost'), new NetworkError('kept')];
      await told([{ fails: lost }, { fails: kept }], async (exchange) => {
        void exchange.cancelOrder('1');
        await exchange.cancelOrder('2').catch(() => undefined);
      });
      await new Promise((resolve) => setTimeout(resolve, 5));

      expect(unhandled).toEqual([lost]);
    } finally {
      process.removeAllListeners('unhandledRejection');
      for (const listener of others) process.on('unhandledRejection', listener);
    }
  });

  test('instrumented twice is instrumented once; a mistaken option is refused when it is made', () => {
    const [raw, emitter] = [new FakeExchange(), testEmitter({ sink: memorySink() })];

    expect(instrument(raw, emitter)).toBe(instrument(raw, emitter));
    expect(instrument(instrument(raw, emitter), emitter)).toBe(instrument(raw, emitter));
    expect(() => instrument(raw, emitter, { fill: 'trades' } as InstrumentOptions)).toThrow(EmitterError);
    expect(() => instrument(raw, emitter, { historyMs: -1 })).toThrow(EmitterError);
    expect(() => instrument(null as unknown as FakeExchange, emitter)).toThrow(EmitterError);
  });
});
