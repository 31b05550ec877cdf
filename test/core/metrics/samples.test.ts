import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMeter } from '../../../lib/core/metrics/aggregate.ts';
import { LabelBook } from '../../../lib/core/metrics/labels.ts';
import { Recent } from '../../../lib/core/metrics/recent.ts';
import { DEFAULT_SAMPLE_SETTINGS, type Sample, samplesOf } from '../../../lib/core/metrics/samples.ts';
import { sourceOf } from '../../../lib/core/metrics/sources.ts';
import type { Verdict } from '../../../lib/core/transform/types.ts';
import { wireLine } from '../../../lib/core/transform/wire.ts';
import { NOW_MS, verdictOf } from '../../support/transform.ts';

let made = 0;
const isoAt = (agoMs: number): string => new Date(NOW_MS - agoMs).toISOString();
const event = (stream: string, fields: Record<string, unknown> = {}): Verdict =>
  verdictOf(
    JSON.stringify({
      event_id: `e${++made}`,
      stream,
      strategy_id: 'alpha',
      mode: 'paper',
      ts: isoAt(1_000),
      ...fields,
    }),
  );

/** Names and values, those of the pipeline left out. */
const measured = (verdict: Verdict, settings = DEFAULT_SAMPLE_SETTINGS) =>
  samplesOf(verdict, settings)
    .filter(({ name }) => !name.startsWith('pipeline.'))
    .map(({ name, value, labels: { values } }) =>
      values.source === undefined ? [name, value] : [name, value, values.source],
    );
const flow = (verdict: Verdict) =>
  samplesOf(verdict)
    .map(({ name }) => name)
    .filter((name) => name.startsWith('pipeline.events.'));

describe('history publishes nothing at all', () => {
  test('an event at the bound is counted, one a millisecond older is not', () => {
    expect(flow(event('health', { ts: isoAt(900_000) }))).toContain('pipeline.events.stored');
    expect(samplesOf(event('health', { ts: isoAt(900_001) }))).toEqual([]);
  });

  test('where only the time of the bar is known, two bars more are taken', () => {
    const bar = (agoMs: number) => event('market', { ts: undefined, bar_ts: isoAt(agoMs), timeframe: '1h', close: 1 });

    expect(flow(bar(900_000 + 7_200_000))).toContain('pipeline.events.stored');
    expect(samplesOf(bar(900_001 + 7_200_000))).toEqual([]);
    expect(samplesOf(event('market', { ts: isoAt(900_001), timeframe: '1h', note: '"ts_source":"bar_ts"' }))).toEqual(
      [],
    );
  });

  test('an event without any clock publishes nothing: nobody knows how old it is', () => {
    expect(samplesOf(event('health', { ts: undefined }))).toEqual([]);
  });

  test('what is too old for its door, and what a backtest does, are not counted', () => {
    const old = verdictOf(
      JSON.stringify({ event_id: 'old', stream: 'health', strategy_id: 'alpha', ts: isoAt(8 * 86_400_000) }),
      { maxEventAgeMs: 7 * 86_400_000 },
    );

    expect(old.reason).toBe('too_old');
    expect(samplesOf(old)).toEqual([]);
    expect(samplesOf(event('health', { mode: 'backtest' }))).toEqual([]);
  });
});

describe('what comes in', () => {
  test('is stored or quarantined, late from a minute on', () => {
    expect(flow(event('health'))).toEqual(['pipeline.events.in', 'pipeline.events.stored']);
    expect(flow(event('health', { ts: isoAt(60_000) }))).not.toContain('pipeline.events.late');
    expect(flow(event('health', { ts: isoAt(60_001) }))).toContain('pipeline.events.late');
    expect(flow(verdictOf('no json'))).toEqual(['pipeline.events.in', 'pipeline.events.quarantined']);
  });

  test('lies in the minute in which it happened, and the lag of a clock that is ahead is 0', () => {
    const [sample] = samplesOf(event('health', { ts: isoAt(61_000) }));
    expect(sample?.minuteMs).toBe(NOW_MS - 120_000);
    const lag = samplesOf(event('health', { ts: isoAt(-5_000) })).find(({ name }) => name === 'pipeline.lag_ms');
    expect(lag?.value).toBe(0);
  });

  test('twice is a duplicate, and measured once; another run or strategy with the same id is none', () => {
    const memory = { labels: new LabelBook(), recent: new Recent() };
    const names = (over: Record<string, unknown>) =>
      samplesOf(event('error', { event_id: 'same', session_id: 's', ...over }), DEFAULT_SAMPLE_SETTINGS, memory).map(
        ({ name }) => name,
      );

    expect(names({})).toContain('bot.errors.total');
    expect(names({})).toContain('pipeline.events.duplicates');
    expect(names({})).not.toContain('bot.errors.total');
    expect(names({ session_id: 't' })).toContain('bot.errors.total');
    expect(names({ strategy_id: 'beta' })).toContain('bot.errors.total');
  });
});

describe('what is measured', () => {
  const clocks = { decision_ts: isoAt(1_000), qty: 1, price: 2 };

  test('latency is decision to fill; equal, reversed and missing clocks give no value, and no fill has none', () => {
    expect(measured(event('execution', { ...clocks, exec_ts: isoAt(750) }))).toEqual([
      ['bot.execution.latency_ms', 250],
    ]);
    expect(measured(event('execution', { ...clocks, ts: isoAt(900) }))).toEqual([['bot.execution.latency_ms', 100]]);
    for (const without of [
      { exec_ts: isoAt(1_000) },
      { exec_ts: isoAt(1_001) },
      { exec_ts: isoAt(750), decision_ts: undefined },
      { exec_ts: isoAt(750), result: 'rejected' },
      { exec_ts: isoAt(750), qty: 0 },
      { latency_ms: 12, decision_ts: undefined },
    ])
      expect(measured(event('execution', { ...clocks, ...without }))).toEqual([]);
  });

  test('signals have a strength for each source, without its sign; the mood is none', () => {
    const source_signals = { S_top: 0.5, S_bot: -0.25, S_mood: 1, S_model_meta: -0.1, S_model_bma: 0.2, rsi: 0.9 };

    expect(measured(event('signals', { source_signals, s_model: 0.7 }))).toEqual([
      ['bot.signals.strength', 0.5, 'pros'],
      ['bot.signals.strength', 0.25, 'amateurs'],
      ['bot.signals.strength', 0.1, 'model'],
      ['bot.signals.strength', 0.2, 'model'],
      ['bot.signals.strength', 0.9, 'unknown'],
    ]);
    expect(measured(event('signals', { s_model: -0.7 }))).toEqual([['bot.signals.strength', 0.7, 'model']]);
  });

  test.each([
    ['S_top', 'pros'],
    ['pros', 'pros'],
    ['S_bot', 'amateurs'],
    ['amateurs', 'amateurs'],
    ['model_bma', 'model'],
    ['S_model_meta', 'model'],
    ['model', 'model'],
    ['modelled', 'unknown'],
    [null, 'unknown'],
    ['S_mood', undefined],
  ])('source %s is %s', (name, source) => {
    expect(sourceOf(name)).toBe(source);
  });

  test('costs, errors, health, calibration and overlay; what is null or no number has no value', () => {
    expect(measured(event('costs', { cost_bps_total: -1, fee_bps: 2, impact_bps: null, slip_bps: 'NaN' }))).toEqual([
      ['bot.costs.total_bps', -1],
      ['bot.costs.fee_bps', 2],
    ]);
    expect(measured(event('error'))).toEqual([['bot.errors.total', 1]]);
    expect(measured(event('health'))).toEqual([['bot.health.checks', 1]]);
    expect(measured(event('calibration', { prediction_error_bps: 3 }))).toEqual([
      ['bot.calibration.prediction_error_bps', 3],
    ]);
    expect(measured(event('overlay_status', { confidence: 0.4 }))).toEqual([['bot.overlay.confidence', 0.4]]);
  });

  test('of strategies that do not publish only the stack is counted', () => {
    const only = { ...DEFAULT_SAMPLE_SETTINGS, strategies: ['beta'] };

    expect(measured(event('error'), only)).toEqual([]);
    expect(measured(event('error', { strategy_id: 'beta' }), only)).toHaveLength(1);
    expect(samplesOf(event('error'), only).map(({ name }) => name)).toContain('pipeline.events.in');
  });
});

test('for any lines, in = stored + quarantined in each group, and nothing lands under another strategy', () => {
  const line = fc.record({
    strategy_id: fc.oneof(
      fc.constantFrom('a', 'b', '(others)', '__proto__'),
      fc.string({ unit: 'binary', maxLength: 8 }),
    ),
    stream: fc.constantFrom('health', 'error', 'signals', 'nonsense'),
    agoMs: fc.integer({ min: 0, max: 1_000_000 }),
  });
  fc.assert(
    fc.property(fc.array(line, { maxLength: 40 }), (lines) => {
      const memory = { labels: new LabelBook(), recent: new Recent() };
      const counts = new Map<string, number>();
      lines.forEach(({ strategy_id, stream, agoMs }, index) => {
        const raw = JSON.stringify({ stream, strategy_id, ts: isoAt(agoMs), s_model: 1 });
        const verdict = verdictOf(wireLine({ source: 's', path: 'p', file: 'f.0', line: index + 1, raw }));
        const samples: Sample[] = samplesOf(verdict, DEFAULT_SAMPLE_SETTINGS, memory);
        for (const { name, labels, value } of samples) {
          const [kind] = /in$|stored$|quarantined$/.exec(name) ?? [];
          if (name.startsWith('pipeline.events.') && kind !== undefined) {
            const key = `${labels.values.strategy_id} ${kind}`;
            counts.set(key, (counts.get(key) ?? 0) + value);
          }
          if (verdict.outcome === 'stored' && strategy_id.trim() !== '' && strategy_id !== '(others)')
            expect(labels.values.strategy_id).toBe(verdict.facts?.event.strategy_id);
        }
      });
      for (const [key, value] of counts) {
        const [, strategy = ''] = /^([\s\S]*) in$/.exec(key) ?? [];
        if (!key.endsWith(' in')) continue;
        expect(value).toBe((counts.get(`${strategy} stored`) ?? 0) + (counts.get(`${strategy} quarantined`) ?? 0));
      }
    }),
  );
});

test('a hundred strategies are told apart, the rest counts together; long names too', () => {
  const book = new LabelBook();
  const names = Array.from({ length: 150 }, (_, at) => book.of({ strategy_id: `bot-${at}` }).values.strategy_id);

  expect(new Set(names).size).toBe(101);
  expect(names.slice(100).every((name) => name === '(others)')).toBe(true);
  expect(book.of({ strategy_id: 'bot-7' }).values.strategy_id).toBe('bot-7');
  expect(new LabelBook().of({ strategy_id: 'x'.repeat(201) }).values.strategy_id).toBe('(others)');
  expect(new LabelBook().of({ strategy_id: ' ' }).values.strategy_id).toBe('(none)');
  const series = new LabelBook({ dimensions: ['symbol'] });
  const symbols = Array.from({ length: 3_000 }, (_, at) => series.of({ strategy_id: 'a', symbol: `s${at}` }).key);
  expect(new Set(symbols).size).toBeLessThanOrEqual(2_001);
});

test('a meter puts the figures of the stack together, and leaves out what is only for a desk', () => {
  const meter = createMeter(DEFAULT_SAMPLE_SETTINGS);
  for (const strategy_id of ['a', 'b']) meter.observe(event('costs', { strategy_id, cost_bps_total: 1, fee_bps: 1 }));
  meter.count('alert_fastpath_failed', 3, NOW_MS - 1_000);

  const groups = meter
    .drain()
    .map(({ dimensions, figures, values }) => [dimensions, Object.fromEntries(figures), Object.fromEntries(values)]);

  expect(groups).toEqual([
    [
      { service: 'nightdesk' },
      { 'pipeline.events.in': 2, 'pipeline.events.stored': 2, alert_fastpath_failed: 3 },
      { 'pipeline.lag_ms': [1_000, 1_000] },
    ],
    [{ strategy_id: 'a' }, {}, { 'bot.costs.total_bps': [1] }],
    [{ strategy_id: 'b' }, {}, { 'bot.costs.total_bps': [1] }],
  ]);
  expect(meter.drain()).toEqual([]);
});
