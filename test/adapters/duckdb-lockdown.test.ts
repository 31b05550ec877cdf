import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exampleEvent, writeLake } from '../support/lake.ts';
import { openTestLake, sharedLake } from '../support/open-lake.ts';
import { tempFolder } from '../support/temp.ts';

/** A data folder with one event and a secret beside the lake. */
function dataWithSecret(): { data: string; secret: string } {
  const data = tempFolder();
  writeLake(data, [exampleEvent('market', { ts_ms: Date.UTC(2025, 10, 21) })]);
  const secret = join(data, 'secret.csv');
  writeFileSync(secret, 'token\nhunter2\n');
  return { data, secret };
}

test.each([
  `select * from read_text('FILE')`,
  `select * from read_csv('FILE')`,
  `select * from read_blob('FILE')`,
  `select * from read_text('/etc/passwd')`,
  `select * from read_json('/etc/passwd')`,
  `select * from read_parquet('/etc/passwd')`,
  `select * from 'FILE'`,
  `from 'FILE'`,
  `select * from "FILE"`,
  `select (select content from read_text('FILE'))`,
  `with a as (select * from (select * from read_text('FILE'))) select * from a`,
  `select * from glob('/*')`,
  `select * from read_text('DATA/lake/../secret.csv')`,
  `select * from sniff_csv('FILE')`,
  `select * from query('select * from read_text(''FILE'')')`,
  `select * from query_table('FILE')`,
  `select * from json_execute_serialized_sql(json_serialize_sql('select * from read_text(''FILE'')'))`,
  `explain analyze select * from read_text('FILE')`,
  `select getenv('HOME')`,
  `select * from duckdb_secrets()`,
])('no file, folder or variable of this machine can be read: %s', async (template) => {
  const { data, secret } = dataWithSecret();
  const lake = await openTestLake(data);

  const answer = lake.run(template.replaceAll('FILE', secret).replaceAll('DATA', data));

  await expect(answer).rejects.toThrow(
    expect.objectContaining({ code: 'QUERY_FAILED', message: expect.not.stringContaining('hunter2') }),
  );
});

test.each([
  `copy (select 1) to 'LAKE/x.csv'`,
  `copy (select 1) to 'DATA/x.csv'`,
  `explain analyze copy (select 1) to 'LAKE/x.csv'`,
  `explain (format json) copy (select 1) to 'LAKE/x.csv'`,
  `-- why\n/* hidden */ explain analyze copy (select 1) to 'LAKE/x.csv'`,
  `export database 'LAKE/x'`,
  `attach 'LAKE/x.db'`,
  `attach ':memory:' as other`,
  `install httpfs`,
  `load httpfs`,
  `load 'LAKE/x.duckdb_extension'`,
  `create table t (a int)`,
  `create or replace view market as select 1 as price`,
  `drop view market`,
  `insert into market values (1)`,
  `set enable_external_access = true`,
  `reset lock_configuration`,
  `set memory_limit = '1TB'`,
  `pragma threads = 1`,
  `call enable_logging(storage = 'file')`,
  `select * from enable_logging(storage_path = 'LAKE/log')`,
  `checkpoint`,
  `begin`,
  `prepare p as select 1`,
  `use main`,
  `select 1; drop view market`,
  `select 1; select 2`,
  ``,
  `;`,
  `-- nothing`,
])('nothing can be written or changed: %s', async (template) => {
  const { data } = dataWithSecret();
  const lake = await openTestLake(data);
  expect(await lake.cell('select count(*) from market')).toBe(1);

  const answer = lake.run(template.replaceAll('LAKE', join(data, 'lake')).replaceAll('DATA', data));

  await expect(answer).rejects.toThrow(expect.objectContaining({ code: 'QUERY_FAILED' }));
  expect(readdirSync(data).sort()).toEqual(['lake', 'secret.csv']);
  expect(readdirSync(join(data, 'lake'))).toEqual(['events']);
  expect(await lake.cell('select count(*) from market')).toBe(1);
});

test('the engine refuses by itself what the guard refuses: files outside the lake', async () => {
  const { data, secret } = dataWithSecret();
  const lake = await openTestLake(data);

  // A view's name with the path of a file: the guard lets names without a slash pass, the engine finds no such table.
  await expect(lake.run(`select * from "secret.csv"`)).rejects.toThrow(/does not exist|disabled by configuration/);
  expect(existsSync(secret)).toBe(true);
});

test('nothing is fetched over the network', async () => {
  let asked = 0;
  const server = createServer((_, response) => {
    asked++;
    response.end('a\n1\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const lake = await openTestLake(tempFolder());

  await expect(lake.run(`select * from read_csv('http://127.0.0.1:${port}/x.csv')`)).rejects.toThrow();
  await expect(lake.run(`select * from 'http://127.0.0.1:${port}/x.csv'`)).rejects.toThrow();

  server.close();
  expect(asked).toBe(0);
});

const reading = sharedLake((data) => writeLake(data, [exampleEvent('market')]));

test.each([
  'select 1',
  'values (1)',
  'describe market',
  'summarize select 1 as a',
  'show tables',
  'explain select count(*) from market',
  'with recursive r as (select 1 as n union all select n + 1 from r where n < 5) select * from r',
  'select * from unnest([1, 2]) as t (x)',
  'from market select mid',
  `select * exclude (mid) from market qualify row_number() over (order by ts) = 1`,
  `select filter([1, -1], x -> x > 0)`,
  'select table_name from information_schema.tables',
])('what only reads the views runs: %s', async (sql) => {
  await expect(reading.run(sql)).resolves.toBeDefined();
});

test('the catalog shows every stream', async () => {
  const names = (await reading.rows('select table_schema as s, table_name as t from information_schema.tables')).map(
    ({ s, t }) => `${s}.${t}`,
  );

  expect(names).toEqual(
    expect.arrayContaining(['main.signals', 'main.order', 'main.events', 'main.quarantine', 'stored.signals']),
  );
});
