import { INPUT_STREAMS } from '../catalog/outline.ts';
import { dateOf, NO_CLOCK_DATE, parseKey } from '../lake/keys.ts';
import { datesOf, type LakeRecord, type LakeTools, readDay } from '../lake/read.ts';
import { comparePlaces, inputOf, ledgerKeyOf } from './input.ts';
import type { Runtime } from './ledger-ports.ts';
import { type Checkpoint, pack, unpack } from './ledger-state.ts';
import { checkpointPrefix } from './state-key.ts';
import {
  type DerivedRow,
  type Fold,
  type Input,
  LEDGER_STREAMS,
  type LedgerKey,
  type Place,
  type SavedFold,
  type Touch,
} from './types.ts';

// Folds days of the lake: what came too late, and what is to be folded from scratch.

/** One ledger that is folded over a range. */
export interface RangeJob {
  readonly key: LedgerKey;
  readonly fold: Fold;
  /** First day to be folded; of a checkpoint its own. Undefined: from the beginning. */
  readonly fromDate: string | undefined;
  /** Applied is what happened up to here, µs. What is later waits. */
  readonly limitUs: number;
  readonly checkpoints: Checkpoint[];
  /** What waits. */
  readonly pending: Input[];
  /** Objects that were read, with what they say about runs. */
  readonly objects: Map<string, readonly Touch[]>;
  last: Place | null;
  /** Rows that were made so far. */
  readonly rows: Map<string, DerivedRow>;
  /** First day whose rows are compared: that of the first attempt, where this one goes on from it. */
  readonly compareFrom: string | undefined;
  /** Objects that an earlier attempt read. */
  readonly earlier: ReadonlyMap<string, readonly Touch[]>;
}

export interface RangeOptions {
  /** Whether events of streams that the ledger does not fold are read too, for what they say about runs. */
  readonly runs: boolean;
  /** Whether checkpoints are written. */
  readonly checkpoints: boolean;
  /** Hears, once each, of ledgers that the days hold events of and no job folds. @default - those are not looked for */
  readonly unknown?: (key: LedgerKey) => void;
}

export const keyText = ({ mode, strategyId }: LedgerKey): string => JSON.stringify([mode, strategyId]);

/** Folds the jobs over all days of the lake from the first of theirs on; one day's events are held at a time. */
export async function foldRange(runtime: Runtime, jobs: readonly RangeJob[], options: RangeOptions): Promise<void> {
  const byKey = new Map(jobs.map((job) => [keyText(job.key), job]));
  const range = new Range(runtime, byKey, options);
  const dates = await range.dates(options.runs ? INPUT_STREAMS : LEDGER_STREAMS);
  // Which log holds the fills of which day must be known before the first of them is applied.
  for (const date of dates) await range.announce(date);
  for (const date of dates) await range.apply(date);
  for (const job of jobs) job.fold.apply([], job.limitUs);
}

class Range {
  readonly #runtime: Runtime;
  readonly #jobs: ReadonlyMap<string, RangeJob>;
  readonly #options: RangeOptions;
  readonly #unknown = new Set<string>();
  readonly #strategies: ReadonlySet<unknown>;

  constructor(runtime: Runtime, jobs: ReadonlyMap<string, RangeJob>, options: RangeOptions) {
    this.#runtime = runtime;
    this.#jobs = jobs;
    this.#options = options;
    this.#strategies = new Set([...jobs.values()].map(({ key }) => key.strategyId));
  }

  async dates(streams: readonly string[]): Promise<string[]> {
    const [first = ''] = [...this.#jobs.values()].map(({ fromDate }) => fromDate ?? '').sort();
    const dates = new Set<string>();
    for (const stream of streams)
      for (const date of await datesOf(this.#runtime.ports.store, stream)) if (date >= first) dates.add(date);
    return [...dates].sort();
  }

  async announce(date: string): Promise<void> {
    const others = this.#options.runs ? INPUT_STREAMS.filter((stream) => !FOLDED.has(stream)) : [];
    for (const stream of others) for await (const _ of this.#day(stream, date));
    const executions = new Map<RangeJob, Input[]>();
    for await (const event of this.#day('execution', date)) this.#sort(event, date, executions);
    for (const [job, inputs] of executions) job.fold.announce(inputs.filter(({ us }) => us <= job.limitUs));
  }

  async apply(date: string): Promise<void> {
    const inputs = new Map<RangeJob, Input[]>();
    for (const stream of LEDGER_STREAMS)
      for await (const event of this.#day(stream, date)) this.#sort(event, date, inputs);
    for (const [job, own] of inputs) {
      own.sort(comparePlaces);
      const due = own.filter(({ us }) => us <= job.limitUs);
      for (const input of own) if (input.us > job.limitUs) job.pending.push(input);
      const last = due.at(-1);
      if (last === undefined) continue;
      await this.#checkpoint(job, date);
      job.fold.apply(due, last.us);
      job.last = last === undefined ? job.last : { us: last.us, seq: last.seq, id: last.id };
    }
  }

  /** The fold as it is before the first input of a day. */
  async #checkpoint(job: RangeJob, date: string): Promise<void> {
    if (!this.#options.checkpoints || job.last === null || job.fromDate === date) return;
    if (job.checkpoints.some((known) => known.date === date)) return;
    const { memoryMs } = this.#runtime.config;
    if (Date.parse(date) < job.limitUs / 1000 - memoryMs) return;
    job.fold.apply([], Date.parse(date) * 1000 - 1);
    job.checkpoints.push(
      await writeCheckpoint(this.#runtime, job.key, date, { fold: job.fold.save(), last: job.last }),
    );
  }

  #sort(event: LakeRecord, date: string, into: Map<RangeJob, Input[]>): void {
    const job = this.#jobOf(ledgerKeyOf(event));
    if (job === undefined || (job.fromDate !== undefined && date < job.fromDate)) return;
    const input = inputOf(event);
    if (input === undefined) return;
    const inputs = into.get(job) ?? [];
    into.set(job, inputs);
    inputs.push(input);
  }

  #jobOf(key: LedgerKey): RangeJob | undefined {
    const text = keyText(key);
    const known = this.#jobs.get(text);
    if (known === undefined && this.#options.unknown !== undefined && !this.#unknown.has(text)) {
      this.#unknown.add(text);
      this.#options.unknown(key);
    }
    return known;
  }

  #day(stream: string, date: string): AsyncGenerator<LakeRecord> {
    return readDay(lakeTools(this.#runtime.ports), {
      stream,
      date,
      // Of the identity only the strategy: copies that differ in mode must meet, for one of them counts.
      ...(this.#options.unknown === undefined
        ? { only: (event) => this.#strategies.has(event.strategy_id ?? null) }
        : {}),
      onObject: (key, events) => this.#runs(key, events),
    });
  }

  #runs(objectKey: string, events: readonly LakeRecord[]): void {
    const touched = new Map<RangeJob, readonly Touch[]>();
    const stream = parseKey(objectKey)?.stream ?? '';
    for (const { key, touches } of this.#runtime.parts.touchesOf(objectKey, stream, events)) {
      const job = this.#jobs.get(keyText(key));
      if (job !== undefined) touched.set(job, touches);
    }
    for (const { key } of byLedger(events)) {
      const job = this.#jobOf(key);
      if (job === undefined || job.objects.has(objectKey)) continue;
      if (job.fromDate !== undefined && (parseKey(objectKey)?.date ?? '') < job.fromDate) continue;
      const touches = touched.get(job) ?? [];
      job.objects.set(objectKey, touches);
      job.fold.touch(touches);
    }
  }
}

const FOLDED: ReadonlySet<string> = new Set(LEDGER_STREAMS);

export const lakeTools = ({ store, gunzip, log }: LakeTools): LakeTools => ({
  store,
  gunzip,
  ...(log === undefined ? {} : { log }),
});

/** Events by the ledger they belong to. */
export function byLedger(events: readonly LakeRecord[]): { readonly key: LedgerKey; readonly own: LakeRecord[] }[] {
  const found = new Map<string, { key: LedgerKey; own: LakeRecord[] }>();
  let last: { key: LedgerKey; own: LakeRecord[] } | undefined;
  for (const event of events) {
    const key = ledgerKeyOf(event);
    if (last === undefined || last.key.mode !== key.mode || last.key.strategyId !== key.strategyId) {
      const text = keyText(key);
      last = found.get(text) ?? { key, own: [] };
      found.set(text, last);
    }
    last.own.push(event);
  }
  return [...found.values()];
}

/** What a checkpoint holds. */
export interface Held {
  readonly fold: SavedFold;
  readonly last: Place | null;
}

/** Writes a checkpoint under a name that tells its content: of two writers neither changes what the other refers to. */
export async function writeCheckpoint(
  { ports }: Runtime,
  key: LedgerKey,
  date: string,
  held: Held,
): Promise<Checkpoint> {
  const hash = ports.sha256(JSON.stringify(held)).slice(0, 16);
  const checkpoint = { date, key: `${checkpointPrefix(key, ports)}${date}-${hash}.json.gz` };
  await ports.store.put(checkpoint.key, await pack(held, ports));
  return checkpoint;
}

/** The newest checkpoint that stands at or before a day and can be read. */
export async function openCheckpoint(
  { ports }: Runtime,
  checkpoints: readonly Checkpoint[],
  date: string,
): Promise<(Held & { readonly checkpoint: Checkpoint }) | undefined> {
  const usable = checkpoints.filter((one) => one.date <= date).sort((a, b) => (a.date < b.date ? 1 : -1));
  for (const checkpoint of usable) {
    const body = await ports.store.get(checkpoint.key);
    const held = body === undefined ? undefined : await unpack(body, ports);
    if (typeof held === 'object' && held !== null) return { checkpoint, ...(held as Held) };
    ports.log.warn('a checkpoint of a ledger cannot be read; it is folded again from an earlier one', {
      key: checkpoint.key,
    });
  }
  return undefined;
}

/** The day of a moment in µs; events without a clock have one of their own. */
export const dayOf = (us: number): string => (Number.isFinite(us) ? dateOf(us / 1000) : NO_CLOCK_DATE);
