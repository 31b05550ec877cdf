import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { netUsd, openBook, saveBook, unrealized } from '../../../lib/core/lifecycle/book.ts';
import type { Book, BookFill, OpenTrade, SumOrNull } from '../../../lib/core/lifecycle/book-types.ts';
import { entryPx, exitNotional, exitPx, openUnits } from '../../../lib/core/lifecycle/money.ts';
import { quantityOf } from '../../../lib/core/lifecycle/quantity.ts';
import { totalOf, totalOrNull } from '../../../lib/core/lifecycle/sum.ts';
import type { Instrument, TradeMethod } from '../../../lib/core/lifecycle/types.ts';
import { bookFill, INVERSE, LINEAR, play, throughJson } from '../../support/book.ts';
import { needsSamples, SAMPLES, samplesPresent } from '../../support/samples.ts';

const RUNS = { numRuns: 2_000 };

const METHODS: readonly TradeMethod[] = ['flat_to_flat', 'fifo', 'position_id'];

const setting = fc.record({
  method: fc.constantFrom(...METHODS),
  instrument: fc
    .tuple(fc.constantFrom(LINEAR, INVERSE), fc.constantFrom(1, 0.01, 100), fc.constantFrom(null, 0.001))
    .map(([kind, multiplier, lot]): Instrument => ({ ...kind, multiplier, lot })),
});

const maybe = (amount: fc.Arbitrary<number>): fc.Arbitrary<number | null> => fc.option(amount, { freq: 20 });
const money = fc.integer({ min: -1_000, max: 5_000 }).map((cents) => cents / 100);

/** Fills on a grid of 0.001, small ones often, so that books come flat, turn around and add. */
const fillWith = (reduceOnly: fc.Arbitrary<boolean>): fc.Arbitrary<BookFill> =>
  fc
    .record({
      thousandths: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5_000_000 })),
      buys: fc.boolean(),
      price: fc.oneof(fc.integer({ min: 100, max: 120 }), fc.double({ min: 1e-3, max: 2e5, noNaN: true })),
      usdRate: maybe(fc.double({ min: 0.5, max: 2, noNaN: true })),
      reduceOnly,
      fees: maybe(money),
      feesUsd: maybe(money),
      impactUsd: maybe(money),
      chargedUsd: money,
    })
    .map(({ thousandths, buys, price, usdRate, reduceOnly, ...costs }) =>
      bookFill(((buys ? 1 : -1) * thousandths) / 1000, price, { usdRate, reduceOnly, costs }),
    );

const fillsOf = (reduceOnly: fc.Arbitrary<boolean> = fc.constant(false)): fc.Arbitrary<BookFill[]> =>
  fc.array(fillWith(reduceOnly), { maxLength: 40 });

/** Agreement to 1e-9 of what was turned over (semantics 2). */
const near = (a: number, b: number, scale: number): void => {
  if (!(Math.abs(a - b) <= 1e-9 * scale)) expect.fail(`${a} and ${b} differ, of ${scale}`);
};

const signOf = ({ direction }: OpenTrade): number => (direction === 'long' ? 1 : -1);
const signed = ({ side, units }: BookFill): bigint => (side === 'buy' ? units : -units);
const sum = (parts: readonly number[]): number => parts.reduce((all, part) => all + part, 0);

/** What the account pays (−) or gets (+) for a quantity in the settle asset; inverse contracts are worth q·m/p. */
const valueAt = (quantity: number, price: number, { kind, multiplier }: Instrument): number =>
  kind === 'inverse' ? (-quantity * multiplier) / price : quantity * multiplier * price;

const cashOf = (fills: readonly BookFill[], instrument: Instrument): number[] =>
  fills.map((fill) => -valueAt(quantityOf(signed(fill)), fill.price, instrument));

describe('for any fills, by any method, in any instrument', () => {
  test('the position is the sum of what was bought less what was sold, and of the open trades', () => {
    fc.assert(
      fc.property(fillsOf(), setting, (fills, how) => {
        const { book, trades } = play(fills, how);

        expect(book.units).toBe(fills.reduce((all, fill) => all + signed(fill), 0n));
        expect(book.units).toBe(
          book.trades.reduce((all, trade) => all + BigInt(signOf(trade)) * openUnits(trade.money), 0n),
        );
        const open = trades.filter((trade) => openUnits(trade.money) !== 0n);
        expect(open).toEqual(book.trades);
        expect(new Set(book.trades.map(({ direction }) => direction)).size).toBeLessThanOrEqual(1);
        if (how.method !== 'fifo') expect(book.trades.length).toBeLessThanOrEqual(1);
      }),
      RUNS,
    );
  });

  test('cash is what was realised less the cost of what is open', () => {
    fc.assert(
      fc.property(fillsOf(), setting, (fills, how) => {
        const { book, trades } = play(fills, how);
        const flows = cashOf(fills, how.instrument);
        const realised = sum(trades.map((trade) => totalOf(trade.money.gross)));
        const cost = sum(
          book.trades.map((trade) =>
            valueAt(signOf(trade) * quantityOf(openUnits(trade.money)), trade.money.avgPx, how.instrument),
          ),
        );

        near(sum(flows), realised - cost, sum(flows.map(Math.abs)));
      }),
      RUNS,
    );
  });

  test('realised and unrealised together are cash and the worth of the position: the method only divides them', () => {
    fc.assert(
      fc.property(fillsOf(), setting, fc.integer({ min: 1, max: 200_000 }), (fills, how, price) => {
        const flows = cashOf(fills, how.instrument);
        const worth = valueAt(quantityOf(fills.reduce((all, fill) => all + signed(fill), 0n)), price, how.instrument);
        const scale = sum(flows.map(Math.abs)) + Math.abs(worth);
        for (const method of METHODS) {
          const { book, trades } = play(fills, { ...how, method });
          const realised = sum(trades.map((trade) => totalOf(trade.money.gross)));
          const open = sum(book.trades.map((trade) => unrealized(trade, price, how.instrument)));

          near(realised + open, sum(flows) + worth, scale);
        }
      }),
      RUNS,
    );
  });

  test('every cost belongs to exactly one trade, and what is not known of a fill is not known of its trade', () => {
    const names = ['fees', 'feesUsd', 'impactUsd'] as const;
    fc.assert(
      fc.property(fillsOf(fc.boolean()), setting, (fills, how) => {
        const { steps, trades } = play(fills, how);
        const unknown = steps.filter(({ kind }) => kind === 'unknown').length;
        let at = -1;
        let left = 0;
        const feesOf = new Map<number, (number | null)[]>();
        for (const step of steps) {
          if (left <= 1e-12) {
            at++;
            left = 1;
          }
          left -= step.share;
          const fees = fills[at]?.costs.feesUsd ?? null;
          if (step.trade !== undefined)
            feesOf.set(step.trade.about, [
              ...(feesOf.get(step.trade.about) ?? []),
              fees === null ? null : fees * step.share,
            ]);
        }
        expect(at).toBe(fills.length - 1);
        for (const { about, money } of trades) {
          const parts = feesOf.get(about) ?? [];
          expect(money.feesUsd === null).toBe(parts.includes(null));
          if (money.feesUsd !== null)
            near(
              totalOf(money.feesUsd),
              sum(parts.map((part) => part ?? 0)),
              sum(parts.map((part) => Math.abs(part ?? 0))),
            );
          if (money.feesUsd === null || money.grossUsd === null) expect(netUsd(money)).toBeNull();
        }
        if (unknown > 0) return;
        for (const name of names) {
          if (fills.some(({ costs }) => costs[name] === null)) continue;
          const parts = fills.map(({ costs }) => costs[name] ?? 0);
          near(
            sum(trades.map(({ money }) => totalOrNull(money[name]) ?? Number.NaN)),
            sum(parts),
            sum(parts.map(Math.abs)),
          );
        }
        const charged = fills.map(({ costs }) => costs.chargedUsd);
        near(sum(trades.map(({ money }) => totalOf(money.chargedUsd))), sum(charged), sum(charged.map(Math.abs)));
      }),
      RUNS,
    );
  });

  test('long and short are symmetric', () => {
    const turned = (fills: readonly BookFill[]): BookFill[] =>
      fills.map((fill) => ({ ...fill, side: fill.side === 'buy' ? 'sell' : 'buy' }));
    const negative = (amount: number | null): number | null => (amount === null ? null : 0 - amount);
    fc.assert(
      fc.property(fillsOf(fc.boolean()), setting, (fills, how) => {
        const [one, other] = [play(fills, how), play(turned(fills), how)];

        expect(other.book.units).toBe(-one.book.units);
        expect(other.steps.map(({ kind, units, share }) => [kind, units, share])).toEqual(
          one.steps.map(({ kind, units, share }) => [kind, units, share]),
        );
        for (const [at, trade] of one.trades.entries()) {
          const mirror = other.trades[at];
          expect(mirror?.direction).toBe(trade.direction === 'long' ? 'short' : 'long');
          const { gross, grossUsd, ...same } = trade.money;
          expect(mirror?.money).toMatchObject(same);
          expect(totalOf(mirror?.money.gross ?? [Number.NaN, 0]) + 0).toBe(negative(totalOf(gross)));
          const usd = totalOrNull(mirror?.money.grossUsd ?? null);
          expect(usd === null ? null : usd + 0).toBe(negative(totalOrNull(grossUsd)));
        }
      }),
      RUNS,
    );
  });

  test('splitting a fill changes nothing but counts', () => {
    const part = (fill: BookFill, units: bigint): BookFill => {
      const share = Number(units) / Number(fill.units);
      const { fees, feesUsd, impactUsd, chargedUsd } = fill.costs;
      const of = (cost: number | null): number | null => (cost === null ? null : cost * share);
      const costs = { fees: of(fees), feesUsd: of(feesUsd), impactUsd: of(impactUsd), chargedUsd: chargedUsd * share };
      return { ...fill, units, costs };
    };
    // On the grid, so that no part is dust.
    const split = (fill: BookFill, at: number): BookFill[] => {
      const units = (fill.units / GRID / BigInt(at)) * GRID;
      return units === 0n || units === fill.units ? [fill] : [part(fill, units), part(fill, fill.units - units)];
    };
    fc.assert(
      fc.property(
        fillsOf(fc.boolean()),
        setting,
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 40, maxLength: 40 }),
        (fills, how, cuts) => {
          const whole = play(fills, how);
          const parts = play(
            fills.flatMap((fill, at) => split(fill, cuts[at] ?? 1)),
            how,
          );

          expect(parts.book.units).toBe(whole.book.units);
          if (how.method === 'fifo') return; // there each opening fill is a trade
          expect(parts.trades.map(ofNoCount)).toEqual(whole.trades.map(ofNoCount));
          const scale = scaleOf(fills, how.instrument);
          for (const [at, { money }] of whole.trades.entries()) sameMoney(parts.trades[at]?.money, money, scale);
        },
      ),
      RUNS,
    );
  });

  test('turning around in one fill is closing and opening with two', () => {
    fc.assert(
      fc.property(fillsOf(), fillWith(fc.constant(false)), setting, (fills, last, how) => {
        const { book } = play(fills, how);
        const held = book.units < 0n ? -book.units : book.units;
        fc.pre(held > 0n);
        const side = book.units > 0n ? 'sell' : 'buy';
        const units = held + last.units;
        const share = Number(held) / Number(units);
        const of = (cost: number | null, by: number): number | null => (cost === null ? null : cost * by);
        const costsOf = (by: number): BookFill['costs'] => ({
          fees: of(last.costs.fees, by),
          feesUsd: of(last.costs.feesUsd, by),
          impactUsd: of(last.costs.impactUsd, by),
          chargedUsd: last.costs.chargedUsd * by,
        });
        const once = play([...fills, { ...last, side, units }], how);
        const twice = play(
          [
            ...fills,
            { ...last, side, units: held, costs: costsOf(share) },
            { ...last, side, costs: costsOf(1 - share) },
          ],
          how,
        );

        expect(twice.steps.map(({ kind, units }) => [kind, units])).toEqual(
          once.steps.map(({ kind, units }) => [kind, units]),
        );
        const scale = scaleOf([...fills, { ...last, units }], how.instrument);
        for (const [at, trade] of once.trades.entries()) {
          expect(ofNoCount(twice.trades[at])).toEqual(ofNoCount(trade));
          sameMoney(twice.trades[at]?.money, trade.money, scale);
        }
      }),
      RUNS,
    );
  });

  test('what is left over is dust or a position, never both: no more than half a lot per trade goes out of sight', () => {
    const LOT = 10n * GRID;
    const coarse = { ...LINEAR, lot: 0.01 };
    fc.assert(
      fc.property(fillsOf(fc.boolean()), fc.constantFrom(...METHODS), (fills, method) => {
        const small = fills.map((fill) => ({ ...fill, units: (fill.units % (5n * LOT)) + GRID }));
        const { book, trades, steps } = play(small, { method, instrument: coarse });

        expect(book.units).toBe(
          book.trades.reduce((all, trade) => all + BigInt(signOf(trade)) * openUnits(trade.money), 0n),
        );
        for (const trade of trades) {
          const left = openUnits(trade.money);
          expect(left).toBeGreaterThanOrEqual(0n);
          if (!book.trades.includes(trade)) expect(2n * left).toBeLessThan(LOT);
          else if (trade.money.closes > 0) expect(2n * left).toBeGreaterThanOrEqual(LOT);
        }
        // Costs go with the trade, dust or not.
        near(sum(steps.map(({ share }) => share)), small.length, small.length);
        const seen = steps.reduce((all, { units }) => all + units, 0n);
        const all = small.reduce((sum, { units }) => sum + units, 0n);
        expect(all - seen).toBeGreaterThanOrEqual(0n);
        expect(2n * (all - seen)).toBeLessThanOrEqual(LOT * BigInt(small.length));
      }),
      RUNS,
    );
  });

  test('a fill that may only reduce opens nothing: what it cannot reduce is unknown, to the last unit', () => {
    fc.assert(
      fc.property(fillsOf(fc.boolean()), setting, (fills, how) => {
        let units = 0n;
        const { steps, book } = play(fills, {
          ...how,
          between: (book, at) => {
            const before = fills[at - 1];
            if (before?.reduceOnly) {
              const size = (of: bigint): bigint => (of < 0n ? -of : of);
              expect(size(book.units)).toBeLessThanOrEqual(size(units));
              expect(book.units * units).toBeGreaterThanOrEqual(0n);
            }
            units = book.units;
            return book;
          },
        });
        const total = (of: readonly { units: bigint }[]): bigint => of.reduce((all, { units }) => all + units, 0n);

        expect(total(steps)).toBe(total(fills));
        expect(steps.filter(({ kind }) => kind === 'unknown').every((step) => step.grossUsd === null)).toBe(true);
        expect(book.units).toBe(
          book.trades.reduce((all, trade) => all + BigInt(signOf(trade)) * openUnits(trade.money), 0n),
        );
      }),
      RUNS,
    );
  });

  test('a book goes on from JSON as if nothing had been, wherever it was saved', () => {
    const reopened = (book: Book<number>): Book<number> => openBook(throughJson(saveBook(book)));
    fc.assert(
      fc.property(fillsOf(fc.boolean()), setting, fc.array(fc.boolean(), { maxLength: 40 }), (fills, how, saved) => {
        const through = play(fills, { ...how, between: (book, at) => (saved[at] ? reopened(book) : book) });
        const straight = play(fills, how);

        expect(through.book).toEqual(straight.book);
        expect(through.steps.map(plain)).toEqual(straight.steps.map(plain));
      }),
      RUNS,
    );
  });

  test('saving changes nothing, and what was saved follows no later fill', () => {
    fc.assert(
      fc.property(fillsOf(), fillWith(fc.constant(false)), setting, (fills, next, how) => {
        const { book } = play(fills, how);
        const saved = saveBook(book);
        const before = JSON.stringify(saved);
        play([...fills, next], { ...how, between: (one, at) => (at === fills.length ? book : one) });

        expect(JSON.stringify(saved)).toBe(before);
      }),
      { numRuns: 500 },
    );
  });

  test('average entry and exit lie between the prices, and their notionals differ by the gross PnL', () => {
    fc.assert(
      fc.property(fillsOf(), setting, (fills, how) => {
        const low = Math.min(...fills.map(({ price }) => price)) * (1 - 1e-9);
        const high = Math.max(...fills.map(({ price }) => price)) * (1 + 1e-9);
        for (const trade of play(fills, how).trades) {
          const entry = entryPx(trade.money, how.instrument) ?? Number.NaN;
          expect(entry >= low && entry <= high).toBe(true);
          if (openUnits(trade.money) !== 0n) continue;
          const exit = exitPx(trade, how.instrument) ?? Number.NaN;
          const [paid, got] = [totalOf(trade.money.notional), exitNotional(trade, how.instrument)];
          const gain = how.instrument.kind === 'inverse' ? paid - got : got - paid;
          near(signOf(trade) * gain, totalOf(trade.money.gross), paid + Math.abs(got));
          if (got > paid * 1e-5) expect(exit >= low * (1 - 1e-6) && exit <= high * (1 + 1e-6)).toBe(true);
        }
      }),
      RUNS,
    );
  });
});

const GRID = 1_000_000_000n; // 0.001

const plain = ({ kind, units, share, gross, grossUsd, trade }: ReturnType<typeof play>['steps'][number]) => ({
  kind,
  units,
  share,
  gross,
  grossUsd,
  trade: trade?.about,
});

const ofNoCount = (trade: OpenTrade | undefined) => ({
  direction: trade?.direction,
  opened: trade?.money.opened,
  closed: trade?.money.closed,
  peak: trade?.money.peak,
});

const scaleOf = (fills: readonly BookFill[], instrument: Instrument): number =>
  sum(fills.map(({ units, price }) => Math.abs(valueAt(quantityOf(units), price, instrument)))) * 2 +
  sum(
    fills.map(({ costs }) => Math.abs(costs.fees ?? 0) + Math.abs(costs.feesUsd ?? 0) + Math.abs(costs.impactUsd ?? 0)),
  );

const AMOUNTS = ['notional', 'notionalUsd', 'gross', 'grossUsd', 'fees', 'feesUsd', 'impactUsd'] as const;

function sameMoney(a: OpenTrade['money'] | undefined, b: OpenTrade['money'], scale: number): void {
  near(a?.avgPx ?? Number.NaN, b.avgPx, b.avgPx);
  for (const name of AMOUNTS) {
    const one: SumOrNull = a?.[name] ?? null;
    const other: SumOrNull = b[name];
    if (one === null || other === null) expect(one).toBe(other);
    else near(totalOf(one), totalOf(other), scale);
  }
}

describe.runIf(samplesPresent)('the ledger of a real bot', () => {
  const rowsOf = (): Record<string, string>[] =>
    parse(readFileSync(join(SAMPLES, 'metastacker/5m/sheets_fallback/executions_paper.csv')), { columns: true });

  interface Run {
    book: Book<number>;
    realised: number;
    opened: number;
    added: number;
  }

  test(needsSamples('is ours, row by row, once its rows are told apart by the state they go on from'), () => {
    const runs: Run[] = [];
    const costs = { fee: 0, impact: 0 };
    for (const row of rowsOf()) {
      const read = (name: string): number => Number(row[name]);
      const [fee, impact] = [read('fee'), read('impact')];
      const fill = bookFill(read('qty') * (row.side === 'BUY' ? 1 : -1), read('fill_price'), {
        costs: { fees: fee, feesUsd: fee, impactUsd: impact, chargedUsd: impact },
      });
      costs.fee += fee;
      costs.impact += impact;
      const after = (run: Run): Run => {
        const { book, steps } = play([fill], { between: () => openBook<number>(throughJson(saveBook(run.book))) });
        const gross = sum(steps.map((step) => step.gross));
        const did = steps.map(({ kind }) => kind);
        return {
          book,
          realised: run.realised + gross - fee - impact,
          opened: run.opened + Number(did.includes('open')),
          added: run.added + Number(did.includes('add')),
        };
      };
      const agrees = ({ book, realised }: Run): boolean =>
        Math.abs(quantityOf(book.units) - read('paper_qty')) <= 1e-12 &&
        Math.abs((book.trades[0]?.money.avgPx ?? 0) - read('paper_avg_px')) <= 1e-12 * read('paper_avg_px') &&
        Math.abs(realised - read('realized_pnl')) <= 1e-12 * Math.abs(read('realized_pnl'));
      const fresh = after({ book: { units: 0n, trades: [] }, realised: 0, opened: 0, added: 0 });
      if (agrees(fresh)) {
        runs.push(fresh);
        continue;
      }
      const at = runs.findIndex((run) => agrees(after(run)));
      expect(at, `a run that ${row.ts_iso} goes on from`).toBeGreaterThanOrEqual(0);
      const before = runs[at];
      if (before !== undefined) runs[at] = after(before);
    }

    expect(runs).toHaveLength(37);
    expect(sum(runs.map(({ opened }) => opened))).toBe(37);
    expect(sum(runs.map(({ added }) => added))).toBe(11);
    expect(sum(runs.map(({ realised }) => realised))).toBeCloseTo(-316.501396, 6);
    expect(sum(runs.map(({ book }) => netUsd(book.trades[0]?.money ?? fail()) ?? Number.NaN))).toBeCloseTo(
      -316.501396,
      6,
    );
    expect(costs.fee).toBeCloseTo(23.756722, 6);
    expect(costs.impact).toBeCloseTo(292.744673, 6);
  });
});

const fail = (): never => {
  throw new Error('a run without a trade');
};
