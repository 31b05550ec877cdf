import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { gunzip, gzip } from '../../../lib/adapters/local/gzip.ts';
import { createFolderStore } from '../../../lib/adapters/local/object-store.ts';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { createFolderStateStore } from '../../../lib/adapters/local/state-store.ts';
import { midnightIn } from '../../../lib/adapters/local/zone.ts';
import { createLedger } from '../../../lib/core/lifecycle/ledger.ts';
import { LEDGER_DEFAULTS } from '../../../lib/core/lifecycle/types.ts';
import { createSnapshots, type SnapshotPorts, type Snapshots } from '../../../lib/core/snapshots/run.ts';
import { dataFolder } from '../../../lib/desk/data-folder.ts';
import { deskJobs } from '../../../lib/desk/lifecycle/jobs.ts';
import { snapshotJob } from '../../../lib/desk/snapshots/job.ts';
import { nightdesk } from '../../support/command.ts';
import { isoOf, type LakeEvent, writeLake } from '../../support/lake.ts';
import { openTestLake } from '../../support/open-lake.ts';
import { tempFolder } from '../../support/temp.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 0, 5);

let made = 0;

const event = (stream: string, hours: number, fields: LakeEvent = {}): LakeEvent => {
  const ms = START + hours * HOUR_MS;
  return {
    event_id: `e-${++made}`,
    stream,
    schema_version: 1,
    ts: isoOf(ms),
    ts_ms: ms,
    ingested_at: isoOf(ms),
    strategy_id: 's',
    session_id: 'run',
    mode: 'paper',
    ...fields,
  };
};
const equity = (hours: number, value: number, fields: LakeEvent = {}): LakeEvent =>
  event('equity_curve', hours, { equity: value, ...fields });

interface Bench {
  readonly data: string;
  readonly ports: SnapshotPorts;
  readonly snapshots: Snapshots;
  setNow(hours: number): void;
}

function bench(): Bench {
  const data = tempFolder();
  let nowMs = START + 100 * DAY_MS;
  const ports = {
    store: createFolderStore(`${data}/lake`),
    state: createFolderStateStore(`${data}/lake`),
    clock: { nowMs: () => nowMs },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    gunzip,
    gzip,
    sha256,
  };
  const snapshots = createSnapshots(ports, { ledger: LEDGER_DEFAULTS, midnight: midnightIn('UTC') });
  return {
    data,
    ports,
    snapshots,
    setNow(hours) {
      nowMs = START + hours * HOUR_MS;
    },
  };
}

/** What the lake says of the snapshots, in one order, without when it was written. */
async function said(data: string): Promise<readonly LakeEvent[]> {
  const lake = await openTestLake(data);
  const rows = await lake.rows('select * from snapshot order by bucket, bucket_start_ts, level, session_id, event_id');
  return rows.map(({ rev: _, ingested_at: __, ...row }) => row as LakeEvent);
}

const hourly = async ({ snapshots }: Bench, from: number, to: number): Promise<void> => {
  for (let hour = from; hour <= to; hour++) await snapshots.snapshotBucket(START + hour * HOUR_MS);
};

const sixtyHours = (): LakeEvent[] =>
  Array.from({ length: 60 }, (_, hour) => equity(hour + 0.5, 1000 + ((hour * 37) % 11), { seq: hour }));

test('hour by hour gives the same as all days in one go', async () => {
  const [streamed, whole] = [bench(), bench()];
  const events = sixtyHours();
  for (const { data } of [streamed, whole]) writeLake(data, events);
  await hourly(streamed, 1, 60);
  whole.setNow(60);
  await whole.snapshots.rebuild();
  const rows = await said(whole.data);
  expect(rows.filter(({ bucket }) => bucket === '1h')).toHaveLength(120);
  expect(rows.filter(({ rolling_sharpe }) => rolling_sharpe !== null).length).toBeGreaterThan(20);
  expect(await said(streamed.data)).toEqual(rows);
});

test('making them again writes nothing', async () => {
  const { data, snapshots, setNow } = bench();
  writeLake(data, sixtyHours());
  setNow(60);
  expect((await snapshots.rebuild()).written).toBeGreaterThan(120);
  expect((await snapshots.rebuild()).written).toBe(0);
  expect((await snapshots.snapshotBucket(START + 60 * HOUR_MS)).written).toBe(0);
});

test('a late event rewrites its bucket and every later one, and no earlier one', async () => {
  const one = bench();
  writeLake(one.data, sixtyHours());
  one.setNow(60);
  await one.snapshots.rebuild();
  const before = await said(one.data);
  writeLake(one.data, [equity(20.9, 5000)]);
  await one.snapshots.rebuild({ from: '2026-01-05' });
  const after = await said(one.data);
  const changed = after.filter((row, at) => JSON.stringify(row) !== JSON.stringify(before[at]));
  expect(Math.min(...changed.map(({ ts_ms }) => Number(ts_ms)))).toBe(START); // the day it lies in
  const hours = changed.filter(({ bucket }) => bucket === '1h').map(({ ts_ms }) => Number(ts_ms));
  expect(Math.min(...hours)).toBe(START + 20 * HOUR_MS);
  // The peak is remembered to the end.
  expect(new Set(hours).size).toBe(40);
});

test('the schedule sees by itself that events came late, days after', async () => {
  const one = bench();
  const events = sixtyHours();
  writeLake(
    one.data,
    events.filter(({ seq }) => seq !== 20),
  );
  one.setNow(-1_000_000); // the objects of this test are named as of December 2025: newer than the last look
  await hourly(one, 1, 2);
  await hourly(one, 24, 25);
  await hourly(one, 48, 60);
  writeLake(
    one.data,
    events.filter(({ seq }) => seq === 20),
  );
  await hourly(one, 60, 60);
  const whole = bench();
  writeLake(whole.data, events);
  whole.setNow(60);
  await whole.snapshots.rebuild();
  expect(await said(one.data)).toEqual(await said(whole.data));
});

test('a row that is not so any more is withdrawn', async () => {
  const { data, snapshots, setNow } = bench();
  const row = {
    ...event('trade_lifecycle', 1, { status: 'closed', exit_ts: isoOf(START + 2 * HOUR_MS), net_pnl_usd: 1, rev: 1 }),
    dialect: 'derived',
  };
  writeLake(data, [row]);
  setNow(30);
  await snapshots.rebuild();
  expect(await said(data)).not.toEqual([]);
  writeLake(data, [{ ...row, rev: 2, retracted: true }]);
  await snapshots.rebuild();
  expect(await said(data)).toEqual([]);
});

test('trades that were entered long before are closed in their bucket, also after the state was lost', async () => {
  const one = bench();
  const trade = (rev: number, fields: LakeEvent): LakeEvent => ({
    ...event('trade_lifecycle', 1, { event_id: 't-1', rev, ...fields }),
    dialect: 'derived',
  });
  writeLake(one.data, [trade(1, { status: 'open' })]);
  await hourly(one, 1, 30);
  await hourly(one, 500, 501);
  writeLake(one.data, [trade(2, { status: 'closed', exit_ts: isoOf(START + 500.5 * HOUR_MS), net_pnl_usd: 2 })]);
  await hourly(one, 501, 501);
  const closed = (await said(one.data)).filter(({ trade_count }) => Number(trade_count) > 0);
  expect(closed.map(({ level, ts_ms }) => [level, ts_ms])).toEqual([
    ['run', START + 500 * HOUR_MS],
    ['strategy', START + 500 * HOUR_MS],
  ]);
});

test('what is held is known, and what was added to the sums, however long ago the ledger last said it', async () => {
  const one = bench();
  const booked = (hours: number, fields: LakeEvent): LakeEvent => ({
    ...event('equity_curve', hours, { fees_cum_usd: 1, turnover_usd: 100, rev: 1, ...fields }),
    event_id: `fill-${++made}`,
    dialect: 'derived',
  });
  writeLake(one.data, [
    { ...event('trade_lifecycle', 1, { status: 'open', rev: 1 }), dialect: 'derived' },
    booked(1, { fill_count: 1, exposure_usd: 100 }),
    event('error', 200.5),
    booked(300.5, { fill_count: 2, exposure_usd: 260, fees_cum_usd: 2.5, turnover_usd: 250 }),
  ]);
  one.setNow(302);
  await one.snapshots.rebuild();
  const hours = (await said(one.data)).filter(({ bucket, level }) => bucket === '1h' && level === 'run');
  expect(hours.map(({ exposure_usd, turnover, fees_usd }) => [exposure_usd, turnover, fees_usd])).toEqual([
    [100, 100, 1],
    [100, 0, 0],
    [260, 150, 1.5],
  ]);
});

test('the bucket comes from the schedule, not from the clock', async () => {
  const one = bench();
  writeLake(one.data, [equity(0.5, 1000), equity(1.5, 1001)]);
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  await snapshotJob(one.snapshots, log).run(START + HOUR_MS);
  expect((await said(one.data)).map(({ ts_ms, level }) => [ts_ms, level])).toEqual([
    [START, 'run'],
    [START, 'strategy'],
  ]);
});

test('a desk makes them every hour, with days as the zone of its settings has them', async () => {
  const { data, ports } = bench();
  writeFileSync(join(data, 'nightdesk.json'), '{"zone":"Asia/Kolkata"}');
  writeLake(data, [equity(18.2, 1000), equity(18.6, 1010)]); // midnight is at 18:30
  const ledger = createLedger(ports, LEDGER_DEFAULTS);
  const jobs = deskJobs({ ledger, ports, config: LEDGER_DEFAULTS, folder: dataFolder(data) });
  const job = jobs.find(({ name }) => name === 'snapshots');
  expect(job?.every).toBe('hour');
  await job?.run(START + 19 * HOUR_MS);
  expect((await said(data)).map(({ daily_pnl }) => daily_pnl)).toEqual([10, 10]);
});

test('midnight is that of the zone, over a change of clocks too', () => {
  const berlin = midnightIn('Europe/Berlin');
  expect(new Date(berlin(Date.UTC(2026, 2, 29, 12))).toISOString()).toBe('2026-03-28T23:00:00.000Z');
  expect(new Date(berlin(Date.UTC(2026, 2, 30, 12))).toISOString()).toBe('2026-03-29T22:00:00.000Z');
});

test('`nightdesk snapshots build` makes them and `nightdesk snapshots` lists them', async () => {
  const data = tempFolder();
  writeLake(data, sixtyHours().slice(0, 30));
  const built = await nightdesk('snapshots', 'build', '--data', data, '--json');
  expect(built).toMatchObject({ code: 0, err: '' });
  expect(JSON.parse(built.out)).toMatchObject({ rows: 64, written: 64 });
  const table = await nightdesk('snapshots', '--data', data, '--bucket', '24h', '--level', 'strategy');
  expect(table.out).toContain('2026-01-06 05:30');
  expect(table.out.split('\n').filter((line) => line.includes('24h'))).toHaveLength(2);
  const json = await nightdesk('snapshots', '--data', data, '--session', 'run', '--limit', '1', '--format', 'json');
  expect(JSON.parse(json.out)).toMatchObject({ fitting: 32, snapshots: [{ session_id: 'run', level: 'run' }] });
  const csv = await nightdesk('snapshots', '--data', data, '--limit', '500', '--format', 'csv');
  expect(csv.out.split('\n')[0]).toMatch(
    /^mode,strategy_id,account_id,session_id,ts_ist,equity_value,drawdown_current,/,
  );
  expect(csv.out.trim().split('\n')).toHaveLength(65);
});

test('`nightdesk snapshots` of an empty lake says where they come from', async () => {
  const { code, out, err } = await nightdesk('snapshots', '--data', tempFolder());
  expect({ code, out }).toEqual({ code: 0, out: '' });
  expect(err).toContain('nightdesk snapshots build');
});
