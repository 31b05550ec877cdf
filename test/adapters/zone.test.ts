import fc from 'fast-check';
import { DateTime } from 'luxon';
import { expect, test } from 'vitest';
import { midnightIn, naiveOffsetIn } from '../../lib/adapters/local/zone.ts';

// Whole and odd offsets, summer time on both halves of the world, changes at midnight, and days that were left out.
const ZONES = [
  'UTC',
  'Asia/Kolkata',
  'Europe/London',
  'Europe/Lisbon',
  'America/New_York',
  'America/St_Johns',
  'America/Sao_Paulo',
  'America/Havana',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Pacific/Chatham',
  'Pacific/Apia',
  'Asia/Tehran',
  'Africa/Cairo',
  'Asia/Beirut',
  'UTC+8',
  'utc-3:30',
];
const zone = fc.constantFrom(...ZONES);
const moment = fc.integer({ min: Date.UTC(1990, 0), max: Date.UTC(2037, 0) });

/** Hours around which a zone changes its offset. */
function changes(name: string): number[] {
  const found: number[] = [];
  const offset = (ms: number): number => DateTime.fromMillis(ms, { zone: name }).offset;
  for (let ms = Date.UTC(2005, 0); ms < Date.UTC(2027, 0); ms += 86_400_000)
    if (offset(ms) !== offset(ms + 86_400_000)) found.push(ms);
  return found;
}
const CHANGES = new Map(ZONES.map((name) => [name, changes(name)]));
/** A zone and a moment, half of them within a day or two of a change. */
const placed = fc
  .tuple(zone, moment, fc.nat(), fc.integer({ min: -86_400_000, max: 172_800_000 }), fc.boolean())
  .map(([name, ms, which, offset, near]): [string, number] => {
    const all = CHANGES.get(name) ?? [];
    const change = all[which % Math.max(1, all.length)];
    return [name, near && change !== undefined ? change + offset : ms];
  });

/** What luxon makes of a local time that a zone has: the earliest instant; undefined for one that it leaves out. */
function byLuxon(name: string, localMs: number): number | undefined {
  const local = DateTime.fromMillis(localMs, { zone: 'utc' }).setZone(name, { keepLocalTime: true });
  if (local.toMillis() + local.offset * 60_000 !== localMs) return undefined;
  return localMs - Math.min(...local.getPossibleOffsets().map((time) => time.toMillis()));
}

test('a local time is read as luxon reads it, in every zone; of an hour that comes twice the first counts', () => {
  fc.assert(
    fc.property(placed, ([name, localMs]) => {
      const expected = byLuxon(name, localMs);
      if (expected !== undefined) expect(naiveOffsetIn(name)(localMs)).toBe(expected);
    }),
    { numRuns: 1_000 },
  );
});

test('a local time that a zone leaves out is read by the offset before the change', () => {
  const offset = naiveOffsetIn('America/New_York');
  expect(offset(Date.UTC(2025, 2, 9, 2, 30))).toBe(-5 * 3_600_000);
  expect(offset(Date.UTC(2025, 2, 9, 3, 30))).toBe(-4 * 3_600_000);
});

test('midnight is the first moment of the day, also where the zone has none, or two', () => {
  const day = (name: string, ms: number): string | null => DateTime.fromMillis(ms, { zone: name }).toISODate();
  fc.assert(
    fc.property(placed, ([name, ms]) => {
      const first = midnightIn(name)(ms);
      expect(first).toBeLessThanOrEqual(ms);
      expect(ms - first).toBeLessThanOrEqual(25 * 3_600_000);
      expect([day(name, first), day(name, first - 1)]).toEqual([
        day(name, ms),
        expect.not.stringMatching(day(name, ms) ?? ''),
      ]);
    }),
    { numRuns: 1_000 },
  );
});

test('a zone that there is not is refused', () => {
  expect(() => naiveOffsetIn('Mars/Olympus')).toThrow(RangeError);
  expect(() => midnightIn('Mars/Olympus')).toThrow(RangeError);
});
