import { expect, test } from 'vitest';
import { CATALOG } from '../../../lib/core/catalog/index.ts';
import {
  cloudWatchDimensions,
  METRICS,
  metricNamed,
  prometheusName,
  streamsOf,
} from '../../../lib/core/metrics/names.ts';

test('the ten metrics of the audit are there, with exactly its names, kinds and labels', () => {
  const asked: [string, string, string[]][] = [
    ['bot.health.equity_value', 'gauge', []],
    ['bot.health.drawdown_current', 'gauge', []],
    ['bot.health.ws_staleness_ms', 'gauge', []],
    ['bot.health.ws_reconnects', 'counter', []],
    ['bot.trades.total', 'counter', []],
    ['bot.trades.by_source', 'counter', ['source']],
    ['bot.execution.latency_ms', 'histogram', []],
    ['bot.costs.total_bps', 'histogram', []],
    ['bot.signals.strength', 'histogram', ['source']],
    ['bot.calibration.in_band_rate', 'gauge', []],
  ];

  const found = asked.map(([name]) => {
    const { kind, dimensions, optional } = metricNamed(name);
    return [name, kind, dimensions.filter((label) => label !== 'strategy_id'), optional];
  });

  expect(found).toEqual(asked.map((one) => [...one, false]));
});

test('names are unique in both systems, and every histogram states ascending buckets', () => {
  expect(new Set(METRICS.map(({ name }) => name)).size).toBe(METRICS.length);
  expect(new Set(METRICS.map(prometheusName)).size).toBe(METRICS.length);
  for (const { name, kind, buckets = [] } of METRICS) {
    expect(buckets.length > 0, name).toBe(kind === 'histogram');
    expect(
      [...buckets].sort((a, b) => a - b),
      name,
    ).toEqual(buckets);
  }
});

test('a counter ends in one _total, nothing else does', () => {
  expect(prometheusName(metricNamed('bot.trades.total'))).toBe('bot_trades_total');
  expect(prometheusName(metricNamed('pipeline.events.in'))).toBe('pipeline_events_in_total');
  expect(METRICS.filter(({ kind }) => kind !== 'counter').map(prometheusName)).not.toContainEqual(
    expect.stringMatching(/_total$/),
  );
});

test('a metric of the stack has the one dimension of the stack, whatever is configured', () => {
  expect(cloudWatchDimensions(metricNamed('pipeline.lag_ms'), ['mode'])).toEqual(['service']);
  expect(cloudWatchDimensions(metricNamed('bot.trades.by_source'), ['mode'])).toEqual([
    'strategy_id',
    'source',
    'mode',
  ]);
});

test('each stream of the catalog names the metrics that are made of it, and no others', () => {
  const made = (stream: string) =>
    METRICS.filter((metric) => streamsOf(metric).includes(stream)).map(({ name }) => name);

  expect(Object.values(CATALOG).map(({ name, metrics }) => [name, metrics])).toEqual(
    Object.keys(CATALOG).map((name) => [name, made(name)]),
  );
});
