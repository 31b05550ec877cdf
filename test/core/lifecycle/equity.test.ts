import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import type { EventOf } from '../../../lib/core/catalog/index.ts';
import { openFold } from '../../../lib/core/lifecycle/fold.ts';
import { type DerivedRow, LEDGER_DEFAULTS, type LedgerConfig } from '../../../lib/core/lifecycle/types.ts';
import { fillEvent, foldAll, inputsOf, type LedgerEvent, ledgerEvent } from '../../support/ledger.ts';

type Point = EventOf<'equity_curve'>;

const pointsOf = (rows: readonly DerivedRow[]): Point[] =>
  rows.filter(({ stream }) => stream === 'equity_curve').map(({ event }) => event as Point);

const curve = (events: readonly LedgerEvent[], options: Parameters<typeof foldAll>[1] = {}): Point[] =>
  pointsOf(foldAll(events, options).rows);

const price = (atS: number, last: number, fields: LedgerEvent = {}): LedgerEvent =>
  ledgerEvent('market', atS, { last, close: last, mid: last, ...fields });

const started = (initialEquityUsd: number): { config: Partial<LedgerConfig> } => ({
  config: { strategies: { s: { initialEquityUsd } } },
});

describe('the curve of equity of a bot that sends none', () => {
  test('has a point per fill: position, realised and unrealised PnL, costs and turnover so far', () => {
    const points = curve([
      fillEvent(0, 2, 100, { fee_usd: 0.5 }),
      fillEvent(60, -1, 110, { fee_usd: 0.25 }),
      fillEvent(120, -1, 90, { fee_usd: 0.25 }),
    ]);
    expect(points).toMatchObject([
      { position_qty: 2, position_avg_px: 100, realized_pnl_cum_usd: -0.5, unrealized_pnl_usd: 0, turnover_usd: 200 },
      { position_qty: 1, position_avg_px: 100, realized_pnl_cum_usd: 9.25, unrealized_pnl_usd: 10, turnover_usd: 310 },
      { position_qty: 0, realized_pnl_cum_usd: -1, unrealized_pnl_usd: 0, pnl_total_usd: -1, fees_cum_usd: 1 },
    ]);
    expect(points.map(({ fill_count }) => fill_count)).toEqual([1, 2, 3]);
    expect(
      points.every(({ source_log, pnl_basis }) => source_log === 'ledger' && pnl_basis === 'net_of_all_costs'),
    ).toBe(true);
  });

  test('does not know the equity where nobody says what there was before, and does where a deposit or the settings do', () => {
    const fill = fillEvent(10, 1, 100, { fee_usd: 1 });
    const deposit = ledgerEvent('cash_flow', 0, { kind: 'deposit', asset: 'USDT', amount: 1000, amount_usd: 1000 });
    expect(curve([fill])[0]?.equity).toBeUndefined();
    expect(curve([deposit, fill])[0]?.equity).toBe(999);
    expect(curve([fill], started(500))[0]?.equity).toBe(499);
  });

  test('goes on after figures that no sum of dollars can hold, and does not know what they come to', () => {
    const points = curve([fillEvent(0, 1e308, 100), fillEvent(10, -1e308, 101), fillEvent(20, 1, 100)], started(500));
    expect(points).toHaveLength(3);
    expect([points[0]?.unrealized_pnl_usd, points[0]?.exposure_usd]).toEqual([0, undefined]);
    expect(curve([fillEvent(0, 1e300, 100), fillEvent(10, 1e300, 110)], started(500))[1]?.equity).toBeUndefined();
  });

  test('closes an hour with a point where a position is open and a price was seen in it', () => {
    const points = curve([
      fillEvent(0, 1, 100),
      price(600, 103),
      // An hour without a price, then one in which the position is left.
      price(2.5 * 3600, 108),
      fillEvent(3.5 * 3600, -1, 108),
      price(4.5 * 3600, 120),
      price(5.5 * 3600, 130),
    ]);
    const hours = points.filter(({ event_id }) => event_id?.startsWith('hour-'));
    expect(hours.map(({ ts, unrealized_pnl_usd }) => [ts, unrealized_pnl_usd])).toEqual([
      ['2026-01-05T10:59:59.999999Z', 3],
      ['2026-01-05T12:59:59.999999Z', 8],
    ]);
  });

  test('takes the fall from the peak without deposits: they are no profit, and withdrawals are no loss', () => {
    const flow = (atS: number, kind: string, amount: number): LedgerEvent =>
      ledgerEvent('cash_flow', atS, { kind, asset: 'USDT', amount, amount_usd: amount });
    const points = curve(
      [
        fillEvent(0, 1, 100),
        fillEvent(10, -1, 90), // 1,000 to 990: 1 % below the peak
        flow(20, 'deposit', 990), // 1,980 now
        fillEvent(30, 1, 100),
        flow(40, 'withdrawal', -1880),
        fillEvent(50, -1, 100),
      ],
      started(1000),
    );
    expect(points.map(({ equity }) => equity)).toEqual([1000, 990, 1980, 100]);
    for (const { drawdown } of points.slice(1)) expect(drawdown).toBeCloseTo(0.01, 12);
  });

  test('goes on to price what a silent run holds only until its time ran out', () => {
    const prices = Array.from({ length: 60 }, (_, hour) => price(hour * 3600 + 60, 100, { session_id: 'other' }));
    const points = curve([fillEvent(0, 1, 100), ...prices]);
    expect(points.filter(({ event_id }) => event_id?.startsWith('hour-'))).toHaveLength(24); // a day, which is the timeout
  });

  test('two runs have two curves, also where they trade at the same moment', () => {
    const points = curve([
      fillEvent(0, 1, 100, { fee_usd: 1 }),
      fillEvent(0, 1, 100, { fee_usd: 2, session_id: 'other' }),
      fillEvent(1, -1, 100, { fee_usd: 1 }),
    ]);
    expect(points.map(({ session_id, fees_cum_usd }) => [session_id, fees_cum_usd])).toEqual([
      ['run', 1],
      ['other', 2],
      ['run', 2],
    ]);
  });

  test('funding is part of the realised PnL; an estimate of it is not', () => {
    const funding = (atS: number, fields: LedgerEvent): LedgerEvent =>
      ledgerEvent('cash_flow', atS, { kind: 'funding', asset: 'USDT', amount: -3, amount_usd: -3, ...fields });
    const points = curve([
      fillEvent(0, 1, 100),
      funding(10, {}),
      funding(20, { is_estimated: true }),
      fillEvent(30, -1, 100),
    ]);
    expect(points.at(-1)).toMatchObject({ funding_cum_usd: -3, realized_pnl_cum_usd: -3 });
  });

  test('says what was paid when it was paid, and of equity nothing at a price of another hour', () => {
    const paid = (atS: number): LedgerEvent =>
      ledgerEvent('cash_flow', atS, { kind: 'funding', asset: 'USDT', amount: -3, amount_usd: -3 });
    const [, soon, late] = curve([fillEvent(0, 1, 100), paid(10), paid(3 * 3600)], started(500));
    expect(soon).toMatchObject({ funding_cum_usd: -3, realized_pnl_cum_usd: -3, fill_count: 1, equity: 497 });
    expect(late).toMatchObject({ ts: expect.stringContaining(':59:59') });
    const last = curve([fillEvent(0, 1, 100), paid(3 * 3600)], started(500)).at(-1);
    expect(last).toMatchObject({ event_id: expect.stringMatching(/^flow-/), funding_cum_usd: -3, exposure_usd: 100 });
    expect(last?.equity).toBeUndefined();
  });

  test('ends each flat history with the sum of what its trades made', () => {
    const fills = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.boolean(), fc.integer({ min: 50, max: 150 })), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(fills, (steps) => {
        let held = 0;
        const events = steps.map(([qty, buys, px], at) => {
          held += buys ? qty : -qty;
          return fillEvent(at, buys ? qty : -qty, px, { fee_usd: qty / 8 });
        });
        if (held !== 0) events.push(fillEvent(99, -held, 100));
        const { rows, trades } = foldAll(events);
        const net = trades.reduce((sum, { net_pnl_usd }) => sum + (net_pnl_usd ?? Number.NaN), 0);
        expect(pointsOf(rows).at(-1)?.pnl_total_usd).toBeCloseTo(net, 9);
      }),
    );
  });

  test('is the same however the events are cut into calls, and over a save between any two', () => {
    const step = fc.record({
      s: fc.integer({ min: 0, max: 20 * 3600 }),
      kind: fc.constantFrom('buy', 'sell', 'price', 'deposit'),
      session: fc.constantFrom('run', 'other'),
    });
    const key = { mode: 'paper', strategyId: 's' };
    const config = { ...LEDGER_DEFAULTS, sessionTimeoutMs: 4 * 3_600_000, memoryMs: 8 * 3_600_000 };
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const inputs = inputsOf(
          steps.map(({ s, kind, session }) => {
            const fields = { session_id: session };
            if (kind === 'price') return price(s, 100 + (s % 7), fields);
            if (kind === 'deposit')
              return ledgerEvent('cash_flow', s, { kind, asset: 'USDT', amount: 5, amount_usd: 5, ...fields });
            return fillEvent(s, kind === 'buy' ? 1 : -1, 100, fields);
          }),
        );
        const whole = openFold(key, config, { sha256 });
        whole.announce(inputs);
        whole.apply(inputs, Number.POSITIVE_INFINITY);
        const made: DerivedRow[] = [];
        let fold = openFold(key, config, { sha256 });
        fold.announce(inputs);
        for (const [at, input] of inputs.entries()) {
          fold.apply([input], input.us);
          made.push(...fold.rows(0));
          if (at % 3 === 0)
            fold = openFold(key, config, { sha256 }, { saved: JSON.parse(JSON.stringify(fold.save())) });
        }
        fold.apply([], Number.POSITIVE_INFINITY);
        made.push(...fold.rows(0));
        expect(pointsOf(made)).toEqual(pointsOf(whole.rows(0)));
      }),
    );
  });
});
