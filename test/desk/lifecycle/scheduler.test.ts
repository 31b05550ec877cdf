import { describe, expect, test } from 'vitest';
import { createMemoryStateStore } from '../../../lib/adapters/memory/state-store.ts';
import { createScheduler, dueBuckets, type Job } from '../../../lib/desk/lifecycle/scheduler.ts';
import { listeningLog } from '../support/stand-in.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOON_MS = Date.UTC(2025, 11, 3, 12);

function place() {
  const state = createMemoryStateStore();
  const log = listeningLog();
  const clock = { at: NOON_MS, nowMs: () => clock.at };
  const open = (jobs: readonly Job[]) => createScheduler({ jobs, state, clock, log, graceMs: 60_000 });
  return { log, clock, open };
}

const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 13);

describe('the scheduler', () => {
  test('does the work of each closed hour and day once, in order, after its grace', async () => {
    const { clock, open } = place();
    const done: string[] = [];
    const job = (every: Job['every']): Job => ({
      name: every,
      every,
      run: async (ms) => void done.push(`${every} ${iso(ms)}`),
    });
    const scheduler = open([job('hour'), job('day')]);
    for (let minute = 0; minute < 150; minute += 10, clock.at += 600_000) await scheduler.check();
    expect(done).toEqual([
      'hour 2025-12-03T11',
      'day 2025-12-03T00',
      'hour 2025-12-03T12',
      'hour 2025-12-03T13',
      'hour 2025-12-03T14',
    ]);
  });

  test('makes up for what ended while nothing ran, up to a limit', async () => {
    const { clock, open } = place();
    const done: number[] = [];
    const job: Job = { name: 'a', every: 'day', run: async (ms) => void done.push(ms) };
    await open([job]).check();
    clock.at += 3 * DAY_MS;
    await open([job]).check();
    expect(done.map(iso)).toEqual(['2025-12-03T00', '2025-12-04T00', '2025-12-05T00', '2025-12-06T00']);
    expect(dueBuckets({ every: 'day' }, 0, NOON_MS)).toHaveLength(31);
    expect(dueBuckets({ every: 'hour' }, NOON_MS, NOON_MS)).toEqual([]);
  });

  test('a job that fails is tried again with the same bucket, and keeps no other from its work', async () => {
    const { clock, log, open } = place();
    const tried: string[] = [];
    let broken = true;
    const jobs: Job[] = [
      {
        name: 'bad',
        every: 'hour',
        async run(ms) {
          tried.push(`bad ${iso(ms)}`);
          if (broken) throw new Error('no disk');
        },
      },
      { name: 'good', every: 'hour', run: async (ms) => void tried.push(`good ${iso(ms)}`) },
    ];
    await open(jobs).check();
    clock.at += HOUR_MS;
    broken = false;
    await open(jobs).check();
    expect(tried).toEqual(['bad 2025-12-03T11', 'good 2025-12-03T11', 'bad 2025-12-03T12', 'good 2025-12-03T12']);
    expect(log.said.map(({ level, facts }) => [level, facts?.job])).toEqual([['error', 'bad']]);
  });

  test('never runs two jobs at once, and waits for the one that runs when it stops', async () => {
    const { open } = place();
    let running = 0;
    let most = 0;
    const job = (name: string): Job => ({
      name,
      every: 'hour',
      async run() {
        most = Math.max(most, ++running);
        await new Promise(setImmediate);
        running--;
      },
    });
    const scheduler = open([job('a'), job('b')]);
    scheduler.start();
    void scheduler.check();
    await scheduler.check();
    await scheduler.stop();
    expect([most, running]).toEqual([1, 0]);
  });
});
