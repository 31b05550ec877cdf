import { messageOf } from '../errors.ts';
import { dateOf } from '../lake/keys.ts';
import { type DigestClock, digestClock, digestOf } from './digest.ts';
import type { NoticeBox } from './dispatch.ts';
import type { FoldContext } from './fold.ts';
import { expectationOf } from './fold-rules.ts';
import { emptyOperator, readOperator } from './operator.ts';
import { type AlertPorts, type FileOptions, parsedState, StateFile } from './runtime-file.ts';
import type { Outcome } from './runtime-notices.ts';
import { observedObjects } from './runtime-objects.ts';
import { Watch } from './runtime-watch.ts';
import { ALERT_STATES, isWhole, type StrategyAlerts, WHOLE } from './state.ts';
import type { AlertChange, AlertKey, AlertSettings, Notice, Observation, OperatorState } from './types.ts';

export type { AlertPorts } from './runtime-file.ts';

export interface AlertOptions {
  /**
   * How long events may be folded without being written, ms. Changes of alerts are always written at once. 0 where others
   * write the same states: each call then reads and writes them. @default 0
   */
  readonly persistEveryMs?: number;
  /** How far a naive local time of the digest's zone lies ahead of UTC, ms. @default - UTC */
  readonly naiveOffsetMs?: (localMs: number) => number;
  /** How long events take to get here at most, ms: a silent bot is missed so much later. @default 0 */
  readonly lagMs?: number;
  /** How often it is noted that somebody watches, ms; a break of three times as long is one. @default 60,000 */
  readonly watchEveryMs?: number;
  /** Channels that have an address; notices are made for them alone. @default - all of the settings */
  readonly addressed?: ReadonlySet<string>;
  /** Hears of every change once it is stored; after a crash maybe again. @default - nobody does */
  readonly changed?: (change: AlertChange) => void;
}

/** The alerts of a lake. Any number of them may run beside each other, in one process or in many. */
export interface Alerts {
  /** Takes in events, in any order and any number of times. Where it rejects, call again with the same. */
  observe(observations: readonly Observation[]): Promise<void>;
  /**
   * Takes in objects of the lake. One that fails keeps no other from it.
   * @param onFailed - hears of each object that was not taken in, before the call rejects; may hear of one twice
   */
  observeObjects(keys: readonly string[], onFailed?: (key: string, error: unknown) => void): Promise<void>;
  /**
   * Does what time alone brings: absence, durations, reminders, decisions of operators, the digest.
   * @param nowMs - when it is, by which increases are known as this tick's. @default - the clock
   */
  tick(nowMs?: number): Promise<void>;
  /** Next moment at which time alone may change anything, ms; undefined for none. */
  dueMs(): number | undefined;
  /** Writes what was folded and not written. */
  flush(): Promise<void>;
  states(): Promise<readonly StrategyAlerts[]>;
  /** Takes a change of kind platform, test or digest from outside. One whose id is known changes nothing. */
  raise(change: AlertChange): Promise<void>;
  readonly box: NoticeBox;
}

export const createAlerts = (ports: AlertPorts, settings: AlertSettings, options: AlertOptions = {}): Alerts =>
  new AlertRuntime(ports, settings, options);

const AT_ONCE = 8;
const FORGOTTEN_MS = 30 * 86_400_000;

class AlertRuntime implements Alerts {
  readonly #ports: AlertPorts;
  readonly #settings: AlertSettings;
  readonly #persistEveryMs: number;
  readonly #lagMs: number;
  readonly #days: DigestClock;
  readonly #watch: Watch;
  readonly #fileOptions: FileOptions;
  /** By the key of their objects. */
  readonly #files = new Map<string, StateFile>();
  #operator: OperatorState | undefined;
  #isListed = false;
  readonly box: NoticeBox;

  constructor(ports: AlertPorts, settings: AlertSettings, options: AlertOptions) {
    this.#ports = ports;
    this.#settings = settings;
    this.#persistEveryMs = options.persistEveryMs ?? 0;
    this.#lagMs = options.lagMs ?? 0;
    this.#days = digestClock(settings.digestAt, options.naiveOffsetMs);
    this.#watch = new Watch({ ports, everyMs: options.watchEveryMs ?? 60_000, isShared: this.#persistEveryMs === 0 });
    const { addressed, changed } = options;
    this.#fileOptions = {
      ports,
      settings,
      persistEveryMs: this.#persistEveryMs,
      ...(addressed === undefined ? {} : { addressed }),
      ...(changed === undefined ? {} : { changed }),
    };
    this.box = {
      waiting: () => this.#waiting(),
      told: (channel, ids, outcome) => this.#told(channel, ids, outcome),
    };
  }

  async observeObjects(
    keys: readonly string[],
    onFailed: (key: string, error: unknown) => void = () => undefined,
  ): Promise<void> {
    const failures: unknown[] = [];
    const fail = (key: string, error: unknown): void => {
      failures.push(error);
      onFailed(key, error);
    };
    const objects = await observedObjects(this.#ports, keys, {
      settings: this.#settings,
      nowMs: this.#nowMs,
      onFailed: fail,
    });
    const holders = (file: StateFile): string[] =>
      objects.filter(({ observations }) => observations.some((one) => this.#file(one) === file)).map(({ key }) => key);
    const observed = this.observe(
      objects.flatMap(({ observations }) => observations),
      (file, error) => {
        for (const key of holders(file)) onFailed(key, error);
      },
    );
    await observed.catch((error: unknown) => failures.push(error));
    rethrow(failures);
  }

  async tick(nowMs = this.#nowMs): Promise<void> {
    await this.#readOperator();
    await this.#watch.look(nowMs);
    await this.#list();
    const failures: unknown[] = [];
    const note = (error: unknown): void => void failures.push(error);
    this.#file(WHOLE);
    const tickOne = (file: StateFile) => this.#tickOne(file, nowMs);
    await this.#each([...this.#files.values()], tickOne).catch(note);
    await this.#each(this.#expected(), tickOne).catch(note);
    await this.#digest().catch(note);
    await this.#prune().catch(note);
    rethrow(failures);
  }

  dueMs(): number | undefined {
    const moments = [...this.#files.values()].flatMap(({ dueMs }) => dueMs ?? []);
    if (this.#settings.digestAt !== null) moments.push(this.#days.dayEndMs(this.#nowMs));
    return moments.length === 0 ? undefined : Math.min(...moments);
  }

  async flush(): Promise<void> {
    await this.#each([...this.#files.values()], (file) => file.flush(this.#context()));
  }

  async states(): Promise<readonly StrategyAlerts[]> {
    await this.#list();
    await this.#each(this.#unread(), (file) => file.refresh(this.#context()));
    return [...this.#files.values()].flatMap(({ state }) => state ?? []);
  }

  async raise(change: AlertChange): Promise<void> {
    await this.#file(WHOLE).raise([change], this.#context());
  }

  async observe(
    observations: readonly Observation[],
    onFailed: (file: StateFile, error: unknown) => void = () => undefined,
  ): Promise<void> {
    if (observations.length === 0) return;
    // Where nobody else is told of decisions, the tick reads them each second.
    if (this.#isShared || this.#operator === undefined) await this.#readOperator();
    const batches = new Map<StateFile, Observation[]>();
    for (const observation of observations) {
      const file = this.#file(observation);
      const batch = batches.get(file);
      if (batch === undefined) batches.set(file, [observation]);
      else batch.push(observation);
    }
    await this.#each([...batches], async ([file, batch]) => {
      await file.observe(batch, this.#context()).catch((error: unknown) => {
        onFailed(file, error);
        throw error;
      });
    });
  }

  get #isShared(): boolean {
    return this.#persistEveryMs === 0;
  }

  get #nowMs(): number {
    return this.#ports.clock.nowMs();
  }

  #context(): FoldContext {
    return {
      settings: this.#settings,
      operator: this.#operator ?? emptyOperator,
      nowMs: this.#nowMs,
      sha256: this.#ports.sha256,
      lagMs: this.#lagMs,
      dayEndMs: this.#days.dayEndMs,
      ...(this.#watch.sinceMs === undefined ? {} : { watchingSinceMs: this.#watch.sinceMs }),
    };
  }

  readonly #names = new Map<string, StateFile>();

  #file({ mode, strategyId }: AlertKey): StateFile {
    const name = `${mode === null ? '-' : `${mode.length}:${mode}`} ${strategyId === null ? '-' : `:${strategyId}`}`;
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const file = new StateFile({ mode, strategyId }, this.#fileOptions);
    this.#names.set(name, file);
    this.#files.set(file.stateKey, file);
    return file;
  }

  #unread(): StateFile[] {
    return [...this.#files.values()].filter(({ state }) => state === undefined);
  }

  /** Finds the states of all strategies: again each time where others write them, else once. */
  async #list(): Promise<void> {
    if (this.#isListed && !this.#isShared) return;
    const unknown: string[] = [];
    for await (const key of this.#ports.state.list(ALERT_STATES)) if (!this.#files.has(key)) unknown.push(key);
    await this.#each(unknown, async (stateKey) => {
      // Its name may be cut: only the state itself says whose it is.
      const found = await this.#ports.state.get(stateKey);
      const state = found && parsedState(found.body);
      if (state !== undefined) this.#file(state.key);
      else this.#ports.log.error('the state of alerts cannot be read', { key: stateKey });
    });
    this.#isListed = true;
  }

  async #tickOne(file: StateFile, nowMs: number): Promise<void> {
    await file.tick({ ...this.#context(), nowMs, heardElsewhere: this.#isHeardElsewhere(file) });
  }

  #isHeard({ strategyId, mode }: { readonly strategyId: string | null; readonly mode?: string | undefined }): boolean {
    return [...this.#files.values()].some(
      ({ key, seen }) =>
        seen?.beats !== undefined && key.strategyId === strategyId && (mode === undefined || key.mode === mode),
    );
  }

  /** What is expected in any mode is looked for in none. */
  #isHeardElsewhere({ key: { mode, strategyId }, state }: StateFile): boolean {
    const expected = expectationOf(this.#settings, { mode, strategyId });
    if (mode !== null || state?.beats !== undefined || expected === undefined) return false;
    return this.#isHeard({ strategyId, mode: expected.mode });
  }

  /** Strategies that are expected, of which nothing was ever heard and no state is kept. */
  #expected(): StateFile[] {
    return Object.entries(this.#settings.expect)
      .filter(([strategyId, { mode }]) => !this.#isHeard({ strategyId, mode }))
      .flatMap(([strategyId, { mode = null }]) => {
        const before = this.#files.size;
        const file = this.#file({ mode, strategyId });
        return this.#files.size > before ? [file] : [];
      });
  }

  async #digest(): Promise<void> {
    const { digestAt } = this.#settings;
    const file = this.#file(WHOLE);
    if (digestAt === null || file.state === undefined) return;
    const dueMs = this.#days.lastDueMs(this.#nowMs);
    const { digestedMs } = file.state;
    if (digestedMs !== null && digestedMs >= dueMs) return;
    const states = [...this.#files.values()].flatMap(({ state }) => state ?? []);
    const fromMs = this.#days.lastDueMs(dueMs - 1);
    const { sha256 } = this.#ports;
    // The first one is told at the end of the day on which the alerts began.
    const changes =
      digestedMs === null
        ? []
        : [digestOf(states, { dueMs, fromMs, nowMs: this.#nowMs, settings: this.#settings, sha256 })];
    await file.raise(changes, this.#context(), (state) =>
      (state.digestedMs ?? Number.NEGATIVE_INFINITY) >= dueMs ? state : { ...state, digestedMs: dueMs },
    );
  }

  /** Forgets strategies that were not heard of for 30 days, and of which nothing is open. */
  async #prune(): Promise<void> {
    const beforeDay = dateOf(this.#nowMs - FORGOTTEN_MS);
    const isOver = ({ key, lastDay, bornMs, alerts, notices, rows }: StrategyAlerts): boolean =>
      !isWhole(key) &&
      (lastDay ?? dateOf(bornMs)) < beforeDay &&
      expectationOf(this.#settings, key) === undefined &&
      notices.length === 0 &&
      rows.length === 0 &&
      Object.values(alerts).every(({ phase }) => phase === 'resolved');
    const over = [...this.#files.values()].filter(({ state }) => state !== undefined && isOver(state));
    await this.#each(over, async (file) => {
      if (!(await file.remove(isOver, this.#context()))) return;
      this.#files.delete(file.stateKey);
      for (const [name, known] of this.#names) if (known === file) this.#names.delete(name);
    });
  }

  async #waiting(): Promise<readonly Notice[]> {
    await this.#list();
    const files = [...this.#files.values()];
    // Others may have told what waits here.
    const stale = this.#isShared
      ? files.filter(({ state, notices }) => state === undefined || notices.length > 0)
      : this.#unread();
    await this.#each(stale, (file) => file.refresh(this.#context()));
    const notices = files.flatMap((file) => file.notices);
    return notices.sort((a, b) => a.change.atMs - b.change.atMs);
  }

  async #told(channel: string, changeIds: readonly string[], outcome: Outcome): Promise<void> {
    const ids = new Set(changeIds);
    if (outcome === 'refused')
      this.#ports.log.error('a channel refuses messages: nobody is told of these changes there', {
        channel,
        changes: changeIds,
      });
    const files = [...this.#files.values()].filter(({ notices }) => notices.some(({ change }) => ids.has(change.id)));
    await this.#each(files, (file) => file.told({ channel, ids, outcome }, this.#context()));
  }

  /** The decisions; where they cannot be read now, those that were read last. */
  async #readOperator(): Promise<void> {
    const { state, log } = this.#ports;
    try {
      this.#operator = await readOperator(state, log);
    } catch (error) {
      if (this.#operator === undefined) throw error;
      log.warn('the decisions about alerts could not be read; the last ones hold', { reason: messageOf(error) });
    }
  }

  async #each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
    const failures: unknown[] = [];
    const rest = [...items];
    const worker = async (): Promise<void> => {
      for (let item = rest.shift(); item !== undefined; item = rest.shift())
        await work(item).catch((error: unknown) => failures.push(error));
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, rest.length) }, worker));
    rethrow(failures);
  }
}

/** One failure as it is, of several the first with the others beside it. */
function rethrow(failures: readonly unknown[]): void {
  if (failures.length === 0) return;
  throw failures.length === 1 ? failures[0] : new AggregateError(failures, messageOf(failures[0]));
}
