import { type Command, Option } from 'commander';
import { adviceOn } from '../../core/cost/advice.ts';
import { billOf } from '../../core/cost/bill.ts';
import { metricsWithin, splitByBudget } from '../../core/cost/budget.ts';
import { limitsOf } from '../../core/cost/limits.ts';
import { dearestDimension } from '../../core/cost/metrics.ts';
import { LOOKED_UP, REGION } from '../../core/cost/prices.ts';
import { HOURS_PER_MONTH } from '../../core/cost/units.ts';
import {
  DEFAULT_WORKLOAD,
  DIMENSION_RANGE,
  inRange,
  RANGES,
  type Range,
  type Workload,
  workloadOf,
} from '../../core/cost/workload.ts';
import { NightdeskError } from '../../core/errors.ts';
import { jsonOf, printReport, type Report } from './cost-report.ts';
import { jsonOption } from './options.ts';
import { printJson } from './output.ts';
import { durationOption, sizeOption } from './units.ts';

interface Options {
  readonly eventsPerDay: number;
  readonly bytes?: number;
  readonly strategies?: number | readonly string[];
  readonly streams?: number;
  readonly linesPerRecord?: number;
  readonly single?: true;
  readonly packed?: true;
  readonly flush?: number;
  readonly buffer?: number;
  readonly expansion?: number;
  readonly gzipRatio?: number;
  readonly months?: number;
  readonly queriesPerDay?: number;
  readonly scan?: number;
  readonly metrics: boolean;
  readonly metricStrategies?: number;
  readonly extraMetrics?: true;
  readonly dimension?: Readonly<Record<string, number>>;
  readonly alarms?: number;
  readonly dashboards?: number;
  readonly secrets?: number;
  readonly logDays?: number;
  readonly tracing: boolean;
  readonly kms?: true;
  readonly freeTier?: true;
  readonly budget?: number;
  readonly region: string;
  readonly all?: true;
  readonly json?: true;
}

const HELP = `
Examples:
  nightdesk cost --events-per-day 50K                              one busy bot
  nightdesk cost --events-per-day 5M --single                      a bot that sends each event as a record of its own
  nightdesk cost --events-per-day 300K --strategies 6 --streams 8  six bots together
  nightdesk cost --events-per-day 1M --strategies carry,trend,mm --budget 40
                                                                   whose metrics stay on for 40 USD: the first named
  nightdesk cost --events-per-day 1M --strategies 3 --dimension symbol=5 --dimension source=3
  nightdesk cost --events-per-day 1e9 --strategies 500 --flush 10s --json

Prices are list prices of ${REGION} in USD, looked up on ${LOOKED_UP}; a month has ${HOURS_PER_MONTH} hours. docs/cost.md has the table of prices
with their sources, how each line is reckoned, and how to hold it against your own bill.`;

export function configure(command: Command): void {
  const defaults = DEFAULT_WORKLOAD;
  command
    .requiredOption(
      '--events-per-day <number>',
      'events of all strategies together: 270, 50K, 5M or 1e9',
      number('eventsPerDay', '--events-per-day'),
    )
    .option('--bytes <size>', `of one event as it is sent (default: ${defaults.bytes})`, sizeOption('--bytes'))
    .option('--strategies <number|names>', 'how many, or their names with commas (default: 1)', strategiesOption)
    .option(
      '--streams <number>',
      `different streams that events go to (default: ${defaults.streams})`,
      number('streams', '--streams'),
    )
    .option('--packed', 'producers pack what comes within --flush into one record (default)')
    .addOption(
      new Option('--single', 'each event is a record of its own').conflicts(['linesPerRecord', 'flush', 'packed']),
    )
    .addOption(
      new Option('--lines-per-record <number>', 'events in each record, instead of what comes within --flush')
        .argParser(number('linesPerRecord', '--lines-per-record'))
        .conflicts(['flush']),
    )
    .option(
      '--flush <duration>',
      'how long producers gather events before they send (default: 1s)',
      durationOption('--flush'),
    )
    .option(
      '--buffer <duration>',
      'how long Firehose gathers before it writes an object (default: 60s)',
      durationOption('--buffer'),
    )
    .option(
      '--expansion <number>',
      `bytes stored for each byte sent, before compression (default: ${defaults.expansion})`,
      number('expansion', '--expansion'),
    )
    .option(
      '--gzip-ratio <number>',
      `how much smaller gzip makes them (default: ${defaults.gzipRatio})`,
      number('gzipRatio', '--gzip-ratio'),
    )
    .option(
      '--months <number>',
      `which month since the first event is billed (default: ${defaults.month})`,
      number('month', '--months'),
    )
    .option(
      '--queries-per-day <number>',
      `questions asked in SQL a day (default: ${defaults.queriesPerDay})`,
      number('queriesPerDay', '--queries-per-day'),
    )
    .option(
      '--scan <size>',
      'compressed bytes that a query reads (default: a day of three streams)',
      sizeOption('--scan'),
    )
    .option('--no-metrics', 'no metrics are published')
    .addOption(
      new Option('--metric-strategies <number>', 'strategies that publish metrics (default: all)').argParser(
        number('metricStrategies', '--metric-strategies'),
      ),
    )
    .option('--extra-metrics', 'those are published too that only dashboards show (metrics.extra)')
    .option(
      '--dimension <name=values>',
      'a dimension on every metric beside strategy_id; may be repeated',
      addDimension,
    )
    .option('--alarms <number>', `alarms on the platform (default: ${defaults.alarms})`, number('alarms', '--alarms'))
    .option(
      '--dashboards <number>',
      `CloudWatch dashboards (default: ${defaults.dashboards})`,
      number('dashboards', '--dashboards'),
    )
    .option(
      '--secrets <number>',
      `secrets: one where identifiers are hashed (default: ${defaults.secrets})`,
      number('secrets', '--secrets'),
    )
    .option(
      '--log-days <number>',
      `days that logs are kept (default: ${defaults.logDays})`,
      number('logDays', '--log-days'),
    )
    .option('--no-tracing', 'functions are not traced')
    .option('--kms', 'a KMS key of your own encrypts')
    .option('--free-tier', 'take off what AWS gives every account each month')
    .option('--budget <usd>', 'monthly bill up to which strategies publish metrics', budgetOption)
    .option('--region <name>', 'whose prices', regionOption, REGION)
    .option('--all', 'show the lines below a cent too')
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action(cost);
}

function cost(options: Options): void {
  const names = typeof options.strategies === 'object' ? options.strategies : undefined;
  const asked = workloadFrom(options, names);
  const budget = options.budget === undefined ? null : metricsWithin(asked, options.budget);
  const workload = budget === null ? asked : { ...asked, metricStrategies: budget.on };
  const bill = billOf(workload);
  const report: Report = {
    all: options.all === true,
    workload,
    bill,
    first: billOf({ ...workload, month: 1 }).totalUsd,
    advice: adviceOn(workload, bill),
    dimension: dearestDimension(asked) ?? null,
    limits: limitsOf(workload, bill.usage),
    budget,
    names: budget === null || names === undefined ? null : splitByBudget(names, budget.on),
  };
  if (options.json) printJson(jsonOf(report));
  else printReport(report);
}

function workloadFrom(options: Options, names: readonly string[] | undefined): Workload {
  const strategies = names?.length ?? (typeof options.strategies === 'number' ? options.strategies : undefined);
  const { flush, buffer, months, scan, dimension } = options;
  const metricStrategies = options.metrics ? options.metricStrategies : 0;
  const linesPerRecord = options.single ? 1 : options.linesPerRecord;
  const given: { -readonly [Name in keyof Workload]?: Workload[Name] | undefined } = {
    eventsPerDay: options.eventsPerDay,
    bytes: ranged('bytes', '--bytes', options.bytes),
    strategies,
    streams: options.streams,
    linesPerRecord,
    flushMs: ranged('flushMs', '--flush, in ms,', flush),
    bufferMs: ranged('bufferMs', '--buffer, in ms,', buffer),
    expansion: options.expansion,
    gzipRatio: options.gzipRatio,
    month: months,
    queriesPerDay: options.queriesPerDay,
    scanBytes: ranged('scanBytes', '--scan', scan),
    publish: options.metrics,
    metricStrategies,
    extraMetrics: options.extraMetrics,
    dimensions: dimension,
    alarms: options.alarms,
    dashboards: options.dashboards,
    secrets: options.secrets,
    logDays: options.logDays,
    tracing: options.tracing,
    kms: options.kms,
    freeTier: options.freeTier,
  };
  if ((metricStrategies ?? 0) > (strategies ?? DEFAULT_WORKLOAD.strategies))
    throw new NightdeskError(
      'CONFIG_INVALID',
      `--metric-strategies must be at most --strategies (${strategies ?? DEFAULT_WORKLOAD.strategies}), got ${metricStrategies}`,
    );
  return workloadOf(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)));
}

const ranged = (name: keyof typeof RANGES, option: string, value: number | undefined): number | undefined =>
  value === undefined ? undefined : inRange(option, value, RANGES[name]);

const FACTORS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 };

/** Numbers such as 270, 50K, 5M or 1e9, within the range of the workload. @throws CONFIG_INVALID that names the option */
function number(name: keyof typeof RANGES, option: string): (value: string) => number {
  const range: Range = RANGES[name];
  return (value) => inRange(option, parsed(option, value), range);
}

function parsed(option: string, value: string): number {
  const [, digits, factor = ''] = /^(\d+(?:\.\d+)?(?:e\d{1,3})?)([kmg]?)$/i.exec(value.trim()) ?? [];
  if (digits !== undefined) return Number(digits) * (FACTORS[factor.toLowerCase()] ?? 1);
  throw new NightdeskError('CONFIG_INVALID', `${option} must be a number such as 270, 50K, 5M or 1e9, got ${value}`);
}

/** A number, or names: what begins with a letter is a name. */
function strategiesOption(value: string): number | readonly string[] {
  if (/^[\d.]/.test(value.trim()) && !value.includes(',')) return number('strategies', '--strategies')(value);
  const names = value.split(',').map((name) => name.trim());
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (names.includes('') || twice !== undefined)
    throw new NightdeskError(
      'CONFIG_INVALID',
      `--strategies must be a number, or different names with commas between them, got ${value}`,
    );
  return names;
}

function addDimension(value: string, before: Readonly<Record<string, number>> = {}): Readonly<Record<string, number>> {
  const [, name, values] = /^([A-Za-z][\w.-]*)=(.+)$/.exec(value.trim()) ?? [];
  if (name === undefined || values === undefined)
    throw new NightdeskError(
      'CONFIG_INVALID',
      `--dimension must be a name and a number such as symbol=5, got ${value}`,
    );
  if (name === 'strategy_id')
    throw new NightdeskError('CONFIG_INVALID', '--dimension strategy_id is always there: its values are --strategies');
  return { ...before, [name]: inRange(`--dimension ${name}`, parsed(`--dimension ${name}`, values), DIMENSION_RANGE) };
}

function budgetOption(value: string): number {
  const budget = parsed('--budget', value);
  if (Number.isFinite(budget)) return budget;
  throw new NightdeskError('CONFIG_INVALID', `--budget must be an amount in USD such as 25, got ${value}`);
}

function regionOption(value: string): string {
  if (value === REGION) return value;
  throw new NightdeskError(
    'CONFIG_INVALID',
    `--region must be ${REGION}, the one region with looked-up prices, got ${value}; others are up to a third dearer`,
  );
}
