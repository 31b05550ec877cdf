import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { CATALOG } from '../../lib/core/catalog/index.ts';
import { duckdbColumns, quoted } from '../../lib/core/catalog/sql-columns.ts';
import { exampleEvent, isoOf, type LakeEvent, writeLake, writeObject } from '../support/lake.ts';
import { openTestLake, sharedLake } from '../support/open-lake.ts';
import { tempFolder } from '../support/temp.ts';

const DAY_MS = 86_400_000;
const NOON_MS = Date.UTC(2025, 10, 21, 12);
const STREAMS = Object.values(CATALOG);

const empty = sharedLake();
const examples = sharedLake((data) =>
  writeLake(
    data,
    STREAMS.map(({ name }) => exampleEvent(name, { event_id: 'the example' })),
  ),
);

test.each(STREAMS.map((stream) => [stream.name, stream] as const))(
  '%s is an empty view of its types before its first event',
  async (name, stream) => {
    const { columns, rows } = await empty.run(`select * from ${quoted(name)}`);

    expect(rows).toEqual([]);
    const plain = (type: string): string => type.replaceAll(/"/g, '');
    expect(columns.map(({ name: column, type }) => [column, plain(type)])).toEqual(
      [...Object.entries(duckdbColumns(stream)), ['date', 'VARCHAR']].map(([column, type]) => [
        column,
        plain(String(type)),
      ]),
    );
  },
);

test('no stream has a column of the names the views add', () => {
  for (const stream of STREAMS)
    for (const added of ['date', 'file', 'filename', 'copy', 'sent', 'any_sent'])
      expect(Object.keys(stream.columns)).not.toContain(added);
});

test.each(STREAMS.map(({ name }) => name))('an event of %s comes back with every value it has', async (name) => {
  const [row = {}] = await examples.rows(`select * from ${quoted(name)}`);

  const event = exampleEvent(name, { event_id: 'the example' });
  const given = Object.fromEntries(Object.entries(event).filter(([, value]) => value !== null));
  expect(row).toMatchObject(given);
});

test('an event stored three times counts once, and the first to come in is kept', async () => {
  const data = tempFolder();
  const event = exampleEvent('signals', {
    event_id: 'a',
    ts_ms: NOON_MS,
    ingested_at: isoOf(NOON_MS + 5000),
    alpha: 2,
  });
  writeLake(data, [event, { ...event, ingested_at: isoOf(NOON_MS + 1000), alpha: 1 }]);
  writeLake(data, [{ ...event, ingested_at: isoOf(NOON_MS + 9000), alpha: 3 }]);
  const lake = await openTestLake(data);

  expect(await lake.rows('select alpha from signals')).toEqual([{ alpha: 1 }]);
  expect(await lake.cell('select count(*) from stored.signals')).toBe(3);
});

test('the same id in another strategy, session or stream is another event, and null is a value of its own', async () => {
  const data = tempFolder();
  const one = { event_id: 'a', ts_ms: NOON_MS };
  const none = { strategy_id: null, session_id: null };
  writeLake(data, [
    exampleEvent('signals', one),
    exampleEvent('signals', { ...one, strategy_id: 'other' }),
    exampleEvent('signals', { ...one, session_id: 'other' }),
    exampleEvent('signals', { ...one, ...none }),
    exampleEvent('signals', { ...one, ...none }),
    exampleEvent('ensemble', one),
  ]);
  const lake = await openTestLake(data);

  expect(await lake.cell('select count(*) from signals')).toBe(4);
  expect(await lake.cell('select count(*) from events')).toBe(5);
});

test('records alike in all but their identity are all there', async () => {
  const data = tempFolder();
  writeLake(
    data,
    Array.from({ length: 468 }, () => exampleEvent('order_intent', { ts_ms: NOON_MS })),
  );
  const lake = await openTestLake(data);

  expect(await lake.cell('select count(*) from order_intent')).toBe(468);
});

test('a line in quarantine counts once although its repeat came in on another day', async () => {
  const data = tempFolder();
  const line = exampleEvent('quarantine', { event_id: 'a', ts_ms: NOON_MS, ingested_at: isoOf(NOON_MS) });
  writeLake(data, [
    line,
    { ...line, ts_ms: NOON_MS + DAY_MS, ingested_at: isoOf(NOON_MS + DAY_MS) },
    exampleEvent('quarantine', { ts_ms: NOON_MS }),
  ]);
  const lake = await openTestLake(data);

  expect(await lake.cell('select count(*) from quarantine')).toBe(2);
  expect(await lake.cell(`select date from quarantine where event_id = 'a'`)).toBe('2025-11-21');
});

test.each(['signals', 'ensemble', 'quarantine', 'events'])(
  'view %s reads only the objects of the days asked for',
  async (view) => {
    const data = tempFolder();
    const stream = view === 'events' ? 'market' : view;
    for (let day = 0; day < 4; day++) writeLake(data, [exampleEvent(stream, { ts_ms: NOON_MS + day * DAY_MS })]);
    const lake = await openTestLake(data);

    expect(await lake.cell(`select count(*) from ${view} where date = '2025-11-22'`)).toBe(1);
    // Quarantine removes repeats across days, so that it has to look at all of them.
    const all = view === 'quarantine';
    expect(await lake.filesRead(`select count(*) from ${view} where date = '2025-11-22'`)).toBe(all ? 4 : 1);
    expect(await lake.filesRead(`select count(*) from ${view} where date between '2025-11-22' and '2025-11-23'`)).toBe(
      all ? 4 : 2,
    );
    expect(await lake.filesRead(`select count(*) from ${view}`)).toBe(4);
  },
);

test('an object that nobody asks for may be damaged', async () => {
  const data = tempFolder();
  writeLake(data, [exampleEvent('market', { ts_ms: NOON_MS })]);
  writeObject(data, 'events/market/v1/date=2025-11-25/bad.jsonl.gz', Buffer.from('no gzip'));
  const lake = await openTestLake(data);

  expect(await lake.cell(`select count(*) from market where date = '2025-11-21'`)).toBe(1);
  await expect(lake.run('select count(*) from market')).rejects.toThrow(
    expect.objectContaining({
      code: 'QUERY_FAILED',
      message: expect.stringMatching(/bad\.jsonl\.gz is damaged. `nightdesk doctor` lists/),
    }),
  );
});

test('hidden files beside the objects are nobody’s: those that macOS leaves when it copies', async () => {
  const data = tempFolder();
  writeObject(data, 'events/market/v1/date=2025-11-21/._bad.jsonl.gz', Buffer.from('no gzip'));
  const lake = await openTestLake(data);
  expect(await lake.cell('select count(*) from market')).toBe(0);

  writeLake(data, [exampleEvent('market', { ts_ms: NOON_MS })]);
  expect(await lake.cell('select count(*) from market')).toBe(1);
});

test('lines that are no event cost only themselves', async () => {
  const data = tempFolder();
  const good = exampleEvent('market', { ts_ms: NOON_MS });
  const lines = [
    '{"cut',
    '',
    '[1]',
    '"text"',
    '{"event_id":null,"ts_ms":1}',
    JSON.stringify(good),
    '\u0000',
    JSON.stringify({ ...good, event_id: 'b', mid: 'not a number' }),
  ];
  writeObject(data, 'events/market/v1/date=2025-11-21/a.jsonl.gz', gzipSync(lines.join('\n')));
  const lake = await openTestLake(data);

  expect(await lake.rows('select event_id, mid from market order by event_id')).toEqual([
    { event_id: 'b', mid: null },
    { event_id: good.event_id, mid: good.mid },
  ]);
  expect(await lake.cell('select count(*) from stored.market where event_id is null')).toBe(5);
});

test('a line of several megabytes is read', async () => {
  const data = tempFolder();
  const raw = '\u0001'.repeat(1_020_000); // six bytes each in JSON
  writeLake(data, [exampleEvent('quarantine', { ts_ms: NOON_MS, raw })]);
  const lake = await openTestLake(data);

  expect(await lake.cell('select length(raw) from quarantine')).toBe(raw.length);
});

test('events without a clock lie in the partition of their own', async () => {
  const data = tempFolder();
  writeLake(data, [exampleEvent('market', { ts: null, ts_ms: null, ts_source: 'none' })]);
  const lake = await openTestLake(data);

  expect(await lake.rows('select ts, date from market')).toEqual([{ ts: null, date: '2000-01-01' }]);
});

test('folders above the lake never pass for columns, nor their names for patterns', async () => {
  const data = join(tempFolder(), 'symbol=WRONG', 'date=1999-01-01', "it's [a] *?{b,c} é𝒳", '.nightdesk');
  writeLake(data, [exampleEvent('market', { ts_ms: NOON_MS, symbol: 'BTCUSDT' })]);
  const lake = await openTestLake(data);

  const [row] = await lake.rows('select symbol, date, file from stored.market');

  expect(row).toMatchObject({
    symbol: 'BTCUSDT',
    date: '2025-11-21',
    file: expect.stringMatching(/^events\/market\/v1\/date=2025-11-21\/test-1-/),
  });
});

test('a data folder behind a symbolic link is read', async () => {
  const folder = tempFolder();
  mkdirSync(join(folder, 'real'));
  symlinkSync(join(folder, 'real'), join(folder, 'link'));
  writeLake(join(folder, 'real'), [exampleEvent('market', { ts_ms: NOON_MS })]);
  const lake = await openTestLake(join(folder, 'link'));

  expect(await lake.cell('select count(*) from market')).toBe(1);
});

test('an open engine sees the first object of a stream, every later one, and that the last is gone', async () => {
  const data = tempFolder();
  const lake = await openTestLake(data);
  const count = (): Promise<unknown> => lake.cell('select count(*) from market');
  expect(await count()).toBe(0);

  writeLake(data, [exampleEvent('market', { ts_ms: NOON_MS })]);
  expect(await count()).toBe(1);

  writeLake(data, [exampleEvent('market', { ts_ms: NOON_MS + DAY_MS })]);
  expect(await count()).toBe(2);
});

test('several queries run at once over views that are not made yet', async () => {
  const data = tempFolder();
  writeLake(data, [exampleEvent('market', { ts_ms: NOON_MS }), exampleEvent('signals', { ts_ms: NOON_MS })]);
  const lake = await openTestLake(data);

  const counts = await Promise.all(
    Array.from({ length: 12 }, (_, i) => lake.cell(`select count(*) from ${i % 2 === 0 ? 'market' : 'events'}`)),
  );

  expect(counts).toEqual(Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? 1 : 2)));
});

test('a compacted day is read from its one object and what came late; open days from the rest; each event once', async () => {
  const data = tempFolder();
  const at = (day: number, id: string, over: LakeEvent = {}): LakeEvent =>
    exampleEvent('market', { event_id: id, ts_ms: NOON_MS + day * DAY_MS, ...over });
  writeLake(data, [at(0, 'compacted'), at(1, 'open')]);
  const [late = ''] = writeLake(tempFolderWithin(data), [at(0, 'late'), at(0, 'compacted')]);
  mkdirSync(join(data, 'lake', 'late', 'market', 'v1', 'date=2025-11-21'), { recursive: true });
  await moveObject(join(data, 'other', 'lake', late), join(data, 'lake', late.replace('events/', 'late/')));
  await toParquet(data, '2025-11-21');
  const lake = await openTestLake(data, { boundaries: { market: '2025-11-21' } });

  expect(await lake.rows('select event_id, date from market order by event_id')).toEqual([
    { event_id: 'compacted', date: '2025-11-21' },
    { event_id: 'late', date: '2025-11-21' },
    { event_id: 'open', date: '2025-11-22' },
  ]);
  expect(
    await lake.cell(`select count(*) from stored.market where file like 'events/%' and date <= '2025-11-21'`),
  ).toBe(0);
  expect(await lake.filesRead(`select count(*) from market where date = '2025-11-22'`)).toBe(1);
  expect(await lake.filesRead(`select count(*) from market where date = '2025-11-21'`)).toBe(2);
});

const tempFolderWithin = (data: string): string => join(data, 'other');

async function moveObject(from: string, to: string): Promise<void> {
  const { rename } = await import('node:fs/promises');
  await rename(from, to);
}

async function toParquet(data: string, date: string): Promise<void> {
  const market = CATALOG.market;
  if (market === undefined) throw new Error('no stream market');
  const columns = Object.entries(duckdbColumns(market)).map(([name, type]) => `'${name}': '${type}'`);
  const folder = join(data, 'lake', 'curated', 'market', 'v1', `date=${date}`);
  mkdirSync(folder, { recursive: true });
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const source = `read_json('${data}/lake/events/market/v1/date=${date}/*.gz', columns = {${columns.join(', ')}}, format = 'newline_delimited', hive_partitioning = false)`;
  await connection.run(`copy (select * from ${source}) to '${folder}/day.parquet' (format parquet)`);
  connection.closeSync();
}

test('cells are plain data', async () => {
  const [row] = await empty.rows(`select
    count(*) as n, 9007199254740993 as huge, 1.5 as dec, 123456789012345678901.5 as long_dec,
    timestamp '2020-01-01 00:00:00.5' as ts, timestamptz '1960-01-01 00:00:00.000001Z' as tz, date '2020-02-29' as d,
    cast('nan' as double) as nan, cast('-inf' as double) as inf, map {'__proto__': 1, 'b': 2} as m, map {1: 'x'} as by_number,
    {'a': [1, null], 'b': {'c': true}} as s, null as nothing, sum(2) as total, cast('infinity' as timestamp) as never,
    timestamp_s '2020-01-01 00:00:01' as s1, timestamp_ms '1960-01-01 00:00:00.5' as ms, timestamp_ns '2020-01-01 00:00:00.123456789' as ns,
    cast([1, null] as integer[2]) as fixed, union_value(k := 1) as either`);

  const m = row?.m;
  expect(JSON.stringify(m)).toBe('{"__proto__":1,"b":2}');
  expect({ ...row, m: undefined }).toEqual({
    n: 1,
    huge: 9007199254740993n,
    dec: 1.5,
    long_dec: '123456789012345678901.5',
    ts: '2020-01-01T00:00:00.500000',
    tz: '1960-01-01T00:00:00.000001Z',
    d: '2020-02-29',
    nan: 'NaN',
    inf: '-Infinity',
    m: undefined,
    by_number: { 1: 'x' },
    s: { a: [1, null], b: { c: true } },
    nothing: null,
    total: 2,
    never: 'infinity',
    s1: '2020-01-01T00:00:01.000000',
    ms: '1960-01-01T00:00:00.500000',
    ns: '2020-01-01T00:00:00.123456',
    fixed: [1, null],
    either: 1,
  });
});

test('columns of one name are told apart', async () => {
  expect((await empty.run('select 1 as a, 2 as a')).columns.map(({ name }) => name)).toEqual(['a', 'a:1']);
});

test('a result comes in batches, and may be left before its end', async () => {
  const lake = await openTestLake(tempFolder());
  const { batches } = await lake.stream('select * from range(1000000) as t (n)');
  let rows = 0;

  for await (const batch of batches) {
    rows += batch.length;
    if (rows > 5000) break;
  }

  expect(rows).toBeLessThan(10_000);
  expect(await lake.cell('select 1')).toBe(1);
});

test('a sort larger than memory spills outside the working directory, and cleans up', async () => {
  const lake = await openTestLake(tempFolder());

  expect(await lake.cell(`select current_setting('temp_directory')`)).toContain(join(tmpdir(), 'nightdesk-'));
  expect(readdirSync(process.cwd())).not.toContain('.tmp');
});

test('an unknown table is answered with the streams, and order with its quotes', async () => {
  const lake = await openTestLake(tempFolder());

  await expect(lake.run('select * from ordr_intent')).rejects.toThrow(
    /ordr_intent does not exist.*The streams are signals, .*"order", /s,
  );
  await expect(lake.run('select * from order')).rejects.toThrow(/write|needs quotes.*from "order"/);
  await expect(lake.run('select nope from market')).rejects.toThrow(/column "nope" not found/);
});
