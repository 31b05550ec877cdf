import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CATALOG, INPUT_STREAMS } from '../../core/catalog/index.ts';
import { quoted } from '../../core/catalog/sql-columns.ts';
import type { Stream } from '../../core/catalog/stream.ts';
import { streamPrefix } from '../../core/lake/keys.ts';
import type { Boundaries } from '../../core/query/boundaries.ts';
import { duckdbEngine } from '../../core/query/duckdb-engine.ts';
import type { Part, ViewEngine } from '../../core/query/engine.ts';
import { allLines, type Lines, linkedStream, sentLines } from '../../core/query/lake-views.ts';
import { wordsOf } from '../../core/query/text.ts';
import { EVENTS_VIEW, eventsSql, sentSql, storedSql, type ViewOptions, viewSql } from '../../core/query/views.ts';

export interface LakeViewsOptions {
  readonly lake: string;
  /** UTC day up to which a stream is compacted, by stream. */
  readonly boundaries: Boundaries;
  readonly execute: (sql: string) => Promise<void>;
}

/** Schema of the views that show every stored line, repeats included. */
export const STORED_SCHEMA = 'stored';

/** Statements that look at the catalog need all views to be there. */
const CATALOG_WORDS = ['show', 'information_schema', 'duckdb_views', 'duckdb_tables', 'duckdb_columns'];

const STREAMS = Object.values(CATALOG);

/**
 * Makes the views a query names, when it names them: a view costs a look at its folders, and most queries need one or
 * two. A stream without objects is an empty view until its first object is there.
 */
export class LakeViews {
  readonly #options: LakeViewsOptions;
  readonly #engine;
  readonly #made = new Map<string, string>();
  readonly #filled = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: LakeViewsOptions) {
    this.#options = options;
    this.#engine = duckdbEngine(options.lake);
  }

  /** Makes what the SQL names. One caller at a time, so that no two replace one view. */
  prepare(sql: string): Promise<void> {
    const made = this.#last.then(() => this.#prepare(sql));
    this.#last = made.catch(() => undefined);
    return made;
  }

  /** Looks at the folders again: objects that were there are gone. */
  forget(): void {
    this.#filled.clear();
  }

  async #prepare(sql: string): Promise<void> {
    const words = wordsOf(sql);
    const all = CATALOG_WORDS.some((word) => words.has(word));
    for (const stream of STREAMS.filter(({ name }) => all || isNamed(name, { sql, words }))) {
      await this.#makeStream(stream);
      if (all || words.has(STORED_SCHEMA)) {
        const lines = await this.#filledLines(stream, allLines);
        await this.#make(`${STORED_SCHEMA}.${quoted(stream.name)}`, storedSql(stream, lines));
      }
    }
    if (all || words.has(EVENTS_VIEW)) await this.#makeEvents();
  }

  /** Over the streams that hold objects: the empty ones would only cost the engine time. */
  async #makeEvents(): Promise<void> {
    const sent = STREAMS.filter(({ name }) => INPUT_STREAMS.includes(name));
    const filled: Stream[] = [];
    for (const stream of sent) if ((await this.#filledLines(stream, sentLines)).parts.length > 0) filled.push(stream);
    const streams = filled.length > 0 ? filled : sent.slice(0, 1);
    const relations = new Map<Stream, string>();
    for (const stream of streams) relations.set(stream, await this.#sentRelation(stream));
    await this.#make(
      EVENTS_VIEW,
      eventsSql(streams, (stream) => relations.get(stream) ?? quoted(stream.name)),
    );
  }

  /** The view of a stream; of one that Nightdesk writes too only what bots sent. */
  async #sentRelation(stream: Stream): Promise<string> {
    if (stream.origin === 'both') return `(${sentSql(stream, await this.#filledLines(stream, sentLines))}) as "sent"`;
    await this.#makeStream(stream);
    return quoted(stream.name);
  }

  async #makeStream(stream: Stream): Promise<void> {
    await this.#make(quoted(stream.name), viewSql(stream, await this.#viewOptions(stream)));
  }

  async #viewOptions(stream: Stream): Promise<ViewOptions> {
    const own = await this.#filledLines(stream, allLines);
    const ensemble = linkedStream(stream);
    if (ensemble === undefined) return own;
    return { ...own, ensemble: { stream: ensemble, ...(await this.#filledLines(ensemble, allLines)) } };
  }

  /** What the views of every engine read of a stream, without the parts that hold no object: DuckDB reads no empty folder. */
  async #filledLines(stream: Stream, linesOf: typeof allLines): Promise<Lines & { readonly engine: ViewEngine }> {
    const lines = linesOf(stream, this.#options.boundaries);
    const parts: Part[] = [];
    for (const part of lines.parts) if (await this.#holdsObjects(stream.name, part)) parts.push(part);
    return { engine: this.#engine, ...lines, parts };
  }

  async #holdsObjects(stream: string, { prefix, version }: Part): Promise<boolean> {
    const folder = join(this.#options.lake, streamPrefix(prefix, stream, version));
    if (this.#filled.has(folder)) return true;
    const ending = prefix === 'curated' ? '.parquet' : '.jsonl.gz';
    for (const date of await namesIn(folder)) {
      if (!date.startsWith('date=')) continue;
      if (!(await namesIn(join(folder, date))).some((name) => name.endsWith(ending) && !name.startsWith('.'))) continue;
      this.#filled.add(folder);
      return true;
    }
    return false;
  }

  async #make(name: string, sql: string): Promise<void> {
    if (this.#made.get(name) === sql) return;
    await this.#options.execute(`create or replace view ${name} as ${sql}`);
    this.#made.set(name, sql);
  }
}

/** `order` is a word of SQL: as a table it stands in quotes, and nearly every query orders by something. */
const isNamed = (stream: string, { sql, words }: { sql: string; words: ReadonlySet<string> }): boolean =>
  words.has(stream) && (stream !== 'order' || sql.includes('"order"'));

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch {
    return []; // not there yet, or no folder
  }
}
