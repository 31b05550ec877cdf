import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { namedQueries } from '../../adapters/local/named-queries.ts';
import { nearestName } from '../../core/catalog/nearest.ts';
import { alertsOf } from '../../core/config/index.ts';
import { grafanaDashboard } from '../../core/dashboards/grafana.ts';
import { DASHBOARDS } from '../../core/dashboards/index.ts';
import { linesOf } from '../../core/dashboards/limits.ts';
import type { Dashboard } from '../../core/dashboards/types.ts';
import { messageOf, NightdeskError } from '../../core/errors.ts';
import { bindQuery } from '../../core/query/named.ts';
import { readSettings } from '../settings.ts';
import { dataOption, jsonOption } from './options.ts';
import { count, print, printJson, printRows, type Row, say } from './output.ts';

interface Options {
  readonly data: string;
  readonly grafana?: true;
  readonly out?: string;
  readonly sql?: string;
  readonly json?: true;
}

const HELP = `
Examples:
  nightdesk dashboards                               every panel, and where its figures come from
  nightdesk dashboards trading                       one dashboard
  nightdesk dashboards --sql win-rate-by-source      the SQL that answers a panel
  nightdesk dashboards health --grafana > health.json
  nightdesk dashboards --grafana --out grafana/      one file per dashboard, for import or provisioning
  nightdesk dashboards --json                        the dashboards as data

Limits of alert rules are drawn in as nightdesk.json of the data folder sets them. docs/dashboards.md says how Grafana
takes the files; a stack on AWS brings the same dashboards to CloudWatch.`;

export function configure(command: Command): void {
  command
    .argument('[name]', `one dashboard: ${DASHBOARDS.map(({ name }) => name).join(', ')} (default: all)`)
    .addOption(dataOption())
    .addOption(
      new Option('--grafana', 'Grafana’s JSON, over the metrics that a desk serves').conflicts(['sql', 'json']),
    )
    .addOption(
      new Option('--out <folder>', 'with --grafana: write files there instead of printing one').implies({
        grafana: true,
      }),
    )
    .addOption(new Option('--sql <panel>', 'print the SQL that answers a panel').conflicts(['json', 'out']))
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action(async (name: string | undefined, options: Options) => {
      const chosen = name === undefined ? DASHBOARDS : [dashboardNamed(name)];
      if (options.sql !== undefined) print(`${await sqlOf(options.sql, chosen)}\n`);
      else if (options.grafana) await grafana(chosen, options);
      else if (options.json) await printData(chosen, options);
      else
        printRows(
          'table',
          ['dashboard', 'panel', 'S1', 'drawn as', 'from', 'query', 'answers'],
          chosen.flatMap(rowsOf),
        );
    });
}

const rowsOf = ({ name, panels }: Dashboard): Row[] =>
  panels.map(({ id, reference, chart, truth, question, answers }) => [
    name,
    id,
    reference,
    chart,
    truth,
    question.query,
    answers,
  ]);

/** The data as it is, with the limits as they are set here. */
async function printData(chosen: readonly Dashboard[], { data }: Options): Promise<void> {
  const { rules } = alertsOf(await readSettings(data));
  printJson(
    chosen.map((dashboard) => ({
      ...dashboard,
      panels: dashboard.panels.map((panel) => ({ ...panel, limits: linesOf(panel.limits, rules) })),
    })),
  );
}

async function grafana(chosen: readonly Dashboard[], { data, out }: Options): Promise<void> {
  const { rules } = alertsOf(await readSettings(data));
  const [first] = chosen;
  if (out === undefined) {
    if (first === undefined || chosen.length > 1)
      throw new NightdeskError(
        'USAGE',
        `--grafana prints one dashboard: name it (${DASHBOARDS.map(({ name }) => name).join(', ')}), or write all with --out FOLDER`,
      );
    return printJson(grafanaDashboard(first, rules));
  }
  try {
    await mkdir(out, { recursive: true });
    for (const dashboard of chosen)
      await writeFile(
        join(out, `nightdesk-${dashboard.name}.json`),
        `${JSON.stringify(grafanaDashboard(dashboard, rules), undefined, 2)}\n`,
      );
  } catch (error) {
    throw new NightdeskError('CONFIG_INVALID', `--out ${out} cannot be written: ${messageOf(error)}`, { cause: error });
  }
  say(`${count(chosen.length)} ${chosen.length === 1 ? 'dashboard' : 'dashboards'} in ${out}`);
}

async function sqlOf(id: string, chosen: readonly Dashboard[]): Promise<string> {
  const panels = chosen.flatMap((dashboard) => dashboard.panels);
  const panel = panels.find((one) => one.id === id);
  const queries = await namedQueries();
  const query = queries.find(({ name }) => name === panel?.question.query);
  if (panel !== undefined && query !== undefined) return bindQuery(query, panel.question.parameters ?? {});
  const ids = panels.map((one) => one.id);
  throw unknown('panel', id, ids);
}

function dashboardNamed(name: string): Dashboard {
  const found = DASHBOARDS.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw unknown(
    'dashboard',
    name,
    DASHBOARDS.map((one) => one.name),
  );
}

function unknown(what: string, name: string, names: readonly string[]): NightdeskError {
  const close = nearestName(name, names);
  return new NightdeskError(
    'NOT_FOUND',
    `there is no ${what} ${JSON.stringify(name.slice(0, 100))}; ${close === undefined ? '' : `did you mean ${close}? `}there are ${names.join(', ')}`,
  );
}
