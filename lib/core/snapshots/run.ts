import { dateOf, NO_CLOCK_DATE } from '../lake/keys.ts';
import { datesOf, type Gunzip, readDerivedDay } from '../lake/read.ts';
import { scopeOf } from '../lifecycle/fill.ts';
import type { DerivedRow, LedgerConfig, LedgerTools } from '../lifecycle/types.ts';
import type { Clock, Log, ObjectStore, StateStore } from '../ports/index.ts';
import { formattedToUs } from '../transform/time.ts';
import { snapshotsOf } from './build.ts';
import { SENT_STREAMS } from './facts.ts';
import { SnapshotMemory } from './memory.ts';
import { publishDay } from './publish.ts';
import { dayBefore, daysUpTo, firstChanged, keyOfText, SnapshotSource } from './source.ts';
import { BUCKETS, type Bucket, type Fact, type SnapshotRow } from './types.ts';

/** What the runtime of the snapshots works with. */
export interface SnapshotPorts extends LedgerTools {
  readonly store: ObjectStore;
  readonly state: StateStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly gunzip: Gunzip;
  readonly gzip: (bytes: Uint8Array) => Promise<Uint8Array>;
}

export interface SnapshotConfig {
  readonly ledger: LedgerConfig;
  /** The last midnight at or before a moment, in the zone of the settings; ms. */
  readonly midnight: (ms: number) => number;
}

export interface RebuildSnapshotsOptions {
  /** First UTC day. @default - the first that the lake holds anything of */
  readonly from?: string;
  /** Last UTC day; its later buckets depend on it, so leave it out where one can. @default - the last closed hour */
  readonly to?: string;
}

export interface SnapshotReport {
  readonly days: number;
  /** Rows made, and those that the lake did not hold or held otherwise. */
  readonly rows: number;
  readonly written: number;
}

export interface Snapshots {
  /**
   * Makes the buckets that ended at a moment, and again those before it that late events may have changed. Which buckets
   * comes from the moment, not from the clock; doing it again changes nothing.
   * @param endMs - a full hour, ms since the epoch; with the last hour of a UTC day the day is made too
   */
  snapshotBucket(endMs: number): Promise<SnapshotReport>;
  /** Makes all closed buckets of some days again, oldest first, from what the lake holds. */
  rebuild(options?: RebuildSnapshotsOptions): Promise<SnapshotReport>;
}

const HOUR_MS = BUCKETS['1h'].widthMs;
const DAY_MS = BUCKETS['24h'].widthMs;
/** Days before a bucket that are looked at for late events; older ones are left to `nightdesk snapshots build`. */
const LATE_DAYS = 8;
/** The day before is made again so long: what the ledger settles at its end may come after its last bucket. */
const SETTLE_MS = 3 * HOUR_MS;
/** How much earlier an object may be named than it was there. */
const MARGIN_MS = 600_000;
/** Days of snapshots that a bucket builds on: its ratios look back so far, and a peak is remembered so long without equity. */
const MEMORY_DAYS = 31;
const STATE = 'state/snapshots.json';

interface State {
  /** Up to where buckets were made, ms. */
  readonly untilMs: number;
  /** When the lake was last looked at, ms. */
  readonly seenMs: number;
  /** Days of entry of the trades that were open then. */
  readonly openDates: readonly string[];
}

export function createSnapshots(ports: SnapshotPorts, config: SnapshotConfig): Snapshots {
  return new Runtime(ports, config);
}

class Runtime implements Snapshots {
  readonly #ports: SnapshotPorts;
  readonly #config: SnapshotConfig;

  constructor(ports: SnapshotPorts, config: SnapshotConfig) {
    this.#ports = ports;
    this.#config = config;
  }

  async snapshotBucket(endMs: number): Promise<SnapshotReport> {
    const { clock } = this.#ports;
    const seenMs = clock.nowMs();
    const state = await this.#readState();
    let from = dateOf(Math.max(0, endMs - 1 - SETTLE_MS));
    if (state !== undefined) {
      const days = daysUpTo(from, LATE_DAYS).slice(0, -1);
      from = (await firstChanged(this.#ports, days, state.seenMs - MARGIN_MS)) ?? from;
    }
    const settled = state !== undefined && from >= dateOf(state.untilMs - DAY_MS) ? state : undefined;
    return this.#make({ fromMs: Date.parse(from), endMs, settled, seenMs });
  }

  async rebuild({ from, to }: RebuildSnapshotsOptions = {}): Promise<SnapshotReport> {
    const seenMs = this.#ports.clock.nowMs();
    const closed = Math.floor(seenMs / HOUR_MS) * HOUR_MS;
    const [first, last] = await this.#range();
    if (first === undefined || last === undefined) return { days: 0, rows: 0, written: 0 };
    const fromMs = Date.parse(from !== undefined && from > first ? from : first);
    const endMs = Math.min(closed, Date.parse(to !== undefined && to < last ? to : last) + DAY_MS);
    return this.#make({ fromMs, endMs, settled: undefined, seenMs });
  }

  /** First and last day that the lake holds anything of that snapshots are made of, or snapshots. */
  async #range(): Promise<[string | undefined, string | undefined]> {
    const { store } = this.#ports;
    const dates = new Set<string>();
    for (const stream of SENT_STREAMS) for (const date of await datesOf(store, stream)) dates.add(date);
    for (const stream of ['equity_curve', 'trade_lifecycle', 'order_lifecycle', 'snapshot'])
      for (const date of await datesOf(store, stream, ['derived'])) dates.add(date);
    dates.delete(NO_CLOCK_DATE);
    const sorted = [...dates].sort();
    // A run ends, and what it held is abandoned, after its last event.
    const last = sorted.at(-1);
    const timeoutDays = Math.ceil(this.#config.ledger.sessionTimeoutMs / DAY_MS);
    return [sorted[0], last === undefined ? undefined : dayBefore(last, -timeoutDays)];
  }

  async #make({
    fromMs,
    endMs,
    settled,
    seenMs,
  }: {
    readonly fromMs: number;
    readonly endMs: number;
    readonly settled: State | undefined;
    readonly seenMs: number;
  }): Promise<SnapshotReport> {
    const { store } = this.#ports;
    const source = new SnapshotSource(this.#ports, this.#config.ledger.stableCoins);
    const entered = (await datesOf(store, 'trade_lifecycle', ['derived'])).filter((date) => Date.parse(date) < endMs);
    const known = new Set(settled?.openDates);
    const dates =
      settled === undefined
        ? entered
        : entered.filter((date) => known.has(date) || Date.parse(date) >= settled.untilMs - 2 * DAY_MS);
    await source.trades(dates, fromMs * 1000);
    const memory = await this.#remember(dateOf(fromMs));
    const report = { days: 0, rows: 0, written: 0 };
    for (let dayMs = fromMs; dayMs < endMs; dayMs += DAY_MS) {
      const rows = await this.#day(source, memory, { dayMs, endMs });
      report.days++;
      report.rows += rows.length;
      const untilMs = Math.min(dayMs + DAY_MS, endMs);
      report.written += await publishDay(this.#ports, {
        date: dateOf(dayMs),
        rows,
        covers: ({ bucket_end_ts: end }) => typeof end === 'string' && formattedToUs(end) <= untilMs * 1000,
        nowMs: this.#ports.clock.nowMs(),
      });
    }
    // As far back as the next call may go without reading the trades of all days.
    await this.#writeState({ untilMs: endMs, seenMs, openDates: source.openSince((endMs - 2 * DAY_MS) * 1000) });
    return report;
  }

  /** The closed buckets of one UTC day: its hours, then the day. */
  async #day(
    source: SnapshotSource,
    memory: SnapshotMemory,
    { dayMs, endMs }: { readonly dayMs: number; readonly endMs: number },
  ): Promise<DerivedRow[]> {
    const date = dateOf(dayMs);
    const window = await source.window(date);
    const rows: DerivedRow[] = [];
    const buckets: { readonly bucket: Bucket; readonly startMs: number }[] = [];
    for (let startMs = dayMs; startMs < dayMs + DAY_MS && startMs + HOUR_MS <= endMs; startMs += HOUR_MS)
      buckets.push({ bucket: '1h', startMs });
    if (dayMs + DAY_MS <= endMs) buckets.push({ bucket: '24h', startMs: dayMs });
    for (const text of [...new Set([...window.keys(), ...source.tradeKeys])].sort()) {
      const key = keyOfText(text);
      const scope = scopeOf(key, this.#config.ledger);
      const all: Fact[] = [...(window.get(text) ?? []), ...source.tradesOf(text)];
      const bases = await source.bases(text, all, { date, byRun: scope === 'session' });
      for (const { bucket, startMs } of buckets) {
        const untilMs = startMs + BUCKETS[bucket].widthMs;
        const facts = all.filter((fact) => lasts(fact) || (fact.us >= startMs * 1000 && fact.us < untilMs * 1000));
        const midnightMs = this.#config.midnight(untilMs - 1);
        const input = { key, scope, bucket, startMs, midnightMs, facts, ends: source.endsOf(text), bases };
        const made = snapshotsOf(input, memory, this.#ports);
        for (const row of made) memory.note(row.event as SnapshotRow);
        rows.push(...made);
      }
    }
    return rows;
  }

  /** The snapshots before a day. A curve that was silent for all of MEMORY_DAYS begins anew. */
  async #remember(date: string): Promise<SnapshotMemory> {
    const { store } = this.#ports;
    const memory = new SnapshotMemory();
    const oldest = dayBefore(date, MEMORY_DAYS);
    for (const one of await datesOf(store, 'snapshot', ['derived'])) {
      if (one < oldest || one >= date) continue;
      const rows: SnapshotRow[] = [];
      for await (const record of readDerivedDay(this.#ports, { stream: 'snapshot', date: one })) rows.push(record);
      rows.sort((a, b) => ((a.bucket_start_ts ?? '') < (b.bucket_start_ts ?? '') ? -1 : 1));
      for (const row of rows) memory.note(row);
    }
    return memory;
  }

  async #readState(): Promise<State | undefined> {
    const found = await this.#ports.state.get(STATE);
    if (found === undefined) return undefined;
    try {
      const state = JSON.parse(new TextDecoder().decode(found.body)) as Partial<State>;
      const { untilMs, seenMs, openDates } = state;
      if (typeof untilMs !== 'number' || typeof seenMs !== 'number' || !Array.isArray(openDates)) return undefined;
      return { untilMs, seenMs, openDates };
    } catch {
      return undefined; // it only saves work
    }
  }

  async #writeState(next: State): Promise<void> {
    const { state } = this.#ports;
    for (;;) {
      const found = await state.get(STATE);
      const before = await this.#readState();
      // Of two writers the one that went further counts: the other only made old buckets again.
      if (before !== undefined && before.untilMs > next.untilMs) return;
      const body = new TextEncoder().encode(`${JSON.stringify(next)}\n`);
      if ((await state.put(STATE, body, found?.version)) !== undefined) return;
    }
  }
}

/** What counts beyond its own bucket. */
const lasts = ({ kind }: Fact): boolean =>
  kind === 'point' || kind === 'flow' || kind === 'ledger' || kind === 'trade' || kind === 'order';
