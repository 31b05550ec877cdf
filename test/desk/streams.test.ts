import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Inventory } from '../../lib/desk/query/inventory.ts';
import { nightdesk } from '../support/command.ts';
import { exampleEvent, writeLake, writeObject, writeSamples } from '../support/lake.ts';
import { needsSamples, samplesPresent } from '../support/samples.ts';
import { tempFolder } from '../support/temp.ts';

const streams = async (data: string): Promise<Inventory> =>
  JSON.parse((await nightdesk('streams', '--data', data, '--json')).out);
const factsOf = ({ streams: all }: Inventory, name: string): unknown => all.find(({ stream }) => stream === name);
const NOON_MS = Date.UTC(2025, 10, 21, 12);

test('every line of the lake is an event, a repeat, quarantined, or unreadable', async () => {
  const data = tempFolder();
  const twice = exampleEvent('market', { ts_ms: NOON_MS });
  writeLake(data, [
    twice,
    exampleEvent('market', { ts_ms: NOON_MS + 1000 }),
    exampleEvent('quarantine', { target: 'market' }),
    exampleEvent('quarantine', { target: null }),
  ]);
  writeLake(data, [twice]);
  const key = 'events/market/v1/date=2025-11-21/bad.jsonl.gz';
  writeObject(data, key, gzipSync('{"cut\n{"event_id":5}\n'));

  const inventory = await streams(data);

  expect(factsOf(inventory, 'market')).toMatchObject({
    events: 3, // a number is an id too: DuckDB reads it as text
    stored: 4,
    duplicates: 1,
    quarantined: 1,
    first_ts: '2025-11-21T12:00:00.000000Z',
    last_ts: '2025-11-21T12:00:01.000000Z',
    objects: 3,
    bytes: expect.any(Number),
  });
  expect(inventory.quarantine).toMatchObject({ events: 2, duplicates: 0 });
  expect(inventory.totals).toEqual({ lines: 7, events: 3, duplicates: 1, quarantined: 2, redriven: 0, unreadable: 1 });
});

test('what Nightdesk derived is counted apart, as rows: no line of it came in', async () => {
  const data = tempFolder();
  const trade = exampleEvent('trade_lifecycle', { ts_ms: NOON_MS, rev: 1 });
  const gone = exampleEvent('trade_lifecycle', { ts_ms: NOON_MS, rev: 1 });
  const own = exampleEvent('equity_curve', { ts_ms: NOON_MS, dialect: 'derived', rev: 1 });
  writeLake(data, [trade, gone, own, exampleEvent('equity_curve', { ts_ms: NOON_MS })]);
  writeLake(data, [
    { ...trade, rev: 2, ts: '2025-11-21T12:00:05.000000Z' },
    { ...gone, rev: 2, retracted: true },
  ]);
  writeObject(data, 'derived/trade_lifecycle/v1/date=2025-11-21/bad.jsonl.gz', gzipSync('{"cut\n'));

  const inventory = await streams(data);

  expect(inventory.totals).toEqual({ lines: 1, events: 1, duplicates: 0, quarantined: 0, redriven: 0, unreadable: 0 });
  expect(factsOf(inventory, 'equity_curve')).toMatchObject({ events: 1, stored: 1, objects: 1 });
  expect(factsOf(inventory, 'trade_lifecycle')).toBeUndefined();
  expect(inventory.derived.map(({ stream }) => stream)).toEqual([
    'equity_curve',
    'trade_lifecycle',
    'order_lifecycle',
    'session',
    'snapshot',
    'reconciliation',
    'alert',
  ]);
  const [equity, trades, orders] = inventory.derived;
  expect(equity).toMatchObject({ rows: 1, stored: 1, retracted: 0, objects: 1 });
  expect(trades).toMatchObject({
    rows: 1,
    retracted: 1,
    stored: 4,
    unreadable: 1,
    last_ts: '2025-11-21T12:00:05.000000Z',
    objects: 3,
  });
  expect(orders).toMatchObject({ rows: 0, stored: 0, objects: 0, first_ts: null });
  const { out, err } = await nightdesk('streams', '--data', data);
  expect(out).toMatch(/derived +rows[\s\S]*trade_lifecycle +1 +1 +5/);
  expect(err).not.toContain('trade_lifecycle');
  expect(err).toContain('1 lines in the lake = 1 events');
});

test('only objects are counted as objects', async () => {
  const data = tempFolder();
  const [key = ''] = writeLake(data, [exampleEvent('market', { ts_ms: NOON_MS })]);
  for (const name of [`${key}.tmp`, key.replace(/[^/]*$/, '._copied.jsonl.gz')])
    writeObject(data, name, Buffer.from('of no gzip'));

  expect(factsOf(await streams(data), 'market')).toMatchObject({ events: 1, objects: 1 });
});

test('an event that came again on another day of quarantine is a duplicate', async () => {
  const data = tempFolder();
  const line = exampleEvent('quarantine', { ts_ms: NOON_MS });
  writeLake(data, [line, { ...line, ts_ms: NOON_MS + 86_400_000 }]);

  expect((await streams(data)).totals).toEqual({
    lines: 2,
    events: 0,
    duplicates: 1,
    quarantined: 1,
    redriven: 0,
    unreadable: 0,
  });
});

test('people get the streams that were seen, those never seen, and the sum', async () => {
  const data = tempFolder();
  writeLake(data, [exampleEvent('market'), exampleEvent('quarantine')]);

  const { out, err } = await nightdesk('streams', '--data', data);

  expect(out.split('\n').map((line) => line.trim().split(/\s+/)[0])).toEqual(['stream', 'market', 'quarantine', '']);
  expect(err).toMatch(/never seen: signals, ensemble/);
  expect(err).toContain('2 lines in the lake = 1 events + 0 duplicates + 1 quarantined');
});

test('an empty lake says what to do', async () => {
  const { code, err } = await nightdesk('streams', '--data', tempFolder());

  expect(code).toBe(0);
  expect(err).toContain('The lake is empty');
});

test.skipIf(!samplesPresent)(
  needsSamples('the real logs are all accounted for, and sending them again changes nothing but repeats'),
  async () => {
    const data = tempFolder();
    const lines = writeSamples(data);

    const once = await streams(data);
    writeSamples(data);
    const twice = await streams(data);

    expect(once.totals).toEqual({ lines, events: lines, duplicates: 0, quarantined: 0, redriven: 0, unreadable: 0 });
    expect(twice.totals).toEqual({
      lines: 2 * lines,
      events: lines,
      duplicates: lines,
      quarantined: 0,
      redriven: 0,
      unreadable: 0,
    });
    for (const [stream, events] of Object.entries({
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
    }))
      expect(factsOf(twice, stream)).toMatchObject({ events });
  },
);
