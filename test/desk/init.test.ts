import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { localTime } from '../../lib/adapters/local/time.ts';
import { compileMap } from '../../lib/core/dialects/map.ts';
import type { JsonObject } from '../../lib/core/transform/json.ts';
import { draftMap } from '../../lib/desk/import/draft.ts';
import { needsSamples, SAMPLES, samplesPresent } from '../support/samples.ts';
import { tempFolder } from '../support/temp.ts';
import { facts, nightdesk, query } from './import/cli.ts';

const INTENT =
  '{"asset":"BTCUSDT","bar_id_decision":1,"side":"HOLD","reason_codes":{"spread_guard":true},"ts_ist":"2025-11-21T12:45:00+05:30"}';
const FILL = (i: number): string =>
  JSON.stringify({
    kind: 'fill',
    at: 1763709300123 + i,
    o: { px: 85503.8 + i, q: '0.01', s: i % 2 === 0 ? 'B' : 'S' },
    fee: { amt: 0.1, ccy: 'USDT' },
    sym: 'BTC-PERP',
    mood: { a: 1 },
  });
const QUOTE = (i: number): string => JSON.stringify({ kind: 'quote', at: 1763709300123 + i, bid: 1, ask: 2 });

function folder(files: Readonly<Record<string, readonly string[]>>): { logs: string; map: string } {
  const root = tempFolder();
  mkdirSync(join(root, 'momo-bot'));
  for (const [name, lines] of Object.entries(files))
    writeFileSync(join(root, 'momo-bot', name), `${lines.join('\n')}\n`);
  return { logs: join(root, 'momo-bot'), map: join(root, 'map.json') };
}
const mapAt = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const draft = (...records: JsonObject[]) =>
  draftMap('x', {}, [{ path: 'bot.jsonl', format: 'json', records }]).map.rules;

test('logs of a known dialect need no more than the facts their lines do not carry', async () => {
  const { logs, map } = folder({ 'order_intent.jsonl': [INTENT] });

  const { code, out } = await nightdesk(
    'init',
    logs,
    '--output',
    map,
    '--strategy',
    'momo',
    '--mode',
    'paper',
    '--venue',
    'okx',
  );

  expect(code).toBe(0);
  expect(out).toMatch(/order_intent\.jsonl +1 +s1-bar +order_intent/);
  expect(out).toContain(`nightdesk watch ${logs} --map ${map}`);
  expect(mapAt(map)).toEqual({
    name: 'momo-bot',
    facts: { strategy_id: 'momo', mode: 'paper', venue: 'okx' },
    rules: [],
  });
});

test('the map it writes for unknown records brings them to SQL as it stands', async () => {
  const { logs, map } = folder({
    'bot-2025-11-21.jsonl': [FILL(0), QUOTE(0), FILL(1), QUOTE(1)],
    'bot-2025-11-22.jsonl': [FILL(2), QUOTE(2)],
  });
  const data = join(tempFolder(), 'data');

  const { out } = await nightdesk('init', logs, '--output', map, '--strategy', 'momo');
  await facts('validate', logs, '--map', map);
  await facts('import', logs, '--map', map, '--data', data);

  expect(out).toMatch(/bot-2025-11-21\.jsonl +4 +unknown +unknown_shape 4/);
  expect(mapAt(map).rules).toEqual([
    {
      match: { path: 'bot-*.jsonl', '/kind': 'fill' },
      stream: 'execution',
      fields: {
        ts: { at: '/at', time: 'epoch_ms' },
        side: { at: '/o/s', enum: { B: 'buy', S: 'sell' } },
        symbol: '/sym',
        price: '/o/px',
        qty: '/o/q',
        fee: '/fee/amt',
        fee_asset: '/fee/ccy',
      },
      unmapped: ['/mood/a'],
    },
    {
      match: { path: 'bot-*.jsonl', '/kind': 'quote' },
      stream: 'market',
      fields: { ts: { at: '/at', time: 'epoch_ms' }, bid: '/bid', ask: '/ask' },
      unmapped: [],
    },
  ]);
  expect(await query(data, 'select ts, side, price, strategy_id from execution order by ts')).toMatchObject([
    { ts: '2025-11-21T07:15:00.123000Z', side: 'buy', price: 85503.8, strategy_id: 'momo' },
    { side: 'sell' },
    { side: 'buy' },
  ]);
  expect(await query(data, 'select count(*) as n from market')).toEqual([{ n: 3 }]);
});

test('text logs and unknown sheets get rules too, and times without a zone a remark', async () => {
  const text = folder({
    'run.log': [
      'time="2025-11-21 12:45:00" lvl=info equity=9994.5 uptime=3',
      'time="2025-11-21 12:45:01" lvl=info equity=9994.5 uptime=3',
    ],
  });
  const sheet = folder({
    'trades.csv': [
      'when,pair,buysell,size,price',
      '2025/11/21 12:45:00,BTC-USD,BUY,0.1,85000',
      '2025/11/21 12:45:01,BTC-USD,SELL,0.1,85000',
    ],
  });

  const { out } = await nightdesk('init', text.logs, '--output', text.map);
  await nightdesk('init', sheet.logs, '--output', sheet.map);

  expect(out).toContain('Some times say no zone');
  expect(mapAt(text.map)).toMatchObject({
    format: 'logfmt',
    rules: [
      {
        stream: 'equity_curve',
        fields: { ts: { at: '/time', time: 'iso' }, equity: '/equity' },
        unmapped: ['/lvl', '/uptime'],
      },
    ],
  });
  expect(mapAt(sheet.map)).toMatchObject({
    rules: [
      {
        match: { path: 'trades.csv' },
        stream: 'execution',
        fields: {
          ts: { at: '/when', time: 'yyyy/MM/dd HH:mm:ss' },
          symbol: '/pair',
          side: '/buysell',
          qty: '/size',
          price: '/price',
        },
        unmapped: [],
      },
    ],
  });
  for (const { logs, map } of [text, sheet])
    expect(await facts('validate', logs, '--map', map)).toMatchObject({ good: 2, bad: 0 });
});

test('a map that is there is never overwritten without --force', async () => {
  const { logs, map } = folder({ 'order_intent.jsonl': [INTENT] });
  writeFileSync(map, 'mine');

  const refused = await nightdesk('init', logs, '--output', map);
  expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('is there already: --force replaces it') });
  expect(readFileSync(map, 'utf8')).toBe('mine');

  const forced = await nightdesk('init', logs, '--output', map, '--force');
  expect(forced.code).toBe(0);
  expect(mapAt(map)).toMatchObject({ name: 'momo-bot' });
});

test('a wrong mode is told before anything is read', async () => {
  const { code, err } = await nightdesk('init', 'no-such-folder', '--mode', 'papper');

  expect(code).toBe(2);
  expect(err).toContain('--mode must be one of live');
});

describe('a guess', () => {
  test('that fits two readings is none', () => {
    expect(draft({ date: '03/04/2025 10:00:00', price: 1, qty: 1 })[0]).toMatchObject({
      fields: { price: '/price' },
      unmapped: ['/date'],
    });
    expect(draft({ date: '23/04/2025 10:00:00' })[0]).toMatchObject({
      fields: { ts: { at: '/date', time: 'dd/MM/yyyy HH:mm:ss' } },
    });
    expect(draft({ side: 1, price: 1, qty: 1 })[0]?.fields).not.toHaveProperty('side');
    expect(draft({ side: 1, px: 1, qty: 1 }, { side: -1, px: 1, qty: 1 })[0]?.fields).toMatchObject({
      side: { at: '/side', enum: { '1': 'buy', '-1': 'sell' } },
    });
  });

  test('counts only where the values fit the field', () => {
    expect(draft({ price: 'n/a', qty: 2, mode: 'demo', time: 'soon' })[0]).toMatchObject({
      fields: { qty: '/qty' },
      unmapped: ['/price', '/mode', '/time'],
    });
  });

  test('is valid as a map, whatever the records hold', () => {
    const key = fc.constantFrom(
      'ts',
      'time',
      'price',
      'side',
      'type',
      'kind',
      'a/b',
      '~',
      '__proto__',
      'fee',
      'o',
      'extra',
      'event_id',
      'qty',
      '',
    );
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom<unknown>(1, -1, 1763709300123, '2025-11-21T07:15:00Z', 'B', 'fill', null, true, '1e5'),
        fc.array(tie('any'), { maxLength: 2 }),
        fc.dictionary(key, tie('any'), { maxKeys: 3 }),
      ),
    })).any;
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(key, value, { maxKeys: 6 }), { minLength: 1, maxLength: 6 }),
        fc.string(),
        (records, path) => {
          const { map } = draftMap('x', {}, [{ path, format: 'json', records: records as JsonObject[] }]);

          const compiled = compileMap(JSON.parse(JSON.stringify(map)), localTime);

          for (const record of records) compiled.map(JSON.stringify(record), { path });
        },
      ),
      { numRuns: 500 },
    );
  });
});

test.skipIf(!samplesPresent)(needsSamples('every real log is recognised'), async () => {
  const { map } = folder({});

  const report = await facts('init', SAMPLES, '--output', map);

  expect(
    (report.files as { dialects: object; sampled: number }[]).filter(
      ({ dialects, sampled }) => sampled > 0 && Object.keys(dialects).length === 0,
    ),
  ).toEqual([]);
  expect(mapAt(map).rules).toEqual([]);
});

test('lines of text are dated by their first words, and told apart by a nested kind or one of their pairs', () => {
  const words = { path: 'x.log', format: 'logfmt' as const };
  const two = [{ _words: ['2025-11-21', '12:45:00', 'INFO'], evt: 'fill', px: '1' }];
  const one = [{ _words: ['2025-11-21T12:45:00Z', 'INFO'], px: '1' }];
  const rulesOf = (records: JsonObject[]) => draftMap('x', {}, [{ ...words, records }]).map.rules;

  expect(rulesOf(two)).toMatchObject([
    { match: { '/evt': 'fill' }, stream: 'execution', fields: { ts: { at: ['/_words/0', '/_words/1'], time: 'iso' } } },
  ]);
  expect(rulesOf(one)).toMatchObject([{ fields: { ts: { at: '/_words/0', time: 'iso' } } }]);
  expect(draft({ data: { kind: 'TRADE', body: { px: 1 } } })).toMatchObject([
    { match: { '/data/kind': 'TRADE' }, stream: 'execution' },
  ]);
});

test('a file that cannot be read is not called empty', async () => {
  const { logs, map } = folder({});
  writeFileSync(join(logs, 'x.jsonl'), Buffer.from(`\ufeff${INTENT}\n`, 'utf16le'));

  const { out } = await nightdesk('init', logs, '--output', map);

  expect(out).toMatch(/x\.jsonl +0 +not read +UTF-16/);
});
