import type { Outcome } from '../delivery-client.ts';
import type { LogFile } from './discover.ts';
import type { LogReport } from './read.ts';

const SETTLE_MS = 60_000;

/** Remarks that are made once, however often their reason is met. */
export class Remarks {
  readonly #say: ((remark: string) => void) | undefined;
  readonly #told = new Set<string>();

  constructor(say: ((remark: string) => void) | undefined) {
    this.#say = say;
  }

  /** @returns whether it was new */
  once(remark: string): boolean {
    if (this.#told.has(remark)) return false;
    this.#told.add(remark);
    this.#say?.(remark);
    return true;
  }
}

/** What a watch has done so far: `lines = blank + passedOver + accepted + refused + tooLarge + aborted`, once all is settled. */
export class WatchTotals {
  lines = 0;
  blank = 0;
  /** Passed over by `--from-end`. */
  passedOver = 0;
  accepted = 0;
  refused = 0;
  tooLarge = 0;
  /** On their way when the watch ended; they are sent again. */
  aborted = 0;
  damagedRanges = 0;

  settle(lines: number, outcome: Outcome): void {
    if (outcome.kind === 'accepted') this.accepted += lines;
    else if (outcome.kind === 'refused') this.refused += lines;
    else this.aborted += lines;
  }

  /** Tells of damage, once per place: a file that grows is read again from shortly before. */
  damage({ path, mtimeMs }: LogFile, { damage }: LogReport, remarks: Remarks): void {
    for (const { from, to, what } of damage) {
      // A member that is being written looks truncated until it is whole.
      if (what === 'truncated' && Date.now() - mtimeMs < SETTLE_MS) continue;
      if (remarks.once(`damaged: ${path}, bytes ${from} to ${to} (${what})`)) this.damagedRanges++;
    }
  }
}
