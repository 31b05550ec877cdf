import { describe, expect, test } from 'vitest';
import { applyFunding, netUsd, unrealized, unrealizedUsd } from '../../../lib/core/lifecycle/book.ts';
import type { FillCosts, Step } from '../../../lib/core/lifecycle/book-types.ts';
import { instrumentOf } from '../../../lib/core/lifecycle/instrument.ts';
import { entryPx, exitNotional, exitPx, netOf } from '../../../lib/core/lifecycle/money.ts';
import { quantityOf } from '../../../lib/core/lifecycle/quantity.ts';
import { Rates } from '../../../lib/core/lifecycle/rates.ts';
import { totalOf, totalOrNull } from '../../../lib/core/lifecycle/sum.ts';
import { bookFill, FREE, INVERSE, LINEAR, play, unitsFrom } from '../../support/book.ts';

const kinds = (steps: readonly Step[]): string =>
  steps.map(({ kind, units }) => `${kind} ${quantityOf(units)}`).join(', ');
const costs = (over: Partial<FillCosts>): { costs: FillCosts } => ({ costs: { ...FREE, ...over } });

describe('a book at average cost', () => {
  test('averages what is added, keeps the average when it reduces, and closes at flat', () => {
    // 1 at 100 and 3 at 120 average 115; 2 sold at 130 gain 2·15, the other 2 at 110 lose 2·5
    const { steps, book, trades } = play([bookFill(1, 100), bookFill(3, 120), bookFill(-2, 130), bookFill(-2, 110)]);

    expect(kinds(steps)).toBe('open 1, add 3, reduce 2, close 2');
    expect(steps.map(({ gross }) => gross)).toEqual([0, 0, 30, -10]);
    expect(book).toEqual({ units: 0n, trades: [] });
    expect(trades[0]).toMatchObject({ direction: 'long', money: { avgPx: 115, fills: 4, opens: 2, closes: 2 } });
    expect(trades[0]?.money).toMatchObject({ peak: unitsFrom(4), opened: unitsFrom(4), closed: unitsFrom(4) });
  });

  test('turns around in one fill: closes, opens the rest at the price of the fill, and splits the costs by quantity', () => {
    const { steps, trades, book } = play([
      bookFill(1, 100, costs({ feesUsd: 1 })),
      bookFill(-4, 90, costs({ fees: 8, feesUsd: 8, impactUsd: 4, chargedUsd: 4 })),
    ]);

    expect(kinds(steps)).toBe('open 1, close 1, open 3');
    expect(steps.map(({ share }) => share)).toEqual([1, 0.25, 0.75]);
    expect(trades.map(({ direction }) => direction)).toEqual(['long', 'short']);
    expect(trades.map(({ money }) => money.avgPx)).toEqual([100, 90]);
    expect(trades.map(({ money }) => totalOrNull(money.feesUsd))).toEqual([3, 6]);
    // −10 gross, 1 + 2 fees, 1 charged; of the open one what it paid so far: 6 fees, 3 charged
    expect(trades.map(({ money }) => netUsd(money))).toEqual([-14, -9]);
    expect(book.units).toBe(unitsFrom(-3));
  });

  test('remembers the largest quantity it held, and not what was bought in all', () => {
    const { trades } = play([bookFill(3, 100), bookFill(-2, 100), bookFill(1, 100), bookFill(-1, 100)]);

    expect(trades[0]?.money).toMatchObject({ peak: unitsFrom(3), opened: unitsFrom(4), closed: unitsFrom(3) });
  });

  test('takes the multiplier of the instrument into money, and never into prices or quantities', () => {
    const instrument = { ...LINEAR, multiplier: 0.01 };
    const { trades } = play([bookFill(10, 100), bookFill(-10, 150)], { instrument });

    expect(trades[0]?.money.avgPx).toBe(100);
    expect(totalOf(trades[0]?.money.gross ?? [0, 0])).toBe(5); // 50 · 10 · 0.01
    expect(totalOf(trades[0]?.money.notional ?? [0, 0])).toBe(10); // 10 · 0.01 · 100
    expect(trades[0] && exitNotional(trades[0], instrument)).toBe(15);
  });

  test('of a position with a number is the same', () => {
    const fills = [bookFill(1, 100), bookFill(3, 120), bookFill(-6, 130)];

    expect(play(fills, { method: 'position_id' })).toEqual(play(fills));
  });
});

describe('a book that closes the oldest first', () => {
  const fills = [bookFill(1, 100), bookFill(1, 200), bookFill(-1, 180), bookFill(-1, 190)];

  test('gains on each trade what average cost spreads over both', () => {
    // average 150: 30, then 40; oldest first: 80 on the one of 100, then −10 on the one of 200; 70 either way
    const average = play(fills);
    const fifo = play(fills, { method: 'fifo' });

    expect(average.steps.map(({ gross }) => gross)).toEqual([0, 0, 30, 40]);
    expect(fifo.steps.map(({ gross }) => gross)).toEqual([0, 0, 80, -10]);
    expect(kinds(average.steps)).toBe('open 1, add 1, reduce 1, close 1');
    expect(kinds(fifo.steps)).toBe('open 1, open 1, close 1, close 1');
    expect(fifo.trades).toHaveLength(2);
  });

  test('goes through several trades with one fill, and on to the other side', () => {
    const { steps, trades, book } = play(
      [bookFill(1, 100), bookFill(1, 110), bookFill(-3, 120, costs({ feesUsd: 3 }))],
      {
        method: 'fifo',
      },
    );

    expect(kinds(steps)).toBe('open 1, open 1, close 1, close 1, open 1');
    expect(steps.map(({ gross }) => gross)).toEqual([0, 0, 20, 10, 0]);
    for (const { money } of trades) expect(totalOrNull(money.feesUsd)).toBeCloseTo(1, 12);
    expect(book.trades.map(({ about }) => about)).toEqual([2]);
  });
});

describe('a position is flat', () => {
  test('when what was bought was sold, though doubles say otherwise', () => {
    const { steps, book } = play([bookFill(0.1, 100), bookFill(0.2, 100), bookFill(-0.3, 110)]);

    expect(kinds(steps)).toBe('open 0.1, add 0.2, close 0.3');
    expect(book).toEqual({ units: 0n, trades: [] });
  });

  test('below half a lot, on either side, and not at half a lot', () => {
    const instrument = { ...LINEAR, lot: 0.01 };
    const left = (sold: number) => play([bookFill(1, 100), bookFill(-sold, 110)], { instrument });

    expect(left(0.9951).book).toEqual({ units: 0n, trades: [] });
    expect(left(1.0049).book).toEqual({ units: 0n, trades: [] });
    expect(left(0.995).book.units).toBe(unitsFrom(0.005));
    expect(left(1.005).book.units).toBe(unitsFrom(-0.005));
    // only what was sold is gained on, and all costs are the trade's
    expect(left(0.9951).steps[1]).toMatchObject({ kind: 'close', units: unitsFrom(0.9951), share: 1 });
    expect(left(0.9951).steps[1]?.gross).toBeCloseTo(9.951, 12);
    expect(left(1.0049).steps[1]).toMatchObject({ kind: 'close', units: unitsFrom(1), share: 1, gross: 10 });
  });

  test('below 1e-9 of its peak, where nothing says what a lot is', () => {
    const left = (sold: number) => play([bookFill(1000, 100), bookFill(-999, 100), bookFill(-sold, 100)]).book.units;

    expect(left(0.999_999_000_001)).toBe(0n);
    expect(left(0.999_999)).toBe(unitsFrom(0.000_001));
    expect(left(1.000_000_999_999)).toBe(0n);
    expect(left(1.000_001)).toBe(unitsFrom(-0.000_001));
  });

  test('never because a fill was small: what opens a position opens it', () => {
    const { book } = play([bookFill(0.001, 100)], { instrument: { ...LINEAR, lot: 1 } });

    expect(book.units).toBe(unitsFrom(0.001));
  });
});

describe('a fill that may only reduce', () => {
  const only = { reduceOnly: true };

  test('opens nothing: on a flat book, on its own side, and beyond the position', () => {
    expect(kinds(play([bookFill(-1, 100, only)]).steps)).toBe('unknown 1');
    expect(kinds(play([bookFill(1, 100), bookFill(1, 100, only)]).steps)).toBe('open 1, unknown 1');
    const { steps, book, trades } = play([bookFill(1, 100), bookFill(-4, 110, { ...only, ...costs({ feesUsd: 8 }) })]);

    expect(kinds(steps)).toBe('open 1, close 1, unknown 3');
    expect(steps.map(({ share }) => share)).toEqual([1, 0.25, 0.75]);
    expect(steps[2]).toEqual({ kind: 'unknown', units: unitsFrom(3), share: 0.75, gross: 0, grossUsd: null });
    expect(totalOrNull(trades[0]?.money.feesUsd ?? null)).toBe(2);
    expect(book).toEqual({ units: 0n, trades: [] });
  });
});

describe('an inverse contract', () => {
  test('averages harmonically, as its venue does', () => {
    // Bybit's help: 50 contracts at 10,000 and 50 at 15,000 are 0.00833333 BTC, 12,000 on average
    const { book, trades } = play([bookFill(50, 10_000), bookFill(50, 15_000), bookFill(-25, 20_000)], {
      instrument: INVERSE,
    });
    const [trade] = trades;

    expect(book.trades[0]?.money.avgPx).toBeCloseTo(12_000, 8);
    expect(trade && entryPx(trade.money, INVERSE)).toBeCloseTo(12_000, 8);
    expect(trade && exitPx(trade, INVERSE)).toBeCloseTo(20_000, 8);
    expect(trade && exitNotional(trade, INVERSE)).toBeCloseTo(25 / 20_000, 15);
    // 25 contracts: 25/12,000 − 25/20,000 = 0.00083333 BTC
    expect(totalOf(trade?.money.gross ?? [0, 0])).toBeCloseTo(0.000833333333, 12);
  });

  test('gains contracts by entry less contracts by exit, in its base, and dollars by the price of the base', () => {
    // 1,000 contracts long at 1,000; half sold at 1,500: 500/1,000 − 500/1,500 = 0.16666667 BTC, 250 dollars at 1,500;
    // the other half at 1,250 is 500/1,000 − 500/1,250 = 0.1 BTC
    const { trades, steps } = play([bookFill(1000, 1000, { usdRate: 1000 }), bookFill(-500, 1500, { usdRate: 1500 })], {
      instrument: INVERSE,
    });
    const [trade] = trades;

    expect(steps[1]?.gross).toBeCloseTo(1 / 6, 12);
    expect(steps[1]?.grossUsd).toBeCloseTo(250, 9);
    expect(trade && unrealized(trade, 1250, INVERSE)).toBeCloseTo(0.1, 12);
    expect(trade && unrealizedUsd(trade, 1250, INVERSE, 1250)).toBeCloseTo(125, 9);
    expect(trade && unrealizedUsd(trade, 1500, INVERSE)).toBeCloseTo(250, 9);
    expect(totalOf(trade?.money.notional ?? [0, 0])).toBe(1); // 1,000 contracts of a dollar at 1,000
    expect(totalOrNull(trade?.money.notionalUsd ?? null)).toBe(1000);
  });

  test('loses when the price rises and it is sold short', () => {
    // 100·(1/20,000 − 1/25,000) with the sign of a short: −0.001 BTC
    const { steps } = play([bookFill(-100, 20_000), bookFill(100, 25_000)], { instrument: INVERSE });

    expect(steps[1]?.gross).toBeCloseTo(-0.001, 15);
  });
});

describe('what a trade costs', () => {
  test('in a third asset counts in dollars, by the price of that asset', () => {
    // 0.1 BTC bought at 60,000 for 0.0075 BNB; BNB is 0.01 BTC, so 600 dollars: 4.50 dollars, and 5.25 when sold with BNB at 700
    const rates = new Rates(['USDT']);
    rates.priced('BTCUSDT', LINEAR, 1, 60_000);
    rates.priced('BNBBTC', instrumentOf('BNBBTC', {}), 1, 0.01);
    const buy = bookFill(0.1, 60_000, costs({ fees: null, feesUsd: 0.0075 * (rates.usd('BNB') ?? Number.NaN) }));
    rates.priced('BNBUSDT', instrumentOf('BNBUSDT', {}), 2, 700);
    const sell = bookFill(-0.1, 61_000, costs({ fees: null, feesUsd: 0.0075 * (rates.usd('BNB') ?? Number.NaN) }));
    const money = play([buy, sell]).trades[0]?.money;

    expect(totalOrNull(money?.feesUsd ?? null)).toBeCloseTo(9.75, 12);
    expect(money && netUsd(money)).toBeCloseTo(100 - 9.75, 9);
    expect(money?.fees).toBeNull(); // not paid in USDT
    expect(money && netOf(money)).toBeNull();
  });

  test('is not known once a part of it is not known, and never 0', () => {
    const { trades } = play([
      bookFill(1, 100, costs({ fees: 1, feesUsd: 1, impactUsd: 1 })),
      bookFill(-1, 110, costs({ fees: null, feesUsd: null, impactUsd: null })),
      bookFill(1, 100, costs({ fees: null, feesUsd: null, impactUsd: null })),
      bookFill(-1, 110, costs({ fees: 1, feesUsd: 1, impactUsd: 1 })),
    ]);

    for (const { money } of trades) {
      expect([money.fees, money.feesUsd, money.impactUsd, netUsd(money), netOf(money)]).toEqual(Array(5).fill(null));
      expect(totalOrNull(money.grossUsd)).toBe(10);
    }
  });

  test('leaves the native amount where no rate is known, and dollars open', () => {
    const { trades, steps } = play([bookFill(1, 100, { usdRate: null }), bookFill(-1, 110, { usdRate: null })]);
    const money = trades[0]?.money;

    expect(steps[1]).toMatchObject({ gross: 10, grossUsd: null });
    expect(money).toMatchObject({ grossUsd: null, notionalUsd: null, usdRate: null });
    expect(totalOf(money?.notional ?? [0, 0])).toBe(100);
    expect(money && [netUsd(money), netOf(money)]).toEqual([null, 10]);
    expect(trades[0] && unrealizedUsd(trades[0], 120, LINEAR)).toBeNull();
  });

  test('keeps the rate of the last fill that had one', () => {
    const { trades } = play([bookFill(1, 100, { usdRate: 1.1 }), bookFill(1, 100, { usdRate: null })]);

    expect(trades[0]?.money).toMatchObject({ usdRate: 1.1, notionalUsd: null });
    expect(trades[0] && unrealizedUsd(trades[0], 110, LINEAR)).toBeCloseTo(22, 12);
  });

  test('lowers the net by fees and charged costs alone; funding raises it, and an estimate does neither', () => {
    const { trades } = play([
      bookFill(1, 100, costs({ fees: 1, feesUsd: 1, impactUsd: 7 })),
      bookFill(-1, 110, costs({ fees: -0.25, feesUsd: -0.25, impactUsd: 2, chargedUsd: 2 })),
    ]);
    const [trade] = trades;
    if (trade === undefined) throw new Error('no trade');
    applyFunding(trade, 0.5, false);
    applyFunding(trade, 100, true);
    applyFunding(trade, null, true);

    // 10 − (1 − 0.25) + 0.5 − 2
    expect([netUsd(trade.money), netOf(trade.money)]).toEqual([7.75, 7.75]);
    expect(totalOf(trade.money.fundingEstimatedUsd)).toBe(100);
    applyFunding(trade, null, false);
    expect([trade.money.fundingUsd, netUsd(trade.money)]).toEqual([null, null]);
  });
});
