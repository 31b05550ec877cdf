import type { AlertRule } from '../alerts/types.ts';
import { metricNamed, prometheusName } from '../metrics/names.ts';
import { type LimitLine, linesOf } from './limits.ts';
import { promqlOf, type Range } from './promql.ts';
import { type DrawnSeries, publishedSeries } from './published.ts';
import type { Axis, Dashboard, Panel, Unit } from './types.ts';
import { describe } from './words.ts';

/** Parts of Grafana's classic dashboard model that are written here (schemaVersion 39, which newer ones migrate as they import it). */
export interface GrafanaDashboard {
  readonly id: null;
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly schemaVersion: number;
  readonly version: number;
  readonly timezone: 'utc';
  readonly editable: boolean;
  readonly graphTooltip: number;
  readonly refresh: string;
  readonly time: { readonly from: string; readonly to: string };
  readonly annotations: { readonly list: readonly unknown[] };
  readonly links: readonly unknown[];
  readonly templating: { readonly list: readonly Readonly<Record<string, unknown>>[] };
  readonly panels: readonly GrafanaPanel[];
}

export interface GrafanaPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: typeof DATASOURCE;
  readonly targets?: readonly Target[];
  readonly fieldConfig?: { readonly defaults: Json; readonly overrides: readonly Json[] };
  readonly options: Json;
}

interface Target {
  readonly refId: string;
  readonly datasource: typeof DATASOURCE;
  readonly editorMode: 'code';
  readonly expr: string;
  readonly format: 'time_series' | 'heatmap';
  readonly instant: boolean;
  readonly range: boolean;
  readonly legendFormat: string;
}

type Json = Readonly<Record<string, unknown>>;

// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana puts the chosen data source there
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' } as const;
const WIDTH = 12; // of 24
const HEIGHT = 8;
const TEXT_HEIGHT = 4;

/** A dashboard as Grafana imports it, over the metrics that a desk serves. */
export function grafanaDashboard(
  { name, title, description, panels }: Dashboard,
  rules: readonly AlertRule[],
): GrafanaDashboard {
  return {
    id: null,
    uid: `nightdesk-${name}`,
    title: `Nightdesk: ${title}`,
    description,
    tags: ['nightdesk'],
    schemaVersion: 39,
    version: 1,
    timezone: 'utc',
    editable: true,
    graphTooltip: 1, // one crosshair for all panels
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    annotations: { list: [] },
    links: [],
    templating: { list: VARIABLES },
    panels: panels.flatMap((panel, index) =>
      panelsOf(panel, rules, { x: (index % 2) * WIDTH, y: Math.floor(index / 2) * HEIGHT }, 2 * index + 1),
    ),
  };
}

const HEARD_OF = `label_values(${prometheusName(metricNamed('bot.health.heartbeat_age_s'))}, strategy_id)`;
const VARIABLES: readonly Json[] = [
  {
    name: 'datasource',
    label: 'Prometheus',
    type: 'datasource',
    query: 'prometheus',
    options: [],
    hide: 0,
    refresh: 1,
    regex: '',
    multi: false,
    includeAll: false,
    skipUrlSync: false,
  },
  {
    name: 'strategy',
    label: 'Strategy',
    type: 'query',
    datasource: DATASOURCE,
    query: { qryType: 1, query: HEARD_OF, refId: 'PrometheusVariableQueryEditor-VariableQuery' },
    current: { selected: true, text: ['All'], value: ['$__all'] },
    options: [],
    hide: 0,
    refresh: 2, // when the time range changes
    regex: '',
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: '.*',
    skipUrlSync: false,
  },
];

/** The chart of a panel, and below it the question where metrics are not the truth. */
function panelsOf(
  panel: Panel,
  rules: readonly AlertRule[],
  { x, y }: { x: number; y: number },
  id: number,
): GrafanaPanel[] {
  const series = publishedSeries(panel, true);
  const text = (h: number, top: number): GrafanaPanel => ({
    id: id + 1,
    type: 'text',
    title: series.length === 0 ? panel.title : '',
    gridPos: { x, y: top, w: WIDTH, h },
    options: { mode: 'markdown', content: describe(panel, { drawn: series.length > 0 }) },
  });
  if (series.length === 0) return [text(HEIGHT, y)];
  const lake = panel.truth === 'lake';
  const h = lake ? HEIGHT - TEXT_HEIGHT : HEIGHT;
  const chart: GrafanaPanel = {
    id,
    title: lake ? `${panel.title} (live hint, not the truth)` : panel.title,
    description: describe(panel, { drawn: true }),
    gridPos: { x, y, w: WIDTH, h },
    datasource: DATASOURCE,
    ...chartOf(panel, series, linesOf(panel.limits, rules)),
  };
  return lake ? [chart, text(TEXT_HEIGHT, y + h)] : [chart];
}

type Chart = Pick<GrafanaPanel, 'type' | 'targets' | 'fieldConfig' | 'options'>;

function chartOf(panel: Panel, series: readonly DrawnSeries[], lines: readonly LimitLine[]): Chart {
  const { type, range, custom = {}, options } = looksOf(panel, series);
  const instant = range !== '$__rate_interval';
  const targets = series.map((one, index): Target => {
    const format = one.statistic === 'distribution' ? 'heatmap' : 'time_series';
    return {
      refId: String.fromCharCode(65 + index),
      datasource: DATASOURCE,
      editorMode: 'code',
      expr: promqlOf(one, range),
      format,
      instant,
      range: !instant,
      legendFormat: format === 'heatmap' ? '{{le}}' : legendOf(one, series.length > 1),
    };
  });
  const onlyRight = series.every(({ axis }) => axis === 'right');
  const axis = onlyRight ? (panel.right ?? panel.y) : panel.y;
  const mainLines = onlyRight ? lines : lines.filter(({ right }) => !right);
  const steps = thresholds(mainLines);
  return {
    type,
    targets,
    options,
    fieldConfig: {
      defaults: {
        ...unitOf(axis),
        ...(panel.chart === 'state' ? { mappings: ON_OFF } : {}),
        color: { mode: type === 'timeseries' || type === 'piechart' ? 'palette-classic' : 'thresholds' },
        thresholds: steps,
        custom: type === 'timeseries' && mainLines.length > 0 ? { ...custom, ...LINE_OF_LIMIT } : custom,
      },
      overrides: onlyRight ? [] : overridesOf(panel, series, lines),
    },
  };
}

/** Series on the right axis: its unit, and the limits that are about it. */
const overridesOf = (panel: Panel, series: readonly DrawnSeries[], lines: readonly LimitLine[]): Json[] =>
  series.flatMap(({ axis }, index) => {
    if (axis !== 'right' || panel.right === undefined) return [];
    const own = lines.filter(({ right }) => right);
    return [
      {
        matcher: { id: 'byFrameRefID', options: String.fromCharCode(65 + index) },
        properties: [
          ...Object.entries(unitOf(panel.right)).map(([id, value]) => ({ id, value })),
          { id: 'custom.axisPlacement', value: 'right' },
          { id: 'custom.axisLabel', value: panel.right.label },
          ...(own.length === 0
            ? []
            : [
                { id: 'thresholds', value: thresholds(own) },
                { id: 'custom.thresholdsStyle', value: LINE_OF_LIMIT.thresholdsStyle },
              ]),
        ],
      },
    ];
  });

interface Looks {
  readonly type: string;
  readonly range: Range;
  readonly custom?: Json;
  readonly options: Json;
}

function looksOf(panel: Panel, series: readonly DrawnSeries[]): Looks {
  const reduced = { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false } };
  switch (panel.chart) {
    case 'number':
      return {
        type: 'stat',
        range: '$__range',
        options: { ...reduced, colorMode: 'value', graphMode: 'none', textMode: 'value_and_name' },
      };
    case 'gauge':
      return {
        type: 'gauge',
        range: series.some(({ over }) => over === 'day') ? '1d' : '1h',
        options: { ...reduced, showThresholdMarkers: true, showThresholdLabels: true },
      };
    case 'pie':
      return {
        type: 'piechart',
        range: '$__range',
        options: { ...reduced, pieType: 'pie', legend: { ...LEGEND, calcs: [], values: ['value', 'percent'] } },
      };
    case 'state':
      return {
        type: 'state-timeline',
        range: '$__rate_interval',
        options: { mergeValues: true, showValue: 'auto', legend: LEGEND, tooltip: { mode: 'single', sort: 'none' } },
      };
    case 'bar':
      return bars(reduced);
    case 'histogram':
      // Grafana's own histogram counts raw values; cumulative buckets are told apart by its bar gauge.
      return series.some(({ statistic }) => statistic === 'distribution') ? bars(reduced) : lines(panel);
    default:
      return lines(panel);
  }
}

const LEGEND = { showLegend: true, displayMode: 'list', placement: 'bottom' } as const;
const LINE_OF_LIMIT = { thresholdsStyle: { mode: 'line' } } as const;
const ON_OFF = [
  { type: 'value', options: { 0: { text: 'fresh', color: 'green' }, 1: { text: 'stale', color: 'red' } } },
];

const bars = (reduced: Json): Looks => ({
  type: 'bargauge',
  range: '$__range',
  options: { ...reduced, orientation: 'horizontal', displayMode: 'basic', showUnfilled: true },
});

const lines = ({ chart }: Panel): Looks => ({
  type: 'timeseries',
  range: '$__rate_interval',
  custom: {
    drawStyle: 'line',
    lineWidth: 1,
    fillOpacity: chart === 'area' ? 40 : 0,
    showPoints: 'auto',
    spanNulls: false, // a gap is a gap
    stacking: { mode: chart === 'area' ? 'normal' : 'none', group: 'A' },
  },
  options: { legend: { ...LEGEND, calcs: [] }, tooltip: { mode: 'multi', sort: 'none' } },
});

const legendOf = ({ label, by }: DrawnSeries, several: boolean): string =>
  ['{{strategy_id}}', ...(by === undefined ? [] : [`{{${by}}}`]), ...(several ? [label] : [])].join(' ');

/** Steps of Grafana: each colour holds from its value upwards. */
function thresholds(lines: readonly LimitLine[]): Json {
  const color = ({ severity }: LimitLine): string => (severity === 'critical' ? 'red' : 'orange');
  const below = lines.find(({ beyond }) => beyond === 'below');
  const above = lines.filter(({ beyond }) => beyond === 'above').sort((a, b) => a.value - b.value);
  return {
    mode: 'absolute',
    steps: [
      { color: below === undefined ? 'green' : color(below), value: null },
      ...(below === undefined ? [] : [{ color: 'green', value: below.value }]),
      ...above.map((line) => ({ color: color(line), value: line.value })),
    ],
  };
}

const UNITS: Readonly<Record<Unit, string>> = {
  'account currency': 'short',
  usd: 'currencyUSD',
  bps: 'suffix: bps',
  fraction: 'percentunit',
  ms: 'ms',
  s: 's',
  count: 'short',
  boolean: 'short',
  none: 'none',
  time: 'dateTimeAsIso',
};

const unitOf = ({ unit, min, max }: Axis): Json => ({
  unit: UNITS[unit],
  ...(min === undefined ? {} : { min }),
  ...(max === undefined ? {} : { max }),
});
