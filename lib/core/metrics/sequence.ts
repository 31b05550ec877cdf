// Gaps in the numbers of an emitter, from events in any order: objects of different streams reach the lake as they like.

/** Numbers of one run that were seen, as what is missing between. JSON. */
export interface Sequence {
  readonly low: number;
  readonly high: number;
  /** Missing numbers, from and to, and when that was noticed; ascending. */
  readonly missing: readonly (readonly [from: number, to: number, noticedMs: number])[];
  /** Numbers given up on, so that the list stays short. */
  readonly lost: number;
}

const MOST_RANGES = 32;
const BACKWARDS = 10_000;
const PATIENCE_MS = 120_000;

/** Takes a number in, any number of times. */
export function foldNumber(sequence: Sequence | undefined, seq: number, atMs: number): Sequence {
  if (sequence === undefined) return { low: seq, high: seq, missing: [], lost: 0 };
  const { low, high, missing } = sequence;
  if (seq === high + 1) return { ...sequence, high: seq };
  if (seq > high) return bounded({ ...sequence, high: seq, missing: [...missing, [high + 1, seq - 1, atMs]] });
  if (seq < low) {
    // What came before the first that was heard is not missed, unless it shows up shortly after.
    if (low - seq > BACKWARDS) return sequence;
    const between = seq + 1 < low ? [[seq + 1, low - 1, atMs] as const] : [];
    return bounded({ ...sequence, low: seq, missing: [...between, ...missing] });
  }
  const hit = missing.findIndex(([from, to]) => seq >= from && seq <= to);
  const range = missing[hit];
  if (range === undefined) return sequence;
  const [from, to, noticedMs] = range;
  const left = seq > from ? [[from, seq - 1, noticedMs] as const] : [];
  const right = seq < to ? [[seq + 1, to, noticedMs] as const] : [];
  return bounded({ ...sequence, missing: [...missing.slice(0, hit), ...left, ...right, ...missing.slice(hit + 1)] });
}

/** Numbers that have been missing for two minutes. */
export const gapsIn = ({ missing, lost }: Sequence, nowMs: number): number =>
  missing.reduce((sum, [from, to, noticedMs]) => sum + (nowMs - noticedMs >= PATIENCE_MS ? to - from + 1 : 0), lost);

function bounded(sequence: Sequence): Sequence {
  const over = sequence.missing.length - MOST_RANGES;
  if (over <= 0) return sequence;
  const given = sequence.missing.slice(0, over);
  return {
    ...sequence,
    missing: sequence.missing.slice(over),
    lost: given.reduce((sum, [from, to]) => sum + to - from + 1, sequence.lost),
  };
}
