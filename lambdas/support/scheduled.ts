import { NightdeskError } from '../../lib/core/errors.ts';

/** What the scheduler sends: when it meant to call, whenever it does. */
export interface ScheduledEvent {
  /** ISO, UTC. */
  readonly scheduled: string;
}

export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/**
 * The end of the bucket that ended last when a call was meant to be made: a late or repeated call makes the same bucket.
 * @throws USAGE where the event says no such time
 */
export function bucketEndMs(event: unknown, widthMs: number): number {
  const text: unknown =
    typeof event === 'object' && event !== null && 'scheduled' in event ? event.scheduled : undefined;
  const ms =
    typeof text === 'string' && /^\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:\d{2})$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(ms))
    throw new NightdeskError(
      'USAGE',
      `the event must be {"scheduled": "<ISO time with zone>"}, got scheduled ${String(JSON.stringify(text)).slice(0, 100)}`,
    );
  return Math.floor(ms / widthMs) * widthMs;
}
