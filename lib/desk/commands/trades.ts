import { type Command, Option } from 'commander';
import { NightdeskError } from '../../core/errors.ts';
import { STATUSES, type TradeFilters, type TradeStatus } from '../trades/filters.ts';
import { executionsOf, findTrade } from '../trades/find.ts';
import { listTrades, SORTS, type Sort } from '../trades/list.ts';
import { addTradeFilters, entryDays } from '../trades/options.ts';
import { printTotals, printTrades } from '../trades/print-list.ts';
import { printTrade } from '../trades/print-trade.ts';
import { totalsOf } from '../trades/totals.ts';
import { addStackOptions, dataOption, type StackOptions } from './options.ts';
import { FORMATS, type Format, formatOption, wholeNumber } from './output.ts';
import { openTarget } from './target.ts';

interface Options extends TradeFilters, StackOptions {
  readonly data: string;
  readonly limit: number;
  readonly group?: true;
  readonly sort: Sort;
  readonly format: Format;
  readonly summary?: true;
}

const HELP = `
Examples:
  nightdesk trades                                    the newest 50, and totals per mode
  nightdesk trades t-3f0c2a9b                         one of them in full; the beginning of its id is enough
  nightdesk trades --status closed --sort worst -n 10
  nightdesk trades --from 2025-11-21 --summary        the totals only
  nightdesk trades --group --strategy pairs           legs of one group_id as one line
  nightdesk trades --limit 100000 --format csv > trades.csv
  nightdesk trades --aws --from 2025-11-21            those of the stack nightdesk, from this day on

Costs are fees and charged costs less funding; net is gross less costs. A reason with ? was inferred. Totals of two
modes are never added; trades whose entry is not known are in none of them.`;

export function configure(command: Command): void {
  addStackOptions(command.argument('[id]', 'show the trade whose id begins so').addOption(dataOption()), {
    apart: ['data'],
  });
  addTradeFilters(
    command.option('--status <list>', `only these, of ${STATUSES.join(',')} (default: all)`, statusOption),
    {
      of: 'trades',
    },
  );
  entryDays(command)
    .option('--group', 'show the legs that share a group_id as one')
    .addOption(new Option('--sort <order>', 'what stands first').choices(Object.keys(SORTS)).default('newest'))
    .option('-n, --limit <n>', 'most trades to list', wholeNumber('--limit', { min: 1, max: 10_000_000 }), 50)
    .option('--summary', 'only the totals')
    .option('--format <format>', `how to print: ${FORMATS.join(', ')}`, formatOption, 'table')
    .addHelpText('after', HELP)
    .action(show);
}

async function show(id: string | undefined, options: Options): Promise<void> {
  const { limit, group, sort, format, summary, ...filters } = options;
  const lake = await openTarget(options);
  try {
    if (id !== undefined) {
      const trade = await findTrade(lake, id);
      printTrade(format, trade, await executionsOf(lake, trade));
    } else {
      const grouped = group === true;
      const totals = await totalsOf(lake, filters, grouped);
      if (summary) printTotals(format, totals);
      else printTrades(format, await listTrades(lake, filters, { sort, limit, grouped }), totals);
    }
    lake.sayCost();
  } finally {
    await lake.close();
  }
}

function statusOption(value: string): TradeStatus[] {
  return value.split(',').map((word) => {
    const status = STATUSES.find((known) => known === word.trim());
    if (status === undefined)
      throw new NightdeskError(
        'CONFIG_INVALID',
        `--status takes ${STATUSES.join(', ')}, separated by commas, got ${value}`,
      );
    return status;
  });
}
