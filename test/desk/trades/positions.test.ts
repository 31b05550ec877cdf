import { parse } from 'csv-parse/sync';
import { afterEach, expect, test, vi } from 'vitest';
import { printable } from '../../../lib/desk/printable.ts';
import { positionsOf, unrealizedAt } from '../../../lib/desk/trades/positions.ts';
import type { LastPrices } from '../../../lib/desk/trades/prices.ts';
import { nightdesk } from '../../support/command.ts';
import { exampleEvent, type LakeEvent, writeLake } from '../../support/lake.ts';
import { tempFolder } from '../../support/temp.ts';
import { closedTrade, NOON_MS, openTrade } from './rows.ts';

const MINUTE_MS = 60_000;

function dataWith(...rows: readonly LakeEvent[]): string {
  const data = tempFolder();
  if (rows.length > 0) writeLake(data, rows);
  return data;
}

const market = (afterMs: number, own: LakeEvent): LakeEvent => ({
  ...exampleEvent('market', {
    ts_ms: NOON_MS + afterMs,
    strategy_id: 'other',
    venue: 'okx',
    symbol: 'BTC-USD',
    mode: 'paper',
    mid: null,
    bid: null,
    ask: null,
    mark_px: null,
    last: null,
    close: null,
  }),
  ...own,
});

async function positions(data: string, ...options: readonly string[]): Promise<Record<string, unknown>[]> {
  const { out, code, err } = await nightdesk('positions', '--format', 'json', '--data', data, ...options);
  if (code !== 0) throw new Error(err);
  return JSON.parse(out).positions;
}

afterEach(() => {
  vi.useRealTimers();
});

test('a position is shown at the newest price of its symbol, with how long ago that was seen', async () => {
  vi.useFakeTimers({ now: NOON_MS + 90 * MINUTE_MS, toFake: ['Date'] });
  const data = dataWith(
    openTrade('1', 0),
    market(MINUTE_MS, { mid: 105 }),
    market(60 * MINUTE_MS, { mark_px: 120 }),
    market(61 * MINUTE_MS, { mid: 1, venue: 'elsewhere' }),
    market(62 * MINUTE_MS, { mid: 1, mode: 'backtest' }),
    market(63 * MINUTE_MS, { mid: 1, symbol: 'ETH-USD' }),
    market(64 * MINUTE_MS, {}),
  );

  const { out, code } = await nightdesk('positions', '--data', data);

  expect(code).toBe(0);
  expect(
    out
      .split('\n')[1]
      ?.trim()
      .split(/\s{2,}/),
  ).toEqual([
    ...[
      'paper',
      'okx',
      'momo',
      'BTC-USD',
      'long',
      '0.5',
      '100',
      '120',
      'mark 30m ago',
      '+10.00',
      '1h 30m',
      '1',
      'run r1',
    ],
  ]);
});

test('a fill newer than any market event is the last price', async () => {
  const fill = exampleEvent('execution', {
    ts_ms: NOON_MS + 5 * MINUTE_MS,
    strategy_id: 'other',
    venue: 'okx',
    symbol: 'BTC-USD',
    mode: 'paper',
    qty: 1,
    price: 98,
    result: 'filled',
  });
  const data = dataWith(openTrade('1', 0), market(MINUTE_MS, { mid: 105 }), fill);

  expect(await positions(data)).toEqual([
    expect.objectContaining({ last_px: 98, last_px_source: 'fill', unrealized_pnl_usd: -1 }),
  ]);
});

test('an order that was rejected is no price', async () => {
  const rejected = exampleEvent('execution', {
    ts_ms: NOON_MS + 5 * MINUTE_MS,
    venue: 'okx',
    symbol: 'BTC-USD',
    mode: 'paper',
    qty: 1,
    price: 1,
    result: 'rejected',
  });

  expect(await positions(dataWith(openTrade('1', 0), rejected))).toEqual([
    expect.objectContaining({ last_px: 100, last_px_source: 'fill', last_px_age_s: null }),
  ]);
});

test('a price is looked for back to the entry, and not before it', async () => {
  const day = 24 * 60 * MINUTE_MS;
  const others = [1, 2, 3, 4].map((n) => market(n * day, { symbol: 'ETH-USD', mid: 7 }));
  const data = dataWith(
    openTrade('1', 0),
    openTrade('2', 0, { symbol: 'SOL-USD' }),
    ...others,
    market(MINUTE_MS, { mid: 130 }),
    market(-day, { symbol: 'SOL-USD', mid: 9 }),
  );

  expect(await positions(data)).toEqual([
    expect.objectContaining({ symbol: 'BTC-USD', last_px: 130 }),
    expect.objectContaining({ symbol: 'SOL-USD', last_px: 100, last_px_source: 'fill' }),
  ]);
});

test('each book is a line of its own: mode, venue, account, strategy, run, symbol and side are never added up', async () => {
  const data = dataWith(
    openTrade('1', 0),
    openTrade('2', 0, { mode: 'live' }),
    openTrade('3', 0, { mode: null }),
    openTrade('4', 0, { venue: 'other' }),
    openTrade('5', 0, { account_id: 'a2' }),
    openTrade('6', 0, { strategy_id: 'z' }),
    openTrade('7', 0, { session_id: 'r2' }),
    openTrade('8', 0, { symbol: 'ETH-USD' }),
    openTrade('9', 0, { position_side: 'short', position_qty: -0.5, direction: 'short' }),
  );

  expect(await positions(data)).toHaveLength(9);
});

test('a run that keeps an account per timeframe has a position in each', async () => {
  const data = dataWith(
    openTrade('1', 0, { timeframe: '5m' }),
    openTrade('2', 0, { timeframe: '1h' }),
    openTrade('3', 0, { timeframe: '5m', account_id: 'a' }),
    openTrade('4', 0, { timeframe: '1h', account_id: 'a' }),
  );

  const found = await positions(data);

  expect(found.map(({ account_id, timeframe, qty }) => [account_id, timeframe, qty])).toEqual([
    ['a', null, 1],
    [null, '5m', 0.5],
    [null, '1h', 0.5],
  ]);
});

test('open trades of one book are one position, whatever runs opened them where the account outlives these', async () => {
  const live = { mode: 'live', scope: 'account' };
  const data = dataWith(
    openTrade('1', 0, live),
    openTrade('2', MINUTE_MS, {
      ...live,
      session_id: 'r2',
      avg_px: 106,
      entry_px: 106,
      position_qty: 1,
      entry_qty: 1,
      entry_notional: 106,
      last_px: 106,
    }),
  );

  expect(await positions(data)).toEqual([
    expect.objectContaining({
      qty: 1.5,
      avg_px: 104,
      trades: 2,
      session_id: null,
      last_px: 106,
      unrealized_pnl_usd: 3,
    }),
  ]);
});

test('closed trades are no position, abandoned ones only with --all, and those without a known entry are pointed out', async () => {
  const data = dataWith(
    openTrade('1', 0, { provisional: true }),
    closedTrade('2', 0),
    openTrade('3', 0, { status: 'abandoned', session_id: 'r9' }),
    closedTrade('4', 0, { entry_unknown: true }),
  );

  const { out } = await nightdesk('positions', '--data', data);

  expect(out).toMatch(/provisional/);
  expect(out).not.toMatch(/abandoned/);
  expect(out).toContain('1 trade reduces a position whose opening is not known: `nightdesk positions adopt`');
  expect((await nightdesk('positions', '--all', '--data', data)).out).toMatch(/abandoned, run r9/);
});

test.each([
  [['--mode', 'live'], ['2']],
  [['--mode', 'unknown'], ['3']],
  [['--strategy', 'z'], ['2']],
  [['--symbol', 'ETH-USD'], ['3']],
  [
    ['--session', 'r1'],
    ['1', '2', '3'],
  ],
])('%j narrows it', async (options, expected) => {
  const data = dataWith(
    openTrade('1', 0, { account_id: '1' }),
    openTrade('2', 0, { account_id: '2', mode: 'live', strategy_id: 'z' }),
    openTrade('3', 0, { account_id: '3', mode: null, symbol: 'ETH-USD' }),
  );

  const found = await positions(data, ...options);

  expect(found.map(({ account_id }) => account_id).sort()).toEqual(expected);
});

test('without a position there is a remark, an empty JSON list, a CSV head', async () => {
  const data = tempFolder();

  expect(await nightdesk('positions', '--data', data)).toMatchObject({
    code: 0,
    out: '',
    err: 'No position is open.\n',
  });
  expect(await positions(data)).toEqual([]);
  expect(parse((await nightdesk('positions', '--format', 'csv', '--data', data)).out)).toHaveLength(1);
});

test('hostile text does not reach the terminal raw', async () => {
  const bad = '\u001b[2J\u202e\u0007x';
  const own = { symbol: bad, venue: bad, account_id: bad, strategy_id: bad, session_id: bad, position_id: bad };

  const { out } = await nightdesk('positions', '--data', dataWith(openTrade('1', 0, own)));

  expect(printable(out.replaceAll('\n', ''))).toBe(out.replaceAll('\n', ''));
  expect(out).toContain('·[2J··x');
});

test('unrealised PnL by hand: linear with a multiplier and a rate, short, inverse with the rate of its own base', () => {
  const linear = {
    instrument_kind: 'linear',
    entry_px: 2,
    entry_qty: 10,
    entry_notional: 2_000,
    avg_px: 2,
    settle_usd_rate: 1.1,
  };
  const inverse = {
    instrument_kind: 'inverse',
    entry_px: 50_000,
    entry_qty: 100,
    entry_notional: 0.2, // 100 contracts of 100 dollars each at 50,000
    avg_px: 50_000,
    last_px: 50_000,
    settle_usd_rate: 50_000,
    fills: [{ role: 'open', qty: 100, price: 50_000 }],
  };

  // 10 contracts of 100 units: 1,000 × (2.5 − 2) = 500 of an asset worth 1.1
  expect(unrealizedAt({ ...linear, position_qty: 10 }, 2.5)).toBeCloseTo(550, 9);
  expect(unrealizedAt({ ...linear, position_qty: -4 }, 2.5)).toBeCloseTo(-220, 9);
  // 100 × 100 × (1/50,000 − 1/40,000) = −0.05 coins, worth 40,000 each now
  expect(unrealizedAt({ ...inverse, position_qty: 100 }, 40_000)).toBeCloseTo(-2_000, 6);
  expect(unrealizedAt({ ...linear, position_qty: 10, settle_usd_rate: null }, 2.5)).toBeNull();
});

test('of a book one part of which has no known PnL the PnL is not known', () => {
  const prices = {
    of: () => ({ price: 101, ts: '2025-11-21T12:30:00.000000Z', source: 'mid' }),
  } as unknown as LastPrices;
  const rows = [openTrade('1', 0), openTrade('2', 0, { settle_usd_rate: null })] as Parameters<typeof positionsOf>[0];

  expect(positionsOf(rows, prices, NOON_MS)).toEqual([expect.objectContaining({ qty: 1, unrealized_pnl_usd: null })]);
});
