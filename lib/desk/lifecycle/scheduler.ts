import { messageOf } from '../../core/errors.ts';
import type { Clock, Log, StateStore } from '../../core/ports/index.ts';

/** Work that is done once for every hour or day that has ended. */
export interface Job {
  /** Its name in the state and the log; lower case. */
  readonly name: string;
  readonly every: 'hour' | 'day';
  /**
   * Does the work of the bucket that ended at a moment (UTC, ms since the epoch, exclusive). Called once for each bucket,
   * in order; again only where it failed, or the desk died before it was noted: it must bear that.
   */
  run(bucketEndMs: number): Promise<void>;
}

export interface SchedulerOptions {
  readonly jobs: readonly Job[];
  readonly state: StateStore;
  readonly clock: Clock;
  readonly log: Log;
  /** How long after its end a bucket is worked on: what waits for late events is settled by then, ms. @default 120,000 */
  readonly graceMs?: number;
  /** How often it looks, ms. @default 15,000 */
  readonly everyMs?: number;
}

export interface Scheduler {
  /** Does what is due. Never two jobs at once. */
  check(): Promise<void>;
  start(): void;
  /** Starts nothing more, and waits for the job that runs. */
  stop(): Promise<void>;
}

const STATE = 'state/scheduler.json';
const WIDTH_MS = { hour: 3_600_000, day: 86_400_000 } as const;

/** Buckets made up for after a desk was off; older ones are left to the commands. */
const MOST_MISSED = { hour: 24 * 7, day: 31 } as const;

type Done = Readonly<Record<string, number>>;

/** Runs jobs for closed hours and days, each bucket once, also those that ended while no desk ran. */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const { jobs, state, clock, log, graceMs = 120_000, everyMs = 15_000 } = options;
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> | undefined;

  async function work(): Promise<void> {
    let done = await readDone(state);
    for (const job of jobs) {
      for (const endMs of dueBuckets(job, done[job.name], clock.nowMs() - graceMs)) {
        if (stopping) return;
        try {
          await job.run(endMs);
        } catch (error) {
          log.error('a scheduled job failed; it is tried again', { job: job.name, reason: messageOf(error) });
          break; // its later buckets wait, the other jobs do not
        }
        done = await note(state, { [job.name]: endMs });
      }
    }
  }

  const check = (): Promise<void> => {
    working ??= work()
      .catch((error: unknown) => log.error('the scheduler failed; it is tried again', { reason: messageOf(error) }))
      .finally(() => {
        working = undefined;
      });
    return working;
  };

  return {
    check,
    start() {
      if (jobs.length === 0) return;
      timer ??= setInterval(() => void check(), everyMs);
      void check();
    },
    async stop() {
      stopping = true;
      clearInterval(timer);
      await working;
    },
  };
}

/** Ends of the buckets to be worked on, oldest first. A job that is new begins with the last closed bucket. */
export function dueBuckets({ every }: Pick<Job, 'every'>, lastMs: number | undefined, nowMs: number): number[] {
  const widthMs = WIDTH_MS[every];
  const newest = Math.floor(nowMs / widthMs) * widthMs;
  const first = Math.max((lastMs ?? newest - widthMs) + widthMs, newest - (MOST_MISSED[every] - 1) * widthMs);
  const due: number[] = [];
  for (let endMs = first; endMs <= newest; endMs += widthMs) due.push(endMs);
  return due;
}

async function readDone(state: StateStore): Promise<Done> {
  const found = await state.get(STATE);
  return found === undefined ? {} : parse(found.body);
}

/** Jobs may be noted by a desk and, some day, by others. */
async function note(state: StateStore, more: Done): Promise<Done> {
  for (;;) {
    const found = await state.get(STATE);
    const done = { ...(found === undefined ? {} : parse(found.body)), ...more };
    const body = new TextEncoder().encode(`${JSON.stringify(done)}\n`);
    if ((await state.put(STATE, body, found?.version)) !== undefined) return done;
  }
}

function parse(body: Uint8Array): Done {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    const entries = Object.entries(value ?? {}).filter(([, ms]) => typeof ms === 'number');
    return Object.fromEntries(entries);
  } catch {
    return {};
  }
}
