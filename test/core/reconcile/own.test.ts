import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import type { EventOf } from '../../../lib/core/catalog/index.ts';
import type { DerivedRow } from '../../../lib/core/lifecycle/types.ts';
import { botFigures } from '../../../lib/core/reconcile/bot-figures.ts';
import { breakOf } from '../../../lib/core/reconcile/break.ts';
import { rebuildBreaks } from '../../../lib/core/reconcile/rebuild-breaks.ts';
import { type ComparedScope, reconciliationRows } from '../../../lib/core/reconcile/rows.ts';

const row = (over: Record<string, unknown> = {}): DerivedRow => ({
  stream: 'trade_lifecycle',
  id: 't-1',
  date: '2026-01-05',
  event: {
    ts: '2026-01-05T10:00:00.000000Z',
    strategy_id: 's',
    net_pnl_usd: 10,
    fills: [{ price: 1 }, { price: 2 }],
    ...over,
  },
});

const published = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
  ...row(over).event,
  event_id: 't-1',
  stream: 'trade_lifecycle',
  schema_version: 1,
  dialect: 'derived',
  rev: 7,
  ingested_at: '2026-01-05T10:00:01.000000Z',
});

describe('published against rebuilt', () => {
  const breaks = (known: Record<string, unknown> | undefined) =>
    rebuildBreaks({ changedRows: [row()], retractedRows: [] }, () => known).map(
      ({ kind, state, field, ours, theirs }) => [kind, state, field, ours, theirs],
    );

  test('each field that differs is a break; those of the writing are not', () => {
    expect(breaks(published({ net_pnl_usd: 11, symbol: 'X', provisional: true }))).toEqual([
      ['field', 'open', 'net_pnl_usd', '11', '10'],
      ['field', 'open', 'symbol', 'X', null],
    ]);
  });

  test('figures agree to a billionth, in lists too; null and absent are one', () => {
    expect(breaks(published({ net_pnl_usd: 10 * (1 + 5e-10), symbol: null }))).toEqual([
      ['field', 'within_tolerance', 'net_pnl_usd', '10.000000005', '10'],
    ]);
    expect(breaks(published({ fills: [{ price: 1 }, { price: 2.1 }] }))).toEqual([
      ['field', 'open', 'fills', '[{"price":1},{"price":2.1}]', '[{"price":1},{"price":2}]'],
    ]);
    expect(breaks(published({ fills: [{ price: 1 }] })).map(([, state]) => state)).toEqual(['open']);
  });

  test('a row that was never published is missing, one that is not made any more unexpected', () => {
    expect(breaks(undefined)).toEqual([['missing', 'open', null, null, null]]);
    expect(rebuildBreaks({ changedRows: [], retractedRows: [row()] }, () => undefined)).toEqual([
      expect.objectContaining({ kind: 'unexpected', subject: 'trade_lifecycle t-1' }),
    ]);
  });
});

describe('our PnL beside the bot’s', () => {
  type Trade = EventOf<'trade_lifecycle'>;
  const trade = (over: Partial<Trade>): Trade =>
    ({
      event_id: 't-1',
      trade_id: 't-1',
      ts: '2026-01-05T10:00:00.000000Z',
      gross_pnl_usd: 100,
      fees_usd: 4,
      charged_costs_usd: 1,
      funding_usd: 0,
      net_pnl_usd: 95,
      fill_count: 2,
      fills: [
        { role: 'open', fee_usd: 1 },
        { role: 'close', fee_usd: 3 },
      ],
      ...over,
    }) as Trade;
  const states = (over: Partial<Trade>): string[] => botFigures([trade(over)]).breaks.map(({ state }) => state);

  test.each([
    ['gross', 100],
    ['net_of_closing_fees', 97],
    ['net_of_all_costs', 95],
  ] as const)('like is compared with like: %s', (bot_pnl_basis, figure) => {
    expect(states({ bot_pnl_basis, bot_realized_pnl_usd: figure })).toEqual([]);
    expect(states({ bot_pnl_basis, bot_realized_pnl_usd: figure + 1 })).toEqual(['open']);
    expect(states({ bot_pnl_basis, bot_realized_pnl_usd: figure + 0.005 })).toEqual(['within_tolerance']);
  });

  test('a net that leaves funding out is told as that', () => {
    const over = {
      bot_pnl_basis: 'net_of_all_costs',
      net_pnl_usd: 90,
      funding_usd: -5,
      bot_realized_pnl_usd: 95,
    } as const;
    expect(botFigures([trade(over)]).breaks).toEqual([
      expect.objectContaining({ state: 'within_tolerance', sentence: expect.stringContaining('funding') }),
    ]);
  });

  test('what has no basis, or whose closing fees are not all known, is counted and not compared', () => {
    const unknown = [
      trade({ bot_realized_pnl_usd: 1 }),
      trade({ bot_realized_pnl_usd: 1, bot_pnl_basis: 'net_of_closing_fees', fill_count: 70 }),
      trade({ bot_realized_pnl_usd: 1, bot_pnl_basis: 'net_of_all_costs', net_pnl_usd: null }),
    ];
    expect(botFigures([...unknown, trade({})])).toEqual({ breaks: [], compared: 0, incomparable: 3 });
  });

  test('records rounded to cents may be off by half a cent a fill, their gross may not', () => {
    const cents = { cost_precision: 'cents', fill_count: 8 } as const;
    expect(states({ ...cents, bot_pnl_basis: 'net_of_all_costs', bot_realized_pnl_usd: 95.03 })).toEqual([
      'within_tolerance',
    ]);
    expect(states({ ...cents, bot_pnl_basis: 'gross', bot_realized_pnl_usd: 100.03 })).toEqual(['open']);
  });
});

test('rows of one comparison have the same ids however often it is done, and no two the same', () => {
  const scope: ComparedScope = {
    against: 'venue',
    mode: 'live',
    strategyId: null,
    venue: 'binance',
    accountId: null,
    symbol: null,
    fromDate: '2026-01-05',
    toDate: '2026-01-06',
  };
  const one = breakOf({
    kind: 'missing',
    state: 'open',
    subject: 'f1',
    us: Date.UTC(2026, 0, 6) * 1000,
    sentence: '',
    advice: '',
  });
  const make = (): DerivedRow[] =>
    reconciliationRows(scope, { breaks: [one, one, { ...one, field: 'ledger' }], compared: 9, file: 'x.csv' }, sha256);
  const ids = make().map(({ id }) => id);
  expect(make().map(({ id }) => id)).toEqual(ids);
  expect(new Set(ids).size).toBe(4);
  expect(make().map(({ date }) => date)).toEqual(['2026-01-06', '2026-01-06', '2026-01-06', '2026-01-06']);
  expect(make().at(-1)?.event).toMatchObject({
    entry: 'summary',
    compared: 9,
    open_breaks: 3,
    is_clean: false,
    venue_file: 'x.csv',
    ts_ms: Date.UTC(2026, 0, 6),
  });
});
