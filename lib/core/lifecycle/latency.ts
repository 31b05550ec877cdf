import { NO_CLOCK_US } from './input.ts';

/** Why two clocks give no latency. */
export type LatencyReason = 'missing' | 'equal' | 'reversed';

/** A latency, or the reason why there is none. */
export type Latency =
  | { readonly ms: number; readonly reason: null }
  | { readonly ms: null; readonly reason: LatencyReason };

/**
 * Time from one clock to another in ms, both in µs. Clocks that are equal by construction (48 of 48 executions of a real
 * bot) or reversed measured nothing: null with the reason, never 0 and never below it (semantics 4).
 */
export function latencyOf(from: number | null | undefined, to: number | null | undefined): Latency {
  if (!isClock(from) || !isClock(to)) return { ms: null, reason: 'missing' };
  if (from === to) return { ms: null, reason: 'equal' };
  return from < to ? { ms: (to - from) / 1000, reason: null } : { ms: null, reason: 'reversed' };
}

/** The one reason that stands for several latencies: clocks that contradict each other say more than absent ones. */
export const reasonOf = (latencies: readonly Latency[]): LatencyReason | null =>
  BY_WEIGHT.find((why) => latencies.some(({ reason }) => reason === why)) ?? null;

const BY_WEIGHT = ['reversed', 'equal', 'missing'] as const;

const isClock = (us: number | null | undefined): us is number =>
  typeof us === 'number' && Number.isFinite(us) && us !== NO_CLOCK_US;
