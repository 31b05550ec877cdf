import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LEDGER_DEFAULTS } from '../../lib/core/lifecycle/types.ts';
import { ledgerConfigOf, readSettings, transformOf } from '../../lib/desk/settings.ts';
import { tempFolder } from '../support/temp.ts';
import { position } from '../support/transform.ts';

const folderWith = (settings: unknown): string => {
  const folder = tempFolder();
  writeFileSync(join(folder, 'nightdesk.json'), typeof settings === 'string' ? settings : JSON.stringify(settings));
  return folder;
};

const stored = async (folder: string, event: object): Promise<Record<string, unknown>> => {
  const transform = await transformOf(folder);
  return JSON.parse(transform(JSON.stringify({ stream: 'signals', event_id: 'e', ...event }), position())?.json ?? '');
};

test('a folder without settings has the defaults', async () => {
  expect(await readSettings(tempFolder())).toMatchObject({ zone: 'UTC', redact: [], hash: [] });
  expect(await ledgerConfigOf(tempFolder())).toEqual(LEDGER_DEFAULTS);
});

test('naive times are read in the zone of the folder', async () => {
  const folder = folderWith({ zone: 'Asia/Kolkata' });

  const event = await stored(folder, { ts: '2025-12-03T12:00:00' });

  expect(event).toMatchObject({ ts: '2025-12-03T06:30:00.000000Z', ts_naive: true });
});

test('names of the settings are removed, or hashed with a salt that belongs to the folder', async () => {
  const settings = { redact: ['pin', 'model_source', 'alpha'], hash: ['account_id'] };
  const [one, other] = [folderWith(settings), folderWith(settings)];
  const event = { ts: '2025-12-03T11:00:00Z', account_id: 'acc-1', pin: '0000', model_source: 'mine', alpha: 0.5 };

  const first = await stored(one, event);

  expect(String(first.extra)).toContain('[redacted]');
  expect(first).toMatchObject({ model_source: '[redacted]', alpha: null });
  expect(first.account_id).toMatch(/^h:[0-9a-f]{16}$/);
  expect((await stored(one, event)).account_id).toBe(first.account_id);
  expect((await stored(other, event)).account_id).not.toBe(first.account_id);
  expect(readFileSync(join(one, 'salt.json'), 'utf8')).not.toContain('acc-1');
});

test.each([
  ['{', 'is not JSON'],
  [{ zone: 'Mars/Base' }, 'zone: is no time zone'],
  [{ hash: 'account_id' }, 'hash: '],
  [{ hashes: [] }, 'hashes'],
])('settings %j are refused by name', async (settings, message) => {
  await expect(readSettings(folderWith(settings))).rejects.toThrow(message);
});

test('a value that was hashed when it came in is not hashed again, so that an account stays one', async () => {
  const folder = folderWith({ hash: ['account_id'] });
  const { account_id } = await stored(folder, { account_id: 'acc-1' });

  expect((await stored(folder, { account_id })).account_id).toBe(account_id);
  expect((await stored(folder, { account_id: `${account_id}0` })).account_id).not.toBe(`${account_id}0`);
});

test('a data folder that is a file, and settings that are a folder, are told as what they are', async () => {
  const folder = folderWith({});
  await expect(readSettings(join(folder, 'nightdesk.json'))).rejects.toMatchObject({ code: 'PATH_NOT_FOUND' });

  mkdirSync(join(folder, 'other', 'nightdesk.json'), { recursive: true });
  await expect(readSettings(join(folder, 'other'))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

test.each([
  ['is no JSON', '{"account_id": "ACC-9", "pin": "1234", ', undefined],
  ['is not UTF-8', '{"account_id":"ACC-9","pin":"1234","x":"\ufffd"}', 'invalid_utf8' as const],
  ['lies in one record with lines of other partitions', 'account_id=ACC-9 pin=1234', 'deaggregation_limit' as const],
])('a line in quarantine that %s gives away no name of the settings', async (_what, line, refused) => {
  const transform = await transformOf(folderWith({ redact: ['pin'], hash: ['account_id'] }));

  const { raw } = JSON.parse(transform(line, position(), refused)?.json ?? '{}');

  expect(raw).toContain('account_id');
  expect(raw).not.toMatch(/ACC-9|1234/);
});

test('the ledger is kept as the settings say, durations as people write them', async () => {
  const folder = folderWith({
    ledger: {
      lateness: '1.5s',
      sessionTimeout: '36h',
      memory: '2w',
      stableCoins: ['usdt', 'EURC'],
      instruments: { 'BTC-PERP': { kind: 'inverse', base: 'BTC', settle: 'BTC', multiplier: 100, lot: null } },
      strategies: { grid: { tradeMethod: 'fifo', scope: 'account', initialEquityUsd: 10_000 }, other: {} },
    },
  });

  expect(await ledgerConfigOf(folder)).toEqual({
    latenessMs: 1500,
    sessionTimeoutMs: 36 * 3_600_000,
    memoryMs: 14 * 86_400_000,
    stableCoins: ['USDT', 'EURC'],
    instruments: { 'BTC-PERP': { kind: 'inverse', base: 'BTC', settle: 'BTC', multiplier: 100, lot: null } },
    strategies: { grid: { tradeMethod: 'fifo', scope: 'account', initialEquityUsd: 10_000 }, other: {} },
  });
});

test('a setting of the ledger that is not given keeps its default', async () => {
  expect(await ledgerConfigOf(folderWith({ ledger: { lateness: '60s' } }))).toEqual({
    ...LEDGER_DEFAULTS,
    latenessMs: 60_000,
  });
});

test.each([
  [{ lateness: '999ms' }, 'ledger.lateness: must be a duration from 1s to 1h, such as 90s, 12h or 7d, got "999ms"'],
  [{ lateness: '2h' }, 'ledger.lateness: must be a duration from 1s to 1h'],
  [{ lateness: '15' }, 'got "15"'],
  [{ lateness: 15 }, 'ledger.lateness: must be a duration from 1s to 1h, such as 90s, 12h or 7d, got 15'],
  [{ sessionTimeout: '1s' }, 'ledger.sessionTimeout: must be a duration from 1m to 365d'],
  [{ memory: '1h' }, 'ledger.memory: must be a duration from 1d to 3650d'],
  [{ stableCoins: 'USDT' }, 'ledger.stableCoins: '],
  [{ stableCoins: ['US DT'] }, 'ledger.stableCoins.0: must be the name of an asset, such as USDT, got "US DT"'],
  [
    { instruments: { X: { kind: 'option' } } },
    'ledger.instruments.X.kind: must be spot, linear or inverse, got "option"',
  ],
  [{ instruments: { X: { multiplier: 0 } } }, 'ledger.instruments.X.multiplier: must be a number above 0, got 0'],
  [{ instruments: { X: { lot: -1 } } }, 'ledger.instruments.X.lot: '],
  [{ instruments: { X: { size: 1 } } }, 'ledger.instruments.X: Unrecognized key: "size"'],
  [{ strategies: { s: { tradeMethod: 'lifo' } } }, 'must be flat_to_flat, fifo or position_id, got "lifo"'],
  [{ strategies: { s: { scope: 'bot' } } }, 'ledger.strategies.s.scope: must be account or session, got "bot"'],
  [{ strategies: { s: { initialEquityUsd: -1 } } }, 'initialEquityUsd: must be a number from 0, got -1'],
  [{ latness: '15s' }, 'ledger: Unrecognized key: "latness"'],
  [{ markets: '' }, 'ledger.markets: must be the path of a file'],
])('a ledger of %j is refused by key, value and range', async (ledger, message) => {
  const wrong = ledgerConfigOf(folderWith({ ledger }));

  await expect(wrong).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  await expect(wrong).rejects.toThrow(message);
});

test('symbols are what a ccxt file of markets says, and what the settings say of them counts before it', async () => {
  const folder = folderWith({
    ledger: { markets: 'markets.json', instruments: { 'BTC/USDT': { lot: 0.5 }, OWN: { kind: 'linear' } } },
  });
  const market = { base: 'BTC', quote: 'USDT', precision: { amount: 0.001 } };
  writeFileSync(
    join(folder, 'markets.json'),
    JSON.stringify({
      'BTC/USDT': { ...market, id: 'BTCUSDT', symbol: 'BTC/USDT', type: 'spot', spot: true },
      'BTC/USDT:USDT': {
        ...market,
        id: 'BTC-SWAP',
        symbol: 'BTC/USDT:USDT',
        type: 'swap',
        linear: true,
        settle: 'USDT',
        contractSize: 0.01,
      },
    }),
  );

  const { instruments } = await ledgerConfigOf(folder);

  expect(instruments).toMatchObject({
    'BTC/USDT': { kind: 'spot', base: 'BTC', quote: 'USDT', lot: 0.5 },
    BTCUSDT: { kind: 'spot', lot: 0.001 },
    'BTC/USDT:USDT': { kind: 'linear', settle: 'USDT', multiplier: 0.01 },
    OWN: { kind: 'linear' },
  });
});

test.each([
  ['is not there', undefined, 'cannot be read'],
  ['is no JSON', '{', 'is not JSON'],
  ['holds no markets', '{"a":1}', 'cannot be used'],
])('a file of markets that %s is refused by its path', async (_what, content, message) => {
  const folder = folderWith({ ledger: { markets: 'markets.json' } });
  if (content !== undefined) writeFileSync(join(folder, 'markets.json'), content);
  const wrong = ledgerConfigOf(folder);

  await expect(wrong).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  await expect(wrong).rejects.toThrow(new RegExp(`markets\\.json.* ${message}`));
});
