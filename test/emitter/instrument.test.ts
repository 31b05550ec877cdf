import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ccxtOrder, ccxtTrade, type FakeExchange } from './support/exchange.ts';
import { statuses, told } from './support/told.ts';

describe('orders', () => {
  test('states are told in their order, each once, and answers that were overtaken tell nothing', async () => {
    const part = ccxtOrder('v-1', { filled: 0.4, remaining: 0.6 });
    const { of } = await told(
      [
        { gives: ccxtOrder('v-1') },
        { gives: [part] },
        { gives: [ccxtOrder('v-1')] },
        { gives: [part] },
        { gives: ccxtOrder('v-1', { status: 'closed', filled: 1, remaining: 0, average: 99_990 }) },
        { gives: [part] },
        { gives: [ccxtOrder('v-1', { status: 'closed', filled: 1 })] },
      ],
      async (exchange) => {
        await exchange.createLimitBuyOrder('BTC/USDT', 1, 100_000, {
          timeInForce: 'GTC',
          reduceOnly: true,
          leverage: 3,
        });
        for (let i = 0; i < 3; i++) await exchange.watchOrders();
        await exchange.fetchOrder('v-1');
        await exchange.watchOrders();
        await exchange.fetchClosedOrders();
      },
      { accountId: 'main' },
    );
    const [submitted, ...later] = of('order');

    expect(statuses(of('order'))).toEqual(['submitted', 'open', 'partially_filled', 'filled']);
    expect(submitted).toMatchObject({
      venue: 'fake',
      account_id: 'main',
      symbol: 'BTC/USDT',
      side: 'buy',
      order_type: 'limit',
      qty: 1,
      limit_px: 100_000,
      time_in_force: 'gtc',
      reduce_only: true,
      leverage_x: 3,
    });
    for (const event of later) expect(event).toMatchObject({ order_id: submitted?.order_id, venue_order_id: 'v-1' });
    expect(later.at(-1)).toMatchObject({ filled_qty: 1, avg_price: 99_990 });
  });

  test('every way to create an order is one order; the id the bot gives is its name', async () => {
    const { of } = await told(
      [{ gives: ccxtOrder('1') }, { gives: ccxtOrder('2', { side: 'sell' }) }],
      async (exchange) => {
        await exchange.createLimitOrder('BTC/USDT', 'buy', 1, 5, { clientOrderId: 'mine', postOnly: true });
        await exchange.createMarketSellOrder('BTC/USDT', 1, { newClientOrderId: 'mine-2' });
      },
    );

    expect(of('order')).toMatchObject([
      { status: 'submitted', client_order_id: 'mine', limit_px: 5, post_only: true, side: 'buy' },
      { status: 'open', client_order_id: 'mine', venue_order_id: '1' },
      { status: 'submitted', client_order_id: 'mine-2', order_type: 'market', side: 'sell' },
      { status: 'open', client_order_id: 'mine-2', venue_order_id: '2' },
    ]);
    expect(of('order')[0]).not.toHaveProperty('order_id');
  });

  test('the websocket may be faster than the answer: the answer still ties both names together', async () => {
    const { of } = await told(
      [{ gives: ccxtOrder('1') }, { atOnce: [ccxtOrder('1', { status: 'closed', filled: 1 })] }],
      async (exchange) => {
        const creating = exchange.createOrder('BTC/USDT', 'limit', 'buy', 1, 100_000);
        void exchange.watchOrders();
        await creating;
      },
    );

    expect(statuses(of('order'))).toEqual(['submitted', 'filled', 'filled']);
    expect(of('order')[2]).toMatchObject({ order_id: of('order')[0]?.order_id, venue_order_id: '1', filled_qty: 1 });
  });

  test('a cancelled order is cancelled, also where the answer says only that it was heard', async () => {
    const { of } = await told(
      [
        { gives: ccxtOrder('1') },
        { gives: { info: {} } },
        { gives: ccxtOrder('2') },
        { gives: ccxtOrder('2') },
        { gives: [ccxtOrder('2', { status: 'canceled' })] },
        { gives: [ccxtOrder('1'), ccxtOrder('2')] },
      ],
      async (exchange) => {
        for (const id of ['1', '2']) {
          await exchange.createLimitOrder('BTC/USDT', 'buy', 1, 5);
          await exchange.cancelOrder(id, 'BTC/USDT');
        }
        await exchange.cancelAllOrders('BTC/USDT');
        await exchange.fetchOpenOrders('BTC/USDT'); // asked for before
      },
    );

    expect(statuses(of('order').filter((event) => event.venue_order_id === '1'))).toEqual(['open', 'cancelled']);
    expect(statuses(of('order').filter((event) => event.venue_order_id === '2'))).toEqual([
      'open',
      'pending_cancel',
      'cancelled',
    ]);
  });

  test('an end is never old news, even where its answer knows of less that was filled', async () => {
    const { of } = await told(
      [{ gives: ccxtOrder('1', { filled: 0.4 }) }, { gives: ccxtOrder('1', { status: 'canceled', filled: 0 }) }],
      async (exchange) => {
        await exchange.createLimitOrder('BTC/USDT', 'buy', 1, 5);
        await exchange.cancelOrder('1', 'BTC/USDT');
      },
    );

    expect(statuses(of('order'))).toEqual(['submitted', 'partially_filled', 'cancelled']);
  });

  test('an edited order that goes on under another id names the one it replaces', async () => {
    const { of } = await told(
      [{ gives: ccxtOrder('1') }, { gives: ccxtOrder('2', { price: 6 }) }],
      async (exchange) => {
        await exchange.createLimitOrder('BTC/USDT', 'buy', 1, 5);
        await exchange.editOrder('1', 'BTC/USDT', 'limit', 'buy', 1, 6);
      },
    );

    expect(of('order').slice(2)).toMatchObject([
      { venue_order_id: '1', status: 'cancelled', reason: 'replaced by 2' },
      { venue_order_id: '2', status: 'open', parent_order_id: '1', limit_px: 6 },
    ]);
  });

  test('orders made together are told one by one', async () => {
    const { of } = await told([{ gives: [ccxtOrder('1'), ccxtOrder('2', { status: 'rejected' })] }], (exchange) =>
      exchange.createOrders([
        { symbol: 'BTC/USDT', type: 'limit', side: 'buy', amount: 1, price: 5 },
        { symbol: 'BTC/USDT', type: 'limit', side: 'buy', amount: 2, price: 4 },
      ]),
    );
    const [first, second, ...answers] = of('order');

    expect(statuses(of('order'))).toEqual(['submitted', 'submitted', 'open', 'rejected']);
    expect(answers).toMatchObject([
      { order_id: first?.order_id },
      { order_id: second?.order_id, rejection_reason: 'rejected' },
    ]);
  });

  test('what ended before yesterday is history; the symbols of other strategies are not told', async () => {
    const old = { status: 'closed', filled: 1, timestamp: Date.now() - 3 * 86_400_000 };
    const { of } = await told(
      [
        {
          gives: [
            ccxtOrder('1', old),
            ccxtOrder('2', { ...old, status: 'open', filled: 0 }),
            ccxtOrder('3', { symbol: 'X/USDT' }),
          ],
        },
      ],
      (exchange) => exchange.fetchClosedOrders(),
      { symbols: ['BTC/USDT'] },
    );

    expect(of('order')).toMatchObject([{ venue_order_id: '2', status: 'open' }]);
  });
});

describe('fills', () => {
  test('each is told once, however often and wherever it is seen, with its ids, fee and liquidity', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 6 }), { maxLength: 8 }),
        async (seen) => {
          const trades = seen.map((ids) => ids.map((id) => ccxtTrade(`t${id}`)));
          const turns = trades.map((some, i) =>
            i % 2 === 0 ? { gives: some } : { gives: ccxtOrder('v-1', { trades: some }) },
          );
          const { of } = await told(turns, async (exchange) => {
            for (let i = 0; i < turns.length; i++)
              await (i % 2 === 0 ? exchange.fetchMyTrades() : exchange.fetchOrder('v-1'));
          });

          expect(of('execution').map(({ venue_fill_id }) => venue_fill_id)).toEqual([
            ...new Set(seen.flat().map((id) => `t${id}`)),
          ]);
          for (const fill of of('execution'))
            expect(fill).toMatchObject({
              venue_order_id: 'v-1',
              side: 'buy',
              qty: 0.5,
              price: 100_000,
              fee: 0.5,
              fee_asset: 'USDT',
              liquidity: 'maker',
              result: 'filled',
            });
        },
      ),
      { numRuns: 40 },
    );
  });

  test('the live list of a websocket is read, and not touched', async () => {
    class Cache extends Array<unknown> {
      constructor(...items: unknown[]) {
        super();
        for (const item of items) {
          if (typeof item === 'number') throw new Error('a list of its own kind was made');
          this.push(item);
        }
      }
    }
    const live = new Cache(ccxtTrade('t1'), ccxtTrade('t2'));
    const { of } = await told([{ gives: live }], async (exchange) => {
      expect(await exchange.watchMyTrades()).toBe(live);
    });

    expect(of('execution')).toHaveLength(2);
    expect(live).toHaveLength(2);
  });

  test('a fill carries the names of its order; numbers written as text keep their digits', async () => {
    const trade = ccxtTrade('t1', {
      amount: '0.123456789012345678',
      price: '100000.10',
      fee: undefined,
      fees: [
        { cost: 1, currency: 'USDT' },
        { cost: 2, currency: 'USDT' },
      ],
    });
    const { of } = await told([{ gives: ccxtOrder('v-1') }, { gives: [trade] }], async (exchange) => {
      await exchange.createOrder('BTC/USDT', 'limit', 'buy', 1, 100_000, { reduceOnly: true });
      await exchange.watchMyTrades();
    });

    expect(of('execution')).toMatchObject([
      {
        order_id: of('order')[0]?.order_id,
        reduce_only: true,
        qty: '0.123456789012345678',
        price: '100000.10',
        fee: 3,
      },
    ]);
  });

  test('two trades of one order that the venue does not number are two; a trade without a price is none', async () => {
    const [one, bare] = [ccxtTrade('', { timestamp: 1_790_000_000_000 }), ccxtTrade('t', { price: undefined })];
    const answer = ccxtOrder('v-1', { trades: [one, { ...one }, bare, 'id-only'] });
    const { of } = await told(
      [{ gives: answer }, { gives: answer }],
      async (exchange) => {
        await exchange.fetchOrder('v-1');
        await exchange.fetchOrder('v-1');
      },
      { historyMs: Number.POSITIVE_INFINITY },
    );

    expect(of('execution')).toHaveLength(2);
    expect(of('execution')[0]).not.toHaveProperty('venue_fill_id');
  });

  test('where only `filled` grows no fill is made up, unless fills are to be taken from orders: then they say so', async () => {
    const grown = (filled: number, average: number, cost: number) => ({
      gives: ccxtOrder('v-1', {
        filled,
        average,
        status: filled === 1 ? 'closed' : 'open',
        fee: { cost, currency: 'USDT' },
      }),
    });
    const turns = [
      { gives: ccxtOrder('v-1') },
      grown(0.4, 100, 0.04),
      grown(0.4, 100, 0.04),
      grown(1, 106, 0.1),
      { gives: [ccxtTrade('t1')] },
    ];
    const bot = async (exchange: FakeExchange) => {
      await exchange.createLimitOrder('BTC/USDT', 'buy', 1, 110);
      for (let i = 0; i < 3; i++) await exchange.fetchOrder('v-1');
      await exchange.fetchMyTrades();
    };

    expect((await told(turns, bot)).of('execution').map(({ venue_fill_id }) => venue_fill_id)).toEqual(['t1']);
    expect((await told(turns, bot, { fills: 'orders' })).of('execution')).toMatchObject([
      { qty: 0.4, price: 100, fee: 0.04, x_derived: true, fill_id: 'v-1:0.4', side: 'buy' },
      { qty: 0.6, price: 110, fee: 0.06, x_derived: true, fill_id: 'v-1:1' },
    ]);
  });

  test('of an order that was not seen from its start, what had filled before is not made up either', async () => {
    const filled = ccxtOrder('1', { filled: 1, average: 100, status: 'closed' });
    const bots: [string, (exchange: FakeExchange) => Promise<unknown>, number][] = [
      ['created', (exchange) => exchange.createOrder('BTC/USDT', 'market', 'buy', 1), 1],
      ['found', (exchange) => exchange.fetchOrder('1'), 0],
    ];

    for (const [how, bot, fills] of bots) {
      const { of } = await told([{ gives: filled }], bot, { fills: 'orders' });
      expect([how, of('execution').length]).toEqual([how, fills]);
    }
  });
});
