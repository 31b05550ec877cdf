import { describe, expect, test } from 'vitest';
import { gunzip, gzip } from '../../../lib/adapters/local/gzip.ts';
import { createFolderStore } from '../../../lib/adapters/local/object-store.ts';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import type { Log } from '../../../lib/core/ports/index.ts';
import { nightlyReconcile } from '../../../lib/core/reconcile/nightly.ts';
import { dataFolder } from '../../../lib/desk/data-folder.ts';
import { foldAgain } from '../../../lib/desk/trades/fold-again.ts';
import { openLedger } from '../../../lib/desk/trades/open-ledger.ts';
import { nightdesk } from '../../support/command.ts';
import { type LakeEvent, writeLake } from '../../support/lake.ts';
import { fillEvent } from '../../support/ledger.ts';
import { openTestLake } from '../../support/open-lake.ts';
import { tempFolder } from '../../support/temp.ts';

const DAY_END_MS = Date.UTC(2026, 0, 6);
const LIVE = { mode: 'live', venue: 'binance', account_id: 'main' };

const round = (over: LakeEvent = {}): LakeEvent[] => [
  fillEvent(0, 1, 100, { ...LIVE, fee_usd: 1, realized_pnl_usd: 0, pnl_basis: 'gross', ...over }),
  fillEvent(60, -1, 110, { ...LIVE, fee_usd: 1, realized_pnl_usd: 10, pnl_basis: 'gross', ...over }),
];

/** A row of the ledger altered behind its back, as a defect of the desk would. */
async function spoil(data: string, sql: string, change: (row: LakeEvent) => LakeEvent): Promise<void> {
  const lake = await openTestLake(data);
  const [row] = await lake.rows(sql);
  if (row === undefined) throw new Error(`nothing to spoil: ${sql}`);
  writeLake(data, [
    change(Object.fromEntries(Object.entries(row).filter(([name, value]) => value !== null && name !== 'date'))),
  ]);
}

const spoilTrade = (data: string, over: LakeEvent): Promise<void> =>
  spoil(data, 'select * from trade_lifecycle', (row) => ({ ...row, rev: Number(row.rev) + 1, ...over }));

describe('reconcile without a file', () => {
  test('what was published and a fold from scratch agree, and the bot’s figure with ours', async () => {
    const data = tempFolder();
    writeLake(data, round());
    await foldAgain(data, {});
    const { code, out, err } = await nightdesk('reconcile', '--data', data);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(
      /s, mode live, 2026-01-05 to 2026-01-05: \d+ rows beside a fold from scratch, 0 open breaks; 1 trade beside the bot’s figure, 0 open breaks/,
    );
    const lake = await openTestLake(data);
    expect(
      await lake.rows('select against, entry, is_clean, open_breaks from reconciliation order by against'),
    ).toEqual([
      { against: 'bot', entry: 'summary', is_clean: true, open_breaks: 0 },
      { against: 'rebuild', entry: 'summary', is_clean: true, open_breaks: 0 },
    ]);
  });

  test('a row that was published wrongly is an open break, field by field, and goes away once it is set right', async () => {
    const data = tempFolder();
    writeLake(data, round());
    await foldAgain(data, {});
    await spoilTrade(data, { net_pnl_usd: 99 });
    const { code, out } = await nightdesk('reconcile', '--data', data);
    expect(code).toBe(1);
    expect(out).toContain('Published is net_pnl_usd 99, a fold of the lake says 8.');
    const lake = await openTestLake(data);
    const breaks = `select kind, state, field, ours, theirs, difference, strategy_id, mode from reconciliation where entry = 'break'`;
    expect(await lake.rows(breaks)).toEqual([
      {
        kind: 'field',
        state: 'open',
        field: 'net_pnl_usd',
        ours: '99',
        theirs: '8',
        difference: 91,
        strategy_id: 's',
        mode: 'live',
      },
    ]);
    await foldAgain(data, {});
    expect((await nightdesk('reconcile', '--data', data)).code).toBe(0);
    expect(await lake.rows(breaks)).toEqual([]);
  });

  test('events that were never folded are rows that are missing', async () => {
    const data = tempFolder();
    writeLake(data, round());
    const { code, out } = await nightdesk('reconcile', '--data', data, '--format', 'json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual([
      expect.objectContaining({
        mode: 'live',
        strategy_id: 's',
        rebuild: expect.objectContaining({ counts: { missing: expect.anything() } }),
      }),
    ]);
    expect(
      (await nightdesk('query', 'select 1 from trade_lifecycle', '--data', data, '--format', 'csv')).out.trim(),
    ).toBe('1');
  });

  test('a bot that books another PnL on the same basis is an open break', async () => {
    const data = tempFolder();
    writeLake(data, [
      ...round().slice(0, 1),
      fillEvent(60, -1, 110, { ...LIVE, fee_usd: 1, realized_pnl_usd: 12, pnl_basis: 'gross' }),
    ]);
    await foldAgain(data, {});
    const { code, out } = await nightdesk('reconcile', '--data', data);
    expect(code).toBe(1);
    expect(out).toContain('We make a PnL of 10, the bot 12 (gross).');
  });

  test('options of a file are refused without one, and half a ledger too', async () => {
    const data = tempFolder();
    expect((await nightdesk('reconcile', '--data', data, '--venue-name', 'x')).err).toContain(
      '--venue-name needs --venue FILE',
    );
    expect((await nightdesk('reconcile', '--data', data, '--strategy', 'x')).code).toBe(2);
    expect((await nightdesk('reconcile', '--data', data)).out).toContain('There is no ledger');
  });
});

test('every night the last days are compared, published and logged; nothing is set right', async () => {
  const data = tempFolder();
  writeLake(data, [...round(), ...round({ mode: 'paper' })]);
  await foldAgain(data, {});
  await spoil(data, `select * from trade_lifecycle where mode = 'paper'`, (row) => ({
    ...row,
    rev: Number(row.rev) + 1,
    exit_px: 1,
  }));
  const heard: [string, unknown, unknown][] = [];
  const hear =
    (level: string): Log['info'] =>
    (_message, facts) => {
      heard.push([level, facts?.mode, facts?.open]);
    };
  const job = nightlyReconcile({
    ledger: await openLedger(data),
    store: createFolderStore(dataFolder(data).lake),
    gunzip,
    gzip,
    sha256,
    clock: { nowMs: () => DAY_END_MS + 60_000 },
    log: { info: hear('info'), warn: hear('warn'), error: hear('error') },
  });
  expect([job.name, job.every]).toEqual(['reconcile', 'day']);
  await job.run(DAY_END_MS);
  expect(heard.sort()).toEqual([
    ['info', 'live', 0],
    ['warn', 'paper', 1],
  ]);
  const lake = await openTestLake(data);
  const rows = `select mode, entry, against, field, from_date, "date" from reconciliation where against = 'rebuild' order by mode, entry`;
  const published = await lake.rows(rows);
  expect(published).toEqual([
    { mode: 'live', entry: 'summary', against: 'rebuild', field: null, from_date: '2025-12-30', date: '2026-01-05' },
    {
      mode: 'paper',
      entry: 'break',
      against: 'rebuild',
      field: 'exit_px',
      from_date: '2025-12-30',
      date: '2026-01-05',
    },
    { mode: 'paper', entry: 'summary', against: 'rebuild', field: null, from_date: '2025-12-30', date: '2026-01-05' },
  ]);
  await job.run(DAY_END_MS);
  await job.run(DAY_END_MS + 30 * 86_400_000); // a quiet week
  expect(await lake.rows(rows)).toEqual(published);
  expect(await lake.cell(`select exit_px from trade_lifecycle where mode = 'paper'`)).toBe(1);
});
