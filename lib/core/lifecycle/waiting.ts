import { comparePlaces } from './input.ts';
import { JOIN_AHEAD_US } from './join.ts';
import type { Input, InputOf, Place } from './types.ts';

/** Inputs that change books or prices, and wait for what explains them. */
export type Decided = InputOf<'execution'> | InputOf<'cash_flow'> | InputOf<'market'>;

/** What is done with an input: `note` at its place, at once; `decide` once everything JOIN_AHEAD_US later is noted. */
export interface Steps {
  /** @returns whether the input is to be decided too */
  note(input: Input): boolean;
  decide(input: Decided): void;
}

/** Brings inputs to their two steps in place order, however they are cut into calls. */
export class Waiting {
  /** The last input that was noted. */
  #last: Place | null;
  /** Inputs beyond what was asked to be decided. */
  #ahead: readonly Input[];
  #waiting: Decided[];
  #head = 0;
  /** Time of the last input that was decided. */
  #decidedUs: number;

  constructor(saved?: SavedWaiting) {
    this.#last = saved?.last ?? null;
    this.#ahead = saved?.ahead ?? [];
    this.#waiting = [...(saved?.waiting ?? [])];
    this.#decidedUs = saved?.decidedUs ?? 0;
  }

  /** Whether it is too late for the input: it stands before one that was noted, or would have explained one decided. */
  isLate(input: Input): boolean {
    if (input.us <= this.#decidedUs + JOIN_AHEAD_US && this.#decidedUs > 0) return true;
    return this.#last !== null && comparePlaces(input, this.#last) <= 0;
  }

  take(inputs: readonly Input[], uptoUs: number, steps: Steps): void {
    const all = this.#ahead.length === 0 ? inputs : [...this.#ahead, ...inputs].sort(comparePlaces);
    let taken = 0;
    for (const input of all) {
      if (input.us > uptoUs) break;
      this.#decideBefore(input.us - JOIN_AHEAD_US, steps);
      this.#last = input;
      if (steps.note(input)) this.#waiting.push(input as Decided); // `note` says so only of these
      taken++;
    }
    this.#ahead = taken === all.length ? [] : all.slice(taken);
    this.#decideBefore(uptoUs - JOIN_AHEAD_US + 1, steps);
  }

  save() {
    const last = this.#last === null ? null : { us: this.#last.us, seq: this.#last.seq, id: this.#last.id };
    return { last, ahead: this.#ahead, waiting: this.#waiting.slice(this.#head), decidedUs: this.#decidedUs };
  }

  #decideBefore(us: number, steps: Steps): void {
    for (let next = this.#waiting[this.#head]; next !== undefined && next.us < us; next = this.#waiting[this.#head]) {
      this.#head++;
      this.#decidedUs = next.us;
      steps.decide(next);
    }
    if (this.#head < 1_000 && this.#head < this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#head);
    this.#head = 0;
  }
}

export type SavedWaiting = ReturnType<Waiting['save']>;
