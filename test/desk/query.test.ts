import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { parse } from 'csv-parse/sync';
import { expect, test, vi } from 'vitest';
import { nightdesk } from '../support/command.ts';
import { exampleEvent, writeLake } from '../support/lake.ts';
import { tempFolder } from '../support/temp.ts';

function dataWithMarket(prices: readonly number[]): string {
  const data = tempFolder();
  writeLake(
    data,
    prices.map((mid, i) => exampleEvent('market', { ts_ms: Date.UTC(2025, 10, 21) + i, mid, symbol: `S${i}` })),
  );
  return data;
}

test('SQL is answered as a table, with the number of rows beside it', async () => {
  const { code, out, err } = await nightdesk(
    'query',
    'select symbol, mid from market order by mid',
    '--data',
    dataWithMarket([2, 1.5]),
  );

  expect(code).toBe(0);
  expect(out.split('\n').map((line) => line.trim().split(/\s+/))).toEqual([
    ['symbol', 'mid'],
    ['S1', '1.5'],
    ['S0', '2'],
    [''],
  ]);
  expect(err).toBe('2 rows\n');
});

test('JSON is one array of objects, with cells a program can read', async () => {
  const { out } = await nightdesk(
    'query',
    `select 1 as n, 9007199254740993 as huge, [1.5] as l, map {'k': null} as m, timestamp '2020-01-01' as t`,
    '--format',
    'json',
    '--data',
    tempFolder(),
  );

  expect(JSON.parse(out)).toEqual([
    { n: 1, huge: '9007199254740993', l: [1.5], m: { k: null }, t: '2020-01-01T00:00:00.000000' },
  ]);
});

test('a foreign log cannot move the terminal’s cursor, nor turn its text around', async () => {
  const { out } = await nightdesk('query', `select chr(27) || '[2Ja' || chr(8238) || 'b' as x`, '--data', tempFolder());

  expect(out.split('\n')[1]?.trim()).toBe('·[2Ja·b');
});

test('an answer without rows is a table with its head, an empty JSON array, a CSV header', async () => {
  const ask = async (format: string): Promise<string> =>
    (await nightdesk('query', 'select symbol, mid from market', '--format', format, '--data', tempFolder())).out;

  expect((await ask('table')).trim().split(/\s+/)).toEqual(['symbol', 'mid']);
  expect(JSON.parse(await ask('json'))).toEqual([]);
  expect(await ask('csv')).toBe('symbol,mid\n');
});

test('CSV survives commas and quotes, and gives a spreadsheet no formula', async () => {
  const { out } = await nightdesk(
    'query',
    `select 'a,"b"' as x, '=cmd()' as y, -1.5 as z`,
    '--format',
    'csv',
    '--data',
    tempFolder(),
  );

  expect(parse(out)).toEqual([
    ['x', 'y', 'z'],
    ['a,"b"', "'=cmd()", '-1.5'],
  ]);
});

test.each(['json', 'csv', 'table'])('a long result comes whole as %s', async (format) => {
  const { out } = await nightdesk(
    'query',
    'select n from range(5000) as t (n)',
    '--format',
    format,
    '--data',
    tempFolder(),
  );

  const rows =
    format === 'json'
      ? JSON.parse(out).map(({ n }: { n: number }) => n)
      : out
          .split('\n')
          .filter((line) => /^\s*\d+\s*$/.test(line))
          .map(Number);
  expect(rows).toEqual(Array.from({ length: 5000 }, (_, i) => i));
});

test('SQL can come from standard input', async () => {
  const stdin = vi.spyOn(process, 'stdin', 'get').mockReturnValue(
    Object.assign(Readable.from(['select count(*) as n ', 'from market']), {
      fd: 0,
    }) as unknown as typeof process.stdin,
  );

  const { out } = await nightdesk('query', '-', '--format', 'csv', '--data', dataWithMarket([1]));

  stdin.mockRestore();
  expect(out).toBe('n\n1\n');
});

test('a named query takes its parameters', async () => {
  const data = tempFolder();
  const fill = (ms: number): void =>
    void writeLake(data, [exampleEvent('execution', { ts_ms: ms, order_id: new Date(ms).toISOString() })]);
  fill(Date.UTC(2025, 10, 21));
  fill(Date.UTC(2025, 10, 22));

  const { out } = await nightdesk(
    'query',
    'fills',
    '--param',
    'from=2025-11-22',
    '--param',
    'rows=5',
    '--format',
    'json',
    '--data',
    data,
  );

  expect(JSON.parse(out).map(({ order_id }: { order_id: string }) => order_id)).toEqual(['2025-11-22T00:00:00.000Z']);
});

test('the list says what each query answers', async () => {
  const table = await nightdesk('query', '--list');
  const json = JSON.parse((await nightdesk('query', '--list', '--format', 'json')).out);

  expect(table.out).toContain('Why was there no trade');
  expect(json.map(({ name }: { name: string }) => name)).toContain('execution-latency');
});

test('the engine’s own message comes with what to do', async () => {
  const { code, err } = await nightdesk('query', 'select * from ordr', '--data', tempFolder());

  expect(code).toBe(1);
  expect(err).toContain('Table with name ordr does not exist');
  expect(err).toContain('The streams are signals, ');
});

test.each([
  [['fils'], 1, 'did you mean fills?'],
  [['fills', '--param', 'rows'], 2, '--param must be name=value, got rows'],
  [['fills', '--param', 'rows=many'], 2, '--param rows must be a whole number such as 20, got "many"'],
  [['select 1', '--param', 'a=1'], 2, '--param gives values to a named query'],
  [[], 2, 'query needs SQL, a name or -'],
  [['select 1', '--format', 'xml'], 2, '--format must be one of table, json, csv, got xml'],
])('a wrong call is told what is right: %o', async (args, code, message) => {
  const result = await nightdesk('query', ...args, '--data', tempFolder());

  expect(result.code).toBe(code);
  expect(result.err).toContain(message);
});

test('a folder without a lake is said to be one', async () => {
  const missing = await nightdesk('query', 'select 1', '--data', join(tempFolder(), 'none'));

  expect(missing.code).toBe(0);
  expect(missing.err).toContain('There is no lake in');
});

test('a lake that is a file is no lake', async () => {
  const data = tempFolder();
  mkdirSync(join(data, 'lake', 'events'), { recursive: true });
  writeFileSync(join(data, 'lake', 'events', 'market'), '');

  expect((await nightdesk('query', 'select count(*) as n from market', '--format', 'csv', '--data', data)).out).toBe(
    'n\n0\n',
  );
});
