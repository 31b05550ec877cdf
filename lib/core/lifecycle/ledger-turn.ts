import { PROVISIONAL_STREAMS } from '../catalog/outline.ts';
import { compareCopies, identityOf, type LakeRecord } from '../lake/read.ts';
import { comparePlaces, inputOf } from './input.ts';
import type { Runtime } from './ledger-ports.ts';
import { type Differences, differences, type PublishedRange, rowKey, settled, withdrawn } from './ledger-published.ts';
import { dayOf, foldRange, openCheckpoint, type RangeJob, writeCheckpoint } from './ledger-range.ts';
import {
  type Checkpoint,
  type Dirty,
  type LedgerState,
  mergeTouches,
  type ProvisionalRow,
  REMEMBERED_OBJECTS,
  REMEMBERED_RUNS,
  touchKey,
} from './ledger-state.ts';
import { contentOf, outboxOf, type StampedRow, saidBy } from './outbox.ts';
import type { DerivedRow, Fold, Input, Place, Touch } from './types.ts';

/** What one object of the lake holds of one ledger. */
export interface ObjectPart {
  readonly objectKey: string;
  readonly inputs: readonly Input[];
  readonly touches: readonly Touch[];
}

/** A late event is waited for as long again for others, but not for ever. */
const LONGEST_WAIT = 5;

/** One change of the state of one ledger: from a version that was read to the next, with the rows that it says. */
export class Turn {
  readonly #runtime: Runtime;
  readonly #before: LedgerState;
  readonly #nowMs: number;
  readonly #applied: Set<string>;
  readonly #pending = new Map<string, Input>();
  readonly #touches: Map<string, Touch>;
  /** Settled rows to be written. */
  readonly #rows = new Map<string, DerivedRow>();
  /** Rows of the session index about objects that were taken in. */
  readonly #objectRows = new Map<string, DerivedRow>();
  #fold: Fold;
  #uptoUs: number | null;
  #last: Place | null;
  #dirty: Dirty | null;
  #late: number;
  #checkpoints: Checkpoint[];
  #changed = false;

  constructor(runtime: Runtime, before: LedgerState, nowMs: number) {
    const { parts, config, ports } = runtime;
    this.#runtime = runtime;
    this.#before = before;
    this.#nowMs = nowMs;
    this.#applied = new Set(before.applied);
    for (const event of before.pending) this.#wait(inputOf(event));
    this.#touches = new Map(before.touches.map((touch) => [touchKey(touch), touch]));
    this.#fold = parts.openFold(before.key, config, ports, before.fold === null ? {} : { saved: before.fold });
    this.#uptoUs = before.uptoUs;
    this.#last = before.last;
    this.#dirty = before.dirty;
    this.#late = before.late;
    this.#checkpoints = [...before.checkpoints];
  }

  /** Takes in what an object holds, unless that was done before. */
  take({ objectKey, inputs, touches }: ObjectPart): void {
    if (this.#applied.has(objectKey)) return;
    this.#applied.add(objectKey);
    this.#changed = true;
    this.#touch(objectKey, touches);
    this.#fold.touch(touches);
    for (const input of inputs) {
      if (this.#isLate(input)) this.#tooLate(input);
      else this.#wait(input);
    }
  }

  /** Applies what waited for long enough. */
  async advance(): Promise<void> {
    const { latenessMs } = this.#runtime.config;
    const ripe: Input[] = [];
    let cutUs = (this.#nowMs - latenessMs) * 1000 + 1;
    for (const input of this.#pending.values()) {
      if (ripeMs(input, latenessMs) <= this.#nowMs) ripe.push(input);
      else if (input.us < cutUs) cutUs = input.us;
    }
    const due = ripe.filter(({ us }) => us < cutUs).sort(comparePlaces);
    for (const input of due) this.#pending.delete(waitingKey(input));
    const inTime = due.filter((input) => {
      const late = this.#isLate(input);
      if (late) this.#tooLate(input);
      return !late;
    });
    if (due.length > 0) this.#changed = true;
    const undoneUs = this.#fold.announce(inTime);
    if (undoneUs !== undefined) this.#markDirty(undoneUs);
    await this.#apply(inTime, cutUs - 1);
    if (this.#uptoUs === null || cutUs - 1 > this.#uptoUs) this.#uptoUs = cutUs - 1;
    this.#say(this.#fold.rows(this.#nowMs));
  }

  /** Whether late events are there that wait no longer for others. */
  get refoldDue(): boolean {
    return this.#dirty !== null && dirtyDueMs(this.#dirty, this.#runtime.config.latenessMs) <= this.#nowMs;
  }

  /** Folds again from the first day that something late belongs to. */
  async refold(): Promise<void> {
    const dirty = this.#dirty;
    if (dirty === null) return;
    const job = await this.openJob(dayOf(dirty.fromUs), this.#uptoUs ?? this.#limitUs());
    await foldRange(this.#runtime, [job], { runs: false, checkpoints: true });
    await this.adopt(job, { runs: false });
  }

  /** A fold of this ledger from the newest checkpoint at or before a day on, else from the beginning. */
  async openJob(date: string | undefined, limitUs: number, checkpoints = this.#checkpoints): Promise<RangeJob> {
    const { parts, config, ports } = this.#runtime;
    const { key } = this.#before;
    const from = date === undefined ? undefined : await openCheckpoint(this.#runtime, checkpoints, date);
    const fold = parts.openFold(key, config, ports, from === undefined ? {} : { saved: from.fold, everything: true });
    const fromDate = from?.checkpoint.date;
    fold.touch([...this.#touches.values()].filter((touch) => this.#isKnown(touch, fromDate)));
    return {
      key,
      fold,
      fromDate,
      compareFrom: fromDate,
      limitUs,
      checkpoints: fromDate === undefined ? [] : checkpoints.filter((one) => one.date <= fromDate),
      pending: [],
      objects: new Map(),
      earlier: new Map(),
      rows: new Map(),
      last: from?.last ?? null,
    };
  }

  /** Goes on from the last checkpoint of a fold that another writer was faster than. */
  async continueJob(job: RangeJob): Promise<RangeJob> {
    const next = await this.openJob(LAST_DAY, this.settledUs, job.checkpoints);
    const { fromDate } = next;
    if (fromDate === undefined) return next; // from the beginning, then
    for (const [identity, row] of job.rows) if (row.date < fromDate) next.rows.set(identity, row);
    return { ...next, compareFrom: job.compareFrom, earlier: new Map([...job.earlier, ...job.objects]) };
  }

  /** Not a run that the fold had let go of by then: of that its touches are not all there is to know. */
  #isKnown({ lastUs }: Touch, fromDate: string | undefined): boolean {
    if (fromDate === undefined || lastUs === undefined) return true;
    return lastUs >= (Date.parse(fromDate) - this.#runtime.config.memoryMs) * 1000;
  }

  #limitUs(): number {
    return (this.#nowMs - this.#runtime.config.latenessMs) * 1000;
  }

  /** Up to where a fold from scratch goes: whatever is there by now, also what came in a moment ago. */
  get settledUs(): number {
    return Math.max(this.#uptoUs ?? Number.NEGATIVE_INFINITY, this.#limitUs());
  }

  /** Goes on from a fold of the lake, and says what the lake says otherwise. */
  async adopt(
    job: RangeJob,
    { runs, toDate }: { runs: boolean; toDate?: string | undefined },
  ): Promise<Differences & { rows: DerivedRow[] }> {
    const { rows } = job;
    for (const row of job.fold.rows(this.#nowMs)) rows.set(rowKey(row), row);
    const range: PublishedRange = { fromDate: job.compareFrom, ...(toDate === undefined ? {} : { toDate }) };
    const found = await differences(this.#runtime.ports, this.#before.key, { rows, range, runs });
    this.#rows.clear(); // what the fold said that is given up
    for (const row of [...found.changed, ...found.retracted]) this.#rows.set(rowKey(row), row);
    this.#fold = job.fold;
    this.#uptoUs = job.limitUs;
    this.#last = job.last;
    // A day before the first of these is dirty still.
    const covers = job.fromDate === undefined || this.#dirty === null || job.fromDate <= dayOf(this.#dirty.fromUs);
    if (covers && toDate === undefined) this.#dirty = null;
    this.#checkpoints = job.checkpoints;
    for (const input of [...this.#pending.values()])
      if (input.us <= job.limitUs) this.#pending.delete(waitingKey(input));
    for (const input of job.pending) this.#wait(input);
    for (const [objectKey, touches] of [...job.earlier, ...job.objects]) {
      if (this.#applied.has(objectKey)) continue;
      this.#applied.add(objectKey);
      this.#touch(objectKey, touches);
    }
    this.#changed = true;
    return { ...found, rows: [...rows.values()] };
  }

  /** The next state; undefined where nothing changed. */
  async finish(producer: string): Promise<LedgerState | undefined> {
    const { key, version } = this.#before;
    const saved = JSON.stringify(this.#fold.save());
    const { standing, flagged } = await this.#provisional(saved);
    if (!this.#changed && this.#rows.size === 0 && this.#objectRows.size === 0 && flagged.length === 0)
      return undefined;
    const next = version + 1;
    const stamped: StampedRow[] = [
      ...[...this.#objectRows.values(), ...this.#rows.values()].map((row) => ({ row, rev: next * 2 })),
      // Above the settled row that it stands before.
      ...flagged.map((row) => ({ row, rev: next * 2 + 1 })),
    ];
    return {
      format: 1,
      key,
      version: next,
      fold: JSON.parse(saved),
      uptoUs: this.#uptoUs,
      last: this.#last,
      applied: [...this.#applied].slice(-REMEMBERED_OBJECTS),
      pending: [...this.#pending.values()].map(recordOf),
      touches: [...this.#touches.values()].slice(-REMEMBERED_RUNS),
      dirty: this.#dirty,
      checkpoints: this.#remembered(),
      provisional: [...standing],
      outbox: outboxOf(stamped, { producer, version: next, nowMs: this.#nowMs }),
      late: this.#late,
    };
  }

  /** Moment from which this ledger may have something to do again without new events, ms. */
  get nextMs(): number {
    const { latenessMs } = this.#runtime.config;
    let next = this.#nowMs + IDLE_MS;
    for (const input of this.#pending.values()) next = Math.min(next, Math.max(ripeMs(input, latenessMs), this.#nowMs));
    if (this.#dirty !== null) next = Math.min(next, dirtyDueMs(this.#dirty, latenessMs));
    // What was applied last is decided when a little more time went by.
    return this.#changed ? Math.min(next, this.#nowMs + DECIDING_MS) : next;
  }

  async #apply(inputs: readonly Input[], uptoUs: number): Promise<void> {
    let from = 0;
    while (from < inputs.length) {
      const first = inputs[from];
      if (first === undefined) break;
      const date = dayOf(first.us);
      let to = from + 1;
      while (to < inputs.length && dayOf(inputs[to]?.us ?? 0) === date) to++;
      await this.#checkpoint(date);
      const part = inputs.slice(from, to);
      const last = part.at(-1) ?? first;
      this.#fold.apply(part, to === inputs.length ? uptoUs : last.us);
      this.#last = { us: last.us, seq: last.seq, id: last.id };
      from = to;
    }
    if (inputs.length === 0) this.#fold.apply([], uptoUs);
  }

  /** The fold as it is before the first input of a day. */
  async #checkpoint(date: string): Promise<void> {
    if (this.#last === null || dayOf(this.#last.us) >= date || this.#checkpoints.some((one) => one.date >= date))
      return;
    this.#fold.apply([], Date.parse(date) * 1000 - 1);
    const held = { fold: this.#fold.save(), last: this.#last };
    this.#checkpoints.push(await writeCheckpoint(this.#runtime, this.#before.key, date, held));
  }

  #remembered(): Checkpoint[] {
    const oldestMs = (this.#uptoUs ?? 0) / 1000 - this.#runtime.config.memoryMs;
    return this.#checkpoints.filter(({ date }) => Date.parse(date) >= oldestMs);
  }

  #touch(objectKey: string, touches: readonly Touch[]): void {
    const { parts, ports } = this.#runtime;
    for (const touch of touches) {
      const name = touchKey(touch);
      const known = this.#touches.get(name);
      this.#touches.delete(name); // the runs that live stay at the end
      this.#touches.set(name, known === undefined ? touch : mergeTouches(known, touch));
      const row = parts.touchRow(this.#before.key, touch, ports);
      this.#objectRows.set(JSON.stringify([objectKey, touch.session]), row);
    }
  }

  #isLate(input: Input): boolean {
    // A copy of what was applied stands in its place.
    return (this.#last !== null && comparePlaces(input, this.#last) <= 0) || this.#fold.isLate(input);
  }

  #tooLate(input: Input): void {
    this.#late++;
    this.#markDirty(input.us);
  }

  #markDirty(us: number): void {
    const fromUs = Math.min(us, this.#dirty?.fromUs ?? us);
    this.#dirty = { fromUs, sinceMs: this.#dirty?.sinceMs ?? this.#nowMs, lastMs: this.#nowMs };
    this.#changed = true;
  }

  #wait(input: Input | undefined): void {
    if (input === undefined) return;
    const identity = waitingKey(input);
    const known = this.#pending.get(identity);
    if (known === undefined || compareCopies(recordOf(input), recordOf(known)) < 0) this.#pending.set(identity, input);
  }

  #say(rows: readonly DerivedRow[]): void {
    for (const row of rows) this.#rows.set(rowKey(row), row);
  }

  /** Rows as they will be if nothing else comes: what waits counts, and says that it is not settled. */
  async #provisional(saved: string): Promise<{ standing: Map<string, ProvisionalRow>; flagged: DerivedRow[] }> {
    const standing = new Map<string, ProvisionalRow>();
    const flagged: DerivedRow[] = [];
    const before = new Map(this.#before.provisional);
    for (const row of this.#expected(saved)) {
      const identity = rowKey(row);
      const said = this.#runtime.ports.sha256(saidBy(JSON.parse(JSON.stringify(contentOf(row))))).slice(0, 16);
      standing.set(identity, { row: { stream: row.stream, id: row.id, date: row.date }, said });
      if (before.get(identity)?.said !== said || this.#rows.has(identity)) flagged.push(row);
    }
    for (const [identity, { row }] of before)
      if (!standing.has(identity) && !this.#rows.has(identity)) await this.#takeBack(identity, row);
    return { standing, flagged };
  }

  #expected(saved: string): DerivedRow[] {
    if (![...this.#pending.values()].some(({ stream }) => stream === 'execution')) return [];
    const { parts, config, ports } = this.#runtime;
    const copy = parts.openFold(this.#before.key, config, ports, { saved: JSON.parse(saved) });
    const inputs = [...this.#pending.values()].sort(comparePlaces);
    copy.announce(inputs);
    copy.apply(inputs, Number.POSITIVE_INFINITY);
    return copy
      .rows(this.#nowMs)
      .filter(({ stream }) => PROVISIONAL_STREAMS.has(stream))
      .map((row) => ({ ...row, event: { ...row.event, provisional: true } }));
  }

  /** A provisional row that did not come true: the settled one counts again, or none. */
  async #takeBack(identity: string, { stream, date, id }: ProvisionalRow['row']): Promise<void> {
    for await (const { row, retracted } of settled(this.#runtime.ports, this.#before.key, { stream, date })) {
      if (rowKey(row) !== identity) continue;
      this.#rows.set(identity, retracted ? withdrawn(row) : row);
      return;
    }
    const [, , session] = JSON.parse(identity) as [string, string, string | null, string];
    const { mode, strategyId } = this.#before.key;
    const event = {
      mode,
      strategy_id: strategyId,
      session_id: session,
      ts: `${date}T00:00:00.000000Z`,
      ts_ms: Date.parse(date),
    };
    this.#rows.set(identity, withdrawn({ stream, id, date, event }));
  }
}

/** How long a ledger without anything to wait for is left alone; a run may end in between. */
const IDLE_MS = 60_000;
const LAST_DAY = '9999-12-31';
const DECIDING_MS = 6_000; // above JOIN_AHEAD_US

const ripeMs = ({ arrivedMs, us }: Input, latenessMs: number): number => Math.max(arrivedMs, us / 1000) + latenessMs;

const dirtyDueMs = ({ sinceMs, lastMs }: Dirty, latenessMs: number): number =>
  Math.min(lastMs + latenessMs, sinceMs + LONGEST_WAIT * latenessMs);

/** As the lake tells events apart: by their day too. */
const waitingKey = (input: Input): string => `${dayOf(input.us)} ${identityOf(recordOf(input))}`;

const recordOf = ({ event }: Input): LakeRecord => event as LakeRecord;
