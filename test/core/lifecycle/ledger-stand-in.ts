import { dateOf } from '../../../lib/core/lake/keys.ts';
import { comparePlaces } from '../../../lib/core/lifecycle/input.ts';
import type { LedgerParts } from '../../../lib/core/lifecycle/ledger-ports.ts';
import { touchesOf, touchRow } from '../../../lib/core/lifecycle/touches.ts';
import type {
  DerivedRow,
  Fold,
  Input,
  LedgerCounts,
  LedgerKey,
  Place,
  SavedFold,
} from '../../../lib/core/lifecycle/types.ts';

// The simplest fold that shows every mistake of the runtime: each execution is a row that holds all before it.

interface Saved {
  readonly last: Place | null;
  readonly n: number;
  readonly chain: string;
  readonly open: DerivedRow | null;
  readonly seen: readonly string[];
}

const COUNTS: LedgerCounts = {
  fills: 0,
  fill_repeated: 0,
  fill_shadowed: 0,
  side_unknown: 0,
  fill_incomplete: 0,
  too_fine: 0,
  entry_unknown: 0,
  flows: 0,
  flow_repeated: 0,
  funding_unallocated: 0,
  late: 0,
};

const short = (text: string): string => {
  let hash = 7;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) >>> 0;
  return hash.toString(16);
};

class ChainFold implements Fold {
  readonly #key: LedgerKey;
  readonly counts = { ...COUNTS };
  #last: Place | null;
  #n: number;
  #chain: string;
  /** The row of the last fill may change still: a later one says what came next. */
  #open: DerivedRow | null;
  /** Fills that the venue numbered count once. */
  readonly #seen: Set<string>;
  readonly #changed = new Map<string, DerivedRow>();

  constructor(key: LedgerKey, saved?: Saved, everything = false) {
    this.#key = key;
    this.#last = saved?.last ?? null;
    this.#n = saved?.n ?? 0;
    this.#chain = saved?.chain ?? '';
    this.#open = saved?.open ?? null;
    this.#seen = new Set(saved?.seen);
    if (everything && this.#open !== null) this.#changed.set(this.#open.id, this.#open);
  }

  announce(): undefined {
    return undefined;
  }

  isLate(input: Input): boolean {
    return this.#last !== null && comparePlaces(input, this.#last) < 0;
  }

  touch(): void {}

  apply(inputs: readonly Input[], uptoUs: number): void {
    for (const input of inputs) {
      if (input.us > uptoUs) throw new Error('an input beyond what is to be decided');
      if (this.#last !== null && comparePlaces(input, this.#last) <= 0) throw new Error('an input out of its place');
      this.#last = { us: input.us, seq: input.seq, id: input.id };
      if (input.stream !== 'execution') continue;
      const { venue_fill_id } = input.event;
      if (venue_fill_id != null && this.#seen.has(venue_fill_id)) continue;
      if (venue_fill_id != null) this.#seen.add(venue_fill_id);
      if (this.#open !== null) this.#set({ ...this.#open, event: { ...this.#open.event, next: input.id } });
      this.#n++;
      this.counts.fills++;
      this.#chain = short(`${this.#chain}/${input.id}`);
      const { mode, strategyId: strategy_id } = this.#key;
      const session_id = input.event.session_id ?? null;
      const event = { mode, strategy_id, session_id, ts: input.event.ts, n: this.#n, chain: this.#chain };
      this.#open = { stream: 'trade_lifecycle', id: `t-${input.id}`, date: dateOf(input.us / 1000), event };
      this.#set(this.#open);
    }
  }

  rows(): DerivedRow[] {
    const rows = [...this.#changed.values()];
    this.#changed.clear();
    return rows;
  }

  save(): SavedFold {
    return { last: this.#last, n: this.#n, chain: this.#chain, open: this.#open, seen: [...this.#seen] };
  }

  #set(row: DerivedRow): void {
    this.#changed.set(row.id, row);
  }
}

export const chainParts: LedgerParts = {
  openFold: (key, _config, _tools, { saved, everything = false } = {}) =>
    new ChainFold(key, saved as Saved | undefined, everything),
  touchesOf,
  touchRow,
};
