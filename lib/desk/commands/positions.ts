import { type Command, Option } from 'commander';
import { openLake } from '../../adapters/local/duckdb.ts';
import { dataFolder } from '../data-folder.ts';
import type { TradeFilters } from '../trades/filters.ts';
import { addTradeFilters } from '../trades/options.ts';
import { openTrades, positionsOf, pricedOf, unknownEntries } from '../trades/positions.ts';
import { LastPrices } from '../trades/prices.ts';
import { printPositions } from '../trades/print-positions.ts';
import { dataOption } from './options.ts';
import { FORMATS, type Format, formatOption } from './output.ts';
import { configureAdopt } from './positions-adopt.ts';

interface Options extends TradeFilters {
  readonly data: string;
  readonly all?: true;
  readonly format: Format;
}

const HELP = `
Examples:
  nightdesk positions
  nightdesk positions --mode live --format json
  nightdesk positions adopt --strategy momo --symbol BTC-USD --side long --qty 0.5 --price 91000

One line per book: mode, venue, account, strategy, run (where positions end with it), symbol and side; nothing is added
up across books. The last price is the newest of market events and fills, with how long ago it was seen.`;

export function configure(command: Command): void {
  command.enablePositionalOptions().addOption(dataOption()); // or the options of adopt would be taken for those of positions
  addTradeFilters(command, { of: 'positions' })
    .option('--all', 'also those that a run left open when it ended')
    .addOption(formatOptionOf())
    .addHelpText('after', HELP)
    .action(show);
  configureAdopt(
    command.command('adopt').description('record a position that was there before anything is known of it'),
  );
}

const formatOptionOf = (): Option =>
  new Option('--format <format>', `how to print: ${FORMATS.join(', ')}`).argParser(formatOption).default('table');

async function show({ data, all, format, ...filters }: Options): Promise<void> {
  const lake = await openLake(data);
  try {
    const trades = await openTrades(lake, filters, all === true);
    const prices = new LastPrices(lake, dataFolder(data).lake);
    const first = trades.map(({ date }) => String(date)).sort()[0];
    if (first !== undefined) await prices.load(trades.map(pricedOf), first);
    printPositions(format, positionsOf(trades, prices, Date.now()), await unknownEntries(lake, filters));
  } finally {
    await lake.close();
  }
}
