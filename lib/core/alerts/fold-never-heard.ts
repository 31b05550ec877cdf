import type { AbsenceCondition, AlertSettings, Reading } from './types.ts';

// A strategy of which nothing was ever heard. The condition of absence counts from what was heard; where that is
// nothing, an expected strategy is missed from when it was first looked for.

/** Interval of a strategy that is expected with none. */
const EXPECTED_INTERVAL_MS = 300_000;

export interface Awaited {
  /** What the settings say of it; undefined where it is not expected. */
  readonly expected: AlertSettings['expect'][string] | undefined;
  /** When it was first looked for, ms. */
  readonly bornMs: number;
  readonly nowMs: number;
  /** How long events take to get here at most, ms. @default 0 */
  readonly lagMs: number | undefined;
  /** Whether it was heard of in another mode. @default false */
  readonly heardElsewhere: boolean | undefined;
}

export const NO_DATA: Reading = {
  group: '',
  answer: 'no_data',
  value: null,
  limit: null,
  sinceMs: null,
  reason: '',
  evidence: [],
};

export function neverHeard(condition: AbsenceCondition, awaited: Awaited): Reading {
  const { bornMs, nowMs, heardElsewhere = false } = awaited;
  if (heardElsewhere) return { ...NO_DATA, answer: 'ok', reason: 'It is heard of in another mode.' };
  const allowedMs = allowedFor(condition, awaited);
  if (allowedMs === undefined) return { ...NO_DATA, reason: 'Nothing was ever heard of it.' };
  if (nowMs - bornMs < allowedMs) return { ...NO_DATA, reason: 'Nothing was heard of it yet.' };
  return {
    ...NO_DATA,
    answer: 'firing',
    value: seconds(nowMs - bornMs),
    limit: seconds(allowedMs),
    sinceMs: bornMs,
    reason: 'It is expected, and nothing was ever heard of it.',
  };
}

/** When it is missed, ms; undefined where it never is, or is already. */
export function neverHeardDueMs(condition: AbsenceCondition, awaited: Awaited): number | undefined {
  const allowedMs = allowedFor(condition, awaited);
  if (allowedMs === undefined || awaited.heardElsewhere === true) return undefined;
  const dueMs = awaited.bornMs + allowedMs;
  return dueMs > awaited.nowMs ? dueMs : undefined;
}

function allowedFor({ times, interval }: AbsenceCondition, { expected, lagMs = 0 }: Awaited): number | undefined {
  return expected && times * (expected.heartbeat ?? interval ?? EXPECTED_INTERVAL_MS) + lagMs;
}

/** As the condition of absence gives its figures. */
const seconds = (ms: number): number => Math.round(ms / 1000);
