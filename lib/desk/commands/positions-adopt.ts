import { type Command, Option } from 'commander';
import { openLake } from '../../adapters/local/duckdb.ts';
import { createFolderStore } from '../../adapters/local/object-store.ts';
import { NightdeskError } from '../../core/errors.ts';
import { dataFolder } from '../data-folder.ts';
import { printable } from '../printable.ts';
import { transformOf } from '../settings.ts';
import { type Adoption, booksOf, inBook, type OpeningBalance, planAdoption, recordAdoption } from '../trades/adopt.ts';
import { type Changes, changesText, foldAgain, scopeIn } from '../trades/fold-again.ts';
import { modeOption } from '../trades/options.ts';
import { figure } from '../trades/text.ts';
import { dataOption, jsonOption } from './options.ts';
import { print, printJson } from './output.ts';

interface Options extends OpeningBalance {
  readonly data: string;
  readonly dryRun?: true;
  readonly json?: true;
}

const HELP = `
Examples:
  nightdesk positions adopt --strategy momo --symbol BTC-USD --side long --qty 0.5 --price 91000 --dry-run
  nightdesk positions adopt --strategy momo --symbol BTC-USD --side long --qty 0.5 --price 91000 --at 2026-01-05T09:00:00Z

Writes an execution event without fee, of class opening_balance, and folds the strategy's ledger again from its day on.
Give --at a time before the first fill that the position explains. Venue, account and side of the position are those of
the strategy's fills in the symbol, where these say just one. The same adoption again changes nothing.`;

export function configureAdopt(command: Command): void {
  command
    .addOption(dataOption())
    .requiredOption('--strategy <id>', 'the strategy that holds it')
    .requiredOption('--symbol <name>', 'the instrument, as the venue spells it')
    .addOption(
      new Option('--side <side>', 'whether it is long or short').choices(['long', 'short']).makeOptionMandatory(),
    )
    .requiredOption('--qty <quantity>', 'how much of it, base units', positive('--qty'))
    .requiredOption('--price <price>', 'its average price', positive('--price'))
    .option('--mode <mode>', 'the mode it is held in', modeOption, 'live')
    .option('--session <id>', 'the run that holds it; needed where positions end with their run')
    .option('--venue <name>', 'the venue (default: that of its fills)')
    .option('--account <id>', 'the account (default: that of its fills)')
    .addOption(
      new Option(
        '--position-side <side>',
        'in hedge mode: the side of the position (default: that of its fills)',
      ).choices(['long', 'short']),
    )
    .option('--position-id <id>', 'the position, where the venue numbers them (default: that of its fills)')
    .option('--at <time>', 'when it was there, such as 2025-11-21T09:30:00Z (default: now)')
    .option('--note <text>', 'kept beside it')
    .option('--dry-run', 'say what would be recorded, and write nothing')
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action(adopt);
}

async function adopt({ data, dryRun = undefined, json, ...given }: Options): Promise<void> {
  const folder = dataFolder(data);
  if (
    (await scopeIn(data, { mode: given.mode, strategyId: given.strategy })) === 'session' &&
    given.session === undefined
  )
    throw new NightdeskError(
      'CONFIG_INVALID',
      `positions of ${given.strategy} end with their run in mode ${given.mode}: --session must name the run that holds this one`,
    );
  const lake = await openLake(data);
  try {
    const balance = inBook(given, await booksOf(lake, given));
    const adoption = await planAdoption(balance, { lake, transform: await transformOf(data), nowMs: Date.now() });
    if (adoption.already || dryRun) return report(balance, adoption, { dryRun: dryRun === true, json: json === true });
    await recordAdoption(adoption, createFolderStore(folder.lake));
    const key = { mode: balance.mode, strategyId: balance.strategy };
    const changes = await foldAgain(data, { from: adoption.date, key });
    report(balance, adoption, { dryRun: false, json: json === true, changes });
  } finally {
    await lake.close();
  }
}

interface Outcome {
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly changes?: Changes;
}

function report(
  balance: OpeningBalance,
  { eventId, ts, date, already }: Adoption,
  { dryRun, json, changes }: Outcome,
): void {
  const result = already ? 'already' : dryRun ? 'dry_run' : 'recorded';
  if (json) {
    printJson({
      result,
      event_id: eventId,
      ts,
      date,
      position: balance,
      ...(changes === undefined ? {} : { ledgers: changes.ledgers }),
    });
    return;
  }
  const head = { already: 'Recorded before, nothing to do', dry_run: 'Would record', recorded: 'Recorded' }[result];
  const where = [
    `strategy ${balance.strategy}`,
    `mode ${balance.mode}`,
    ...(balance.session === undefined ? [] : [`run ${balance.session}`]),
    `venue ${balance.venue ?? 'not given'}`,
    `account ${balance.account ?? 'not given'}`,
    ...(balance.positionSide === undefined ? [] : [`side ${balance.positionSide}`]),
    ...(balance.positionId === undefined ? [] : [`position ${balance.positionId}`]),
  ].join(', ');
  const lines = [
    `${head}: ${balance.side} ${figure(balance.qty)} ${balance.symbol} at ${figure(balance.price)}, as of ${ts}`,
    `  book    ${where}`,
    `  event   execution ${eventId} of ${date}, class opening_balance, no fee`,
  ];
  print(`${lines.map(printable).join('\n')}\n`);
  if (changes !== undefined) print(changesText(changes));
}

/** A positive decimal. @throws CONFIG_INVALID that names the option */
const positive =
  (option: string) =>
  (value: string): number => {
    const number = Number(value);
    if (/^\d*\.?\d+(e[+-]?\d+)?$/i.test(value) && number > 0 && Number.isFinite(number)) return number;
    throw new NightdeskError('CONFIG_INVALID', `${option} must be a number above 0, got ${value}`);
  };
