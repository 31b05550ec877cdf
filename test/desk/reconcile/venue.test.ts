import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type CommandResult, nightdesk } from '../../support/command.ts';
import { type LakeEvent, writeLake } from '../../support/lake.ts';
import { fillEvent, ledgerEvent } from '../../support/ledger.ts';
import { openTestLake } from '../../support/open-lake.ts';
import { tempFolder } from '../../support/temp.ts';

const START_MS = Date.UTC(2026, 0, 5, 10);
const LIVE = { mode: 'live', venue: 'binance', account_id: 'main' };

const fill = (atS: number, qty: number, price: number, over: LakeEvent = {}): LakeEvent =>
  fillEvent(atS, qty, price, { ...LIVE, venue_fill_id: `f${atS}`, fee: 0.1, fee_asset: 'USDT', fee_usd: 0.1, ...over });

interface Row {
  readonly id?: string | null;
  readonly timestamp: number;
  readonly symbol: string;
  readonly side: string;
  readonly amount: number;
  readonly price: number;
  readonly fee: { readonly cost: number; readonly currency: string };
}

const trade = (atS: number, qty: number, price: number, over: Partial<Row> = {}): Row => ({
  id: `f${atS}`,
  timestamp: START_MS + atS * 1000,
  symbol: 'BTC/USDT',
  side: qty > 0 ? 'buy' : 'sell',
  amount: Math.abs(qty),
  price,
  fee: { cost: 0.1, currency: 'USDT' },
  ...over,
});

const fileOf = (data: string, content: unknown, name = 'trades.json'): string => {
  const path = join(data, name);
  writeFileSync(path, typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content));
  return path;
};

const reconcile = (data: string, file: string, ...args: readonly string[]): Promise<CommandResult> =>
  nightdesk('reconcile', '--data', data, '--venue', file, ...args);

const fold = (data: string): Promise<CommandResult> => nightdesk('reconcile', '--data', data);

interface Report {
  readonly is_clean: boolean;
  readonly counts: Record<string, Record<string, number>>;
  readonly breaks: readonly Record<string, unknown>[];
  readonly notes: readonly string[];
}

const json = async (
  data: string,
  file: string,
  ...args: readonly string[]
): Promise<Report & { readonly code: number }> => {
  const { code, out, err } = await reconcile(data, file, '--format', 'json', '--all', ...args);
  if (out === '') throw new Error(err);
  return { ...(JSON.parse(out) as Report), code };
};

test('a file that agrees ends with 0, a break with 1, and what is wrong with the call with 2', async () => {
  const data = tempFolder();
  writeLake(data, [fill(0, 1, 100), fill(10, -1, 110)]);
  const good = fileOf(data, [trade(10, -1, 110), trade(0, 1, 100)]);
  const clean = await reconcile(data, good);
  expect([clean.code, clean.err]).toEqual([0, '']);
  expect(clean.out).toContain('2 fills compared');
  expect(clean.out).toContain('Clean.');
  const bad = fileOf(data, [trade(0, 1, 100)], 'short.json');
  const broken = await reconcile(data, bad);
  expect(broken.code).toBe(1);
  expect(broken.out).toMatch(/unexpected BTCUSDT {2}2026-01-05 10:00:10\.000 {2}f10\n.*sell 1 @ 110 BTCUSDT/);
  expect(broken.out).toContain('1 open break: 1 unexpected');
  for (const wrong of [
    ['--tolerance', 'cost=1'],
    ['--mode', 'real'],
    ['--columns', 'size'],
    ['--from', 'Monday'],
    ['--time-zone', 'Mars/Base'],
  ])
    expect((await reconcile(data, good, ...wrong)).code, wrong.join(' ')).toBe(2);
  expect((await nightdesk('reconcile', '--data', data, '--adopt')).err).toContain('--adopt needs --venue FILE');
  expect((await reconcile(data, join(data, 'absent.csv'))).err).toContain('[PATH_NOT_FOUND]');
});

test('modes, venues and accounts that were not asked for are not held against the file', async () => {
  const data = tempFolder();
  writeLake(data, [
    fill(0, 1, 100),
    fill(1, 1, 1, { mode: 'paper' }),
    fill(2, 1, 1, { venue: 'okx' }),
    fill(3, 1, 1, { account_id: 'other' }),
  ]);
  const file = fileOf(data, [trade(0, 1, 100)]);
  expect((await reconcile(data, file, '--venue-name', 'Binance', '--account', 'main')).code).toBe(0);
  expect((await json(data, file)).counts).toMatchObject({ unexpected: { open: 2 } });
  expect((await json(data, file, '--mode', 'paper')).counts).toMatchObject({
    unexpected: { open: 1 },
    missing: { open: 1 },
  });
});

test('a CSV export with columns of its own, naive local times and a contract size', async () => {
  const data = tempFolder();
  writeLake(data, [fill(0, 1, 100, { venue_fill_id: 'A-1' })]);
  const csv = 'Ref;When;Pair;Way;Lots;Px;Cost;Coin\nA-1;05.01.2026 15:30:00;BTC_USDT;BUY;100;100;0.1;USDT\n';
  const columns = 'id=Ref,time=When,symbol=Pair,side=Way,quantity=Lots,price=Px,fee=Cost,fee_asset=Coin';
  const how = ['--time-zone', 'Asia/Kolkata', '--time-format', 'dd.MM.yyyy HH:mm:ss', '--contract-size', '0.01'];
  const file = fileOf(data, csv, 'own.csv');
  expect((await reconcile(data, file, '--columns', columns, ...how)).out).toContain('Clean.');
  const mapping = fileOf(
    data,
    {
      columns: Object.fromEntries(columns.split(',').map((part) => part.split('='))),
      zone: 'Asia/Kolkata',
      timeFormat: 'dd.MM.yyyy HH:mm:ss',
      contractSize: 0.01,
    },
    'mapping.json',
  );
  expect((await reconcile(data, file, '--mapping', mapping)).out).toContain('Clean.');
  const wrong = fileOf(data, { colums: {} }, 'wrong.json');
  expect((await reconcile(data, file, '--mapping', wrong)).err).toMatch(/colums.*it knows columns/);
});

test('exports with a line above their columns, gzip and JSON Lines are read', async () => {
  const data = tempFolder();
  writeLake(data, [fill(0, 1, 100, { venue_fill_id: '9' })]);
  const okx =
    '\uFEFFUID:000,Account Type:Main,Time Zone:UTC+8\n' +
    '\uFEFFid,Order id,Time,Trade Type,Symbol,Action,Amount,Trading Unit,Filled Price,PnL,Fee,Fee Unit\n' +
    '9,8,2026-01-05 18:00:00,Swap,BTC-USDT-SWAP,Buy,1,BTC,100,0,-0.1,USDT\n';
  expect((await reconcile(data, fileOf(data, okx, 'okx.csv'))).out).toMatch(/OKX trades[\s\S]*Clean\./);
  expect((await reconcile(data, fileOf(data, gzipSync(okx), 'okx.csv.gz'))).out).toContain('Clean.');
  const lines = `${JSON.stringify(trade(0, 1, 100, { id: '9' }))}\n\n`;
  expect((await reconcile(data, fileOf(data, lines, 'fills.jsonl'))).out).toContain('Clean.');
  expect((await reconcile(data, fileOf(data, `${lines}${lines}`, 'twice.jsonl'))).out).toContain(
    '1 row stood in the file twice',
  );
  expect(
    (await reconcile(data, fileOf(data, { code: '0', data: [trade(0, 1, 100, { id: '9' })] }, 'answer.json'))).out,
  ).toContain('Clean.');
});

test('ids of 16 digits and more keep their last digit', async () => {
  const data = tempFolder();
  writeLake(data, [
    fill(0, 1, 100, { venue_fill_id: '12345678901234567891' }),
    fill(1, 1, 100, { venue_fill_id: '12345678901234567892' }),
  ]);
  const text = JSON.stringify([trade(0, 1, 100, { id: 'A' }), trade(1, 1, 100, { id: 'B' })])
    .replace('"A"', '12345678901234567891')
    .replace('"B"', '12345678901234567892');
  const { code, out } = await reconcile(data, fileOf(data, text));
  expect([code, out.includes('Clean.')]).toEqual([0, true]);
});

describe('files that cannot be believed', () => {
  const header = 'Date(UTC),Symbol,Side,Price,Quantity,Amount,Fee,Fee Coin\n';
  const line = (price: string): string => `2026-01-05 10:00:00,BTCUSDT,BUY,${price},1,100,0.1,USDT\n`;
  const long = 'x'.repeat(10 * 1024 * 1024);
  test.each<[string, string | Uint8Array, RegExp]>([
    ['broken JSON, without its content', '[{"id": "secret-account"}, oops', /not JSON: (?!.*secret-account)/],
    ['a broken line of JSON Lines', '{"id":1}\n{oops}\n', /row 2 is not JSON/],
    ['JSON of something else', '[1,2]', /row 1 is no object, but number/],
    ['binary', Buffer.from([0x50, 0x4b, 3, 4, 0xff, 0xfe, 0, 1]), /not text in UTF-8/],
    ['text with NUL', 'a\0b', /no text file/],
    ['nothing', ' \n', /is empty/],
    [
      'prose',
      'Dear customer,\nplease find attached',
      /row 2: the columns Dear customer, column_2 are those of no export|no export that is known/,
    ],
    ['a line of 10 MB', `${header}${line('100')}${long}\n`, /row 3 has \d+ characters/],
    ['JSON Lines with a line of 10 MB', `{"id":1}\n{"id":"${long}"}\n{`, /row 2 has \d+ characters/],
    [
      'thousands separators',
      `${header}${line('"1,234.5"')}`,
      /row 2: column Price: "1,234.5" has thousands separators/,
    ],
    ['thousands separators without quotes', `${header}${line('1,234.5')}`, /row 2 has 9 cells, the header 8/],
    ['a formula', `${header}${line('=HYPERLINK(1)')}`, /row 2: column Price: .* is a formula/],
    ['an open quote', `${header}2026-01-05 10:00:00,"BTC`, /row 2: a quote is not closed/],
    ['no header', line('100'), /row 1 holds numbers where the names of the columns should be/],
    ['a row cut short', `${header}2026-01-05 10:00:00,BTCUSDT,BUY\n`, /row 2: column Price is empty/],
    [
      'columns that are missing',
      'Date(UTC),Symbol,Side\n2026-01-05 10:00:00,BTCUSDT,BUY\n',
      /columns Date\(UTC\), Symbol, Side are those of no export/,
    ],
  ])('%s', async (_what, content, message) => {
    const data = tempFolder();
    const { code, err, out } = await reconcile(data, fileOf(data, content, 'hostile.csv'));
    expect(err).toMatch(message);
    expect(err).toContain('[VENUE_FILE_INVALID]');
    expect([code, out]).toEqual([2, '']);
    expect(existsSync(join(data, 'lake'))).toBe(false);
  });

  test('names of a file and its cells cannot move a terminal, nor run in a spreadsheet', async () => {
    const data = tempFolder();
    writeLake(data, [fill(0, 1, 100)]);
    const file = fileOf(data, [trade(0, 1, 100), trade(5, 1, 100, { id: '=cmd|\u001b[2J' })]);
    expect((await reconcile(data, file)).out).not.toContain('\u001b');
    expect((await reconcile(data, file, '--format', 'csv')).out).toContain("'=cmd|");
  });
});

test('a file without rows needs its days said; then all that we hold of them is unexpected', async () => {
  const data = tempFolder();
  writeLake(data, [fill(0, 1, 100)]);
  const file = fileOf(data, 'Date(UTC),Symbol,Side,Price,Quantity,Amount,Fee,Fee Coin\n', 'none.csv');
  expect((await reconcile(data, file)).err).toContain('--from and --to');
  expect((await json(data, file, '--from', '2026-01-05', '--to', '2026-01-05')).counts).toEqual({
    unexpected: { open: 1, within_tolerance: 0, adopted: 0 },
  });
});

describe('adopt', () => {
  const missing = [
    trade(0, 1, 100),
    trade(10, -0.5, 110),
    trade(20, -0.5, 111),
    trade(30, 2, 90, { symbol: 'BTC-USDT' }),
  ];

  test('a missing fill becomes an event with its provenance, the ledger holds it, and the next comparison is clean', async () => {
    const data = tempFolder();
    writeLake(data, [fill(0, 1, 100), fill(10, -0.5, 110)]);
    const file = fileOf(data, missing);
    const dry = await reconcile(data, file, '--adopt', '--dry-run');
    expect([dry.code, dry.out.includes('2 events would be adopted')]).toEqual([1, true]);
    const lake = await openTestLake(data);
    expect(await lake.cell('select count(*) from execution')).toBe(2);
    expect((await json(data, file, '--adopt')).counts).toEqual({
      missing: { open: 0, within_tolerance: 0, adopted: 2 },
    });
    const events = await lake.rows(`select * from execution where source = 'adopt' order by ts`);
    expect(events[0]).toMatchObject({
      ts: '2026-01-05T10:00:20.000000Z',
      strategy_id: 's',
      venue: 'binance',
      account_id: 'main',
      symbol: 'BTCUSDT',
      mode: 'live',
      side: 'sell',
      qty: 0.5,
      price: 111,
      fee: 0.1,
      fee_usd: 0.1,
      venue_fill_id: 'f20',
      session_id: null,
    });
    const { provenance } = JSON.parse(String(events[0]?.extra));
    expect(provenance).toMatchObject({
      by: 'reconcile',
      file: 'trades.json',
      row: 3,
      venue_symbol: 'BTC/USDT',
      adopted_at: expect.stringMatching(/^20/),
    });
    expect(await lake.rows('select status, fill_count, position_qty from trade_lifecycle order by entry_ts')).toEqual([
      { status: 'closed', fill_count: 3, position_qty: 0 },
      { status: 'open', fill_count: 1, position_qty: 2 },
    ]);
    expect((await reconcile(data, file)).code).toBe(0);
    expect((await fold(data)).code).toBe(0);
  });

  test('adopting twice changes nothing', async () => {
    const data = tempFolder();
    writeLake(data, [fill(0, 1, 100), fill(10, -0.5, 110)]);
    const file = fileOf(data, missing);
    await reconcile(data, file, '--adopt');
    const before = objectsIn(data);
    expect((await reconcile(data, file, '--adopt')).out).toContain('0 events adopted');
    expect(objectsIn(data)).toEqual(before);
  });

  test('what a run that died wrote and did not fold, the next folds', async () => {
    const data = tempFolder();
    writeLake(data, [fill(0, 1, 100), fill(10, -0.5, 110)]);
    const file = fileOf(data, missing);
    await reconcile(data, file, '--adopt');
    for (const folder of ['derived', 'state']) rmSync(join(data, 'lake', folder), { recursive: true, force: true });
    expect((await reconcile(data, file, '--adopt')).out).toContain('0 events adopted');
    const lake = await openTestLake(data);
    expect(await lake.cell('select sum(position_qty) from trade_lifecycle')).toBe(2);
  });

  test('two adoptions at once, or one after a crash, write duplicates: the view and the ledger count them once', async () => {
    const data = tempFolder();
    writeLake(data, [fill(0, 1, 100), fill(10, -0.5, 110)]);
    const file = fileOf(data, missing);
    await reconcile(data, file, '--adopt');
    const lake = await openTestLake(data);
    const ids = await lake.rows(
      `select event_id, session_id, strategy_id, "date" from execution where source = 'adopt' order by all`,
    );
    const other = tempFolder();
    writeLake(other, [fill(0, 1, 100), fill(10, -0.5, 110)]);
    await reconcile(other, fileOf(other, [...missing].reverse(), 'another-name.json'), '--adopt');
    const again = await openTestLake(other);
    expect(
      await again.rows(
        `select event_id, session_id, strategy_id, "date" from execution where source = 'adopt' order by all`,
      ),
    ).toEqual(ids);
  });

  test('fills without an id that are alike in all are each adopted once', async () => {
    const data = tempFolder();
    writeLake(data, [fill(0, 1, 100)]);
    const file = fileOf(data, [trade(0, 1, 100), trade(60, 1, 100, { id: null }), trade(60, 1, 100, { id: null })]);
    await reconcile(data, file, '--adopt');
    expect((await reconcile(data, file, '--adopt')).out).toContain('0 events adopted');
    const lake = await openTestLake(data);
    expect(await lake.cell('select sum(position_qty) from trade_lifecycle')).toBe(3);
  });

  test('missing funding becomes a cash flow', async () => {
    const data = tempFolder();
    writeLake(data, [fill(0, 1, 100)]);
    const row = { id: 'p1', timestamp: START_MS + 3_600_000, symbol: 'BTC/USDT:USDT', code: 'USDT', amount: -0.25 };
    const file = fileOf(data, [row], 'funding.json');
    expect((await reconcile(data, file)).code).toBe(1);
    expect((await reconcile(data, file, '--adopt')).code).toBe(0);
    expect((await reconcile(data, file)).code).toBe(0);
    const lake = await openTestLake(data);
    expect(await lake.rows('select funding_usd from trade_lifecycle')).toEqual([{ funding_usd: -0.25 }]);
  });

  test('a fill belongs to the strategy of its order; where nothing says whose it is, nothing is written', async () => {
    const data = tempFolder();
    writeLake(data, [
      fill(0, 1, 100, { strategy_id: 'a' }),
      fill(1, 1, 100, { strategy_id: 'b' }),
      ledgerEvent('order', 19, {
        ...LIVE,
        strategy_id: 'b',
        venue_order_id: 'o-77',
        status: 'new',
        side: 'sell',
        qty: 0.5,
      }),
    ]);
    const rows = [trade(0, 1, 100), trade(1, 1, 100), { ...trade(20, -0.5, 111), order: 'o-77' }, trade(30, -0.5, 111)];
    const file = fileOf(data, rows);
    const { out, code } = await reconcile(data, file, '--adopt');
    expect(code).toBe(1);
    expect(out).toContain('f30 was not adopted: several strategies trade BTCUSDT: say whose it is with --strategy');
    const lake = await openTestLake(data);
    expect(await lake.rows(`select strategy_id, venue_fill_id from execution where source = 'adopt'`)).toEqual([
      { strategy_id: 'b', venue_fill_id: 'f20' },
    ]);
  });

  test('where positions end with their run, a fill belongs to the run that was on', async () => {
    const data = tempFolder();
    const paper = { mode: 'paper' };
    writeLake(data, [
      fill(0, 1, 100, { ...paper, session_id: 'r1' }),
      fill(600, 1, 100, { ...paper, session_id: 'r2' }),
    ]);
    const file = fileOf(data, [trade(0, 1, 100), trade(300, -1, 101), trade(600, 1, 100)]);
    await reconcile(data, file, '--adopt', '--mode', 'paper');
    const lake = await openTestLake(data);
    expect(await lake.rows('select session_id, status, position_qty from trade_lifecycle order by entry_ts')).toEqual([
      { session_id: 'r1', status: 'closed', position_qty: 0 },
      { session_id: 'r2', status: expect.any(String), position_qty: 1 },
    ]);
  });
});

test('positions and balances are compared as of their time, though more was traded since', async () => {
  const data = tempFolder();
  writeLake(data, [fill(0, 1, 100), fill(600, 0.5, 101), ledgerEvent('equity_curve', 1, { ...LIVE, cash: 900 })]);
  await nightdesk('rebuild', '--data', data);
  const timestamp = START_MS + 60_000;
  const held = (contracts: number): unknown => [
    { symbol: 'BTC/USDT:USDT', contracts, contractSize: 1, side: 'long', timestamp },
  ];
  expect((await reconcile(data, fileOf(data, held(1)))).out).toMatch(/1 position compared\nClean/);
  const wrong = await json(data, fileOf(data, held(1.5)));
  expect(wrong.breaks).toEqual([
    expect.objectContaining({ kind: 'position', ours: '1', theirs: '1.5', state: 'open' }),
  ]);
  const balance = (USDT: number): unknown => ({ info: {}, timestamp, free: {}, total: { USDT, BTC: 1 } });
  expect((await reconcile(data, fileOf(data, balance(900.004)))).code).toBe(0);
  expect((await json(data, fileOf(data, balance(890)))).breaks).toEqual([
    expect.objectContaining({
      kind: 'balance',
      subject: 'USD',
      ours: '900',
      theirs: '890',
      difference: 10,
      state: 'open',
    }),
  ]);
});

test('positions of a past day replace what was said of them, on whatever day they are compared again', async () => {
  const data = tempFolder();
  writeLake(data, [fill(0, 1, 100)]);
  await nightdesk('rebuild', '--data', data);
  const held = (contracts: number): unknown => [
    { symbol: 'BTC/USDT', contracts, contractSize: 1, side: 'long', timestamp: START_MS + 60_000 },
  ];
  expect((await reconcile(data, fileOf(data, held(1.5)))).out).toContain('from 2026-01-05T00:00:00Z');
  expect((await reconcile(data, fileOf(data, held(1)))).code).toBe(0);
  const lake = await openTestLake(data);
  expect(await lake.rows('select entry, is_clean from reconciliation')).toEqual([{ entry: 'summary', is_clean: true }]);
});

test('a fill that the bot reports after it was adopted is repeated, and counts once', async () => {
  const data = tempFolder();
  writeLake(data, [fill(0, 1, 100)]);
  const file = fileOf(data, [trade(0, 1, 100), trade(20, -0.5, 111)]);
  await reconcile(data, file, '--adopt');
  writeLake(data, [fill(20, -0.5, 111)]);
  await nightdesk('rebuild', '--data', data);
  const { code, counts } = await json(data, file);
  expect([code, counts]).toMatchObject([0, { missing: { adopted: 1 }, repeated: { within_tolerance: 1 } }]);
  const lake = await openTestLake(data);
  expect(await lake.cell('select sum(position_qty) from trade_lifecycle')).toBe(0.5);
});

describe('what SQL shows', () => {
  const shown = `select entry, kind, state, subject, strategy_id, is_clean, open_breaks, compared, venue_file from reconciliation where against = 'venue' order by entry, subject`;

  test('breaks and their sum are rows; what is not so any more is withdrawn', async () => {
    const data = tempFolder();
    writeLake(data, [fill(0, 1, 100), fill(10, -0.5, 110)]);
    const short = fileOf(data, [trade(0, 1, 100.5)]);
    await reconcile(data, short);
    const lake = await openTestLake(data);
    expect(await lake.rows(shown)).toEqual([
      {
        entry: 'break',
        kind: 'price',
        state: 'open',
        subject: 'f0',
        strategy_id: 's',
        is_clean: null,
        open_breaks: null,
        compared: null,
        venue_file: 'trades.json',
      },
      {
        entry: 'break',
        kind: 'unexpected',
        state: 'open',
        subject: 'f10',
        strategy_id: 's',
        is_clean: null,
        open_breaks: null,
        compared: null,
        venue_file: 'trades.json',
      },
      {
        entry: 'summary',
        kind: null,
        state: null,
        subject: null,
        strategy_id: null,
        is_clean: false,
        open_breaks: 2,
        compared: 2,
        venue_file: 'trades.json',
      },
    ]);
    const before = objectsIn(data);
    await reconcile(data, short);
    expect(objectsIn(data)).toEqual(before);
    const whole = fileOf(data, [trade(0, 1, 100), trade(10, -0.5, 110)]);
    await reconcile(data, whole);
    expect(await lake.rows(shown)).toEqual([
      expect.objectContaining({ entry: 'summary', is_clean: true, open_breaks: 0, compared: 2 }),
    ]);
    await reconcile(data, fileOf(data, [trade(0, 1, 100.5)]));
    expect(await lake.rows(shown)).toHaveLength(3);
  });

  test('a file about funding leaves the breaks of fills as they are', async () => {
    const data = tempFolder();
    writeLake(data, [fill(0, 1, 100)]);
    await reconcile(data, fileOf(data, [trade(0, 1, 101)]));
    await reconcile(
      data,
      fileOf(data, [{ id: 'p1', timestamp: START_MS, symbol: 'BTC/USDT', code: 'USDT', amount: 1 }], 'funding.json'),
    );
    const lake = await openTestLake(data);
    expect(await lake.rows(`select kind from reconciliation where entry = 'break' order by kind`)).toEqual([
      { kind: 'funding' },
      { kind: 'price' },
    ]);
  });

  test('a dry run publishes nothing', async () => {
    const data = tempFolder();
    writeLake(data, [fill(0, 1, 100)]);
    await reconcile(data, fileOf(data, [trade(0, 1, 101)]), '--dry-run');
    const lake = await openTestLake(data);
    expect(await lake.cell('select count(*) from reconciliation')).toBe(0);
  });
});

const objectsIn = (data: string): string[] =>
  readdirSync(join(data, 'lake'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('.unfinished'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
