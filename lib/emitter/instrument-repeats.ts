import type { Fields } from './instrument-orders.ts';
import { Recent } from './instrument-read.ts';

/** An order of the same symbol, side and type, so soon after one that failed, is another attempt at it. */
const RETRY_WITHIN_MS = 10_000;

/** Counts attempts at an order that failed (S1 H5's `retry_attempt`), from what the bot is seen to do. */
export class Attempts {
  readonly #failed = new Recent<{ readonly times: number; readonly atMs: number }>(1_000);

  /** How many attempts failed before this one. */
  before(asked: Fields, nowMs: number): number {
    const failed = this.#failed.get(keyOf(asked));
    return failed !== undefined && nowMs - failed.atMs <= RETRY_WITHIN_MS ? failed.times : 0;
  }

  failed(asked: Fields, nowMs: number): void {
    this.#failed.set(keyOf(asked), { times: this.before(asked, nowMs) + 1, atMs: nowMs });
  }

  worked(asked: Fields): void {
    if (this.#failed.get(keyOf(asked)) !== undefined) this.#failed.set(keyOf(asked), { times: 0, atMs: 0 });
  }
}

const keyOf = ({ symbol, side, order_type, stop_px }: Fields): string =>
  [symbol, side, order_type, stop_px === undefined ? '' : 'stop'].join('\u001f');

const QUIET_MS = 10_000;

/** A loop that asks through an outage fails many times a second; what repeats is counted and told with the next. */
export class Floods {
  readonly #told = new Recent<{ untilMs: number; held: number }>(1_000);

  /** @returns how many like it were held back since the last one told; undefined where this one is held back too */
  held(key: string, nowMs: number): number | undefined {
    const told = this.#told.get(key);
    if (told !== undefined && nowMs < told.untilMs) {
      told.held++;
      return undefined;
    }
    this.#told.set(key, { untilMs: nowMs + QUIET_MS, held: 0 });
    return told?.held ?? 0;
  }
}
