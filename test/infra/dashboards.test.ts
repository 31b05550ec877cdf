import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Alarm, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../lib/core/config/index.ts';
import type { MetricSettings } from '../../lib/core/config/metrics.ts';
import { DASHBOARDS } from '../../lib/core/dashboards/index.ts';
import { cloudWatchDimensions, METRICS } from '../../lib/core/metrics/names.ts';
import { STRATEGY, widgetsOf } from '../../lib/infra/dashboard-widgets.ts';
import { Dashboards } from '../../lib/infra/dashboards.ts';
import { aRule } from '../support/alert-changes.ts';
import { type DashboardBody, faultsOf, type Widget } from './support/dashboard-body.ts';

interface Resource {
  readonly Type: string;
  readonly Properties: { readonly DashboardName: string; readonly DashboardBody: unknown };
}

/** Bodies by name, with something in the place of what only a deploy knows. */
function bodiesOf(settings: object = {}, alarms = 2): Readonly<Record<string, DashboardBody>> {
  const app = new App({
    outdir: mkdtempSync(join(tmpdir(), 'nightdesk-synth-')),
    context: { '@aws-cdk/core:validateAgainstDefaultRules': true, '@aws-cdk/core:strictCfnValidateErrors': true },
  });
  const stack = new Stack(app, 'nightdesk');
  const metric = new Metric({ namespace: 'Test', metricName: 'm' });
  new Dashboards(stack, 'Dashboards', {
    context: { config: parseConfig(settings, 'test'), root: '', settings: '', key: undefined },
    alarms: Array.from(
      { length: alarms },
      (_, n) => new Alarm(stack, `Alarm${n}`, { metric, threshold: 1, evaluationPeriods: 1 }),
    ),
  });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const { Resources } = Template.fromStack(stack).toJSON() as { Resources: Record<string, Resource> };
  return Object.fromEntries(
    Object.values(Resources)
      .filter(({ Type }) => Type === 'AWS::CloudWatch::Dashboard')
      .map(({ Properties }) => [
        Properties.DashboardName,
        JSON.parse(textOf(Properties.DashboardBody)) as DashboardBody,
      ]),
  );
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const { 'Fn::Join': joined, 'Fn::GetAtt': attribute } = value as Record<string, unknown>;
  if (Array.isArray(joined)) return (joined[1] as unknown[]).map(textOf).join(String(joined[0]));
  return attribute === undefined ? 'eu-west-1' : 'arn:aws:cloudwatch:eu-west-1:1:alarm:a';
}

const SETTINGS: readonly (readonly [string, object])[] = [
  ['defaults', {}],
  ['dimensions beside the strategy', { metrics: { dimensions: ['symbol', 'venue'], namespace: 'Bots/Prod.1' } }],
  ['no metrics published', { metrics: { publish: false } }],
  ['another name', { aws: { name: 'desk-2' } }],
];

type MetricWidget = Extract<Widget, { type: 'metric' }>;
const metricWidgets = (body: DashboardBody): MetricWidget[] =>
  body.widgets.filter((widget) => widget.type === 'metric');
const titled = (body: DashboardBody | undefined, title: string): MetricWidget => {
  const found = metricWidgets(body ?? { widgets: [] }).find(({ properties }) => properties.title === title);
  if (found === undefined) throw new Error(`no widget ${title}`);
  return found;
};
const expressionsOf = (body: DashboardBody): string[] =>
  [...JSON.stringify(body).matchAll(/"expression":"((?:[^"\\]|\\.)*)"/g)].map(
    ([, text]) => JSON.parse(`"${text}"`) as string,
  );

describe.each(SETTINGS)('the dashboards in CloudWatch, %s', (_, settings) => {
  const bodies = Object.entries(bodiesOf(settings));

  test('have a body as CloudWatch documents it', () => {
    expect(bodies).toHaveLength(3);
    for (const [name, body] of bodies) {
      expect(name).toMatch(/^[0-9A-Za-z_-]{1,255}$/);
      expect(faultsOf(body), name).toEqual([]);
    }
  });

  test('hold no more than the 50 metrics up to which three dashboards are free', () => {
    for (const [, body] of bodies)
      expect(metricWidgets(body).reduce((sum, { properties }) => sum + properties.metrics.length, 0)).toBeLessThan(50);
  });

  test('show every panel, by a chart or by its question', () => {
    const shown = JSON.stringify(bodies);

    for (const { panels } of DASHBOARDS) for (const { title } of panels) expect(shown).toContain(title);
  });

  test('say with each text that asks the lake how to ask it', () => {
    for (const [, { widgets }] of bodies)
      for (const widget of widgets)
        if (widget.type === 'text')
          expect(widget.properties.markdown).toMatch(/`nightdesk query [a-z-]+ --aws --stack nightdesk /);
  });

  test('name metrics by exactly the dimensions they are published with', () => {
    const { namespace = 'Nightdesk', dimensions = [] } =
      (settings as { metrics?: Partial<MetricSettings> }).metrics ?? {};
    for (const [, body] of bodies)
      for (const { properties } of metricWidgets(body))
        for (const item of properties.metrics) {
          const [space, name, ...pairs] = item.filter((one) => typeof one === 'string');
          if (space === undefined) continue;
          const definition = METRICS.find((one) => one.name === name);
          if (definition === undefined) throw new Error(`no metric ${name}`);
          expect(space).toBe(namespace);
          expect(pairs.filter((_name, index) => index % 2 === 0)).toEqual(cloudWatchDimensions(definition, dimensions));
          expect(pairs[1]).toBe(STRATEGY);
        }
    for (const expression of bodies.flatMap(([, body]) => expressionsOf(body)))
      for (const [, schema = '', name] of expression.matchAll(
        /SEARCH\('\{(.+?)\} MetricName="(.+?)" strategy_id="NIGHTDESK_STRATEGY"'/g,
      )) {
        const definition = METRICS.find((one) => one.name === name);
        if (definition === undefined) throw new Error(`no metric ${name}`);
        expect(schema.replaceAll('"', '').split(',')).toEqual([
          namespace,
          ...cloudWatchDimensions(definition, dimensions),
        ]);
      }
  });

  test('let a strategy be chosen, in searches too', () => {
    for (const [, { variables = [] }] of bodies)
      expect(variables).toMatchObject([
        { type: 'pattern', pattern: STRATEGY, populateFrom: 'strategy_id', defaultValue: '__FIRST' },
      ]);
  });
});

test('percentiles are asked of what is a histogram, a share of both its counters', () => {
  const bodies = bodiesOf();
  const { metrics } = titled(bodies['nightdesk-trading'], 'Execution Latency').properties;

  expect(metrics.map((item) => (item.at(-1) as { stat: string }).stat)).toEqual(['p50', 'p95', 'p99']);
  expect(titled(bodies['nightdesk-trading'], 'Order Rejection Rate').properties.metrics[0]).toEqual([
    { expression: 'FILL(part, 0) / whole', label: 'rejected', period: 86_400 },
  ]);
});

test('figures of the whole time shown are searched for without a period of their own', () => {
  const pie = titled(bodiesOf()['nightdesk-trading'], 'Trade Count by Source').properties;

  expect(pie).toMatchObject({ view: 'pie', setPeriodToTimeRange: true });
  expect(JSON.stringify(pie.metrics)).toContain("'Sum')");
});

test('the alarms are on the first dashboard, at most a hundred, and none make no widget', () => {
  const alarmsOf = (alarms: number) =>
    Object.values(bodiesOf({}, alarms)).map(
      ({ widgets }) => widgets.flatMap((one) => (one.type === 'alarm' ? one.properties.alarms : [])).length,
    );

  expect(alarmsOf(3)).toEqual([3, 0, 0]);
  expect(alarmsOf(101)).toEqual([100, 0, 0]);
  expect(alarmsOf(0)).toEqual([0, 0, 0]);
});

test('limits of rules are drawn in, on the axis that they are about', () => {
  const rules = [
    aRule('equity_drop', { kind: 'drawdown', basis: 'peak', share: 0.05 }, { severity: 'critical' }),
    aRule(
      'in_band_rate',
      { kind: 'share', of: { stream: 'calibration' }, where: { in_band_flag: true }, below: 0.5, least: 20 },
      { enabled: false },
    ),
  ];
  const metrics: MetricSettings = { ...parseConfig({}, 'test').metrics, strategies: null };
  const linesOf = (id: string): unknown => {
    const panel = DASHBOARDS.flatMap(({ panels }) => panels).find((one) => one.id === id);
    if (panel === undefined) throw new Error(`no panel ${id}`);
    const [widget] = widgetsOf(panel, { metrics, optional: false, rules, target: '' });
    return widget?.toJson()[0]?.properties.annotations.horizontal;
  };

  expect(linesOf('equity-and-drawdown')).toEqual([
    { value: 0.05, label: 'equity_drop: above is an alert', color: '#d62728', fill: 'above', yAxis: 'right' },
  ]);
  expect(linesOf('in-band-rate')).toMatchObject([
    { value: 0.5, label: 'in_band_rate: below is an alert, once the rule is on', fill: 'below' },
  ]);
});

describe('the check of bodies finds', () => {
  const body = bodiesOf()['nightdesk-health'] as DashboardBody;
  const broken = (
    change: (copy: { widgets: Record<string, unknown>[]; variables: Record<string, unknown>[] }) => void,
  ): string[] => {
    const copy = structuredClone(body) as never;
    change(copy);
    return faultsOf(copy);
  };

  test.each([
    [
      'a widget wider than the grid',
      (copy: { widgets: Record<string, unknown>[] }) => Object.assign(copy.widgets[1] ?? {}, { x: 13 }),
    ],
    [
      'a type that is none',
      (copy: { widgets: Record<string, unknown>[] }) => Object.assign(copy.widgets[1] ?? {}, { type: 'chart' }),
    ],
    [
      'a gauge without ends',
      (copy: { widgets: { properties?: object }[] }) => Object.assign(copy.widgets[2]?.properties ?? {}, { yAxis: {} }),
    ],
    [
      'a dimension without a value',
      (copy: { widgets: { properties?: object }[] }) =>
        Object.assign(copy.widgets[1]?.properties ?? {}, { metrics: [['N', 'm', 'd']] }),
    ],
    [
      'too many metrics',
      (copy: { widgets: { properties?: object }[] }) =>
        Object.assign(copy.widgets[1]?.properties ?? {}, { metrics: Array(501).fill(['N', 'm']) }),
    ],
    [
      'a property that is none',
      (copy: { widgets: { properties?: object }[] }) =>
        Object.assign(copy.widgets[1]?.properties ?? {}, { colour: 'red' }),
    ],
    [
      'one widget over another',
      (copy: { widgets: Record<string, unknown>[] }) => Object.assign(copy.widgets[2] ?? {}, { x: 0 }),
    ],
    [
      'a period that is none',
      (copy: { widgets: { properties?: object }[] }) =>
        Object.assign(copy.widgets[1]?.properties ?? {}, { period: 90 }),
    ],
  ] as const)('%s', (_, change) => {
    expect(broken(change as never)).not.toEqual([]);
  });
});
