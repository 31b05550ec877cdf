import { closeSync, fdatasync, fstatSync, mkdirSync, openSync, utimesSync, write, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { DropReason } from '../drop-reason.ts';
import type { Entry } from '../outbox.ts';
import { CLASSES, type Class, type Found, remove, type Segment, SpoolFolder } from './folder.ts';
import { contentsOf, orphansIn, takeOver } from './inherit.ts';
import { makeOwned, ownerPath } from './owner.ts';
import { batchesOf, bodyOf, classOf, readSpan, type Span, type SpanLimits, splitSpan } from './span.ts';

export interface SpoolSettings {
  readonly dir: string;
  readonly maxBytes: number;
  readonly segmentBytes: number;
  readonly sync: boolean;
  /** What the sink takes at once. */
  readonly batch: SpanLimits;
  /** Most bytes of spooled lines that stay in memory too. */
  readonly residentBytes: number;
}

const writeAsync = promisify(write);
const syncAsync = promisify(fdatasync);

export interface SpoolEvents {
  dropped(entry: Entry, reason: DropReason): void;
  /** So many lines, whose content is not in memory, were lost. */
  lost(count: number, reason: DropReason): void;
}

/**
 * The write-ahead queue of one sink on the disk. What has been appended survives the process; what was delivered is
 * noted by a cursor. A crash in between sends again, never loses: identity removes the repeat.
 */
export class Spool {
  readonly #settings: SpoolSettings;
  readonly #events: SpoolEvents;
  readonly #queues: Record<Class, Span[]> = { precious: [], ordinary: [] };
  readonly #active: Record<Class, Segment | undefined> = { precious: undefined, ordinary: undefined };
  readonly #segments = new Set<Segment>();
  #folder: SpoolFolder | undefined;
  #adopted: SpoolFolder[] = [];
  #inFlight: Span[] = [];
  #inFlightLeft = 0;
  #nextIndex = 1;
  #bytes = 0;
  #resident = 0;
  /** Something that was taken over could not be read. */
  #unread = false;
  /** Lines found from earlier runs. */
  recovered = 0;

  constructor(settings: SpoolSettings, events: SpoolEvents) {
    this.#settings = settings;
    this.#events = events;
  }

  /** Lines that wait, in flight included. */
  get count(): number {
    return this.queued + this.#inFlightLeft;
  }

  get queued(): number {
    return CLASSES.reduce((sum, of) => sum + this.#queues[of].reduce((lines, { count }) => lines + count, 0), 0);
  }

  /** Bytes on the disk. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether at least so many lines or bytes wait, without counting them all. */
  holds(events: number, bytes: number): boolean {
    let [lines, size] = [0, 0];
    for (const of of CLASSES)
      for (const { count, from, to } of this.#queues[of]) {
        lines += count;
        size += to - from;
        if (lines >= events || size >= bytes) return true;
      }
    return false;
  }

  /** Emission order and time of what has waited longest. */
  oldest(): { readonly ordinal: number; readonly sinceMs: number } | undefined {
    const heads = [this.#inFlight[0], ...CLASSES.map((of) => this.#queues[of][0])].filter((span) => span !== undefined);
    return heads.sort((a, b) => a.ordinal - b.ordinal)[0];
  }

  /**
   * Appends sealed events. @param settled told at once which of them are left, whenever some are written or refused: they
   * must never count twice. Refused are those that find no room, because only more precious ones could go for them.
   * @throws where the disk cannot be written; then none of what is left counts as spooled
   */
  async append(
    entries: readonly Entry[],
    settled: (left: readonly Entry[], refused: readonly Entry[]) => void,
  ): Promise<void> {
    let left = entries;
    for (const of of CLASSES) {
      const own = entries.filter((entry) => classOf(entry) === of);
      if (own.length === 0) continue;
      const body = bodyOf(own);
      const segment = this.#room(of, body.length);
      left = left.filter((entry) => classOf(entry) !== of);
      if (segment === undefined) {
        settled(left, own);
        continue;
      }
      try {
        for (let at = 0; at < body.length; ) at += (await writeAsync(segment.fd ?? -1, body, at)).bytesWritten;
        if (this.#settings.sync) await syncAsync(segment.fd ?? -1);
      } catch (error) {
        this.#roll(of); // it may end in half a line
        throw error;
      }
      this.#appended(segment, own);
      settled(left, []);
    }
  }

  /** The same at once, for the end of a process. @returns what found no room. @throws where the disk cannot be written */
  appendSync(entries: readonly Entry[]): readonly Entry[] {
    const refused: Entry[] = [];
    for (const of of CLASSES) {
      const own = entries.filter((entry) => classOf(entry) === of);
      if (own.length === 0) continue;
      const body = bodyOf(own);
      const segment = this.#room(of, body.length);
      if (segment === undefined) refused.push(...own);
      else {
        try {
          for (let at = 0; at < body.length; ) at += writeSync(segment.fd ?? -1, body, at);
        } catch (error) {
          this.#roll(of); // it may end in half a line
          throw error;
        }
        this.#appended(segment, own);
      }
    }
    return refused;
  }

  /** Notes what was written as spans that a sink takes at once. */
  #appended(segment: Segment, entries: readonly Entry[]): void {
    for (const batch of batchesOf(entries, this.#settings.batch)) this.#addSpan(segment, batch.entries, batch.bytes);
  }

  #addSpan(segment: Segment, entries: readonly Entry[], bytes: number): void {
    const [first] = entries;
    if (first === undefined) return;
    const from = segment.bytes;
    segment.bytes += bytes;
    this.#bytes += bytes;
    const queue = this.#queues[segment.class];
    const last = queue.at(-1);
    const stays =
      this.#resident + bytes <= this.#settings.residentBytes || entries.some(({ settled }) => settled !== undefined);
    if (!stays && last !== undefined && last.entries === undefined && last.segment === segment && last.to === from) {
      last.to = segment.bytes;
      last.count += entries.length;
      return;
    }
    if (stays) this.#resident += bytes;
    queue.push({
      segment,
      from,
      to: segment.bytes,
      count: entries.length,
      ordinal: first.ordinal,
      sinceMs: first.emittedMs,
      entries: stays ? entries : undefined,
    });
  }

  /** The segment to append to, once there is room for so many bytes. */
  #room(of: Class, bytes: number): Segment | undefined {
    while (this.#bytes + bytes > this.#settings.maxBytes) if (!this.#letGo(of)) return undefined;
    let active = this.#active[of];
    if (
      active !== undefined &&
      (isGone(active) || (active.bytes + bytes > this.#settings.segmentBytes && active.bytes > 0))
    ) {
      this.#roll(of);
      active = undefined;
    }
    return active ?? this.#open(of);
  }

  /** Begins a segment. @throws where the disk refuses */
  #open(of: Class): Segment {
    const old = this.#folder;
    try {
      return this.#openIn(this.#own(), of);
    } catch (error) {
      if (old === undefined || (error as { code?: unknown }).code !== 'ENOENT') throw error;
      // Somebody has removed the folder: what it held is in memory, or lost; what comes is kept in another one.
      this.#adopted.push(old);
      this.#folder = undefined;
      return this.#openIn(this.#own(), of);
    }
  }

  /** The folder of this process. @throws where it cannot be made */
  #own(): SpoolFolder {
    this.#folder ??= new SpoolFolder(makeOwned(this.#settings.dir));
    return this.#folder;
  }

  #openIn(folder: SpoolFolder, of: Class): Segment {
    const segment = folder.segment(of, this.#nextIndex++);
    segment.fd = openSync(segment.path, 'a');
    this.#active[of] = segment;
    this.#segments.add(segment);
    return segment;
  }

  /** Lets go of the oldest segment that is worth less than, or as much as, what comes. In flight stays. */
  #letGo(forWhat: Class): boolean {
    const busy = new Set(this.#inFlight.map(({ segment }) => segment));
    for (const of of forWhat === 'ordinary' ? (['ordinary'] as const) : (['ordinary', 'precious'] as const)) {
      const victim = this.#queues[of].find(({ segment }) => !busy.has(segment))?.segment;
      if (victim === undefined) continue;
      if (this.#active[of] === victim) this.#roll(of);
      const gone = this.#queues[of].filter(({ segment }) => segment === victim);
      this.#queues[of] = this.#queues[of].filter(({ segment }) => segment !== victim);
      for (const { entries, count, from, to } of gone) {
        if (entries === undefined) this.#events.lost(count, 'spool_full');
        else {
          this.#resident -= to - from;
          for (const entry of entries) this.#events.dropped(entry, 'spool_full');
        }
      }
      this.#forget(victim);
      return true;
    }
    return false;
  }

  #roll(of: Class): void {
    const active = this.#active[of];
    this.#active[of] = undefined;
    if (active?.fd === undefined) return;
    closeSync(active.fd);
    active.fd = undefined;
    if (!this.#inUse(active)) this.#forget(active);
  }

  #forget(segment: Segment): void {
    if (!this.#segments.delete(segment)) return;
    this.#bytes -= segment.bytes;
    remove(segment.path);
  }

  #inUse(segment: Segment): boolean {
    return (
      this.#active[segment.class] === segment ||
      this.#inFlight.some((span) => span.segment === segment) ||
      this.#queues[segment.class].some((span) => span.segment === segment)
    );
  }

  /** The oldest lines; they are in flight until `done` or `putBack`. Empty where nothing waits. @throws where the disk cannot be read now */
  async next(limits: SpanLimits): Promise<readonly Entry[]> {
    const taken: Span[] = [];
    this.#inFlight = taken; // from now on none of it can be let go of
    let [lines, bytes] = [0, 0];
    for (const of of CLASSES) {
      for (;;) {
        const first = await this.#load(of, limits);
        if (first === undefined) break;
        const room = { events: limits.events - lines, bytes: limits.bytes - bytes };
        const [span, rest] = lines === 0 ? [first] : splitSpan(first, room);
        if (span === undefined) break;
        this.#queues[of].splice(0, 1, ...(rest === undefined ? [] : [rest]));
        taken.push(span);
        this.#inFlightLeft += span.count;
        lines += span.count;
        bytes += span.to - span.from;
      }
    }
    const entries = taken.flatMap((span) => span.entries ?? []).sort((a, b) => a.ordinal - b.ordinal);
    this.#inFlightLeft = entries.length;
    return entries;
  }

  /** The first span of a class with its lines in memory; a long one is split. */
  async #load(of: Class, limits: SpanLimits): Promise<Span | undefined> {
    // The queue is asked for anew after each wait: it may have been let go of, or grown at its head.
    for (let span = this.#queues[of][0]; span !== undefined; span = this.#queues[of][0]) {
      if (span.entries !== undefined) return span;
      const { entries, lines, bytes } = await readSpan(span, limits);
      const queue = this.#queues[of];
      if (queue[0] !== span) continue;
      const from = span.from + bytes;
      // Counted now: lines may have been added to the span while it was read.
      const rest = lines === 0 ? 0 : span.count - lines;
      queue.splice(
        0,
        1,
        ...(entries.length > 0 ? [{ ...span, to: from, count: entries.length, entries }] : []),
        ...(rest > 0 ? [{ ...span, from, count: rest }] : []),
      );
      if (entries.length > 0) this.#resident += bytes;
      const damaged = span.count - rest - entries.length;
      if (damaged > 0) this.#events.lost(damaged, 'spool_damaged');
      if (!this.#inUse(span.segment)) this.#forget(span.segment);
    }
    return undefined;
  }

  /** Of what is in flight so many lines are not settled yet. */
  left(count: number): void {
    this.#inFlightLeft = count;
  }

  /** All that is in flight has been settled. */
  done(): void {
    const settled = this.#inFlight;
    this.#inFlight = [];
    this.#inFlightLeft = 0;
    for (const { from, to } of settled) this.#resident -= to - from;
    const ends = new Map<string, Span>();
    for (const span of settled) ends.set(`${span.segment.folder.path} ${span.segment.class}`, span);
    for (const { segment, to } of ends.values()) {
      try {
        segment.folder.advance(segment.class, { index: segment.index, offset: to });
      } catch {
        // The cursor stays behind: after a crash some lines would be sent again.
      }
    }
    for (const { segment } of settled) if (!this.#inUse(segment)) this.#forget(segment);
    this.#adopted = this.#adopted.filter((folder) => {
      if ([...this.#segments].some((segment) => segment.folder.path.startsWith(folder.path))) return true;
      folder.remove();
      return false;
    });
  }

  /**
   * What is left of what is in flight waits again, before everything else. On the disk the rest stays beside it: the next
   * run would send it once more, and its identity removes the repeat.
   */
  putBack(left: readonly Entry[]): void {
    const still = new Set(left);
    const spans = this.#inFlight
      .map((span) => {
        const entries = (span.entries ?? []).filter((entry) => still.has(entry));
        return { ...span, entries, count: entries.length };
      })
      .filter(({ count }) => count > 0);
    const gone = this.#inFlight;
    this.#inFlight = [];
    this.#inFlightLeft = 0;
    for (const of of CLASSES) this.#queues[of].unshift(...spans.filter(({ segment }) => segment.class === of));
    for (const { segment } of gone) if (!this.#inUse(segment)) this.#forget(segment);
  }

  /** What is in flight waits again, whatever became of it. */
  restore(): void {
    this.putBack(this.#inFlight.flatMap(({ entries }) => entries ?? []));
  }

  /** Takes over what dead processes have left. @returns how many lines; 0 where there was nothing. Never throws. */
  async adopt(nowMs: number): Promise<number> {
    let lines = 0;
    try {
      mkdirSync(this.#settings.dir, { recursive: true });
      for (const orphan of orphansIn(this.#settings.dir, nowMs)) {
        if (orphan === this.#folder?.path) continue;
        const folder = takeOver(orphan, this.#own());
        if (folder === undefined) continue;
        try {
          for (const { folder: one, found } of await contentsOf(folder)) lines += this.#inherit(one, found, nowMs);
        } catch {
          this.#unread = true; // it stays where it is, for the next run
        }
      }
      if (this.#folder !== undefined) utimesSync(ownerPath(this.#folder.path), nowMs / 1000, nowMs / 1000);
    } catch {
      // What cannot be read now waits for the next look.
    }
    return lines;
  }

  #inherit(folder: SpoolFolder, found: readonly Found[], nowMs: number): number {
    for (const of of CLASSES) {
      const spans = found
        .filter(({ segment }) => segment.class === of)
        .map(({ segment, from, to, lines: count }) => {
          this.#segments.add(segment);
          this.#bytes += segment.bytes;
          return { segment, from, to, count, ordinal: 0, sinceMs: nowMs, entries: undefined };
        });
      // Behind what was taken over before, before what is new.
      const behind = this.#queues[of].findIndex(({ ordinal }) => ordinal > 0);
      this.#queues[of].splice(behind === -1 ? this.#queues[of].length : behind, 0, ...spans);
    }
    const lines = found.reduce((sum, { lines: count }) => sum + count, 0);
    this.recovered += lines;
    if (lines === 0 && folder.inner().length === 0) folder.remove();
    else this.#adopted.push(folder);
    return lines;
  }

  /** Lets go of the folder: what is left in it is for whoever comes next. Never throws. */
  async close(): Promise<void> {
    for (const of of CLASSES) this.#roll(of);
    for (const folder of this.#adopted) folder.closeCursors();
    const folder = this.#folder;
    this.#folder = undefined;
    if (folder === undefined) return;
    folder.closeCursors();
    if (this.count === 0 && !this.#unread)
      await rm(folder.path, { recursive: true, force: true }).catch(() => undefined);
    else await rm(ownerPath(folder.path), { force: true }).catch(() => undefined);
  }
}

/** Whether somebody has removed the file under our hands: what is written to it could never be read again. */
const isGone = ({ fd }: Segment): boolean => fd !== undefined && fstatSync(fd).nlink === 0;
