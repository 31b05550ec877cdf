import { Command, CommanderError } from 'commander';
import packageJson from '../../../package.json' with { type: 'json' };
import { type ErrorEntry, entryOf, messageOf, NightdeskError } from '../../core/errors.ts';
import { printableLines } from '../printable.ts';
import { ignoreBrokenPipe } from './output.ts';

/** A module under `commands/`: adds arguments, options and the action to its command. Loaded only when asked for. */
export interface CommandModule {
  configure(command: Command): void;
}

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  { name: 'up', summary: 'run the desk: front door, transform, lake', load: () => import('./up.ts') },
  { name: 'send', summary: 'send log files to a desk or to AWS', load: () => import('./send.ts') },
  { name: 'watch', summary: 'follow the files a bot writes and send what is new', load: () => import('./watch.ts') },
  { name: 'import', summary: 'write history straight into the lake', load: () => import('./import.ts') },
  { name: 'init', summary: 'look at a folder of logs and write its configuration', load: () => import('./init.ts') },
  { name: 'validate', summary: 'check log files line by line', load: () => import('./validate.ts') },
  { name: 'streams', summary: 'what is in the lake, per stream', load: () => import('./streams.ts') },
  { name: 'query', summary: 'answer SQL, or a named query', load: () => import('./query.ts') },
  {
    name: 'trades',
    summary: 'what was traded: entry, exit, costs and net, with totals',
    load: () => import('./trades.ts'),
  },
  { name: 'positions', summary: 'what is held now, book by book', load: () => import('./positions.ts') },
  {
    name: 'reconcile',
    summary: 'our ledger against the venue, the bot and itself',
    load: () => import('./reconcile.ts'),
  },
  {
    name: 'snapshots',
    summary: 'every hour and day in figures: equity, drawdown, returns, counts',
    load: () => import('./snapshots.ts'),
  },
  {
    name: 'alerts',
    summary: 'what is wrong now, and was; acknowledge, snooze, try rules',
    load: () => import('./alerts.ts'),
  },
  { name: 'rebuild', summary: 'fold the ledger again from the lake', load: () => import('./rebuild.ts') },
  { name: 'tail', summary: 'show the newest events, and follow them', load: () => import('./tail.ts') },
  { name: 'redrive', summary: 'run quarantine through today’s transform again', load: () => import('./redrive.ts') },
  { name: 'doctor', summary: 'is the desk alive, what arrives, what is missing', load: () => import('./doctor.ts') },
  { name: 'cost', summary: 'what a stack on AWS costs a month, line by line', load: () => import('./cost.ts') },
  {
    name: 'dashboards',
    summary: 'the dashboards: what their panels answer, and Grafana JSON',
    load: () => import('./dashboards.ts'),
  },
  { name: 'schema', summary: 'print the JSON Schema of a stream', load: () => import('./schema.ts') },
];

/** Parses argv, loads the one command it names, runs it and maps errors to exit codes. */
export async function run(argv: readonly string[], commands: readonly CommandEntry[]): Promise<number> {
  ignoreBrokenPipe();
  const program = new Command('nightdesk')
    .description(packageJson.description)
    .version(packageJson.version)
    .showHelpAfterError('(run with --help for the options)')
    .showSuggestionAfterError()
    .enablePositionalOptions() // what stands behind the name of a command is its own, and its subcommands’
    .exitOverride();
  const words = argv.slice(2).filter((word) => !word.startsWith('-'));
  const asked = words[0] === 'help' ? words[1] : words[0];
  for (const entry of commands) {
    const command = program.command(entry.name).description(entry.summary).exitOverride();
    if (entry.name === asked) (await entry.load()).configure(command);
  }
  try {
    await program.parseAsync([...argv]);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return exitCodeOf(error);
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has printed it, or the help
  if (error instanceof NightdeskError) {
    const entry: ErrorEntry = entryOf(error);
    process.stderr.write(`nightdesk: ${printableLines(error.message)} [${error.code}]\n`);
    return entry.exit;
  }
  const stack = error instanceof Error ? `${error.stack ?? ''}\n` : '';
  process.stderr.write(printableLines(`nightdesk: ${messageOf(error)}\n${stack}`));
  return 70;
}
