import { describe, expect, test } from 'vitest';
import { instrumentOf, readMarkets } from '../../../lib/core/lifecycle/instrument.ts';
import { Rates } from '../../../lib/core/lifecycle/rates.ts';
import { LEDGER_DEFAULTS } from '../../../lib/core/lifecycle/types.ts';

const shape = (symbol: string): string => {
  const { kind, base, quote, settle, assumed } = instrumentOf(symbol, {});
  return `${kind} ${base}/${quote}:${settle}${assumed ? ' assumed' : ''}`;
};

describe('an instrument of which nothing is recorded', () => {
  test.each([
    ['BTCUSDT', 'spot BTC/USDT:USDT'],
    ['btcusdt', 'spot BTC/USDT:USDT'],
    ['BTC-USD', 'spot BTC/USD:USD'],
    ['BTC/USDT', 'spot BTC/USDT:USDT'],
    ['BTC_USDC', 'spot BTC/USDC:USDC'],
    ['XBT/EUR', 'spot BTC/EUR:EUR'],
    ['BINANCE:BTCUSDT', 'spot BTC/USDT:USDT'],
    ['XBTUSD', 'spot BTC/USD:USD'],
    ['DOTUSD', 'spot DOT/USD:USD'],
    ['BNBUSD', 'spot BNB/USD:USD'],
    ['BTCTUSD', 'spot BTC/TUSD:TUSD'],
    ['BNBBTC', 'spot BNB/BTC:BTC'],
    ['1000PEPEUSDT', 'spot 1000PEPE/USDT:USDT'],
    ['WBTC', 'spot WBTC/null:null'],
    ['BTC', 'spot BTC/null:null'],
    ['BRK.B', 'spot BRK.B/null:null'],
    ['', 'spot null/null:null'],
  ])('%s is %s', (symbol, expected) => {
    expect(shape(symbol)).toBe(expected);
  });

  test.each([
    ['BTC/USDT:USDT', 'linear BTC/USDT:USDT assumed'],
    ['BTC/USD:BTC', 'inverse BTC/USD:BTC assumed'],
    ['BTC/USDT:USDT-240628', 'linear BTC/USDT:USDT assumed'],
    ['BTC/USD:ETH', 'linear BTC/USD:ETH assumed'],
    ['ETH-USD_UM_XPERP-310404', 'linear ETH/USD:USD assumed'],
    ['BTC-PERP', 'linear BTC/USD:USD assumed'],
    ['BTC-PERPETUAL', 'linear BTC/USD:USD assumed'],
    ['ETH_USDC-PERPETUAL', 'linear ETH/USDC:USDC assumed'],
    ['BTC-USDT-SWAP', 'linear BTC/USDT:USDT assumed'],
    ['BTCUSD_PERP', 'linear BTC/USD:USD assumed'],
    ['BTCUSDT_240628', 'linear BTC/USDT:USDT assumed'],
    ['BTC-27DEC24', 'linear BTC/USD:USD assumed'],
    ['BTCUSDT-27DEC24', 'linear BTC/USDT:USDT assumed'],
    ['XBTUSDTM', 'linear BTC/USDT:USDT assumed'],
    ['BTCPERP', 'linear BTC/USD:USD assumed'],
    ['BTCUSDT.P', 'linear BTC/USDT:USDT assumed'],
    ['XBTZ24', 'linear BTC/USD:USD assumed'],
    ['PI_XBTUSD', 'linear BTC/USD:USD assumed'],
    ['FI_XBTUSD_240628', 'linear BTC/USD:USD assumed'],
  ])('%s looks like a derivative: %s', (symbol, expected) => {
    expect(shape(symbol)).toBe(expected);
  });

  test('has no assets where it is an option, for its price is not theirs', () => {
    for (const symbol of ['BTC-27DEC24-100000-C', 'BTC/USD:BTC-240628-50000-P', 'BTC-27DEC24-100000-C-USDT'])
      expect(shape(symbol), symbol).toBe('linear null/null:null assumed');
  });
});

describe('an instrument that something is recorded of', () => {
  test('is what the settings say, else what events say, else what its symbol says, each field for itself', () => {
    const recorded = { kind: 'linear', multiplier: 0.01, lot: 1, settle: 'USDT' } as const;

    expect(instrumentOf('BTC-USDT-SWAP', { recorded })).toEqual({
      kind: 'linear',
      base: 'BTC',
      quote: 'USDT',
      settle: 'USDT',
      multiplier: 0.01,
      lot: 1,
      assumed: false,
    });
    expect(instrumentOf('BTC-USDT-SWAP', { recorded, configured: { multiplier: 0.1, lot: 0.5 } })).toMatchObject({
      multiplier: 0.1,
      lot: 0.5,
      assumed: false,
    });
  });

  test('settles in its base where it is inverse, whatever the symbol looks like', () => {
    expect(instrumentOf('XBTUSD', { configured: { kind: 'inverse' } })).toMatchObject({
      kind: 'inverse',
      settle: 'BTC',
      assumed: false,
    });
    expect(instrumentOf('BTC/USD:BTC', { configured: { kind: 'linear' } })).toMatchObject({ settle: 'USD' });
  });

  test('stays assumed as long as its kind is not among what is recorded', () => {
    expect(instrumentOf('BTC-PERP', { recorded: { lot: 0.001 } })).toMatchObject({ assumed: true, lot: 0.001 });
    expect(instrumentOf('BTC-PERP', { recorded: { kind: 'linear' } })).toMatchObject({ assumed: false });
  });

  test('has neither a multiplier nor a lot that is no positive number', () => {
    for (const bad of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(instrumentOf('BTCUSDT', { recorded: { multiplier: bad, lot: bad } })).toMatchObject({
        multiplier: 1,
        lot: null,
      });
  });
});

describe('a markets file of ccxt', () => {
  const spot = {
    id: 'BTCUSDT',
    symbol: 'BTC/USDT',
    base: 'BTC',
    quote: 'USDT',
    spot: true,
    precision: { amount: 1e-5 },
  };
  const swap = {
    id: 'BTCUSDT',
    symbol: 'BTC/USDT:USDT',
    base: 'BTC',
    quote: 'USDT',
    settle: 'USDT',
    swap: true,
    linear: true,
    inverse: false,
    contractSize: 0.01,
    precision: { amount: 1 },
    limits: { amount: { min: 1 } },
  };
  const inverse = {
    id: 'BTCUSD_PERP',
    symbol: 'BTC/USD:BTC',
    base: 'BTC',
    quote: 'USD',
    settle: 'BTC',
    swap: true,
    linear: false,
    inverse: true,
    contractSize: 100,
    precision: { amount: 1 },
  };
  const option = { id: 'o', symbol: 'BTC/USD:BTC-240628-50000-P', base: 'BTC', quote: 'USD', option: true };
  const quanto = { ...inverse, id: 'q', symbol: 'BTC/USD:ETH', settle: 'ETH', inverse: false };

  test('says what each symbol is, as an array and as an object by symbol', () => {
    const known = readMarkets([spot, swap, inverse, option]);

    expect(known['BTC/USDT']).toEqual({ kind: 'spot', base: 'BTC', quote: 'USDT', multiplier: 1, lot: 1e-5 });
    expect(known['BTC/USDT:USDT']).toMatchObject({ kind: 'linear', settle: 'USDT', multiplier: 0.01, lot: 1 });
    expect(known['BTC/USD:BTC']).toMatchObject({ kind: 'inverse', settle: 'BTC', multiplier: 100 });
    expect(readMarkets({ 'BTC/USDT': spot, 'BTC/USDT:USDT': swap, 'BTC/USD:BTC': inverse, o: option })).toEqual(known);
  });

  test('knows the id of the venue too, where one market has it', () => {
    const known = readMarkets([spot, swap, inverse, option]);

    expect(known.BTCUSD_PERP).toEqual(known['BTC/USD:BTC']);
    expect(Object.keys(known).sort()).toEqual(['BTC/USD:BTC', 'BTC/USDT', 'BTC/USDT:USDT', 'BTCUSD_PERP']);
  });

  test('leaves the kind of a contract open that settles in a third asset', () => {
    const configured = readMarkets([quanto])['BTC/USD:ETH'];

    expect(configured).not.toHaveProperty('kind');
    expect(instrumentOf('BTC/USD:ETH', { configured })).toMatchObject({
      settle: 'ETH',
      assumed: true,
      multiplier: 100,
    });
  });

  test('gives a lot only where it is clear whether it counts steps or decimals', () => {
    const lotOf = (amount: unknown, min?: number): unknown =>
      readMarkets([{ ...swap, precision: { amount }, limits: { amount: { min } } }])['BTC/USDT:USDT']?.lot;

    expect(lotOf(0.001)).toBe(0.001);
    expect(lotOf(100, 100)).toBe(100);
    expect(lotOf(3, 0.001)).toBe(0.001);
    expect(lotOf(0, 1)).toBe(1);
    expect([lotOf(8), lotOf(1), lotOf(null), lotOf('0.1'), lotOf(-1, 1)]).toEqual(Array(5).fill(undefined));
  });

  test('that is none is refused', () => {
    for (const json of [null, 'x', 5, [], {}, [1, null], { a: { symbol: 'A' } }])
      expect(() => readMarkets(json), JSON.stringify(json)).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID' }),
      );
  });
});

describe('dollars of an asset', () => {
  const { stableCoins } = LEDGER_DEFAULTS;
  const prices = (...seen: [symbol: string, us: number, price: number][]): Rates => {
    const rates = new Rates(stableCoins);
    for (const [symbol, us, price] of seen) rates.priced(symbol, instrumentOf(symbol, {}), us, price);
    return rates;
  };

  test('are 1 for the stable coins of the settings, and for nothing else', () => {
    const rates = prices();

    expect(stableCoins.map((coin) => rates.usd(coin))).toEqual(stableCoins.map(() => 1));
    expect([rates.usd('EUR'), rates.usd('BTC'), rates.usd('USDE'), rates.usd('')]).toEqual([null, null, null, null]);
    expect(new Rates([]).usd('USDT')).toBeNull();
    expect(new Rates(['usde']).usd('USDe')).toBe(1);
  });

  test('are its price in a stable coin, whichever is the newest', () => {
    expect(prices(['BTCUSDT', 1, 90_000]).usd('BTC')).toBe(90_000);
    expect(prices(['BTC-USD', 3, 91_000], ['BTCUSDT', 2, 90_000]).usd('BTC')).toBe(91_000);
    expect(prices(['XBT/USD', 3, 91_000]).usd('xbt')).toBe(91_000);
  });

  test('are one over the price of a stable coin in it', () => {
    expect(prices(['USDT/EUR', 1, 0.8]).usd('EUR')).toBe(1.25);
  });

  test('go by way of one other asset, and of no more', () => {
    // 0.01 BTC per BNB at 60,000 dollars per BTC
    expect(prices(['BNBBTC', 1, 0.01], ['BTCUSDT', 1, 60_000]).usd('BNB')).toBe(600);
    expect(prices(['BNBBTC', 1, 0.01]).usd('BNB')).toBeNull();
    expect(prices(['AAA/BBB', 1, 2], ['BBB/CCC', 1, 2], ['CCC/USDT', 1, 2]).usd('AAA')).toBeNull();
  });

  test('never follow an older price than the newest, and of a moment the last that came', () => {
    const rates = prices(['BTCUSDT', 5, 90_000], ['BTCUSDT', 4, 1]);

    expect(rates.usd('BTC')).toBe(90_000);
    rates.priced('BTCUSDT', instrumentOf('BTCUSDT', {}), 5, 90_001);
    expect(rates.usd('BTC')).toBe(90_001);
    expect(rates.priceOf('BTCUSDT')).toBe(90_001);
    expect(rates.priceOf('ETHUSDT')).toBeNull();
  });

  test('are never those of a future that ends or of an option, as long as there is another price', () => {
    expect(prices(['BTC-27DEC24', 9, 99_000], ['BTCUSDT', 1, 90_000]).usd('BTC')).toBe(90_000);
    expect(prices(['BTC-27DEC24', 9, 99_000]).usd('BTC')).toBe(99_000);
    expect(prices(['BTC-27DEC24-100000-C', 9, 0.05]).usd('BTC')).toBeNull();
  });

  test('take no price that is none', () => {
    for (const price of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(prices(['BTCUSDT', 1, price]).usd('BTC')).toBeNull();
  });

  test('follow an instrument that turns out to be another', () => {
    const rates = prices(['X', 1, 5]);
    rates.priced('X', { base: 'AAA', quote: 'USDT' }, 2, 5);
    rates.priced('X', { base: 'BBB', quote: 'USDT' }, 3, 6);

    expect([rates.usd('AAA'), rates.usd('BBB')]).toEqual([null, 6]);
  });

  test('are the same after JSON, and whatever the order of symbols', () => {
    const seen: [string, number, number][] = [
      ['BNBBTC', 1, 0.01],
      ['BTCUSDT', 2, 60_000],
      ['BTC-USD', 2, 60_001],
      ['BTC-27DEC24', 7, 61_000],
      ['EURUSDT', 3, 1.1],
    ];
    const answers = (rates: Rates): unknown => ['BTC', 'BNB', 'EUR', 'XYZ'].map((asset) => rates.usd(asset));
    const rates = prices(...seen);

    expect(answers(new Rates(stableCoins, JSON.parse(JSON.stringify(rates.save()))))).toEqual(answers(rates));
    expect(answers(prices(...seen.reverse()))).toEqual(answers(rates));
  });
});
