import { type Command, Option } from 'commander';
import { statsOf } from '../../core/alerts/history.ts';
import type { Severity } from '../../core/alerts/types.ts';
import { NightdeskError } from '../../core/errors.ts';
import { changesOf, type HistoryFilters, historyOf } from '../alerts/history.ts';
import { printHistory, printStats } from '../alerts/print-history.ts';
import { UNKNOWN_MODE } from '../trades/filters.ts';
import { shownMode } from '../trades/options.ts';
import { addStackOptions, dataOption, jsonOption, type StackOptions } from './options.ts';
import { FORMATS, type Format, formatOption, printJson, wholeNumber } from './output.ts';
import { openTarget } from './target.ts';
import { durationOption } from './units.ts';

interface Options extends StackOptions {
  readonly data: string;
  readonly since: Since;
  readonly severity?: Severity;
  readonly ruleId?: string;
  readonly strategy?: string;
  readonly mode?: string;
}

/** As written, and in ms. */
interface Since {
  readonly text: string;
  readonly ms: number;
}

const HELP = `
Examples:
  nightdesk alerts history
  nightdesk alerts history --since 7d --severity critical
  nightdesk alerts history --rule-id ws_staleness --strategy momo --limit 200 --format csv > alerts.csv

Every change of an alert is an event of stream alert, for SQL too.`;

const STATS_HELP = `
Examples:
  nightdesk alerts stats
  nightdesk alerts stats --since 30d --strategy momo

Noise is the share of the resolved alerts that nobody acknowledged: rules that lead it want a higher limit.`;

export function configureHistory(command: Command): void {
  narrowed(command, '24h')
    .option('-n, --limit <n>', 'most changes to list', wholeNumber('--limit', { min: 1, max: 10_000_000 }), 50)
    .option('--format <format>', `how to print: ${FORMATS.join(', ')}`, formatOption, 'table')
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action(history);
}

export function configureStats(command: Command): void {
  narrowed(command, '7d').addOption(jsonOption()).addHelpText('after', STATS_HELP).action(stats);
}

const narrowed = (command: Command, since: string): Command =>
  addStackOptions(command.addOption(dataOption()), { apart: ['data'] })
    .addOption(
      new Option('--since <duration>', 'how far to look back, such as 90m, 24h or 30d')
        .argParser(sinceOption)
        .default(sinceOption(since), since),
    )
    .addOption(
      new Option('--severity <severity>', 'only these (default: all)').choices(['info', 'warning', 'critical']),
    )
    .option('--rule-id <rule>', 'only alerts of this rule (default: all)')
    .option('--strategy <id>', 'only alerts of this strategy (default: all)')
    .option('--mode <mode>', `only alerts of this mode, or ${UNKNOWN_MODE} (default: all)`, shownMode);

function sinceOption(text: string): Since {
  const ms = durationOption('--since')(text);
  if (ms === 0) throw new NightdeskError('CONFIG_INVALID', '--since must be longer than 0');
  return { text, ms };
}

const filtersOf = ({ since, severity, ruleId, strategy, mode }: Options): HistoryFilters => ({
  sinceMs: Math.max(0, Date.now() - since.ms),
  ...(severity === undefined ? {} : { severity }),
  ...(ruleId === undefined ? {} : { ruleId }),
  ...(strategy === undefined ? {} : { strategy }),
  ...(mode === undefined ? {} : { mode }),
});

async function history(
  options: Options & { readonly limit: number; readonly format: Format; readonly json?: true },
): Promise<void> {
  const lake = await openTarget(options);
  try {
    const found = await historyOf(lake.engine, filtersOf(options), options.limit);
    printHistory(options.json ? 'json' : options.format, found, options.since.text);
    lake.sayCost();
  } finally {
    await lake.close();
  }
}

async function stats(options: Options & { readonly json?: true }): Promise<void> {
  const lake = await openTarget(options);
  try {
    const figures = statsOf(await changesOf(lake.engine, filtersOf(options)));
    if (options.json) printJson({ since: options.since.text, ...figures });
    else printStats(figures, { since: options.since.text });
    lake.sayCost();
  } finally {
    await lake.close();
  }
}
