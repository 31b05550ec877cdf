import { expect, test } from 'vitest';
import { PRICES } from '../../../lib/core/cost/prices.ts';
import { nightdesk } from '../../support/command.ts';

const cost = (...args: string[]) => nightdesk('cost', ...args);
const json = async (...args: string[]) => JSON.parse((await cost(...args, '--json')).out);

test('people get the bill by item, dearest first, the total, what drives it and what saves most', async () => {
  const { code, out, err } = await cost('--events-per-day', '5M', '--single');

  expect(code).toBe(0);
  expect(err).toBe('');
  const lines = out.split('\n').map((line) => line.trim());
  expect(lines[0]).toMatch(/^service +item +quantity +unit +unit price +USD +share$/);
  expect(lines[1]).toMatch(/^Firehose +data taken in +725 +GB +0\.029 +21\.03 +\d+\.\d %$/);
  const amounts = lines.map((line) => /(\d+\.\d\d) +\d+\.\d %$/.exec(line)?.[1]).filter((usd) => usd !== undefined);
  expect(amounts.length).toBeGreaterThan(15);
  expect(amounts).toEqual([...amounts].sort((a, b) => Number(b) - Number(a)));
  expect(out).toMatch(/total {2}\$\d+\.\d\d in month 12, \$\d+\.\d\d in the first; \$0\.\d\d per million events/);
  expect(out).toMatch(/What drives it: Firehose, data taken in, \d+\.\d %/);
  expect(out).toMatch(/Saves most, \$\d+\.\d\d a month: put up to 400 lines into one record/);
  expect(out).toContain('List prices of us-east-1');
  expect(out).toMatch(/and \d+ lines below a cent each: --all shows them/);
});

test('--all shows the lines below a cent', async () => {
  const { out } = await cost('--events-per-day', '270', '--all');

  expect(out).toContain('catalog objects');
  expect(out).not.toContain('below a cent');
});

test('programs get the same as JSON, with what each price rests on', async () => {
  const bill = await json('--events-per-day', '50K', '--bytes', '1KB', '--strategies', '2');

  expect(bill).toMatchObject({
    region: 'us-east-1',
    currency: 'USD',
    hoursPerMonth: 730,
    workload: { eventsPerDay: 50_000, bytes: 1_000, strategies: 2, metricStrategies: 2, linesPerRecord: null },
    budget: null,
    deliveryStreams: 1,
  });
  expect(bill.items.reduce((sum: number, { usd }: { usd: number }) => sum + usd, 0)).toBeCloseTo(bill.totalUsd, 6);
  for (const { price, verified } of bill.items) expect(verified).toBe(PRICES[price as keyof typeof PRICES].verified);
  expect(bill.firstMonthUsd).toBeLessThan(bill.totalUsd);
});

test('every option reaches the model', async () => {
  const { workload } = await json(
    ...['--events-per-day', '1.5e6', '--bytes', '700', '--strategies', 'a,b,c', '--streams', '8'],
    ...['--flush', '5s', '--buffer', '5m', '--expansion', '1.2', '--gzip-ratio', '5', '--months', '3'],
    ...['--queries-per-day', '2K', '--scan', '3GB', '--metric-strategies', '2', '--extra-metrics'],
    ...['--dimension', 'symbol=5', '--dimension', 'venue=2', '--alarms', '0', '--dashboards', '3', '--secrets', '1'],
    ...['--log-days', '7', '--no-tracing', '--kms', '--free-tier'],
  );

  expect(workload).toEqual({
    eventsPerDay: 1_500_000,
    bytes: 700,
    strategies: 3,
    streams: 8,
    linesPerRecord: null,
    flushMs: 5_000,
    bufferMs: 300_000,
    expansion: 1.2,
    gzipRatio: 5,
    month: 3,
    queriesPerDay: 2_000,
    scanBytes: 3e9,
    reconcileDays: 7,
    publish: true,
    metricStrategies: 2,
    extraMetrics: true,
    dimensions: { symbol: 5, venue: 2 },
    alarms: 0,
    dashboards: 3,
    secrets: 1,
    logDays: 7,
    tracing: false,
    kms: true,
    freeTier: true,
  });
  expect((await json('--events-per-day', '1', '--lines-per-record', '7')).workload.linesPerRecord).toBe(7);
  expect((await json('--events-per-day', '1', '--packed')).workload.linesPerRecord).toBeNull();
  expect((await json('--events-per-day', '1', '--no-metrics')).usage.metrics).toBe(0);
});

test('a budget names the strategies whose metrics go off, from the end of the list', async () => {
  const args = ['--events-per-day', '1M', '--strategies', 'carry,trend,mm', '--budget', '75'];
  const { out } = await cost(...args);
  const { budget, totalUsd, workload } = await json(...args);

  expect(budget.strategies).toEqual({ on: ['carry', 'trend'], off: ['mm'] });
  expect(workload.metricStrategies).toBe(2);
  expect(totalUsd).toBeLessThanOrEqual(75);
  expect(out).toMatch(/Budget \$75\.00: metrics on for 2 of 3 strategies \(with all: \$\d+\.\d\d\); off: mm\./);
  const { out: poor } = await cost('--events-per-day', '1M', '--budget', '1');
  expect(poor).toMatch(/Budget \$1\.00: not enough even without metrics/);
});

test('the dearest dimension is named, and limits with what to do about them', async () => {
  const { out } = await cost(
    ...['--events-per-day', '1e9', '--strategies', '3', '--flush', '10s'],
    ...['--dimension', 'symbol=5', '--dimension', 'source=3'],
  );

  expect(out).toContain('The dearest dimension is symbol: with its 5 values 855 metrics, without 171.');
  expect(out).toMatch(/Beyond a limit: Firehose: data: 5\.8 MB\/s on average, 5\.2 MB\/s allowed: ask AWS/);
});

test.each([
  [['--events-per-day', 'many'], '--events-per-day must be a number such as 270, 50K, 5M or 1e9, got many'],
  [['--events-per-day', '-5'], '--events-per-day must be a number such as 270'],
  [['--events-per-day', '1e300'], '--events-per-day must be a number from 0 to 1000000000000'],
  [['--events-per-day', '1', '--bytes', '2MB'], '--bytes must be a number from 1 to 1024000, got 2000000'],
  [['--events-per-day', '1', '--strategies', '0'], '--strategies must be a whole number from 1 to 100000, got 0'],
  [['--events-per-day', '1', '--strategies', 'a,a'], '--strategies must be a number, or different names'],
  [['--events-per-day', '1', '--strategies', 'a,'], '--strategies must be a number, or different names'],
  [
    ['--events-per-day', '1', '--metric-strategies', '2'],
    '--metric-strategies must be at most --strategies (1), got 2',
  ],
  [['--events-per-day', '1', '--lines-per-record', '401'], '--lines-per-record must be a whole number from 1 to 400'],
  [['--events-per-day', '1', '--flush', '1ms'], '--flush, in ms, must be a number from 50 to 60000, got 1'],
  [['--events-per-day', '1', '--buffer', '30s'], '--buffer, in ms, must be a number from 60000 to 900000, got 30000'],
  [['--events-per-day', '1', '--dimension', 'symbol'], '--dimension must be a name and a number'],
  [['--events-per-day', '1', '--dimension', 'symbol=0'], '--dimension symbol must be a whole number from 1'],
  [['--events-per-day', '1', '--dimension', 'strategy_id=4'], 'is always there'],
  [['--events-per-day', '1', '--budget', '$5'], '--budget must be a number such as'],
  [['--events-per-day', '1', '--region', 'mars-1'], '--region must be us-east-1'],
])('%j is refused with option, value and range', async (args, message) => {
  const { code, out, err } = await cost(...args);

  expect(code).toBe(2);
  expect(out).toBe('');
  expect(err).toContain(message);
  expect(err).toContain('[CONFIG_INVALID]');
});

test('options that contradict each other, and a missing volume, are refused', async () => {
  expect(await cost()).toMatchObject({ code: 2, err: expect.stringContaining('--events-per-day') });
  for (const pair of [['--flush', '2s'], ['--lines-per-record', '3'], ['--packed']])
    expect(await cost('--events-per-day', '1', '--single', ...pair)).toMatchObject({
      code: 2,
      err: expect.stringContaining('cannot be used with'),
    });
});

test('names of strategies cannot move a terminal’s cursor', async () => {
  const { out } = await cost('--events-per-day', '1M', '--strategies', 'ok,\u001b[2Jbad', '--budget', '64');

  expect(out).toMatch(/off: .*bad\./);
  expect(out).not.toContain('\u001b');
});
