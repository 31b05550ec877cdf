const THOUSAND = Array.from({ length: 1000 }, (_, ms) => `${String(ms).padStart(3, '0')}Z`);

let second = Number.NaN;
let secondText = '';
let lastMs = Number.NaN;
let lastText = '';

/** An instant as ISO 8601 in UTC. Remembers the second: a bot that emits a thousand times in it formats a date once. */
export function isoOf(ms: number): string {
  if (ms === lastMs) return lastText;
  const whole = Math.floor(ms / 1000);
  if (whole !== second) {
    secondText = new Date(whole * 1000).toISOString().slice(0, 20);
    second = whole;
  }
  lastMs = ms;
  lastText = secondText + THOUSAND[Math.floor(ms - whole * 1000)];
  return lastText;
}
