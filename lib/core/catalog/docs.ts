import { envelope } from './envelope.ts';
import { type Column, type ColumnType, columnsOf } from './fields.ts';
import type { Stream } from './stream.ts';

const HEAD = `# Events

Generated from the catalog by \`npm run docs\`; do not edit.

Every event is one JSON object on one line. It carries the [envelope](#envelope) and the fields of its stream. All fields
but \`event_id\`, \`stream\` and \`schema_version\` may be absent or null; null means *not known*, never 0. The tables show the
form the lake holds; on the way in more is taken: times as epoch seconds, milliseconds or ISO 8601 with any offset, numbers
as decimal strings, words in any case, and fields the catalog does not know, which are kept in \`extra\`.

- **Time** is UTC text with six decimals, \`2025-11-21T07:16:14.493638Z\`, which sorts as the instant does.
- **Numbers** are doubles unless they count something.
- **Sign**: a cost, slippage or shortfall is positive when it hurts, whichever the side.
- **Guards** and gates say \`passed\`: true means that the guard let the intent pass.
- **Derived** streams are written by Nightdesk alone. Their rows are revisions: of rows with one identity the views show
  the highest \`rev\`, and none that is \`retracted\`; \`stored.<stream>\` shows all. A bot that sends one finds it in quarantine.
- **Kept**: audit streams 7 years, raw 400 days, debug 30 days.
- \`nightdesk schema STREAM\` prints the JSON Schema of a stream, for bots in any language.

## Adding a stream or a field

1. A field: one line in \`lib/core/catalog/streams/<stream>.ts\`, with a sentence and a unit. A name, once shipped, is for
   good: adding is free, removing or retyping needs a new version of the stream.
2. A stream: a file there with name, sentence, retention, versions, metrics, fields and a real-looking example, and its line
   in \`lib/core/catalog/index.ts\`. Types, JSON Schema, SQL columns, the transform's coercions and this page follow from it.
3. \`npm run docs\`, and \`npm test\`: the test of the recorded columns prints the line to add to
   \`test/core/catalog/recorded-columns.json\`.
`;

/** The page \`docs/events.md\`: a table per stream, and its example. */
export function eventsMarkdown(catalog: Readonly<Record<string, Stream>>): string {
  const streams = Object.values(catalog);
  const contents = streams.map(
    (stream) =>
      `| [${stream.name}](#${stream.name}) | ${stream.retention} | ${fromOf(stream)} | ${stream.description} |`,
  );
  return [
    HEAD,
    '## Streams\n',
    '| stream | kept | from | one event says |\n| --- | --- | --- | --- |',
    `${contents.join('\n')}\n`,
    '## Envelope\n',
    `${table(columnsOf(envelope))}\n`,
    ...streams.map(section),
  ].join('\n');
}

const fromOf = ({ name, origin }: Stream): string =>
  name === 'quarantine' || origin === 'derived' ? 'Nightdesk' : origin === 'both' ? 'both' : 'bots';

const ORIGINS = {
  derived: 'Derived by Nightdesk.',
  both: 'Sent by bots; derived by Nightdesk for the dates, modes and strategies of which the bot sent none.',
} as const;

function section(stream: Stream): string {
  const { name, description, retention, origin, versions, metrics, fields, example } = stream;
  const facts = [
    ...(origin === undefined ? [] : [ORIGINS[origin]]),
    `Kept: ${retention}.`,
    `Versions: ${versions.join(', ')}.`,
    ...(metrics.length > 0 ? [`Feeds: ${metrics.map(code).join(', ')}.`] : []),
  ];
  return [
    `## ${name}\n`,
    `${description} ${facts.join(' ')}\n`,
    `${table(columnsOf(fields))}\n`,
    `\`\`\`json\n${JSON.stringify(example, null, 2)}\n\`\`\`\n`,
  ].join('\n');
}

function table(columns: Readonly<Record<string, Column>>): string {
  const rows = Object.entries(columns).flatMap(([name, column]) => rowsOf(name, column));
  return ['| field | type | unit | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** A row for the column, and one for each field inside it: \`guards[].name\`, \`individual_signals.*.alpha\`. */
function rowsOf(name: string, { type, unit, description }: Column): string[] {
  const row = `| ${code(name)} | ${escaped(typeText(type))} | ${escaped(unit)} | ${escaped(description)} |`;
  return [row, ...innerOf(name, type)];
}

function innerOf(name: string, type: ColumnType): string[] {
  if (typeof type === 'string') return [];
  if ('list' in type) return innerOf(`${name}[]`, type.list);
  if ('map' in type) return innerOf(`${name}.*`, type.map);
  return Object.entries(type.struct).flatMap(([key, column]) => rowsOf(`${name}.${key}`, column));
}

/** A column's type for people: \`list of string\`. */
export function typeText(type: ColumnType): string {
  if (typeof type === 'string') return type;
  if ('list' in type) return `list of ${typeText(type.list)}`;
  return 'map' in type ? `map of ${typeText(type.map)}` : 'struct';
}

const code = (text: string): string => `\`${text}\``;
const escaped = (text: string): string => text.replaceAll('|', '\\|');
