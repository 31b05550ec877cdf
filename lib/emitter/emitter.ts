import type { EmitterStats, Receipt, Settled } from './answers.ts';
import { isoOf } from './clock.ts';
import { Core } from './core.ts';
import type { DropReason } from './drop-reason.ts';
import { textOfError } from './emitter-error.ts';
import type { BotEvent, BotStream, Context } from './event.ts';
import { HealthGate, type HealthOptions } from './health-gate.ts';
import type { Lane } from './lane.ts';
import type { EmitterOptions } from './options.ts';
import type { Entry } from './outbox.ts';
import { isPrecious, passes, sampleRate } from './rules.ts';
import { hasSkipped, serialiseCarefully } from './serialise.ts';
import { EMITTER_VERSION } from './version.ts';

/** The part that children and parents share. */
export interface Emitting<R> {
  /**
   * Takes an event and returns; never throws, never waits, whatever the event and the sinks do.
   * @returns nothing; in strict mode a promise of what became of it
   */
  emit<N extends BotStream>(stream: N, event: BotEvent<N>): R;
  /** An emitter whose events carry this too; its context is written once, not per event. It shares queues, counts and `close`. */
  child(context: Context): Emitter<R>;
  /** Prefix of ids that this emitter hands out: unique to it. */
  readonly sessionId: string;
  nextId(kind: string): string;
}

export interface Emitter<R = void> extends Emitting<R> {
  /** Sends all that waits; concurrent calls share the work. Never rejects. */
  flush(options?: { readonly timeoutMs?: number }): Promise<Settled>;
  /** Sends what it can in its time, keeps the rest in the spool, and ends. Never rejects; a second call answers the same. */
  close(options?: { readonly timeoutMs?: number }): Promise<Settled>;
  stats(): EmitterStats;
  [Symbol.asyncDispose](): Promise<void>;
}

const MOST_PLANS = 256; // names of streams come from outside
const STREAM_NAME = /^[a-z][a-z0-9_]{0,63}$/;
const QUIET: Receipt = { delivered: false, quiet: true };

type Said = Record<string, unknown>;
type Problem = { readonly problem: 'too_large' | 'unserialisable' };

interface Moment {
  readonly seq: number;
  readonly nowMs: number;
}

const BRACE = 123;
const SEQ = '","seq":';

let emittedMs = Number.NaN;
let emittedText = '';

/** The clock's part of a line: the same for all events of a millisecond. */
function emittedAt(nowMs: number): string {
  if (nowMs === emittedMs) return emittedText;
  emittedMs = nowMs;
  emittedText = `,"emitted_at":"${isoOf(nowMs)}",`;
  return emittedText;
}

/** What is known about a stream before its events come. */
interface Plan {
  readonly lanes: readonly Lane[];
  readonly rate: number;
  readonly precious: boolean;
  /** Whether every event of it is looked at by the health gate. */
  readonly gated: boolean;
  /** Beginning of each line, up to the number of the event. */
  readonly head: string;
}

/**
 * Makes the emitter of a bot.
 * @example
 * const emitter = createEmitter({ strategyId: 'ma-cross', mode: 'paper', sink: http({ url: 'http://127.0.0.1:4573' }) });
 * emitter.emit('signals', { symbol: 'BTCUSDT', direction: 1 });
 * @throws EmitterError where a setting is missing, unknown or out of its range
 */
export function createEmitter(options: EmitterOptions & { readonly delivery?: 'best_effort' }): Emitter;
export function createEmitter(options: EmitterOptions & { readonly delivery: 'strict' }): Emitter<Promise<Receipt>>;
export function createEmitter(options: EmitterOptions): Emitter;
export function createEmitter(options: EmitterOptions): Emitter | Emitter<Promise<Receipt>> {
  const core = new Core(options);
  return options.delivery === 'strict'
    ? new StrictEmitter(core, options.context ?? {})
    : new BestEffortEmitter(core, options.context ?? {});
}

abstract class BaseEmitter<R> implements Emitter<R> {
  protected readonly core: Core;
  readonly #context: Readonly<Record<string, unknown>>;
  readonly #plans = new Map<string, Plan>();
  readonly #gate: HealthGate | undefined;
  /** Names of the context, beside those that every event has. */
  readonly #more: readonly string[];

  constructor(core: Core, context: Context) {
    this.core = core;
    this.#context = {
      strategy_id: core.strategyId,
      session_id: core.sessionId,
      mode: core.mode,
      ...this.#readable(context),
    };
    this.#more = Object.keys(this.#context).filter((name) => !['strategy_id', 'session_id', 'mode'].includes(name));
    const health: HealthOptions | false = core.options.health ?? {};
    if (health !== false) this.#gate = new HealthGate(health);
    if (core.voice === undefined) {
      core.voice = { say: (stream, event) => void this.take(stream, event, undefined) };
      core.announce('start');
    }
  }

  abstract emit<N extends BotStream>(stream: N, event: BotEvent<N>): R;
  abstract child(context: Context): Emitter<R>;

  protected childContext(context: Context): Context {
    return { ...this.#context, ...this.#readable(context) };
  }

  /** A context as JSON can carry it: it is on every event, so that what is wrong with it must not cost them all. */
  #readable(context: Context): Readonly<Record<string, unknown>> {
    const read = serialiseCarefully(context ?? {}, this.core.maxEventBytes);
    if ('json' in read) return JSON.parse(read.json);
    this.core.report(read.problem, `a context was left out: ${PROBLEMS[read.problem]}`);
    return {};
  }

  get sessionId(): string {
    return this.core.sessionId;
  }

  nextId(kind: string): string {
    return this.core.nextId(kind);
  }

  flush(options?: { readonly timeoutMs?: number }): Promise<Settled> {
    return this.core.flush(options?.timeoutMs ?? 10_000);
  }

  close(options?: { readonly timeoutMs?: number }): Promise<Settled> {
    return this.core.close(options?.timeoutMs ?? 5_000);
  }

  stats(): EmitterStats {
    return this.core.stats();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @returns why it was not given to any sink; undefined where it was. Never throws. */
  protected take(stream: string, event: object, settled: Entry['settled']): DropReason | 'quiet' | undefined {
    const { core } = this;
    core.emitted++;
    try {
      if (core.isClosed) return this.#drop('after_close', 'an event was emitted after close');
      if (typeof event !== 'object' || event === null || Array.isArray(event))
        return this.#drop('invalid_event', `an event of ${printable(stream)} is no object`);
      const plan = this.#plans.get(stream) ?? this.#planFor(stream);
      if (plan === undefined) return this.#drop('invalid_event', `${printable(stream)} is no name of a stream`);
      if (plan.lanes.length === 0 || core.tooMild(event)) {
        core.filtered++;
        return 'quiet';
      }
      let given = event;
      if (plan.gated) {
        const reason = this.#gate?.reason(event as Record<string, unknown>, Date.now());
        if (reason === undefined) {
          core.unchanged++;
          return 'quiet';
        }
        given = { emit_reason: reason, heartbeat_s: core.heartbeatS, ...event };
      }
      if (plan.rate < 1 && Math.random() >= plan.rate) {
        core.sampled++;
        return 'quiet';
      }
      return this.#give(plan, stream, given, settled);
    } catch (error) {
      // A getter that throws where it was not expected, or a fault of ours: the bot's loop goes on.
      return this.#drop('unserialisable', `an event of ${printable(stream)} cannot be read: ${textOfError(error)}`);
    }
  }

  #give(plan: Plan, stream: string, event: object, settled: Entry['settled']): DropReason | undefined {
    const { core } = this;
    const nowMs = Date.now();
    const seq = ++core.seq;
    const line = this.#lineOf(plan, stream, event, { seq, nowMs });
    if (typeof line !== 'string')
      return this.#drop(line.problem, `an event of ${stream} was dropped: ${PROBLEMS[line.problem]}`);
    // A character has one byte at least and three at most.
    if (line.length * 3 > core.maxEventBytes && Buffer.byteLength(line) > core.maxEventBytes)
      return this.#drop(
        'too_large',
        `an event of ${stream} has ${Buffer.byteLength(line)} bytes, at most ${core.maxEventBytes} are sent`,
      );
    const entry: Entry = { stream, precious: plan.precious, ordinal: seq, emittedMs: nowMs, line, bytes: -1, settled };
    for (const lane of plan.lanes) lane.push(entry);
    if (core.options.immediate === true) for (const lane of plan.lanes) lane.saveNow();
    return undefined;
  }

  #lineOf(plan: Plan, stream: string, event: object, at: Moment): string | Problem {
    try {
      const own = this.#saysReserved(event);
      const body = JSON.stringify(own ? this.#merged(plan, stream, event as Said, at) : event);
      // What does not begin with a brace comes from a toJSON.
      if (typeof body === 'string' && body.charCodeAt(0) === BRACE && body.length > 2 && !hasSkipped(body, event))
        return own ? body : `${plan.head}${at.seq}${SEQ}${at.seq}${emittedAt(at.nowMs)}${body.slice(1)}`;
    } catch {
      // A cycle, a BigInt, a getter that throws.
    }
    const body = serialiseCarefully(event, this.core.maxEventBytes);
    if ('problem' in body) return body;
    if (body.repaired) {
      this.core.repaired++;
      this.core.report('repaired', `an event of ${stream} held what JSON cannot carry; it was sent without that`);
    }
    return JSON.stringify(this.#merged(plan, stream, JSON.parse(body.json), at));
  }

  /** Asked for each event, one name after the other: a loop over names is measurably slower. */
  #saysReserved(event: object): boolean {
    const said = event as Said;
    if (
      said.event_id !== undefined ||
      said.seq !== undefined ||
      said.emitted_at !== undefined ||
      said.stream !== undefined ||
      said.strategy_id !== undefined ||
      said.session_id !== undefined ||
      said.mode !== undefined ||
      said.emitter_version !== undefined ||
      said.schema_version !== undefined ||
      said.sample_rate !== undefined
    )
      return true;
    for (const name of this.#more) if (said[name] !== undefined) return true;
    return false;
  }

  /** What the event says goes before what the emitter would have said, but for what only the emitter can know. */
  #merged({ rate }: Plan, stream: string, event: Said, { seq, nowMs }: Moment): Said {
    const id = `${this.core.nonce}-${seq}`;
    const ours = this.#ours(stream, rate);
    const certain = { stream, seq, emitted_at: isoOf(nowMs), emitter_version: EMITTER_VERSION };
    // The version that this emitter writes is the current one, which need not be said; another would not be read.
    const all: Said = { ...ours, event_id: id, ...event, ...certain, schema_version: undefined };
    for (const name of Object.keys(ours)) if (all[name] === undefined) all[name] = ours[name];
    if (typeof all.event_id !== 'string' || all.event_id === '') all.event_id = id;
    return all;
  }

  #ours(stream: string, rate: number): Said {
    return { stream, ...this.#context, emitter_version: EMITTER_VERSION, ...(rate < 1 && { sample_rate: rate }) };
  }

  #planFor(stream: string): Plan | undefined {
    if (typeof stream !== 'string' || !STREAM_NAME.test(stream)) return undefined;
    const { options, lanes } = this.core;
    const rate = sampleRate(stream, options.sampling);
    const ours = JSON.stringify(this.#ours(stream, rate));
    const plan: Plan = {
      lanes: passes(stream, options.filter ?? {}) ? lanes.filter((lane) => lane.takes(stream)) : [],
      rate,
      precious: isPrecious(stream),
      gated: stream === 'health' && this.#gate !== undefined,
      head: `${ours.slice(0, -1)},"event_id":"${this.core.nonce}-`,
    };
    if (this.#plans.size < MOST_PLANS) this.#plans.set(stream, plan);
    return plan;
  }

  #drop(reason: DropReason, message: string): DropReason {
    this.core.drop(reason, message);
    return reason;
  }
}

const PROBLEMS = { too_large: 'it is too large', unserialisable: 'no JSON can be made of it' } as const;

class BestEffortEmitter extends BaseEmitter<void> {
  override emit<N extends BotStream>(stream: N, event: BotEvent<N>): void {
    this.take(stream, event, undefined);
  }

  override child(context: Context): Emitter {
    return new BestEffortEmitter(this.core, this.childContext(context));
  }
}

class StrictEmitter extends BaseEmitter<Promise<Receipt>> {
  override emit<N extends BotStream>(stream: N, event: BotEvent<N>): Promise<Receipt> {
    return new Promise((resolve) => {
      let waiting = 0;
      let dropped: DropReason | undefined;
      const settled = (reason: DropReason | undefined): void => {
        dropped ??= reason;
        if (--waiting <= 0) resolve(dropped === undefined ? { delivered: true } : { delivered: false, dropped });
      };
      waiting = this.core.lanes.filter((lane) => lane.takes(stream)).length;
      const reason = this.take(stream, event, settled);
      if (reason === 'quiet') resolve(QUIET);
      else if (reason !== undefined) resolve({ delivered: false, dropped: reason });
    });
  }

  override child(context: Context): Emitter<Promise<Receipt>> {
    return new StrictEmitter(this.core, this.childContext(context));
  }
}

const printable = (stream: unknown): string =>
  typeof stream === 'string' ? JSON.stringify(stream.slice(0, 64)) : typeof stream;
