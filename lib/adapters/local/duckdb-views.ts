import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CATALOG, INPUT_STREAMS } from '../../core/catalog/index.ts';
import { quoted } from '../../core/catalog/sql-columns.ts';
import type { Stream } from '../../core/catalog/stream.ts';
import { streamPrefix } from '../../core/lake/keys.ts';
import { duckdbEngine } from '../../core/query/duckdb-engine.ts';
import type { Part } from '../../core/query/engine.ts';
import { wordsOf } from '../../core/query/text.ts';
import { LINKS } from '../../core/query/timeframe.ts';
import { EVENTS_VIEW, eventsSql, sentSql, storedSql, type ViewOptions, viewSql } from '../../core/query/views.ts';

export interface LakeViewsOptions {
  readonly lake: string;
  /** UTC day up to which a stream is compacted, by stream. */
  readonly boundaries: Readonly<Record<string, string>>;
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
      if (all || words.has(STORED_SCHEMA))
        await this.#make(`${STORED_SCHEMA}.${quoted(stream.name)}`, storedSql(stream, await this.#viewOptions(stream)));
    }
    if (all || words.has(EVENTS_VIEW)) await this.#makeEvents();
  }

  /** Over the streams that hold objects: the empty ones would only cost the engine time. */
  async #makeEvents(): Promise<void> {
    const sent = STREAMS.filter(({ name }) => INPUT_STREAMS.includes(name));
    const filled: Stream[] = [];
    for (const stream of sent) if ((await this.#sentParts(stream)).parts.length > 0) filled.push(stream);
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
    if (stream.origin === 'both')
      return `(${sentSql(stream, { engine: this.#engine, ...(await this.#sentParts(stream)) })}) as "sent"`;
    await this.#makeStream(stream);
    return quoted(stream.name);
  }

  async #makeStream(stream: Stream): Promise<void> {
    await this.#make(quoted(stream.name), viewSql(stream, await this.#viewOptions(stream)));
  }

  async #viewOptions(stream: Stream): Promise<ViewOptions> {
    const { ensemble } = CATALOG;
    const own = { engine: this.#engine, ...(await this.#parts(stream)) };
    if (LINKS[stream.name] === undefined || ensemble === undefined) return own;
    return { ...own, ensemble: { stream: ensemble, ...(await this.#parts(ensemble)) } };
  }

  async #parts(stream: Stream): Promise<{ parts: readonly Part[]; boundary?: string }> {
    if (stream.origin === undefined) return this.#sentParts(stream);
    const derived = await this.#filledParts(stream, ['derived']);
    if (stream.origin === 'derived') return { parts: derived };
    const sent = await this.#sentParts(stream);
    return { ...sent, parts: [...sent.parts, ...derived] };
  }

  /** Where bots' events lie. */
  async #sentParts(stream: Stream): Promise<{ parts: readonly Part[]; boundary?: string }> {
    const boundary = this.#options.boundaries[stream.name];
    const prefixes = boundary === undefined ? (['events'] as const) : (['curated', 'late', 'events'] as const);
    const parts = await this.#filledParts(stream, prefixes);
    return boundary === undefined ? { parts } : { parts, boundary };
  }

  async #filledParts(stream: Stream, prefixes: readonly Part['prefix'][]): Promise<Part[]> {
    const parts: Part[] = [];
    for (const prefix of prefixes)
      for (const version of stream.versions)
        if (await this.#holdsObjects(stream.name, { prefix, version })) parts.push({ prefix, version });
    return parts;
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
