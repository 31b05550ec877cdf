import { type Command, Option } from 'commander';
import { gunzip, gzip } from '../../adapters/local/gzip.ts';
import { createFolderStore } from '../../adapters/local/object-store.ts';
import { sha256 } from '../../adapters/local/sha256.ts';
import { NightdeskError } from '../../core/errors.ts';
import type { Columns } from '../../core/reconcile/layouts.ts';
import { compareOwnBooks, publishOwnBooks } from '../../core/reconcile/own-books.ts';
import { isOpen } from '../../core/reconcile/rows.ts';
import { readTolerances, TOLERANCE_NAMES } from '../../core/reconcile/tolerances.ts';
import type { Range } from '../../core/reconcile/types.ts';
import { isoToInstant } from '../../core/transform/time.ts';
import { dataFolder } from '../data-folder.ts';
import { columnsOption, type MappingOptions, mappingOf } from '../reconcile/mapping.ts';
import { printOwnBooks, printVenue } from '../reconcile/print.ts';
import { runVenue } from '../reconcile/run-venue.ts';
import { UNKNOWN_MODE } from '../trades/filters.ts';
import { openLedger } from '../trades/open-ledger.ts';
import { MODES, shownMode } from '../trades/options.ts';
import { dataOption } from './options.ts';
import { FORMATS, type Format, formatOption } from './output.ts';
import { isDay } from './units.ts';

interface Options extends MappingOptions {
  readonly data: string;
  readonly venue?: string;
  readonly strategy?: string;
  readonly mode?: string;
  readonly venueName?: string;
  readonly account?: string;
  readonly symbol?: string;
  readonly from?: string;
  readonly to?: string;
  readonly columns?: Columns;
  readonly tolerance?: readonly string[];
  readonly format: Format;
  readonly all?: true;
  readonly adopt?: true;
  readonly dryRun?: true;
}

const HELP = `
Examples:
  nightdesk reconcile --venue trades.csv --venue-name binance                  fills, fees and funding of live books
  nightdesk reconcile --venue fills.json --from 2026-01-05 --to 2026-01-06     an export that covers two whole days
  nightdesk reconcile --venue t.csv --columns id=Ref,time=When,symbol=Pair,side=Way,quantity=Size,price=Px
  nightdesk reconcile --venue trades.csv --tolerance price=0.5 --tolerance time=10s
  nightdesk reconcile --venue trades.csv --adopt --dry-run                     what --adopt would write
  nightdesk reconcile --from 2026-01-05                                        our ledger against a fold from scratch

Ends with 0 where no break is open, with 1 where one is, and with 2 where the file or an option is wrong. The result is in
stream reconciliation, for SQL.`;

export function configure(command: Command): void {
  command
    .addOption(dataOption())
    .option(
      '--venue <file>',
      'an export of the venue: CSV, a JSON array or JSON Lines, also gzip (default: none, our own books)',
    )
    .option('--strategy <id>', 'only books of this strategy (default: all)')
    .option(
      '--mode <mode>',
      `only books of this mode: ${[...MODES, UNKNOWN_MODE].join(', ')} (default: live with --venue, else all)`,
      shownMode,
    )
    .option('--venue-name <name>', 'only books at this venue (default: all)')
    .option('--account <id>', 'only books of this account (default: all)')
    .option('--symbol <name>', 'only this instrument, in any spelling (default: all)')
    .option('--from <time>', 'UTC day or time from which on the file is complete (default: the day of its first row)')
    .option('--to <time>', 'UTC day, included, or time up to which it is (default: the day of its last row)')
    .option('--columns <field=column,…>', 'columns of the file, where they are not recognised', columnsOption)
    .option('--mapping <file>', 'a JSON file that says the columns and more of the file')
    .option('--time-zone <zone>', 'zone of times that name none (default: as the file says, else that of the settings)')
    .option('--time-format <format>', 'format of the times, such as dd/MM/yyyy HH:mm:ss (default: epoch or ISO 8601)')
    .addOption(
      new Option('--fee-sign <meaning>', 'what a fee above zero means (default: as the venue has it)').choices([
        'paid',
        'received',
      ]),
    )
    .option(
      '--contract-size <number>',
      'base units per contract, where the file counts contracts (default: 1)',
      sizeOption,
    )
    .option(
      '--tolerance <kind=value>',
      `allowed difference of ${TOLERANCE_NAMES.join(', ')}; may be repeated`,
      addTolerance,
    )
    .option('--adopt', 'write what only the venue knows into the ledger, as events with their provenance')
    .option('--dry-run', 'publish nothing, and with --adopt say what would be written')
    .option('--all', 'show breaks within tolerance and adopted ones too')
    .option('--format <format>', `how to print: ${FORMATS.join(', ')}`, formatOption, 'table')
    .addHelpText('after', HELP)
    .action(reconcile);
}

async function reconcile(options: Options): Promise<void> {
  const open = options.venue === undefined ? await ownBooks(options) : await againstVenue(options, options.venue);
  if (open > 0) process.exitCode = 1;
}

async function againstVenue(options: Options, file: string): Promise<number> {
  const { mode = 'live', adopt, dryRun, format, all } = options;
  const range: Partial<Range> = {
    ...(options.from === undefined ? {} : { fromUs: timeOption('--from', options.from, 'first') }),
    ...(options.to === undefined ? {} : { toUs: timeOption('--to', options.to, 'last') }),
  };
  const tolerances = readTolerances(options.tolerance ?? []);
  const result = await runVenue({
    data: options.data,
    file,
    filter: {
      mode,
      strategy: options.strategy,
      venue: options.venueName,
      account: options.account,
      symbol: options.symbol,
    },
    mapping: await mappingOf(options),
    tolerances,
    range,
    adopt: adopt === true,
    dryRun: dryRun === true,
    nowMs: Date.now(),
  });
  printVenue(result, { format, all: all === true, mode, dryRun: dryRun === true });
  return result.comparison.breaks.filter(isOpen).length;
}

/** Options that only a file of the venue gives a meaning. */
const OF_FILE = [
  'venueName',
  'account',
  'symbol',
  'columns',
  'mapping',
  'timeZone',
  'timeFormat',
  'feeSign',
  'contractSize',
  'tolerance',
  'adopt',
] as const;

async function ownBooks(options: Options): Promise<number> {
  const given = OF_FILE.find((name) => options[name] !== undefined);
  if (given !== undefined)
    throw new NightdeskError(
      'CONFIG_INVALID',
      `--${given.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} needs --venue FILE`,
    );
  if ((options.strategy === undefined) !== (options.mode === undefined))
    throw new NightdeskError('CONFIG_INVALID', '--strategy and --mode name one ledger together: give both, or none');
  const ledger = await openLedger(options.data);
  const store = createFolderStore(dataFolder(options.data).lake);
  const books = await compareOwnBooks(
    ledger,
    { store, gunzip },
    {
      from: dayOf('--from', options.from),
      to: dayOf('--to', options.to),
      ...(options.strategy === undefined || options.mode === undefined
        ? {}
        : { key: { strategyId: options.strategy, mode: options.mode === UNKNOWN_MODE ? null : options.mode } }),
    },
  );
  if (options.dryRun !== true) await publishOwnBooks({ store, gunzip, gzip, sha256, nowMs: Date.now() }, books);
  printOwnBooks(books, { format: options.format, all: options.all === true });
  return books.reduce((sum, { rebuild, bot }) => sum + rebuild.open + bot.open, 0);
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const DAY_US = 86_400_000_000;

/** A UTC day, whose end is meant where it is the last, or a moment with its zone; µs. @throws CONFIG_INVALID */
function timeOption(option: string, value: string, end: 'first' | 'last'): number {
  const instant = isoToInstant(DAY.test(value) ? `${value}T00:00:00Z` : value);
  if (instant === undefined || instant.naive)
    throw new NightdeskError(
      'CONFIG_INVALID',
      `${option} must be a UTC day such as 2025-11-21, or a time with its zone, got ${value}`,
    );
  return instant.us + (end === 'last' && DAY.test(value) ? DAY_US : 0);
}

function dayOf(option: string, value: string | undefined): string | undefined {
  if (value === undefined || isDay(value)) return value;
  throw new NightdeskError(
    'CONFIG_INVALID',
    `${option} must be a UTC day such as 2025-11-21 without --venue, got ${value}`,
  );
}

const addTolerance = (given: string, before: readonly string[] = []): readonly string[] => [...before, given];

/** @throws CONFIG_INVALID */
function sizeOption(value: string): number {
  const size = Number(value);
  if (Number.isFinite(size) && size > 0) return size;
  throw new NightdeskError('CONFIG_INVALID', `--contract-size must be a number above 0, got ${value}`);
}
