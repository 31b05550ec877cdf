/** When a field of a health event has changed enough to tell. */
export type Threshold =
  /** Any other value. */
  | 'any'
  /** A larger value: a counter of reconnects. */
  | 'increase'
  /** By more than this share of the last one told. */
  | { readonly relative: number }
  /** By more than this. */
  | { readonly absolute: number };

export interface HealthOptions {
  /** Longest time between two health events that are sent, in s of the wall clock; the bot promises it in `heartbeat_s`. @default 3600 */
  readonly heartbeatS?: number;
  /** Which changes are told at once. @default - HEALTH_THRESHOLDS */
  readonly thresholds?: Readonly<Record<string, Threshold>>;
}

/** S1's: equity by 0.1 %, funding going stale or fresh, a reconnect, calibration by 0.01. */
export const HEALTH_THRESHOLDS: Readonly<Record<string, Threshold>> = {
  equity: { relative: 0.001 },
  funding_stale: 'any',
  ws_reconnects: 'increase',
  calibration_drift: { absolute: 0.01 },
  leakage_flag: 'any',
  same_bar_roundtrip_flag: 'any',
  exchange_connected: 'any',
};

/**
 * Lets a health event pass when it starts or ends a session, when something has changed, or when the heartbeat is due;
 * compared with the last one that passed, so that many small steps are told too.
 */
export class HealthGate {
  readonly #heartbeatMs: number;
  readonly #thresholds: readonly (readonly [string, Threshold])[];
  readonly #last: Record<string, unknown> = Object.create(null);
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor({ heartbeatS = 3_600, thresholds = HEALTH_THRESHOLDS }: HealthOptions) {
    this.#heartbeatMs = heartbeatS * 1_000;
    this.#thresholds = Object.entries(thresholds);
  }

  /** Why it is sent; undefined where it is not. */
  reason(event: Readonly<Record<string, unknown>>, nowMs: number): string | undefined {
    const reason = this.#reason(event, nowMs);
    if (reason === undefined) return undefined;
    this.#lastMs = nowMs;
    for (const [field] of this.#thresholds) if (event[field] !== undefined) this.#last[field] = event[field];
    return reason;
  }

  #reason(event: Readonly<Record<string, unknown>>, nowMs: number): string | undefined {
    const phase = event.session_phase;
    if (phase === 'start' || phase === 'stop') return phase;
    const changed = this.#thresholds.find(([field, threshold]) =>
      hasChanged(this.#last[field], event[field], threshold),
    );
    if (changed !== undefined) return `change:${changed[0]}`;
    // A clock that was put back tells nothing of how long ago that was.
    return nowMs - this.#lastMs >= this.#heartbeatMs || nowMs < this.#lastMs ? 'heartbeat' : undefined;
  }
}

function hasChanged(before: unknown, now: unknown, threshold: Threshold): boolean {
  if (now === undefined) return false; // nothing is said
  if (typeof before !== 'number' || typeof now !== 'number') return before !== now;
  if (threshold === 'any') return before !== now;
  if (threshold === 'increase') return now > before;
  const by = Math.abs(now - before);
  return 'relative' in threshold ? by > threshold.relative * Math.abs(before) : by > threshold.absolute;
}
