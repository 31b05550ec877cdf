import { expect, test } from 'vitest';
import type { LakeView } from '../../../lib/core/query/lake-views.ts';
import { writeViews } from '../../../lib/core/query/write-views.ts';

const view = (name: string, ...uses: readonly string[]): LakeView => ({ name, sql: `select '${name}'`, uses });
const nameOf = (sql: string): string => /view "(\w+)"/.exec(sql)?.[1] ?? '';

/** An engine that takes a turn of the loop per statement, and fails for some. */
function engineThat(fails: readonly string[] = []) {
  const done: string[] = [];
  let running = 0;
  const most = { atOnce: 0 };
  const run = async (sql: string) => {
    running++;
    most.atOnce = Math.max(most.atOnce, running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    if (fails.includes(nameOf(sql))) throw new Error('no table');
    done.push(nameOf(sql));
    return { columns: [], rows: [] };
  };
  return { run, done, most };
}

test('a view is written after all it uses, and a few at a time', async () => {
  const engine = engineThat();
  const singles = Array.from({ length: 9 }, (_, i) => view(`v${i}`));
  await writeViews(engine, [...singles, view('all', ...singles.map(({ name }) => name)), view('last', 'all')]);

  expect(engine.done.slice(-2)).toEqual(['all', 'last']);
  expect(new Set(engine.done).size).toBe(11);
  expect(engine.most.atOnce).toBeGreaterThan(1);
  expect(engine.most.atOnce).toBeLessThanOrEqual(4);
});

test('one that fails is named with its reason, those that use it are not written, and the others are', async () => {
  const engine = engineThat(['b']);
  const views = [view('a'), view('b'), view('c'), view('all', 'a', 'b'), view('above', 'all')];

  await expect(writeViews(engine, views)).rejects.toMatchObject({
    code: 'QUERY_FAILED',
    message: [
      '3 of 5 views not written',
      'b: no table',
      'all: view b that it uses was not written',
      'above: view all that it uses was not written',
    ].join('\n'),
  });
  expect(engine.done.sort()).toEqual(['a', 'c']);
});
