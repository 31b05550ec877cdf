import { describe, expect, test } from 'vitest';
import { createMemoryStateStore } from '../../../lib/adapters/memory/state-store.ts';
import { Watch } from '../../../lib/core/alerts/runtime-watch.ts';
import type { Log, StateStore } from '../../../lib/core/ports/index.ts';

const NOON = Date.UTC(2026, 0, 5, 12);
const SECOND = 1_000;
const MINUTE = 60_000;
const log: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

const watchOver = (state: StateStore, { isShared = false } = {}): Watch =>
  new Watch({ ports: { state, log }, everyMs: MINUTE, isShared });

async function lookEach(watch: Watch, { fromMs, toMs }: { fromMs: number; toMs: number }): Promise<void> {
  for (let ms = fromMs; ms <= toMs; ms += SECOND) await watch.look(ms);
}

describe('since when somebody watches', () => {
  test('is the first look, for as long as there is no break', async () => {
    const watch = watchOver(createMemoryStateStore());
    expect(watch.sinceMs).toBeUndefined();

    await lookEach(watch, { fromMs: NOON, toMs: NOON + 10 * MINUTE });

    expect(watch.sinceMs).toBe(NOON);
  });

  test('survives a short restart, and begins anew after a long one', async () => {
    const state = createMemoryStateStore();
    await lookEach(watchOver(state), { fromMs: NOON, toMs: NOON + 5 * MINUTE });

    const soon = watchOver(state);
    await lookEach(soon, { fromMs: NOON + 6 * MINUTE, toMs: NOON + 8 * MINUTE });
    expect(soon.sinceMs).toBe(NOON);
    const late = watchOver(state);
    await late.look(NOON + 30 * MINUTE);
    expect(late.sinceMs).toBe(NOON + 30 * MINUTE);
  });

  test('begins anew after a break of a process that goes on, such as a machine that slept', async () => {
    const watch = watchOver(createMemoryStateStore());
    await lookEach(watch, { fromMs: NOON, toMs: NOON + 5 * MINUTE });

    await watch.look(NOON + 9 * MINUTE);

    expect(watch.sinceMs).toBe(NOON + 9 * MINUTE);
  });

  test('is the same for all who watch the same lake, whoever looks', async () => {
    const state = createMemoryStateStore();
    const [one, other] = [watchOver(state, { isShared: true }), watchOver(state, { isShared: true })];

    for (let minute = 0; minute < 20; minute++) await (minute % 3 === 0 ? one : other).look(NOON + minute * MINUTE);

    expect([one.sinceMs, other.sinceMs]).toEqual([NOON, NOON]);
  });

  test('is noted at most once a minute', async () => {
    let puts = 0;
    const memory = createMemoryStateStore();
    const state: StateStore = {
      get: (key) => memory.get(key),
      list: (prefix) => memory.list(prefix),
      delete: (key) => memory.delete(key),
      put: (key, body, version) => {
        puts++;
        return memory.put(key, body, version);
      },
    };

    await lookEach(watchOver(state), { fromMs: NOON, toMs: NOON + 5 * MINUTE });

    expect(puts).toBe(6);
  });

  test('is known again where the note was damaged, and where it cannot be written', async () => {
    const state = createMemoryStateStore();
    await state.put('state/alerts-watch.json', new TextEncoder().encode('{"since'), undefined);
    const watch = watchOver(state);
    await lookEach(watch, { fromMs: NOON, toMs: NOON + 2 * MINUTE });
    expect(watch.sinceMs).toBe(NOON);

    const broken = watchOver({ ...state, put: () => Promise.reject(new Error('no disk')) });
    await lookEach(broken, { fromMs: NOON + 3 * MINUTE, toMs: NOON + 4 * MINUTE });
    expect(broken.sinceMs).toBe(NOON);
  });
});
