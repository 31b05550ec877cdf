import { randomBytes } from 'node:crypto';
import { MAX_RECORD_BYTES, PACK_BYTES, PACK_LINES } from '../core/limits.ts';
import type { EmitterStats, Settled } from './answers.ts';
import { isoOf } from './clock.ts';
import { DeadLetters } from './dead-letters.ts';
import type { DropReason } from './drop-reason.ts';
import { EmitterError, numberIn, onlyKnown, textOf, textOfError } from './emitter-error.ts';
import type { BotStream } from './event.ts';
import { watchForEnd } from './hooks.ts';
import { Lane } from './lane.ts';
import { type EmitterOptions, MODES, OPTION_NAMES, type Report } from './options.ts';
import type { Entry } from './outbox.ts';
import { type ProcessFacts, ProcessWatch } from './process-facts.ts';
import { createReporter } from './reporter.ts';
import { checkSampling, passes, rankOf, severityRank } from './rules.ts';
import { createSeal } from './seal.ts';
import { type Route, routesOf } from './sink.ts';
import { Spool, type SpoolSettings } from './spool/spool.ts';

const MIB = 1024 * 1024;

/** Everything that the children of one emitter share. */
export class Core {
  readonly sessionId: string;
  readonly strategyId: string;
  readonly mode: string;
  readonly lanes: readonly Lane[];
  readonly options: EmitterOptions;
  readonly nonce = randomBytes(6).toString('hex');
  readonly maxEventBytes: number;
  readonly strict: boolean;
  readonly heartbeatS: number;
  readonly #minRank: number | undefined;
  readonly report: (code: Report['code'], message: string, about?: string) => void;
  readonly #unwatch: () => void;
  readonly #watch: ProcessWatch | undefined;
  readonly #systemTimer: NodeJS.Timeout | undefined;
  readonly #deadLetters: DeadLetters | undefined;
  readonly #exitTimeoutMs: number;
  readonly #dropped: Partial<Record<DropReason, number>> = Object.create(null);
  #closed: Promise<Settled> | undefined;
  #finished = false;
  #stopSaid = false;
  seq = 0;
  #ids = 0;
  emitted = 0;
  filtered = 0;
  sampled = 0;
  unchanged = 0;
  repaired = 0;
  /** The emitter that speaks for the core itself. */
  voice: { say(stream: BotStream, event: object): void } | undefined;

  constructor(options: EmitterOptions) {
    onlyKnown('createEmitter', options, OPTION_NAMES);
    this.options = options;
    this.strategyId = textOf('strategyId', options.strategyId);
    if (!MODES.includes(options.mode))
      throw new EmitterError(`mode must be one of ${MODES.join(', ')}, got ${String(options.mode)}`);
    this.mode = options.mode;
    this.sessionId = options.sessionId === undefined ? newSessionId() : textOf('sessionId', options.sessionId);
    if (options.delivery !== undefined && options.delivery !== 'strict' && options.delivery !== 'best_effort')
      throw new EmitterError(`delivery must be best_effort or strict, got ${String(options.delivery)}`);
    this.strict = options.delivery === 'strict';
    checkSampling(options.sampling);
    onlyKnown('filter', options.filter ?? {}, ['include', 'exclude', 'minSeverity']);
    this.#minRank = severityRank(options.filter?.minSeverity);
    const health = options.health === false ? {} : (options.health ?? {});
    onlyKnown('health', health, ['heartbeatS', 'thresholds']);
    this.heartbeatS = numberIn('health.heartbeatS', health.heartbeatS, { from: 1, to: 604_800, otherwise: 3_600 });
    this.maxEventBytes = numberIn('maxEventBytes', options.maxEventBytes, {
      from: 100,
      to: MAX_RECORD_BYTES - 1,
      otherwise: PACK_BYTES - 1,
    });
    this.#exitTimeoutMs = numberIn('exitTimeoutMs', options.exitTimeoutMs, { from: 0, to: 600_000, otherwise: 2_000 });
    this.report = createReporter(options.report);
    if (options.deadLetters !== undefined) this.#deadLetters = new DeadLetters(options.deadLetters, this.report);
    this.lanes = this.#makeLanes();
    const everyMs = options.systemEveryMs;
    if (everyMs !== false) {
      this.#watch = new ProcessWatch();
      const wait = numberIn('systemEveryMs', everyMs, { from: 10, to: 86_400_000, otherwise: 60_000 });
      this.#systemTimer = setInterval(() => this.#tick(), wait).unref();
    }
    this.#unwatch =
      options.onExit === false
        ? () => undefined
        : watchForEnd({
            finish: (ends) => this.#finish(ends),
            saveSync: (code) => this.#saveSync(code),
            failed: (error) => this.#failed(error),
          });
  }

  #makeLanes(): Lane[] {
    const { queue = {}, batch = {}, retry = {}, spool } = this.options;
    onlyKnown('queue', queue, ['maxEvents', 'maxBytes']);
    onlyKnown('batch', batch, ['events', 'bytes', 'everyMs']);
    onlyKnown('retry', retry, ['attempts', 'forMs', 'firstWaitMs', 'maxWaitMs']);
    if (spool !== undefined) onlyKnown('spool', spool, ['dir', 'maxBytes', 'segmentBytes', 'everyMs', 'sync']);
    const limits = {
      maxEvents: numberIn('queue.maxEvents', queue.maxEvents, { from: 1, to: 10_000_000, otherwise: 10_000 }),
      maxBytes: numberIn('queue.maxBytes', queue.maxBytes, { from: 1_000, to: 8 * 1024 * MIB, otherwise: 16 * MIB }),
    };
    const everyMs = numberIn('batch.everyMs', batch.everyMs, {
      from: 0,
      to: 900_000,
      otherwise: this.strict ? 10 : 1_000,
    });
    const [events, bytes] = [
      numberIn('batch.events', batch.events, { from: 1, to: 50_000, otherwise: PACK_LINES }),
      numberIn('batch.bytes', batch.bytes, { from: 1_000, to: 4 * MIB, otherwise: PACK_BYTES }),
    ];
    const redaction = createSeal(this.options);
    const seal = (entry: Entry): void => {
      if (entry.bytes >= 0) return;
      entry.line = redaction(entry.line);
      entry.bytes = Buffer.byteLength(entry.line);
    };
    const never = Number.POSITIVE_INFINITY;
    const names = new Set<string>();
    return routesOf(this.options.sink).map((route) => {
      const { sink } = route;
      if (typeof sink?.send !== 'function' || typeof sink.name !== 'string')
        throw new EmitterError('sink: each sink needs a name and a method send');
      if (names.has(sink.name))
        throw new EmitterError(`sink: two sinks are called ${sink.name}; give one another name`);
      names.add(sink.name);
      const lane = new Lane({
        sink,
        takes: (stream) => passes(stream, route),
        queue: limits,
        batch: {
          events: Math.min(events, sink.limits?.events ?? events),
          bytes: Math.min(bytes, sink.limits?.bytes ?? bytes),
          everyMs,
        },
        retry: {
          attempts: numberIn('retry.attempts', retry.attempts, { from: 1, to: never, otherwise: never }),
          forMs: numberIn('retry.forMs', retry.forMs, { from: 0, to: never, otherwise: never }),
          firstWaitMs: numberIn('retry.firstWaitMs', retry.firstWaitMs, { from: 1, to: 600_000, otherwise: 100 }),
          maxWaitMs: numberIn('retry.maxWaitMs', retry.maxWaitMs, { from: 1, to: 3_600_000, otherwise: 30_000 }),
        },
        sendTimeoutMs: numberIn('sendTimeoutMs', this.options.sendTimeoutMs, {
          from: 1,
          to: 3_600_000,
          otherwise: 30_000,
        }),
        spoolEveryMs: numberIn('spool.everyMs', spool?.everyMs, { from: 1, to: 60_000, otherwise: 100 }),
        seal,
        report: ({ code, message }) => this.report(code as Report['code'], message, sink.name),
        onDrop: (entry, reason, why) => {
          this.report(reason, `${sink.name}: an event of ${entry.stream} was dropped: ${why}`, sink.name);
          if (reason === 'refused' || reason === 'gave_up') this.#deadLetters?.add(entry, why);
        },
      });
      if (spool !== undefined && sink.remote === true)
        this.#giveSpool(lane, route, { residentBytes: limits.maxBytes, batch: lane.batch });
      return lane;
    });
  }

  #giveSpool(lane: Lane, { sink }: Route, own: Pick<SpoolSettings, 'residentBytes' | 'batch'>): void {
    const { spool } = this.options;
    if (spool === undefined) return;
    const dir = `${textOf('spool.dir', spool.dir)}/${sink.name.replaceAll(/[^\w.-]+/g, '_')}`;
    const maxBytes = numberIn('spool.maxBytes', spool.maxBytes, { from: 10_000, to: 2 ** 50, otherwise: 256 * MIB });
    const segmentBytes = numberIn('spool.segmentBytes', spool.segmentBytes, {
      from: 1_000,
      to: maxBytes,
      otherwise: Math.min(4 * MIB, Math.ceil(maxBytes / 16)),
    });
    lane.useSpool((events) => new Spool({ dir, maxBytes, segmentBytes, sync: spool.sync === true, ...own }, events));
  }

  nextId(kind: string): string {
    return `${kind}-${this.nonce}-${++this.#ids}`;
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /** Whether the event's level is too low. */
  tooMild(event: { readonly level?: unknown }): boolean {
    return this.#minRank !== undefined && rankOf(event.level) < this.#minRank;
  }

  drop(reason: DropReason, message: string): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1;
    this.report(reason, message);
  }

  #tick(): void {
    this.voice?.say('system', this.#systemEvent());
    for (const lane of this.lanes) lane.adopt();
  }

  /** The process, and what the emitter did so far: its own figures have names of their own and are kept in `extra`. */
  #systemEvent(): object {
    const facts: Partial<ProcessFacts> = this.#watch?.look() ?? {};
    const { sinks, ...own } = this.stats();
    return {
      event: 'heartbeat',
      component: 'nightdesk_emitter',
      level: 'info',
      ...facts,
      emitter: {
        ...own,
        sinks: sinks.map(({ name, held, delivered, retried, dropped, spoolBytes, oldestAgeMs, lastProblem }) => ({
          name,
          queued: held,
          sent: delivered,
          retried,
          dropped,
          spool_bytes: spoolBytes,
          oldest_age_ms: oldestAgeMs,
          last_problem: lastProblem,
        })),
      },
    };
  }

  /** Health events at start and stop are always sent. */
  announce(phase: 'start' | 'stop'): void {
    if (this.options.health === false || this.#stopSaid) return;
    this.#stopSaid = phase === 'stop';
    this.voice?.say('health', { session_phase: phase, heartbeat_s: this.heartbeatS });
  }

  async #finish(ends: boolean): Promise<void> {
    // What is being closed is being sent.
    if (this.#closed !== undefined) return within(this.#exitTimeoutMs, this.#closed);
    if (this.#finished) return;
    if (ends) {
      this.#finished = true; // `beforeExit` comes again after each wait
      this.announce('stop');
    }
    await this.flush(this.#exitTimeoutMs);
  }

  #saveSync(exitCode: number): void {
    if (this.isClosed) return;
    if (exitCode === 0) this.announce('stop'); // a bot that died has not said goodbye, so that it is missed
    for (const lane of this.lanes) lane.saveSync();
  }

  #failed(error: unknown): void {
    const { name, stack } = error instanceof Error ? error : { name: typeof error, stack: undefined };
    this.voice?.say('error', {
      message: textOfError(error),
      error_type: name,
      stacktrace: stack,
      component: 'process',
      level: 'critical',
      is_error: true,
    });
  }

  async flush(timeoutMs: number): Promise<Settled> {
    if (this.#closed !== undefined) return this.#closed;
    await within(timeoutMs, Promise.all(this.lanes.map((lane) => lane.flush())));
    return this.settled();
  }

  close(timeoutMs: number): Promise<Settled> {
    if (this.#closed !== undefined) return this.#closed;
    this.announce('stop');
    const closing = (async () => {
      await within(timeoutMs, Promise.all(this.lanes.map((lane) => lane.flush())));
      await Promise.all(this.lanes.map((lane) => lane.close()));
      await this.#deadLetters?.close();
      return this.settled();
    })();
    clearInterval(this.#systemTimer);
    this.#watch?.stop();
    this.#closed = closing.catch(() => this.settled());
    void this.#closed.then(this.#unwatch);
    return this.#closed;
  }

  settled(): Settled {
    const sinks = this.lanes.map((lane) => lane.stats());
    return {
      delivered: sinks.reduce((sum, { delivered }) => sum + delivered, 0),
      dropped: sinks.reduce((sum, { dropped }) => sum + Object.values(dropped).reduce((a, b) => a + b, 0), 0),
      held: sinks.reduce((sum, { held }) => sum + held, 0),
    };
  }

  stats(): EmitterStats {
    return {
      emitted: this.emitted,
      quiet: { filtered: this.filtered, sampled: this.sampled, unchanged: this.unchanged },
      dropped: { ...this.#dropped },
      repaired: this.repaired,
      sinks: this.lanes.map((lane) => lane.stats()),
    };
  }
}

const newSessionId = (): string =>
  `${isoOf(Date.now()).slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${randomBytes(4).toString('hex')}`;

/** Waits, but not for ever. The timer keeps the process alive: somebody waits for the answer. */
async function within(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.min(timeoutMs, 2 ** 31 - 1));
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
