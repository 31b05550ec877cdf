import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createFolderStore } from '../../lib/adapters/local/object-store.ts';
import { sha256 } from '../../lib/adapters/local/sha256.ts';
import type { ObjectStore } from '../../lib/core/ports/index.ts';
import { createTransform } from '../../lib/core/transform/transform.ts';
import { dataFolder } from '../../lib/desk/data-folder.ts';
import { planImport } from '../../lib/desk/import/plan.ts';
import { importFiles } from '../../lib/desk/import/run.ts';
import { planLogs } from '../../lib/desk/logs/plan.ts';
import { eachLine, readLogLines } from '../../lib/desk/logs/read.ts';
import { wireLines } from '../../lib/desk/logs/wire-lines.ts';
import { writeLines } from '../support/lake.ts';
import { needsSamples, SAMPLES, samplesPresent } from '../support/samples.ts';
import { tempFolder } from '../support/temp.ts';
import { facts, nightdesk, query } from './import/cli.ts';

const event = (over: Record<string, unknown> = {}): string =>
  JSON.stringify({ stream: 'system', schema_version: 1, ts: '2025-11-21T07:15:00Z', event: 'tick', ...over });

/** A folder of logs below a folder of its own, and a data folder beside it. */
function place(files: Readonly<Record<string, string | Uint8Array>>): { logs: string; data: string } {
  const root = tempFolder();
  const logs = join(root, 'bot');
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(logs, name, '..'), { recursive: true });
    writeFileSync(join(logs, name), content);
  }
  return { logs, data: join(root, 'data') };
}

/** Events per stream, quarantine included, and how many identities they have. */
const counts = async (data: string): Promise<Record<string, unknown>[]> =>
  query(
    data,
    `with all_events as (select stream, event_id from events union all select stream, event_id from quarantine)
     select stream, count(*) as n, count(distinct event_id) as ids from all_events group by stream order by stream`,
  );

describe('count in = count out', () => {
  test('every line is blank, stored, or in quarantine with its reason', async () => {
    const { logs, data } = place({
      'a.jsonl': Buffer.concat([
        Buffer.from(`\ufeff${event()}\r\n\r\n   \n${event()}\nno JSON\n[1]\n{"shape":"unknown"}\n`),
        Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d, 0x0a]),
        Buffer.from(
          `${event({ ts: '2999-01-01T00:00:00Z' })}\n${event({ stream: 'nope' })}\n{"big":"${'x'.repeat(1_100_000)}"}\n${event()}`,
        ),
      ]),
      'empty.jsonl': '',
      'sheet.csv': 'a,b\n1,"two\nlines"\n\n2,"open\n3,x\n',
    });

    const report = await facts('import', logs, '--data', data);

    expect(report).toMatchObject({
      files: 3,
      sheets: 1,
      empty_files: 1,
      lines: 17,
      blank: 3,
      headers: 1,
      stored: 3,
      quarantined: 10,
      by_stream: { system: 3 },
      by_reason: {
        invalid_json: 2,
        unknown_shape: 3,
        not_an_object: 1,
        invalid_utf8: 1,
        clock_skew: 1,
        unknown_stream: 1,
        too_large: 1,
      },
    });
    expect(await counts(data)).toEqual([
      { stream: 'quarantine', n: 10, ids: 10 },
      { stream: 'system', n: 3, ids: 3 },
    ]);
    const [large] = await query(
      data,
      "select source_path, seq, detail, length(raw) as kept from quarantine where reason = 'too_large'",
    );
    expect(large).toMatchObject({ source_path: 'a.jsonl', seq: 11, kept: 1024 });
  });

  test('a damaged gzip is read around the damage, and what was lost is said', async () => {
    const members = Array.from({ length: 20 }, (_, i) => gzipSync(`${event({ event: `tick-${i}` })}\n`));
    const stray = Buffer.from([1, 2, 3]);
    const { logs, data } = place({
      'a.jsonl.gz': Buffer.concat([...members.slice(0, 10), stray, ...members.slice(10)]),
    });

    const report = await facts('import', logs, '--data', data);

    const at = members.slice(0, 10).reduce((sum, member) => sum + member.length, 0);
    expect(report).toMatchObject({
      result: 'partial',
      lines: 20,
      stored: 20,
      damaged: [{ from: at, to: at + 3, what: 'stray' }],
    });
  });

  test.skipIf(!samplesPresent)(needsSamples('the real logs of two bots, sheets included'), async () => {
    const data = join(tempFolder(), 'data');

    const report = await facts('import', SAMPLES, '--data', data);

    expect(report).toMatchObject({
      result: 'complete',
      files: 68,
      sheets: 1,
      lines: 6723,
      headers: 1,
      stored: 6722,
      quarantined: 0,
    });
    expect(report.by_stream).toMatchObject({ signals: 675, calibration: 1350, order: 7, gate: 1, cohort_fill: 335 });
    const executions = await query(
      data,
      'select source_log, count(*) as n from execution group by source_log order by n, source_log',
    );
    expect(executions).toEqual([
      { source_log: 'execution_telemetry', n: 7 },
      { source_log: 'execution_log', n: 48 },
      { source_log: 'executions_paper', n: 48 },
    ]);
    const [sums] = await query(
      data,
      "select round(sum(fee_usd), 6) as fee, round(sum(impact_usd), 6) as impact from execution where source_log = 'executions_paper'",
    );
    expect(sums).toEqual({ fee: 23.756722, impact: 292.744673 });
    // The sheet names no run, and its runs are those of the bot's own log: the same sizes, one by one.
    const sizes = (log: string): Promise<unknown[]> =>
      query(
        data,
        `select min(bar_ts) as bar, count(*) as n, round(sum(qty), 6) as qty from execution where source_log = '${log}' group by session_id order by bar, n, qty`,
      );
    expect(await sizes('executions_paper')).toHaveLength(37);
    expect(await sizes('executions_paper')).toEqual(await sizes('execution_log'));
    expect(await query(data, 'select distinct mode from execution')).toContainEqual({ mode: null });
  });
});

test('a file that goes away meanwhile costs none of its neighbours', async () => {
  const { logs, data } = place({ 'a.jsonl': `${event()}\n`, 'b.jsonl': `${event()}\n` });
  const folder = dataFolder(data);
  const plan = await planImport([logs], { folder, save: true });
  rmSync(join(logs, 'a.jsonl'));

  const run = { transform: createTransform({}, { sha256 }), facts: {}, arrivedMs: Date.now() };
  const report = await importFiles(plan.files, { ...run, store: createFolderStore(folder.lake) });

  expect(report).toMatchObject({ stored: 1, partial: true, unread: [{ path: join(logs, 'a.jsonl') }] });
});

describe('identity', () => {
  const twins = `${event()}\n${event()}\n${event({ event: 'other' })}\n`;

  test('byte-identical lines are events of their own, and importing them again changes no view', async () => {
    const { logs, data } = place({ 'a.jsonl': twins, 'sub/a.jsonl': twins });
    await facts('import', logs, '--data', data);
    const before = await query(data, 'select * from events order by event_id');

    await facts('import', join(logs, 'sub'), '--data', data);
    await facts('import', join(logs, 'a.jsonl'), logs, '--data', data);

    const after = await query(data, 'select * from events order by event_id');
    expect(after.map(({ ingested_at: _, ...rest }) => rest)).toEqual(before.map(({ ingested_at: _, ...rest }) => rest));
    expect(before).toHaveLength(6);
  });

  test('what was sent before adds only duplicates', async () => {
    const { logs, data } = place({ 'logs/5m/signals/a.jsonl': `${twins}{"odd":1}\n` });
    const plan = await planLogs([logs], { folder: dataFolder(data), save: true });
    const transform = createTransform({}, { sha256 });
    for (const { file, place: at, log } of plan.logs) {
      const wire = wireLines({ ...at, file: log?.file ?? '' });
      const sent = [];
      for await (const line of eachLine(readLogLines(file.path)))
        sent.push(transform(wire(line), { recordId: 'firehose', index: 0, arrivedMs: Date.UTC(2026, 0) }));
      writeLines(
        data,
        sent.flatMap((verdict) => (verdict === undefined ? [] : [verdict])),
      );
    }

    const report = await facts('import', logs, '--data', data);

    expect(report).toMatchObject({ stored: 3, quarantined: 1 });
    expect(await counts(data)).toEqual([
      { stream: 'quarantine', n: 1, ids: 1 },
      { stream: 'system', n: 3, ids: 3 },
    ]);
  });

  test('a log that grew and was rotated and compressed adds only its new lines', async () => {
    const { logs, data } = place({ 'a.jsonl': twins });
    await facts('import', logs, '--data', data);
    const grown = `${twins}${event({ event: 'new' })}\n`;
    writeFileSync(join(logs, 'a.jsonl_20251122_000000.gz'), gzipSync(grown));
    writeFileSync(join(logs, 'a.jsonl'), `${event({ event: 'next file' })}\n`);

    await facts('import', logs, '--data', data);

    expect(await counts(data)).toEqual([{ stream: 'system', n: 5, ids: 5 }]);
  });

  test('runs of an execution sheet keep theirs while it grows, and its new rows go on with them', async () => {
    const row = (side: string, state: string): string => `1763683200000,${side},1,100,1,${state},0,0\n`;
    const header = 'ts,side,qty,fill_price,target_pos,paper_qty,paper_avg_px,realized_pnl,fee,impact\n';
    const { logs, data } = place({ 'executions_paper.csv': header + row('BUY', '1,100,0') + row('SELL', '-1,100,0') });
    await facts('import', logs, '--data', data);
    appendFileSync(join(logs, 'executions_paper.csv'), row('BUY', '2,100,0') + row('SELL', '-2,100,0'));

    await facts('import', logs, '--data', data);

    const [first, second, ...others] = await query(
      data,
      'select session_id, count(*) as n, max(position_qty) as most from execution group by 1 order by most desc',
    );
    expect([first, second]).toMatchObject([
      { n: 2, most: 2 },
      { n: 2, most: -1 },
    ]);
    expect(others).toEqual([]);
  });

  test('rows of a sheet keep theirs while it grows', async () => {
    const { logs, data } = place({
      'equity.csv': 'ts,last_price,paper_qty,realized,unrealized,equity\n1763683200000,1,1,0,0,100\n',
    });
    await facts('import', logs, '--data', data);
    appendFileSync(join(logs, 'equity.csv'), '1763683200000,1,1,0,0,100\n');

    await facts('import', logs, '--data', data);

    expect(await counts(data)).toEqual([{ stream: 'equity_curve', n: 2, ids: 2 }]);
  });

  test('two imports at once, and one that died half-way, leave the views as one import does', async () => {
    const lines = Array.from({ length: 300 }, (_, i) =>
      event({ ts: `2025-11-${String(1 + (i % 28)).padStart(2, '0')}T00:00:00Z`, message: `m${i}` }),
    );
    const { logs, data } = place({ 'a.jsonl': `${lines.join('\n')}\n` });
    const folder = dataFolder(data);
    const store = createFolderStore(folder.lake);
    let puts = 0;
    const dying: ObjectStore = {
      ...store,
      put: (key, body) => (++puts > 40 ? Promise.reject(new Error('the disk is full')) : store.put(key, body)),
    };
    const plan = await planImport([logs], { folder, save: true });
    const run = { transform: createTransform({}, { sha256 }), facts: {}, arrivedMs: Date.now(), bufferBytes: 8_000 };

    await expect(importFiles(plan.files, { ...run, store: dying })).rejects.toThrow(
      /the disk is full.*the same import again/,
    );
    await Promise.all([facts('import', logs, '--data', data), importFiles(plan.files, { ...run, store })]);

    expect(await counts(data)).toEqual([{ stream: 'system', n: 300, ids: 300 }]);
    const keys = readdirSync(join(folder.lake, 'events/system/v1/date=2025-11-01'));
    expect(keys.every((key) => /^import-1-[\d-]{19}-[0-9a-f]{10}-\d+\.jsonl\.gz$/.test(key))).toBe(true);
  });
});

describe('a third bot’s logs', () => {
  // Ticks of 1e-4, microseconds, letters for sides; and a text log with local times that say no zone.
  const fill = (i: number): string =>
    JSON.stringify({
      k: 'F',
      at: 1763709300123456 + i,
      o: { px: 855038973 + i, q: '0.01', s: i % 2 === 0 ? 'B' : 'S', venue_id: `v${i}` },
      why: { model: 'm7' },
    });
  const JSON_MAP = {
    name: 'momo',
    facts: { strategy_id: 'momo', mode: 'live', venue: 'momex' },
    rules: [
      {
        match: { '/k': 'F' },
        stream: 'execution',
        fields: {
          ts: { at: '/at', time: 'epoch_us' },
          price: { at: '/o/px', scale: 0.0001, required: true },
          qty: '/o/q',
          side: { at: '/o/s', enum: { B: 'buy', S: 'sell' } },
          venue_fill_id: '/o/venue_id',
        },
        constants: { symbol: 'BTC-PERP' },
      },
    ],
  };
  const TEXT_MAP = {
    name: 'momo-text',
    format: 'logfmt',
    zone: 'Asia/Kolkata',
    facts: JSON_MAP.facts,
    rules: [
      {
        stream: 'health',
        fields: {
          ts: { at: ['/_words/0', '/_words/1'], time: 'yyyy-MM-dd HH:mm:ss.u' },
          equity: '/eq',
          ws_reconnects: '/rc',
        },
      },
    ],
  };

  test('reach SQL through a map alone; what the map fails on is in quarantine, named', async () => {
    const { logs, data } = place({
      'fills.jsonl': [fill(0), fill(1), '{"k":"F","at":1,"o":{"px":1}}', '{"k":"X"}', ''].join('\n'),
    });
    const map = join(logs, 'nightdesk.map.json');
    writeFileSync(map, JSON.stringify(JSON_MAP));

    const report = await facts('import', join(logs, 'fills.jsonl'), '--map', map, '--data', data, '--venue', 'other');

    expect(report).toMatchObject({ lines: 4, stored: 2, by_reason: { map_failed: 1, unknown_shape: 1 } });
    expect(
      await query(
        data,
        'select ts, side, price, qty, symbol, strategy_id, mode, venue, venue_fill_id, dialect, extra from execution order by ts',
      ),
    ).toEqual([
      {
        ts: '2025-11-21T07:15:00.123456Z',
        side: 'buy',
        price: 85503.8973,
        qty: 0.01,
        symbol: 'BTC-PERP',
        strategy_id: 'momo',
        mode: 'live',
        venue: 'other',
        venue_fill_id: 'v0',
        dialect: 'map:momo',
        extra: '{"k":"F","why":{"model":"m7"}}',
      },
      expect.objectContaining({ ts: '2025-11-21T07:15:00.123457Z', side: 'sell', price: 85503.8974 }),
    ]);
    const [failed] = await query(
      data,
      "select target, strategy_id, seq, raw, detail from quarantine where reason = 'map_failed'",
    );
    expect(failed).toMatchObject({
      target: 'execution',
      strategy_id: 'momo',
      seq: 3,
      raw: '{"k":"F","at":1,"o":{"px":1}}',
    });
    expect(failed?.detail).toContain('rules[0] (execution) field ts: /at is 1, not a time in epoch_us');
  });

  test('in text, with local times, too', async () => {
    const { logs, data } = place({
      'run.log':
        '2025-11-21 12:45:00.123456 INFO eq=9994.5 rc=0\n2025-11-21 12:45:05.000001 WARN eq= rc=1 why="ws gone"\nTraceback\n',
    });
    const map = join(logs, 'nightdesk.map.json');
    writeFileSync(map, JSON.stringify(TEXT_MAP));

    const report = await facts('import', logs, '--map', map, '--data', data);

    expect(report).toMatchObject({ lines: 3, stored: 2, by_reason: { map_failed: 1 } });
    expect(
      await query(data, 'select ts, ts_local, ts_naive, equity, ws_reconnects, extra from health order by ts'),
    ).toEqual([
      {
        ts: '2025-11-21T07:15:00.123456Z',
        ts_local: '2025-11-21 12:45:00.123456',
        ts_naive: true,
        equity: 9994.5,
        ws_reconnects: 0,
        extra: '{"_words":["2025-11-21","12:45:00.123456","INFO"]}',
      },
      expect.objectContaining({ equity: null, ws_reconnects: 1 }),
    ]);
  });

  test('in a sheet, and in delimited text without a header', async () => {
    const rules = [
      {
        stream: 'execution',
        fields: { ts: { at: '/when', time: 'dd.MM.yyyy HH:mm:ss', zone: 'Europe/Berlin' }, price: '/px' },
      },
    ];
    const { logs, data } = place({
      'trades.csv': 'when;px\n21.11.2025 08:15:00;1.5\n',
      'trades.log': '21.11.2025 08:15:01;2.5\n',
    });
    writeFileSync(join(logs, 'sheet.json'), JSON.stringify({ name: 's', rules }));
    writeFileSync(
      join(logs, 'text.json'),
      JSON.stringify({ name: 't', format: 'csv', csv: { delimiter: ';', columns: ['when', 'px'] }, rules }),
    );

    await facts('import', join(logs, 'trades.csv'), '--map', join(logs, 'sheet.json'), '--data', data);
    await facts('import', join(logs, 'trades.log'), '--map', join(logs, 'text.json'), '--data', data);

    expect(await query(data, 'select ts, price, source_path from execution order by ts')).toEqual([
      { ts: '2025-11-21T07:15:00.000000Z', price: 1.5, source_path: 'trades.csv' },
      { ts: '2025-11-21T07:15:01.000000Z', price: 2.5, source_path: 'trades.log' },
    ]);
  });
});

describe('the command', () => {
  test('a dry run writes nothing at all', async () => {
    const { logs, data } = place({ 'a.jsonl': `${event()}\n` });

    const report = await facts('import', logs, '--data', data, '--dry-run');

    expect(report).toMatchObject({ dry_run: true, stored: 1 });
    expect(existsSync(data)).toBe(false);
  });

  test('for people it prints where every line went', async () => {
    const { logs, data } = place({ 'a.jsonl': `${event()}\nno JSON\n`, 'notes.txt': 'x' });

    const { code, out } = await nightdesk('import', logs, '--data', data);

    expect(code).toBe(0);
    expect(out).toContain('lines      2 = 0 blank + 1 stored + 1 in quarantine');
    expect(out).toContain('quarantine invalid_json 1');
    expect(out).toContain('skipped    1 file of other kinds');
  });

  test.each([
    [['no-such-folder'], 2, 'PATH_NOT_FOUND'],
    [['.', '--stream', 'executions'], 2, 'did you mean execution?'],
    [['.', '--stream', 'snapshot'], 2, 'got snapshot, which only Nightdesk writes'],
    [['.', '--mode', 'papper'], 2, '--mode must be one of live, paper'],
    [['.', '--source', ''], 2, '--source must have 1 to 128 characters'],
    [['.', '--map', 'package.json'], 2, 'package.json: the map is not valid'],
    [['.', '--map', 'LICENSE'], 2, 'LICENSE is not JSON'],
  ])('%j ends with code %i', async (args, code, text) => {
    const ran = await nightdesk('import', ...args, '--dry-run');

    expect(ran.code).toBe(code);
    expect(ran.err).toContain(text);
  });
});
