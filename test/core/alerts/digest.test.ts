import { describe, expect, test } from 'vitest';
import { naiveOffsetIn } from '../../../lib/adapters/local/zone.ts';
import { digestClock } from '../../../lib/core/alerts/digest.ts';
import { HOUR_MS } from './support/make.ts';

const iso = (ms: number): string => new Date(ms).toISOString();

describe('the hour of the digest', () => {
  test('is that of the zone, also on the days on which clocks are changed', () => {
    const { dayEndMs } = digestClock(8 * 60, naiveOffsetIn('Europe/Berlin'));
    const days = [
      Date.UTC(2026, 2, 28, 12),
      Date.UTC(2026, 2, 29, 12),
      Date.UTC(2026, 9, 24, 12),
      Date.UTC(2026, 9, 25, 12),
    ];
    expect(days.map((ms) => iso(dayEndMs(ms)))).toEqual([
      '2026-03-29T06:00:00.000Z',
      '2026-03-30T06:00:00.000Z',
      '2026-10-25T07:00:00.000Z',
      '2026-10-26T07:00:00.000Z',
    ]);
  });

  test.each(['UTC', 'Pacific/Kiritimati', 'Pacific/Pago_Pago', 'Asia/Kolkata', 'America/St_Johns', 'Africa/Cairo'])(
    'comes once in each day of %s, and every moment lies between two of them',
    (zone) => {
      for (const digestAt of [0, 150, 1439]) {
        const { dayEndMs, lastDueMs } = digestClock(digestAt, naiveOffsetIn(zone));
        let due = dayEndMs(Date.UTC(2026, 0, 1));
        for (let ms = Date.UTC(2026, 0, 1); ms < Date.UTC(2027, 0, 1); ms += 11 * HOUR_MS) {
          expect(lastDueMs(ms)).toBeLessThanOrEqual(ms);
          expect(dayEndMs(ms)).toBeGreaterThan(ms);
          if (dayEndMs(ms) === due) continue;
          expect(lastDueMs(ms)).toBe(due);
          expect(Math.abs(dayEndMs(ms) - due - 24 * HOUR_MS)).toBeLessThanOrEqual(HOUR_MS);
          due = dayEndMs(ms);
        }
      }
    },
  );
});
