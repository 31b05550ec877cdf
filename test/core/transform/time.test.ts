import fc from 'fast-check';
import { DateTime } from 'luxon';
import { describe, expect, test } from 'vitest';
import { epochToUs, formatUs, isoToInstant, timeframeMs } from '../../../lib/core/transform/time.ts';

const someUs = fc.integer({ min: Date.UTC(1990, 0, 1) * 1000, max: Date.UTC(2199, 11, 31) * 1000 });

describe('instants', () => {
  test('what is formatted reads back to the microsecond', () => {
    fc.assert(
      fc.property(someUs, (us) => {
        expect(isoToInstant(formatUs(us))).toEqual({ us, naive: false });
      }),
    );
  });

  test('formatting agrees with luxon to the millisecond', () => {
    fc.assert(
      fc.property(someUs, (us) => {
        const ms = Math.floor(us / 1000);
        expect(formatUs(ms * 1000)).toBe(
          DateTime.fromMillis(ms, { zone: 'utc' }).toFormat("yyyy-MM-dd'T'HH:mm:ss.SSS'000Z'"),
        );
      }),
    );
  });

  test('an offset is taken off, whichever way it is written', () => {
    const expected = Date.UTC(2025, 10, 21, 7, 16, 14) * 1000 + 493_638;
    for (const text of [
      '2025-11-21T12:46:14.493638+05:30',
      '2025-11-21 12:46:14.493638+0530',
      '2025-11-21T02:16:14.493638-05',
      '2025-11-21t07:16:14.493638z',
    ])
      expect(isoToInstant(text)).toEqual({ us: expected, naive: false });
  });

  test('every offset a luxon zone can print is read as luxon reads it', () => {
    fc.assert(
      fc.property(
        someUs,
        fc.constantFrom('Asia/Kolkata', 'America/New_York', 'Asia/Kathmandu', 'Europe/Berlin', 'UTC'),
        (us, zone) => {
          const text = DateTime.fromMillis(Math.floor(us / 1000), { zone }).toISO() ?? '';
          expect(isoToInstant(text)?.us).toBe(Math.floor(us / 1000) * 1000);
        },
      ),
    );
  });

  test('a time without a zone is told apart', () => {
    expect(isoToInstant('2025-01-01T12:00:00')).toEqual({ us: Date.UTC(2025, 0, 1, 12) * 1000, naive: true });
  });

  test('decimals past the sixth are cut, never rounded into the next second', () => {
    expect(isoToInstant('2025-01-01T00:00:00.999999999Z')?.us).toBe(Date.UTC(2025, 0, 1) * 1000 + 999_999);
  });

  test.each([
    '',
    '2025-13-01T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '2025-01-01T24:00:00Z',
    '2025-01-01T00:60:00Z',
    '2025-01-01',
    '2025-01-01T00:00:00+25:00',
    '2025-01-01T00:00:00.Z',
    '2025-01-01T00:00:00Zx',
    'yesterday, about noon',
    '2025/01/01 00:00:00',
    '20 5-01-01T00:00:00Z',
  ])('%j is no time', (text) => {
    expect(isoToInstant(text)).toBeUndefined();
  });

  test('epoch seconds, milliseconds, microseconds and nanoseconds are told apart by size', () => {
    const ms = Date.UTC(2025, 10, 21, 7, 15);
    for (const value of [ms / 1000, ms, ms * 1000, ms * 1_000_000]) expect(epochToUs(value)).toBe(ms * 1000);
  });

  test.each([0, 1, 27, -5, Number.NaN, Number.POSITIVE_INFINITY, 1e25])('%s is a counter, not a time', (value) => {
    expect(epochToUs(value)).toBeNaN();
  });

  test('the length of a bar follows from its name', () => {
    expect(['5m', '1h', '1d', '15min', 'default'].map(timeframeMs)).toEqual([
      300_000,
      3_600_000,
      86_400_000,
      900_000,
      undefined,
    ]);
  });
});
