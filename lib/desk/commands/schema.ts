import type { Command } from 'commander';
import { eventsMarkdown } from '../../core/catalog/docs.ts';
import { CATALOG } from '../../core/catalog/index.ts';
import { toJsonSchema, toJsonSchemaOfAll } from '../../core/catalog/json-schema.ts';
import { nearestName } from '../../core/catalog/nearest.ts';
import type { Stream } from '../../core/catalog/stream.ts';
import { configJsonSchema } from '../../core/config/json-schema.ts';
import { LOG_STREAMS } from '../../core/dialects/hints.ts';
import { NightdeskError } from '../../core/errors.ts';
import { jsonOption } from './options.ts';
import { print, printJson, printRows, type Row } from './output.ts';

interface SchemaOptions {
  readonly list?: true;
  readonly all?: true;
  readonly markdown?: true;
  readonly config?: true;
  readonly json?: true;
}

export function configure(command: Command): void {
  command
    .argument('[stream]', 'print the JSON Schema of this stream; without it, list the streams')
    .option('--list', 'list the streams (what happens without an argument)')
    .option('--all', 'print one JSON Schema for the events of all streams')
    .option('--markdown', 'print the page docs/events.md')
    .option('--config', 'print the JSON Schema of nightdesk.json, for editors')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  nightdesk schema                          every stream and what one event of it says
  nightdesk schema execution                the JSON Schema of a fill, draft 2020-12
  nightdesk schema --list --json            the list for programs
  nightdesk schema --markdown > docs/events.md
  nightdesk schema --config > nightdesk.schema.json`,
    )
    .action((name: string | undefined, options: SchemaOptions) => {
      if (options.config) printJson(configJsonSchema());
      else if (options.markdown) print(eventsMarkdown(CATALOG));
      else if (options.all) printJson(toJsonSchemaOfAll(CATALOG));
      else if (name !== undefined && !options.list) printJson(toJsonSchema(streamOf(name)));
      else if (options.json) printJson(Object.values(CATALOG).map(summaryOf));
      else printRows('table', ['stream', 'kept', 'from', 'one event says'], Object.values(CATALOG).map(rowOf));
    });
}

const FROM = { bots: 'bots', derived: 'Nightdesk', both: 'both' } as const;

const rowOf = ({ name, retention, origin, description }: Stream): Row => [
  name,
  retention,
  FROM[name === 'quarantine' ? 'derived' : (origin ?? 'bots')],
  description,
];

const summaryOf = ({ name, description, retention, origin, versions, metrics, fields }: Stream) => ({
  stream: name,
  description,
  retention,
  origin: name === 'quarantine' ? 'derived' : (origin ?? 'bots'),
  versions,
  metrics,
  fields: Object.keys(fields),
});

function streamOf(name: string): Stream {
  const stream = CATALOG[name];
  if (stream !== undefined && Object.hasOwn(CATALOG, name)) return stream;
  const known = Object.hasOwn(LOG_STREAMS, name) ? LOG_STREAMS[name] : nearestName(name, Object.keys(CATALOG));
  const advice = known === undefined ? 'run `nightdesk schema` for the list' : `did you mean ${known}?`;
  throw new NightdeskError('UNKNOWN_STREAM', `there is no stream ${JSON.stringify(name.slice(0, 100))}; ${advice}`);
}
