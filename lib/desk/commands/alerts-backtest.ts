import { type Command, Option } from 'commander';
import type { BacktestReport } from '../../core/alerts/backtest-report.ts';
import { suggestionOf, switchOn } from '../../core/alerts/suggest.ts';
import type { AlertRule, AlertSettings } from '../../core/alerts/types.ts';
import { counted } from '../../core/alerts/wording.ts';
import { NightdeskError } from '../../core/errors.ts';
import { type BacktestResult, runBacktest } from '../alerts/backtest-run.ts';
import { findRule } from '../alerts/find.ts';
import { printBacktest, printSuggestions, remarksOf } from '../alerts/print-backtest.ts';
import { type Change, changed, changeOption } from '../alerts/try-rule.ts';
import { stderrLog } from '../stderr-log.ts';
import { UNKNOWN_MODE } from '../trades/filters.ts';
import { shownMode } from '../trades/options.ts';
import { openAlerts } from './alerts-target.ts';
import { addStackOptions, dataOption, jsonOption, type StackOptions } from './options.ts';
import { print, printJson, say } from './output.ts';
import { openTarget } from './target.ts';
import { dayOption } from './units.ts';

interface Options extends StackOptions {
  readonly data: string;
  readonly from?: string;
  readonly to?: string;
  readonly strategy?: string;
  readonly mode?: string;
  readonly drawdown: number;
  readonly json?: true;
}

const HELP = `
Examples:
  nightdesk alerts backtest ws_staleness --from 2025-11-21 --to 2025-11-28
  nightdesk alerts backtest ws_staleness --set above=45000 --set for=2m
  nightdesk alerts backtest equity_drop --set share=0.03 --strategy momo --drawdown 5

Runs the rule, though it be off, over stored days with the fold that runs live and a simulated clock. --set takes the keys
that nightdesk.json takes. Imported days are played as if they had come in when they happened; nothing is written and
nobody is told. The day before --from warms the windows up.`;

const SUGGEST_HELP = `
Examples:
  nightdesk alerts suggest
  nightdesk alerts suggest --from 2025-11-01 --most-per-day 1

Backtests every rule that is off, and prints what nightdesk.json needs for those worth switching on.`;

export function configureBacktest(command: Command): void {
  over(command.argument('<rule>', 'the rule, by its id'))
    .option('--set <key=value>', 'another limit, such as above=45000; may be given again', changeOption)
    .addHelpText('after', HELP)
    .action(backtest);
}

export function configureSuggest(command: Command): void {
  over(command)
    .option('--most-per-day <n>', 'more fires a day than this are too many', positive('--most-per-day', 1_000), 2)
    .addHelpText('after', SUGGEST_HELP)
    .action(suggest);
}

const over = (command: Command): Command =>
  addStackOptions(command.addOption(dataOption()), { apart: ['data'] })
    .option('--from <day>', 'first UTC day (default: the first of the lake)', dayOption('--from'))
    .option('--to <day>', 'last UTC day (default: the last)', dayOption('--to'))
    .option('--strategy <id>', 'only this strategy (default: all)')
    .option('--mode <mode>', `only this mode, or ${UNKNOWN_MODE} (default: all that alert)`, shownMode)
    .addOption(
      new Option('--drawdown <percent>', 'fall from the peak that counts as a drawdown')
        .argParser(positive('--drawdown', 100))
        .default(3),
    )
    .addOption(jsonOption());

function positive(option: string, most: number): (value: string) => number {
  return (value) => {
    const number = value.trim() === '' ? Number.NaN : Number(value);
    if (!(number > 0 && number <= most))
      throw new NightdeskError('CONFIG_INVALID', `${option} must be a number above 0, at most ${most}, got ${value}`);
    return number;
  };
}

async function backtest(
  ruleId: string,
  { set = [], json, ...options }: Options & { readonly set?: readonly Change[] },
): Promise<void> {
  const { result } = await played(options, (settings) => {
    const changedSettings = changed(settings, findRule(settings.rules, ruleId), set);
    return { settings: changedSettings, rules: [findRule(changedSettings.rules, ruleId)] };
  });
  const { reports, ...about } = result;
  const [report] = reports;
  if (json) printJson({ ...about, report: report ?? null });
  else if (report === undefined) say(nothing(about));
  else printBacktest(report, about);
}

async function suggest({ mostPerDay, json, ...options }: Options & { readonly mostPerDay: number }): Promise<void> {
  const { settings, result } = await played(options, (all) => ({
    settings: all,
    rules: all.rules.filter((rule) => !rule.enabled),
  }));
  const { reports, ...about } = result;
  const suggestions = reports.map((report: BacktestReport) => suggestionOf(report, { mostPerDay }));
  const on = suggestions.filter(({ recommended }) => recommended).map(({ ruleId }) => ruleId);
  if (json) {
    printJson({ ...about, suggestions, nightdesk_json: switchOn(on) });
    return;
  }
  if (settings.rules.every(({ enabled }) => enabled)) print('Every rule is on.\n');
  else if (reports.length === 0) say(nothing(about));
  else {
    print(`${counted(about.days, 'day')}, ${about.from} to ${about.to}\n`);
    for (const remark of remarksOf(about)) print(`${remark}\n`);
    print('\n');
    printSuggestions(suggestions);
    print(on.length === 0 ? '\nNone of them is worth switching on.\n' : `\nFor nightdesk.json:\n${jsonOf(on)}\n`);
  }
}

/** One rule a line. */
const jsonOf = (on: readonly string[]): string =>
  JSON.stringify(switchOn(on), null, 2).replaceAll(/\{\s+"enabled": true\s+\}/g, '{ "enabled": true }');

const nothing = ({ from, to }: Pick<BacktestResult, 'from' | 'to'>): string =>
  from !== null && to !== null && from > to
    ? `No day lies between ${from} and ${to}.`
    : 'Nothing is stored: `nightdesk streams` shows what is, `nightdesk import` brings history.';

interface Chosen {
  readonly settings: AlertSettings;
  readonly rules: readonly AlertRule[];
}

/** Runs the chosen rules over the lake that the options mean, and tells how far it is. */
async function played(
  options: Options,
  choose: (settings: AlertSettings) => Chosen,
): Promise<{ readonly settings: AlertSettings; readonly result: BacktestResult }> {
  const { settings, close } = await openAlerts(options);
  close();
  const chosen = choose(settings);
  const { from, to, strategy, mode, drawdown } = options;
  const lake = await openTarget(options);
  try {
    let read = 0;
    const result = await runBacktest({
      store: lake.store,
      settings: chosen.settings,
      rules: chosen.rules,
      drawdown: drawdown / 100,
      tickMs: options.aws ? 60_000 : 1_000,
      allStreams: options.aws !== true,
      nowMs: Date.now(),
      log: { ...stderrLog(), info: () => undefined },
      onDay: (date, days) => {
        read++;
        if (process.stderr.isTTY)
          process.stderr.write(`\r${date}  ${read} of ${days} days read${read === days ? '\n' : ''}`);
      },
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(strategy === undefined ? {} : { strategy }),
      ...(mode === undefined ? {} : { mode }),
    });
    return { settings, result };
  } finally {
    await lake.close();
  }
}
