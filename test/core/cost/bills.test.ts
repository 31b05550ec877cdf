import { expect, test } from 'vitest';
import { billOf } from '../../../lib/core/cost/bill.ts';
import { type Workload, workloadOf } from '../../../lib/core/cost/workload.ts';

// Bills worked out by hand. A month has 730 h = 43,800 min = 2,628,000 s = 30.41667 days. GB = 2^30 bytes.
// Every line of a cent or more is listed; those below are in the total only.

const GB = 2 ** 30;

/** Lines of a bill of at least a cent, USD. */
const linesOf = (given: Partial<Workload>): Record<string, number> =>
  Object.fromEntries(
    billOf(workloadOf(given))
      .items.filter(({ usd }) => usd >= 0.01)
      .map(({ service, item, usd }) => [`${service}, ${item}`, usd]),
  );

/** Metrics of a strategy: 17 names, two more by the four sources each. Beside them the stack's own, once. */
const METRICS = 17 + 2 * 4;
const STACK = 7;

/** The first 10,000 at 0.30, those beyond at 0.10. */
const metricsUsd = (metrics: number): number => Math.min(metrics, 10_000) * 0.3 + Math.max(0, metrics - 10_000) * 0.1;

interface Busy {
  /** Calls of the transform, minutes in which the queue wakes the ledger, and minutes of strategies with news. */
  readonly transforms: number;
  readonly woken: number;
  readonly active: number;
  readonly objects: number;
  readonly events: number;
  readonly strategies: number;
  /** @default - each call of the transform holds some of every strategy */
  readonly records?: number;
}

/** What the alerts add. Half of the transform's calls show them something at once, and each turn of the ledger its objects. */
function alertsOf({ transforms, woken, active, objects, events, strategies, records = transforms * strategies }: Busy) {
  const told = transforms / 2 + woken + Math.min(43_800, active);
  const calls = Math.min(told, 2_628_000); // one a second
  const turns = calls + active;
  const seconds = (calls + 43_800) * 0.02 + objects * 0.005 + turns * 0.1 + events * 60e-6 * (1_769 / 1_024);
  return {
    invocations: calls + 43_800,
    lines: {
      'CloudWatch, alarm over all others': 0.5,
      'CloudWatch, dashboards': 3 * 3,
      'Secrets Manager, secrets': 0.4,
      'SQS, queue of alerts': (told + Math.max(657_000, told / 10) + told / 10) * 0.4e-6,
      'Lambda, requests: alerts': (calls + 43_800) * 0.2e-6,
      'Lambda, compute: alerts': seconds * 0.0000133334, // 1 GB
      'S3, writes: state of alerts': (turns / 1000) * 0.005,
      'S3, reads: alerts': ((turns + objects + 43_800 * Math.min(strategies, events)) / 1000) * 0.0004,
    },
    /** Lines of metrics: a tick a minute and strategy; of each call of the transform one of the stack, and one of each strategy. */
    metricLogGb:
      (Math.min(strategies, events) * 43_800 * (300 + METRICS * 60) +
        (transforms + Math.min(transforms * strategies, records)) * (300 + 4 * 60)) /
      GB,
  };
}

/** Lines as they are without the alerts and metrics, which are added: to the cent, in any order; what is not listed adds up to less than ten cents. */
function expectBill(
  given: Partial<Workload>,
  { busy, lines }: { readonly busy: Busy; readonly lines: Readonly<Record<string, number>> },
  totalUsd: number,
): void {
  const alerts = alertsOf(busy);
  const publishing = Math.min(busy.strategies, busy.events);
  const line = (name: string): number => lines[name] ?? 0;
  const traced = Math.min(alerts.invocations, 2_628_000) + Math.max(0, alerts.invocations - 2_628_000) * 0.05;
  const functionLogs = line('CloudWatch, logs: functions') + ((alerts.invocations * 900) / GB) * 0.5;
  const metricLogs = publishing === 0 ? 0 : alerts.metricLogGb * 0.5;
  const all: Record<string, number> = {
    ...lines,
    ...alerts.lines,
    'CloudWatch, metrics of strategies and pipeline': publishing === 0 ? 0 : metricsUsd(publishing * METRICS + STACK),
    'X-Ray, traces': line('X-Ray, traces') + traced * 5e-6,
    'EventBridge, schedules': line('EventBridge, schedules') + 43_800e-6,
    'S3, lists: states, every minute': 2 * line('S3, lists: states, every minute'),
    'CloudWatch, logs: functions': functionLogs,
    'CloudWatch, logs: metrics': metricLogs,
    // kept at 15 % of their size for 30 days
    'CloudWatch, logs kept': (((functionLogs + metricLogs) / 0.5) * 0.15 * 30 * 0.03) / 30.41667,
  };
  const expected = Object.fromEntries(Object.entries(all).filter(([, usd]) => usd >= 0.01));
  const bill = linesOf(given);
  expect(Object.keys(bill).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, usd] of Object.entries(expected)) expect(bill[name], name).toBeCloseTo(usd, 2);
  const { totalUsd: total } = billOf(workloadOf(given));
  const listed = Object.values(expected).reduce((sum, usd) => sum + usd, 0);
  expect(total - listed).toBeGreaterThan(0);
  expect(total - listed).toBeLessThan(0.1);
  expect(total).toBeCloseTo(totalUsd, 1);
}

/** What a stack costs that nobody sends anything to: its clock, its alarms, and an empty queue that Lambda asks. */
const IDLE = {
  'CloudWatch, alarms': 27 * 0.1,
  // 5 pollers, each asking every 20 s: 5 × 2,628,000 / 20 = 657,000 requests
  'SQS, queue of objects': 657_000 * 0.4e-6,
  // a tick a minute, a snapshot an hour, a comparison a night: 43,800 + 730 + 30.4
  'X-Ray, traces': 44_560.4 * 5e-6,
  'EventBridge, schedules': 44_560.4 * 1e-6,
  'S3, lists: states, every minute': (43_800 / 1000) * 0.005,
  // 20 queries a day = 608.33; 3 streams under 3 prefixes each = 5,475 lists
  'S3, lists: queries': (5_475 / 1000) * 0.005,
  // 608.33 × 10 MB, the least that a query is billed = 5.94 GB
  'Athena, queries': (5.94 / 1024) * 5,
  // 44,560.4 × 900 bytes
  'CloudWatch, logs: functions': 0.0374 * 0.5,
  // 43,800 × 20 ms × 2 GB = 1,752 GB-s
  'Lambda, compute: lifecycle': 1_752 * 0.0000133334,
};

const QUIET: Busy = { transforms: 0, woken: 0, active: 0, objects: 0, events: 0, strategies: 1 };

test('a stack without events costs its alarms and its clock', () => {
  // nine dollars of it are dashboards, 3.20 alarms, 0.40 the secret of a channel
  expectBill({ eventsPerDay: 0 }, { busy: QUIET, lines: IDLE }, 14.24);
});

test('a quiet day of 270 events: metrics and alarms are the bill', () => {
  // 270 × 30.41667 = 8,212.5 events, each alone in its minute: as many records, objects, and minutes with news.
  expectBill(
    { eventsPerDay: 270 },
    {
      busy: { ...QUIET, transforms: 8_212.5, woken: 8_212.5, active: 8_212.5, objects: 8_212.5, events: 8_212.5 },
      lines: {
        ...IDLE,
        'Firehose, dynamic partitioning: objects': (8_212.5 / 1000) * 0.005,
        'S3, writes: delivered objects': (8_212.5 / 1000) * 0.005,
        // per minute with news one turn by the queue and one by the clock; one object of the index and one of the ledger
        'S3, writes: state of ledgers': ((2 * 8_212.5) / 1000) * 0.005,
        'S3, writes: derived rows': ((2 * 8_212.5) / 1000) * 0.005,
        // seven nights read each object, delivered or derived: 7 × (8,212.5 + 16,425) = 172,462.5
        'S3, reads: reconcile': (172_462.5 / 1000) * 0.0004,
        // 608.33 queries × 270 objects a day × 3 of 12 streams = 41,062.5
        'S3, reads: queries': (41_062.5 / 1000) * 0.0004,
        // 8,212.5 in, 8,212.5 / 10 deletions, and the asking
        'SQS, queue of objects': 666_033.75 * 0.4e-6,
        // transform 8,212.5 + lifecycle 8,212.5 + 44,560.4
        'X-Ray, traces': 60_985.4 * 5e-6,
        'CloudWatch, logs: functions': ((60_985.4 * 900) / GB) * 0.5,
        'Lambda, requests: lifecycle': (43_800 + 8_212.5) * 0.2e-6,
        // 52,012.5 × 20 ms + 8,212.5 × 5 ms + 16,425 × 100 ms + 8,212.5 × 100 µs = 2,724.6 s, × 2 GB
        'Lambda, compute: lifecycle': 5_449.3 * 0.0000133334,
        // 172,462.5 × 5 ms + 7 × 8,212.5 × 120 µs + 30.4 × 20 ms = 869.8 s, × 3,008 MB
        'Lambda, compute: reconcile': 2_555 * 0.0000133334,
      },
    },
    24.77,
  );
});

/** A bot that is busy in every minute, on twelve streams: what does not depend on how busy. */
const BUSY = {
  'CloudWatch, alarms': 2.7,
  // 12 streams × 43,800 minutes = 525,600 objects
  'Firehose, dynamic partitioning: objects': 525.6 * 0.005,
  'S3, writes: delivered objects': 525.6 * 0.005,
  'S3, writes: state of ledgers': 87.6 * 0.005,
  'S3, writes: derived rows': 87.6 * 0.005,
  // 7 × (525,600 + 87,600) = 4,292,400
  'S3, reads: reconcile': 4_292.4 * 0.0004,
  // 525,600 objects and 87,600 states
  'S3, reads: lifecycle': 613.2 * 0.0004,
  // 608.33 × 17,280 objects a day × 3 / 12 = 2,628,000
  'S3, reads: queries': 2_628 * 0.0004,
  'S3, lists: states, every minute': 43.8 * 0.005,
  'S3, lists: queries': 5.475 * 0.005,
  // 87,600 × 2 KB = 0.167 GB a month, 11.5 months of it
  'S3, storage: derived rows': 0.16708 * 11.5 * 0.023,
  // 525,600 + 52,560 deletions + 657,000 of asking
  'SQS, queue of objects': 1_235_160 * 0.4e-6,
  'EventBridge, schedules': 0.0446,
  'Lambda, requests: lifecycle': 87_600 * 0.2e-6,
};

/** Something to do in every minute. */
const busyWith = (events: number, transforms = 1_314_000): Busy => ({
  transforms,
  woken: 43_800,
  active: 43_800,
  objects: Math.min(525_600, events),
  events,
  strategies: 1,
});

/** The same, where something comes in every two seconds, at least: 1,314,000 calls of the transform. */
const STEADY = {
  ...BUSY,
  'Lambda, requests: transform': 1.314 * 0.2,
  // 1,314,000 + 87,600 + 730 + 30.4
  'X-Ray, traces': 1_402_360.4 * 5e-6,
  'CloudWatch, logs: functions': ((1_402_360.4 * 900) / GB) * 0.5,
};

test('one signal a minute, 3 events each: 4,320 events a day and not 250,000', () => {
  // 4,320 × 30.41667 = 131,400 events; 3 a minute on 12 streams: each an object. 43,800 minutes with news.
  expectBill(
    { eventsPerDay: 4_320 },
    {
      busy: busyWith(131_400, 131_400),
      lines: {
        ...BUSY,
        'Firehose, dynamic partitioning: objects': 131.4 * 0.005,
        'S3, writes: delivered objects': 131.4 * 0.005,
        'S3, reads: reconcile': 7 * (131.4 + 87.6) * 0.0004,
        'S3, reads: lifecycle': (131.4 + 87.6) * 0.0004,
        'S3, reads: queries': 657 * 0.0004, // 608.33 × 4,320 / 4
        'SQS, queue of objects': (131_400 + 13_140 + 657_000) * 0.4e-6,
        'Athena, queries': 0.029,
        'Firehose, data taken in': ((131_400 * 5_120) / GB) * 0.029, // each alone in its second
        'Lambda, requests: transform': 0.1314 * 0.2,
        // 131,400 + 87,600 + 760.4
        'X-Ray, traces': 219_760.4 * 5e-6,
        'CloudWatch, logs: functions': ((219_760.4 * 900) / GB) * 0.5,
        // (131,400 × 20 ms + 131,400 × 50 µs × 1.728) × 1 GB = 2,639 GB-s
        'Lambda, compute: transform': 2_639 * 0.0000133334,
        // (87,600 × 20 ms + 131,400 × 5 ms + 87,600 × 100 ms + 13 s) × 2 GB
        'Lambda, compute: lifecycle': 2 * (1_752 + 657 + 8_760 + 13.1) * 0.0000133334,
        // (7 × 219,000 × 5 ms + 131,400 × 7 × 120 µs) × 2.9375 GB
        'Lambda, compute: reconcile': 2.9375 * (7_665 + 110.4 + 0.6) * 0.0000133334,
      },
    },
    31.21,
  );
});

test('one signal in five seconds, 3 events each: 51,840 events a day and not a million', () => {
  // 51,840 × 30.41667 = 1,576,800 events: 36 a minute fill all twelve streams
  expectBill(
    { eventsPerDay: 51_840 },
    {
      busy: busyWith(1_576_800),
      lines: {
        ...STEADY,
        'Athena, queries': 0.029,
        'Firehose, data taken in': ((1_576_800 * 5_120) / GB) * 0.029, // 0.6 a second: each its own record
        'Firehose, dynamic partitioning: data': ((1_576_800 * 750) / GB) * 0.02,
        'S3, storage: events, class raw': ((1_576_800 * 750) / 3.4 / GB) * 0.8 * 11.5 * 0.023,
        'S3, storage: events, class audit': ((1_576_800 * 750) / 3.4 / GB) * 0.15 * 11.5 * 0.023,
        'Lambda, compute: transform': (1_314_000 * 0.02 + 1_576_800 * 50e-6 * (1_769 / 1_024)) * 0.0000133334,
        'Lambda, compute: lifecycle': 2 * (1_752 + 2_628 + 8_760 + 157.7) * 0.0000133334,
        'Lambda, compute: reconcile': 2.9375 * (21_462 + 1_324.5 + 0.6) * 0.0000133334,
      },
    },
    53.79,
  );
});

test('one signal a second, 3 events each: 259,200 events a day and not five million', () => {
  // 259,200 × 30.41667 = 7,884,000 events, 3 a second: one record of 1,500 bytes, billed as 5,120
  expectBill(
    { eventsPerDay: 259_200 },
    {
      busy: busyWith(7_884_000),
      lines: {
        ...STEADY,
        'Athena, queries': ((608.333 * (259_200 * 750) * 0.25) / 3.4 / GB / 1024) * 5, // 13.6 MB a query
        'Firehose, data taken in': ((2_628_000 * 5_120) / GB) * 0.029,
        'Firehose, dynamic partitioning: data': ((7_884_000 * 750) / GB) * 0.02,
        'S3, storage: events, class raw': ((7_884_000 * 750) / 3.4 / GB) * 0.8 * 11.5 * 0.023,
        'S3, storage: events, class audit': ((7_884_000 * 750) / 3.4 / GB) * 0.15 * 11.5 * 0.023,
        'Lambda, compute: transform': (1_314_000 * 0.02 + 7_884_000 * 50e-6 * (1_769 / 1_024)) * 0.0000133334,
        'Lambda, compute: lifecycle': 2 * (1_752 + 2_628 + 8_760 + 788.4) * 0.0000133334,
        'Lambda, compute: reconcile': 2.9375 * (21_462 + 6_622.6 + 0.6) * 0.0000133334,
      },
    },
    54.61,
  );
});

const FIVE_MILLION = {
  ...STEADY,
  // 5 M × 750 bytes / 3.4, a quarter of the day's streams: 262.9 MB a query
  'Athena, queries': ((608.333 * 5e6 * 750 * 0.25) / 3.4 / GB / 1024) * 5,
  // 152,083,333 events × 750 bytes = 106.2 GB
  'Firehose, dynamic partitioning: data': 106.23 * 0.02,
  // 31.24 GB compressed a month
  'S3, storage: events, class raw': 31.244 * 0.8 * 11.5 * 0.023,
  'S3, storage: events, class audit': 31.244 * 0.15 * 11.5 * 0.023,
  'S3, storage: events, class debug': 31.244 * 0.05 * (30 / 30.41667) * 0.023, // kept for 30 days
  'Lambda, compute: transform': (26_280 + 152_083_333 * 50e-6 * (1_769 / 1_024)) * 0.0000133334,
  'Lambda, compute: lifecycle': 2 * (1_752 + 2_628 + 8_760 + 15_208.3) * 0.0000133334,
  'Lambda, compute: reconcile': 2.9375 * (21_462 + 127_750 + 0.6) * 0.0000133334,
};

test('five million events a day, each a record of its own: nine tenths of what is paid for was never sent', () => {
  expectBill(
    { eventsPerDay: 5e6, linesPerRecord: 1 },
    {
      busy: busyWith(152_083_333),
      lines: {
        ...FIVE_MILLION,
        // 152,083,333 × 5,120 bytes = 725.2 GB, of which 70.8 were sent
        'Firehose, data taken in': 725.19 * 0.029,
      },
    },
    90.98,
  );
});

test('the same, a hundred lines in a record: 50,000 bytes are billed as ten steps of 5,120', () => {
  expectBill(
    { eventsPerDay: 5e6, linesPerRecord: 100 },
    {
      busy: busyWith(152_083_333),
      lines: {
        ...FIVE_MILLION,
        // 1,520,833 records × 51,200 bytes = 72.5 GB
        'Firehose, data taken in': 72.519 * 0.029,
      },
    },
    72.05,
  );
});

test('a thousand million events a day of 500 bots', () => {
  // 30,416,666,667 events × 500 bytes = 14,163.9 GB sent, × 1.5 = 21,245.8 stored, / 3.4 = 6,248.8 compressed a month
  const raw = 6_248.77 * 0.8 * 11.5;
  const audit = 6_248.77 * 0.15 * 11.5;
  const debug = (6_248.77 * 0.05 * 30) / 30.41667;
  const derived = ((43_800_000 * 2_048) / GB) * 11.5; // 500 strategies × 43,800 minutes × 2
  // the first 51,200 GB at 0.023, the rest at 0.022, shared out by quantity
  const stored = raw + audit + debug + derived + 0.244;
  const perGb = (51_200 * 0.023 + (stored - 51_200) * 0.022) / stored;
  // 15,208 GB in buffers of 0.2 MB: more than one call in two seconds
  const calls = (30_416_666_667 * 500) / (0.2 * 2 ** 20);
  const woken = 87_600 + 760.4;
  expectBill(
    { eventsPerDay: 1e9, strategies: 500, flushMs: 10_000 },
    {
      busy: {
        transforms: calls,
        woken: 43_800,
        active: 21_900_000,
        objects: 525_600,
        events: 30_416_666_667,
        strategies: 500,
        records: 131_400_000,
      },
      lines: {
        'CloudWatch, alarms': 2.7,
        // 231 lines within 10 s: 116 KB a record, and half a step lost: 131,400,000 records
        'Firehose, data taken in': (14_163.9 + (131_400_000 * 2_560) / GB) * 0.029,
        'Firehose, dynamic partitioning: data': 21_245.8 * 0.02,
        'Firehose, dynamic partitioning: objects': 525.6 * 0.005, // 46 MB each, below the buffer of 128 MB
        'S3, writes: delivered objects': 525.6 * 0.005,
        'S3, writes: state of ledgers': 43_800 * 0.005,
        'S3, writes: derived rows': 43_800 * 0.005,
        'S3, writes: snapshots': 730 * 0.005,
        'S3, lists: states, every minute': 43.8 * 0.005,
        'S3, lists: queries': 5.475 * 0.005,
        'S3, reads: lifecycle': (525.6 + 43_800) * 0.0004,
        'S3, reads: reconcile': 7 * (525.6 + 43_800) * 0.0004,
        'S3, reads: snapshots': 1_095 * 0.0004,
        'S3, reads: queries': 2_628 * 0.0004,
        'S3, storage: events, class raw': raw * perGb,
        'S3, storage: events, class audit': audit * perGb,
        'S3, storage: events, class debug': debug * perGb,
        'S3, storage: derived rows': derived * perGb,
        'SQS, queue of objects': 1_235_160 * 0.4e-6,
        'EventBridge, schedules': 0.0446,
        'Athena, queries': ((608.333 * 6_248.77) / 30.41667 / 4 / 1024) * 5,
        'Lambda, requests: transform': calls * 0.2e-6,
        'Lambda, requests: lifecycle': 87_600 * 0.2e-6,
        'Lambda, compute: transform': (calls * 0.02 + 30_416_666_667 * 50e-6 * (1_769 / 1_024)) * 0.0000133334,
        'Lambda, compute: lifecycle': 2 * (1_752 + 2_628 + 4_380_000 + 3_041_666.7) * 0.0000133334,
        'Lambda, compute: snapshots': 2 * (14.6 + 36_500) * 0.0000133334,
        'Lambda, compute: reconcile': 2.9375 * (1_551_396 + 25_550_000) * 0.0000133334,
        // the first call of each second, and a twentieth of the rest
        'X-Ray, traces': (2_628_000 + (calls - 2_628_000) * 0.05 + woken) * 5e-6,
        'CloudWatch, logs: functions': (((calls + woken) * 900) / GB) * 0.5,
      },
    },
    8_143.45,
  );
});
