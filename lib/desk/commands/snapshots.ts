import { type Command, Option } from 'commander';
import { openLake } from '../../adapters/local/duckdb.ts';
import type { Bucket, Level } from '../../core/snapshots/types.ts';
import { LEVELS, listSnapshots, type SnapshotFilters } from '../snapshots/list.ts';
import { openSnapshots } from '../snapshots/open-snapshots.ts';
import { printSnapshots } from '../snapshots/print-list.ts';
import { UNKNOWN_MODE } from '../trades/filters.ts';
import { shownMode } from '../trades/options.ts';
import { dataOption, jsonOption } from './options.ts';
import { count, FORMATS, type Format, formatOption, print, printJson, wholeNumber } from './output.ts';
import { dayOption } from './units.ts';

interface ListOptions extends SnapshotFilters {
  readonly data: string;
  readonly bucket?: Bucket;
  readonly level?: Level;
  readonly limit: number;
  readonly format: Format;
}

interface BuildOptions {
  readonly data: string;
  readonly from?: string;
  readonly to?: string;
  readonly json?: true;
}

const HELP = `
Examples:
  nightdesk snapshots                                       the newest 50
  nightdesk snapshots --bucket 24h --level strategy
  nightdesk snapshots --session 3bc82e52-170f-4a8c-ac86-e665caedf8b2 --bucket 1h
  nightdesk snapshots --limit 100000 --format csv > snapshots.csv
  nightdesk snapshots build --from 2025-11-21               make them again, after an import for one

An empty cell is not known; docs/snapshots.md says for every figure how it is computed and when it is not known.`;

const BUILD_HELP = `
Example:
  nightdesk snapshots build --from 2025-11-21 --to 2025-12-02

Buckets build on those before them: without --to all later ones are set right too. Where nothing is wrong nothing is
written. A desk may run beside it.`;

export function configure(command: Command): void {
  command
    .enablePositionalOptions() // or the options of build would be taken for those of snapshots
    .addOption(dataOption())
    .addOption(new Option('--bucket <length>', 'only buckets of this length (default: both)').choices(['1h', '24h']))
    .addOption(new Option('--level <level>', 'only rows of this level (default: all)').choices(LEVELS))
    .option('--strategy <id>', 'only snapshots of this strategy (default: all)')
    .option('--session <id>', 'only snapshots of this run (default: all)')
    .option('--mode <mode>', `only snapshots of this mode, or ${UNKNOWN_MODE} (default: all)`, shownMode)
    .option('--from <day>', 'only buckets from this UTC day on (default: no limit)', dayOption('--from'))
    .option('--to <day>', 'only buckets up to this UTC day (default: no limit)', dayOption('--to'))
    .option('-n, --limit <n>', 'most rows to list', wholeNumber('--limit', { min: 1, max: 10_000_000 }), 50)
    .option('--format <format>', `how to print: ${FORMATS.join(', ')}`, formatOption, 'table')
    .addHelpText('after', HELP)
    .action(list);
  command
    .command('build')
    .description('make the snapshots of closed hours and days again from the lake')
    .addOption(dataOption())
    .option('--from <day>', 'first UTC day (default: the first of the lake)', dayOption('--from'))
    .option('--to <day>', 'last UTC day (default: the last)', dayOption('--to'))
    .addOption(jsonOption())
    .addHelpText('after', BUILD_HELP)
    .action(build);
}

async function list({ data, limit, format, ...filters }: ListOptions): Promise<void> {
  const lake = await openLake(data);
  try {
    printSnapshots(format, await listSnapshots(lake, filters, limit));
  } finally {
    await lake.close();
  }
}

async function build({ data, from, to, json }: BuildOptions): Promise<void> {
  const snapshots = await openSnapshots(data);
  const report = await snapshots.rebuild({
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  });
  if (json) printJson(report);
  else print(`${count(report.days)} days, ${count(report.rows)} snapshots, ${count(report.written)} of them written\n`);
}
