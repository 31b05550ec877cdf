import { dayOfSourceKey, isAdopted, isFill, rankOf, sourceKeyOf } from './fill.ts';
import type { Input, InputOf } from './types.ts';

interface Source {
  /** Highest rank of a log that holds fills of the day. */
  best: number;
  /** Highest rank of which a fill was applied. */
  applied: number;
}

/** Which of several logs that hold the same fills is the ledger of a day (semantics 2). */
export class Sources {
  readonly #days: Map<string, Source>;

  constructor(saved: readonly (readonly [string, number, number])[] = []) {
    this.#days = new Map(saved.map(([key, best, applied]) => [key, { best, applied }]));
  }

  /** @returns the first moment of the first day whose ledger changes although fills of a lower log were applied */
  announce(inputs: readonly Input[]): number | undefined {
    let from: number | undefined;
    for (const input of inputs) {
      if (input.stream !== 'execution' || !isFill(input) || isAdopted(input)) continue;
      const [key, rank] = [sourceKeyOf(input), rankOf(input)];
      const day = this.#days.get(key);
      if (day === undefined) this.#days.set(key, { best: rank, applied: 0 });
      else if (rank > day.best) {
        day.best = rank;
        if (day.applied > 0 && day.applied < rank)
          from = Math.min(from ?? Number.POSITIVE_INFINITY, dayOfSourceKey(key));
      }
    }
    return from;
  }

  /** Whether the fill counts, or a better log of its day holds it too. Fills that the venue numbered always count. */
  takes(input: InputOf<'execution'>): boolean {
    if (typeof input.event.venue_fill_id === 'string' || isAdopted(input)) return true;
    const rank = rankOf(input);
    const day = this.#days.get(sourceKeyOf(input));
    if (day === undefined) return true;
    if (rank < day.best) return false;
    day.applied = Math.max(day.applied, rank);
    return true;
  }

  /** Lets go of days that ended before the moment. */
  forget(us: number): void {
    for (const key of this.#days.keys()) if (dayOfSourceKey(key) + DAY_US < us) this.#days.delete(key);
  }

  save(): [string, number, number][] {
    return [...this.#days].map(([key, { best, applied }]) => [key, best, applied]);
  }
}

const DAY_US = 86_400_000_000;
