import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exampleEvent, type LakeEvent, writeLake, writeLines } from '../support/lake.ts';
import { openTestLake } from '../support/open-lake.ts';
import { tempFolder } from '../support/temp.ts';

const DAY_MS = 86_400_000;
const NOON_MS = Date.UTC(2025, 10, 21, 12);

const trade = (id: string, rev: number, over: LakeEvent = {}): LakeEvent =>
  exampleEvent('trade_lifecycle', { event_id: id, ts_ms: NOON_MS, rev, ...over });
/** An equity of a bot, or of Nightdesk where it has a revision. */
const equity = (value: number, over: LakeEvent = {}): LakeEvent =>
  exampleEvent('equity_curve', {
    ts_ms: NOON_MS,
    equity: value,
    ...(over.rev === undefined ? {} : { dialect: 'derived' }),
    ...over,
  });

test('of the revisions of a row the highest counts, in whatever order and object they were written', async () => {
  const data = tempFolder();
  writeLake(data, [trade('a', 2, { status: 'open' }), trade('a', 10, { status: 'closed' })]);
  writeLake(data, [trade('a', 9, { status: 'open' }), trade('b', 1, { status: 'open' })]);
  const lake = await openTestLake(data);

  expect(await lake.rows('select event_id, rev, status from trade_lifecycle order by event_id')).toEqual([
    { event_id: 'a', rev: 10, status: 'closed' },
    { event_id: 'b', rev: 1, status: 'open' },
  ]);
  expect(await lake.cell('select count(*) from stored.trade_lifecycle')).toBe(4);
});

test('a row that was withdrawn is left out, and is back when a later revision tells it again', async () => {
  const data = tempFolder();
  writeLake(data, [trade('gone', 1), trade('gone', 2, { retracted: true })]);
  writeLake(data, [trade('back', 1), trade('back', 2, { retracted: true }), trade('back', 3, { retracted: false })]);
  const lake = await openTestLake(data);

  expect(await lake.rows('select event_id, rev from trade_lifecycle')).toEqual([{ event_id: 'back', rev: 3 }]);
});

test('the same id of another day, strategy or session is another row, and null is a value of its own', async () => {
  const data = tempFolder();
  const none = { strategy_id: null, session_id: null };
  writeLake(data, [
    trade('a', 1),
    trade('a', 2),
    trade('a', 1, { ts_ms: NOON_MS + DAY_MS }),
    trade('a', 1, { strategy_id: 'other' }),
    trade('a', 1, { session_id: null }),
    trade('a', 3, none),
    trade('a', 4, none),
  ]);
  const lake = await openTestLake(data);

  expect(await lake.rows('select rev from trade_lifecycle order by rev')).toEqual(
    [1, 1, 1, 2, 4].map((rev) => ({ rev })),
  );
});

test('the view of revisions is what a reader that keeps the last of each would say, for any history', async () => {
  const revision = fc.record({
    id: fc.constantFrom('a', 'b', 'c'),
    session: fc.constantFrom('s', null),
    day: fc.nat(1),
    retracted: fc.constantFrom(true, false, null),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(revision, { minLength: 1, maxLength: 12 }), fc.nat(3), async (history, cut) => {
      const data = tempFolder();
      const rows = history.map(({ id, session, day, retracted }, index) =>
        trade(id, index + 1, { session_id: session, ts_ms: NOON_MS + day * DAY_MS, retracted }),
      );
      writeLake(data, rows.slice(cut).reverse());
      writeLake(data, rows.slice(0, cut));
      const lake = await openTestLake(data);

      const last = new Map(history.map((one, index) => [`${one.id} ${one.session} ${one.day}`, { ...one, index }]));
      const expected = [...last.values()].filter(({ retracted }) => retracted !== true).map(({ index }) => index + 1);
      expect((await lake.rows('select rev from trade_lifecycle')).map(({ rev }) => rev).sort()).toEqual(
        expected.sort(),
      );
    }),
    { numRuns: 25 },
  );
});

test('equity is derived for the days and strategies of which the bot wrote none, of no other', async () => {
  const data = tempFolder();
  const day2 = { ts_ms: NOON_MS + DAY_MS };
  writeLake(data, [
    equity(1),
    equity(100, { rev: 1 }), // the bot wrote its own that day
    equity(2, { ...day2, event_id: 'two', rev: 1 }),
    equity(3, { ...day2, event_id: 'two', rev: 2 }),
    equity(4, { ...day2, rev: 1, retracted: true }),
    equity(5, { strategy_id: 'other', rev: 1 }),
    equity(6, { mode: 'live', rev: 1 }), // another class of its own
    equity(7, { mode: null, strategy_id: null }),
    equity(101, { mode: null, strategy_id: null, rev: 1 }),
    equity(8, { mode: null, rev: 1 }),
  ]);
  const lake = await openTestLake(data);

  expect((await lake.rows('select equity from equity_curve order by equity')).map((row) => row.equity)).toEqual([
    1, 3, 5, 6, 7, 8,
  ]);
  expect(await lake.cell('select count(*) from stored.equity_curve')).toBe(10);
});

test('equity of bots alone, and derived equity alone, are views of their own', async () => {
  const [bots, ours] = [tempFolder(), tempFolder()];
  writeLake(bots, [equity(1)]);
  writeLake(ours, [equity(2, { rev: 1 })]);

  expect(await (await openTestLake(bots)).rows('select equity from equity_curve')).toEqual([{ equity: 1 }]);
  expect(await (await openTestLake(ours)).rows('select equity from equity_curve')).toEqual([{ equity: 2 }]);
});

test('the bot’s own equity takes over as soon as it is in the lake, and derived rows as soon as they are', async () => {
  const data = tempFolder();
  const lake = await openTestLake(data);
  const values = async () => (await lake.rows('select equity from equity_curve')).map((row) => row.equity);
  expect(await values()).toEqual([]);

  writeLake(data, [equity(2, { rev: 1 })]);
  expect(await values()).toEqual([2]);

  writeLake(data, [equity(1)]);
  expect(await values()).toEqual([1]);
});

test('all events together are what bots sent: no derived row is among them', async () => {
  const data = tempFolder();
  writeLake(data, [
    equity(1),
    equity(2, { strategy_id: 'other', rev: 1 }),
    trade('a', 1),
    exampleEvent('market', { ts_ms: NOON_MS }),
  ]);
  const lake = await openTestLake(data);

  expect(await lake.rows('select stream, count(*) as n from events group by 1 order by 1')).toEqual([
    { stream: 'equity_curve', n: 1 },
    { stream: 'market', n: 1 },
  ]);
});

test('a lake with nothing but derived rows holds no events', async () => {
  const data = tempFolder();
  writeLake(data, [trade('a', 1), equity(2, { rev: 1 })]);
  const lake = await openTestLake(data);

  expect(await lake.cell('select count(*) from events')).toBe(0);
});

test('derived rows under events/ are nobody’s: only the stages write derived streams', async () => {
  const data = tempFolder();
  writeLines(data, [
    { stream: 'trade_lifecycle', version: 1, date: '2025-11-21', json: JSON.stringify(trade('forged', 99)) },
  ]);
  const lake = await openTestLake(data);

  expect(await lake.cell('select count(*) from trade_lifecycle')).toBe(0);
});

test.each(['trade_lifecycle', 'equity_curve'])('view %s reads only the objects of the days asked for', async (view) => {
  const data = tempFolder();
  for (let day = 0; day < 4; day++) {
    const ts_ms = NOON_MS + day * DAY_MS;
    writeLake(data, [trade('a', 1, { ts_ms }), equity(1, { ts_ms }), equity(2, { ts_ms, strategy_id: 'b', rev: 1 })]);
  }
  const lake = await openTestLake(data);
  const perDay = view === 'equity_curve' ? 2 : 1; // the bot's object and ours

  expect(await lake.filesRead(`select count(*) from ${view} where date = '2025-11-22'`)).toBe(perDay);
  expect(await lake.filesRead(`select count(*) from ${view} where date between '2025-11-22' and '2025-11-23'`)).toBe(
    2 * perDay,
  );
  expect(await lake.filesRead(`select count(*) from ${view}`)).toBe(4 * perDay);
  if (view === 'equity_curve')
    expect(await lake.filesRead(`select count(*) from events where date = '2025-11-22'`)).toBe(1);
});
