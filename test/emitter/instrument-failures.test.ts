import { describe, expect, test } from 'vitest';
import { sha256 } from '../../lib/adapters/local/sha256.ts';
import { createTransform } from '../../lib/core/transform/transform.ts';
import { foldAll, type LedgerEvent } from '../support/ledger.ts';
import { position } from '../support/transform.ts';
import {
  AuthenticationError,
  ccxtOrder,
  ccxtTrade,
  DuplicateOrderId,
  InsufficientFunds,
  NetworkError,
  NotSupported,
  OrderNotFound,
  RateLimitExceeded,
  RequestTimeout,
  TooManyOpenOrders,
} from './support/exchange.ts';
import { type Said, statuses, told } from './support/told.ts';

describe('failures', () => {
  test('a rejection carries the code, the words, the market and the attempt (S1 H5)', async () => {
    const refusal = () => ({
      fails: new InsufficientFunds('fake {"code":-2010,"msg":"Account has insufficient balance."}'),
    });
    const { of } = await told(
      [
        { gives: { symbol: 'BTC/USDT', bid: 99_999, ask: 100_001 } },
        refusal(),
        refusal(),
        { gives: ccxtOrder('1') },
        refusal(),
      ],
      async (exchange) => {
        await exchange.fetchTicker('BTC/USDT');
        for (let i = 0; i < 4; i++) await exchange.createLimitBuyOrder('BTC/USDT', 1, 100_000).catch(() => undefined);
      },
    );
    const rejected = of('order').filter(({ status }) => status === 'rejected');

    expect(statuses(of('order'))).toEqual([
      'submitted',
      'rejected',
      'submitted',
      'rejected',
      'submitted',
      'open',
      'submitted',
      'rejected',
    ]);
    expect(rejected[0]).toMatchObject({
      rejection_reason: '-2010',
      rejection_message: 'Account has insufficient balance.',
      reason: 'InsufficientFunds: Account has insufficient balance.',
      market_at_rejection: { bid: 99_999, ask: 100_001, spread_bps: 0.2 },
      order_id: of('order')[0]?.order_id,
    });
    expect(rejected.map(({ retry_attempt }) => retry_attempt)).toEqual([0, 1, 0]);
    expect(of('error')).toEqual([]);
  });

  test('what is thrown at once is told like what is thrown later', async () => {
    const { of } = await told([], async (exchange) => {
      exchange.createOrder = () => {
        throw new TooManyOpenOrders('fake too many');
      };
      expect(() => exchange.createOrder('BTC/USDT', 'limit', 'buy', 1, 5)).toThrow(TooManyOpenOrders);
    });

    expect(statuses(of('order'))).toEqual(['submitted', 'rejected']);
  });

  test('where ccxt tells only the words, the code is that of the answer which holds them', async () => {
    const answer = (msg: string) => JSON.stringify({ code: -2010, msg });
    const refused = async (last: unknown) => {
      const { of } = await told([{ fails: new InsufficientFunds('fake Account is empty.') }], async (exchange) => {
        Object.assign(exchange, { last_http_response: last });
        await exchange.createOrder('BTC/USDT', 'market', 'buy', 1);
      });
      return of('order')[1];
    };

    expect(await refused(answer('Account is empty.'))).toMatchObject({
      rejection_reason: '-2010',
      rejection_message: 'Account is empty.',
    });
    for (const other of [answer('another request'), '{', undefined, 7])
      expect(await refused(other)).toMatchObject({
        rejection_reason: 'InsufficientFunds',
        rejection_message: 'Account is empty.',
      });
  });

  test.each([
    [new TooManyOpenOrders('fake too many'), 'rejected', 'TooManyOpenOrders'],
    [new RateLimitExceeded('fake {"retCode":10006,"retMsg":"Too many visits!"}'), 'rejected', '10006'],
    [new AuthenticationError('fake requires "apiKey" credential'), 'rejected', 'AuthenticationError'],
    [
      new InsufficientFunds(
        'fake {"code":"1","data":[{"sCode":"51008","sMsg":"Insufficient margin"}],"msg":"All operations failed"}',
      ),
      'rejected',
      '51008',
    ],
    [Object.assign(new Error('fake minified'), { name: 'InvalidOrder' }), 'rejected', 'InvalidOrder'],
    [new RequestTimeout('fake POST https://x.test/order?signature=abc request timed out'), 'unknown', undefined],
    [new DuplicateOrderId('fake {"code":-4116}'), 'unknown', undefined],
    [new TypeError('x is not a function'), 'unknown', undefined],
    ['a text', 'unknown', undefined],
  ])('of %s an order is %s', async (error, status, reason) => {
    const { of } = await told([{ fails: error }], (exchange) => exchange.createOrder('BTC/USDT', 'limit', 'buy', 1, 5));

    expect(of('order')[1]).toMatchObject({ status, ...(reason !== undefined && { rejection_reason: reason }) });
    expect(of('error')).toHaveLength(status === 'unknown' ? 1 : 0);
  });

  test('a failure of the network is an error of its method; what a loop repeats is held back, and probing is none', async () => {
    const { of } = await told(
      [
        ...Array.from({ length: 50 }, () => ({ fails: new NetworkError('fake is away') })),
        { fails: new OrderNotFound('fake {"code":-2011}') },
        { fails: new NotSupported('fake fetchBalance() is not supported yet') },
      ],
      async (exchange) => {
        for (let i = 0; i < 50; i++) await exchange.fetchOrder('7', 'BTC/USDT').catch(() => undefined);
        await exchange.cancelOrder('7', 'BTC/USDT').catch(() => undefined);
        await exchange.fetchBalance();
      },
    );

    expect(of('error')).toMatchObject([
      {
        error_type: 'NetworkError',
        level: 'warning',
        component: 'exchange.fetchOrder',
        venue_order_id: '7',
        symbol: 'BTC/USDT',
      },
      {
        error_type: 'OrderNotFound',
        level: 'error',
        code: '-2011',
        component: 'exchange.cancelOrder',
        venue_order_id: '7',
      },
    ]);
    expect(of('order')).toEqual([]);
  });
});

test('latencies are those of the answer, and never below 0', async () => {
  const { of } = await told(
    [{ gives: ccxtOrder('1') }, { gives: { info: {} } }, { fails: new NetworkError('away') }],
    async (exchange) => {
      await exchange.createLimitOrder('BTC/USDT', 'buy', 1, 5, { clientOrderId: 'mine' });
      await exchange.cancelOrder('1', 'BTC/USDT');
      await exchange.cancelOrder('1', 'BTC/USDT');
    },
  );
  const [created, cancelled, ...more] = of('latency');

  expect(created).toMatchObject({ client_order_id: 'mine', venue_order_id: '1', symbol: 'BTC/USDT' });
  expect(created?.execution_ms).toBeGreaterThanOrEqual(0);
  expect((cancelled?.stages_ms as Said | undefined)?.cancel_order).toBeGreaterThanOrEqual(0);
  expect(more).toEqual([]);
});

test('no line holds a key, a secret, a header, a query or the raw answer of the venue', async () => {
  const leaks =
    'fake GET https://api.test/order?apiKey=KEY-0123456789abcdef&signature=5161f0&recvWindow=5000 KEY-0123456789abcdef SECRET-0123456789abcdef PASSPHRASE-42';
  const { lines } = await told(
    [
      { gives: ccxtOrder('1', { trades: [ccxtTrade('t1')] }) },
      { fails: new NetworkError(leaks) },
      { fails: new AuthenticationError(leaks) },
    ],
    async (exchange) => {
      const params = {
        headers: { 'X-API': 'SECRET-0123456789abcdef' },
        secret: 'SECRET-0123456789abcdef',
        note: 'raw-answer',
      };
      await exchange.createLimitOrder('BTC/USDT', 'buy', 1, 5, params);
      await exchange.fetchOrder('1').catch(() => undefined);
      await exchange.createLimitOrder('BTC/USDT', 'buy', 1, 5, params);
    },
  );

  expect(lines.length).toBeGreaterThan(5);
  expect(lines.join('\n')).not.toMatch(/KEY-0123|SECRET-0123|PASSPHRASE|5161f0|X-API|recvWindow|raw-answer/);
});

describe('end to end', () => {
  const stored = (lines: readonly string[]): LedgerEvent[] => {
    const transform = createTransform({}, { sha256 });
    return lines.map((line) => {
      const verdict = transform(line, position({ arrivedMs: Date.now() }));
      expect(verdict).toMatchObject({ outcome: 'stored' });
      return JSON.parse(verdict?.json ?? '');
    });
  };

  test('a round trip in contracts becomes one trade, its fees, its PnL and both of its orders', async () => {
    const swap = {
      type: 'swap',
      linear: true,
      base: 'BTC',
      quote: 'USDT',
      settle: 'USDT',
      contractSize: 0.01,
      precision: { amount: 1, price: 0.1 },
    };
    const symbol = 'BTC/USDT:USDT';
    const atMs = Date.now();
    const entry = ccxtTrade('t1', {
      symbol,
      order: '1',
      amount: 10,
      price: 100_000,
      fee: { cost: 5, currency: 'USDT' },
      timestamp: atMs - 5_000,
    });
    const exit = ccxtTrade('t2', {
      symbol,
      order: '2',
      side: 'sell',
      amount: 10,
      price: 101_000,
      fee: { cost: 5, currency: 'USDT' },
      timestamp: atMs - 1_000,
    });
    const { lines } = await told(
      [
        { gives: ccxtOrder('1', { symbol, amount: 10, filled: 10, status: 'closed', trades: [entry] }) },
        { gives: ccxtOrder('2', { symbol, side: 'sell', amount: 10, price: 101_000 }) },
        { gives: ccxtOrder('2', { symbol, side: 'sell', amount: 10, price: 101_000, filled: 10, status: 'closed' }) },
        { gives: [entry, exit] },
        { fails: new InsufficientFunds('fake {"code":-2019,"msg":"Margin is insufficient."}') },
      ],
      async (exchange) => {
        exchange.markets = { [symbol]: swap };
        await exchange.createOrder(symbol, 'market', 'buy', 10);
        await exchange.createOrder(symbol, 'limit', 'sell', 10, 101_000, { reduceOnly: true });
        await exchange.fetchOrder('2', symbol);
        await exchange.fetchMyTrades(symbol);
        await exchange.createOrder(symbol, 'market', 'buy', 10_000);
      },
      { accountId: 'main' },
    );
    const events = stored(lines);
    const { trades, rows } = foldAll(events, { key: { mode: 'paper', strategyId: 'ma-cross' }, asOfMs: atMs + 60_000 });
    const orders = rows.filter(({ stream }) => stream === 'order_lifecycle').map(({ event }) => event);

    for (const event of events) expect(event.misfits).toBeUndefined();
    expect(trades).toMatchObject([
      {
        direction: 'long',
        status: 'closed',
        symbol,
        venue: 'fake',
        instrument_kind: 'linear',
        gross_pnl_usd: 100,
        fees_usd: 10,
        net_pnl_usd: 90,
      },
    ]);
    expect(orders).toHaveLength(3);
    expect(orders).toMatchObject([
      { status: 'filled', filled_qty: 10, venue_order_id: '1' },
      { status: 'filled', filled_qty: 10, venue_order_id: '2', reduce_only: true, limit_px: 101_000 },
      { status: 'rejected', rejection_reason: '-2019' },
    ]);
  });
});
