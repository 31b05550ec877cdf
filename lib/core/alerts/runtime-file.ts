import { messageOf } from '../errors.ts';
import type { Gunzip } from '../lake/read.ts';
import { writeOutbox } from '../lifecycle/outbox.ts';
import type { Clock, Log, ObjectStore, StateStore } from '../ports/index.ts';
import type { FoldContext } from './fold.ts';
import { type FoldResult, foldObservations, foldTick } from './fold.ts';
import { objectsOf } from './rows.ts';
import { type Outcome, withChanges, withKnownChannels, withTold } from './runtime-notices.ts';
import { alertStateKey, newState, type StrategyAlerts } from './state.ts';
import type { AlertChange, AlertKey, AlertSettings, Notice, Observation } from './types.ts';

export interface AlertPorts {
  readonly store: ObjectStore;
  readonly state: StateStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly gzip: (bytes: Uint8Array) => Promise<Uint8Array>;
  readonly gunzip: Gunzip;
  /** Hex SHA-256. */
  readonly sha256: (text: string) => string;
}

export interface FileOptions {
  readonly ports: AlertPorts;
  readonly settings: AlertSettings;
  /** 0: others write it too, and it is read and written by each call. */
  readonly persistEveryMs: number;
  /** Channels that notices are made for. @default - all of the settings */
  readonly addressed?: ReadonlySet<string>;
  /** Hears of every change once it is stored. @default - nobody does */
  readonly changed?: (change: AlertChange) => void;
}

const MOST_CONFLICTS = 100;
/** Events that were folded and not yet written. */
const MOST_UNSAVED = 20_000;
/** Objects of rows that could not be written yet; with more, nothing is written before they are. */
const MOST_UNWRITTEN = 100;

interface Stored {
  readonly state: StrategyAlerts;
  /** Version of the object; undefined where there is none. */
  readonly version: string | undefined;
  /** What it says, to see whether anything changed. */
  readonly said: string;
}

interface Change {
  readonly state: StrategyAlerts;
  readonly changed: boolean;
  /** Given by what looked at the rules. */
  readonly dueMs?: number | undefined;
}

type Work = (state: StrategyAlerts) => Change;

/** The state of one strategy: as it is stored, and with what was folded since. One call after the other. */
export class StateFile {
  readonly key: AlertKey;
  readonly stateKey: string;
  readonly #options: FileOptions;
  #stored: Stored | undefined;
  #state: StrategyAlerts | undefined;
  /** As it was stored when it was last read or written. */
  #last: StrategyAlerts | undefined;
  /** Folded into the state, and not written: folded again where another writer was first. */
  #unsaved: Observation[] = [];
  #unsavedSinceMs: number | undefined;
  #isOutboxWritten = false;
  /** Changes of the fold at work, to be told of once it is stored. */
  #untold: readonly AlertChange[] = [];
  #turn: Promise<unknown> = Promise.resolve();
  dueMs: number | undefined;

  constructor(key: AlertKey, options: FileOptions) {
    this.key = key;
    this.stateKey = alertStateKey(key, options.ports);
    this.#options = options;
  }

  /** As it is known to be; undefined before it was read, and while it is read anew. */
  get state(): StrategyAlerts | undefined {
    return this.#state;
  }

  /** As it was last seen, also while another call reads it anew; undefined before it was read. */
  get seen(): StrategyAlerts | undefined {
    return this.#state ?? this.#last;
  }

  /** What channels have to be told: only what is stored, for what is not may never have happened. */
  get notices(): readonly Notice[] {
    return (this.#stored?.state ?? this.#last)?.notices ?? [];
  }

  /** Whether there is an object of it. */
  get exists(): boolean {
    return this.#stored?.version !== undefined;
  }

  observe(observations: readonly Observation[], context: FoldContext): Promise<void> {
    return this.#inTurn(async () => {
      const work: Work = (state) => this.#recorded(foldObservations(state, observations, context));
      const written = await this.#change(work, { context, durable: false });
      if (written || this.#isShared) return;
      const before = this.#unsaved;
      this.#unsaved = [...before, ...observations];
      if (this.#unsaved.length < MOST_UNSAVED) return;
      try {
        await this.#change(asItIs, { context, durable: true });
      } catch (error) {
        this.#unsaved = before; // the caller keeps what was refused
        throw error;
      }
    });
  }

  tick(context: FoldContext): Promise<void> {
    return this.#inTurn(async () => {
      const work: Work = (before) => {
        const { state, changed, dueMs } = this.#recorded(foldTick(before, context));
        const after = withKnownChannels(state, this.#options.settings);
        return { state: after, changed: changed || after !== state, dueMs };
      };
      await this.#change(work, { context, durable: false });
      if (!this.#isOutboxWritten) await this.#writeOutbox();
    });
  }

  /** Takes changes from outside; one whose id is known changes nothing. */
  raise(
    changes: readonly AlertChange[],
    context: FoldContext,
    also: (state: StrategyAlerts) => StrategyAlerts = (state) => state,
  ): Promise<void> {
    const work: Work = (state) => {
      const fresh = changes.filter(({ id }) => !state.raised.includes(id));
      const after = also(state);
      if (fresh.length === 0) return { state: after, changed: after !== state };
      const raised = [...state.raised, ...fresh.map(({ id }) => id)].slice(-MOST_RAISED);
      return { state: { ...this.#with(after, fresh), raised }, changed: true };
    };
    return this.#inTurn(async () => void (await this.#change(work, { context, durable: true })));
  }

  told(told: { channel: string; ids: ReadonlySet<string>; outcome: Outcome }, context: FoldContext): Promise<void> {
    const work: Work = (state) => {
      const after = withTold(state, { ...told, nowMs: context.nowMs });
      return { state: after, changed: after !== state };
    };
    return this.#inTurn(async () => void (await this.#change(work, { context, durable: true })));
  }

  /** Reads the object again where others may have changed it. */
  refresh(context: FoldContext): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isShared) this.#forget();
      await this.#open(context);
    });
  }

  flush(context: FoldContext): Promise<void> {
    return this.#inTurn(async () => {
      // After a call that failed, what was told before it is only in the list.
      if (this.#unsavedSinceMs !== undefined || this.#unsaved.length > 0)
        await this.#change(asItIs, { context, durable: true });
      if (!this.#isOutboxWritten) await this.#writeOutbox();
    });
  }

  /** Removes the object where nothing is to be kept of it. @returns whether it was removed */
  remove(isOver: (state: StrategyAlerts) => boolean, context: FoldContext): Promise<boolean> {
    return this.#inTurn(async () => {
      this.#forget();
      const state = await this.#open(context);
      if (!isOver(state) || !(await this.#writeOutbox())) return false;
      await this.#options.ports.state.delete(this.stateKey);
      this.#forget();
      return true;
    });
  }

  get #isShared(): boolean {
    return this.#options.persistEveryMs === 0;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(work, work);
    this.#turn = next.catch(() => undefined);
    return next;
  }

  /** @returns whether everything that was folded is stored */
  async #change(work: Work, { context, durable }: { context: FoldContext; durable: boolean }): Promise<boolean> {
    try {
      if (this.#isShared) this.#forget();
      for (let attempt = 0; attempt < MOST_CONFLICTS; attempt++) {
        this.#untold = [];
        const change = work(await this.#open(context));
        const { state, changed } = change;
        this.#state = state;
        if ('dueMs' in change) this.dueMs = change.dueMs;
        if (changed) this.#unsavedSinceMs ??= context.nowMs;
        if (!this.#mustWrite(context.nowMs, durable)) return this.#unsavedSinceMs === undefined;
        if (await this.#write(state, context.nowMs)) return true;
        this.#forget();
      }
      throw new Error(`${this.stateKey} was changed by others ${MOST_CONFLICTS} times in a row`);
    } catch (error) {
      // What is stored is not known now: the next call reads it, and folds again what it was told and did not write.
      this.#forget();
      if (this.#isShared) this.#unsaved = [];
      throw error;
    }
  }

  #mustWrite(nowMs: number, durable: boolean): boolean {
    if ((this.#state?.rows.length ?? 0) > 0) return true;
    if (this.#unsavedSinceMs === undefined) return false;
    return durable || nowMs - this.#unsavedSinceMs >= this.#options.persistEveryMs;
  }

  /** The state with everything in it that this process was told. */
  async #open(context: FoldContext): Promise<StrategyAlerts> {
    if (this.#state !== undefined) return this.#state;
    this.#stored = await this.#read(context.nowMs);
    this.#isOutboxWritten = this.#stored.state.outbox.length === 0;
    this.#state = this.#stored.state;
    if (this.#unsaved.length > 0) {
      const { state, changed } = this.#recorded(foldObservations(this.#state, this.#unsaved, context));
      this.#state = state;
      if (changed) this.#unsavedSinceMs ??= context.nowMs;
    }
    return this.#state;
  }

  async #read(nowMs: number): Promise<Stored> {
    const { ports } = this.#options;
    const found = await ports.state.get(this.stateKey);
    if (found !== undefined) {
      const state = parsedState(found.body);
      if (state !== undefined) return { state, version: found.version, said: saidBy(state) };
      ports.log.error('the state of alerts cannot be read; it begins anew', { key: this.stateKey });
    }
    // With its own birth in the names of its objects, a state that begins anew writes over none of the old ones.
    return { state: newState(this.key, nowMs), version: found?.version, said: '' };
  }

  /** @returns false where another writer was first */
  async #write(state: StrategyAlerts, nowMs: number): Promise<boolean> {
    const { ports } = this.#options;
    const stored = this.#stored;
    if (stored === undefined) return false;
    if (state.rows.length === 0 && saidBy(state) === stored.said) {
      this.#saved({ ...stored, state }, this.#isOutboxWritten);
      return true;
    }
    const isWritten = this.#isOutboxWritten || (await this.#writeOutbox());
    const carried = isWritten ? [] : stored.state.outbox;
    if (carried.length > MOST_UNWRITTEN)
      throw new Error(`${carried.length} objects of rows of alerts cannot be written`);
    const version = stored.state.version + 1;
    const producer = `alerts-${ports.sha256(this.stateKey).slice(0, 16)}-${state.bornMs}`;
    const outbox = [...carried, ...objectsOf(state.rows, { producer, version, nowMs })];
    const next: StrategyAlerts = { ...state, version, rows: [], outbox };
    const put = await ports.state.put(this.stateKey, utf8.encode(JSON.stringify(next)), stored.version);
    if (put === undefined) return false;
    this.#saved({ state: next, version: put, said: saidBy(next) }, outbox.length === 0);
    for (const change of this.#untold) this.#options.changed?.(change);
    this.#untold = [];
    await this.#writeOutbox();
    return true;
  }

  #saved(stored: Stored, isOutboxWritten: boolean): void {
    this.#stored = stored;
    this.#state = stored.state;
    this.#unsaved = [];
    this.#unsavedSinceMs = undefined;
    this.#isOutboxWritten = isOutboxWritten;
  }

  /** Writes rows that lie in the state: until then they stay there. @returns whether they are written */
  async #writeOutbox(): Promise<boolean> {
    const { ports } = this.#options;
    if (this.#isOutboxWritten || this.#stored === undefined) return this.#isOutboxWritten;
    try {
      await writeOutbox(ports, this.#stored.state.outbox);
      this.#isOutboxWritten = true;
    } catch (error) {
      // People are to be told even where the lake cannot be written.
      ports.log.warn('rows of alerts could not be written; it is tried again', { reason: messageOf(error) });
    }
    return this.#isOutboxWritten;
  }

  #forget(): void {
    this.#last = this.#stored?.state ?? this.#last;
    this.#stored = undefined;
    this.#state = undefined;
    this.#unsavedSinceMs = undefined;
    this.#isOutboxWritten = false;
  }

  #recorded({ state, changes, changed, dueMs }: FoldResult): Change {
    return { state: this.#with(state, changes), changed, dueMs };
  }

  #with(state: StrategyAlerts, changes: readonly AlertChange[]): StrategyAlerts {
    const { settings, ports, addressed } = this.#options;
    this.#untold = [...this.#untold, ...changes];
    const onDropped = ({ change, to }: Notice): void =>
      ports.log.error('too many messages wait: one is given up', { change: change.id, to });
    return withChanges(state, changes, { settings, onDropped, ...(addressed === undefined ? {} : { addressed }) });
  }
}

const MOST_RAISED = 200;

const asItIs: Work = (state) => ({ state, changed: true });

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** A state as it is stored; undefined where the bytes are damaged, or of a later format. */
export function parsedState(body: Uint8Array): StrategyAlerts | undefined {
  try {
    const state: StrategyAlerts = JSON.parse(text.decode(body));
    const { format, key, alerts, notices, rows, outbox } = state;
    // Whatever is missing throws.
    const isWhole =
      Object.values(alerts).every(({ view }) => view.dedupeKey) && [notices, rows, outbox].every(Array.isArray);
    return format === 1 && key && isWhole ? state : undefined;
  } catch {
    return undefined;
  }
}

/** Everything but how it is stored. */
const saidBy = (state: StrategyAlerts): string => JSON.stringify({ ...state, version: 0, outbox: [] });
