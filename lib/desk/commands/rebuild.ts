import cliProgress from 'cli-progress';
import type { Command } from 'commander';
import type { RebuildOptions } from '../../core/lifecycle/ledger.ts';
import type { LedgerKey } from '../../core/lifecycle/types.ts';
import { UNKNOWN_MODE } from '../trades/filters.ts';
import { type Changes, foldAgain, type LedgerChanges } from '../trades/fold-again.ts';
import { ledgersOf } from '../trades/ledgers.ts';
import { shownMode } from '../trades/options.ts';
import { alignRight, clip } from '../trades/text.ts';
import { dataOption, jsonOption } from './options.ts';
import { count, printJson, printRows, say } from './output.ts';
import { dayOption } from './units.ts';

interface Options {
  readonly data: string;
  readonly from?: string;
  readonly to?: string;
  readonly strategy?: string;
  readonly mode?: string;
  readonly dryRun?: true;
  readonly json?: true;
}

const HELP = `
Examples:
  nightdesk rebuild --dry-run                         what would change, and nothing is written
  nightdesk rebuild --from 2025-11-21
  nightdesk rebuild --from 2025-11-21 --to 2025-11-22 --strategy momo --mode live

Folds the events of the lake again and sets right what trades, orders, sessions and equity say of these days. Where
nothing is wrong it changes nothing. A desk may run beside it.`;

export function configure(command: Command): void {
  command
    .addOption(dataOption())
    .option('--from <day>', 'fold again from this UTC day on (default: the first)', dayOption('--from'))
    .option('--to <day>', 'set rows right up to this UTC day (default: the last)', dayOption('--to'))
    .option('--strategy <id>', 'only ledgers of this strategy (default: all)')
    .option('--mode <mode>', `only ledgers of this mode, or ${UNKNOWN_MODE} (default: all)`, shownMode)
    .option('--dry-run', 'say what would change, and write nothing')
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action(rebuild);
}

async function rebuild({ data, from, to, strategy, mode, dryRun, json }: Options): Promise<void> {
  const options = {
    dryRun: dryRun === true,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
  const all = strategy === undefined && mode === undefined;
  const keys = all ? [undefined] : (await ledgersOf(data)).filter((key) => fits(key, { strategy, mode }));
  const changes = await withCount((onObject) => foldKeys(data, { keys, options, onObject }));
  if (json) printJson({ dry_run: dryRun === true, ...changes });
  else printChanges(changes, dryRun === true);
}

async function foldKeys(
  data: string,
  {
    keys,
    options,
    onObject,
  }: {
    readonly keys: readonly (LedgerKey | undefined)[];
    readonly options: RebuildOptions;
    readonly onObject: () => void;
  },
): Promise<Changes> {
  const ledgers: LedgerChanges[] = [];
  for (const key of keys)
    ledgers.push(...(await foldAgain(data, { ...options, ...(key === undefined ? {} : { key }) }, onObject)).ledgers);
  return { ledgers };
}

const fits = (
  key: LedgerKey,
  { strategy, mode }: { readonly strategy: string | undefined; readonly mode: string | undefined },
): boolean =>
  (strategy === undefined || key.strategyId === strategy) &&
  (mode === undefined || (key.mode ?? UNKNOWN_MODE) === mode);

/** Shows how many objects were read while the work runs, where standard error is a terminal. */
async function withCount<T>(work: (onObject: () => void) => Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return work(() => undefined);
  const bar = new cliProgress.SingleBar({
    format: '{value} objects read | {duration_formatted}',
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(0, 0);
  try {
    return await work(() => bar.increment());
  } finally {
    bar.stop();
  }
}

const NAME = 32;

function printChanges({ ledgers }: Changes, dryRun: boolean): void {
  if (ledgers.length === 0) {
    say('No ledger fits: there are no events of it in the lake.');
    return;
  }
  const columns = [
    'strategy',
    'mode',
    'rows',
    dryRun ? 'would change' : 'changed',
    dryRun ? 'would retract' : 'retracted',
    'which',
    'passed over',
  ];
  printRows(
    'table',
    columns,
    alignRight(
      ledgers.map((ledger) => [
        clip(ledger.strategy_id ?? '(none)', NAME),
        ledger.mode ?? UNKNOWN_MODE,
        count(ledger.rows),
        count(ledger.changed),
        count(ledger.retracted),
        countsText(ledger.changed_by_stream),
        countsText(passedOver(ledger.counts)),
      ]),
      [2, 3, 4],
    ),
  );
  const sum = (of: (ledger: LedgerChanges) => number): string =>
    count(ledgers.reduce((total, one) => total + of(one), 0));
  const verb = dryRun ? 'would be' : 'were';
  say(
    `${sum(({ changed }) => changed)} of ${sum(({ rows }) => rows)} rows ${verb} changed, ${sum(({ retracted }) => retracted)} retracted`,
  );
}

const countsText = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, n]) => `${name} ${count(n)}`)
    .join(', ');

/** What went past the ledger: everything it counts but what it applied. */
const passedOver = ({ fills: _, flows: __, ...rest }: LedgerChanges['counts']): Record<string, number> =>
  Object.fromEntries(Object.entries(rest).filter(([, n]) => n > 0));
