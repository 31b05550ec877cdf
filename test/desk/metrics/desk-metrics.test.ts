import { expect, test, vi } from 'vitest';
import { foldBeat } from '../../../lib/core/alerts/beats.ts';
import { observationOfVerdict } from '../../../lib/core/alerts/observe.ts';
import type { TickedState } from '../../../lib/core/metrics/gauges.ts';
import { METRICS, prometheusName } from '../../../lib/core/metrics/names.ts';
import { foldVitals } from '../../../lib/core/metrics/vitals.ts';
import type { Verdict } from '../../../lib/core/transform/types.ts';
import { DeskMetrics } from '../../../lib/desk/metrics/desk-metrics.ts';
import { NOW_MS, verdictOf } from '../../support/transform.ts';
import { readPage } from './support.ts';

const log = { info: () => undefined, warn: () => undefined, error: vi.fn() };
let nowMs = NOW_MS;
const desk = (over = {}): DeskMetrics => new DeskMetrics({ clock: { nowMs: () => nowMs }, log, ...over });

let made = 0;
const event = (stream: string, fields: Record<string, unknown> = {}): Verdict =>
  verdictOf(
    JSON.stringify({
      event_id: `e-${++made}`,
      stream,
      ts: new Date(NOW_MS - 1000).toISOString(),
      strategy_id: 'alpha',
      session_id: 's1',
      mode: 'paper',
      ...fields,
    }),
  );

const stateOf = (...verdicts: readonly Verdict[]): TickedState => {
  let state: TickedState = { key: { mode: 'paper', strategyId: 'alpha' } };
  for (const verdict of verdicts) {
    const observation = observationOfVerdict(verdict);
    if (observation !== undefined)
      state = {
        ...state,
        beats: foldBeat(state.beats, observation),
        vitals: foldVitals(state.vitals, observation),
      };
  }
  return state;
};

test('the page parses, every metric is declared once with its type, and counters end in one _total', async () => {
  const metrics = desk();
  metrics.onVerdict(event('health'));
  const { type, body } = await metrics.exposition();
  const page = readPage(body);

  expect(type).toBe('text/plain; version=0.0.4; charset=utf-8');
  const declared = METRICS.filter(({ name }) => name !== 'alert_fastpath_failed').map((definition) => [
    prometheusName(definition),
    definition.kind,
  ]);
  expect([...page.types].filter(([name]) => /^(?:bot|pipeline)_/.test(name))).toEqual(declared);
  expect([...page.types.keys()]).toEqual(
    expect.arrayContaining(['process_cpu_seconds_total', 'nodejs_heap_size_used_bytes']),
  );
  expect(declared.map(([name]) => name).filter((name) => /_total_total|\./.test(String(name)))).toEqual([]);
  expect(page.value('bot_health_checks_total', { strategy_id: 'alpha' })).toBe(1);
});

test('a histogram has its stated buckets, and counts what it was shown', async () => {
  const metrics = desk();
  for (const cost of [0.5, 12, 500]) metrics.onVerdict(event('costs', { cost_bps_total: cost }));
  const page = readPage((await metrics.exposition()).body);
  const at = (le: string) => page.value('bot_costs_total_bps_bucket', { strategy_id: 'alpha', le });

  expect([at('0'), at('1'), at('15'), at('200'), at('+Inf')]).toEqual([0, 1, 2, 2, 3]);
  expect(page.value('bot_costs_total_bps_sum', { strategy_id: 'alpha' })).toBe(512.5);
});

test('a gauge of a strategy that fell silent, or of a tick long past, is gone', async () => {
  nowMs = NOW_MS;
  const metrics = desk();
  const state = stateOf(event('health', { equity: 10_000, heartbeat_s: 60 }));
  const equity = async (): Promise<number | undefined> =>
    readPage((await metrics.exposition()).body).value('bot_health_equity_value', { strategy_id: 'alpha' });

  metrics.gauges([state], NOW_MS);
  expect(await equity()).toBe(10_000);

  nowMs = NOW_MS + 61_000; // nothing ticks any more
  expect(await equity()).toBeUndefined();

  nowMs = NOW_MS + 10 * 60_000; // the clock goes on, the bot does not
  metrics.gauges([state], nowMs);
  expect(await equity()).toBeUndefined();
  const page = readPage((await metrics.exposition()).body);
  expect(page.value('bot_health_heartbeat_age_s', { strategy_id: 'alpha' })).toBe(600);
  expect(page.value('bot_runs_active', { strategy_id: 'alpha' })).toBe(0);
});

test('hostile names make a page that still parses, and no more series than there is room for', async () => {
  const metrics = desk();
  const hostile = [
    'a"b',
    'a\\b',
    'a\nb',
    'a\u0000b',
    'a\u0001b',
    '\ud800',
    '',
    ' ',
    '}{',
    '# TYPE x',
    '__proto__',
    'constructor',
  ];
  for (const strategy_id of hostile) metrics.onVerdict(event('health', { strategy_id }));
  for (let i = 0; i < 2_000; i++) metrics.onVerdict(event('error', { strategy_id: `bot-${i}` }));
  const page = readPage((await metrics.exposition()).body);
  const errors = page.series('bot_errors_total');

  expect(errors.length).toBeLessThanOrEqual(501);
  expect(errors.reduce((sum, { value }) => sum + value, 0)).toBe(2_000);
  expect(page.series('bot_health_checks_total').reduce((sum, { value }) => sum + value, 0)).toBe(hostile.length);
  expect(page.value('bot_health_checks_total', { strategy_id: 'a"b' })).toBe(1);
  expect(page.value('bot_health_checks_total', { strategy_id: 'a\nb' })).toBeUndefined();
  expect(page.value('bot_health_checks_total', { strategy_id: 'a\\u000ab' })).toBe(1);
});

test('counters out of the states never fall, not even where a state began anew', async () => {
  const metrics = desk();
  const at = (total: number): TickedState => ({
    key: { mode: 'paper', strategyId: 'alpha' },
    vitals: {
      ...foldVitals(undefined, noise),
      totals: { 'bot.trades.total': total, 'bot.trades.by_source|pros': total },
    },
  });
  const found: (number | undefined)[] = [];
  for (const total of [3, 3, 5, 1, 2]) {
    metrics.gauges([at(total)], NOW_MS);
    const page = readPage((await metrics.exposition()).body);
    found.push(page.value('bot_trades_total', { strategy_id: 'alpha' }));
    expect(page.value('bot_trades_by_source_total', { strategy_id: 'alpha', source: 'pros' })).toBe(found.at(-1));
  }

  expect(found).toEqual([3, 3, 5, 6, 7]);
});
const noise = {
  mode: null,
  strategyId: 'alpha',
  stream: 'market',
  sessionId: null,
  symbol: null,
  eventId: 'n',
  tsMs: 0,
  arrivedMs: 0,
  fields: {},
};

test('a verdict that cannot be measured is logged once and harms nobody', () => {
  const metrics = desk();
  const broken = new Proxy({} as Verdict, {
    get() {
      throw new Error('broken');
    },
  });
  log.error.mockClear();

  metrics.onVerdict(broken);
  metrics.onVerdict(broken);

  expect(log.error).toHaveBeenCalledOnce();
});

test('numbers of an emitter that were skipped are gaps once two minutes have passed, and none once they came', async () => {
  nowMs = NOW_MS;
  const metrics = desk();
  const gapsAt = async (atMs: number): Promise<number | undefined> => {
    nowMs = atMs;
    metrics.gauges([], atMs);
    return readPage((await metrics.exposition()).body).value('pipeline_events_sequence_gaps', { strategy_id: 'alpha' });
  };
  const numbered = (seq: number) => metrics.onVerdict(event('health', { seq, emitter_version: '1.0.0' }));

  metrics.onVerdict(event('health', { seq: 1_000 })); // of no emitter
  for (const seq of [1, 2, 5]) numbered(seq);
  expect(await gapsAt(NOW_MS + 1_000)).toBe(0);
  expect(await gapsAt(NOW_MS + 120_000)).toBe(2);
  numbered(3);
  numbered(4);
  expect(await gapsAt(NOW_MS + 120_000)).toBe(0);
  expect(await gapsAt(NOW_MS + 3_600_001)).toBeUndefined();
});
