import type { ConditionContext, Observation } from '../types.ts';

// Sliding windows as sets: of the different events of a window the newest so many, in one order. Putting events in is
// commutative and idempotent, so that copies by another way, late ones and any order make the same window.

/** Events one window keeps at most. */
export const MOST_EVENTS = 2000;

/** When, what, and what else is told of it. */
export type Entry<Rest extends readonly unknown[] = readonly []> = readonly [tsMs: number, key: string, ...Rest];

/** Short name of an event's identity (strategy, session, stream, event_id); the strategy is the state's. */
export const keyOf = ({ stream, sessionId, eventId }: Observation, { hash }: ConditionContext): string =>
  hash(`${stream}\n${sessionId ?? ''}\n${eventId}`).slice(0, KEY_CHARS);
/** 64 bits: among two thousand events two are taken for one once in 10^13 windows. */
export const KEY_CHARS = 16;

interface Putting<E> {
  readonly sinceMs: number;
  readonly most?: number;
  readonly merge?: (known: E, entry: E) => E;
  /** Whether keys name things, such as orders, of which several events tell; else they name the events. @default false */
  readonly named?: boolean;
}

/**
 * The window with an entry, without those that are too old; the same list where it changes nothing. Of two entries of one
 * key `merge` makes one. @default - the newer one
 */
export function withEntry<E extends Entry<readonly unknown[]>>(
  list: readonly E[],
  entry: E,
  { sinceMs, most = MOST_EVENTS, merge = newer, named = false }: Putting<E>,
): readonly E[] {
  const at = indexOf(list, entry, named);
  const known = list[at];
  const made = known === undefined ? entry : merge(known, entry);
  if (made === known || made[0] <= sinceMs) return list;
  let place = list.length;
  while (place > 0 && isAfter(list[place - 1] ?? made, made)) place--;
  if (place === 0 && at === -1 && list.length >= most) return list;
  const others = list.slice();
  others.splice(place, 0, made);
  if (at !== -1) others.splice(at < place ? at : at + 1, 1);
  return others.slice(Math.max(firstAfter(others, sinceMs), others.length - most));
}

// Windows of two thousand entries are searched for every event: by index, since destructuring costs ten times the comparison.

/** From the newest, where copies come soon. A copy of an event has its moment; other events of one thing may have another. */
function indexOf(
  list: readonly Entry<readonly unknown[]>[],
  [tsMs, key]: Entry<readonly unknown[]>,
  named: boolean,
): number {
  for (let at = list.length - 1; at >= 0; at--) {
    const each = list[at];
    if (each === undefined || (!named && each[0] < tsMs)) return -1;
    if (each[1] === key) return at;
  }
  return -1;
}

/** Where the entries after a moment begin. */
function firstAfter(list: readonly Entry<readonly unknown[]>[], sinceMs: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle]?.[0] ?? 0) > sinceMs) high = middle;
    else low = middle + 1;
  }
  return low;
}

const newer = <E extends Entry<readonly unknown[]>>(known: E, entry: E): E => (entry[0] > known[0] ? entry : known);

const isAfter = (a: Entry<readonly unknown[]>, b: Entry<readonly unknown[]>): boolean =>
  a[0] > b[0] || (a[0] === b[0] && a[1] > b[1]);

/** The entries that lie in the window, which is open at its old end: after `sinceMs`. */
export const inside = <E extends Entry<readonly unknown[]>>(list: readonly E[], sinceMs: number): readonly E[] => {
  const first = firstAfter(list, sinceMs);
  return first === 0 ? list : list.slice(first);
};
