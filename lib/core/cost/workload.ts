import { NightdeskError } from '../errors.ts';

/** What a stack has to do, and how it is set up: all that its bill depends on. */
export interface Workload {
  /** Events of all strategies together. */
  readonly eventsPerDay: number;
  /** Of one event as it is sent: a line of JSON. */
  readonly bytes: number;
  readonly strategies: number;
  /** Different streams that events go to; each is a partition of its own. */
  readonly streams: number;
  /** Events in one record of Firehose; null: what a strategy says within `flushMs`, up to 400 lines and 256 KiB. */
  readonly linesPerRecord: number | null;
  /** How long a producer gathers events before it sends them. */
  readonly flushMs: number;
  /** How long Firehose gathers a partition’s events before it writes an object. */
  readonly bufferMs: number;
  /** Bytes of a line as stored, before compression, for one byte as sent. */
  readonly expansion: number;
  readonly gzipRatio: number;
  /** Which month since the first event is billed: what came before is in the lake. */
  readonly month: number;
  readonly queriesPerDay: number;
  /** Compressed bytes that a query reads; null: a day of three streams. */
  readonly scanBytes: number | null;
  /** Days that the nightly comparison of the ledger folds again. */
  readonly reconcileDays: number;
  /** Whether anything is published to CloudWatch: without strategies still the metrics of the pipeline. */
  readonly publish: boolean;
  /** How many strategies publish metrics. */
  readonly metricStrategies: number;
  /** Whether those are published too that only dashboards show. */
  readonly extraMetrics: boolean;
  /** Dimensions beyond the strategy, and how many values each has. */
  readonly dimensions: Readonly<Record<string, number>>;
  /** Metrics that alarms look at; the alarm over all others is beside them. */
  readonly alarms: number;
  readonly dashboards: number;
  readonly secrets: number;
  /** Days that logs of the functions are kept. */
  readonly logDays: number;
  readonly tracing: boolean;
  /** Whether a KMS key of one’s own encrypts, instead of one that AWS owns. */
  readonly kms: boolean;
  /** Whether the free tier of the account is left for this stack. */
  readonly freeTier: boolean;
}

/** A stack as `cdk deploy` makes it, with one bot. The figures that were measured say so in docs/cost.md. */
export const DEFAULT_WORKLOAD: Workload = {
  eventsPerDay: 0,
  bytes: 500,
  strategies: 1,
  streams: 12,
  linesPerRecord: null,
  flushMs: 1_000,
  bufferMs: 60_000,
  expansion: 1.5,
  gzipRatio: 3.4,
  month: 12,
  queriesPerDay: 20,
  scanBytes: null,
  reconcileDays: 7,
  publish: true,
  metricStrategies: 1,
  extraMetrics: false,
  dimensions: {},
  alarms: 27,
  dashboards: 3,
  secrets: 1,
  logDays: 30,
  tracing: true,
  kms: false,
  freeTier: false,
};

export interface Range {
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
  readonly unit: string;
}

/** What each number may be. Above them the model has no meaning, or AWS no such thing. */
export const RANGES = {
  eventsPerDay: { min: 0, max: 1e12, whole: false, unit: 'events' },
  bytes: { min: 1, max: 1_024_000, whole: false, unit: 'bytes' },
  strategies: { min: 1, max: 100_000, whole: true, unit: 'strategies' },
  streams: { min: 1, max: 400, whole: true, unit: 'streams' },
  linesPerRecord: { min: 1, max: 400, whole: true, unit: 'lines' },
  flushMs: { min: 50, max: 60_000, whole: false, unit: 'ms' },
  bufferMs: { min: 60_000, max: 900_000, whole: false, unit: 'ms' },
  expansion: { min: 0.1, max: 20, whole: false, unit: 'times' },
  gzipRatio: { min: 1, max: 100, whole: false, unit: 'times' },
  month: { min: 1, max: 600, whole: true, unit: 'months' },
  queriesPerDay: { min: 0, max: 1e7, whole: false, unit: 'queries' },
  scanBytes: { min: 0, max: 1e15, whole: false, unit: 'bytes' },
  reconcileDays: { min: 0, max: 90, whole: true, unit: 'days' },
  metricStrategies: { min: 0, max: 100_000, whole: true, unit: 'strategies' },
  alarms: { min: 0, max: 10_000, whole: true, unit: 'alarms' },
  dashboards: { min: 0, max: 1_000, whole: true, unit: 'dashboards' },
  secrets: { min: 0, max: 1_000, whole: true, unit: 'secrets' },
  logDays: { min: 1, max: 3_653, whole: true, unit: 'days' },
} as const satisfies Partial<Record<keyof Workload, Range>>;

/** Values of one dimension. */
export const DIMENSION_RANGE: Range = { min: 1, max: 100_000, whole: true, unit: 'values' };

/** @param name what the number is called in the message. @throws CONFIG_INVALID where it is outside its range */
export function inRange(name: string, value: number, { min, max, whole }: Range): number {
  if (Number.isFinite(value) && value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
  throw new NightdeskError(
    'CONFIG_INVALID',
    `${name} must be a ${whole ? 'whole ' : ''}number from ${min} to ${max}, got ${value}`,
  );
}

/** A workload of what is given, with the defaults for the rest. @throws CONFIG_INVALID */
export function workloadOf(given: Partial<Workload>): Workload {
  const strategies = given.strategies ?? DEFAULT_WORKLOAD.strategies;
  const workload = { ...DEFAULT_WORKLOAD, metricStrategies: strategies, ...given };
  for (const [name, range] of Object.entries(RANGES)) {
    const value = workload[name as keyof typeof RANGES];
    if (value !== null) inRange(name, value, range);
  }
  for (const [name, values] of Object.entries(workload.dimensions))
    inRange(`dimension ${name}`, values, DIMENSION_RANGE);
  if (workload.metricStrategies > workload.strategies)
    throw new NightdeskError(
      'CONFIG_INVALID',
      `metricStrategies must be at most strategies (${workload.strategies}), got ${workload.metricStrategies}`,
    );
  return workload;
}
