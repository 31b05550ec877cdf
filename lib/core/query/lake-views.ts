import { CATALOG, INPUT_STREAMS } from '../catalog/index.ts';
import { quoted } from '../catalog/sql-columns.ts';
import type { Stream } from '../catalog/stream.ts';
import type { Boundaries } from './boundaries.ts';
import type { Part, ViewEngine } from './engine.ts';
import { LINKS } from './timeframe.ts';
import { EVENTS_VIEW, eventsSql, sentSql, storedSql, type ViewOptions, viewSql } from './views.ts';

/** What of a stream a view reads. */
export type Lines = Pick<ViewOptions, 'parts' | 'boundary'>;

/** Where bots' events of a stream lie: as delivered, and, once days are compacted, in `curated` and `late` too. */
export function sentLines(stream: Stream, boundaries: Boundaries): Lines {
  if (stream.origin === 'derived') return { parts: [] };
  const boundary = boundaries[stream.name];
  return boundary === undefined
    ? { parts: partsOf(stream, ['events']) }
    : { parts: partsOf(stream, ['curated', 'late', 'events']), boundary };
}

/** Where all lines of a stream lie: those of bots, and the rows that Nightdesk derived. */
export function allLines(stream: Stream, boundaries: Boundaries): Lines {
  const sent = sentLines(stream, boundaries);
  return stream.origin === undefined ? sent : { ...sent, parts: [...sent.parts, ...partsOf(stream, ['derived'])] };
}

const partsOf = (stream: Stream, prefixes: readonly Part['prefix'][]): readonly Part[] =>
  prefixes.flatMap((prefix) => stream.versions.map((version) => ({ prefix, version })));

/** The stream whose records tell the timeframe of this stream's rows, or undefined where they need no telling. */
export const linkedStream = (stream: Stream): Stream | undefined =>
  LINKS[stream.name] === undefined ? undefined : CATALOG.ensemble;

export interface LakeView {
  readonly name: string;
  /** The query that the view stands for. */
  readonly sql: string;
  /** Names of views it reads, which have to be there before it. */
  readonly uses: readonly string[];
}

export interface LakeViewsOptions {
  readonly engine: ViewEngine;
  readonly boundaries: Boundaries;
}

/** Name of the view of every stored line of a stream, repeats included, for engines whose views share one folder. */
export const storedView = (stream: string): string => `stored_${stream}`;

/**
 * All views of a lake: one per stream, one per stream over every stored line, and `events` over all that bots sent. Views
 * come after those they use.
 */
export function lakeViews({ engine, boundaries }: LakeViewsOptions): readonly LakeView[] {
  const streams = Object.values(CATALOG);
  const sent = streams.filter(({ name }) => INPUT_STREAMS.includes(name));
  return [
    ...streams.flatMap((stream) => [
      { name: stream.name, sql: viewSql(stream, viewOptions(stream, { engine, boundaries })), uses: [] },
      {
        name: storedView(stream.name),
        sql: storedSql(stream, { engine, ...allLines(stream, boundaries) }),
        uses: [],
      },
    ]),
    {
      name: EVENTS_VIEW,
      sql: eventsSql(sent, (stream) =>
        stream.origin === 'both'
          ? `(${sentSql(stream, { engine, ...sentLines(stream, boundaries) })}) as "sent"`
          : quoted(stream.name),
      ),
      uses: sent.filter(({ origin }) => origin !== 'both').map(({ name }) => name),
    },
  ];
}

function viewOptions(stream: Stream, { engine, boundaries }: LakeViewsOptions): ViewOptions {
  const own = { engine, ...allLines(stream, boundaries) };
  const ensemble = linkedStream(stream);
  return ensemble === undefined ? own : { ...own, ensemble: { stream: ensemble, ...allLines(ensemble, boundaries) } };
}

/** The statement that writes a view, replacing one of its name. */
export const viewStatement = ({ name, sql }: Pick<LakeView, 'name' | 'sql'>): string =>
  `create or replace view ${quoted(name)} as ${sql}`;
