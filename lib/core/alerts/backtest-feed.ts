import type { Observation } from './types.ts';

// Stored days in the order in which they would have come in, one day in memory at a time.

/** An observation, and when it is played. */
export interface Played {
  readonly atMs: number;
  readonly observation: Observation;
}

/** What was read, for the report. */
export interface FeedCounts {
  observations: number;
  /** Came in so long after they happened that live nobody would have been told: imported, or sent late. */
  history: number;
}

export interface FeedOptions {
  /** UTC days, in order. */
  readonly dates: readonly string[];
  /** Observations of one day, in any order. */
  readonly read: (date: string) => AsyncIterable<Observation>;
  /** Whether it was history when it came in. */
  readonly isHistory: (observation: Observation) => boolean;
  /** Plays history at the moment it happened; else it is left out, as it is live. @default true */
  readonly playHistory?: boolean;
  /** Is added to. */
  readonly counts?: FeedCounts;
  /** Hears of each day that was read. */
  readonly onDay?: (date: string) => void;
}

const DAY_MS = 86_400_000;
/** What is dated further ahead of its arrival goes to quarantine as `clock_skew` (semantics 1). */
const AHEAD_MS = 3_600_000;

/**
 * The observations of all days, sorted by arrival. History is played as if it had come in when it happened, or when its
 * bar had closed: an imported month is no alert today, but it shows what a rule would have said. What is dated later may still have come in up to an hour earlier, so
 * the last hour of a day waits for the next one.
 */
export async function* feed(options: FeedOptions): AsyncGenerator<readonly Played[]> {
  const { dates, read, isHistory, playHistory = true, counts, onDay } = options;
  let waiting: Played[] = [];
  for (const date of dates) {
    for await (const observation of read(date)) {
      const history = isHistory(observation);
      if (counts !== undefined) {
        counts.observations++;
        if (history) counts.history++;
      }
      if (history && !playHistory) continue;
      const atMs = history ? observation.tsMs + (observation.barMs ?? 0) : observation.arrivedMs;
      waiting.push({ atMs, observation: history ? { ...observation, arrivedMs: atMs } : observation });
    }
    onDay?.(date);
    waiting.sort(compare);
    const readyMs = Date.parse(date) + DAY_MS - AHEAD_MS;
    const ready = waiting.findIndex(({ atMs }) => atMs >= readyMs);
    if (ready === -1) {
      yield waiting;
      waiting = [];
    } else {
      yield waiting.slice(0, ready);
      waiting = waiting.slice(ready);
    }
  }
  yield waiting;
}

/** By arrival, then by time, then by what tells events apart: the same days give the same order, however they were read. */
const compare = (a: Played, b: Played): number =>
  a.atMs - b.atMs ||
  a.observation.tsMs - b.observation.tsMs ||
  compareText(a.observation.stream, b.observation.stream) ||
  compareText(a.observation.sessionId ?? '', b.observation.sessionId ?? '') ||
  compareText(a.observation.eventId, b.observation.eventId);

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
