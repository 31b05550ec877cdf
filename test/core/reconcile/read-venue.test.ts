import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NightdeskError } from '../../../lib/core/errors.ts';
import { isDecimal, readDecimal, unitsOf, unitsText } from '../../../lib/core/reconcile/decimal.ts';
import { baseOf, normalSymbol, symbolNames } from '../../../lib/core/reconcile/symbols.ts';
import { at, ccxtTrade, readRows } from './support.ts';

const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof NightdeskError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error('nothing was refused');
};

test('a trade of ccxt is read with its fee, order and side', () => {
  const [fill] = readRows([ccxtTrade(36_000.25)]).fills;
  expect(fill).toEqual({
    row: 1,
    id: 'v36000.25',
    orderId: 'o36000.25',
    us: at(36_000.25),
    symbol: 'BTC/USDT',
    side: 'buy',
    quantity: { text: '1', value: 1 },
    price: { text: '100', value: 100 },
    fee: 0.1,
    feeAsset: 'USDT',
    liquidity: 'taker',
  });
});

describe('fees', () => {
  test('without a fee, the fees of one asset are summed', () => {
    const fees = [
      { cost: 0.1, currency: 'BNB' },
      { cost: '0.2', currency: 'BNB' },
    ];
    const [fill] = readRows([ccxtTrade(1, { fee: undefined, fees })]).fills;
    expect(fill).toMatchObject({ feeAsset: 'BNB' });
    expect(fill?.fee).toBeCloseTo(0.3, 12);
  });

  test('fees of several assets, and none at all, are not known', () => {
    const fees = [
      { cost: 0.1, currency: 'BNB' },
      { cost: 0.2, currency: 'USDT' },
    ];
    const read = readRows([ccxtTrade(1, { fee: undefined, fees }), ccxtTrade(2, { fee: null, fees: [] })]);
    expect(read.fills.map(({ fee }) => fee)).toEqual([null, null]);
  });

  test('a venue that writes what was paid as a negative change means a cost', () => {
    const okx = {
      tradeId: '1',
      ordId: '2',
      instId: 'BTC-USDT-SWAP',
      side: 'sell',
      fillSz: '0.5',
      fillPx: '100',
      fee: '-0.05',
      feeCcy: 'USDT',
      ts: '1767607200000',
      execType: 'T',
    };
    expect(readRows([okx]).fills[0]).toMatchObject({ fee: 0.05, feeAsset: 'USDT', liquidity: 'taker' });
    expect(readRows([okx], { fee: 'paid' }).fills[0]).toMatchObject({ fee: -0.05 });
  });
});

describe('exports that are known by their columns', () => {
  const cases: readonly (readonly [string, Record<string, unknown>, Record<string, unknown>])[] = [
    [
      'Binance spot trades',
      {
        'Date(UTC)': '2026-01-05 10:00:00',
        Pair: 'BTCUSDT',
        Side: 'SELL',
        Price: '100.5',
        Executed: '0.5BTC',
        Amount: '50.25USDT',
        Fee: '0.00001BNB',
      },
      { us: at(36_000), side: 'sell', fee: 0.00001, feeAsset: 'BNB', id: null },
    ],
    [
      'Binance trades',
      {
        'Date(UTC)': '2026-01-05 10:00:00',
        Symbol: 'BTCUSDT',
        Side: 'BUY',
        Price: '100',
        Quantity: '1',
        Amount: '100',
        Fee: '0.04',
        'Fee Coin': 'USDT',
        'Realized Profit': '0',
        'Quote Asset': 'USDT',
      },
      { us: at(36_000), side: 'buy', fee: 0.04, feeAsset: 'USDT' },
    ],
    [
      'Binance API trades',
      {
        symbol: 'BTCUSDT',
        id: 28457,
        orderId: 100234,
        price: '100',
        qty: '1',
        commission: '0.1',
        commissionAsset: 'USDT',
        time: 1767607200000,
        isBuyer: false,
        isMaker: true,
      },
      { us: at(36_000), side: 'sell', id: '28457', orderId: '100234', liquidity: 'maker' },
    ],
    [
      'Bybit trades',
      {
        Uid: '1',
        Currency: 'USDT',
        Contract: 'BTCUSDT',
        Type: 'TRADE',
        Direction: 'SELL',
        Quantity: '-0.5',
        Position: '0',
        'Filled Price': '100',
        Funding: '0',
        'Fee Paid': '-0.05',
        'Cash Flow': '0',
        Change: '-0.05',
        'Wallet Balance': '1',
        Action: '--',
        'Time(UTC)': '2026-01-05 10:00:00',
      },
      { us: at(36_000), side: 'sell', fee: 0.05, quantity: { text: '0.5', value: 0.5 } },
    ],
    [
      'OKX trades',
      {
        id: '9',
        'Order id': '8',
        Time: '2026-01-05 18:00:00',
        'Trade Type': 'Swap',
        Symbol: 'BTC-USDT-SWAP',
        Action: 'Buy',
        Amount: '1',
        'Trading Unit': 'BTC',
        'Filled Price': '100',
        PnL: '0',
        Fee: '-0.05',
        'Fee Unit': 'USDT',
      },
      { us: at(36_000), side: 'buy', fee: 0.05, id: '9' },
    ],
    [
      'Kraken trades',
      {
        txid: 'T-1',
        ordertxid: 'O-1',
        pair: 'XXBTZUSD',
        time: '2026-01-05 10:00:00.1234',
        type: 'sell',
        ordertype: 'limit',
        price: '100',
        cost: '50',
        fee: '0.1',
        vol: '0.5',
        margin: '0',
        misc: '',
        ledgers: 'L-1,L-2',
      },
      { us: at(36_000.1234), side: 'sell', id: 'T-1', orderId: 'O-1' },
    ],
    [
      'Hyperliquid trades',
      {
        time: '05/01/2026 - 10:00:00',
        coin: 'BTC',
        dir: 'Close Short',
        px: '100',
        sz: '0.5',
        ntl: '50',
        fee: '0.02',
        closedPnl: '-0.02',
      },
      { us: at(36_000), side: 'buy', symbol: 'BTC' },
    ],
    [
      'Hyperliquid API fills',
      {
        coin: 'BTC',
        px: '100',
        sz: '0.5',
        side: 'A',
        time: 1767607200000,
        startPosition: '0',
        dir: 'Open Short',
        closedPnl: '0',
        hash: '0x',
        oid: 7,
        crossed: true,
        fee: '0.02',
        tid: 118906512037719,
        feeToken: 'USDC',
      },
      { us: at(36_000), side: 'sell', id: '118906512037719', liquidity: 'taker', feeAsset: 'USDC' },
    ],
  ];
  test.each(cases)('%s', (layout, row, expected) => {
    const zone = layout === 'OKX trades' ? 'UTC+8' : 'UTC';
    const read = readRows([row], {}, { zone });
    expect(read.layouts).toContain(layout);
    expect(read.fills).toHaveLength(1);
    expect(read.fills[0]).toMatchObject(expected);
  });

  test('rows of one file that are of several kinds are told apart', () => {
    const row = {
      Currency: 'USDT',
      Contract: 'BTCUSDT',
      Type: 'TRADE',
      Direction: 'BUY',
      Quantity: '1',
      'Filled Price': '100',
      Funding: '0',
      'Fee Paid': '-0.1',
      'Time(UTC)': '2026-01-05 10:00:00',
    };
    const read = readRows([
      row,
      { ...row, Type: 'SETTLEMENT', Funding: '-0.25' },
      { ...row, Type: 'TRANSFER_IN', Contract: '' },
    ]);
    expect([read.fills.length, read.funding.length, read.ignored]).toEqual([1, 1, 1]);
    expect(read.funding[0]?.amount.value).toBe(-0.25);
  });

  test('funding, positions and balances of ccxt', () => {
    const read = readRows([
      { info: {}, symbol: 'BTC/USDT:USDT', code: 'USDT', timestamp: 1767600000000, id: 'f1', amount: -0.0116 },
      { symbol: 'BTC/USDT:USDT', contracts: 3, contractSize: 0.01, side: 'short', timestamp: 1767600000000 },
      { free: { USDT: 90 }, used: { USDT: 10 }, total: { USDT: 100, BTC: '0.5' }, timestamp: 1767600000000 },
    ]);
    expect(read.funding[0]).toMatchObject({ id: 'f1', asset: 'USDT', amount: { value: -0.0116 } });
    expect(read.positions[0]?.quantity.value).toBe(-0.03);
    expect(read.balances.map(({ asset, total }) => [asset, total.value])).toEqual([
      ['USDT', 100],
      ['BTC', 0.5],
    ]);
  });

  test('a header alone says what the file is about', () => {
    const header = ['Date(UTC)', 'Symbol', 'Side', 'Price', 'Quantity', 'Amount', 'Fee', 'Fee Coin'];
    expect([...readRows([], {}, { header }).kinds]).toEqual(['fill']);
  });
});

describe('times', () => {
  test.each([
    ['epoch seconds', 1767607200],
    ['epoch milliseconds as text', '1767607200000'],
    ['microseconds', 1767607200000000],
    ['ISO with an offset', '2026-01-05T12:00:00+02:00'],
    ['naive, in the zone of the settings', '2026-01-05 15:30:00'],
  ])('%s', (_what, timestamp) => {
    expect(readRows([ccxtTrade(1, { timestamp, datetime: null })], {}, { zone: 'Asia/Kolkata' }).fills[0]?.us).toBe(
      at(36_000),
    );
  });

  test('a column that says UTC is read so, whatever the zone of the settings', () => {
    const row = {
      'Date(UTC)': '2026-01-05 10:00:00',
      Symbol: 'BTCUSDT',
      Side: 'BUY',
      Price: '1',
      Quantity: '1',
      Fee: '0',
    };
    expect(readRows([row], {}, { zone: 'Asia/Kolkata' }).fills[0]?.us).toBe(at(36_000));
  });
});

describe('what cannot be believed is refused with row and column', () => {
  test.each([
    ['1,234.5', 'thousands separators'],
    ['1.234,5', 'not a number'],
    ['12,5', 'decimals need a point'],
    ['=1+1', 'formula'],
    ['@SUM(A1)', 'formula'],
    ['', 'is empty'],
    ['NaN', 'not a number'],
    [true, 'not a number'],
  ])('price %j', (price, why) => {
    const text = refusal(() => readRows([ccxtTrade(1), ccxtTrade(2, { price })]));
    expect(text).toContain('VENUE_FILE_INVALID');
    expect(text).toContain('row 2: column price');
    expect(text).toContain(why);
  });

  test('a side that is none, and a time that is none', () => {
    expect(refusal(() => readRows([ccxtTrade(1, { side: 'transfer' })]))).toMatch(
      /row 1: column side: "TRANSFER" is neither/,
    );
    expect(refusal(() => readRows([ccxtTrade(1, { timestamp: 'yesterday' })]))).toMatch(
      /row 1: column timestamp: "yesterday" is no time/,
    );
  });

  test('the first problems are told, the rest are counted', () => {
    const rows = Array.from({ length: 9 }, (_, n) => ccxtTrade(n, { price: '1,000' }));
    expect(refusal(() => readRows(rows))).toMatch(/9 of 9 rows cannot be read: row 1: .*row 5: .*and 4 more$/);
  });

  test('columns that are those of nothing known are listed, with how to name them', () => {
    expect(refusal(() => readRows([{ when: 1, what: 2 }]))).toMatch(
      /row 1: the columns when, what are those of no export.*--columns id=/,
    );
  });

  test('columns that are given must be there, and be enough', () => {
    const row = { When: '2026-01-05 10:00:00', Pair: 'BTCUSDT', Way: 'buy', Size: '1', Px: '2' };
    const columns = { time: 'When', symbol: 'Pair', side: 'Way', quantity: 'Size', price: 'Px' };
    expect(readRows([row], { columns }).fills[0]).toMatchObject({ us: at(36_000), price: { value: 2 } });
    expect(refusal(() => readRows([row], { columns: { ...columns, fee: 'Fee' } }))).toMatch(
      /no column "Fee" for fee; the file has When, Pair/,
    );
    const { price: _price, ...some } = columns;
    expect(refusal(() => readRows([row], { columns: some }))).toMatch(/does not say which column is price/);
  });
});

test('a row that stands in the file twice counts once, if its id says that it is one', () => {
  const noId = { id: undefined };
  const read = readRows([ccxtTrade(1), ccxtTrade(1), ccxtTrade(2, noId), ccxtTrade(2, noId)]);
  expect(read.fills).toHaveLength(3);
  expect(read.repeatedRows).toBe(1);
});

test('a decimal keeps its digits: units and text are exact', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }), (units) => {
      const text = unitsText(units);
      const read = readDecimal(text);
      expect(isDecimal(read) && unitsOf(read)).toBe(units);
    }),
  );
  expect(unitsOf({ text: '1.5e-3' })).toBe(1_500_000_000n);
  expect(unitsOf({ text: '-0.0000000000005' })).toBe(-1n);
});

test('a symbol is one however it is spelled', () => {
  for (const symbol of ['BTC/USDT', 'BTC-USDT', 'btc_usdt', 'BTC/USDT:USDT', 'BTC-USDT-SWAP', 'XBTUSDT', 'BTCUSDT'])
    expect(normalSymbol(symbol)).toBe('BTCUSDT');
  expect(normalSymbol('XXBTZUSD')).toBe('BTCUSD');
  expect(baseOf('ETH/BTC')).toBe('ETH');
  const nameOf = symbolNames(['BTCUSDT', 'ETHUSDT', 'ETHUSDC'], { kPEPE: 'PEPE/USDT' });
  expect([nameOf('BTC'), nameOf('ETH'), nameOf('kPEPE')]).toEqual(['BTCUSDT', 'ETH', 'PEPEUSDT']);
});
