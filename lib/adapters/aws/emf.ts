import { Metrics } from '@aws-lambda-powertools/metrics';
import { messageOf } from '../../core/errors.ts';
import type { SampleGroup } from '../../core/metrics/aggregate.ts';
import { factsOf } from '../../core/metrics/facts.ts';
import { OTHERS } from '../../core/metrics/labels.ts';
import type { Log } from '../../core/ports/index.ts';

export interface EmfOptions {
  /** Of CloudWatch. */
  readonly namespace: string;
  readonly log: Log;
  /** @default - the clock */
  readonly nowMs?: () => number;
}

/** Powertools flushes by itself at 100 values of a metric or 100 metrics, and forgets dimensions and timestamp: never so many. */
const MOST_AT_ONCE = 99;
/** CloudWatch takes timestamps of the last 14 days and the next 2 hours; a minute less, for the way there. */
const OLDEST_MS = 14 * 86_400_000 - 60_000;
const NEWEST_MS = 2 * 3_600_000 - 60_000;
/** Greater figures are refused (PutMetricData: −2^360 to 2^360). */
const GREATEST = 2 ** 360;
const LONGEST_VALUE = 1_024;

const silent = () => undefined;
const SILENT = { debug: silent, info: silent, warn: silent, error: silent, trace: silent };

/**
 * Publishes figures to CloudWatch as lines of the function's log, in the embedded metric format. Never throws: what cannot
 * be written is logged and lost.
 *
 * One flush for each group: dimensions and timestamp belong to a flush, and a second group in it would land in the first
 * one's metrics. `service`, which Powertools adds to everything, is taken out: it would be one more name that each alarm
 * must give, and tells nothing.
 */
export function publishGroups(groups: readonly SampleGroup[], { namespace, log, nowMs = Date.now }: EmfOptions): void {
  if (groups.length === 0) return;
  const atMs = nowMs();
  try {
    const metrics = new Metrics({ namespace, logger: SILENT });
    metrics.clearDefaultDimensions();
    for (const group of groups) if (isInTime(group, atMs)) publishGroup(metrics, group);
  } catch (error) {
    log.error('metrics could not be published', { reason: messageOf(error) });
  }
}

const isInTime = ({ minuteMs }: SampleGroup, atMs: number): boolean =>
  minuteMs >= atMs - OLDEST_MS && minuteMs <= atMs + NEWEST_MS;

function publishGroup(metrics: Metrics, { dimensions, minuteMs, figures, values }: SampleGroup): void {
  const named = [...[...figures].map(([name, value]) => [name, [value]] as const), ...values].map(
    ([name, all]) => [name, all.filter(isTaken)] as const,
  );
  const most = named.reduce((longest, [, all]) => Math.max(longest, all.length), 0);
  for (let from = 0; from < most; from += MOST_AT_ONCE) {
    const flush = named
      .map(([name, all]) => [name, all.slice(from, from + MOST_AT_ONCE)] as const)
      .filter(([, slice]) => slice.length > 0);
    for (let first = 0; first < flush.length; first += MOST_AT_ONCE) {
      metrics.setTimestamp(minuteMs);
      for (const [name, value] of Object.entries(dimensions)) metrics.addDimension(name, dimensionText(value));
      for (const [name, slice] of flush.slice(first, first + MOST_AT_ONCE)) {
        const { cloudWatchUnit } = factsOf(name);
        for (const value of slice) metrics.addMetric(name, cloudWatchUnit, value);
      }
      metrics.publishStoredMetrics();
    }
  }
}

const isTaken = (value: number): boolean => Number.isFinite(value) && Math.abs(value) <= GREATEST;

/**
 * A value as CloudWatch takes it: printable ASCII, no colon at its begin, at most 1,024 characters. Everything else is
 * spelled as in addresses (`%C3%A4`), and `%` too, so that two names never become one.
 */
export function dimensionText(value: string): string {
  const text = value.replaceAll(/^:|[^ -$&-~]/gu, spelled);
  return text.length <= LONGEST_VALUE && text.trim() !== '' ? text : OTHERS;
}

const spelled = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  // Half of a pair stands alone: there is no UTF-8 of it.
  if (code >= 0xd800 && code <= 0xdfff) return `%u${code.toString(16).toUpperCase()}`;
  if (code >= 0x80) return encodeURIComponent(character);
  return `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
};
