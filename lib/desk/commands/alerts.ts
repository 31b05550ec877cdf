import type { Command } from 'commander';
import { configureBacktest, configureSuggest } from './alerts-backtest.ts';
import { configureHistory, configureStats } from './alerts-history.ts';
import { configureList } from './alerts-list.ts';
import { configureOperate } from './alerts-operate.ts';
import { configureTest } from './alerts-test.ts';

const HELP = `
Examples:
  nightdesk alerts                                   what is open now
  nightdesk alerts ack ws_staleness:live:momo --ttl 2h
  nightdesk alerts test                              a message to every channel
  nightdesk alerts backtest ws_staleness --set above=45000

docs/alerts.md lists the rules, and says how channels and limits are set.`;

export function configure(command: Command): void {
  command.enablePositionalOptions().addHelpText('after', HELP);
  configureList(
    command.command('list', { isDefault: true }).description('what is open, silenced, blind and not told (default)'),
  );
  configureHistory(command.command('history').description('changes of alerts, newest first'));
  configureStats(command.command('stats').description('how many, how long, how many nobody needed'));
  configureOperate(command);
  configureTest(command.command('test').description('send a test message to the channels'));
  configureBacktest(command.command('backtest').description('what a rule would have said over stored days'));
  configureSuggest(command.command('suggest').description('which rules that are off are worth switching on'));
}
