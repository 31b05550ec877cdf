import { assign, type Candidate } from './assign.ts';
import type { NameOf } from './symbols.ts';
import { allowed, type Tolerances, verdictOf } from './tolerances.ts';
import type { OurFill, VenueFill } from './types.ts';

/** What the bot reported of one fill of the venue: several events where it reported it again. */
export interface Reported {
  /** The one the ledger holds; where that is not known, the first. */
  readonly first: OurFill;
  readonly repeats: readonly OurFill[];
  /** Symbol in its normal spelling. */
  readonly symbol: string;
}

export interface FillMatch {
  readonly venue: VenueFill;
  readonly reported: Reported;
  readonly by: 'id' | 'economics' | 'likeness';
}

export interface FillMatching {
  readonly matches: readonly FillMatch[];
  /** At the venue only. */
  readonly venueOnly: readonly VenueFill[];
  /** With us only. */
  readonly oursOnly: readonly Reported[];
  /** Matches by economics where several would have fitted. */
  readonly ambiguous: number;
  /** Both sides number their fills, and no number is the same: ids of another kind. */
  readonly foreignIds: boolean;
}

export interface MatchOptions {
  readonly nameOf: NameOf;
  readonly tolerances: Tolerances;
  /** Smallest step of a quantity; null where not known. */
  readonly lotOf: (symbol: string) => number | null;
}

/**
 * Pairs the venue's fills with ours: by the venue's own id (per symbol), then by symbol, side, quantity, price and time,
 * then, for what is left, by symbol, side and time with one of quantity, price and order alike. Each fill is used once.
 */
export function matchFills(venue: readonly VenueFill[], ours: readonly OurFill[], options: MatchOptions): FillMatching {
  const reported = reportsOf(ours, options.nameOf);
  const matching = new Matching(venue, reported, options);
  matching.byId();
  const ambiguous = matching.byEconomics();
  matching.byLikeness();
  return { ...matching.result(), ambiguous, foreignIds: matching.foreignIds };
}

/** Events of one fill together: those with one venue id per venue, account, symbol and side. */
export function reportsOf(ours: readonly OurFill[], nameOf: NameOf): Reported[] {
  const groups = new Map<string, OurFill[]>();
  for (const [index, fill] of ours.entries()) {
    const key =
      fill.venueFillId === null
        ? `#${index}`
        : JSON.stringify([fill.venue, fill.accountId, nameOf(fill.symbol), fill.side, fill.venueFillId]);
    groups.set(key, [...(groups.get(key) ?? []), fill]);
  }
  return [...groups.values()].flatMap((fills) => {
    const [first, ...repeats] = fills.sort(
      (a, b) => Number(b.inLedger === true) - Number(a.inLedger === true) || a.arrivedMs - b.arrivedMs || a.us - b.us,
    );
    return first === undefined ? [] : [{ first, repeats, symbol: nameOf(first.symbol) }];
  });
}

class Matching {
  readonly #venue: readonly VenueFill[];
  readonly #reported: readonly Reported[];
  readonly #options: MatchOptions;
  readonly #taken = new Set<Reported>();
  readonly #matches = new Map<VenueFill, FillMatch>();
  foreignIds = false;

  constructor(venue: readonly VenueFill[], reported: readonly Reported[], options: MatchOptions) {
    this.#venue = venue;
    this.#reported = reported;
    this.#options = options;
  }

  byId(): void {
    const key = (symbol: string, id: string): string => `${symbol}\n${id}`;
    const byId = new Map<string, Reported[]>();
    for (const one of this.#reported) {
      const id = one.first.venueFillId;
      if (id !== null) byId.set(key(one.symbol, id), [...(byId.get(key(one.symbol, id)) ?? []), one]);
    }
    for (const fill of this.#venue) {
      if (fill.id === null) continue;
      const candidates = (byId.get(key(this.#options.nameOf(fill.symbol), fill.id)) ?? []).filter(
        (one) => !this.#taken.has(one),
      );
      // A fill against oneself has one number and two sides.
      const best = candidates.find(({ first }) => first.side === fill.side) ?? candidates[0];
      if (best !== undefined) this.#take(fill, best, 'id');
    }
    this.foreignIds = this.#matches.size === 0 && byId.size > 0 && this.#venue.some(({ id }) => id !== null);
  }

  /** @returns how many had several to choose from */
  byEconomics(): number {
    const lists = this.#pair(
      'economics',
      (fill, { first }) => this.#alike(fill, first, 'quantity') && this.#alike(fill, first, 'price'),
    );
    return lists.filter((list) => list.length > 1).length;
  }

  /** What differs in one figure only is one fill with a difference, rather than one that is missing and one too many. */
  byLikeness(): void {
    this.#pair(
      'likeness',
      (fill, { first }) =>
        this.#alike(fill, first, 'quantity') ||
        this.#alike(fill, first, 'price') ||
        (fill.orderId !== null && first.orderIds.includes(fill.orderId)),
    );
  }

  result(): Pick<FillMatching, 'matches' | 'venueOnly' | 'oursOnly'> {
    return {
      matches: [...this.#matches.values()],
      venueOnly: this.#venue.filter((fill) => !this.#matches.has(fill)),
      oursOnly: this.#reported.filter((one) => !this.#taken.has(one)),
    };
  }

  #pair(
    by: FillMatch['by'],
    fits: (fill: VenueFill, reported: Reported) => boolean,
  ): readonly (readonly Candidate[])[] {
    const left = this.#venue.filter((fill) => !this.#matches.has(fill));
    const right = this.#reported.filter((one) => !this.#taken.has(one)).sort((a, b) => a.first.us - b.first.us);
    const book = bySide(right);
    const lists = left.map((fill) => {
      const near = book.get(`${this.#options.nameOf(fill.symbol)}\n${fill.side}`) ?? [];
      return within(near, fill.us, this.#options.tolerances.timeUs)
        .filter(({ reported }) => this.#mayBeOne(by, fill, reported.first) && fits(fill, reported))
        .map(({ reported, index }) => ({ right: index, distance: Math.abs(reported.first.us - fill.us) }));
    });
    for (const [index, found] of assign(lists).entries()) {
      const [fill, one] = [left[index], found === undefined ? undefined : right[found]];
      if (fill !== undefined && one !== undefined) this.#take(fill, one, by);
    }
    return lists;
  }

  #take(venue: VenueFill, reported: Reported, by: FillMatch['by']): void {
    this.#taken.add(reported);
    this.#matches.set(venue, { venue, reported, by });
  }

  /** Two different numbers of one venue are two fills; numbers of another kind say nothing, where all the rest is alike. */
  #mayBeOne(by: FillMatch['by'], venue: VenueFill, ours: OurFill): boolean {
    return venue.id === null || ours.venueFillId === null || (this.foreignIds && by === 'economics');
  }

  #alike(venue: VenueFill, ours: OurFill, field: 'quantity' | 'price'): boolean {
    const { tolerances, lotOf } = this.#options;
    const [theirs, own] = [venue[field].value, field === 'price' ? ours.price : ours.qty];
    const least = field === 'price' ? 0 : (lotOf(ours.symbol) ?? 0) / 2;
    return verdictOf(own, theirs, allowed(tolerances[field], theirs, least)) !== 'open';
  }
}

interface Placed {
  readonly reported: Reported;
  readonly index: number;
}

function bySide(reported: readonly Reported[]): Map<string, Placed[]> {
  const book = new Map<string, Placed[]>();
  for (const [index, one] of reported.entries()) {
    const key = `${one.symbol}\n${one.first.side}`;
    const list = book.get(key);
    if (list === undefined) book.set(key, [{ reported: one, index }]);
    else list.push({ reported: one, index });
  }
  return book;
}

/** Those of a list in time order that are at most so far from a moment. */
function within(list: readonly Placed[], us: number, reachUs: number): Placed[] {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle]?.reported.first.us ?? 0) < us - reachUs) low = middle + 1;
    else high = middle;
  }
  const near: Placed[] = [];
  for (let at = low; at < list.length; at++) {
    const placed = list[at];
    if (placed === undefined || placed.reported.first.us > us + reachUs) break;
    near.push(placed);
  }
  return near;
}
