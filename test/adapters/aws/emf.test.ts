import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dimensionText, publishGroups } from '../../../lib/adapters/aws/emf.ts';
import { Aggregate } from '../../../lib/core/metrics/aggregate.ts';
import { LabelBook } from '../../../lib/core/metrics/labels.ts';
import { METRICS, metricNamed } from '../../../lib/core/metrics/names.ts';
import type { Sample } from '../../../lib/core/metrics/samples.ts';
import { type EmfMetric, readEmf } from '../../support/emf.ts';

const NOW_MS = Date.UTC(2025, 11, 3, 12);
const MINUTE_MS = 60_000;

let written: string[] = [];
beforeEach(() => {
  written = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  vi.spyOn(console, 'log').mockImplementation(() => {
    throw new Error('console.log is wrapped once more by Lambda');
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

const problems: string[] = [];
const log = { info: () => undefined, warn: () => undefined, error: (text: string) => void problems.push(text) };

/** What CloudWatch reads of the lines that publishing the samples writes. */
function published(samples: readonly Sample[], namespace = 'Nightdesk'): EmfMetric[] {
  written = [];
  problems.length = 0;
  const aggregate = new Aggregate({ extra: true });
  for (const sample of samples) aggregate.add(sample);
  publishGroups(aggregate.drain(), { namespace, log, nowMs: () => NOW_MS });
  expect(problems).toEqual([]);
  return written.flatMap((line) => readEmf(line, NOW_MS));
}

const hostile = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('alpha', 'beta', 'gamma') },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.string({ minLength: 180, maxLength: 2_000 }) },
  fc.constantFrom(
    '',
    ' ',
    ':colon',
    '__proto__',
    'service',
    '_aws',
    '(none)',
    '(others)',
    'a\nb',
    '%41',
    'A',
    'bö\u0000t',
    '\ud800',
  ),
  fc.constant(null),
);

const named = fc.constantFrom(...METRICS.map(({ name }) => name));
const value = fc.oneof(
  { weight: 8, arbitrary: fc.double({ noNaN: true, min: -1e6, max: 1e6 }) },
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300, 0, -0),
);

const batches = fc
  .record({
    dimensions: fc.subarray(['symbol', 'venue', 'timeframe', 'mode']),
    samples: fc.array(
      fc.record({
        name: named,
        strategy: hostile,
        symbol: hostile,
        value,
        repeat: fc.oneof(
          { weight: 20, arbitrary: fc.constant(1) },
          fc.integer({ min: 95, max: 250 }),
          fc.constant(5_000),
        ),
        ago: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(0, 1) }, fc.integer({ min: -59, max: 2_000 })),
      }),
      { minLength: 1, maxLength: 25 },
    ),
  })
  .map(({ dimensions, samples }) => {
    const book = new LabelBook({ dimensions });
    return samples.flatMap(({ name, strategy, symbol, value: figure, repeat, ago }) => {
      const bySource = metricNamed(name).dimensions.includes('source');
      const labels = book.of({ strategy_id: strategy, symbol, mode: 'paper' }, bySource ? 'pros' : undefined);
      const minuteMs = NOW_MS - ago * MINUTE_MS;
      return Array.from({ length: repeat }, (): Sample => ({ name, labels, value: figure, minuteMs }));
    });
  });

const isTaken = (figure: number): boolean => Number.isFinite(figure) && Math.abs(figure) <= 2 ** 360;

describe('EMF lines', () => {
  test('every line keeps to the specification of AWS, and sums and counts of each series are those of its samples', () => {
    fc.assert(
      fc.property(batches, (samples) => {
        const metrics = published(samples);
        const seriesOf = (name: string, dimensions: Readonly<Record<string, string>>, atMs: number): string =>
          JSON.stringify([name, Object.entries(dimensions).sort(), atMs]);
        const expected = new Map<string, { kind: string; values: number[] }>();
        for (const { name, labels, value: figure, minuteMs } of samples) {
          if (!Number.isFinite(figure)) continue;
          const { kind, scope } = metricNamed(name);
          const dimensions = Object.fromEntries(
            Object.entries(scope === 'stack' ? { service: 'nightdesk' } : labels.values).map(([key, text]) => [
              key,
              dimensionText(text),
            ]),
          );
          const series = seriesOf(name, dimensions, minuteMs);
          const known = expected.get(series) ?? { kind, values: [] };
          expected.set(series, known);
          if (kind === 'histogram') known.values.push(figure);
          else if (kind === 'gauge') known.values = [figure];
          else known.values = [(known.values[0] ?? 0) + figure];
        }
        const found = new Map<string, number[]>();
        for (const { name, dimensions, timestampMs, values } of metrics) {
          const series = seriesOf(name, dimensions, timestampMs);
          found.set(series, [...(found.get(series) ?? []), ...values]);
        }
        for (const [series, { values }] of expected) {
          const taken = values.filter(isTaken);
          expect(found.get(series)?.length ?? 0, series).toBe(taken.length);
          expect(sum(found.get(series) ?? []), series).toBe(sum(taken));
        }
        expect([...found.keys()].filter((series) => !expected.has(series))).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  test('a line is nothing but its JSON, and goes to standard output past the console that Lambda wraps', () => {
    const labels = new LabelBook().of({ strategy_id: 'alpha' });

    published([{ name: 'bot.errors.total', labels, value: 2, minuteMs: NOW_MS }]);

    expect(written).toEqual([
      `${JSON.stringify({
        _aws: {
          Timestamp: NOW_MS,
          CloudWatchMetrics: [
            {
              Namespace: 'Nightdesk',
              Dimensions: [['strategy_id']],
              Metrics: [{ Name: 'bot.errors.total', Unit: 'Count' }],
            },
          ],
        },
        strategy_id: 'alpha',
        'bot.errors.total': 2,
      })}\n`,
    ]);
  });

  test('250 values of one metric are three lines, all under its own strategy', () => {
    const book = new LabelBook();
    const of = (strategy: string, count: number): Sample[] =>
      Array.from({ length: count }, (_, at) => ({
        name: 'bot.execution.latency_ms',
        labels: book.of({ strategy_id: strategy }),
        value: at,
        minuteMs: NOW_MS,
      }));

    const metrics = published([...of('alpha', 250), ...of('beta', 1)]);

    expect(metrics.map(({ dimensions, values }) => [dimensions.strategy_id, values.length])).toEqual([
      ['alpha', 99],
      ['alpha', 99],
      ['alpha', 52],
      ['beta', 1],
    ]);
  });

  test('what lies outside the window of CloudWatch is not written, nor is NaN or an infinity', () => {
    const labels = new LabelBook().of({ strategy_id: 'alpha' });
    const at = (minuteMs: number, figure = 1): Sample => ({
      name: 'bot.health.checks',
      labels,
      value: figure,
      minuteMs,
    });

    expect(published([at(NOW_MS - 14 * 86_400_000), at(NOW_MS + 2 * 3_600_000), at(NOW_MS, Number.NaN)])).toEqual([]);
  });

  test('what cannot be published is logged, and costs nobody anything else', () => {
    const error = vi.fn();
    const group = {
      dimensions: {},
      minuteMs: NOW_MS,
      figures: new Map([['no.such.metric', 1]]),
      values: new Map<string, number[]>(),
    };

    publishGroups([group], { namespace: 'Nightdesk', log: { ...log, error }, nowMs: () => NOW_MS });

    expect(error).toHaveBeenCalledOnce();
    expect(written).toEqual([]);
  });

  test('two names never become one dimension value', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.string({ unit: 'binary', maxLength: 60 }),
        (a, b) => {
          fc.pre(a !== b && a.trim() !== '' && b.trim() !== '');
          expect(dimensionText(a)).not.toBe(dimensionText(b));
        },
      ),
    );
    expect(dimensionText('bö:t 50%')).toBe('b%C3%B6:t 50%25');
    expect(dimensionText(':a')).toBe('%3Aa');
  });
});

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
