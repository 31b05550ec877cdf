import { gunzip } from '../../adapters/local/gzip.ts';
import { PIPELINE } from '../../core/alerts/backtest-streams.ts';
import { observationOfRecord } from '../../core/alerts/observe.ts';
import type { Observation } from '../../core/alerts/types.ts';
import { INPUT_STREAMS, versionsOf } from '../../core/catalog/outline.ts';
import { dateOf, NO_CLOCK_DATE } from '../../core/lake/keys.ts';
import { datesOf, type LakeTools, readDay, readDerivedDay } from '../../core/lake/read.ts';
import type { Log, ObjectStore } from '../../core/ports/index.ts';
import { QUARANTINE } from '../../core/transform/quarantine.ts';

export interface StoredDaysOptions {
  readonly store: ObjectStore;
  readonly streams: ReadonlySet<string>;
  readonly log?: Log;
  /** Cuts an observation to what is read of it. @default - nothing is cut */
  readonly trim?: (observation: Observation) => Observation;
  /** Leaves strategies out. @default - all */
  readonly wanted?: (observation: Observation) => boolean;
}

/** Reads stored days as the alerts would have seen them. */
export interface StoredDays {
  /** First and last UTC day of the lake; undefined where it is empty. */
  range(): Promise<{ readonly first: string; readonly last: string } | undefined>;
  read(date: string): AsyncGenerator<Observation>;
}

const MINUTE_MS = 60_000;
const PREFIXES_READ = ['events', 'late', 'derived'] as const;

/** @throws what the store throws */
export function storedDays({ store, streams, log, trim = same, wanted = () => true }: StoredDaysOptions): StoredDays {
  const tools: LakeTools = { store, gunzip, ...(log === undefined ? {} : { log }) };
  const whole = streams.has(PIPELINE);
  const sent = whole ? INPUT_STREAMS : INPUT_STREAMS.filter((stream) => streams.has(stream));
  const dates = new Map<string, Promise<ReadonlySet<string>>>();
  /** Whether there is anything: a day that is not there costs no look into its folders. */
  const holds = async (stream: string, date: string): Promise<boolean> => {
    const known = dates.get(stream) ?? datesOf(store, stream, PREFIXES_READ).then((all) => new Set(all));
    dates.set(stream, known);
    return (await known).has(date);
  };
  const derived = [...streams].filter((stream) => !INPUT_STREAMS.includes(stream) && stream !== PIPELINE);
  return {
    async range() {
      const all = new Set<string>();
      for (const stream of INPUT_STREAMS) for (const date of await datesOf(store, stream)) all.add(date);
      all.delete(NO_CLOCK_DATE);
      const sorted = [...all].sort();
      const [first, last] = [sorted[0], sorted.at(-1)];
      return first === undefined || last === undefined ? undefined : { first, last };
    },
    async *read(date) {
      const pipeline = new Pipeline();
      for (const stream of sent) {
        if (!(await holds(stream, date))) continue;
        for await (const record of readDay(tools, { stream, date })) {
          const observation = observationOfRecord(record);
          if (observation === undefined) continue;
          if (whole) pipeline.add(observation.arrivedMs);
          if (wanted(observation) && (streams.has(stream) || whole)) yield trim(observation);
        }
      }
      for (const stream of derived) {
        if (stream === QUARANTINE || !(await holds(stream, date))) continue;
        for await (const record of readDerivedDay(tools, { stream, date, versions: versionsOf(stream) })) {
          const observation = observationOfRecord(record);
          if (observation !== undefined && wanted(observation)) yield trim(observation);
        }
      }
      if (!whole) return;
      if (!(await holds(QUARANTINE, date))) return yield* pipeline.observations(date);
      for await (const { ingested_at } of readDay(tools, { stream: QUARANTINE, date })) {
        const ms = typeof ingested_at === 'string' ? Date.parse(ingested_at) : Number.NaN;
        if (!Number.isNaN(ms)) pipeline.addQuarantined(ms);
      }
      yield* pipeline.observations(date);
    },
  };
}

const same = (observation: Observation): Observation => observation;

/** What came in, minute by minute: live the desk counts it, here it is counted from what is stored. */
class Pipeline {
  readonly #minutes = new Map<number, { events: number; quarantined: number }>();

  add(atMs: number): void {
    this.#minute(atMs).events++;
  }

  addQuarantined(atMs: number): void {
    const minute = this.#minute(atMs);
    minute.events++;
    minute.quarantined++;
  }

  #minute(atMs: number): { events: number; quarantined: number } {
    const at = (Math.floor(atMs / MINUTE_MS) + 1) * MINUTE_MS;
    const known = this.#minutes.get(at) ?? { events: 0, quarantined: 0 };
    this.#minutes.set(at, known);
    return known;
  }

  /** One per minute; what came in on another day than it is dated is told with that minute. */
  *observations(date: string): Generator<Observation> {
    for (const [atMs, fields] of [...this.#minutes].sort(([a], [b]) => a - b))
      yield {
        stream: PIPELINE,
        mode: null,
        strategyId: '*',
        sessionId: null,
        symbol: null,
        eventId: `${date}-${dateOf(atMs)}-${atMs}`,
        tsMs: atMs,
        arrivedMs: atMs,
        fields,
      };
  }
}
