import { describe, expect, test } from 'vitest';
import type { LakeRecord } from '../../../lib/core/lake/read.ts';
import { DAY_MS, expectedRows, fill, Harness, LATENESS_MS, START_MS, shownRows } from './ledger-harness.ts';

const stateOperations = ({ operations }: Harness): string[] => operations.filter((one) => one.startsWith('state'));

describe('the ledger', () => {
  test('says what the events say in their order, once they have waited', async () => {
    const lake = new Harness();
    const ledger = lake.ledger();
    const events = [3, 1, 2, 0].map((n) => fill(START_MS - n * 1000));
    await ledger.applyObjects(await lake.write(events));
    await lake.wait(ledger, LATENESS_MS * 2);
    expect(shownRows(await lake.view())).toEqual(expectedRows(events));
  });

  test('reads and writes a state once per call and ledger, and each object once', async () => {
    const lake = new Harness();
    const ledger = lake.ledger();
    for (let call = 0; call < 4; call++) {
      const at = lake.nowMs;
      const keys = await lake.write([
        fill(at),
        fill(at - 5),
        fill(at, { strategy_id: 'other' }),
        fill(at, { mode: null }),
        { ...fill(at), stream: 'health' },
      ]);
      lake.operations.length = 0;
      await ledger.applyObjects(keys);
      const states = stateOperations(lake);
      expect(states).toHaveLength(6);
      expect(new Set(states).size).toBe(6);
      expect(lake.operations.filter((one) => one.startsWith('get '))).toHaveLength(2);
      lake.nowMs += 15_000;
    }
  });

  test('is told the time from another ledger on each minute, so that one that takes long starves no other', async () => {
    const lake = new Harness();
    const ledger = lake.ledger();
    const strategies = ['a', 'b', 'c'];
    await ledger.applyObjects(await lake.write(strategies.map((strategy_id) => fill(lake.nowMs, { strategy_id }))));
    const firsts = new Set<string>();
    for (let minute = 0; minute < 3; minute++) {
      lake.nowMs += 60_000;
      lake.operations.length = 0;
      await lake.ledger().tick();
      firsts.add(stateOperations(lake).find((one) => one.startsWith('state get')) ?? '');
    }
    expect(firsts.size).toBe(strategies.length);
  });

  test('takes in what it can: it tells each object that cannot be read, and those of a state that cannot be written', async () => {
    const lake = new Harness();
    const broken = new Set<string>();
    const ledger = lake.ledger((operation, key) => {
      const name = operation === 'state put' ? 'state' : key;
      if (broken.has(name) && (name !== 'state' || key.includes('bad'))) throw new Error(`no ${operation}`);
    });
    const [unread = ''] = await lake.write([fill(START_MS)]);
    const [good = ''] = await lake.write([fill(START_MS + 1)]);
    const [bad = ''] = await lake.write([fill(START_MS, { strategy_id: 'bad' })]);
    broken.add(unread).add('state');
    const told: [string, string][] = [];
    const keys = [unread, good, bad];

    const call = ledger.applyObjects(keys, (key, error) => told.push([key, (error as Error).message]));

    await expect(call).rejects.toThrow('no get');
    expect(told).toEqual([
      [unread, 'no get'],
      [bad, 'no state put'],
    ]);
    broken.clear();
    await ledger.applyObjects(keys, (key) => told.push([key, 'again']));
    expect(told).toHaveLength(2);
    await lake.wait(ledger, LATENESS_MS * 2);
    expect(await lake.view(['trade_lifecycle'])).toHaveLength(3);
  });

  test('keeps ledgers apart by mode and strategy, null too', async () => {
    const lake = new Harness();
    const ledger = lake.ledger();
    const names: LakeRecord[] = [
      {},
      { mode: null },
      { mode: 'null' },
      { mode: '' },
      { strategy_id: null },
      { strategy_id: 'BOT' },
      { strategy_id: '../bot' },
      { strategy_id: 'x'.repeat(400) },
      { strategy_id: `${'x'.repeat(399)}y` },
    ];
    await ledger.applyObjects(await lake.write(names.map((over) => fill(START_MS, over))));
    await lake.wait(ledger, LATENESS_MS * 2);
    const rows = await lake.view(['trade_lifecycle']);
    expect(rows.map(({ n }) => n)).toEqual(names.map(() => 1));
  });

  test('a late event is folded again from the checkpoint of its day, and only what changed is written', async () => {
    const lake = new Harness();
    const ledger = lake.ledger();
    const events: LakeRecord[] = [];
    for (let day = 0; day < 5; day++) {
      lake.nowMs = START_MS + day * DAY_MS;
      const own = [fill(lake.nowMs), fill(lake.nowMs + 1000)];
      events.push(...own);
      await ledger.applyObjects(await lake.write(own));
      await lake.wait(ledger, LATENESS_MS * 2);
    }
    expect(shownRows(await lake.view())).toEqual(expectedRows(events));

    const late = fill(START_MS + 3 * DAY_MS + 500);
    const before = await lake.view();
    await ledger.applyObjects(await lake.write([late]));
    expect(shownRows(await lake.view())).toEqual(shownRows(before));
    lake.operations.length = 0;
    await lake.wait(ledger, LATENESS_MS * 1.1, 2);
    expect(shownRows(await lake.view())).toEqual(expectedRows([...events, late]));
    const read = lake.operations.filter((one) => one.startsWith('get events/'));
    expect(new Set(read.map((one) => /date=(\S{10})/.exec(one)?.[1]))).toEqual(new Set(['2025-12-06', '2025-12-07']));
    const written = lake.operations.filter((one) => one.startsWith('put derived/trade'));
    expect(written.every((one) => one.includes('date=2025-12-06') || one.includes('date=2025-12-07'))).toBe(true);
  });

  test('late events that come one after another are folded once, but do not put it off for ever', async () => {
    const lake = new Harness();
    const ledger = lake.ledger();
    await ledger.applyObjects(await lake.write([fill(START_MS)]));
    await lake.wait(ledger, LATENESS_MS * 3);
    const folded = (): boolean => lake.operations.some((one) => one.startsWith('get events/execution'));
    let waits = 0;
    for (lake.operations.length = 0; !folded() && waits < 50; waits++) {
      await ledger.applyObjects(
        await lake.write([{ ...fill(START_MS - 1000), stream: 'execution' }]).then((keys) => keys),
      );
      lake.operations.length = 0;
      lake.nowMs += LATENESS_MS / 2;
      await ledger.tick();
    }
    expect(waits).toBeGreaterThan(8);
    expect(waits).toBeLessThan(12);
  });

  test('a redelivery of everything, in any order, by a process that knows nothing, changes nothing', async () => {
    const lake = new Harness();
    const events: LakeRecord[] = [];
    const keys: string[] = [];
    let ledger = lake.ledger();
    for (let day = 0; day < 3; day++) {
      lake.nowMs = START_MS + day * DAY_MS;
      const own = Array.from({ length: 4 }, (_, n) => fill(lake.nowMs + n));
      events.push(...own);
      for (const event of own) keys.push(...(await lake.write([event])));
      await ledger.applyObjects(keys.slice(-4));
      await lake.wait(ledger, LATENESS_MS * 2);
    }
    const before = await lake.view();
    ledger = lake.ledger();
    lake.operations.length = 0;
    await ledger.applyObjects([...keys].reverse());
    expect(lake.operations.filter((one) => one.startsWith('state put'))).toEqual([]);
    // The same events in other objects, as a client sends them again days later.
    lake.nowMs += 2 * DAY_MS;
    await ledger.applyObjects(await lake.write([...events].reverse()));
    await lake.wait(ledger, LATENESS_MS * 3);
    expect(shownRows(await lake.view())).toEqual(shownRows(before));
    expect(shownRows(await lake.view())).toEqual(expectedRows(events));
  });

  test('what waits shows as provisional, then as settled', async () => {
    const lake = new Harness();
    const ledger = lake.ledger();
    const first = fill(START_MS - 60_000);
    await ledger.applyObjects(await lake.write([first]));
    await lake.wait(ledger, LATENESS_MS * 2);
    const second = fill(lake.nowMs);
    await ledger.applyObjects(await lake.write([second]));
    const shown = await lake.view(['trade_lifecycle']);
    expect(shownRows(shown)).toEqual(expectedRows([first, second]));
    expect(shown.map(({ provisional }) => provisional)).toEqual([true, true]);
    await lake.wait(ledger, LATENESS_MS * 2);
    const settled = await lake.view(['trade_lifecycle']);
    expect(shownRows(settled)).toEqual(expectedRows([first, second]));
    expect(settled.map(({ provisional }) => provisional)).toEqual([undefined, undefined]);
  });

  test('a provisional row that does not come true is taken back', async () => {
    const lake = new Harness();
    const ledger = lake.ledger();
    const first = fill(START_MS - 60_000);
    await ledger.applyObjects(await lake.write([first]));
    await lake.wait(ledger, LATENESS_MS * 2);
    const second = fill(lake.nowMs, { venue_fill_id: 'v1' });
    await ledger.applyObjects(await lake.write([second]));
    expect(shownRows(await lake.view())).toEqual(expectedRows([first, second]));
    // The same fill under an earlier event: the second tells nothing new.
    const third = fill(lake.nowMs - 1, { venue_fill_id: 'v1' });
    await ledger.applyObjects(await lake.write([third]));
    expect(shownRows(await lake.view())).toEqual(expectedRows([first, third]));
    await lake.wait(ledger, LATENESS_MS * 4);
    expect(shownRows(await lake.view())).toEqual(expectedRows([first, third]));
  });

  test('a settled row that was provisionally otherwise comes back', async () => {
    const lake = new Harness();
    const ledger = lake.ledger();
    const first = fill(START_MS - 60_000, { venue_fill_id: 'v1' });
    await ledger.applyObjects(await lake.write([first]));
    await lake.wait(ledger, LATENESS_MS * 2);
    const before = await lake.view(['trade_lifecycle']);
    const second = fill(lake.nowMs, { venue_fill_id: 'v2' });
    await ledger.applyObjects(await lake.write([second]));
    expect(await lake.view(['trade_lifecycle'])).toHaveLength(2);
    // Too late to be applied in its place: it waits for the next fold of that day, in which the second tells nothing new.
    const late = fill(START_MS - 70_000, { venue_fill_id: 'v2' });
    await ledger.applyObjects(await lake.write([late]));
    await lake.wait(ledger, LATENESS_MS * 4);
    expect(shownRows(await lake.view())).toEqual(expectedRows([late, first]));
    expect(before).toHaveLength(1);
  });

  test('a state that was lost or damaged is made again from the lake, above what was written', async () => {
    for (const harm of ['lost', 'damaged'] as const) {
      const lake = new Harness();
      const events = [fill(START_MS - 60_000), fill(START_MS - 50_000)];
      const ledger = lake.ledger();
      await ledger.applyObjects(await lake.write(events));
      await lake.wait(ledger, LATENESS_MS * 2);
      for await (const key of lake.state.list('state/')) {
        const version = (await lake.state.get(key))?.version;
        if (harm === 'lost') await lake.state.delete(key);
        else await lake.state.put(key, Buffer.from('damaged'), version);
      }
      const more = [fill(lake.nowMs - 70_000), fill(lake.nowMs)];
      const next = lake.ledger();
      await next.applyObjects(await lake.write(more));
      await lake.wait(next, LATENESS_MS * 8, 16);
      expect(shownRows(await lake.view()), harm).toEqual(expectedRows([...events, ...more]));
    }
  });
});

describe('a rebuild', () => {
  test('of a lake that no ledger ever saw says the same as one that saw all of it', async () => {
    const seen = new Harness();
    const unseen = new Harness();
    const ledger = seen.ledger();
    for (let day = 0; day < 4; day++) {
      seen.nowMs = unseen.nowMs = START_MS + day * DAY_MS;
      const own = [fill(seen.nowMs + 2), fill(seen.nowMs), { ...fill(seen.nowMs - 3), stream: 'health' }];
      await unseen.write(own);
      await ledger.applyObjects(await seen.write(own));
      await seen.wait(ledger, LATENESS_MS * 2);
    }
    unseen.nowMs = seen.nowMs;
    const reports = await unseen.ledger().rebuild();
    expect(reports.map(({ changed, retracted }) => [changed, retracted])).toEqual([[8, 0]]);
    expect(await unseen.view()).toEqual(await seen.view());
    expect(
      (await seen.ledger().rebuild()).map(({ changed, retracted, published }) => [changed, retracted, published]),
    ).toEqual([[0, 0, 8]]);
  });

  test('sets right what is wrong in the lake, and says so without doing it on a dry run', async () => {
    const lake = new Harness();
    const ledger = lake.ledger();
    const events = [fill(START_MS - 3000), fill(START_MS - 2000), fill(START_MS - 1000)];
    const keys = await lake.write(events.slice(0, 1));
    keys.push(...(await lake.write(events.slice(1))));
    await ledger.applyObjects(keys);
    await lake.wait(ledger, LATENESS_MS * 2);
    await lake.store.delete(keys[0] ?? '');
    const before = await lake.view();
    lake.operations.length = 0;
    const [dry] = await lake.ledger().rebuild({ dryRun: true });
    expect(dry).toMatchObject({ changed: 2, retracted: 1, published: 3 });
    expect(lake.operations.filter((one) => one.includes('put') || one.includes('delete'))).toEqual([]);
    expect(await lake.view()).toEqual(before);
    await lake.ledger().rebuild({ key: { mode: 'paper', strategyId: 'bot' } });
    expect(shownRows(await lake.view())).toEqual(expectedRows(events.slice(1)));
    expect(await lake.ledger().rebuild()).toMatchObject([{ changed: 0, retracted: 0, published: 2 }]);
  });

  test('from a day reads nothing older than the checkpoint of that day', async () => {
    const lake = new Harness();
    const ledger = lake.ledger();
    const events: LakeRecord[] = [];
    for (let day = 0; day < 5; day++) {
      lake.nowMs = START_MS + day * DAY_MS;
      events.push(fill(lake.nowMs));
      await ledger.applyObjects(await lake.write(events.slice(-1)));
      await lake.wait(ledger, LATENESS_MS * 2);
    }
    lake.operations.length = 0;
    await lake.ledger().rebuild({ from: '2025-12-06' });
    const read = lake.operations
      .filter((one) => one.startsWith('get events/'))
      .map((one) => /date=(\S{10})/.exec(one)?.[1]);
    expect([...new Set(read)].sort()).toEqual(['2025-12-06', '2025-12-07']);
    expect(shownRows(await lake.view())).toEqual(expectedRows(events));
  });
});
