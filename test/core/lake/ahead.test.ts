import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ahead } from '../../../lib/core/lake/ahead.ts';

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

test('results come in the order of the items, never more at once than asked for, nor heavier', async () => {
  const item = fc.record({ weight: fc.integer({ min: 0, max: 9 }), turns: fc.integer({ min: 0, max: 5 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(item, { maxLength: 20 }), fc.integer({ min: 1, max: 5 }), async (items, atOnce) => {
      let [open, weighs, taken] = [0, 0, 0];
      const work = async (one: (typeof items)[number]): Promise<typeof one> => {
        open++;
        weighs += one.weight;
        expect(open).toBeLessThanOrEqual(atOnce);
        if (open > 1) expect(weighs).toBeLessThanOrEqual(10);
        for (let n = 0; n < one.turns; n++) await undefined;
        return one;
      };
      const results: unknown[] = [];
      for await (const one of ahead(each(items), work, { atOnce, weight: (i) => i.weight, most: 10 })) {
        results.push(one);
        taken++;
        open--;
        weighs -= one.weight;
      }

      expect(results).toEqual(items);
      expect(taken).toBe(items.length);
    }),
  );
});

test('several are worked on while the first is waited for', async () => {
  let begun = 0;
  const gate: (() => void)[] = [];
  const work = async (n: number): Promise<number> => {
    begun++;
    if (begun === 3) for (const open of gate) open();
    else if (begun < 3) await new Promise<void>((resolve) => gate.push(resolve));
    return n;
  };
  const results: number[] = [];
  for await (const n of ahead(each([1, 2, 3, 4]), work, { atOnce: 3, weight: () => 1, most: 10 })) results.push(n);

  expect(results).toEqual([1, 2, 3, 4]);
});

test('a failure is thrown in its place, after the results before it, and once', async () => {
  const work = async (n: number): Promise<number> => {
    if (n >= 2) throw new Error(`no ${n}`);
    return n;
  };
  const results: number[] = [];
  const taking = async (): Promise<void> => {
    for await (const n of ahead(each([0, 1, 2, 3]), work, { atOnce: 4, weight: () => 1, most: 10 })) results.push(n);
  };

  await expect(taking()).rejects.toThrow('no 2');
  expect(results).toEqual([0, 1]);
});
