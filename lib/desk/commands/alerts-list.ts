import type { Command } from 'commander';
import { readOperator } from '../../core/alerts/operator.ts';
import { shown } from '../../core/alerts/wording.ts';
import { nearestName } from '../../core/catalog/nearest.ts';
import { NightdeskError } from '../../core/errors.ts';
import { type Overview, overviewOf, readStates } from '../alerts/overview.ts';
import { printOverview } from '../alerts/print-overview.ts';
import { openAlerts } from './alerts-target.ts';
import { addStackOptions, dataOption, jsonOption, type StackOptions } from './options.ts';
import { printJson } from './output.ts';

interface Options extends StackOptions {
  readonly data: string;
  readonly rules?: true;
  readonly exitCode?: true;
  readonly json?: true;
}

const HELP = `
Examples:
  nightdesk alerts                      what is open, silenced, blind and not told
  nightdesk alerts list --rules         every rule, with its limits
  nightdesk alerts list --exit-code     ends with 2 where a critical alert is open, with 1 where notices wait

Works while a desk runs, and without one: it reads what the rules said last.`;

export function configureList(command: Command): void {
  addStackOptions(command.addOption(dataOption()), { apart: ['data'] })
    .option('--rules', 'every rule, those that are off too, with its limits')
    .option('--exit-code', 'end with 2 where a critical alert is open, else with 1 where notices were not sent')
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .allowExcessArguments() // as the default command it hears every word that names no other
    .action(list);
}

async function list(options: Options, command: Command): Promise<void> {
  const [word] = command.args;
  if (word !== undefined) throw unknownWord(word, command);
  const { state, settings, close } = await openAlerts(options);
  try {
    const [states, operator] = await Promise.all([readStates(state), readOperator(state)]);
    const overview = overviewOf({ states, operator, settings, nowMs: Date.now() });
    if (options.json) printJson(overview);
    else printOverview(overview, { allRules: options.rules === true });
    if (options.exitCode) process.exitCode = exitOf(overview);
  } finally {
    close();
  }
}

function unknownWord(word: string, { parent }: Command): NightdeskError {
  const names = (parent?.commands ?? []).map((one) => one.name());
  const nearest = nearestName(word, names);
  return new NightdeskError(
    'USAGE',
    `alerts knows ${names.join(', ')}, not ${shown(word, 100)}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`,
  );
}

/** S2's codes: what is critical first, then what could not be sent. Acknowledged or snoozed, it is critical still. */
function exitOf({ alerts, channels }: Overview): number {
  if (alerts.some(({ severity, status }) => severity === 'critical' && status !== 'pending')) return 2;
  return channels.some(({ unsent }) => unsent > 0) ? 1 : 0;
}
