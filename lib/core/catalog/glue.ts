import { NO_CLOCK_DATE, type Prefix, partitionTemplate, streamPrefix } from '../lake/keys.ts';
import type { ColumnType, Scalar } from './fields.ts';
import { CATALOG } from './index.ts';
import type { Stream } from './stream.ts';

export interface GlueColumn {
  readonly name: string;
  /** In Hive's spelling, as the Glue catalog wants it. */
  readonly type: string;
  /** At most 255 characters, Glue's limit. */
  readonly comment: string;
}

/** A table of the Glue catalog as plain data. */
export interface GlueTable {
  readonly name: string;
  readonly description: string;
  readonly columns: readonly GlueColumn[];
  readonly partitionKeys: readonly GlueColumn[];
  readonly parameters: Readonly<Record<string, string>>;
  readonly location: string;
  readonly inputFormat: string;
  readonly outputFormat: string;
  readonly serde: { readonly library: string; readonly parameters: Readonly<Record<string, string>> };
}

/** Prefixes whose objects are JSON lines, in the tables of bots' events and of derived rows. */
export type Tier = Extract<Prefix, 'events' | 'late' | 'derived'>;

const MAX_COMMENT = 255;

// A timestamp stays text: Athena's JSON reader takes no T and no offset in a timestamp column (Athena data types).
const HIVE: Readonly<Record<Scalar, string>> = {
  string: 'string',
  timestamp: 'string',
  json: 'string',
  double: 'double',
  bigint: 'bigint',
  boolean: 'boolean',
};

/** A column's type as Hive spells it. */
export function glueType(type: ColumnType): string {
  if (typeof type === 'string') return HIVE[type];
  if ('list' in type) return `array<${glueType(type.list)}>`;
  if ('map' in type) return `map<string,${glueType(type.map)}>`;
  const fields = Object.entries(type.struct).map(([name, column]) => `${name}:${glueType(column.type)}`);
  return `struct<${fields.join(',')}>`;
}

/** Name of the table of one version of a stream. The stream's own name is the view's, which removes repeats. */
export const tableName = (stream: string, version: number): string => `${stream}_v${version}`;

/** Where lines of a stream lie: what bots send comes by `events` and `late`, what Nightdesk makes of it by `derived`. */
export function tiersOf({ origin }: Pick<Stream, 'origin'>): readonly Tier[] {
  if (origin === 'derived') return ['derived'];
  return origin === 'both' ? ['events', 'late', 'derived'] : ['events', 'late'];
}

/**
 * One table per stream and version over the JSON lines of a bucket; its partitions are projected, so nobody has to add
 * one. `bucket` is only joined to other text: a deploy-time token will do.
 */
export const glueTables = ({ bucket }: { readonly bucket: string }): readonly GlueTable[] =>
  Object.values(CATALOG).flatMap((stream) => stream.versions.map((version) => tableOf(stream, { version, bucket })));

function tableOf(stream: Stream, { version, bucket }: { version: number; bucket: string }): GlueTable {
  const partition = { stream: stream.name, version };
  const tiers = tiersOf(stream);
  const template = partitionTemplate(partition, { tier: placeholder('tier'), date: placeholder('date') });
  return {
    name: tableName(stream.name, version),
    description: `Every stored line of stream ${stream.name}, version ${version}, repeats included. ${stream.description}`,
    columns: Object.entries(stream.columns).map(([name, { type, description, unit }]) => ({
      name,
      type: glueType(type),
      comment: commentOf(description, unit),
    })),
    partitionKeys: [
      { name: 'tier', type: 'string', comment: 'First part of the key: how the line came into the lake.' },
      { name: 'date', type: 'string', comment: `UTC day of ts; ${NO_CLOCK_DATE} where the event has no clock.` },
    ],
    parameters: {
      EXTERNAL: 'TRUE',
      classification: 'json',
      ...projection(tiers),
      'storage.location.template': `s3://${bucket}/${template}`,
    },
    // Athena goes by the template; Glue wants a location all the same.
    location: `s3://${bucket}/${streamPrefix(tiers[0] ?? 'events', stream.name, version)}`,
    inputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
    outputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
    // AWS warns that OpenX's may give "more or fewer rows" and "unexpected nulls", and names this one (Athena, OpenX JSON SerDe).
    serde: { library: 'org.apache.hive.hcatalog.data.JsonSerDe', parameters: { 'serialization.format': '1' } },
  };
}

const placeholder = (key: string): string => `\${${key}}`;

/**
 * The days reach from the partition of events without a clock to the day after tomorrow (a day's skew, whatever the
 * zone). Athena lists every projected partition that a query does not filter away: about 9,800 listings a tier and stream
 * in 2026, 0.05 USD and some seconds, for a query that names no date; one that does pays for its days only. A later
 * start would need a table of its own for the events without a clock, and an imported year before it would be
 * left out without a word: out of range is no error in Athena. Views may start later by a literal filter instead
 * (`athenaEngine`). Far below the million partitions that one scan may have.
 */
const projection = (tiers: readonly Tier[]): Readonly<Record<string, string>> => ({
  'projection.enabled': 'true',
  'projection.tier.type': 'enum',
  'projection.tier.values': tiers.join(','),
  'projection.date.type': 'date',
  'projection.date.format': 'yyyy-MM-dd',
  'projection.date.range': `${NO_CLOCK_DATE},NOW+2DAYS`,
  'projection.date.interval': '1',
  'projection.date.interval.unit': 'DAYS',
});

/** Units that say no more than the type. */
const PLAIN_UNITS = new Set(['text', 'object', 'true or false']);

function commentOf(description: string, unit: string): string {
  const comment = PLAIN_UNITS.has(unit) ? description : `${description} [${unit}]`;
  return comment.length <= MAX_COMMENT ? comment : `${comment.slice(0, MAX_COMMENT - 1)}…`;
}
