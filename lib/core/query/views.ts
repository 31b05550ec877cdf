import { envelope } from '../catalog/envelope.ts';
import { quoted } from '../catalog/sql-columns.ts';
import type { Stream } from '../catalog/stream.ts';
import { dateOf } from '../lake/keys.ts';
import type { Day, Part, ViewEngine } from './engine.ts';
import { literal } from './text.ts';
import { LINKED_COLUMNS, LINKS, type Link, linkable, linked } from './timeframe.ts';

export interface ViewOptions {
  readonly engine: ViewEngine;
  /** The parts of the stream that hold objects; without any the view is empty and typed. */
  readonly parts: readonly Part[];
  /**
   * UTC day up to which the stream is compacted: `curated` and `late` count up to it, `events` after it.
   * @default - nothing is compacted, only `events` counts
   */
  readonly boundary?: string;
  /** Ensemble records, for the streams whose timeframe is linked. @default - none: null stays null */
  readonly ensemble?: { readonly stream: Stream; readonly parts: readonly Part[]; readonly boundary?: string };
}

/** Reason of the line that `redrive` adds for an event of quarantine that is stored now. */
export const REDRIVEN = 'redriven';

/** Every line of a stream as it lies in the lake, repeats included, with the key of its object in `file`. */
export function storedSql(stream: Stream, { engine, parts, boundary }: ViewOptions, day: Day = 'own'): string {
  const scans = parts.flatMap((part) => bounded(engine.scan(stream, part, day), part, shifted(boundary, day)));
  return scans.length === 0 ? engine.nothing(stream) : scans.join(' union all ');
}

function bounded(scan: string, { prefix }: Part, boundary: string | undefined): string[] {
  if (prefix === 'derived') return [scan]; // revisions of all days stay where they were written: the boundary is about events
  if (boundary === undefined) return prefix === 'events' ? [scan] : [];
  return [`select * from (${scan}) as "part" where "date" ${prefix === 'events' ? '>' : '<='} ${literal(boundary)}`];
}

/** The boundary in the days that lines are shown under. */
const shifted = (boundary: string | undefined, day: Day): string | undefined =>
  boundary === undefined || day === 'own' ? boundary : dateOf(Date.parse(boundary) + DAY_MS);

const DAY_MS = 86_400_000;

/**
 * A stream as people query it: each event once, of each derived row its newest revision. Where bots and Nightdesk both
 * write a stream, derived rows stand in for the bot: per date, mode and strategy, where it wrote none itself.
 */
export function viewSql(stream: Stream, options: ViewOptions): string {
  const sent = { ...options, parts: options.parts.filter(({ prefix }) => prefix !== 'derived') };
  const derived = { ...options, parts: options.parts.filter(({ prefix }) => prefix === 'derived') };
  if (stream.origin === 'derived') return newestSql(stream, derived);
  if (derived.parts.length === 0) return sentSql(stream, options);
  if (sent.parts.length === 0) return newestSql(stream, derived);
  const names = [...Object.keys(stream.columns), 'date'].map(quoted).join(', ');
  const part = (sql: string, isSent: 0 | 1): string => `select ${names}, ${isSent} as "sent" from (${sql}) as "part"`;
  return (
    `select ${names} from (select *, max("sent") over (partition by "date", "mode", "strategy_id") as "any_sent" from (` +
    `${part(sentSql(stream, sent), 1)} union all ${part(newestSql(stream, derived), 0)}` +
    `) as "both") as "marked" where "sent" = "any_sent"`
  );
}

/** Rows that a stage derived, as of their newest revision, without those it withdrew. */
function newestSql(stream: Stream, options: ViewOptions): string {
  const names = [...Object.keys(stream.columns), 'date'].map(quoted).join(', ');
  const by = ['date', ...IDENTITY].map(quoted).join(', ');
  // Of one revision there are two lines only where one write was done twice: then they say the same.
  return (
    `select ${names} from (select *, row_number() over (partition by ${by} order by "rev" desc, "ingested_at" desc) as "copy" ` +
    `from (${storedSql(stream, options)}) as l where l."event_id" is not null` +
    `) as "revisions" where "copy" = 1 and not coalesce("retracted", false)`
  );
}

/** What bots sent, each event once, by identity. The date is in the key, or no engine prunes by it. */
export function sentSql(stream: Stream, options: ViewOptions): string {
  const { ensemble } = options;
  const link = ensemble === undefined || ensemble.parts.length === 0 ? undefined : LINKS[stream.name];
  const names = Object.keys(stream.columns);
  const columns = names.map((name) => (link === undefined ? undefined : LINKED_COLUMNS[name]) ?? `l.${quoted(name)}`);
  const source =
    link === undefined || ensemble === undefined
      ? ''
      : ` left join (${linkable((day) => storedSql(ensemble.stream, { engine: options.engine, ...ensemble }, day), link)}) as e on ${linked(link)}`;
  return (
    `select ${names.map(quoted).join(', ')}, "date" from (` +
    `select ${columns.join(', ')}, l."date", row_number() over (${copies(stream, link)}) as "copy" ` +
    `from (${storedSql(stream, options)}) as l${source} where l."event_id" is not null` +
    `) as "copies" where "copy" = 1${stream.name === 'quarantine' ? ` and coalesce("reason", '') <> ${literal(REDRIVEN)}` : ''}`
  );
}

const IDENTITY = ['strategy_id', 'session_id', 'stream', 'event_id'];
const FIRST_COPY = ['ingested_at', 'emitted_at', 'seq'];

/** The window that numbers the copies of one event: the first to come in counts, linked to the nearest record before it. */
function copies(stream: Stream, link: Link | undefined): string {
  const line = (names: readonly string[]): string[] => names.map((name) => `l.${quoted(name)}`);
  // Lines in quarantine are partitioned by arrival: a repeat lies in another day. What redrive says of a line comes first.
  const quarantine = stream.name === 'quarantine';
  const by = line(quarantine ? IDENTITY : ['date', ...IDENTITY]);
  const order = [
    ...(quarantine ? [`case when l."reason" = ${literal(REDRIVEN)} then 0 else 1 end`] : []),
    ...line(FIRST_COPY),
    ...(link === undefined ? [] : ['e."ts" desc']),
  ];
  return `partition by ${by.join(', ')} order by ${order.join(', ')}`;
}

/** Name of the view of all that bots sent: quarantine is left out, and what Nightdesk derived. */
export const EVENTS_VIEW = 'events';

/** All events with their envelope. `relation` gives what stands for a stream after FROM. */
export function eventsSql(streams: readonly Stream[], relation: (stream: Stream) => string): string {
  const columns = [...Object.keys(envelope), 'date'].map(quoted).join(', ');
  return streams
    .filter(({ name, origin }) => name !== 'quarantine' && origin !== 'derived')
    .map((stream) => `select ${columns} from ${relation(stream)}`)
    .join(' union all ');
}
