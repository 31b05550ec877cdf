import { describe, expect, test } from 'vitest';
import { readTolerances } from '../../../lib/core/reconcile/tolerances.ts';
import type { Break, Ours, VenueExport } from '../../../lib/core/reconcile/types.ts';
import { at, ccxtTrade, compared, DAY_US, kindsOf, openOf, ourFill, ourFunding, ours, readRows } from './support.ts';

const T = 36_000;

/** The breaks of one ccxt trade against one fill of ours. */
const pair = (
  trade: Record<string, unknown>,
  fill: Parameters<typeof ourFill>[1] = {},
  tolerances: readonly string[] = [],
): readonly Break[] =>
  compared(readRows([ccxtTrade(T, trade)]), ours({ fills: [ourFill(T, fill)] }), {
    tolerances: readTolerances(tolerances),
  }).breaks;

describe('price', () => {
  test('a price that differs is a break with its tolerance', () => {
    expect(pair({ price: 100.5 })).toEqual([
      expect.objectContaining({
        kind: 'price',
        state: 'open',
        ours: '100',
        theirs: '100.5',
        difference: -0.5,
        tolerance: 100.5e-9,
        row: 1,
      }),
    ]);
  });

  test('a tick is allowed where it is said, absolute or as a share', () => {
    expect(pair({ price: 100.5 }, {}, ['price=0.5'])).toEqual([
      expect.objectContaining({ kind: 'price', state: 'within_tolerance' }),
    ]);
    expect(pair({ price: 100.5 }, {}, ['price=1%'])).toEqual([expect.objectContaining({ state: 'within_tolerance' })]);
    expect(pair({ price: 100.5 }, {}, ['price=10bps'])).toEqual([expect.objectContaining({ state: 'open' })]);
  });

  test('the noise of adding doubles is no difference', () => {
    expect(pair({ price: 0.1 + 0.2 }, { price: 0.3 })).toEqual([]);
  });

  test('without ids, fills alike but for the price are one fill with a break, not two', () => {
    expect(kindsOf(pair({ price: 101, id: null }, { venueFillId: null }))).toEqual(['price']);
  });

  test('two different ids of the venue are two fills, however alike in time', () => {
    const fills = [ourFill(T, { venueFillId: 'x', price: 99, orderIds: [] }), ourFill(T + 1)];
    const result = compared(readRows([ccxtTrade(T), ccxtTrade(T + 1)]), ours({ fills }));
    expect(kindsOf(openOf(result)).sort()).toEqual(['missing', 'unexpected']);
  });
});

describe('quantity', () => {
  test('a quantity that differs is a break; half a lot of it is not', () => {
    expect(pair({ amount: 1.01 })).toEqual([
      expect.objectContaining({ kind: 'quantity', state: 'open', field: 'qty', difference: expect.closeTo(-0.01) }),
    ]);
    const rows = readRows([ccxtTrade(T, { amount: 1.0004 })]);
    const result = compared(rows, ours({ fills: [ourFill(T)] }), { lotOf: () => 0.001 });
    expect(result.breaks).toEqual([
      expect.objectContaining({ kind: 'quantity', state: 'within_tolerance', tolerance: 0.0005 }),
    ]);
  });

  test('contracts count as base units once their size is said', () => {
    const rows = [ccxtTrade(T, { amount: 100 })];
    expect(compared(readRows(rows, { contractSize: 0.01 }), ours({ fills: [ourFill(T)] })).breaks).toEqual([]);
  });

  test('a side that differs is a break of its own', () => {
    expect(pair({ side: 'sell' })).toEqual([
      expect.objectContaining({ kind: 'field', field: 'side', ours: 'buy', theirs: 'sell' }),
    ]);
  });
});

describe('fee', () => {
  test.each([
    ['a cent of dollars is allowed', { cost: 0.105, currency: 'USDT' }, ['within_tolerance']],
    ['more is not', { cost: 0.12, currency: 'USDT' }, ['open']],
    ['dollars and their like are one asset', { cost: 0.1, currency: 'USDC' }, []],
    ['a rebate where we paid', { cost: -0.1, currency: 'USDT' }, ['open']],
    ['in the base asset a cent is worth less than its number', { cost: 0.102, currency: 'BTC' }, ['open']],
  ])('%s', (_what, fee, states) => {
    const own = fee.currency === 'BTC' ? { fee: 0.1, feeAsset: 'BTC', feeUsd: null } : {};
    const breaks = pair({ fee }, own);
    expect(breaks.map(({ state }) => state)).toEqual(states);
    expect(breaks.every(({ kind }) => kind === 'fee')).toBe(true);
  });

  test('another asset is a break of the asset', () => {
    expect(pair({ fee: { cost: 0.0001, currency: 'BNB' } })).toEqual([
      expect.objectContaining({ kind: 'fee', field: 'fee_asset', ours: '0.1 USDT', theirs: '0.0001 BNB' }),
    ]);
  });

  test('a fee that we do not know is open; one that the file does not say is not compared', () => {
    expect(pair({}, { fee: null, feeAsset: null, feeUsd: null })).toEqual([
      expect.objectContaining({ kind: 'fee', ours: null, state: 'open' }),
    ]);
    expect(pair({ fee: null, fees: [] }, { fee: 77 })).toEqual([]);
  });

  test('the ledger’s dollars stand in for a fee that the bot does not log with the fill', () => {
    expect(pair({}, { fee: null, feeAsset: null, feeUsd: 0.1 })).toEqual([]);
  });
});

describe('repeated', () => {
  test('two strategies that report one fill of one account hold it in two ledgers', () => {
    const fills = [ourFill(T), ourFill(T, { strategyId: 'other' })];
    expect(compared(readRows([ccxtTrade(T)]), ours({ fills })).breaks).toEqual([
      expect.objectContaining({ kind: 'repeated', state: 'open' }),
    ]);
  });

  test('a repeat with other figures is open', () => {
    const fills = [ourFill(T), ourFill(T, { qty: 2, sessionId: 'run 2', arrivedMs: at(T) / 1000 + 9_000 })];
    expect(compared(readRows([ccxtTrade(T)]), ours({ fills })).breaks).toEqual([
      expect.objectContaining({ kind: 'repeated', state: 'open', ours: 'buy 2 @ 100' }),
    ]);
  });

  test('the first counts as the ledger’s, whichever the file agrees with', () => {
    const fills = [ourFill(T, { qty: 2, arrivedMs: at(T) / 1000 + 9_000 }), ourFill(T)];
    expect(kindsOf(compared(readRows([ccxtTrade(T)]), ours({ fills })).breaks)).toEqual(['repeated']);
  });
});

describe('the third way: what our ledger took', () => {
  test('a fill that venue and bot agree on, and no trade holds, is open', () => {
    const own = ours({ fills: [ourFill(T, { inLedger: false })] });
    expect(compared(readRows([ccxtTrade(T)]), own).breaks).toEqual([
      expect.objectContaining({ kind: 'missing', field: 'ledger', state: 'open' }),
    ]);
  });

  test('without any ledger that is said once, and not of each fill', () => {
    const result = compared(
      readRows([ccxtTrade(T)]),
      ours({ fills: [ourFill(T, { inLedger: false })], hasLedger: false }),
    );
    expect(result.breaks).toEqual([]);
    expect(result.notes).toEqual([expect.stringContaining('no ledger yet')]);
  });
});

test('fills are matched by what they are where no id of the file is one of ours, and that is said', () => {
  const result = compared(readRows([ccxtTrade(T, { id: 'other form' })]), ours({ fills: [ourFill(T)] }));
  expect(result.breaks).toEqual([]);
  expect(result.matched).toEqual({ byId: 0, byEconomics: 1, ambiguous: 0 });
  expect(result.notes).toEqual([expect.stringContaining('No fill id of the file')]);
});

test('a match that could have been another is said', () => {
  const rows = [ccxtTrade(T, { id: null }), ccxtTrade(T + 1, { id: null })];
  const fills = [ourFill(T, { venueFillId: null }), ourFill(T + 1, { venueFillId: null })];
  const result = compared(readRows(rows), ours({ fills }));
  expect(result.breaks).toEqual([]);
  expect(result.matched.ambiguous).toBe(2);
});

test('a fill outside of the range is neither missing nor unexpected; at its edge it still finds its partner', () => {
  const range = { fromUs: DAY_US + T * 1e6, toUs: DAY_US + (T + 10) * 1e6 };
  const fills = [ourFill(T - 1, { venueFillId: null }), ourFill(T + 60)];
  const rows = [ccxtTrade(T, { id: null }), ccxtTrade(T + 90)];
  expect(compared(readRows(rows), ours({ fills }), { range }).breaks).toEqual([]);
});

test('an id is enough, however far the clocks are apart', () => {
  const result = compared(readRows([ccxtTrade(T)]), ours({ fills: [ourFill(T, { us: at(T + 3_600) })] }));
  expect([result.breaks, result.matched.byId]).toEqual([[], 1]);
});

test('a fill against oneself has one number and two sides, and is two fills', () => {
  const rows = [ccxtTrade(T), ccxtTrade(T, { side: 'sell' })];
  const fills = [ourFill(T, { side: 'sell' }), ourFill(T)];
  expect(compared(readRows(rows), ours({ fills })).breaks).toEqual([]);
});

test('alike in ids only by symbol: the same number in another market is another fill', () => {
  const rows = [ccxtTrade(T), ccxtTrade(T, { symbol: 'ETH/USDT', price: 10 })];
  const fills = [ourFill(T), ourFill(T, { symbol: 'ETHUSDT', price: 10 })];
  expect(compared(readRows(rows), ours({ fills })).matched.byId).toBe(2);
});

describe('funding', () => {
  const row = (seconds: number, amount: number, over: Record<string, unknown> = {}): Record<string, unknown> => ({
    id: `p${seconds}`,
    timestamp: at(seconds) / 1000,
    symbol: 'BTC/USDT:USDT',
    code: 'USDT',
    amount,
    ...over,
  });

  test('payments are matched by time; a cent is allowed', () => {
    const funding = [ourFunding(T + 30, -0.5), ourFunding(T + 28_800, -0.51)];
    const result = compared(readRows([row(T, -0.5), row(T + 28_800, -0.5)]), ours({ funding }));
    expect(result.breaks).toEqual([expect.objectContaining({ kind: 'funding', state: 'within_tolerance' })]);
    expect(result.compared.funding).toBe(2);
  });

  test('what was not reported, what was not paid, what was paid otherwise and what came twice', () => {
    const funding = [
      ourFunding(T + 100, 1, { flowId: 'p100' }),
      ourFunding(T + 7_200, -0.5),
      ourFunding(T + 14_400, 0.5, { flowId: 'q' }),
      ourFunding(T + 14_400, 0.5, { flowId: 'q' }),
    ];
    const rows = [row(T, -0.25), row(T + 100, 1, { id: 'p100' }), row(T + 14_400, -0.5, { id: 'q' })];
    const { breaks } = compared(readRows(rows), ours({ funding }));
    expect(breaks.map(({ kind, field, state }) => [kind, field, state])).toEqual([
      ['funding', 'missing', 'open'],
      ['funding', 'amount', 'open'],
      ['funding', 'unexpected', 'open'],
      ['repeated', null, 'within_tolerance'],
    ]);
    expect(breaks[1]?.advice).toContain('signs differ');
  });

  test('a file of fills says nothing about funding', () => {
    expect(
      compared(readRows([ccxtTrade(T)]), ours({ fills: [ourFill(T)], funding: [ourFunding(T, 1)] })).breaks,
    ).toEqual([]);
  });
});

const position = (symbol: string, contracts: number, side: string, seconds?: number): Record<string, unknown> => ({
  symbol,
  contracts,
  side,
  timestamp: seconds === undefined ? undefined : at(seconds) / 1000,
});

describe('position', () => {
  const held = (over: Partial<Ours>): Ours =>
    ours({ positions: [{ symbol: 'BTCUSDT', long: 1_500_000_000_000n, short: 0n }], ...over });
  const of = (venue: VenueExport, own: Ours): [string, string, string | null, string | null][] =>
    compared(venue, own).breaks.map(({ kind, subject, ours: a, theirs }) => [kind, subject, a, theirs]);

  test('what is held alike is clean, what is not is a break, and what the venue does not list it holds none of', () => {
    expect(of(readRows([position('BTC/USDT:USDT', 1.5, 'long')]), held({}))).toEqual([]);
    expect(of(readRows([position('BTC/USDT:USDT', 1.5, 'short')]), held({}))).toEqual([
      ['position', 'BTCUSDT', '1.5', '-1.5'],
    ]);
    expect(of(readRows([position('ETH/USDT:USDT', 2, 'long')]), held({}))).toEqual([
      ['position', 'BTCUSDT', '1.5', '0'],
      ['position', 'ETHUSDT', '0', '2'],
    ]);
  });

  test('a position of earlier is compared as of then: what was filled since is taken back', () => {
    const later = [ourFill(T + 60, { side: 'buy', qty: 0.3 }), ourFill(T - 60, { side: 'buy', qty: 7 })];
    expect(of(readRows([position('BTC/USDT', 1.2, 'long', T)]), held({ later }))).toEqual([]);
  });

  test('in hedge mode each side is compared', () => {
    const positions = [{ symbol: 'BTCUSDT', long: 2_000_000_000_000n, short: 1_000_000_000_000n }];
    const rows = [position('BTC/USDT', 2, 'long'), position('BTC/USDT', 0.5, 'short')];
    expect(of(readRows(rows), ours({ positions }))).toEqual([['position', 'BTCUSDT short', '-1', '-0.5']]);
  });
});

describe('balance', () => {
  const balances = (total: Record<string, number>): VenueExport => readRows([{ total, timestamp: at(T) / 1000 }]);
  const positions = [{ symbol: 'BTCUSDT', long: 500_000_000_000n, short: 0n }];

  test('dollars are held against the cash of the account, coins against the position', () => {
    const own = ours({ positions, cashUsd: { us: at(T), usd: 1000 } });
    expect(compared(balances({ USDT: 600, USDC: 400, BTC: 0.5 }), own).breaks).toEqual([]);
    expect(compared(balances({ USDT: 600, USDC: 399, BTC: 0.4 }), own).breaks).toEqual([
      expect.objectContaining({ kind: 'balance', subject: 'USD', difference: 1, state: 'open' }),
      expect.objectContaining({ kind: 'balance', subject: 'BTC', difference: expect.closeTo(0.1), state: 'open' }),
    ]);
  });

  test('what we know nothing of is not compared, and said', () => {
    const result = compared(balances({ USDT: 1, DOGE: 5 }), ours({ positions }));
    expect(result.breaks).toEqual([]);
    expect(result.notes).toEqual([expect.stringContaining('cash of the account'), expect.stringContaining('DOGE')]);
  });
});

test('tolerances that are none are refused with what was given', () => {
  for (const wrong of ['price', 'price=', 'cost=1', 'price=-1', 'time=5', 'price=1x'])
    expect(() => readTolerances([wrong])).toThrow(wrong);
  expect(readTolerances(['time=500ms', 'funding=2', 'position=0.1%'])).toMatchObject({
    timeUs: 500_000,
    funding: { absolute: 2 },
    position: { relative: 0.001 },
  });
});
