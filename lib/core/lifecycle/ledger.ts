import { messageOf } from '../errors.ts';
import { parseKey } from '../lake/keys.ts';
import { readObject } from '../lake/read.ts';
import { openFold } from './fold.ts';
import { inputOf } from './input.ts';
import type { LedgerPorts, Runtime } from './ledger-ports.ts';
import { FOLD_ROWS } from './ledger-published.ts';
import { byLedger, foldRange, keyText, lakeTools, type RangeJob } from './ledger-range.ts';
import { type LedgerState, newState, pack, unpack } from './ledger-state.ts';
import { type ObjectPart, Turn } from './ledger-turn.ts';
import { writeOutbox } from './outbox.ts';
import { LEDGER_STATES, ledgerStateKey } from './state-key.ts';
import { touchesOf, touchRow } from './touches.ts';
import type { DerivedRow, Input, LedgerConfig, LedgerCounts, LedgerKey } from './types.ts';

export type { LedgerParts, LedgerPorts } from './ledger-ports.ts';

export interface RebuildOptions {
  /** First day to be set right. @default - the first of the lake */
  readonly from?: string;
  /** Last day whose rows are set right. @default - the last */
  readonly to?: string;
  /** @default - every ledger that the lake holds events of */
  readonly key?: LedgerKey;
  /** Several ledgers, folded in one pass over the lake; instead of `key`. */
  readonly keys?: readonly LedgerKey[];
  /** Says what would be written, and writes nothing. @default false */
  readonly dryRun?: boolean;
}

/** What a fold of the lake says of one ledger, against what the lake says. */
export interface RebuildReport {
  readonly key: LedgerKey;
  /** Rows that the fold makes of the days it went over. */
  readonly rows: readonly DerivedRow[];
  /** Rows that the lake did not hold, or held otherwise. */
  readonly changedRows: readonly DerivedRow[];
  /** Rows of the lake that the fold does not make; as they are to be withdrawn. */
  readonly retractedRows: readonly DerivedRow[];
  readonly changed: number;
  readonly retracted: number;
  /** Rows that the lake held for these days. */
  readonly published: number;
  readonly counts: Readonly<LedgerCounts>;
}

/** The ledgers of a lake. Any number of them may run beside each other, in one process or in many. */
export interface Ledger {
  /**
   * Takes in objects of the lake, in any order and any number of times. One ledger that fails keeps no other from it:
   * call again with the same objects, and those that took them in change nothing. An object that cannot be read keeps no
   * other from it.
   * @param onFailed - hears of each object that some ledger did not take in, before the call throws; more than once where
   * several ledgers did not
   */
  applyObjects(keys: readonly string[], onFailed?: (key: string, error: unknown) => void): Promise<void>;
  /** Does what time alone brings: what has waited long enough, what is to be folded again, runs that ended. */
  tick(): Promise<void>;
  /** Folds days of the lake from scratch and sets right what the lake says of them. */
  rebuild(options?: RebuildOptions): Promise<RebuildReport[]>;
}

const MOST_CONFLICTS = 100;
const READ_AT_ONCE = 4;

export function createLedger(ports: LedgerPorts, config: LedgerConfig): Ledger {
  return new LedgerRuntime({ ports, config, parts: ports.parts ?? { openFold, touchesOf, touchRow } });
}

interface Read {
  readonly state: LedgerState;
  /** Version of the object; undefined where there is none. */
  readonly version: string | undefined;
}

class LedgerRuntime implements Ledger {
  readonly #runtime: Runtime;
  /** Versions of state whose outbox this process has written. */
  readonly #written = new Map<string, string>();
  /** When a ledger may next have something to do without new events, ms. */
  readonly #nextMs = new Map<string, number>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  async applyObjects(
    keys: readonly string[],
    onFailed: (key: string, error: unknown) => void = () => undefined,
  ): Promise<void> {
    const failures: unknown[] = [];
    const unread = (key: string, error: unknown): void => {
      failures.push(error);
      onFailed(key, error);
    };
    for (const { key, parts } of await this.#read(keys, unread)) {
      const change = this.#change(ledgerStateKey(key, this.#runtime.ports), key, async (turn) => {
        for (const part of parts) turn.take(part);
        await turn.advance();
      });
      await change.catch((error: unknown) => {
        failures.push(error);
        for (const { objectKey } of parts) onFailed(objectKey, error);
      });
    }
    rethrow(failures);
  }

  async tick(): Promise<void> {
    const { ports } = this.#runtime;
    const failures: unknown[] = [];
    const stateKeys: string[] = [];
    for await (const stateKey of ports.state.list(LEDGER_STATES)) stateKeys.push(stateKey);
    for (const stateKey of rotated(stateKeys, ports.clock.nowMs())) {
      if ((this.#nextMs.get(stateKey) ?? 0) > ports.clock.nowMs()) continue;
      const change = this.#change(stateKey, undefined, async (turn) => {
        if (turn.refoldDue) await turn.refold();
        await turn.advance();
      });
      await change.catch((error: unknown) => failures.push(error));
    }
    rethrow(failures);
  }

  async rebuild(options: RebuildOptions = {}): Promise<RebuildReport[]> {
    const { from, key, dryRun = false } = options;
    const asked = options.keys ?? (key === undefined ? undefined : [key]);
    const jobs: RangeJob[] = [];
    const reads = new Map<string, { readonly turn: Turn; readonly read: Read }>();
    const open = async (one: LedgerKey): Promise<void> => {
      const read = await this.#readState(ledgerStateKey(one, this.#runtime.ports), one);
      if (read === undefined) return;
      if (!dryRun) await this.#writeOutbox(ledgerStateKey(one, this.#runtime.ports), read);
      const turn = this.#turn(read.state);
      reads.set(keyText(one), { turn, read });
      jobs.push(await turn.openJob(from, turn.settledUs));
    };
    for (const one of asked ?? (await this.#known())) await open(one);
    const unknown: LedgerKey[] = [];
    const range = { runs: true, checkpoints: !dryRun };
    await foldRange(this.#runtime, jobs, {
      ...range,
      ...(asked === undefined ? { unknown: (one: LedgerKey) => unknown.push(one) } : {}),
    });
    const known = jobs.length;
    for (const one of unknown) await open(one);
    if (unknown.length > 0) await foldRange(this.#runtime, jobs.slice(known), range);
    const reports: RebuildReport[] = [];
    for (const job of jobs) {
      const opened = reads.get(keyText(job.key));
      if (opened !== undefined) reports.push(await this.#settle(job, opened, options));
    }
    return reports;
  }

  /** Says what a fold of the lake says otherwise. Where somebody else wrote the state since, the last day is folded again. */
  async #settle(
    job: RangeJob,
    { turn, read }: { readonly turn: Turn; readonly read: Read },
    { to, dryRun = false }: RebuildOptions,
  ): Promise<RebuildReport> {
    const stateKey = ledgerStateKey(job.key, this.#runtime.ports);
    for (let attempt = 0; attempt < MOST_CONFLICTS; attempt++) {
      const { rows, changed, retracted, published } = await turn.adopt(job, { runs: true, toDate: to });
      const report: RebuildReport = {
        key: job.key,
        rows,
        changedRows: changed,
        retractedRows: retracted,
        changed: changed.length,
        retracted: retracted.length,
        published,
        counts: { ...job.fold.counts },
      };
      if (dryRun) return report;
      await turn.advance();
      if (await this.#write(stateKey, turn, read)) return report;
      const again = await this.#readState(stateKey, job.key);
      if (again === undefined) return report;
      await this.#writeOutbox(stateKey, again);
      read = again;
      turn = this.#turn(again.state);
      job = await turn.continueJob(job);
      await foldRange(this.#runtime, [job], { runs: true, checkpoints: true });
    }
    throw conflict(stateKey);
  }

  /** Reads a state, lets it be changed, and writes it; from the start again where somebody else was first. */
  async #change(stateKey: string, key: LedgerKey | undefined, work: (turn: Turn) => Promise<void>): Promise<void> {
    for (let attempt = 0; attempt < MOST_CONFLICTS; attempt++) {
      const read = await this.#readState(stateKey, key);
      if (read === undefined) return;
      await this.#writeOutbox(stateKey, read);
      const turn = this.#turn(read.state);
      await work(turn);
      if (await this.#write(stateKey, turn, read)) return;
    }
    throw conflict(stateKey);
  }

  #turn(state: LedgerState): Turn {
    return new Turn(this.#runtime, state, this.#runtime.ports.clock.nowMs());
  }

  /** @returns false where somebody else wrote the state since it was read */
  async #write(stateKey: string, turn: Turn, { state, version }: Read): Promise<boolean> {
    const { ports } = this.#runtime;
    const next = await turn.finish(producerOf(stateKey, this.#runtime));
    if (next !== undefined) {
      const stored = await ports.state.put(stateKey, await pack(next, ports), version);
      if (stored === undefined) return false;
      await this.#writeOutbox(stateKey, { state: next, version: stored });
      const kept = new Set(next.checkpoints.map(({ key }) => key));
      for (const { key } of state.checkpoints) if (!kept.has(key)) await ports.store.delete(key);
    }
    this.#nextMs.set(stateKey, turn.nextMs);
    return true;
  }

  async #writeOutbox(stateKey: string, { state, version }: Read): Promise<void> {
    if (version === undefined || this.#written.get(stateKey) === version) return;
    await writeOutbox(this.#runtime.ports, state.outbox);
    this.#written.set(stateKey, version);
  }

  /** A state; a new one where there is none, or undefined where it is not known whose it would be. */
  async #readState(stateKey: string, key: LedgerKey | undefined): Promise<Read | undefined> {
    const { ports } = this.#runtime;
    const found = await ports.state.get(stateKey);
    if (found === undefined) return key && { state: await this.#fresh(stateKey, key), version: undefined };
    const state = await unpack(found.body, ports);
    if (typeof state === 'object' && state !== null && 'format' in state && state.format === 1)
      return { state: state as LedgerState, version: found.version };
    ports.log.error('the state of a ledger cannot be read; it is folded again from the lake', { key: stateKey });
    return key && { state: await this.#fresh(stateKey, key), version: found.version };
  }

  /** A state for a ledger that has none: where rows of it are in the lake, its state was lost, and all is to be folded. */
  async #fresh(stateKey: string, key: LedgerKey): Promise<LedgerState> {
    const { store, clock } = this.#runtime.ports;
    const name = `/${producerOf(stateKey, this.#runtime)}-`;
    let version = 0;
    for (const stream of FOLD_ROWS) {
      for await (const { key: object } of store.list(`derived/${stream}/`)) {
        const at = object.indexOf(name);
        if (at !== -1) version = Math.max(version, Number.parseInt(object.slice(at + name.length), 10) || 0);
      }
    }
    const nowMs = clock.nowMs();
    const dirty = version === 0 ? null : { fromUs: Number.MIN_SAFE_INTEGER, sinceMs: nowMs, lastMs: nowMs };
    return { ...newState(key), version, dirty };
  }

  /** Ledgers that have a state. */
  async #known(): Promise<LedgerKey[]> {
    const { ports } = this.#runtime;
    const keys: LedgerKey[] = [];
    for await (const stateKey of ports.state.list(LEDGER_STATES)) {
      const read = await this.#readState(stateKey, undefined);
      if (read !== undefined) keys.push(read.state.key);
    }
    return keys;
  }

  /** What the objects hold, by ledger; each is read once. */
  async #read(
    keys: readonly string[],
    onFailed: (key: string, error: unknown) => void,
  ): Promise<{ readonly key: LedgerKey; readonly parts: ObjectPart[] }[]> {
    const ledgers = new Map<string, { readonly key: LedgerKey; readonly parts: ObjectPart[] }>();
    const sent = [...new Set(keys)].filter((key) => /^(events|late)\//.test(key) && parseKey(key) !== undefined);
    for (let at = 0; at < sent.length; at += READ_AT_ONCE) {
      const slice = sent.slice(at, at + READ_AT_ONCE);
      const read = await Promise.all(
        slice.map((key) =>
          readObject(lakeTools(this.#runtime.ports), key).catch((error: unknown) => {
            onFailed(key, error);
            return undefined;
          }),
        ),
      );
      for (const [index, events] of read.entries()) {
        const objectKey = slice[index] ?? '';
        const touched = this.#runtime.parts.touchesOf(objectKey, parseKey(objectKey)?.stream ?? '', events ?? []);
        const touches = new Map(touched.map((one) => [keyText(one.key), one.touches]));
        for (const { key, own } of byLedger(events ?? [])) {
          const text = keyText(key);
          const ledger = ledgers.get(text) ?? { key, parts: [] };
          ledgers.set(text, ledger);
          const inputs = own.map(inputOf).filter((input): input is Input => input !== undefined);
          ledger.parts.push({ objectKey, inputs, touches: touches.get(text) ?? [] });
        }
      }
    }
    return [...ledgers.values()];
  }
}

/** First part of the names of a ledger's objects. */
const producerOf = (stateKey: string, { ports }: Runtime): string => `ledger-${ports.sha256(stateKey).slice(0, 16)}`;

const conflict = (stateKey: string): Error =>
  new Error(`${stateKey} was changed by others ${MOST_CONFLICTS} times in a row`);

const MINUTE_MS = 60_000;

/** From another one each minute: where the first takes all the time there is, the others have theirs in the minutes after. */
function rotated<T>(items: readonly T[], nowMs: number): T[] {
  const first = items.length === 0 ? 0 : Math.floor(nowMs / MINUTE_MS) % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

/** One failure as it is, of several the first with the others beside it. */
function rethrow(failures: readonly unknown[]): void {
  if (failures.length === 0) return;
  throw failures.length === 1 ? failures[0] : new AggregateError(failures, messageOf(failures[0]));
}
