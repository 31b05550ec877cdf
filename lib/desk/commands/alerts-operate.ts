import { type Command, Option } from 'commander';
import { NightdeskError } from '../../core/errors.ts';
import type { OpenAlerts } from '../alerts/open-alerts.ts';
import {
  ack,
  currentUser,
  type Decided,
  type Order,
  resolve,
  snoozeRule,
  unack,
  unsnoozeRule,
} from '../alerts/operate.ts';
import { printable } from '../printable.ts';
import { openAlerts } from './alerts-target.ts';
import { addStackOptions, dataOption, jsonOption, type StackOptions } from './options.ts';
import { print, printJson } from './output.ts';
import { durationOption } from './units.ts';

interface Options extends StackOptions {
  readonly data: string;
  readonly dedupeKey?: string;
  readonly ruleId?: string;
  readonly ttl?: number;
  readonly operator?: string;
  readonly reason?: string;
  readonly json?: true;
}

const ACK_HELP = `
Examples:
  nightdesk alerts ack ws_staleness:live:momo --ttl 2h --reason "the venue is down, they know"
  nightdesk alerts ack --dedupe-key ws_staleness:live:momo

Keeps the alert quiet: no reminder, and no word of later openings until the ttl is over. A critical alert speaks all the
same. The beginning of a key is enough where it fits one alert.`;

const SNOOZE_HELP = `
Example:
  nightdesk alerts snooze ws_staleness --ttl 8h --reason "exchange maintenance"

Silences every alert of the rule, of every strategy, critical or not, for the time given.`;

const RESOLVE_HELP = `
Example:
  nightdesk alerts resolve errors:live:momo:5f1c0d9a --reason "fixed in 1.4.2"

Ends the alert now, and tells the channels so. It opens again only after its condition has ended.`;

/** `ack`, `unack`, `snooze`, `unsnooze` and `resolve`, each a command of its own. */
export function configureOperate(parent: Command): void {
  const about = (name: string, text: string): Command => parent.command(name).description(text);
  ofAlert(about('ack', 'acknowledge an alert: no more reminders'), { ttl: true }, ack, ACK_HELP);
  ofAlert(about('unack', 'take an acknowledgement back'), { ttl: false }, unack);
  ofRule(
    about('snooze', 'silence a rule for a time'),
    { ttl: true },
    (alerts, { ttlMs, ...order }) => {
      if (ttlMs === undefined)
        throw new NightdeskError('USAGE', 'snooze needs --ttl, such as --ttl 8h: nothing is silenced for good');
      return snoozeRule(alerts, { ...order, ttlMs });
    },
    SNOOZE_HELP,
  );
  ofRule(about('unsnooze', 'let a rule speak again'), { ttl: false }, unsnoozeRule);
  ofAlert(about('resolve', 'end an alert by hand'), { ttl: false }, resolve, RESOLVE_HELP);
}

type Action = (alerts: OpenAlerts, order: Order) => Promise<Decided>;

function ofAlert(command: Command, { ttl }: { readonly ttl: boolean }, action: Action, help = ''): void {
  command
    .argument('[key]', 'dedupe key of the alert, as `nightdesk alerts` shows it')
    .option('--dedupe-key <key>', 'the same, as an option');
  decisions(command, { ttl, help }).action((key: string | undefined, options: Options) =>
    carryOut(action, options, oneOf('the key of an alert', '--dedupe-key', key, options.dedupeKey)),
  );
}

function ofRule(command: Command, { ttl }: { readonly ttl: boolean }, action: Action, help = ''): void {
  command.argument('[rule]', 'the rule, by its id').option('--rule-id <rule>', 'the same, as an option');
  decisions(command, { ttl, help }).action((rule: string | undefined, options: Options) =>
    carryOut(action, options, oneOf('the id of a rule', '--rule-id', rule, options.ruleId)),
  );
}

function decisions(command: Command, { ttl, help }: { readonly ttl: boolean; readonly help: string }): Command {
  addStackOptions(command.addOption(dataOption()), { apart: ['data'] });
  if (ttl)
    command.addOption(new Option('--ttl <duration>', 'for how long, such as 90m, 8h or 2d').argParser(ttlOption));
  return command
    .option('--operator <name>', 'who decides (default: the user of this machine)')
    .option('--reason <text>', 'why, for the history')
    .addOption(jsonOption())
    .addHelpText('after', help);
}

function ttlOption(value: string): number {
  const ms = durationOption('--ttl')(value);
  if (ms === 0) throw new NightdeskError('CONFIG_INVALID', '--ttl must be longer than 0');
  return ms;
}

function oneOf(what: string, option: string, argument: string | undefined, value: string | undefined): string {
  if (argument !== undefined && value !== undefined && argument !== value)
    throw new NightdeskError('USAGE', `${what} is given twice: ${argument}, and ${value} by ${option}`);
  const given = argument ?? value;
  if (given === undefined || given.trim() === '')
    throw new NightdeskError('USAGE', `${what} is missing; \`nightdesk alerts\` shows them`);
  return given;
}

async function carryOut(action: Action, options: Options, of: string): Promise<void> {
  const alerts = await openAlerts(options);
  try {
    const operator = options.operator ?? currentUser();
    const decided = await action(alerts, {
      of,
      nowMs: Date.now(),
      ...(options.ttl === undefined ? {} : { ttlMs: options.ttl }),
      ...(operator === undefined ? {} : { operator }),
      ...(options.reason === undefined ? {} : { reason: options.reason }),
    });
    if (options.json) printJson(decided);
    else print(`${printable(`${decided.action} ${decided.of}`)}\n${decided.notes.map((note) => `${note}\n`).join('')}`);
  } finally {
    alerts.close();
  }
}
