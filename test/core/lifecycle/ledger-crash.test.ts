import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LakeRecord } from '../../../lib/core/lake/read.ts';
import { openFold } from '../../../lib/core/lifecycle/fold.ts';
import type { Ledger, LedgerParts } from '../../../lib/core/lifecycle/ledger.ts';
import { touchesOf, touchRow } from '../../../lib/core/lifecycle/touches.ts';
import {
  type Before,
  DAY_MS,
  expectedRows,
  fill,
  Harness,
  LATENESS_MS,
  START_MS,
  shownRows,
} from './ledger-harness.ts';

/** What happens to a lake: objects come in, time goes by. */
type Step = { readonly write: readonly LakeRecord[]; readonly again?: number } | { readonly waitMs: number };

/** Several days, a late event, a redelivery, two ledgers, and objects that come while others wait. */
function story(): Step[] {
  const at = (day: number, ms: number, over: LakeRecord = {}): LakeRecord => fill(START_MS + day * DAY_MS + ms, over);
  return [
    { write: [at(0, 0), at(0, 5, { strategy_id: 'other' })] },
    { waitMs: LATENESS_MS * 2 },
    { write: [at(0, 21_000), at(0, 20_500)] },
    { waitMs: DAY_MS },
    { write: [at(1, 20_000), at(1, 19_000)] },
    { waitMs: LATENESS_MS * 2 },
    { write: [at(0, 30_000)] },
    { waitMs: LATENESS_MS * 1.2 },
    { write: [at(1, 41_000)], again: 2 },
    { waitMs: LATENESS_MS * 3 },
  ];
}

class Crash extends Error {}

const isCrash = (error: unknown): boolean =>
  error instanceof AggregateError ? error.errors.every(isCrash) : error instanceof Crash;

/** Who died does nothing more. */
function mortal(before: Before): Before {
  let dead = false;
  return async (operation, key) => {
    try {
      if (dead) throw new Crash();
      await before(operation, key);
    } catch (error) {
      dead = true;
      throw error;
    }
  };
}

/** Tells the story; whoever dies starts again and is told again what it was told last. */
async function tell(lake: Harness, steps: readonly Step[], before: Before): Promise<void> {
  const live = (): Ledger => lake.ledger(mortal(before));
  let ledger = live();
  const keys: string[][] = [];
  const survive = async (work: () => Promise<void>): Promise<void> => {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!isCrash(error)) throw error;
        ledger = live();
      }
    }
  };
  for (const step of steps) {
    if ('write' in step) {
      keys.push(await lake.write(step.write));
      const told = [...(keys.at(-1) ?? []), ...(step.again === undefined ? [] : (keys[step.again] ?? []))];
      await survive(() => ledger.applyObjects(told));
    } else {
      for (let part = 0; part < 4; part++) {
        lake.nowMs += step.waitMs / 4;
        await survive(() => ledger.tick());
      }
    }
  }
}

const realParts: LedgerParts = { openFold, touchesOf, touchRow };
const PARTS = [
  { fold: 'the simplest fold', parts: undefined, every: 1 },
  { fold: 'the real fold', parts: realParts, every: 4 },
];

const eventsOf = (steps: readonly Step[]): LakeRecord[] => steps.flatMap((step) => ('write' in step ? step.write : []));
const isBot = ({ strategy_id }: LakeRecord): boolean => strategy_id === 'bot';

describe.each(PARTS)('a ledger of $fold that dies', ({ parts, every }) => {
  test('at any read or write, before or after it, leaves the same rows as one that does not', {
    timeout: 120_000,
  }, async () => {
    const steps = story();
    const whole = new Harness({ parts });
    await tell(whole, steps, () => undefined);
    const expected = await whole.view();
    const operations = whole.operations.length;
    expect(operations).toBeGreaterThan(60);
    if (parts === undefined)
      expect(shownRows(expected.filter(isBot))).toEqual(expectedRows(eventsOf(steps).filter(isBot)));
    else expect(expected.filter(({ stream }) => stream === 'trade_lifecycle')).toHaveLength(2);
    for (let at = 0; at < operations; at += every) {
      const lake = new Harness({ parts });
      let left = at;
      await tell(lake, steps, () => {
        if (left-- === 0) throw new Crash();
      });
      expect(left, `dies before operation ${at}`).toBeLessThan(0);
      expect(await lake.view(), `dies before operation ${at}`).toEqual(expected);
    }
  });

  test('again and again, at random moments, leaves the same rows', { timeout: 120_000 }, async () => {
    const steps = story();
    const whole = new Harness({ parts });
    await tell(whole, steps, () => undefined);
    const expected = await whole.view();
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.integer({ min: 0, max: 25 })), async (gaps) => {
        const lake = new Harness({ parts });
        let left = gaps.next().value ?? 0;
        let deaths = 0;
        await tell(lake, steps, () => {
          if (left-- > 0 || deaths > 40) return;
          left = gaps.next().value ?? 0;
          deaths++;
          throw new Crash();
        });
        expect(await lake.view()).toEqual(expected);
      }),
      { numRuns: 15 },
    );
  });
});

describe.each(PARTS)('ledgers of $fold beside each other', ({ parts }) => {
  test('lose and double nothing, in whatever order their steps fall', { timeout: 120_000 }, async () => {
    const offset = fc.integer({ min: -40_000, max: 1_000 });
    const batch = fc.array(offset, { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(batch, fc.integer({ min: 0, max: 2 })), { minLength: 2, maxLength: 10 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 6 })),
        async (batches, pauses) => {
          const lake = new Harness({ parts });
          const pause: Before = async () => {
            for (let n = pauses.next().value ?? 0; n > 0; n--) await new Promise(setImmediate);
          };
          const ledgers = [lake.ledger(pause), lake.ledger(pause), lake.ledger(pause)];
          const events: LakeRecord[] = [];
          for (let at = 0; at < batches.length; at += 3) {
            const calls = batches.slice(at, at + 3).map(async ([offsets, who], index) => {
              const own = offsets.map((ms) => fill(lake.nowMs + ms));
              events.push(...own);
              const keys = await lake.write(own);
              await ledgers[who]?.applyObjects(keys);
              // Told twice, to another.
              if (index === 0) await ledgers[(who + 1) % 3]?.applyObjects(keys);
            });
            await Promise.all([...calls, ...ledgers.map((ledger) => ledger.tick())]);
            lake.nowMs += LATENESS_MS * 0.7;
          }
          const [first] = ledgers;
          if (first !== undefined) await lake.wait(first, LATENESS_MS * 12, 24);
          if (parts === undefined) expect(shownRows(await lake.view())).toEqual(expectedRows(events));
          expect(await lake.ledger().rebuild({ dryRun: true })).toMatchObject([{ changed: 0, retracted: 0 }]);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('a rebuild beside a ledger that goes on taking in gives way and loses nothing', {
    timeout: 60_000,
  }, async () => {
    const lake = new Harness({ parts });
    const ledger = lake.ledger();
    const events: LakeRecord[] = [];
    for (let day = 0; day < 3; day++) {
      lake.nowMs = START_MS + day * DAY_MS;
      const own = [fill(lake.nowMs), fill(lake.nowMs + 3)];
      events.push(...own);
      await ledger.applyObjects(await lake.write(own));
      await lake.wait(ledger, LATENESS_MS * 2);
    }
    let interruptions = 0;
    const other = lake.ledger(async (operation) => {
      if (operation !== 'state put' || interruptions >= 5) return;
      interruptions++;
      const late = interruptions % 2 === 0 ? DAY_MS : 0;
      const own = [fill(lake.nowMs - late)];
      events.push(...own);
      await ledger.applyObjects(await lake.write(own));
      lake.nowMs += 2_000;
    });
    await other.rebuild();
    expect(interruptions).toBe(5);
    await lake.wait(ledger, LATENESS_MS * 8, 16);
    if (parts === undefined) expect(shownRows(await lake.view())).toEqual(expectedRows(events));
    expect(await lake.ledger().rebuild({ dryRun: true })).toMatchObject([{ changed: 0, retracted: 0 }]);
  });
});
