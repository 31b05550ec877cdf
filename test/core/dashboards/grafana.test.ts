import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AlertRule } from '../../../lib/core/alerts/types.ts';
import { type GrafanaDashboard, type GrafanaPanel, grafanaDashboard } from '../../../lib/core/dashboards/grafana.ts';
import { DASHBOARDS } from '../../../lib/core/dashboards/index.ts';
import { METRICS, prometheusName } from '../../../lib/core/metrics/names.ts';
import { aRule } from '../../support/alert-changes.ts';
import { tempFolder } from '../../support/temp.ts';

const PROMTOOL = spawnSync('promtool', ['--version']).status === 0;
const withPromtool = (name: string): string =>
  PROMTOOL ? name : `${name} (skipped: promtool is not on the path; Debian has it in the package prometheus)`;

const health = { stream: 'health' };
const RULES: readonly AlertRule[] = [
  aRule('equity_drop', { kind: 'drawdown', basis: 'peak', share: 0.05 }, { severity: 'critical' }),
  aRule('ws_staleness', { kind: 'threshold', of: health, field: 'ws_staleness_ms', above: 30_000 }),
  aRule(
    'in_band_rate',
    { kind: 'share', of: health, where: { in_band_flag: true }, below: 0.5, least: 20 },
    { enabled: false },
  ),
];

const RENDERED = DASHBOARDS.map((dashboard) => [dashboard.name, grafanaDashboard(dashboard, RULES)] as const);
const panelOf = (title: string): GrafanaPanel => {
  const found = RENDERED.flatMap(([, { panels }]) => panels).find((panel) => panel.title === title);
  if (found === undefined) throw new Error(`no panel ${title}`);
  return found;
};
const expressionsOf = ({ panels }: GrafanaDashboard): string[] =>
  panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** What Grafana puts in before it asks. */
const filledIn = (expr: string): string =>
  expr.replaceAll('$__rate_interval', '5m').replaceAll('$__range', '6h').replaceAll('"$strategy"', '".*"');

describe.each(RENDERED)('the Grafana dashboard %s', (name, dashboard) => {
  test('has what Grafana’s classic model asks for', () => {
    expect(dashboard).toMatchObject({ id: null, uid: `nightdesk-${name}`, schemaVersion: 39 });
    expect(dashboard.uid.length).toBeLessThanOrEqual(40); // Grafana refuses longer ones
    expect(JSON.parse(JSON.stringify(dashboard))).toEqual(dashboard);
    expect(dashboard.templating.list.map(({ name: variable, type }) => [variable, type])).toEqual([
      ['datasource', 'datasource'],
      ['strategy', 'query'],
    ]);
  });

  test('lays its panels on the grid of 24 columns, none over another, each with an id of its own', () => {
    const { panels } = dashboard;
    const ids = panels.map(({ id }) => id);

    expect(new Set(ids).size).toBe(ids.length);
    for (const { gridPos: a, id } of panels) {
      expect(a.x + a.w).toBeLessThanOrEqual(24);
      for (const { gridPos: b, id: other } of panels)
        if (id < other)
          expect(a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y, `${id}, ${other}`).toBe(
            true,
          );
    }
  });

  test('has targets with ids of their own in every panel but texts, all over the chosen data source and strategy', () => {
    for (const { type, targets = [], datasource, options } of dashboard.panels) {
      if (type === 'text') {
        expect(options).toMatchObject({ mode: 'markdown', content: expect.stringContaining('nightdesk query ') });
        continue;
      }
      expect(targets.length).toBeGreaterThan(0);
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
      for (const target of targets) {
        expect(target.datasource).toEqual(datasource);
        expect(target.expr).toContain('{strategy_id=~"$strategy"}');
        expect(target.instant).not.toBe(target.range);
      }
    }
  });

  test('has steps of thresholds that rise from nothing', () => {
    const steps = [...JSON.stringify(dashboard).matchAll(/"steps":(\[.*?\])/g)].map(
      ([, json = '']) => JSON.parse(json) as { value: number | null }[],
    );

    expect(steps.length).toBeGreaterThan(0);
    for (const [first, ...rest] of steps) {
      expect(first?.value).toBeNull();
      expect(rest.map(({ value }) => value)).toEqual(rest.map(({ value }) => Number(value)).sort((a, b) => a - b));
    }
  });

  test('asks only for series that a desk serves', () => {
    const served = METRICS.flatMap((metric) => {
      const served = prometheusName(metric);
      return metric.kind === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => served + suffix) : [served];
    });
    const asked = expressionsOf(dashboard).flatMap((expr) =>
      [...expr.matchAll(/([a-z_]+)\{/g)].map(([, series]) => series),
    );

    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((series) => !served.includes(String(series)))).toEqual([]);
  });

  test.skipIf(!PROMTOOL)(withPromtool('speaks PromQL that Prometheus parses'), () => {
    const file = join(tempFolder(), 'rules.yml');
    const rules = expressionsOf(dashboard).map((expr, index) => ({ record: `panel:${index}`, expr: filledIn(expr) }));
    writeFileSync(file, JSON.stringify({ groups: [{ name, rules }] })); // JSON is YAML

    expect(execFileSync('promtool', ['check', 'rules', file], { encoding: 'utf8' })).toContain(
      `SUCCESS: ${rules.length} rules found`,
    );
  });
});

test.skipIf(!PROMTOOL)(withPromtool('Prometheus refuses what is no PromQL'), () => {
  const file = join(tempFolder(), 'rules.yml');
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'g', rules: [{ record: 'a:b', expr: 'sum by (le (x)' }] }] }));

  expect(spawnSync('promtool', ['check', 'rules', file]).status).not.toBe(0);
});

test.skipIf(!PROMTOOL)(withPromtool('Prometheus answers a share, a quantile and a mean as they are meant'), () => {
  const of = (title: string, index = 0): string => filledIn(panelOf(title).targets?.[index]?.expr ?? '');
  const bucket = (le: string, values: string) => ({
    series: `bot_execution_latency_ms_bucket{strategy_id="a",le="${le}"}`,
    values,
  });
  const file = join(tempFolder(), 'tests.yml');
  const expected = (expr: string, ...samples: readonly (readonly [string, number])[]) => ({
    expr,
    eval_time: '10m',
    exp_samples: samples.map(([strategy, value]) => ({ labels: `{strategy_id="${strategy}"}`, value })),
  });
  const tests = [
    {
      interval: '1m',
      input_series: [
        { series: 'bot_orders_total{strategy_id="a"}', values: '0+8x10' },
        { series: 'bot_orders_total{strategy_id="never-rejected"}', values: '0+8x10' },
        { series: 'bot_orders_rejected_total{strategy_id="a"}', values: '0+2x10' },
        // Each minute: two up to 100 ms, one more up to 200.
        bucket('100', '0+2x10'),
        bucket('200', '0+3x10'),
        bucket('+Inf', '0+3x10'),
        { series: 'bot_costs_fee_bps_sum{strategy_id="a"}', values: '0+6x10' },
        { series: 'bot_costs_fee_bps_count{strategy_id="a"}', values: '0+4x10' },
        { series: 'bot_health_drawdown_current{strategy_id="a"}', values: '0.25x10' },
      ],
      promql_expr_test: [
        expected(of('Order Rejection Rate'), ['a', 0.25], ['never-rejected', 0]),
        expected(of('Execution Latency'), ['a', 75]), // 1.5 of 3, three quarters of the way to 100
        expected(of('Cost Breakdown (live hint, not the truth)'), ['a', 1.5]),
        expected(of('Equity & Drawdown', 1), ['a', 0.25]),
      ],
    },
  ];
  writeFileSync(file, JSON.stringify({ rule_files: [], tests }));

  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
  expect(`${status} ${stdout}${stderr}`).toContain('0 Unit Testing');
  expect(`${stdout}${stderr}`).toContain('SUCCESS');
});

test('limits are drawn where rules set them, on the axis that they are about', () => {
  const steps = (panel: GrafanaPanel) => panel.fieldConfig?.defaults.thresholds;

  expect(panelOf('WebSocket Staleness')).toMatchObject({ type: 'gauge' });
  expect(steps(panelOf('WebSocket Staleness'))).toEqual({
    mode: 'absolute',
    steps: [
      { color: 'green', value: null },
      { color: 'orange', value: 30_000 },
    ],
  });
  expect(steps(panelOf('Calibration In-Band Rate'))).toEqual({
    mode: 'absolute',
    steps: [
      { color: 'orange', value: null },
      { color: 'green', value: 0.5 },
    ],
  });
  const equity = panelOf('Equity & Drawdown');
  expect(steps(equity)).toEqual({ mode: 'absolute', steps: [{ color: 'green', value: null }] });
  expect(JSON.stringify(equity.fieldConfig?.overrides)).toContain('{"color":"red","value":0.05}');
});

test('a counter is asked for its increase, a histogram for its quantiles and means, a share for both of its counters', () => {
  const of = (title: string): string[] => (panelOf(title).targets ?? []).map(({ expr }) => expr);

  expect(of('Error Count')).toEqual([
    'sum by (strategy_id) (increase(bot_errors_total{strategy_id=~"$strategy"}[$__range]))',
  ]);
  expect(of('Execution Latency')[1]).toBe(
    'histogram_quantile(0.95, sum by (strategy_id, le) (rate(bot_execution_latency_ms_bucket{strategy_id=~"$strategy"}[$__rate_interval])))',
  );
  const orders = 'sum by (strategy_id) (increase(bot_orders_total{strategy_id=~"$strategy"}[1d]))';
  const rejected = 'sum by (strategy_id) (increase(bot_orders_rejected_total{strategy_id=~"$strategy"}[1d]))';
  expect(of('Order Rejection Rate')).toEqual([`(${rejected} or 0 * ${orders}) / ${orders}`]);
  expect(of('Cost Breakdown (live hint, not the truth)')[0]).toBe(
    'sum by (strategy_id) (rate(bot_costs_fee_bps_sum{strategy_id=~"$strategy"}[$__rate_interval])) / sum by (strategy_id) (rate(bot_costs_fee_bps_count{strategy_id=~"$strategy"}[$__rate_interval]))',
  );
});
