import { expect, test } from 'vitest';
import { exampleEvent, isoOf, type LakeEvent, writeLake, writeSamples } from '../support/lake.ts';
import { openTestLake } from '../support/open-lake.ts';
import { needsSamples, samplesPresent } from '../support/samples.ts';
import { tempFolder } from '../support/temp.ts';

const BAR_MS = Date.UTC(2025, 10, 21, 7, 15);
const AT_MS = BAR_MS + 74_493;

const bar = (ms: number): LakeEvent => ({ bar_ts: isoOf(ms) });
const unknown = { timeframe: null, timeframe_source: null };
const signal = (over: LakeEvent = {}): LakeEvent =>
  exampleEvent('signals', {
    ts_ms: AT_MS,
    ...bar(BAR_MS),
    ...unknown,
    session_id: null,
    pred_bma_bps: 742.9005,
    ...over,
  });
const ensemble = (over: LakeEvent = {}): LakeEvent =>
  exampleEvent('ensemble', {
    ts_ms: AT_MS - 90,
    ...bar(BAR_MS),
    timeframe: '5m',
    timeframe_source: 'path',
    pred_stack_bps: 742.9,
    ...over,
  });

async function timeframesOf(events: readonly LakeEvent[], stream = 'signals'): Promise<unknown[]> {
  const data = tempFolder();
  writeLake(data, events);
  const lake = await openTestLake(data);
  return (await lake.rows(`select timeframe, timeframe_source from ${stream} order by event_id`)).map(
    ({ timeframe, timeframe_source }) => [timeframe, timeframe_source],
  );
}

test('a signal takes the timeframe of the ensemble record of its bar and prediction', async () => {
  expect(await timeframesOf([signal(), ensemble()])).toEqual([['5m', 'linked']]);
});

test('a signal that knows its timeframe keeps it, and says how it is known', async () => {
  const known = { timeframe: '1h', timeframe_source: 'record' };

  expect(await timeframesOf([signal(known), ensemble()])).toEqual([['1h', 'record']]);
});

test.each([
  ['another bar', { ...bar(BAR_MS + 300_000) }],
  ['another prediction', { pred_stack_bps: 743.1 }],
  ['another symbol', { symbol: 'ETHUSDT' }],
  ['another strategy', { strategy_id: 'other' }],
  ['more than three seconds before', { ts_ms: AT_MS - 3001 }],
  ['after', { ts_ms: AT_MS + 1 }],
  ['no timeframe of its own', unknown],
  ['no clock', { ts: null, ts_ms: null }],
])('an ensemble record of %s proves nothing', async (_, over) => {
  expect(await timeframesOf([signal(), ensemble(over)])).toEqual([[null, null]]);
});

test('of several records the nearest one before the signal counts', async () => {
  const records = [
    ensemble({ ts_ms: AT_MS - 2000, timeframe: '1h' }),
    ensemble({ ts_ms: AT_MS - 10, timeframe: '5m' }),
    ensemble({ ts_ms: AT_MS - 1500, timeframe: '12h' }),
  ];

  expect(await timeframesOf([signal(), ...records])).toEqual([['5m', 'linked']]);
});

test('linking changes no count, whatever is stored twice', async () => {
  const [one, two] = [signal({ event_id: 'a' }), signal({ event_id: 'b', pred_bma_bps: 1 })];
  const record = ensemble({ event_id: 'e' });

  expect(await timeframesOf([one, one, two, record, record, ensemble({ ts_ms: AT_MS - 80 })])).toEqual([
    ['5m', 'linked'],
    [null, null],
  ]);
});

test('a decision around midnight finds its record on the other day, and the day is still pruned', async () => {
  const data = tempFolder();
  const midnightMs = Date.UTC(2025, 10, 22);
  writeLake(data, [signal({ ts_ms: midnightMs + 20 }), ensemble({ ts_ms: midnightMs - 70 })]);
  for (const day of [3, 4, 5])
    writeLake(data, [
      signal({ ts_ms: midnightMs + day * 86_400_000 }),
      ensemble({ ts_ms: midnightMs + day * 86_400_000 }),
    ]);
  const lake = await openTestLake(data);
  const sql = `select count(timeframe) from signals where date = '2025-11-22'`;

  expect(await lake.cell(sql)).toBe(1);
  // The signals of the day, and the ensemble records of the day (none) and of the day before.
  expect(await lake.filesRead(sql)).toBe(2);
});

test.each([
  ['calibration', 'pred_cal_bps'],
  ['risk', 'raw_score_bps'],
])(
  '%s, which logs no bar, is linked by its session and prediction within half a second',
  async (stream, prediction) => {
    const row = (over: LakeEvent): LakeEvent =>
      exampleEvent(stream, { ts_ms: AT_MS, session_id: 's1', ...unknown, [prediction]: 742.9, ...over });
    const record = ensemble({ session_id: 's1' });

    expect(await timeframesOf([row({}), record], stream)).toEqual([['5m', 'linked']]);
    expect(await timeframesOf([row({ session_id: 's2' }), record], stream)).toEqual([[null, null]]);
    expect(await timeframesOf([row({ ts_ms: AT_MS + 420 }), record], stream)).toEqual([[null, null]]);
  },
);

test('without ensemble records the view is that of any stream', async () => {
  const data = tempFolder();
  writeLake(data, [signal()]);
  const lake = await openTestLake(data);

  const { rows } = await lake.run('explain select * from signals');

  expect(String(rows[0]?.[1])).not.toContain('JOIN');
});

test.skipIf(!samplesPresent)(
  needsSamples('of the real signals 505 are 5m and 170 stay unknown, and so the logs beside them'),
  async () => {
    const data = tempFolder();
    writeSamples(data);
    const lake = await openTestLake(data);
    const counts = (stream: string): Promise<unknown> =>
      lake.rows(
        `select source_log, timeframe, timeframe_source, count(*) as n from ${stream} group by 1, 2, 3 order by 1, 2`,
      );

    expect(await counts('signals')).toEqual([
      { source_log: 'signals', timeframe: '5m', timeframe_source: 'linked', n: 505 },
      { source_log: 'signals', timeframe: null, timeframe_source: null, n: 170 },
    ]);
    expect(await counts('calibration')).toContainEqual({
      source_log: 'calibration_log',
      timeframe: '5m',
      timeframe_source: 'linked',
      n: 505,
    });
    expect(await counts('risk')).toContainEqual({
      source_log: 'sizing_risk_log',
      timeframe: '5m',
      timeframe_source: 'linked',
      n: 505,
    });
  },
);
