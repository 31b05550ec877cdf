import { describe, expect, test } from 'vitest';
import { namedQueries } from '../../../lib/adapters/local/named-queries.ts';
import { DEFAULT_RULES } from '../../../lib/core/alerts/rules.ts';
import { DASHBOARDS } from '../../../lib/core/dashboards/index.ts';
import { boundOf, labelOf, linesOf } from '../../../lib/core/dashboards/limits.ts';
import { publishedSeries } from '../../../lib/core/dashboards/published.ts';
import { METRICS } from '../../../lib/core/metrics/names.ts';
import { bindQuery } from '../../../lib/core/query/named.ts';

/** S1 §10, word by word. */
const ASKED = {
  health: [
    'Equity & Drawdown (time series)',
    'WebSocket Staleness (gauge, alert >30s)',
    'Reconnect Rate (counter)',
    'Health Check Frequency (gauge)',
    'Funding Data Staleness (boolean, alert if true)',
    'Calibration In-Band Rate (gauge, alert <50%)',
    'Error Count (counter)',
  ],
  trading: [
    'Trade Count by Source (pie chart: pros/amateurs/model)',
    'Signal Strength Distribution (histogram)',
    'Win Rate by Source (bar chart)',
    'Average PnL per Trade (bar chart)',
    'Cost Breakdown (stacked area: fees/impact/slippage)',
    'Order Rejection Rate (gauge, alert >10%)',
    'Execution Latency (histogram, p50/p95/p99)',
  ],
  model: [
    'Prediction Error Distribution (histogram)',
    'Calibration Drift Over Time (line chart)',
    'Model Confidence vs. Outcome (scatter)',
    'Feature Staleness (heatmap)',
    'Regime Distribution (stacked area)',
    'Overlay Confidence (line chart)',
  ],
};

/** What S1 calls a kind of chart, and what it is here. */
const CHARTS = {
  'time series': 'line',
  gauge: 'gauge',
  counter: 'number',
  boolean: 'state',
  'pie chart': 'pie',
  histogram: 'histogram',
  'bar chart': 'bar',
  'stacked area': 'area',
  'line chart': 'line',
  scatter: 'scatter',
  heatmap: 'heatmap',
};

const QUERIES = await namedQueries();
const PANELS = DASHBOARDS.flatMap(({ panels }) => panels);
const named = PANELS.map((panel) => [panel.id, panel] as const);

test('every panel of S1 §10 is there once, in its dashboard and order, drawn as it asks', () => {
  expect(Object.fromEntries(DASHBOARDS.map(({ name, panels }) => [name, panels.map(({ asked }) => asked)]))).toEqual(
    ASKED,
  );
  for (const { panels } of DASHBOARDS)
    for (const { asked, title, chart, reference } of panels) {
      const [, words = '', kind = ''] = /^(.+) \((\w+(?: \w+)?)/.exec(asked) ?? [];
      expect(title).toBe(words);
      expect([kind, chart]).toEqual([kind, CHARTS[kind as keyof typeof CHARTS]]);
      expect(reference).toMatch(/^10\.[123]\.[1-7]$/);
    }
  expect(PANELS.map(({ reference }) => reference)).toEqual(
    DASHBOARDS.flatMap(({ panels }, board) => panels.map((_, index) => `10.${board + 1}.${index + 1}`)),
  );
});

test('ids of panels are unique and in kebab case', () => {
  const ids = PANELS.map(({ id }) => id);

  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => !/^[a-z]+(-[a-z]+)*$/.test(id))).toEqual([]);
});

describe.each(named)('panel %s', (_, panel) => {
  test('names metrics that exist, with statistics and labels that they have', () => {
    for (const { metric, per, statistic, by, axis } of panel.series) {
      const definition = METRICS.find(({ name }) => name === metric);
      const distributed = ['p50', 'p95', 'p99', 'distribution'].includes(statistic);
      expect(definition, metric).toBeDefined();
      if (distributed) expect(definition?.kind, metric).toBe('histogram');
      if (statistic === 'sum') expect(definition?.kind, metric).toBe('counter');
      if (statistic === 'maximum' || statistic === 'minimum') expect(definition?.kind, metric).toBe('gauge');
      expect(definition?.scope, metric).toBe('strategy');
      if (by !== undefined) expect(definition?.dimensions, metric).toContain(by);
      if (per !== undefined) expect(METRICS.find(({ name }) => name === per)?.kind, per).toBe('counter');
      if (axis === 'right') expect(panel.right).toBeDefined();
    }
  });

  test('has a query that gives the columns it draws, and by which strategies and modes are kept apart', () => {
    const { question } = panel;
    const query = QUERIES.find(({ name }) => name === question.query);
    if (query === undefined) throw new Error(`no query ${question.query}`);
    const columns = query.columns.map(({ name }) => name);

    expect(columns).toEqual(expect.arrayContaining(['strategy_id', 'mode', question.x]));
    for (const column of [question.xTo, question.group, ...question.y.map((measure) => measure.column)])
      if (column !== undefined) expect(columns).toContain(column);
    for (const { axis } of question.y) if (axis === 'right') expect(panel.right).toBeDefined();
    expect(bindQuery(query, question.parameters ?? {})).not.toContain(':from');
  });

  test('draws in rules that exist and compare with a figure', () => {
    const lines = linesOf(panel.limits, DEFAULT_RULES);

    expect(lines.map(({ rule }) => rule)).toEqual(panel.limits.map(({ rule }) => rule));
    for (const line of lines) expect(labelOf(line)).toContain(line.rule);
  });
});

test('the limits that S1 names are the figures of the rules', () => {
  const valuesOf = (id: string) =>
    linesOf(PANELS.find((panel) => panel.id === id)?.limits ?? [], DEFAULT_RULES).map(({ value, beyond }) => [
      beyond,
      value,
    ]);

  expect(valuesOf('ws-staleness')).toEqual([['above', 30_000]]);
  expect(valuesOf('funding-stale')).toEqual([['above', 1]]);
  expect(valuesOf('in-band-rate')).toEqual([['below', 0.5]]);
  expect(valuesOf('rejection-rate')).toEqual([['above', 0.1]]);
});

test('money is never taken from metrics, and what metrics cannot tell says so', () => {
  const money = PANELS.filter(({ y }) => y.unit === 'usd');

  expect(money.map(({ id }) => id)).toEqual(['pnl-per-trade', 'cost-breakdown']);
  for (const panel of money) {
    expect(panel.truth).toBe('lake');
    expect(panel.series.filter(({ axis }) => axis !== 'right')).toEqual([]);
  }
  for (const panel of PANELS) if (panel.series.length === 0) expect(panel.truth, panel.id).toBe('lake');
});

test('a stand-in is drawn only where nothing else is published', () => {
  const panel = PANELS.find(({ id }) => id === 'cost-breakdown');
  if (panel === undefined) throw new Error('no such panel');
  const drawn = (optional: boolean) => publishedSeries(panel, optional).map(({ metric }) => metric);

  expect(drawn(true)).toEqual(['bot.costs.fee_bps', 'bot.costs.impact_bps', 'bot.costs.slippage_bps']);
  expect(drawn(false)).toEqual(['bot.costs.total_bps']);
});

test('the figure of a rule is what its kind compares with', () => {
  const of = { stream: 'health' };
  expect(boundOf({ kind: 'threshold', of, field: 'x', above: 2 })).toEqual({ value: 2, beyond: 'above' });
  expect(boundOf({ kind: 'threshold', of, field: 'x', atMost: 0 })).toEqual({ value: 0, beyond: 'below' });
  expect(boundOf({ kind: 'threshold', of, field: 'x', equals: true })).toEqual({ value: 1, beyond: 'above' });
  expect(boundOf({ kind: 'threshold', of, field: 'x', equals: ['a', 'b'] })).toBeUndefined();
  expect(boundOf({ kind: 'drawdown', basis: 'peak', share: 0.05 })).toEqual({ value: 0.05, beyond: 'above' });
  expect(boundOf({ kind: 'drawdown', basis: 'absolute', below: 9500 })).toEqual({ value: 9500, beyond: 'below' });
  expect(boundOf({ kind: 'silence', of, longer: 60_000 })).toBeUndefined();
});
