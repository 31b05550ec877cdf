import type { EventOf } from '../catalog/index.ts';
import { dateOf, NO_CLOCK_DATE } from '../lake/keys.ts';
import { formatUs, timeframeMs } from '../transform/time.ts';
import { comparePlaces, NO_CLOCK_US } from './input.ts';
import { isSessionEnd } from './session-end.ts';
import type { DerivedRow, Input, LedgerConfig, LedgerKey, LedgerTools, Place, Touch } from './types.ts';

type Row = EventOf<'session'>;

/** Symbols that are kept of a run: the first so many in the order of their letters, whatever order they came in. */
export const MAX_SYMBOLS = 64;
/** Bars without any event after which a run has ended, where that is longer than the timeout. */
const TIMEOUT_BARS = 3;

export interface SessionsOptions extends LedgerTools {
  readonly key: LedgerKey;
  readonly config: LedgerConfig;
  readonly saved?: SavedSessions;
  /** Marks every run that is remembered as changed. */
  readonly everything?: boolean;
}

/** How a run ended: the bot said so, or nothing came any more. */
export interface SessionEnd {
  /** µs: when the bot said it, or when the time ran out. */
  readonly us: number;
  readonly reason: 'given' | 'timeout';
}

interface Code extends Place {
  readonly git: string | null;
  readonly model: string | null;
}

interface Run {
  readonly session: string;
  firstUs?: number;
  lastUs?: number;
  symbols: readonly string[];
  timeframes: readonly string[];
  /** When the bot last said that it ends, µs. */
  endUs?: number;
  code?: Code;
  changed: boolean;
  /** Day of the row that was given last, and what it said that changes without an event. */
  givenDate?: string;
  givenEnd?: string;
}

export interface SavedSessions {
  readonly newestUs: number;
  readonly runs: readonly Run[];
}

/**
 * Runs of bots: when each lived, what it traded, which code it ran, and how it ended. Everything taken in is a least, a
 * greatest or a union, so that the order of events and their repetition change nothing. Real runs overlap (26 of 37): a
 * newer one never ends an older one.
 */
export class Sessions {
  readonly #key: LedgerKey;
  readonly #timeoutUs: number;
  readonly #memoryUs: number;
  readonly #runs: Map<string, Run>;
  #newestUs: number;

  static open(options: SessionsOptions): Sessions {
    return new Sessions(options);
  }

  private constructor({ key, config, saved, everything = false }: SessionsOptions) {
    this.#key = key;
    this.#timeoutUs = config.sessionTimeoutMs * 1000;
    this.#memoryUs = config.memoryMs * 1000;
    this.#runs = new Map(saved?.runs.map((run) => [run.session, { ...run, changed: everything || run.changed }]));
    this.#newestUs = saved?.newestUs ?? NO_CLOCK_US;
  }

  /** Notes that runs lived, as objects of the lake show it; in any order, any number of times. */
  touch(touches: readonly Touch[]): void {
    for (const { session, firstUs, lastUs, symbols, timeframe } of touches) {
      const run = this.#runOf(session);
      if (firstUs !== undefined) this.#lived(run, firstUs);
      if (lastUs !== undefined) this.#lived(run, lastUs);
      for (const symbol of symbols) add(run, 'symbols', symbol);
      if (timeframe !== undefined) add(run, 'timeframes', timeframe);
    }
  }

  /** Takes an event in: each shows that its run lives, `system` may say that it ends, `repro` which code it ran. */
  apply(input: Input): void {
    const { event, us } = input;
    if (event.session_id == null) return;
    const run = this.#runOf(event.session_id);
    if (us !== NO_CLOCK_US) this.#lived(run, us);
    if (event.symbol != null) add(run, 'symbols', event.symbol);
    if (event.timeframe != null) add(run, 'timeframes', event.timeframe);
    if (input.stream === 'system' && isSessionEnd(input.event.event)) this.#says(run, us);
    if (input.stream === 'repro') notice(run, input);
  }

  /**
   * How the run ended, as of a moment; undefined where it may go on. An end the bot gave holds until a later event of the
   * run; without one it ends where nothing came for the timeout, or three of its bars where that is longer.
   */
  ended(session: string, asOfMs: number): SessionEnd | undefined {
    const run = this.#runs.get(session);
    return run === undefined ? undefined : this.#endOf(run, asOfMs);
  }

  /** Rows of the runs that changed since the last call, by an event, by an end whose moment passed, or by their trades. */
  rows(asOfMs: number, openTrades: (session: string) => number): DerivedRow[] {
    const rows: DerivedRow[] = [];
    for (const run of this.#runs.values()) {
      const end = this.#endOf(run, asOfMs);
      const open = openTrades(run.session);
      const says = `${end?.us ?? ''} ${end?.reason ?? ''} ${open}`;
      if (run.changed || run.givenEnd !== says) {
        rows.push(...this.#rowsOf(run, end, open));
        run.changed = false;
        run.givenEnd = says;
      }
      // By the time of events: however late one is folded again, it finds what it found the first time.
      if (end !== undefined && open === 0 && end.us + this.#memoryUs < this.#newestUs) this.#runs.delete(run.session);
    }
    return rows;
  }

  save(): SavedSessions {
    return { newestUs: this.#newestUs, runs: [...this.#runs.values()].map((run) => ({ ...run })) };
  }

  #runOf(session: string): Run {
    let run = this.#runs.get(session);
    if (run === undefined) {
      run = { session, symbols: [], timeframes: [], changed: true };
      this.#runs.set(session, run);
    }
    return run;
  }

  #lived(run: Run, us: number): void {
    if (us > this.#newestUs) this.#newestUs = us;
    if (run.firstUs !== undefined && run.lastUs !== undefined && us >= run.firstUs && us <= run.lastUs) return;
    run.firstUs = Math.min(run.firstUs ?? us, us);
    run.lastUs = Math.max(run.lastUs ?? us, us);
    run.changed = true;
  }

  #says(run: Run, us: number): void {
    if (us === NO_CLOCK_US || us <= (run.endUs ?? Number.NEGATIVE_INFINITY)) return;
    run.endUs = us;
    run.changed = true;
  }

  #endOf({ lastUs, endUs, timeframes }: Run, asOfMs: number): SessionEnd | undefined {
    if (lastUs === undefined) return undefined;
    if (endUs !== undefined && lastUs <= endUs) return { us: endUs, reason: 'given' };
    const barUs = Math.max(0, ...timeframes.map((name) => (timeframeMs(name) ?? 0) * 1000));
    const us = lastUs + Math.max(this.#timeoutUs, TIMEOUT_BARS * barUs);
    return asOfMs * 1000 > us ? { us, reason: 'timeout' } : undefined;
  }

  /** The row; and where an earlier event moved the run to another day, the withdrawal of the one that lies in the old. */
  #rowsOf(run: Run, end: SessionEnd | undefined, open: number): DerivedRow[] {
    const { session, firstUs, lastUs, symbols, timeframes, code, givenDate } = run;
    const date = firstUs === undefined ? NO_CLOCK_DATE : dateOf(firstUs / 1000);
    const about: Row = {
      ...momentOf(firstUs),
      ...keyOf(this.#key),
      // The identity of a row holds no mode: a run that wrote some events without one has two rows.
      event_id: this.#key.mode === null ? session : `${session}@${this.#key.mode}`,
      stream: 'session',
      schema_version: 1,
      session_id: session,
      entry: 'run',
    };
    const event: Row = {
      ...about,
      symbol: only(symbols),
      timeframe: only(timeframes),
      first_ts: textOf(firstUs),
      last_ts: textOf(lastUs),
      ended_ts: textOf(end?.us),
      end_reason: end?.reason ?? null,
      trades_open: open,
      symbols: [...symbols],
      git_sha: code?.git ?? null,
      model_version: code?.model ?? null,
    };
    run.givenDate = date;
    const row = rowOf(date, event);
    return givenDate === undefined || givenDate === date
      ? [row]
      : [rowOf(givenDate, { ...about, retracted: true }), row];
  }
}

/** The newest word about the code counts, in whatever order they come. */
function notice(run: Run, { us, seq, id, event }: Extract<Input, { stream: 'repro' }>): void {
  if (event.git_sha == null && event.model_version == null) return;
  const code: Code = { us, seq, id, git: event.git_sha ?? null, model: event.model_version ?? null };
  if (run.code !== undefined && comparePlaces(run.code, code) >= 0) return;
  run.code = code;
  run.changed = true;
}

function add(run: Run, to: 'symbols' | 'timeframes', value: string): void {
  const known = run[to];
  if (known.length >= MAX_SYMBOLS && value > (known.at(-1) ?? '')) return; // the first ones by name are kept
  if (known.includes(value)) return;
  const all = [...run[to], value].sort().slice(0, MAX_SYMBOLS);
  if (!all.includes(value)) return;
  run[to] = all;
  run.changed = true;
}

export const momentOf = (us: number | undefined): Row =>
  us === undefined
    ? { ts: null, ts_ms: null, ts_source: 'none' }
    : { ts: formatUs(us), ts_ms: Math.floor(us / 1000), ts_source: 'ts' };

export const keyOf = ({ mode, strategyId }: LedgerKey): Row => ({ strategy_id: strategyId, mode: mode as Row['mode'] });

/** A row without what is not known. */
export const rowOf = (date: string, event: Row): DerivedRow => ({
  stream: 'session',
  id: event.event_id ?? '',
  date,
  event: Object.fromEntries(Object.entries(event).filter(([, value]) => value !== null && value !== undefined)),
});

export const textOf = (us: number | undefined): string | null => (us === undefined ? null : formatUs(us));

export const only = (values: readonly string[]): string | null => (values.length === 1 ? (values[0] ?? null) : null);
