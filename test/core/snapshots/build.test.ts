import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CATALOG } from '../../../lib/core/catalog/index.ts';
import { sharpeOf, sortinoOf } from '../../../lib/core/snapshots/returns.ts';
import { BUCKETS } from '../../../lib/core/snapshots/types.ts';
import { at, booked, DAY, equity, factsOf, HOUR_MS, type Line, line, makeSnapshots } from './harness.ts';

const flow = (hours: number, kind: string, amount: number, fields: Line = {}): Line =>
  line('cash_flow', hours, { kind, asset: 'USDT', amount, amount_usd: amount, ...fields });

const trade = (entry: number, exit: number | null, fields: Line = {}): Line =>
  line('trade_lifecycle', entry, {
    status: exit === null ? 'open' : 'closed',
    ...(exit === null ? {} : { exit_ts: at(exit) }),
    gross_pnl_usd: 0,
    net_pnl_usd: 0,
    ...fields,
  });

describe('ratios of returns', () => {
  const hour = { ...BUCKETS['1h'], least: 3 };

  test('Sharpe is the mean over the sample deviation, per year', () => {
    // Mean 0.01, deviations 0, ±0.02: variance (0.0004 + 0.0004) / 2.
    expect(sharpeOf([0.01, 0.03, -0.01], hour)).toBeCloseTo((0.01 / 0.02) * Math.sqrt(8760), 9);
  });

  test('Sortino is the mean over the deviation of losses from 0, of all returns, per year', () => {
    expect(sortinoOf([0.01, 0.03, -0.01], hour)).toBeCloseTo((0.01 / (0.01 / Math.sqrt(3))) * Math.sqrt(8760), 9);
  });

  test('none of too few returns, of returns that are all alike, or without a loss', () => {
    expect(sharpeOf([0.01, 0.03], hour)).toBeNull();
    // 0.1 does not sum up exactly: a deviation of rounding must not pass for one.
    expect(
      sharpeOf(
        Array.from({ length: 168 }, () => 0.1),
        hour,
      ),
    ).toBeNull();
    expect(sortinoOf([0.01, 0.03, 0.02], hour)).toBeNull();
  });

  test('an hour looks at a week and needs two days, a day at a month and needs twenty', () => {
    expect(BUCKETS).toMatchObject({
      '1h': { returns: 168, least: 48, perYear: 8760 },
      '24h': { returns: 30, least: 20, perYear: 365 },
    });
  });
});

describe('figures of a bucket', () => {
  test('the return is from close to close, of the equity last measured in each bucket', () => {
    const { row } = makeSnapshots([equity(0.1, 900), equity(0.9, 1000), equity(1.2, 500), equity(1.8, 1010)]);
    expect(row('1h', 0)).toMatchObject({ equity_value: 1000, equity_ts: at(0.9), equity_source: 'equity_curve' });
    expect(row('1h', 0).return_pct).toBeUndefined();
    expect(row('1h', 1).return_pct).toBeCloseTo(1, 12);
  });

  test('there is no return where the last equity is older than a bucket', () => {
    const { row } = makeSnapshots([equity(0.5, 1000), equity(2.5, 1010), equity(3.5, 1020)]);
    expect(row('1h', 2).return_pct).toBeUndefined();
    expect(row('1h', 3).return_pct).toBeCloseTo((1020 / 1010 - 1) * 100, 12);
  });

  test('deposits and withdrawals change no return, no PnL and no fall from the peak', () => {
    const { row } = makeSnapshots([
      equity(0.5, 1000),
      equity(1.5, 990),
      flow(1.7, 'deposit', 990), // after the last equity of its hour: it shows in the next
      equity(2.5, 1980),
      flow(3.2, 'withdrawal', -1880),
      equity(3.5, 100),
    ]);
    for (const hour of [2, 3]) {
      expect(row('1h', hour).return_pct).toBeCloseTo(0, 12);
      expect(row('1h', hour).daily_pnl).toBeCloseTo(-10, 9);
      expect(row('1h', hour).drawdown_current).toBeCloseTo(0.01, 12);
    }
    expect(row('1h', 1)).toMatchObject({ flows: 990, return_pct: expect.closeTo(-1, 12) });
    expect(row('1h', 3)).toMatchObject({ flows: -1880, max_drawdown: expect.closeTo(0.01, 12) });
  });

  test('a flow whose amount is not known leaves return and PnL unknown, and invents no gain', () => {
    const { row } = makeSnapshots([
      equity(0.5, 1000),
      line('cash_flow', 1.2, { kind: 'deposit', asset: 'DOGE', amount: 5 }),
      equity(1.5, 2000),
      equity(2.5, 1900),
    ]);
    expect(row('1h', 1).return_pct).toBeUndefined();
    expect(row('1h', 1).daily_pnl).toBeUndefined();
    expect(row('1h', 1).drawdown_current).toBe(0);
    expect(row('1h', 2).drawdown_current).toBeCloseTo(0.05, 12);
  });

  test('the fall is from the peak of all points, and the largest is remembered', () => {
    const { row } = makeSnapshots([equity(0.1, 1000), equity(0.2, 1100), equity(0.9, 990), equity(1.5, 1045)]);
    expect(row('1h', 0)).toMatchObject({ peak_equity: 1100, drawdown_current: expect.closeTo(0.1, 12) });
    expect(row('1h', 1)).toMatchObject({ peak_equity: 1100, drawdown_current: expect.closeTo(0.05, 12) });
    expect(row('1h', 1).max_drawdown).toBeCloseTo(0.1, 12);
  });

  test('a run began with its equity less what the bot says it made since', () => {
    const { row } = makeSnapshots([equity(0.5, 9994.31, { pnl_total_usd: -5.69 })]);
    expect(row('1h', 0)).toMatchObject({ peak_equity: 10_000, daily_pnl: expect.closeTo(-5.69, 9) });
    expect(row('1h', 0).drawdown_current).toBeCloseTo(0.000569, 12);
  });

  test('PnL of the day begins at midnight of the zone', () => {
    const lines = [equity(17.9, 1000), equity(18.4, 1010), equity(18.6, 1030), equity(19.5, 1025)];
    expect(makeSnapshots(lines).row('1h', 19).daily_pnl).toBe(25);
    // Asia/Kolkata is five and a half hours ahead: its day begins at 18:30 UTC.
    expect(makeSnapshots(lines, { offsetMs: 5.5 * HOUR_MS }).row('1h', 19).daily_pnl).toBe(15);
  });

  test('PnL of the day after days of silence has one beginning, in every hour of the day', () => {
    const began = { pnl_total_usd: 50 };
    const { row } = makeSnapshots(
      [equity(12.5, 1050, began), equity(58.2, 1040), equity(58.8, 1030, { pnl_total_usd: 30 }), equity(60.5, 1045)],
      { hours: 72 },
    );
    for (const bucket of ['1h', '24h'] as const)
      expect(row(bucket, bucket === '1h' ? 60 : 48).daily_pnl, bucket).toBeCloseTo(-5, 12);
    expect(row('1h', 58).daily_pnl).toBeCloseTo(-20, 12);
  });

  test('a Sharpe ratio needs 48 hours of returns and forgets them after 168', () => {
    const values = Array.from({ length: 190 }, (_, hour) => 1000 * (1 + 0.01 * (hour % 3)) + hour);
    const { row } = makeSnapshots(
      values.map((value, hour) => equity(hour + 0.5, value)),
      { hours: 190 },
    );
    const returns = values.slice(1).map((value, before) => value / (values[before] ?? Number.NaN) - 1);
    expect(row('1h', 47)).toMatchObject({ rolling_returns: 47 });
    expect(row('1h', 47).rolling_sharpe).toBeUndefined();
    expect(row('1h', 48).rolling_sharpe).toBeCloseTo(sharpeOf(returns.slice(0, 48), BUCKETS['1h']) ?? Number.NaN, 9);
    expect(row('1h', 189)).toMatchObject({ rolling_returns: 168 });
    const week = returns.slice(-168);
    expect(row('1h', 189).rolling_sharpe).toBeCloseTo(sharpeOf(week, BUCKETS['1h']) ?? Number.NaN, 9);
    expect(row('1h', 189).rolling_sortino).toBeCloseTo(sortinoOf(week, BUCKETS['1h']) ?? Number.NaN, 9);
  });

  test('trades count where they close; abandoned ones apart, and those of an unknown entry nowhere', () => {
    const { row } = makeSnapshots(
      [
        trade(0.5, 1.5, { net_pnl_usd: 3, gross_pnl_usd: 4, exit_reason: 'stop_loss' }),
        trade(0.5, 1.5, { net_pnl_usd: 0, gross_pnl_usd: 1 }),
        trade(0.5, 1.5, { net_pnl_usd: 99, entry_unknown: true }),
        trade(1.2, null, { status: 'abandoned', session_id: 'dead' }),
        trade(1.3, null),
      ],
      { ends: new Map([['dead', (DAY + 1.9 * HOUR_MS) * 1000]]) },
    );
    expect(row('1h', 1, { level: 'run', session: 'run' })).toMatchObject({
      trade_count: 2,
      win_rate: 0.5,
      realized_pnl_usd: 3,
      gross_pnl_usd: 5,
      exit_reasons: { stop_loss: 1, unknown: 1 },
      abandoned_trades: 0,
      open_trades: 1,
      time_in_market: expect.closeTo(0.5 + 0.5, 12) as number, // to 1.5, and from 1.3 on
    });
    expect(row('1h', 1)).toMatchObject({ trade_count: 2, abandoned_trades: 1, open_trades: 1 });
  });

  test('a net that is not known leaves win rate and PnL unknown', () => {
    const { row } = makeSnapshots([trade(0.1, 0.5, { net_pnl_usd: null }), trade(0.1, 0.6, { net_pnl_usd: 1 })]);
    expect(row('1h', 0)).toMatchObject({ trade_count: 2 });
    expect(row('1h', 0).win_rate).toBeUndefined();
    expect(row('1h', 0).realized_pnl_usd).toBeUndefined();
  });

  test('fills, fees, funding, turnover and realised PnL are what the ledger booked in the bucket', () => {
    const { row } = makeSnapshots([
      booked(0.5, 1, { turnover_usd: 100, fees_cum_usd: 1, realized_pnl_cum_usd: -1 }),
      booked(1.5, 2, { turnover_usd: 250, fees_cum_usd: 2.5, realized_pnl_cum_usd: 4, funding_cum_usd: -0.25 }),
    ]);
    expect(row('1h', 1)).toMatchObject({ fill_count: 1, turnover: 150, fees_usd: 1.5, funding_usd: -0.25 });
    expect(row('1h', 1).daily_realized_pnl).toBe(4);
    expect(row('24h', 0)).toMatchObject({ fill_count: 2, turnover: 250, fees_usd: 2.5, daily_realized_pnl: 4 });
  });

  test('sums that begin before what is read need the row before them; without it nothing is made up', () => {
    const later = booked(0.5, 8, { turnover_usd: 900, fees_cum_usd: 9 });
    expect(makeSnapshots([later]).row('1h', 0).turnover).toBeUndefined();
    const bases = factsOf([booked(-90, 7, { turnover_usd: 800, fees_cum_usd: 8 })]).filter(
      ({ kind }) => kind === 'ledger',
    );
    expect(makeSnapshots([later], { bases: bases as never }).row('1h', 0)).toMatchObject({
      turnover: 100,
      fees_usd: 1,
    });
  });

  test('exposure is what the ledger last says is held, while anything is', () => {
    const { row } = makeSnapshots([
      trade(0.5, 2.5),
      booked(0.5, 1, { exposure_usd: 100 }),
      line('error', 1.5),
      booked(2.5, 2, { exposure_usd: 0 }),
    ]);
    expect([0, 1, 2].map((hour) => row('1h', hour).exposure_usd)).toEqual([100, 100, 0]);
    expect([0, 1, 2].map((hour) => row('1h', hour).time_in_market)).toEqual([0.5, 1, 0.5]);
  });

  test('counts errors, breaches, orders, rejections, decisions and blocks by gate and reason', () => {
    const { row } = makeSnapshots([
      line('error', 0.1),
      line('risk', 0.2, {
        guards: [
          { name: 'cap', passed: false },
          { name: 'cap2', passed: false },
        ],
      }),
      line('risk', 0.3, { guards: [{ name: 'cap', passed: true }], safety_exit: { triggered: true } }),
      line('risk', 0.3, { guards: [{ name: 'cap', passed: true }] }),
      line('order_lifecycle', 0.4, { status: 'filled' }),
      line('order_lifecycle', 0.4, { status: 'intended' }),
      line('order_lifecycle', 0.4, { status: 'rejected', ended_ts: at(1.4), rejection_reason: '-2010' }),
      line('order_intent', 0.5, { intent_id: 'i1', side: 'buy', guards: [{ name: 'spread', passed: false }] }),
      line('gate', 0.5, { intent_id: 'i1', name: 'spread', passed: false }), // the same block, logged twice
      line('gate', 0.6, { intent_id: 'i2', name: 'spread', passed: false }),
      line('gate', 0.6, { intent_id: 'i2', name: 'volume', passed: true }),
      line('order_intent', 0.7, { side: 'hold' }),
      line('signals', 0.7),
    ]);
    expect(row('1h', 0)).toMatchObject({
      error_counts: 1,
      risk_breaches: 2,
      orders: 2,
      rejections: 0,
      decisions: 2,
      gate_blocks: { spread: 2 },
    });
    expect(row('1h', 1)).toMatchObject({ orders: 0, rejections: 1, rejection_reasons: { '-2010': 1 } });
  });

  test('nothing is said of a bucket in which nothing happened', () => {
    expect(makeSnapshots([equity(0.5, 1000)]).rows.map(({ bucket_start_ts }) => bucket_start_ts)).toEqual([
      at(0), // run and strategy, of the hour and of the day
      at(0),
      at(0),
      at(0),
    ]);
  });

  test('S1’s ten fields come first in the stream, in its order', () => {
    expect(Object.keys(CATALOG.snapshot?.fields ?? {}).slice(0, 10)).toEqual([
      'ts_ist',
      'equity_value',
      'drawdown_current',
      'daily_pnl',
      'rolling_sharpe',
      'trade_count',
      'win_rate',
      'turnover',
      'error_counts',
      'risk_breaches',
    ]);
    expect(makeSnapshots([equity(0.5, 1)]).row('1h', 0).ts_ist).toBe('2026-01-05T06:30:00+05:30');
  });
});

describe('runs, accounts and strategies', () => {
  const two = [equity(0.5, 1000), equity(0.6, 5000, { session_id: 'other' }), equity(1.5, 990), booked(0.7, 1)];

  test('runs are never merged into one curve', () => {
    const { row } = makeSnapshots(two);
    expect(row('1h', 0)).toMatchObject({ runs: 2 });
    for (const field of [
      'equity_value',
      'drawdown_current',
      'daily_pnl',
      'return_pct',
      'win_rate',
      'peak_equity',
    ] as const)
      expect(row('1h', 0)[field]).toBeUndefined();
    expect(row('1h', 1)).toMatchObject({ runs: 1, equity_value: 990, return_pct: expect.closeTo(-1, 12) });
  });

  test('a restarted paper bot invents no drawdown', () => {
    const { rows } = makeSnapshots([
      equity(0.2, 10_000),
      equity(0.4, 12_000),
      equity(1.5, 10_000, { session_id: 'next' }),
    ]);
    expect(rows.map(({ drawdown_current: fall }) => fall ?? 0)).toEqual(rows.map(() => 0));
  });

  test('a live account goes on over a restart', () => {
    const { row } = makeSnapshots([equity(0.4, 12_000), equity(1.5, 10_800, { session_id: 'next' })], {
      scope: 'account',
    });
    expect(row('1h', 1)).toMatchObject({
      drawdown_current: expect.closeTo(0.1, 12),
      return_pct: expect.closeTo(-10, 12),
    });
    expect(row('1h', 1, { level: 'account' })).toMatchObject({ drawdown_current: expect.closeTo(0.1, 12) });
  });

  test('equity of two venues is no one curve', () => {
    const { row } = makeSnapshots([equity(0.4, 1000, { venue: 'a' }), equity(0.5, 9000, { venue: 'b' })]);
    expect(row('1h', 0).equity_value).toBeUndefined();
  });

  test('timeframes of one process of S1’s are accounts of their own', () => {
    const s1 = { dialect: 's1-flat' };
    const { row, rows } = makeSnapshots([
      equity(0.5, 1000, { ...s1, timeframe: '5m' }),
      equity(0.6, 7000, { ...s1, timeframe: '1h' }),
      equity(1.5, 990, { ...s1, timeframe: '5m' }),
    ]);
    const runs = rows.filter(({ level, bucket }) => level === 'run' && bucket === '1h');
    expect(runs.map(({ account_id, timeframe, equity_value }) => [account_id, timeframe, equity_value])).toEqual([
      ['timeframe 1h', '1h', 7000],
      ['timeframe 5m', '5m', 1000],
      ['timeframe 5m', '5m', 990],
    ]);
    expect(row('1h', 0).equity_value).toBeUndefined();
  });

  test('the bot’s own equity counts, health included, and the ledger’s only where there is none', () => {
    const own = [equity(0.5, 1000), line('health', 0.6, { equity: 1001 }), booked(0.7, 1, { equity: 5 })];
    expect(makeSnapshots(own).row('1h', 0)).toMatchObject({ equity_value: 1001, equity_source: 'health' });
    expect(makeSnapshots([booked(0.7, 1, { equity: 5 })]).row('1h', 0)).toMatchObject({
      equity_value: 5,
      equity_source: 'ledger',
    });
  });

  test('what names no run is no run beside those that have a name', () => {
    const { rows, row } = makeSnapshots([
      equity(0.5, 1000),
      line('health', 0.6, { equity: 77, session_id: null }),
      line('error', 0.6, { session_id: null }),
    ]);
    expect(rows.filter(({ level, bucket }) => level === 'run' && bucket === '1h')).toHaveLength(1);
    expect(row('1h', 0)).toMatchObject({ equity_value: 1000, error_counts: 1 });
  });

  test('a run that was given up counts as no run that lives', () => {
    const { row } = makeSnapshots([equity(1.5, 990), trade(0.5, null, { session_id: 'dead', status: 'abandoned' })], {
      ends: new Map([['dead', (DAY + 1.7 * HOUR_MS) * 1000]]),
    });
    expect(row('1h', 1)).toMatchObject({ runs: 1, equity_value: 990, abandoned_trades: 1 });
  });

  const sessions = fc.constantFrom('a', 'b', 'c', null);
  const anything = fc.record({
    hours: fc.integer({ min: 0, max: 2999 }).map((n) => n / 1000),
    session: sessions,
    account: fc.constantFrom('x', 'y'),
    what: fc.constantFrom('equity', 'error', 'risk', 'intent', 'trade', 'rejected', 'flow', 'gate'),
    n: fc.integer({ min: 1, max: 999 }),
  });
  type Anything = typeof anything extends fc.Arbitrary<infer T> ? T : never;
  const linesOf = (all: readonly Anything[]): Line[] =>
    all.map(({ hours, session, account, what, n }) => {
      const who = { session_id: session, account_id: account, seq: n };
      if (what === 'equity') return equity(hours, n, who);
      if (what === 'trade') return trade(hours, hours + n / 500, { ...who, net_pnl_usd: n - 500, gross_pnl_usd: n });
      if (what === 'rejected')
        return line('order_lifecycle', hours, { ...who, status: 'rejected', rejection_reason: 'no' });
      if (what === 'flow') return flow(hours, 'deposit', n, who);
      if (what === 'risk') return line('risk', hours, { ...who, adv_cap_hit: true });
      if (what === 'gate') return line('gate', hours, { ...who, name: 'g', passed: false });
      return line(what === 'intent' ? 'order_intent' : 'error', hours, who);
    });

  test('additive figures of accounts sum up to the strategy’s, and hours to those of the day', () => {
    const fields = [
      'trade_count',
      'error_counts',
      'risk_breaches',
      'decisions',
      'rejections',
      'orders',
      'flows',
      'realized_pnl_usd',
    ] as const;
    const sum = (rows: readonly Line[], field: string): number =>
      rows.reduce((total, row) => total + Number(row[field]), 0);
    fc.assert(
      fc.property(fc.array(anything, { minLength: 1, maxLength: 40 }), (all) => {
        const { rows } = makeSnapshots(linesOf(all));
        const of = (level: string, bucket: string): readonly Line[] =>
          rows.filter((row) => row.level === level && row.bucket === bucket);
        for (const field of fields) {
          expect(sum(of('account', '1h'), field)).toBe(sum(of('strategy', '1h'), field));
          expect(sum(of('strategy', '24h'), field)).toBe(sum(of('strategy', '1h'), field));
        }
      }),
    );
  });

  test('the order in which events are read changes nothing, and what comes later nothing before it', () => {
    fc.assert(
      fc.property(
        fc
          .array(anything, { minLength: 1, maxLength: 30 })
          .chain((all) =>
            fc.tuple(fc.constant(linesOf(all)), fc.shuffledSubarray([...all.keys()], { minLength: all.length })),
          ),
        ([lines, order]) => {
          const shuffled = order.map((index) => lines[index]).filter((one) => one !== undefined);
          const { rows } = makeSnapshots(lines);
          expect(makeSnapshots(shuffled).rows).toEqual(rows);
          const early = lines.filter(
            ({ ts, exit_ts }) => String(ts) < at(1) && (exit_ts === undefined || String(exit_ts) < at(1)),
          );
          const first = (made: typeof rows): typeof rows => made.filter(({ bucket_end_ts }) => bucket_end_ts === at(1));
          // Trades that close later are open at the close either way.
          if (lines.every(({ exit_ts, ts }) => exit_ts === undefined || String(exit_ts) < at(1) || String(ts) >= at(1)))
            expect(first(makeSnapshots(early).rows)).toEqual(first(rows));
        },
      ),
    );
  });
});
