import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { sha256 } from '../../lib/adapters/local/sha256.ts';
import { MAX_RECORD_BYTES } from '../../lib/core/limits.ts';
import { createTransform } from '../../lib/core/transform/transform.ts';
import type { SendSummary } from '../../lib/desk/logs/send-summary.ts';
import { needsSamples, SAMPLES, samplesPresent } from '../support/samples.ts';
import { tempFolder } from '../support/temp.ts';
import { facts, nightdesk, query } from './import/cli.ts';
import { member, overwrite } from './logs/gzip-fixtures.ts';
import { rawLines, standIn } from './logs/stand-in.ts';
import { startDesk } from './support/desk.ts';

/** A desk with the real transform, a folder for logs, and what every send to it says. */
async function scene(): Promise<{ data: string; logs: string; send: (...args: string[]) => Promise<SendSummary> }> {
  const folder = tempFolder();
  const data = join(folder, 'data');
  const logs = join(folder, 'bot');
  mkdirSync(logs);
  const desk = await startDesk({ dataDir: data, transform: createTransform({}, { sha256 }) });
  const send = async (...args: string[]): Promise<SendSummary> =>
    (await facts('send', ...args, '--endpoint', desk.url, '--data', data, '--wait', '20')) as SendSummary;
  return { data, logs, send };
}

const EVENT = {
  ts: 1763709300000,
  symbol: 'BTCUSDT',
  metrics: { recent_bars: 1, funding_stale: false },
  ts_ist: '2025-11-21T12:47:11.455588+05:30',
};
const health = (equity: number): string => JSON.stringify({ ...EVENT, metrics: { ...EVENT.metrics, equity } });

const STREAMS = {
  signals: 675,
  calibration: 1350,
  repro: 162,
  costs: 96,
  feature_log: 675,
  execution: 55,
  ensemble: 505,
  overlay_status: 82,
  kpi_scorecard: 162,
  cohort_fill: 335,
  order: 7,
  gate: 1,
};

test.skipIf(!samplesPresent)(
  needsSamples('the real logs of both bots arrive line by line, and sending them again changes no view'),
  { timeout: 90_000 },
  async () => {
    const { data, send } = await scene();
    const counts = (): Promise<Record<string, unknown>[]> =>
      query(
        data,
        'select stream, count(*) as n, min(ts_ms) as first, max(ts_ms) as last from events group by stream order by stream',
      );

    const summary = await send(SAMPLES);
    const once = await counts();
    await send(SAMPLES);
    await send(join(SAMPLES, 'peak_trade')); // a folder inside is the same source

    expect(summary).toMatchObject({
      result: 'complete',
      lines: 6674,
      blank: 0,
      accepted: 6674,
      refused: 0,
      empty_files: 1,
      copies: [],
      damaged: [],
    });
    expect(summary.sheets).toHaveLength(1);
    const { stored, quarantined, by_stream: byStream } = summary.expected;
    expect(stored + quarantined).toBe(6674);
    expect(byStream).toMatchObject(STREAMS);
    expect(Object.fromEntries(once.map(({ stream, n }) => [stream, n]))).toEqual(byStream);
    expect(await counts()).toEqual(once);
    // 468 of the 675 are byte-identical to another one, and all are real.
    const intents =
      "select count(*) as n, count(distinct seq) as lines from order_intent where source_path like '%order_intent.jsonl'";
    expect(await query(data, intents)).toEqual([{ n: 675, lines: 675 }]);
    const logs = "select distinct source_path from execution where source_path like '%execution_log%' limit 1";
    expect(String((await query(data, logs))[0]?.source_path)).toMatch(
      /^metastacker\/5m\/logs\/5m\/execution_log\/.*\.jsonl$/,
    );
  },
);

test('every line is blank, accepted or refused, and the forecast is what the desk makes of them', async () => {
  const { data, logs, send } = await scene();
  const content = Buffer.concat([
    Buffer.from(`\ufeff${health(1)}\r\n\n  \n${health(2)}\nnot json\n[1]\n{"no":"shape"}\n`),
    Buffer.from([0x7b, 0xff, 0x7d, 0x0a]),
    Buffer.from(`{"x":"${'y'.repeat(MAX_RECORD_BYTES)}"}\n${health(3)}`),
  ]);
  writeFileSync(join(logs, 'health.jsonl'), content);
  writeFileSync(join(logs, 'sheet.csv'), 'a,b\n');

  const summary = await send(logs, '--strategy', 's-1', '--mode', 'paper');

  expect(summary).toMatchObject({
    result: 'partial',
    lines: 10,
    blank: 2,
    accepted: 7,
    refused: 1,
    refused_by: { too_large: 1 },
    expected: {
      stored: 3,
      quarantined: 4,
      by_reason: { invalid_json: 1, not_an_object: 1, unknown_shape: 1, invalid_utf8: 1 },
    },
  });
  expect(summary.refused_lines[0]).toContain('health.jsonl:9');
  expect(await query(data, 'select strategy_id, mode, seq from health order by seq')).toEqual(
    [1, 4, 10].map((seq) => ({ strategy_id: 's-1', mode: 'paper', seq })),
  );
  expect(await query(data, 'select reason, seq from quarantine order by seq')).toEqual([
    { reason: 'invalid_json', seq: 5 },
    { reason: 'not_an_object', seq: 6 },
    { reason: 'unknown_shape', seq: 7 },
    { reason: 'invalid_utf8', seq: 8 },
  ]);
});

test('a damaged gzip log gives everything that can be read, and the summary names what cannot', async () => {
  const { data, logs, send } = await scene();
  const [a, b, long, c] = [health(1), health(2), health(3.123456789), health(4)].map((line) => member(`${line}\n`));
  if (a === undefined || b === undefined || long === undefined || c === undefined) throw new Error('no member');
  writeFileSync(join(logs, 'health.jsonl.gz'), Buffer.concat([a, overwrite(long, b), c, c.subarray(0, 50)]));

  const summary = await send(logs);

  expect(summary).toMatchObject({ result: 'partial', lines: 3, accepted: 3, expected: { stored: 3 } });
  const from = a.length + b.length;
  expect(summary.damaged.map(({ from: start, to, what }) => [start, to, what])).toEqual([
    [from, a.length + long.length, 'stray'],
    [a.length + long.length + c.length, a.length + long.length + c.length + 50, 'truncated'],
  ]);
  expect(await query(data, 'select count(*) as n from health')).toEqual([{ n: 3 }]);
});

test('rotated and compressed forms of a log, sent one after another, are the same events', async () => {
  const { data, logs, send } = await scene();
  writeFileSync(join(logs, 'health.jsonl'), `${health(1)}\n${health(1)}\n`);
  await send(logs);
  writeFileSync(join(logs, 'health.jsonl_20251220_173045.gz'), gzipSync(`${health(1)}\n${health(1)}\n${health(2)}\n`));
  writeFileSync(join(logs, 'health.jsonl'), `${health(1)}\n${health(9)}\n`);
  await send(logs);
  expect(await query(data, 'select count(*) as n from health')).toEqual([{ n: 5 }]);
});

test('a log that no dialect knows reaches its stream through a map', async () => {
  const { data, logs, send } = await scene();
  const map = join(logs, 'nightdesk.map.json');
  const fields = { ts: { at: '/when', time: 'epoch_ms' }, side: '/dir', qty: '/amount', price: '/px' };
  writeFileSync(
    map,
    JSON.stringify({
      name: 'third-bot',
      format: 'logfmt',
      rules: [{ match: { '/type': 'trade' }, stream: 'execution', fields }],
    }),
  );
  writeFileSync(
    join(logs, 'trades.log'),
    'type=trade when=1763709300000 dir=buy amount=2 px=10.5\ntype=trade when=never dir=buy\n',
  );

  const summary = await send(logs, '--map', map, '--venue', 'somewhere');

  expect(summary).toMatchObject({
    lines: 2,
    accepted: 2,
    expected: { by_stream: { execution: 1 }, by_reason: { map_failed: 1 } },
  });
  expect(await query(data, 'select side, price, venue, dialect, seq from execution')).toEqual([
    { side: 'buy', price: 10.5, venue: 'somewhere', dialect: 'map:third-bot', seq: 1 },
  ]);
  expect(await query(data, "select raw from quarantine where reason = 'map_failed'")).toEqual([
    { raw: 'type=trade when=never dir=buy' },
  ]);
});

test('--dry-run sends nothing and leaves nothing behind', async () => {
  const desk = await standIn();
  const folder = tempFolder();
  writeFileSync(join(folder, 'health.jsonl'), `${health(1)}\n`);
  const summary = await facts('send', folder, '--dry-run', '--endpoint', desk.url, '--data', join(folder, '.data'));
  expect(summary).toMatchObject({ dry_run: true, lines: 1, expected: { stored: 1, by_stream: { health: 1 } } });
  expect(desk.calls).toEqual([]);
  expect(existsSync(join(folder, '.data'))).toBe(false);
});

test('what is refused to the end is listed, and the command fails', async () => {
  const desk = await standIn();
  desk.mood = () => ({ kind: 'refuse', every: 1 });
  const folder = tempFolder();
  writeFileSync(join(folder, 'health.jsonl'), `${health(1)}\n${health(2)}\n`);
  const args = ['send', folder, '--endpoint', desk.url, '--data', join(folder, '.data'), '--timeout', '1'];
  const { code, out, err } = await nightdesk(...args, '--json');
  expect(code).toBe(1);
  expect(err).toContain('[DELIVERY_FAILED]');
  expect(JSON.parse(out)).toMatchObject({
    result: 'failed',
    lines: 2,
    accepted: 0,
    refused: 2,
    refused_lines: [`${join(folder, 'health.jsonl')}:1-2`],
  });
  desk.mood = () => ({ kind: 'take' });
  expect((await nightdesk(...args)).code).toBe(0);
  expect(rawLines(desk.lines)).toEqual([health(1), health(2)]);
});

test('wrong use is named with its remedy before anything is sent', async () => {
  const folder = tempFolder();
  writeFileSync(join(folder, 'health.jsonl'), `${health(1)}\n`);
  const run = (...args: string[]) => nightdesk('send', ...args, '--data', join(folder, '.data'));
  expect(await run(join(folder, 'nowhere'))).toMatchObject({
    code: 2,
    err: expect.stringContaining('[PATH_NOT_FOUND]'),
  });
  expect(await run(folder, '--stream', 'signal')).toMatchObject({
    code: 2,
    err: expect.stringContaining('did you mean signals?'),
  });
  expect(await run(folder, '--endpoint', 'localhost')).toMatchObject({
    code: 2,
    err: expect.stringContaining('[CONFIG_INVALID]'),
  });
  expect(await run(folder, '--source', 'a\nb')).toMatchObject({ code: 2, err: expect.stringContaining('--source') });
  expect(await run(folder, '--wait', '--dry-run')).toMatchObject({ code: 2, err: expect.stringContaining('[USAGE]') });
  expect(await run(folder, '--timeout', '0')).toMatchObject({ code: 2, err: expect.stringContaining('--timeout') });
  expect(await run(folder, '--mode', 'papr')).toMatchObject({ code: 2, err: expect.stringContaining('paper') });
  const secret = await run(folder, '--endpoint', 'http://me:hunter2@127.0.0.1:9');
  expect(secret).toMatchObject({ code: 2, err: expect.not.stringContaining('hunter2') });
  const away = await run(folder, '--endpoint', 'http://127.0.0.1:9');
  expect(away).toMatchObject({ code: 1, err: expect.stringContaining('nightdesk up') });
});

test('--wait says what never became queryable', async () => {
  const desk = await standIn();
  const folder = tempFolder();
  writeFileSync(join(folder, 'health.jsonl'), `${health(1)}\n`);
  const { code, err } = await nightdesk(
    'send',
    folder,
    '--endpoint',
    desk.url,
    '--data',
    join(folder, '.data'),
    '--wait',
    '1',
  );
  expect(code).toBe(1);
  expect(err).toContain('1 of the events cannot be queried');
});

test('a map for whole sheets is refused by what sends line by line, before anything is read', async () => {
  const folder = tempFolder();
  const map = join(folder, 'csv.map.json');
  writeFileSync(map, '{"name":"sheet","format":"csv","rules":[]}');
  for (const command of ['send', 'watch'])
    expect(await nightdesk(command, folder, '--map', map, '--data', join(folder, '.data'))).toMatchObject({
      code: 2,
      err: expect.stringContaining('nightdesk import'),
    });
  expect(existsSync(join(folder, '.data'))).toBe(false);
});

test('the name of a file cannot move the terminal’s cursor, nor turn its text around', async () => {
  const desk = await standIn();
  const folder = tempFolder();
  writeFileSync(
    join(folder, 'a\u001b[2J\u202e.jsonl.gz'),
    Buffer.concat([gzipSync(`${health(1)}\n`), Buffer.from('junk')]),
  );
  const args = [folder, '--data', join(folder, '.data')];
  const sent = await nightdesk('send', ...args, '--endpoint', desk.url);
  const watched = await nightdesk('watch', ...args, '--endpoint', desk.url, '--once');
  const imported = await nightdesk('import', ...args);
  for (const { out, err } of [sent, watched, imported]) {
    expect(out + err).toContain('damaged');
    for (const hostile of ['\u001b', '\u202e']) expect(out + err).not.toContain(hostile);
  }
});
