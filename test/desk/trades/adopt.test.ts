import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { printable } from '../../../lib/desk/printable.ts';
import { nightdesk } from '../../support/command.ts';
import { type LakeEvent, writeLake } from '../../support/lake.ts';
import { openTestLake } from '../../support/open-lake.ts';
import { tempFolder } from '../../support/temp.ts';
import { bareFill } from './rows.ts';

const HOUR_MS = 3_600_000;
const AT = '2025-11-21T09:00:00Z'; // before noon, when the fills are

let data = '';
beforeEach(() => {
  data = tempFolder();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A fill of a live account. */
const fill = (id: string, afterMs: number, own: LakeEvent = {}): LakeEvent =>
  bareFill(id, afterMs, {
    ingested_at: '2025-11-21T20:00:00.000000Z',
    venue: 'okx',
    account_id: 'main',
    side: 'sell',
    qty: 0.5,
    price: 110,
    fee_usd: 0.25,
    fee: 0.25,
    fee_asset: 'USD',
    ...own,
  });

const FACTS = ['--strategy', 'momo', '--symbol', 'BTC-USD', '--side', 'long', '--qty', '0.5', '--price', '100'];
const adopt = (...more: readonly string[]) => nightdesk('positions', 'adopt', ...FACTS, '--data', data, ...more);

const executions = async (): Promise<Readonly<Record<string, unknown>>[]> =>
  (await openTestLake(data)).rows(
    `select event_id, ts, strategy_id, session_id, venue, account_id, symbol, position_side, mode, side, qty, price, fee,
     fee_usd, fill_class, result, source, extra from execution where source = 'adopt' order by ts`,
  );

const trades = async (): Promise<Record<string, unknown>[]> =>
  JSON.parse((await nightdesk('trades', '--format', 'json', '--data', data)).out).trades;

test('an opening balance explains the fill that reduced it: the trade has an entry, a net, and counts in the totals', async () => {
  writeLake(data, [fill('f1', 0, { reduce_only: true })]);
  await nightdesk('rebuild', '--data', data);
  expect(await trades()).toEqual([expect.objectContaining({ entry_unknown: true, net_pnl_usd: null })]);

  const { code, out } = await adopt('--at', AT);

  expect(code).toBe(0);
  expect(out).toContain('Recorded: long 0.5 BTC-USD at 100, as of 2025-11-21T09:00:00Z');
  expect(out).toContain('strategy momo, mode live, venue okx, account main');
  expect(await trades()).toEqual([
    expect.objectContaining({
      status: 'closed',
      entry_unknown: false,
      direction: 'long',
      entry_px: 100,
      exit_px: 110,
      gross_pnl_usd: 5,
      fees_usd: 0.25,
      net_pnl_usd: 4.75,
      venue: 'okx',
      account_id: 'main',
    }),
  ]);
});

test('the event says what it is: source, class, no fee, the note', async () => {
  await adopt('--at', AT, '--venue', 'okx', '--account', 'main', '--position-side', 'long', '--note', 'from before');

  expect(await executions()).toEqual([
    {
      event_id: expect.stringMatching(/^adopt-[0-9a-f]{16}$/),
      ts: '2025-11-21T09:00:00.000000Z',
      strategy_id: 'momo',
      session_id: null,
      venue: 'okx',
      account_id: 'main',
      symbol: 'BTC-USD',
      position_side: 'long',
      mode: 'live',
      side: 'buy',
      qty: 0.5,
      price: 100,
      fee: 0,
      fee_usd: 0,
      fill_class: 'opening_balance',
      result: 'filled',
      source: 'adopt',
      extra: expect.stringContaining('from before'),
    },
  ]);
});

test.each([
  ['with a time', ['--at', AT]],
  ['without one', []],
])('the same adoption again changes nothing, %s', async (_what, options) => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 5), toFake: ['Date'] });
  const first = await adopt(...options);
  const stored = await executions();

  vi.setSystemTime(Date.UTC(2026, 0, 6)); // a day later it is still the same
  const second = await adopt(...options);

  expect(first.out).toContain('Recorded: ');
  expect(second).toMatchObject({ code: 0 });
  expect(second.out).toContain('Recorded before, nothing to do');
  expect(await executions()).toEqual(stored);
  expect(await trades()).toEqual([expect.objectContaining({ status: 'open', position_qty: 0.5 })]);
});

test('another time, quantity or side is another adoption', async () => {
  const ids = new Set<string>();
  for (const more of [
    ['--at', AT],
    ['--at', '2025-11-21T10:00:00Z'],
    ['--at', AT, '--venue', 'x'],
  ]) {
    const { out } = await adopt(...more, '--json', '--dry-run');
    ids.add(JSON.parse(out).event_id);
  }

  expect(ids.size).toBe(3);
});

test('a short position is sold, and shown as what it is', async () => {
  await nightdesk('positions', 'adopt', ...FACTS, '--side', 'short', '--at', AT, '--data', data);

  const { out } = await nightdesk('positions', '--format', 'json', '--data', data);

  expect(JSON.parse(out).positions).toEqual([
    expect.objectContaining({
      mode: 'live',
      strategy_id: 'momo',
      symbol: 'BTC-USD',
      qty: -0.5,
      avg_px: 100,
      session_id: null,
    }),
  ]);
});

test('nobody ordered it: it is no order, and no part of the share of orders that were filled', async () => {
  writeLake(data, [fill('f1', 0, { order_id: 'o1' })]);

  await adopt('--at', AT);

  const lake = await openTestLake(data);
  expect(await lake.rows('select order_id, side from order_lifecycle')).toEqual([{ order_id: 'o1', side: 'sell' }]);
});

test('a dry run says what it would record and writes nothing', async () => {
  const { code, out } = await adopt('--at', AT, '--dry-run');

  expect(code).toBe(0);
  expect(out).toContain('Would record: long 0.5 BTC-USD at 100');
  expect(await executions()).toEqual([]);
});

test('it does not stand in for the log of its day: fills of a lower-ranked log still count', async () => {
  writeLake(data, [
    fill('f1', 0, { side: 'buy', source_log: 'execution_log', price: 105 }),
    fill('f2', HOUR_MS, { qty: 1, source_log: 'execution_log' }),
  ]);

  await adopt('--at', AT);

  expect(await trades()).toEqual([
    expect.objectContaining({ status: 'closed', entry_qty: 1, exit_qty: 1, entry_px: 102.5, gross_pnl_usd: 7.5 }),
  ]);
});

test('venue, account and side are those of the strategy’s fills; where these name several books it asks which', async () => {
  writeLake(data, [fill('f1', 0, { account_id: 'a1' }), fill('f2', 1, { account_id: 'a2' })]);

  const unclear = await adopt('--at', AT);
  const told = await adopt('--at', AT, '--account', 'a2');
  const nowhere = await adopt('--at', AT, '--account', 'a3');

  expect(unclear).toMatchObject({ code: 2, out: '' });
  expect(unclear.err).toContain('several books: venue okx, account a1; venue okx, account a2');
  expect(told.out).toContain('venue okx, account a2');
  expect(nowhere.err).toContain('other books');
  expect(await executions()).toHaveLength(1);
});

test('in hedge mode a long position goes to the long side', async () => {
  writeLake(data, [
    fill('f1', 0, { position_side: 'long', side: 'sell' }),
    fill('f2', 1, { position_side: 'short', side: 'buy' }),
  ]);

  await adopt('--at', AT);

  expect(await executions()).toEqual([expect.objectContaining({ position_side: 'long', side: 'buy' })]);
  const closed = (await trades()).filter(({ entry_unknown }) => entry_unknown !== true);
  expect(closed).toEqual([expect.objectContaining({ position_side: 'long', status: 'closed', net_pnl_usd: 4.75 })]);
});

test('where positions end with their run, the run must be named', async () => {
  const paper = await adopt('--mode', 'paper', '--at', AT);
  const named = await adopt('--mode', 'paper', '--session', 'r1', '--at', AT);

  expect(paper).toMatchObject({ code: 2, out: '' });
  expect(paper.err).toContain('--session must name the run');
  expect(named.code).toBe(0);
  expect(await executions()).toEqual([expect.objectContaining({ session_id: 'r1', mode: 'paper' })]);
});

test.each([
  [['--at', '2100-01-01T00:00:00Z'], 'must not lie in the future'],
  [['--at', '2025-11-21T09:00:00'], '--at must be a time with its zone'],
  [['--at', 'yesterday'], '--at must be a time'],
  [['--qty', '-1'], '--qty must be a number above 0'],
  [['--qty', '0'], '--qty must be a number above 0'],
  [['--price', 'NaN'], '--price must be a number above 0'],
  [['--mode', 'demo'], '--mode must be one of'],
  [['--side', 'buy'], 'long, short'],
])('%j is refused, and nothing is written', async (options, message) => {
  const { code, out, err } = await adopt(...options);

  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(message);
  expect(await executions()).toEqual([]);
});

test('what it needs it says', async () => {
  const { code, err } = await nightdesk('positions', 'adopt', '--symbol', 'X', '--data', data);

  expect(code).toBe(2);
  expect(err).toContain('--strategy');
});

test('hostile text is recorded as it stands and printed harmless', async () => {
  const bad = '\u001b[2J\u202e\u0007x';

  const { code, out } = await nightdesk(
    ...['positions', 'adopt', '--strategy', bad, '--symbol', bad, '--side', 'long', '--qty', '1', '--price', '1'],
    ...['--venue', "o'x", '--account', bad, '--at', AT, '--data', data],
  );

  expect(code).toBe(0);
  expect(printable(out.replaceAll('\n', ''))).toBe(out.replaceAll('\n', ''));
  expect(await executions()).toEqual([expect.objectContaining({ strategy_id: bad, venue: "o'x" })]);
});
