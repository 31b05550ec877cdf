// Zones by the engine's own table: luxon does the same, and would double what a function has to load.

const QUARTER_MS = 900_000; // zones change their offset at quarters of an hour at the finest
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Zones that exports of venues name by their offset, which the engine's table does not hold. */
const FIXED = /^utc(?:([+-]\d{1,2})(?::(\d{2}))?)?$/i;

/** What a clock on the wall of a zone shows, as if it were UTC. */
function wallIn(zone: string): (ms: number) => number {
  const [fixed, hours = '0', minutes = '0'] = FIXED.exec(zone) ?? [];
  if (fixed !== undefined) {
    const offsetMs = Number(hours) * HOUR_MS + Number(minutes) * (hours.startsWith('-') ? -60_000 : 60_000);
    return (ms) => ms + offsetMs;
  }
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (ms) => {
    const part: Record<string, string> = {};
    for (const { type, value } of format.formatToParts(ms)) part[type] = value;
    const year = part.era === 'BC' ? 1 - Number(part.year) : Number(part.year);
    const wall = new Date(0);
    wall.setUTCFullYear(year, Number(part.month) - 1, Number(part.day));
    wall.setUTCHours(Number(part.hour), Number(part.minute), Number(part.second), ((ms % 1000) + 1000) % 1000);
    return wall.getTime();
  };
}

/**
 * For the transform: how far a naive local time of a zone lies ahead of UTC, in ms. An hour that a zone has twice is its
 * first one; one that it leaves out is read by the offset before it.
 * @throws RangeError where there is no such zone
 */
export function naiveOffsetIn(zone: string): (localMs: number) => number {
  const wall = wallIn(zone);
  const known = new Map<number, number>();
  return (localMs) => {
    const quarter = Math.floor(localMs / QUARTER_MS);
    let offsetMs = known.get(quarter);
    if (offsetMs === undefined) {
      offsetMs = offsetAt(wall, localMs);
      if (known.size > 10_000) known.clear();
      known.set(quarter, offsetMs);
    }
    return offsetMs;
  };
}

/** Of the offsets that the zone has around a local time, the one by which it is the earliest instant that shows it. */
function offsetAt(wall: (ms: number) => number, localMs: number): number {
  // No zone is further than 15 h from UTC: a day before and after hold the offsets of both sides of any change.
  const before = wall(localMs - DAY_MS) - (localMs - DAY_MS);
  const after = wall(localMs + DAY_MS) - (localMs + DAY_MS);
  const showing = [before, after].filter((offsetMs) => wall(localMs - offsetMs) === localMs);
  return showing.length === 0 ? before : Math.max(...showing);
}

/**
 * The first moment of a moment's day in a zone: its midnight, of two the first, or the next moment where the zone leaves
 * midnight out.
 * @throws RangeError where there is no such zone
 */
export function midnightIn(zone: string): (ms: number) => number {
  const wall = wallIn(zone);
  const day = (ms: number): number => Math.floor(wall(ms) / DAY_MS);
  return (ms) => {
    const today = day(ms);
    let first = Math.floor(ms / QUARTER_MS) * QUARTER_MS;
    while (day(first) < today) first += 1000; // offsets of before 1972 are no quarters
    while (day(first - HOUR_MS) === today) first -= HOUR_MS;
    while (day(first - QUARTER_MS) === today) first -= QUARTER_MS;
    while (day(first - 1000) === today) first -= 1000;
    return first;
  };
}
