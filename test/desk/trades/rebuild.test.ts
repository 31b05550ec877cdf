import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { printable } from '../../../lib/desk/printable.ts';
import { nightdesk } from '../../support/command.ts';
import { type LakeEvent, writeLake } from '../../support/lake.ts';
import { tempFolder } from '../../support/temp.ts';
import { bareFill, openTrade } from './rows.ts';

const DAY_MS = 86_400_000;

const fill = (id: string, afterMs: number, own: LakeEvent = {}): LakeEvent =>
  bareFill(id, afterMs, { side: 'buy', qty: 1, price: 100, fee_usd: 0, ...own });

interface Ledger {
  readonly mode: string | null;
  readonly strategy_id: string | null;
  readonly rows: number;
  readonly changed: number;
  readonly retracted: number;
  readonly changed_by_stream: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, number>>;
}

async function rebuild(data: string, ...options: readonly string[]): Promise<Ledger[]> {
  const { code, out, err } = await nightdesk('rebuild', '--json', '--data', data, ...options);
  if (code !== 0) throw new Error(err);
  return JSON.parse(out).ledgers;
}

const tradeIds = async (data: string): Promise<string[]> =>
  JSON.parse((await nightdesk('trades', '--format', 'json', '--data', data)).out).trades.map(
    ({ trade_id }: { trade_id: string }) => trade_id,
  );

test('a lake that was never folded is, and a second time nothing changes', async () => {
  const data = tempFolder();
  writeLake(data, [fill('f1', 0), fill('f2', 60_000, { side: 'sell', price: 110 }), fill('f3', 120_000)]);

  const first = await rebuild(data);
  const second = await rebuild(data);

  expect(first).toEqual([expect.objectContaining({ mode: 'live', strategy_id: 'momo' })]);
  expect(first[0]?.changed_by_stream.trade_lifecycle).toBe(2);
  expect(first[0]?.counts).toMatchObject({ fills: 3 });
  expect(second).toEqual([expect.objectContaining({ changed: 0, retracted: 0, changed_by_stream: {} })]);
  expect(await tradeIds(data)).toHaveLength(2);
});

test('a dry run says the same and writes nothing', async () => {
  const data = tempFolder();
  writeLake(data, [fill('f1', 0)]);

  const dry = await rebuild(data, '--dry-run');

  expect(dry[0]?.changed_by_stream.trade_lifecycle).toBe(1);
  expect(await tradeIds(data)).toEqual([]);
  expect(readdirSync(join(data, 'lake'))).toEqual(['events']);
  expect(await rebuild(data)).toEqual(dry);
});

test('a trade that no fill makes is retracted', async () => {
  const data = tempFolder();
  writeLake(data, [fill('f1', 0), openTrade('bogus', 0, { mode: 'live', rev: 1 })]);

  const [ledger] = await rebuild(data);

  expect(ledger).toMatchObject({ strategy_id: 'momo', retracted: 1 });
  expect(await tradeIds(data)).not.toContain('t-bogus');
});

test('--strategy and --mode leave other ledgers alone', async () => {
  const data = tempFolder();
  writeLake(data, [fill('f1', 0), fill('f2', 0, { strategy_id: 'other' }), fill('f3', 0, { mode: null })]);

  expect((await rebuild(data, '--strategy', 'other', '--dry-run')).map((one) => one.strategy_id)).toEqual(['other']);
  expect((await rebuild(data, '--mode', 'unknown')).map((one) => one.mode)).toEqual([null]);
  expect(await tradeIds(data)).toHaveLength(1);
  expect(await rebuild(data, '--strategy', 'none')).toEqual([]);
});

test('from a day on: what lies before is not looked at again', async () => {
  const data = tempFolder();
  writeLake(data, [fill('f1', 0), fill('f2', 60_000, { side: 'sell' }), fill('f3', 2 * DAY_MS)]);
  await rebuild(data);

  const [ledger] = await rebuild(data, '--from', '2025-11-23');

  expect(ledger).toMatchObject({ changed: 0, retracted: 0 });
  expect(await tradeIds(data)).toHaveLength(2);
});

test('for people it prints a line per ledger, hostile names made harmless, and a sum', async () => {
  const data = tempFolder();
  writeLake(data, [fill('f1', 0, { strategy_id: '\u001b[2J\u202ex' }), fill('f2', 1, { side: null })]);

  const { code, out, err } = await nightdesk('rebuild', '--data', data);

  expect(code).toBe(0);
  expect(out).toMatch(/·\[2J·x +live +\d+ +\d+ +0 .*trade_lifecycle 1/);
  expect(out).toMatch(/momo +live .*side_unknown 1/);
  expect(err).toMatch(/\d+ of \d+ rows were changed, 0 retracted/);
  expect(printable(out.replaceAll('\n', ''))).toBe(out.replaceAll('\n', ''));
});

test('an empty lake has no ledger: that is said, and no failure', async () => {
  const { code, out, err } = await nightdesk('rebuild', '--data', tempFolder());

  expect({ code, out }).toEqual({ code: 0, out: '' });
  expect(err).toContain('No ledger fits');
});

test.each([['--from'], ['--to']])('%s takes a day only', async (option) => {
  const { code, err } = await nightdesk('rebuild', option, 'today', '--data', tempFolder());

  expect(code).toBe(2);
  expect(err).toContain(`${option} must be a UTC day`);
});
