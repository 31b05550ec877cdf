import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createMemoryStore } from '../../../lib/adapters/memory/object-store.ts';
import { createMemoryStateStore } from '../../../lib/adapters/memory/state-store.ts';
import { objectKey } from '../../../lib/core/lake/keys.ts';
import type { Ledger } from '../../../lib/core/lifecycle/ledger.ts';
import { LedgerRunner, type LedgerRunnerOptions } from '../../../lib/desk/lifecycle/runner.ts';
import { listeningLog } from '../support/stand-in.ts';

const NOON_MS = Date.UTC(2025, 11, 3, 12);

class Heard implements Ledger {
  readonly batches: string[][] = [];
  ticks = 0;
  rebuilds = 0;
  working = 0;
  most = 0;
  fail: (keys: readonly string[]) => boolean = () => false;

  async applyObjects(keys: readonly string[]): Promise<void> {
    await this.#work();
    if (this.fail(keys)) throw new Error('no disk');
    this.batches.push([...keys]);
  }

  async tick(): Promise<void> {
    await this.#work();
    this.ticks++;
  }

  async rebuild(): Promise<[]> {
    await this.#work();
    this.rebuilds++;
    return [];
  }

  async #work(): Promise<void> {
    this.most = Math.max(this.most, ++this.working);
    await sleep(1);
    this.working--;
  }
}

function place() {
  const store = createMemoryStore();
  const state = createMemoryStateStore();
  const log = listeningLog();
  const ledger = new Heard();
  const clock = { at: NOON_MS, nowMs: () => clock.at };
  let made = 0;
  const keyAt = (atMs: number): string =>
    objectKey(
      'events',
      { stream: 'order', version: 1, date: '2025-12-03' },
      { producer: 'd', atMs, unique: `u${made++}` },
    );
  const open = (over: Partial<LedgerRunnerOptions> = {}): LedgerRunner => {
    const options = { ledger, store, state, clock, log, busy: () => false, gatherMs: 1, tickMs: 5 };
    const runner = new LedgerRunner({ ...options, retry: { firstMs: 1, maxMs: 2 }, ...over });
    onTestFinished(() => runner.stop(1_000));
    return runner;
  };
  return { store, log, ledger, clock, keyAt, open };
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await sleep(2);
}

describe('the runner of the ledger', () => {
  test('shows every object once, one call at a time, and all that waits before it stops', async () => {
    const { ledger, keyAt, open } = place();
    const runner = open();
    runner.start();
    const keys = Array.from({ length: 300 }, (_, n) => keyAt(NOON_MS + 1000 * (n >> 3)));
    for (const [n, key] of keys.entries()) {
      runner.push(key);
      if (n % 50 === 0) await sleep(3);
    }
    await runner.stop(5_000);
    expect(ledger.batches.flat()).toEqual(keys);
    expect(ledger.most).toBe(1);
    expect(runner.stats()).toMatchObject({ queued: 0, taken: 300, caughtUp: true });
  });

  test('does not part the objects of one flush', async () => {
    const { ledger, keyAt, open } = place();
    const runner = open();
    const keys = Array.from({ length: 200 }, (_, n) => keyAt(NOON_MS + (n < 40 ? 0 : n < 140 ? 5_000 : 10_000)));
    for (const key of keys) runner.push(key);
    runner.start();
    await runner.stop(5_000);
    expect(ledger.batches.map(({ length }) => length)).toEqual([140, 60]);
  });

  test('goes on after a failure, and sets aside what fails again and again', async () => {
    const { ledger, log, clock, keyAt, open } = place();
    const runner = open();
    runner.start();
    await until(() => ledger.ticks > 0);
    const [bad, good] = [keyAt(NOON_MS), keyAt(NOON_MS + 1000)];
    ledger.fail = (keys) => keys.includes(bad);
    runner.push(bad);
    await until(() => runner.stats().setAside === 1);
    runner.push(good);
    await until(() => ledger.batches.length === 1);
    expect(ledger.batches).toEqual([[good]]);
    expect(runner.stats().failures).toBe(5);
    expect(log.said.filter(({ level, message }) => level === 'error' && /tried again/.test(message))).toHaveLength(1);
    ledger.fail = () => false;
    clock.at += 60_001;
    await until(() => runner.stats().setAside === 0);
    expect(ledger.batches).toEqual([[good], [bad]]);
  });

  test('shows after a crash what was written since it was last known to be done, in the order of writing', async () => {
    const { store, ledger, clock, keyAt, open } = place();
    const first = open();
    first.start();
    await first.stop(1_000); // noted: done up to noon
    expect(ledger.rebuilds).toBe(1);
    clock.at += 3_600_000;
    const keys = [clock.at + 3_000, clock.at + 1_000, NOON_MS - 3_600_000].map(keyAt);
    for (const key of keys) await store.put(key, new Uint8Array());
    const next = open();
    next.start();
    await until(() => next.stats().caughtUp && next.stats().queued === 0 && ledger.batches.length > 0);
    expect(ledger.batches.flat()).toEqual([keys[1], keys[0]]);
    expect(ledger.rebuilds).toBe(1);
  });

  test('what a failing ledger could not take in is shown to it again at the next start', async () => {
    const { store, ledger, keyAt, clock, open } = place();
    const first = open();
    first.start();
    await until(() => ledger.ticks > 1); // it has noted that all is done so far
    const key = keyAt(clock.at);
    await store.put(key, new Uint8Array());
    ledger.fail = () => true;
    first.push(key);
    await first.stop(1_000);
    clock.at += 7_200_000;
    ledger.fail = () => false;
    const next = open();
    next.start();
    await until(() => ledger.batches.length > 0);
    expect(ledger.batches).toEqual([[key]]);
  });

  test('leaves most of the time to the intake while that has a backlog', async () => {
    const { ledger, keyAt, open } = place();
    const calls: { readonly fromMs: number; readonly toMs: number }[] = [];
    const slow: Ledger = {
      async applyObjects() {
        const fromMs = performance.now();
        await sleep(5);
        calls.push({ fromMs, toMs: performance.now() });
      },
      tick: () => ledger.tick(),
      rebuild: () => ledger.rebuild(),
    };
    const runner = open({ ledger: slow, busy: () => true });
    for (let n = 0; n < 256; n++) runner.push(keyAt(NOON_MS + 1000 * n));
    runner.start();
    await until(() => calls.length === 4);
    for (const [index, { fromMs, toMs }] of calls.entries()) {
      const next = calls[index + 1];
      if (next !== undefined) expect(next.fromMs - toMs).toBeGreaterThan(3 * (toMs - fromMs)); // a timer is never early
    }
  });
});
