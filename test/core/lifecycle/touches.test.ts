import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { touchesOf, touchRow } from '../../../lib/core/lifecycle/touches.ts';
import { isoOf } from '../../support/lake.ts';

const OBJECT = 'events/health/v1/date=2026-01-05/desk-1-2026-01-05-10-00-00-a.jsonl.gz';
const T0 = Date.UTC(2026, 0, 5, 10);

const event = (id: string, ms: number | null, over: Record<string, unknown> = {}): Record<string, unknown> => ({
  event_id: id,
  ts: ms === null ? null : isoOf(T0 + ms),
  ts_ms: ms === null ? null : T0 + ms,
  session_id: 'run-1',
  strategy_id: 's',
  mode: 'paper',
  symbol: 'BTC-USD',
  ...over,
});

describe('what an object holds', () => {
  test('is told per ledger and run, each event once', () => {
    const events = [
      event('a', 5),
      event('b', 1, { symbol: 'ETH-USD', timeframe: '5m' }),
      event('a', 5),
      event('c', null, { timeframe: '1h' }),
      event('d', 9, { session_id: 'run-2' }),
      event('e', 7, { mode: null }),
      event('f', 7, { session_id: null }),
    ];
    expect(touchesOf(OBJECT, 'health', events)).toEqual([
      {
        key: { mode: 'paper', strategyId: 's' },
        touches: [
          {
            session: 'run-1',
            objectKey: OBJECT,
            stream: 'health',
            firstUs: (T0 + 1) * 1000,
            lastUs: (T0 + 5) * 1000,
            events: 3,
            noClock: 1,
            symbols: ['BTC-USD', 'ETH-USD'],
            timeframe: '1h',
          },
          expect.objectContaining({ session: 'run-2', events: 1, noClock: 0 }),
        ],
      },
      { key: { mode: null, strategyId: 's' }, touches: [expect.objectContaining({ session: 'run-1', events: 1 })] },
    ]);
  });

  test('does not depend on the order of its lines or on lines told twice', () => {
    const line = fc.record({ n: fc.nat(9), ms: fc.option(fc.nat(50)), run: fc.constantFrom('run-1', 'run-2') });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), fc.infiniteStream(fc.nat()), (lines, random) => {
        const events = lines.map(({ n, ms, run }) =>
          event(`${n} ${ms} ${run}`, ms, { session_id: run, symbol: `S${n}` }),
        );
        const shuffled = [...events, ...events]
          .map((line) => ({ line, at: random.next().value }))
          .sort((a, b) => a.at - b.at)
          .map(({ line }) => line);
        const told = (of: typeof events): unknown[] =>
          touchesOf(OBJECT, 'health', of).flatMap(({ touches }) =>
            [...touches].sort((a, b) => (a.session < b.session ? -1 : 1)),
          );
        expect(told(shuffled)).toEqual(told(events));
      }),
    );
  });

  test('of more symbols than are kept is the first of them by their letters', () => {
    const events = Array.from({ length: 100 }, (_, n) =>
      event(`e${n}`, n, { symbol: `S${String(99 - n).padStart(2, '0')}` }),
    );
    const symbols = touchesOf(OBJECT, 'health', events)[0]?.touches[0]?.symbols ?? [];
    expect(symbols).toHaveLength(64);
    expect([symbols[0], symbols[63]]).toEqual(['S00', 'S63']);
  });
});

describe('the row of an object', () => {
  const key = { mode: 'paper', strategyId: 's' };
  const rowsOf = (objectKey: string, events: readonly Record<string, unknown>[]) =>
    touchesOf(objectKey, 'health', events).flatMap(({ key, touches }) =>
      touches.map((touch) => touchRow(key, touch, { sha256 })),
    );

  test('lies in the day of the object and names it', () => {
    const [row] = rowsOf(OBJECT, [event('a', 0), event('b', 2)]);
    expect(row).toMatchObject({ stream: 'session', date: '2026-01-05', id: row?.event.event_id });
    expect(row?.id).toMatch(/^object:[0-9a-f]{32}$/);
    expect(row?.event).toMatchObject({
      entry: 'object',
      session_id: 'run-1',
      strategy_id: key.strategyId,
      mode: key.mode,
      object_key: OBJECT,
      object_stream: 'health',
      events: 2,
      no_clock: 0,
      first_ts: isoOf(T0),
      last_ts: isoOf(T0 + 2),
      ts: isoOf(T0),
      symbol: 'BTC-USD',
      symbols: ['BTC-USD'],
    });
  });

  test('of events without a clock has no time', () => {
    const object = OBJECT.replace('2026-01-05/', '2000-01-01/');
    const [row] = rowsOf(object, [event('a', null)]);
    expect(row).toMatchObject({ date: '2000-01-01', event: { ts_source: 'none', no_clock: 1, events: 1 } });
    expect(row?.event).not.toHaveProperty('first_ts');
  });

  test('has an id of its own for each object and run', () => {
    const events = [event('a', 0), event('a', 0, { session_id: 'run-2' }), event('a', 0, { mode: null })];
    const ids = [OBJECT, `${OBJECT}2`].flatMap((object) => rowsOf(object, events)).map(({ id }) => id);
    expect(new Set(ids).size).toBe(6);
    expect(rowsOf(OBJECT, events).map(({ id }) => id)).toEqual(ids.slice(0, 3));
  });
});
