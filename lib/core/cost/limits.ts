import { MAX_BATCH_RECORDS } from '../limits.ts';
import { DAYS_PER_MONTH, MB, SECONDS_PER_MONTH } from './units.ts';
import { STACK, type Usage } from './usage.ts';
import type { Workload } from './workload.ts';

/** One delivery stream, Direct PUT, in us-east-1, us-west-2 and eu-west-1; elsewhere a fifth of the bytes (Firehose developer guide, quotas). */
export const FIREHOSE_QUOTA = { bytesPerSecond: 5 * MB, recordsPerSecond: 500_000, callsPerSecond: 2_000 } as const;
/** Of an account and region unless raised (Lambda developer guide, quotas). */
export const LAMBDA_CONCURRENCY = 1_000;
/** Longest a function may run, s. */
export const LAMBDA_SECONDS = 900;
/** Most lifecycle functions at once: the queue’s maximum concurrency. */
export const LIFECYCLE_CONCURRENCY = 2;

/** A bound that a stack runs into, on average over the month: bots that are busy for a few hours a day run into it earlier. */
export interface Limit {
  readonly limit: string;
  readonly unit: string;
  readonly used: number;
  readonly allowed: number;
  readonly ok: boolean;
  /** What to do about it. */
  readonly remedy: string;
}

export function limitsOf(workload: Workload, usage: Usage): Limit[] {
  const { ingested, functions } = usage;
  const perSecond = (quantity: number): number => quantity / SECONDS_PER_MONTH;
  const flushes = workload.strategies * (SECONDS_PER_MONTH / (workload.flushMs / 1000));
  const calls = Math.max(ingested.records / MAX_BATCH_RECORDS, Math.min(ingested.records, flushes));
  const busy = (name: keyof typeof functions): number =>
    perSecond(functions[name].gbSeconds / (STACK.memoryMb[name] / 1024));
  const night = (busy('reconcile') * SECONDS_PER_MONTH) / DAYS_PER_MONTH;
  const quota = 'ask AWS to raise the quota of the delivery stream, or deploy several stacks';
  return [
    bound('Firehose: data', 'bytes/s', perSecond(ingested.sentBytes), FIREHOSE_QUOTA.bytesPerSecond, quota),
    bound('Firehose: records', 'records/s', perSecond(ingested.records), FIREHOSE_QUOTA.recordsPerSecond, quota),
    bound('Firehose: calls', 'calls/s', perSecond(calls), FIREHOSE_QUOTA.callsPerSecond, `gather longer, or ${quota}`),
    bound(
      'Lambda: transform functions at once',
      'functions',
      busy('transform'),
      LAMBDA_CONCURRENCY,
      'ask AWS to raise the concurrency of the account',
    ),
    bound(
      'Lambda: lifecycle functions at once',
      'functions',
      busy('lifecycle'),
      LIFECYCLE_CONCURRENCY,
      'deploy several stacks, each with some of the strategies: trades would come later and later',
    ),
    bound(
      'Lambda: seconds of the nightly comparison',
      'seconds',
      night,
      LAMBDA_SECONDS,
      'gather larger objects (--buffer), or deploy several stacks, each with some of the strategies; what it compares, `nightdesk reconcile` compares too',
    ),
  ];
}

const bound = (limit: string, unit: string, used: number, allowed: number, remedy: string): Limit => ({
  limit,
  unit,
  used,
  allowed,
  ok: used <= allowed,
  remedy,
});

/** Delivery streams that it takes without a raised quota, where each takes its share. */
export const deliveryStreams = (limits: readonly Limit[]): number =>
  Math.max(
    1,
    ...limits.filter(({ limit }) => limit.startsWith('Firehose')).map(({ used, allowed }) => Math.ceil(used / allowed)),
  );
