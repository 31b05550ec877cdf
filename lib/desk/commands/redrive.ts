import type { Command } from 'commander';
import { openLake } from '../../adapters/local/duckdb.ts';
import { createFolderStore } from '../../adapters/local/object-store.ts';
import { NightdeskError } from '../../core/errors.ts';
import { REASONS } from '../../core/transform/types.ts';
import { dataFolder } from '../data-folder.ts';
import { noting, touchedBy } from '../lifecycle/touched.ts';
import { type RedriveReport, redrive } from '../query/redrive.ts';
import { transformOf } from '../settings.ts';
import { foldAgain } from '../trades/fold-again.ts';
import { dataOption, jsonOption } from './options.ts';
import { count, printJson, printRows, say } from './output.ts';
import { dayOption } from './units.ts';

interface Options {
  readonly data: string;
  readonly reason?: string;
  readonly from?: string;
  readonly to?: string;
  readonly dryRun?: true;
  readonly json?: true;
}

const HELP = `
Examples:
  nightdesk redrive --dry-run
  nightdesk redrive --reason unknown_shape
  nightdesk redrive --from 2025-11-21 --to 2025-11-22 --json

What the transform of today can store goes to its stream, with the identity and time of arrival it had at first, and
leaves quarantine. Running it again changes nothing.`;

export function configure(command: Command): void {
  command
    .addOption(dataOption())
    .option(
      '--reason <reason>',
      `only lines that are there for this reason (default: all of ${Object.keys(REASONS).join(', ')})`,
      reasonOption,
    )
    .option('--from <day>', 'only what came in on or after this UTC day (default: no limit)', dayOption('--from'))
    .option('--to <day>', 'only what came in on or before this UTC day (default: no limit)', dayOption('--to'))
    .option('--dry-run', 'say what would be stored, and write nothing')
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action(async ({ data, dryRun, json, ...filters }: Options) => {
      const lake = await openLake(data);
      try {
        const store = noting(createFolderStore(dataFolder(data).lake));
        const report = await redrive({
          lake,
          store,
          transform: await transformOf(data),
          dryRun: dryRun === true,
          ...filters,
        });
        // A desk does not see what others write: what it stored late is folded here.
        const touched = await touchedBy(store, store.written);
        if (touched !== undefined) await foldAgain(data, touched);
        if (json) printJson({ dry_run: dryRun === true, ...report });
        else printReport(report, dryRun === true);
      } finally {
        await lake.close();
      }
    });
}

function printReport({ looked, stored, already, left, reasons, changed }: RedriveReport, dryRun: boolean): void {
  if (looked === 0) {
    say('Nothing in quarantine fits.');
    return;
  }
  const columns = ['reason', 'before', 'stored', 'stored before', 'left'];
  printRows(
    'table',
    columns,
    reasons.map((one) => [one.reason, count(one.before), count(one.stored), count(one.already), count(one.after)]),
  );
  for (const { from, to, lines } of changed) say(`${count(lines)} ${from} would be ${to} today`);
  say(
    `${count(looked)} in quarantine = ${count(stored)} ${dryRun ? 'to be stored' : 'stored'} + ${count(already)} stored before + ${count(left)} left`,
  );
}

function reasonOption(value: string): string {
  if (Object.hasOwn(REASONS, value)) return value;
  throw new NightdeskError(
    'CONFIG_INVALID',
    `--reason must be one of ${Object.keys(REASONS).join(', ')}, got ${value}`,
  );
}
