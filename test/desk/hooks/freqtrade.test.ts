import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { createTransform } from '../../../lib/core/transform/transform.ts';
import { openTestLake } from '../../support/open-lake.ts';
import { tempFolder } from '../../support/temp.ts';
import { startDesk } from '../support/desk.ts';
import { startDeskProcess } from '../support/process.ts';

/** What fetch takes as a body. */
type Body = string | Uint8Array<ArrayBuffer>;
type Block = Readonly<Record<string, string>>;

/** The block of the documentation, as a user pastes it. */
const WEBHOOK = (
  JSON.parse(/```json\n([\s\S]*?)```/.exec(readFileSync('docs/python.md', 'utf8'))?.[1] ?? '{}') as {
    webhook: Record<string, unknown>;
  }
).webhook;

const TRADE =
  'trade_id exchange pair direction leverage amount open_date order_type enter_tag sub_trade stake_currency base_currency fiat_currency limit';
const ENTRY = `${TRADE} open_rate current_rate stake_amount`;
const EXIT = `${TRADE} gain open_rate close_rate order_rate current_rate profit_amount profit_ratio exit_reason close_date stake_amount`;
const LOCK = 'id pair base_currency lock_time lock_timestamp lock_end_time lock_end_timestamp reason side active';

/** What string.format finds per message, of freqtrade 2022.10 and newer (freqtrade/rpc/rpc_types.py). */
const AVAILABLE: Readonly<Record<string, string>> = {
  entry: ENTRY,
  entry_fill: ENTRY,
  entry_cancel: `${ENTRY} reason`,
  exit: `${EXIT} cumulative_profit`,
  exit_fill: `${EXIT} cumulative_profit`,
  exit_cancel: `${EXIT} reason`,
  status: 'status',
  startup: 'status',
  warning: 'status',
  exception: 'status',
  strategy_msg: 'msg',
  protection_trigger: LOCK,
  protection_trigger_global: LOCK,
};

const BLOCKS = Object.entries(WEBHOOK).filter((entry): entry is [string, Block] => typeof entry[1] === 'object');

/** The message that freqtrade would send. */
function message(type: string, values: Readonly<Record<string, unknown>>, over: Block = {}): Block {
  const [, block] = BLOCKS.find(([name]) => name === type) ?? [];
  if (block === undefined) throw new Error(`no block ${type}`);
  const filled = Object.entries(block).map(([key, template]) => [
    key,
    template.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(name in values ? values[name] : 'None')),
  ]);
  return { ...Object.fromEntries(filled), ...over };
}

const LONG = {
  trade_id: 7,
  exchange: 'Binance',
  pair: 'ETH/USDT',
  direction: 'Long',
  leverage: '1.0',
  amount: 2,
  open_rate: 100,
  open_date: '2026-01-02 03:04:05+00:00',
  order_type: 'limit',
  enter_tag: 'rsi',
  sub_trade: false,
  stake_amount: 200,
  stake_currency: 'USDT',
  base_currency: 'ETH',
};
const CLOSED = {
  ...LONG,
  close_rate: 110,
  close_date: '2026-01-02 04:00:00.5+00:00',
  exit_reason: 'roi',
  profit_amount: 19.58,
  cumulative_profit: 19.58,
};

const post = (url: string, body: Body, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}/v1/hooks/freqtrade`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });

const transform = createTransform({}, { sha256 });

/** Sends bodies to a desk, stops it and opens its lake. */
async function stored(bodies: readonly (readonly [Body, Record<string, string>?])[]) {
  const dataDir = tempFolder();
  const desk = await startDesk({ dataDir, transform });
  for (const [body, headers] of bodies) {
    const response = await post(desk.url, body, headers);
    expect([response.status, await response.json()]).toEqual([200, { accepted: 1 }]);
  }
  await desk.stop();
  return openTestLake(dataDir);
}

const jsonOf = (type: string, values: Readonly<Record<string, unknown>>, over: Block = {}): readonly [string] => [
  JSON.stringify(message(type, values, over)),
];

describe('the block of the documentation', () => {
  test('asks freqtrade for nothing that a message does not have: that would lose the message', () => {
    expect(BLOCKS.map(([name]) => name).sort()).toEqual(Object.keys(AVAILABLE).sort());
    for (const [name, block] of BLOCKS) {
      expect(block.type).toBe(name);
      for (const template of Object.values(block)) {
        expect(typeof template).toBe('string');
        for (const [, asked] of template.matchAll(/\{(\w+)\}/g))
          expect(AVAILABLE[name]?.split(' '), `${name} asks for ${asked}`).toContain(asked);
      }
    }
  });
});

describe('messages of freqtrade', () => {
  test('become orders and fills with the ids there are', async () => {
    const lake = await stored([
      jsonOf('entry', LONG),
      jsonOf('entry_fill', LONG),
      jsonOf('exit', { ...CLOSED, limit: 109 }),
      jsonOf('exit_fill', CLOSED),
      jsonOf('entry_cancel', { ...LONG, trade_id: 8, limit: 99, reason: 'timeout' }),
    ]);
    expect(
      await lake.rows(
        'select side, position_side, qty, price, order_type, result, fill_class, exit_reason, realized_pnl_usd, pnl_basis, position_id, group_id, strategy_id, session_id, mode, venue, symbol, reduce_only, signal_source, source from execution order by ts desc',
      ),
    ).toEqual([
      expect.objectContaining({
        side: 'buy',
        position_side: 'long',
        qty: 2,
        price: 100,
        order_type: 'limit',
        result: 'filled',
        fill_class: 'entry',
        position_id: '7',
        group_id: '7',
        strategy_id: 'my_bot',
        session_id: 'freqtrade',
        mode: 'paper',
        venue: 'binance',
        symbol: 'ETH/USDT',
        reduce_only: false,
        signal_source: 'rsi',
        source: 'freqtrade',
      }),
      expect.objectContaining({
        side: 'sell',
        price: 110,
        fill_class: 'exit',
        exit_reason: 'roi',
        realized_pnl_usd: 19.58,
        pnl_basis: 'net_of_all_costs',
        reduce_only: true,
      }),
    ]);
    expect(
      await lake.rows('select status, side, limit_px, reason, misfits from "order" order by seq, ts, limit_px'),
    ).toEqual(
      expect.arrayContaining([
        { status: 'submitted', side: 'buy', limit_px: 100, reason: null, misfits: null },
        { status: 'submitted', side: 'sell', limit_px: 109, reason: 'roi', misfits: null },
        { status: 'cancelled', side: 'buy', limit_px: 99, reason: 'timeout', misfits: null },
      ]),
    );
    expect(await lake.cell("select cast(ts as varchar) from execution where side = 'sell'")).toContain('2026-01-02');
    expect(
      await lake.cell(
        "select json_extract_scalar(extra, '$.freqtrade.stake_amount') from execution where side = 'buy'",
      ),
    ).toBe('200');
  });

  test('of shorts sell first, and buy to close', async () => {
    const short = { ...LONG, direction: 'Short' };
    const lake = await stored([jsonOf('entry_fill', short), jsonOf('exit_fill', { ...CLOSED, direction: 'Short' })]);
    expect(await lake.rows('select side, position_side from execution order by ts desc')).toEqual([
      { side: 'sell', position_side: 'short' },
      { side: 'buy', position_side: 'short' },
    ]);
  });

  test('that are repeated are one event, and those about another order of the trade are not', async () => {
    const more = { ...LONG, sub_trade: true, stake_amount: 400 };
    const lake = await stored([
      jsonOf('entry_fill', LONG),
      jsonOf('entry_fill', LONG),
      jsonOf('entry_fill', more),
      jsonOf('exit_fill', CLOSED),
      jsonOf('exit_fill', CLOSED),
      jsonOf('status', { status: 'running' }),
      jsonOf('status', { status: 'running' }),
    ]);
    expect(await lake.cell('select count(*) from execution')).toBe(3);
    expect(await lake.cell('select count(*) from system')).toBe(2);
  });

  test('about the bot itself become system, error and gate', async () => {
    const lake = await stored([
      jsonOf('status', { status: 'running' }),
      jsonOf('startup', { status: '*Exchange:* `binance`' }),
      jsonOf('warning', { status: 'delayed' }),
      jsonOf('exception', { status: 'OperationalException' }),
      jsonOf('strategy_msg', { msg: 'hello' }),
      jsonOf('protection_trigger', { pair: 'ETH/USDT', reason: 'StoplossGuard', lock_time: '2026-01-02 03:04:05' }),
      [JSON.stringify({ type: 'new_candle', data: 'x' })],
      [JSON.stringify({ value1: 'Buying ETH' })],
      ['Status: running', { 'content-type': 'text/plain' }],
    ]);
    expect(
      (await lake.rows('select event, level, message from system order by event, message')).map(Object.values),
    ).toEqual([
      ['freqtrade', 'info', 'Status: running'],
      ['freqtrade', 'info', null],
      ['freqtrade_new_candle', 'info', 'x'],
      ['startup', 'info', '*Exchange:* `binance`'],
      ['status', 'info', 'running'],
      ['strategy_msg', 'info', 'hello'],
      ['warning', 'warning', 'delayed'],
    ]);
    expect(await lake.rows('select message from error')).toEqual([{ message: 'OperationalException' }]);
    expect(await lake.rows('select name, passed, reason, symbol from gate')).toEqual([
      { name: 'protection', passed: false, reason: 'StoplossGuard', symbol: 'ETH/USDT' },
    ]);
    expect(
      await lake.cell(
        "select count(*) from system where json_extract_scalar(extra, '$.freqtrade.value1') = 'Buying ETH'",
      ),
    ).toBe(1);
  });

  test('may be forms, and of versions before 2022.4', async () => {
    const form = new URLSearchParams(message('entry_fill', LONG, { type: 'buy_fill' }));
    const lake = await stored([
      [form.toString(), { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }],
    ]);
    expect(await lake.rows('select side, qty, price from execution')).toEqual([{ side: 'buy', qty: 2, price: 100 }]);
  });

  test('that cannot be read are kept in quarantine', async () => {
    const lake = await stored([
      ['{"type":'],
      ['[1]'],
      ['null'],
      ['two\nlines'],
      [new Uint8Array([0x7b, 0xff, 0x7d])],
      [`${'['.repeat(200_000)}`],
      [`{"type":"status","status":${'['.repeat(5_000)}${']'.repeat(5_000)}}`],
      ['{"type":"entry_fill","__proto__":{"x":1},"trade_id":{"a":1},"constructor":"y","strategy":["z"]}'],
      [JSON.stringify({ type: 'status', status: 'x'.repeat(1_000_000) })],
    ]);
    const kept = await lake.rows('select reason, count(*) as n from quarantine group by 1 order by 1');
    const elsewhere = Number(
      await lake.cell('select (select count(*) from system) + (select count(*) from execution)'),
    );
    expect(kept.reduce((sum, { n }) => sum + Number(n), 0) + elsewhere).toBe(9);
    expect(kept.map(({ reason }) => reason)).toEqual(
      expect.arrayContaining(['invalid_json', 'invalid_utf8', 'not_an_object']),
    );
  });

  test('cannot claim what is ours to say', async () => {
    const lake = await stored([
      [
        JSON.stringify({
          type: 'status',
          stream: 'trade_lifecycle',
          event_id: 'x',
          ingested_at: '2001-01-01T00:00:00Z',
          ts: 1,
          extra: '{}',
        }),
      ],
    ]);
    expect(await lake.rows("select event_id, ingested_at > '2020' as now from system")).toEqual([
      { event_id: expect.not.stringMatching(/^x$/), now: true },
    ]);
  });
});

describe('the door of the hook', () => {
  const TOKENS = [{ name: 'bot-a', secret: 'correct-horse:battery' }];
  const basic = (text: string): Record<string, string> => ({
    authorization: `Basic ${Buffer.from(text).toString('base64')}`,
  });

  test('asks for a token where the desk has any, which a URL can carry', async () => {
    const desk = await startDesk({ auth: TOKENS, transform });
    const [body] = jsonOf('status', { status: 'running' });
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await post(desk.url, body, headers)).status;
    expect(await status({})).toBe(401);
    expect(await status(basic('freqtrade:wrong-horse:battery'))).toBe(401);
    expect(await status(basic('correct-horse:battery'))).toBe(401);
    expect(await status({ authorization: 'Basic !' })).toBe(401);
    expect(await status(basic('freqtrade:correct-horse:battery'))).toBe(200);
    expect(await status({ authorization: 'Bearer correct-horse:battery' })).toBe(200);
    expect(desk.stats().intake.calls).toBe(2);
  });

  test('has the guards and limits of the other doors', async () => {
    const desk = await startDesk({ transform });
    const [body] = jsonOf('status', { status: 'running' });
    expect((await post(desk.url, body, { origin: 'http://evil.example' })).status).toBe(403);
    expect((await post(desk.url, body, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await post(desk.url, body, { 'content-encoding': 'gzip' })).status).toBe(415);
    expect((await post(desk.url, 'x'.repeat(1_024_001))).status).toBe(413);
    expect(await (await post(desk.url, '')).json()).toEqual({ accepted: 0 });
    const get = await fetch(`${desk.url}/v1/hooks/freqtrade`);
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
    const full = await startDesk({ transform, minFreeBytes: Number.MAX_SAFE_INTEGER });
    expect((await post(full.url, body)).status).toBe(503);
  });
});

test('a trade of freqtrade, from its messages to a row of trade_lifecycle, also across a kill', {
  timeout: 60_000,
}, async () => {
  const data = tempFolder();
  const args = ['--data', data, '--buffer-ms', '60', '--lateness', '1s'];
  const first = await startDeskProcess(args);
  const now = (ms: number): string => new Date(Date.now() + ms).toISOString().replace('T', ' ').replace('Z', '+00:00');
  const open = { ...LONG, open_date: now(0) };
  for (const [body] of [jsonOf('entry', open), jsonOf('entry_fill', open)])
    expect((await post(first.url, body)).status).toBe(200);
  await first.end('SIGKILL');
  const desk = await startDeskProcess(args);
  const again = { ...open, sub_trade: true, amount: 1, open_rate: 94, stake_amount: 294 };
  await post(desk.url, jsonOf('entry_fill', again)[0]);
  await sleep(20);
  const part = {
    ...CLOSED,
    open_date: open.open_date,
    amount: 1,
    sub_trade: true,
    close_rate: 105,
    close_date: now(0),
    exit_reason: 'partial_exit',
  };
  await post(desk.url, jsonOf('exit_fill', part)[0]);
  await sleep(20);
  const last = { ...CLOSED, open_date: open.open_date, close_date: now(0), amount: 2 };
  await post(desk.url, jsonOf('exit_fill', last)[0]);
  await post(desk.url, jsonOf('exit_fill', last)[0]); // it got no answer
  const trade = async () => {
    const lake = await openTestLake(data);
    const rows = await lake.rows(
      'select status, direction, position_id, entry_px, entry_qty, exit_px, exit_qty, gross_pnl_usd, bot_realized_pnl_usd, exit_reason, provisional from trade_lifecycle',
    );
    return rows;
  };
  await expect
    .poll(trade, { timeout: 40_000, interval: 300 })
    .toEqual([expect.objectContaining({ status: 'closed', provisional: null })]);
  const [row] = await trade();
  expect(row).toMatchObject({ direction: 'long', position_id: '7', entry_qty: 3, exit_qty: 3 });
  expect(Number(row?.entry_px)).toBeCloseTo(98, 9);
  expect(Number(row?.gross_pnl_usd)).toBeCloseTo(1 * 105 + 2 * 110 - 3 * 98, 9);
  expect(Number(row?.bot_realized_pnl_usd)).toBeCloseTo(2 * 19.58, 9);
  expect(await desk.end('SIGTERM'), desk.said()).toBe(0);
  expect(await (await openTestLake(data)).cell('select count(*) from execution')).toBe(4);
});
