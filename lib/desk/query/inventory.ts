import { CATALOG, INPUT_STREAMS } from '../../core/catalog/index.ts';
import type { Stream } from '../../core/catalog/stream.ts';
import { PREFIXES, parseKey } from '../../core/lake/keys.ts';
import type { ObjectStore, QueryEngine } from '../../core/ports/index.ts';
import type { SqlDialect } from '../../core/query/dialect.ts';
import {
  derivedCountSql,
  QUARANTINED_BY_TARGET_SQL,
  quarantineCountSql,
  streamCountSql,
} from '../../core/query/inventory.ts';
import { QUARANTINE } from '../../core/transform/quarantine.ts';
import { atOnce } from './at-once.ts';
import { countOf, rowsOf, textOrNull } from './rows.ts';

export interface StreamFacts {
  readonly stream: string;
  /** Different events, as the view shows them. */
  readonly events: number;
  /** Stored lines that are events, repeats included. */
  readonly stored: number;
  readonly duplicates: number;
  /** Lines in quarantine that would have been in this stream. */
  readonly quarantined: number;
  readonly first_ts: string | null;
  readonly last_ts: string | null;
  readonly last_ingested_at: string | null;
  readonly objects: number;
  readonly bytes: number;
}

/** What Nightdesk derived of one stream. */
export interface DerivedFacts {
  readonly stream: string;
  /** Rows as the view shows them; of a stream that bots write too, all that were derived. */
  readonly rows: number;
  /** Rows that are withdrawn. */
  readonly retracted: number;
  /** Stored lines, one per revision of a row. */
  readonly stored: number;
  readonly unreadable: number;
  readonly first_ts: string | null;
  readonly last_ts: string | null;
  readonly last_ingested_at: string | null;
  readonly objects: number;
  readonly bytes: number;
}

/** Every stored line of a bot is one of: an event, a repeat, quarantined, about an event redriven since, or unreadable. */
export interface Totals {
  readonly lines: number;
  readonly events: number;
  readonly duplicates: number;
  readonly quarantined: number;
  readonly redriven: number;
  readonly unreadable: number;
}

export interface Inventory {
  /** Every stream that bots send. */
  readonly streams: readonly StreamFacts[];
  /** Every stream that Nightdesk derives; its rows are no lines that came in, and not among the totals. */
  readonly derived: readonly DerivedFacts[];
  readonly quarantine: StreamFacts;
  readonly totals: Totals;
}

interface Counted {
  readonly facts: StreamFacts;
  readonly lines: number;
  readonly redriven: number;
  readonly unreadable: number;
}

type Sizes = ReadonlyMap<string, { readonly objects: number; readonly bytes: number }>;

/** A lake as the inventory counts it. */
export interface Counting {
  readonly engine: QueryEngine;
  readonly sql: SqlDialect;
  readonly store: ObjectStore;
  /** Queries that the engine answers at once. */
  readonly atOnce: number;
}

/** What is in the lake, stream by stream, and that all of it is accounted for. */
export async function takeInventory(lake: Counting): Promise<Inventory> {
  const sizes = await sizesOf(lake.store, 'events');
  const derivedSizes = await sizesOf(lake.store, 'derived');
  const targets = sizes.has(QUARANTINE) ? await rowsOf(lake.engine, QUARANTINED_BY_TARGET_SQL) : [];
  const byTarget = new Map(targets.map(({ target, events }) => [textOrNull(target), countOf(events)]));
  const all = Object.values(CATALOG);
  const derived = await atOnce(
    lake.atOnce,
    all.filter(({ origin }) => origin !== undefined),
    (stream) => countDerived(lake, stream, derivedSizes),
  );
  const counted = await atOnce(
    lake.atOnce,
    all.filter(({ name }) => name === QUARANTINE || INPUT_STREAMS.includes(name)),
    (stream) => countStream(lake, stream, { sizes, quarantined: byTarget.get(stream.name) ?? 0 }),
  );
  const quarantine = counted.find(({ facts }) => facts.stream === QUARANTINE);
  if (quarantine === undefined) throw new Error('the catalog has no stream quarantine');
  const streams = counted.filter((one) => one !== quarantine);
  const sum = (of: readonly Counted[], value: (one: Counted) => number): number =>
    of.reduce((total, one) => total + value(one), 0);
  return {
    streams: streams.map(({ facts }) => facts),
    derived,
    quarantine: quarantine.facts,
    totals: {
      lines: sum(counted, ({ lines }) => lines),
      events: sum(streams, ({ facts }) => facts.events),
      duplicates: sum(counted, ({ facts }) => facts.duplicates),
      quarantined: quarantine.facts.events,
      redriven: quarantine.redriven,
      unreadable: sum(counted, ({ unreadable }) => unreadable),
    },
  };
}

async function countStream(
  { engine, sql }: Counting,
  stream: Stream,
  { sizes, quarantined }: { sizes: Sizes; quarantined: number },
): Promise<Counted> {
  const { name } = stream;
  const size = sizes.get(name) ?? { objects: 0, bytes: 0 };
  // A stream without objects needs no query: most streams of most bots.
  const [row = {}] =
    size.objects === 0
      ? []
      : await rowsOf(engine, name === QUARANTINE ? quarantineCountSql(sql) : streamCountSql(stream, sql));
  const [lines, events, redriven, unreadable] = [
    countOf(row.lines),
    countOf(row.events),
    countOf(row.redriven),
    countOf(row.unreadable),
  ];
  const stored = lines - unreadable - redriven;
  return {
    lines,
    redriven,
    unreadable,
    facts: {
      stream: name,
      events,
      stored,
      duplicates: stored - events,
      quarantined,
      first_ts: textOrNull(row.first_ts),
      last_ts: textOrNull(row.last_ts),
      last_ingested_at: textOrNull(row.last_ingested_at),
      ...size,
    },
  };
}

async function countDerived({ engine, sql }: Counting, stream: Stream, sizes: Sizes): Promise<DerivedFacts> {
  const size = sizes.get(stream.name) ?? { objects: 0, bytes: 0 };
  const [row = {}] = size.objects === 0 ? [] : await rowsOf(engine, derivedCountSql(stream, sql));
  const unreadable = countOf(row.unreadable);
  return {
    stream: stream.name,
    rows: countOf(row.rows),
    retracted: countOf(row.retracted),
    stored: countOf(row.lines) - unreadable,
    unreadable,
    first_ts: textOrNull(row.first_ts),
    last_ts: textOrNull(row.last_ts),
    last_ingested_at: textOrNull(row.last_ingested_at),
    ...size,
  };
}

async function sizesOf(store: ObjectStore, prefix: 'events' | 'derived'): Promise<Sizes> {
  const sizes = new Map<string, { objects: number; bytes: number }>();
  for await (const { key, bytes } of store.list(PREFIXES[prefix])) {
    const stream = parseKey(key)?.stream;
    if (stream === undefined || !key.endsWith('.jsonl.gz')) continue;
    const size = sizes.get(stream) ?? { objects: 0, bytes: 0 };
    sizes.set(stream, { objects: size.objects + 1, bytes: size.bytes + bytes });
  }
  return sizes;
}
