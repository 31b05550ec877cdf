import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { printable } from '../../../lib/desk/printable.ts';
import { nightdesk } from '../../support/command.ts';
import { exampleEvent, type LakeEvent, writeLake } from '../../support/lake.ts';
import { tempFolder } from '../../support/temp.ts';
import { closedTrade, NOON_MS, openTrade } from './rows.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function dataWith(...rows: readonly LakeEvent[]): string {
  const data = tempFolder();
  if (rows.length > 0) writeLake(data, rows);
  return data;
}

/** Ids of the trades that a command lists, in order. */
async function ids(...args: readonly string[]): Promise<string[]> {
  const { out, code, err } = await nightdesk('trades', ...args, '--format', 'json');
  if (code !== 0) throw new Error(err);
  return JSON.parse(out).trades.map(({ trade_id }: { trade_id: string }) => trade_id);
}

/** Lines of a table as words. */
const words = (out: string): string[][] => out.split('\n').map((line) => line.trim().split(/\s{2,}/));

test('a list shows what each trade made, newest first, and below it the totals of its mode', async () => {
  const data = dataWith(
    closedTrade('aaaaaaaaaaaaaaaa', 0),
    closedTrade('bbbbbbbbbbbbbbbb', HOUR_MS, {
      direction: 'short',
      gross_pnl_usd: -2,
      impact_usd: 0.125,
      charged_costs_usd: 0.125,
      funding_usd: 0.5,
      costs_total_usd: -0.125,
      net_pnl_usd: -1.875,
      net_pnl_bps: -375,
      exit_reason: 'signal_flip',
      exit_reason_source: 'inferred',
    }),
    openTrade('cccccccccccccccc', 2 * HOUR_MS, { fees_usd: 0.1, costs_total_usd: 0.1, net_pnl_usd: -0.1 }),
  );

  const { code, out, err } = await nightdesk('trades', '--data', data);

  expect({ code, err }).toEqual({ code: 0, err: '' });
  const [head, open, lost, won, , totalsHead, totals] = words(out);
  expect(head?.slice(0, 7)).toEqual(['id', 'mode', 'strategy', 'symbol', 'direction', 'entry (UTC)', 'price']);
  expect(open).toEqual([
    ...['t-cccccccc', 'paper', 'momo', 'BTC-USD', 'long', '2025-11-21 14:00', '100', 'open 0.5'],
    ...['0', '0.10', '-0.10'],
  ]);
  expect(lost).toEqual([
    ...['t-bbbbbbbb', 'paper', 'momo', 'BTC-USD', 'short', '2025-11-21 13:00', '100', '2025-11-21 14:00', '110', '1h'],
    ...['-2.00', '-0.125', '-1.875', '-375.0', 'signal_flip?'],
  ]);
  expect(won?.slice(-5)).toEqual(['+5.00', '0.25', '+4.75', '950.0', 'take_profit']);
  expect(totalsHead).toEqual([
    ...['mode', 'trades', 'closed', 'open', 'abandoned', 'win rate'],
    ...['gross $', 'fees $', 'impact $', 'charged $', 'funding $', 'net $'],
  ]);
  expect(totals).toEqual(['paper', '3', '2', '1', '0', '50.0 %', '+3.00', '0.60', '0.125', '0.125', '+0.50', '+2.775']);
});

test('two modes are never added, and an unknown mode stands apart', async () => {
  const data = dataWith(
    closedTrade('1', 0, { mode: 'live' }),
    closedTrade('2', 1, { mode: 'paper' }),
    closedTrade('3', 2, { mode: null }),
    closedTrade('4', 3, { mode: null }),
  );

  const { out } = await nightdesk('trades', '--summary', '--format', 'json', '--data', data);

  expect(JSON.parse(out)).toEqual([
    expect.objectContaining({ mode: 'live', trades: 1, net_pnl_usd: 4.75 }),
    expect.objectContaining({ mode: 'paper', trades: 1, net_pnl_usd: 4.75 }),
    expect.objectContaining({ mode: null, trades: 2, net_pnl_usd: 9.5 }),
  ]);
  expect(await ids('--mode', 'unknown', '--data', data)).toEqual(['t-4', 't-3']);
});

test('a trade whose entry is not known is listed, is in no total, and is said to be', async () => {
  const unknown = { entry_unknown: true, gross_pnl_usd: null, net_pnl_usd: null, fees_usd: 7 };
  const data = dataWith(closedTrade('1', 0), closedTrade('2', 1, unknown));

  const { out } = await nightdesk('trades', '--data', data);

  expect(out).toMatch(/t-2 .*entry unknown/);
  expect(out).toMatch(/paper +1 +1 +0 +0 +100\.0 % +\+5\.00 +0\.25 /);
  expect(out).toContain('1 trade whose entry is not known, outside these totals');
});

test('a net that is not known is no zero: it is counted beside the sum and left out of the win rate', async () => {
  const data = dataWith(
    closedTrade('1', 0),
    closedTrade('2', 1, { net_pnl_usd: null, net_pnl_bps: null, fees_usd: null }),
  );

  const { out } = await nightdesk('trades', '--summary', '--data', data);

  expect(out).toMatch(/paper +2 +2 +0 +0 +100\.0 % +\+10\.00 +0\.25 /);
  expect(out).toContain('1 trade without a known net');
});

test('of a trade its newest revision counts, and one that was withdrawn is gone', async () => {
  const data = dataWith(openTrade('1', 0, { rev: 1 }), openTrade('2', 1, { rev: 1 }));
  writeLake(data, [closedTrade('1', 0, { rev: 2 }), openTrade('2', 1, { rev: 2, retracted: true })]);

  const { out } = await nightdesk('trades', '--format', 'json', '--data', data);

  expect(JSON.parse(out).trades).toEqual([expect.objectContaining({ trade_id: 't-1', status: 'closed' })]);
});

test.each([
  [['--status', 'open'], ['t-4']],
  [
    ['--status', 'closed,abandoned'],
    ['t-3', 't-2', 't-1'],
  ],
  [['--strategy', 'other'], ['t-2']],
  [['--session', 'r9'], ['t-2']],
  [['--symbol', 'ETH-USD'], ['t-3']],
  [['--mode', 'live'], ['t-2']],
  [
    ['--from', '2025-11-22'],
    ['t-4', 't-3'],
  ],
  [['--from', '2025-11-22', '--to', '2025-11-22'], ['t-3']],
  [
    ['--limit', '2'],
    ['t-4', 't-3'],
  ],
  [['--sort', 'oldest', '--limit', '1'], ['t-1']],
  [
    ['--sort', 'best'],
    ['t-3', 't-1', 't-2', 't-4'],
  ],
  [['--sort', 'worst', '--limit', '1'], ['t-2']],
  [['--sort', 'longest', '--limit', '1'], ['t-2']],
  [['--sort', 'costliest', '--limit', '1'], ['t-1']],
  [['--sort', 'largest', '--limit', '1'], ['t-4']],
])('%j lists %j', async (options, expected) => {
  const data = dataWith(
    closedTrade('1', 0, { costs_total_usd: 3 }),
    closedTrade('2', 1, {
      strategy_id: 'other',
      session_id: 'r9',
      mode: 'live',
      net_pnl_usd: -1,
      duration_seconds: 9_999,
    }),
    closedTrade('3', DAY_MS, { status: 'abandoned', symbol: 'ETH-USD', net_pnl_usd: 8 }),
    openTrade('4', 2 * DAY_MS, { entry_notional_usd: 900, costs_total_usd: null }),
  );

  expect(await ids(...options, '--data', data)).toEqual(expected);
});

test('what is not shown is said, and the totals are of all that fits', async () => {
  const data = dataWith(...Array.from({ length: 60 }, (_, i) => closedTrade(`id${i}`, i)));

  const { out, err } = await nightdesk('trades', '--data', data);

  expect(out.match(/^ t-id/gm)).toHaveLength(50);
  expect(out).toMatch(/^ paper +60 /m);
  expect(err).toContain('50 of 60 shown');
});

test('CSV gives every row with full ids and unrounded figures', async () => {
  const data = dataWith(closedTrade('0123456789abcdef', 0, { gross_pnl_usd: 1 / 3 }));

  const { out } = await nightdesk('trades', '--format', 'csv', '--data', data);

  expect(parse(out, { columns: true })).toEqual([
    expect.objectContaining({ trade_id: 't-0123456789abcdef', gross_pnl_usd: String(1 / 3), legs: '1' }),
  ]);
});

test('a lake without trades says so and ends with 0', async () => {
  const { code, out, err } = await nightdesk('trades', '--data', tempFolder());

  expect({ code, out }).toEqual({ code: 0, out: '' });
  expect(err).toContain('No trade fits');
  expect(JSON.parse((await nightdesk('trades', '--format', 'json', '--data', tempFolder())).out)).toEqual({
    fitting: 0,
    trades: [],
    totals: [],
  });
});

test('legs of one group are one line whose figures are the sums of its legs; a leg that fits brings the others', async () => {
  const leg = { group_id: 'g1', net_pnl_usd: 1, entry_notional_usd: 100, costs_total_usd: 0.5 };
  const data = dataWith(
    closedTrade('1', 0, { ...leg, symbol: 'BTC-USD' }),
    closedTrade('2', HOUR_MS, { ...leg, symbol: 'ETH-USD', direction: 'short', net_pnl_usd: -3 }),
    closedTrade('3', 0, { ...leg, mode: 'live' }),
    closedTrade('4', 0, { ...leg, session_id: 'r2' }),
    closedTrade('5', 0),
  );

  const { code, out, err } = await nightdesk(
    ...['trades', '--group', '--symbol', 'ETH-USD', '--format', 'json', '--data', data],
  );

  expect({ code, err }).toMatchObject({ code: 0 });
  const { trades, totals } = JSON.parse(out);
  expect(trades).toEqual([
    expect.objectContaining({
      group_id: 'g1',
      trade_id: null,
      legs: 2,
      symbol: 'BTC-USD+ETH-USD',
      direction: 'mixed',
      status: 'closed',
      net_pnl_usd: -2,
      net_pnl_bps: -100,
      costs_total_usd: 1,
      duration_seconds: 7_200,
      entry_px: null,
    }),
  ]);
  expect(totals).toEqual([expect.objectContaining({ trades: 2, net_pnl_usd: -2 })]);
  expect(await ids('--group', '--data', data)).toHaveLength(4); // g1 of paper r1, of r2 and of live, and the trade without a group
});

test('a group is open as long as one leg is, and its net is not known while that of a leg is not', async () => {
  const data = dataWith(
    closedTrade('1', 0, { group_id: 'g' }),
    openTrade('2', 1, { group_id: 'g', net_pnl_usd: null }),
  );

  const { out } = await nightdesk('trades', '--group', '--status', 'open', '--format', 'json', '--data', data);

  expect(JSON.parse(out).trades).toEqual([
    expect.objectContaining({ status: 'open', exit_ts: null, net_pnl_usd: null, legs: 2 }),
  ]);
  expect(await ids('--group', '--status', 'closed', '--data', data)).toEqual([]);
});

test('one trade in full: by the beginning of its id, with its fills as the executions say them', async () => {
  const fill = exampleEvent('execution', {
    event_id: 'fill-1',
    ts_ms: NOON_MS,
    strategy_id: 'momo',
    session_id: 'r1',
    mode: 'paper',
    order_id: 'ord-7',
    venue_fill_id: 'vf-7',
    liquidity: 'maker',
    source_path: 'logs/bot.jsonl',
    seq: 12,
  });
  const namesake = { ...fill, session_id: 'r2', order_id: 'another run’s' };
  const data = dataWith(
    fill,
    namesake,
    closedTrade('3f0c2a9b51d04e77', 0, {
      fills: [
        {
          event_id: 'fill-1',
          ts: fill.ts,
          role: 'open',
          side: 'buy',
          qty: 0.5,
          price: 100,
          signal_id: 's1',
          signal_confidence: 0.5,
        },
      ],
      entry_signal_source: 'model_bma',
      entry_signal: 0.25,
      entry_signal_confidence: 0.5,
      entry_signal_join: 'time',
      exit_reason_source: 'inferred',
      bot_realized_pnl_usd: 4.5,
      bot_pnl_basis: 'net_of_all_costs',
      attrib_check_usd: 0.25,
      decision_to_fill_ms: 268,
      latency_reason: 'equal',
      impact_usd: 0.1,
      impact_basis: 'in_price',
      git_sha: 'abc123',
    }),
  );

  const { code, out } = await nightdesk('trades', '3f0c2a', '--data', data);

  expect(code).toBe(0);
  expect(out).toContain('trade t-3f0c2a9b51d04e77: closed long BTC-USD (spot)');
  for (const line of [
    /mode +paper/,
    /gross +\+5\.00 USD/,
    /net +\+4\.75 USD \(950\.0 bps\)/,
    /reason +take_profit \(inferred\)/,
    /signal +model_bma 0\.25 \(joined by time, confidence 0\.5\)/,
    /impact +0\.10 USD \(in price\)/,
    /realized PnL +\+4\.50 USD \(all costs subtracted\)/,
    /ours, same basis +\+4\.75 USD/,
    /decision to fill +268 ms/,
    /not known where +the bot writes one time for both/,
    /commit +abc123/,
    /flags +joined 0\.5/,
    /open +buy +0\.5 +100 .*yes 0\.5 .*ord-7 +vf-7 +maker +bot\.jsonl:12/,
  ])
    expect(out).toMatch(line);
  expect(out).not.toContain('another run');
  const json = JSON.parse((await nightdesk('trades', 't-3f0c2a', '--format', 'json', '--data', data)).out);
  expect(json).toMatchObject({
    trade_id: 't-3f0c2a9b51d04e77',
    fills: [{ role: 'open', venue_fill_id: 'vf-7', seq: 12 }],
  });
});

test('an ambiguous beginning lists the candidates, unless one id is just that', async () => {
  const data = dataWith(closedTrade('ab', 0), closedTrade('abc', 1), closedTrade('abd', 2));

  const ambiguous = await nightdesk('trades', 't-a', '--data', data);
  const exact = await nightdesk('trades', 't-ab', '--data', data);
  const none = await nightdesk('trades', 'zz', '--data', data);

  expect(ambiguous).toMatchObject({ code: 1, out: '' });
  for (const id of ['t-ab ', 't-abc', 't-abd']) expect(ambiguous.err).toContain(id);
  expect(exact.out).toContain('trade t-ab:');
  expect(none.err).toMatch(/no trade has an id that begins with "zz".*\[NOT_FOUND\]/);
});

test('of a trade whose entry is not known it is said why it has no net', async () => {
  const data = dataWith(closedTrade('1', 0, { entry_unknown: true, net_pnl_usd: null, gross_pnl_usd: null }));

  const { out } = await nightdesk('trades', 't-1', '--data', data);

  expect(out).toMatch(/why unknown +nothing is known of how the position was opened/);
});

const HOSTILE = '\u001b[2J\u202e\u0007x';

test('hostile text in symbols, ids and reasons does not reach the terminal raw', async () => {
  const fills = [{ event_id: HOSTILE, ts: null, role: 'open', side: 'buy', qty: 1, price: 1 }];
  const bad = {
    strategy_id: HOSTILE,
    session_id: HOSTILE,
    symbol: HOSTILE,
    venue: HOSTILE,
    account_id: HOSTILE,
    group_id: HOSTILE,
    exit_reason: HOSTILE.repeat(40),
    exit_reason_detail: HOSTILE,
    entry_signal_source: HOSTILE,
    entry_order_id: HOSTILE,
    model_version: HOSTILE,
    fills,
  };
  const data = dataWith(closedTrade(`${HOSTILE}1`, 0, bad), closedTrade(`${HOSTILE}2`, 1, bad));

  const printed = [
    await nightdesk('trades', '--data', data),
    await nightdesk('trades', '--group', '--data', data),
    await nightdesk('trades', `${HOSTILE}1`, '--data', data),
    await nightdesk('trades', HOSTILE, '--data', data),
    await nightdesk('trades', `${HOSTILE}9`, '--data', data),
  ];

  for (const { out, err } of printed)
    expect(printable((out + err).replaceAll('\n', ''))).toBe((out + err).replaceAll('\n', ''));
  expect(printed[0]?.out).toContain('·[2J··x');
  expect(Math.max(...(printed[0]?.out.split('\n').map((line) => line.length) ?? []))).toBeLessThan(300);
});

test.each([
  [['--status', 'opened'], 'open, closed, abandoned'],
  [['--sort', 'net'], 'newest'],
  [['--mode', 'demo'], '--mode must be one of live'],
  [['--from', 'monday'], '--from must be a UTC day'],
  [['--to', '2026-02-30'], '--to must be a UTC day'],
  [['--limit', '0'], '--limit must be a whole number'],
])('%j is refused with what is allowed', async (options, message) => {
  const { code, out, err } = await nightdesk('trades', ...options, '--data', tempFolder());

  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(message);
});

test('SQL in a filter is only text', async () => {
  const data = dataWith(closedTrade('1', 0));

  expect(await ids('--symbol', "x' or '1'='1", '--data', data)).toEqual([]);
});
