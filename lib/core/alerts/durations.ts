const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** A duration for people in its two largest units, such as `2h 5m`; below a second in ms. */
export function shownDuration(ms: number): string {
  const rounded = Math.round(ms);
  if (rounded < 0) return `-${shownDuration(-rounded)}`;
  if (rounded < 1_000) return `${rounded}ms`;
  const first = UNITS.findIndex(([, length]) => rounded >= length);
  let left = rounded;
  const parts = UNITS.slice(first, first + 2).flatMap(([unit, length]) => {
    const n = Math.floor(left / length);
    left -= n * length;
    return n === 0 ? [] : [`${n}${unit}`];
  });
  return parts.join(' ');
}
