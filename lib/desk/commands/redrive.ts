import type { Command } from 'commander';
import { NightdeskError } from '../../core/errors.ts';
import { REASONS } from '../../core/transform/types.ts';
import { noting, touchedBy } from '../lifecycle/touched.ts';
import { printable } from '../printable.ts';
import { type RedriveReport, redrive } from '../query/redrive.ts';
import { type ErrorsReport, redriveErrors } from '../query/redrive-errors.ts';
import { foldAgain } from '../trades/fold-again.ts';
import { addStackOptions, dataOption, jsonOption, type StackOptions } from './options.ts';
import { count, printJson, printRows, say } from './output.ts';
import { openTarget, type Target } from './target.ts';
import { dayOption } from './units.ts';

interface Options extends StackOptions {
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
  nightdesk redrive --aws --stack nightdesk-prod --dry-run

What the transform of today can store goes to its stream, with the identity and time of arrival it had at first, and
leaves quarantine. Without --reason, what Firehose left below errors/ goes to the lake too, by its key and line; the
objects stay there until their retention ends. Running it again changes nothing.`;

export function configure(command: Command): void {
  addStackOptions(command.addOption(dataOption()), { apart: ['data'] })
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
    .action(run);
}

async function run(options: Options): Promise<void> {
  const { data, aws, reason, from, to, json } = options;
  const dryRun = options.dryRun === true;
  const target = await openTarget(options);
  try {
    const store = noting(target.store);
    const transform = await target.transform();
    const days = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
    const why = reason === undefined ? {} : { reason };
    const report = await redrive({ lake: target.engine, store, transform, dryRun, ...why, ...days });
    // After quarantine, for some of it may go there: it has had its turn.
    const errors = reason === undefined ? await redriveErrors({ store, transform, dryRun, ...days }) : undefined;
    if (!aws) await foldWritten(data, store);
    if (json) printJson({ dry_run: dryRun, ...report, ...(errors === undefined ? {} : { errors }) });
    else {
      printReport(report, dryRun);
      if (errors !== undefined && errors.objects > 0) printErrors(errors, dryRun);
    }
    target.sayCost();
  } finally {
    await target.close();
  }
}

/** A desk does not see what others write: what was stored late is folded here. The stack's function is woken by each object. */
async function foldWritten(
  data: string,
  store: Target['store'] & { readonly written: readonly string[] },
): Promise<void> {
  const touched = await touchedBy(store, store.written);
  if (touched !== undefined) await foldAgain(data, touched);
}

const MOST_PROBLEMS = 5;

function printErrors(
  { objects, looked, stored, quarantined, already, left, problems }: ErrorsReport,
  dryRun: boolean,
): void {
  for (const { key, problem, records } of problems.slice(0, MOST_PROBLEMS))
    say(printable(`${key}: ${whoseOf(records)}${problem}`));
  if (problems.length > MOST_PROBLEMS) say(`and ${count(problems.length - MOST_PROBLEMS)} more; --json lists them`);
  const held = quarantined > 0 ? ` (of which ${count(quarantined)} in quarantine)` : '';
  say(
    `${count(looked)} records in ${count(objects)} objects of errors/ = ${count(stored)} ${dryRun ? 'to be stored' : 'stored'}${held} + ${count(already)} stored before + ${count(left)} left`,
  );
}

/** What a problem is of: the object itself, or records in it. */
const whoseOf = (records: number): string =>
  records === 0 ? '' : records === 1 ? 'a record ' : `${count(records)} records, each `;

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
