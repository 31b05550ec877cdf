import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { namedQueries } from '../../adapters/local/named-queries.ts';
import { nearestName } from '../../core/catalog/nearest.ts';
import { NightdeskError } from '../../core/errors.ts';
import { bindQuery, type NamedQuery } from '../../core/query/named.ts';
import { dataFolder } from '../data-folder.ts';
import { printStream } from '../query/print-rows.ts';
import { addStackOptions, dataOption, type StackOptions } from './options.ts';
import { count, FORMATS, type Format, formatOption, printRows, say } from './output.ts';
import { openTarget } from './target.ts';

interface Options extends StackOptions {
  readonly data: string;
  readonly format: Format;
  readonly list?: true;
  readonly param?: Values;
}

type Values = Readonly<Record<string, string>>;

const HELP = `
Examples:
  nightdesk query --list
  nightdesk query fills --param from=2025-11-21 --format csv
  nightdesk query "select stream, count(*) from events group by stream"
  nightdesk query - < question.sql
  nightdesk query fills --aws --stack nightdesk-prod --param from=2025-11-21

One view per stream, one named events for all of them, and stored.STREAM for the lines as they lie in the lake.
The SQL is DuckDB's with Trino's functions; a condition on "date" keeps the query to those days' objects.
With --aws it is Athena's, which bills what it reads: the lines of a stream are stored_STREAM there, and Ctrl-C cancels.`;

export function configure(command: Command): void {
  addStackOptions(
    command.argument('[query]', 'SQL, the name of a query, or - for SQL from standard input').addOption(dataOption()),
    { apart: ['data'] },
  )
    .option('--format <format>', `how to print the rows: ${FORMATS.join(', ')}`, formatOption, 'table')
    .option('--param <name=value>', 'a value for a parameter of a named query; may be repeated', addParameter)
    .option('--list', 'list the named queries instead')
    .addHelpText('after', HELP)
    .action(async (query: string | undefined, options: Options) => {
      if (options.list) return printList(options.format);
      if (query === undefined || query.trim() === '')
        throw new NightdeskError('USAGE', 'query needs SQL, a name or -; `nightdesk query --list` shows the names');
      const sql = await sqlOf(query, options.param ?? {});
      if (!options.aws && !existsSync(dataFolder(options.data).lake))
        say(`There is no lake in ${options.data} yet: every stream is empty.`);
      await answer(sql, options);
    });
}

async function answer(sql: string, options: Options): Promise<void> {
  const { format } = options;
  const target = await openTarget(options);
  try {
    const rows = await printStream(format, await target.engine.stream(sql));
    if (format === 'table') say(`${count(rows)} ${rows === 1 ? 'row' : 'rows'}`);
    target.sayCost();
  } finally {
    await target.close();
  }
}

const NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

async function sqlOf(query: string, values: Values): Promise<string> {
  if (query !== '-' && NAME.test(query)) return bindQuery(await named(query), values);
  if (Object.keys(values).length > 0)
    throw new NightdeskError(
      'CONFIG_INVALID',
      '--param gives values to a named query; SQL text holds its values itself',
    );
  return query === '-' ? text(process.stdin) : query;
}

async function named(name: string): Promise<NamedQuery> {
  const queries = await namedQueries();
  const found = queries.find((query) => query.name === name);
  if (found !== undefined) return found;
  const close = nearestName(
    name,
    queries.map((query) => query.name),
  );
  throw new NightdeskError(
    'QUERY_FAILED',
    `there is no query named ${name}; ${close === undefined ? '' : `did you mean ${close}? `}\`nightdesk query --list\` shows them all`,
  );
}

async function printList(format: Format): Promise<void> {
  const queries = await namedQueries();
  if (format === 'json')
    return printRows(
      format,
      ['name', 'question', 'parameters', 'columns'],
      queries.map((q) => [q.name, q.question, q.parameters, q.columns]),
    );
  const parameters = ({ parameters: all }: NamedQuery): string =>
    all.map((one) => `${one.name}=${one.default}`).join(' ');
  printRows(
    format,
    ['name', 'question', 'parameters'],
    queries.map((query) => [query.name, query.question, parameters(query)]),
  );
}

function addParameter(given: string, before: Values = {}): Values {
  const at = given.indexOf('=');
  if (at < 1) throw new NightdeskError('CONFIG_INVALID', `--param must be name=value, got ${given}`);
  return { ...before, [given.slice(0, at)]: given.slice(at + 1) };
}
