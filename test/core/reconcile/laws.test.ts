import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assign } from '../../../lib/core/reconcile/assign.ts';
import type { OurFill, VenueFill } from '../../../lib/core/reconcile/types.ts';
import { compared, fillsExport, kindsOf, openOf, ourFill, ours, sameAtVenue } from './support.ts';

const SPELLINGS = ['BTC/USDT', 'BTC-USDT', 'btcusdt', 'BTC/USDT:USDT'];

interface History {
  readonly fills: readonly OurFill[];
  readonly venue: readonly VenueFill[];
}

/** Fills of one run, often alike in all but the time, and the venue's file of them: other order, spelling and clock. */
const histories = ({ ids }: { ids: boolean }): fc.Arbitrary<History> =>
  fc
    .array(
      fc.record({
        gapMs: fc.integer({ min: 0, max: 5_000 }),
        side: fc.constantFrom('buy' as const, 'sell' as const),
        qty: fc.constantFrom(0.001, 0.5, 1),
        price: fc.constantFrom(99.5, 100, 64_000.01),
        spelling: fc.nat(SPELLINGS.length - 1),
        skewMs: fc.integer({ min: -900, max: 900 }),
        rank: fc.nat(),
      }),
      { minLength: 1, maxLength: 30 },
    )
    .map((drafts) => {
      let seconds = 36_000;
      const pairs = drafts.map(({ gapMs, side, qty, price, spelling, skewMs, rank }, index) => {
        seconds += gapMs / 1000;
        const id = ids ? `f${index}` : null;
        const fill = ourFill(seconds, { side, qty, price, venueFillId: id, orderIds: [] });
        const row = sameAtVenue(fill, {
          id,
          row: index + 1,
          symbol: SPELLINGS[spelling] ?? 'BTCUSDT',
          us: fill.us + skewMs * 1000,
        });
        return { fill, row, rank };
      });
      return {
        fills: pairs.map(({ fill }) => fill),
        venue: [...pairs].sort((a, b) => a.rank - b.rank).map(({ row }) => row),
      };
    });

describe.each([
  ['with the ids of the venue', true],
  ['without them', false],
])('%s', (_name, ids) => {
  test('a file that says what we say is clean, whatever its order, spelling and clock', () => {
    fc.assert(
      fc.property(histories({ ids }), ({ fills, venue }) => {
        const result = compared(fillsExport(venue), ours({ fills }));
        expect(result.breaks).toEqual([]);
        expect(result.compared.fill).toBe(fills.length);
      }),
    );
  });

  test('k rows that are not in the file are k fills that are unexpected', () => {
    fc.assert(
      fc.property(histories({ ids }), fc.nat(), ({ fills, venue }, n) => {
        const k = n % (venue.length + 1);
        expect(kindsOf(openOf(compared(fillsExport(venue.slice(k)), ours({ fills }))))).toEqual(
          Array(k).fill('unexpected'),
        );
      }),
    );
  });

  test('k fills that the bot did not report are k that are missing', () => {
    fc.assert(
      fc.property(histories({ ids }), fc.nat(), ({ fills, venue }, n) => {
        const k = n % (fills.length + 1);
        expect(kindsOf(openOf(compared(fillsExport(venue), ours({ fills: fills.slice(k) }))))).toEqual(
          Array(k).fill('missing'),
        );
      }),
    );
  });

  test('the order in which we hold our fills changes nothing', () => {
    fc.assert(
      fc.property(histories({ ids }), fc.nat(), ({ fills, venue }, n) => {
        const rows = fillsExport(venue.slice(n % venue.length));
        const [one, other] = [fills, [...fills].reverse()].map((list) => compared(rows, ours({ fills: list })));
        expect(other?.breaks.map(({ kind }) => kind)).toEqual(one?.breaks.map(({ kind }) => kind));
      }),
    );
  });
});

test('a fill that a bot reports again after a restart, with the venue’s id, is repeated and needs nobody', () => {
  fc.assert(
    fc.property(histories({ ids: true }), fc.nat(), ({ fills, venue }, n) => {
      const again = fills
        .slice(n % fills.length)
        .map((fill) => ({ ...fill, id: `${fill.id}-again`, sessionId: 'run 2', arrivedMs: fill.arrivedMs + 60_000 }));
      const { breaks } = compared(fillsExport(venue), ours({ fills: [...fills, ...again] }));
      expect(kindsOf(breaks)).toEqual(again.map(() => 'repeated'));
      expect(breaks.every(({ state }) => state === 'within_tolerance')).toBe(true);
    }),
  );
});

test('a fill that a bot reports again under a new id is repeated, not unexpected, and open: the ledger counts it twice', () => {
  fc.assert(
    fc.property(histories({ ids: false }), fc.nat(), ({ fills, venue }, n) => {
      const again = fills
        .slice(n % fills.length)
        .map((fill) => ({ ...fill, id: `${fill.id}-again`, sessionId: 'run 2', us: fill.us + 30_000_000 }));
      const { breaks } = compared(fillsExport(venue), ours({ fills: [...fills, ...again] }));
      expect(kindsOf(openOf({ breaks } as ReturnType<typeof compared>))).toEqual(again.map(() => 'repeated'));
    }),
  );
});

test('as many are paired as can be, though the nearest would leave one alone', () => {
  const nearestFirst = assign([
    [{ right: 0, distance: 5 }],
    [
      { right: 0, distance: 1 },
      { right: 1, distance: 6 },
    ],
  ]);
  expect(nearestFirst).toEqual([0, 1]);
});

test('pairing is one to one, of candidates only, and no left stays alone beside a free right of its own', () => {
  const lists = fc.array(fc.uniqueArray(fc.nat(7), { maxLength: 4 }), { maxLength: 8 });
  fc.assert(
    fc.property(lists, (rights) => {
      const candidates = rights.map((list) => list.map((right) => ({ right, distance: right })));
      const paired = assign(candidates);
      const used = paired.filter((right) => right !== undefined);
      expect(new Set(used).size).toBe(used.length);
      for (const [left, right] of paired.entries()) if (right !== undefined) expect(rights[left]).toContain(right);
      expect(used.length).toBe(most(rights));
    }),
  );
});

/** The largest pairing, by trying all. */
function most(rights: readonly (readonly number[])[], left = 0, used: ReadonlySet<number> = new Set()): number {
  if (left === rights.length) return 0;
  let best = most(rights, left + 1, used);
  for (const right of rights[left] ?? [])
    if (!used.has(right)) best = Math.max(best, 1 + most(rights, left + 1, new Set([...used, right])));
  return best;
}
