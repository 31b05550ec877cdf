import type { Place } from './types.ts';

/** How far back the record of a decision may lie where its run is known. */
export const SAME_RUN_BACK_US = 60_000_000;
/**
 * How far apart records may lie that share a bar and name no run. Of 84 real executions all have theirs within 67.5 ms, and
 * up to 19 processes write the same files.
 */
const SAME_BAR_US = 75_000;
/** The same where nothing is that near, or no bar is named. */
const NEAR_US = 3_000_000;

/** What is inferred from the run and the time alone, however plausible, is not certain. */
export const SAME_RUN_CONFIDENCE = 0.9;
const NEAR_CONFIDENCE = 0.5;

/** A record, and how sure it is that it belongs to the fill. */
export interface Joined<T> {
  readonly record: T;
  readonly confidence: number;
  readonly by: 'id' | 'session' | 'time';
}

/** What both a record and a fill may say of where they belong. */
export type Tie = Place & {
  readonly session: string | null;
  readonly symbol: string | null;
  readonly barTs: string | null;
  readonly timeframe: string | null;
};

/** The candidates for one fill so far. */
export interface Found<T> {
  /** Nearest within the narrow span, and how many are there, taken ones too. */
  exact: T | undefined;
  exactCount: number;
  near: T | undefined;
  nearCount: number;
  run: T | undefined;
}

/** Weighs one more candidate; `free` says that no other fill took it. */
export function consider<T extends Tie>(
  found: Found<T>,
  record: T,
  { fill, free }: { fill: Tie; free: boolean },
): void {
  const apart = Math.abs(record.us - fill.us);
  const nearer = (other: T | undefined): boolean =>
    free && (other === undefined || apart < Math.abs(other.us - fill.us));
  if (record.session !== null && fill.session !== null) {
    if (nearer(found.run)) found.run = record;
    return;
  }
  if (apart <= SAME_BAR_US && record.barTs !== null && fill.barTs !== null) {
    found.exactCount++;
    if (nearer(found.exact)) found.exact = record;
  }
  if (apart <= NEAR_US) {
    found.nearCount++;
    if (nearer(found.near)) found.near = record;
  }
}

/** The nearest; of several within the narrow span none is sure. */
export function chosen<T extends Tie>({ run, exact, exactCount, near, nearCount }: Found<T>): Joined<T> | undefined {
  if (run !== undefined) return { record: run, confidence: SAME_RUN_CONFIDENCE, by: 'session' };
  if (exact !== undefined) return { record: exact, confidence: 1 / exactCount, by: 'time' };
  if (near !== undefined) return { record: near, confidence: NEAR_CONFIDENCE / nearCount, by: 'time' };
  return undefined;
}

export const nothingFound = <T>(): Found<T> => ({
  exact: undefined,
  exactCount: 0,
  near: undefined,
  nearCount: 0,
  run: undefined,
});

/** Whether nothing that a record and a fill say of where they belong contradicts. */
export const together = (record: Tie, fill: Tie): boolean =>
  agree(record.symbol, fill.symbol) &&
  agree(record.session, fill.session) &&
  agree(record.barTs, fill.barTs) &&
  agree(record.timeframe, fill.timeframe);

/** Two facts that do not contradict each other. */
export const agree = (a: string | null, b: string | null): boolean => a === null || b === null || a === b;

/** Records of real bots hold the notional in cents. */
export const sameNotional = (recorded: number | null, notional: number): boolean =>
  recorded === null || Math.abs(recorded - notional) <= Math.max(0.0051, Math.abs(notional) * 1e-6);
