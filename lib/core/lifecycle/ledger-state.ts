import type { Gunzip, LakeRecord } from '../lake/read.ts';
import type { OutboxObject } from './outbox.ts';
import { MAX_SYMBOLS } from './sessions.ts';
import type { DerivedRow, LedgerKey, Place, SavedFold, Touch } from './types.ts';

// The state of one ledger between two invocations.

/** A saved fold of the moment before a UTC day began. */
export interface Checkpoint {
  readonly date: string;
  readonly key: string;
}

/** Days to be folded again, for something came too late. */
export interface Dirty {
  /** First moment of the first day, µs. */
  readonly fromUs: number;
  /** When the first and the last late event came in, ms. */
  readonly sinceMs: number;
  readonly lastMs: number;
}

/** A row that stands in the lake as provisional. */
export interface ProvisionalRow {
  readonly row: Pick<DerivedRow, 'stream' | 'id' | 'date'>;
  /** Hash of what it says. */
  readonly said: string;
}

export interface LedgerState {
  readonly format: 1;
  readonly key: LedgerKey;
  /** Counts the writes of this state. */
  readonly version: number;
  readonly fold: SavedFold | null;
  /** Everything up to here was applied, µs. */
  readonly uptoUs: number | null;
  /** Place of the last input applied. */
  readonly last: Place | null;
  /** Objects taken in, newest last; the older are forgotten, and their events known by their place. */
  readonly applied: readonly string[];
  /** Events that wait, as they lie in the lake. */
  readonly pending: readonly LakeRecord[];
  /** What is known of each run from all streams. */
  readonly touches: readonly Touch[];
  readonly dirty: Dirty | null;
  readonly checkpoints: readonly Checkpoint[];
  readonly provisional: readonly (readonly [string, ProvisionalRow])[];
  /** Rows of this version, still to be written unless whoever wrote the state did. */
  readonly outbox: readonly OutboxObject[];
  /** Events that came after later ones had been applied. */
  readonly late: number;
}

/** How many objects a state remembers: a redelivery is mostly of the last minutes, and costs nothing then. */
export const REMEMBERED_OBJECTS = 2_000;

/** Runs whose touches are kept for folding again. */
export const REMEMBERED_RUNS = 10_000;

export const newState = (key: LedgerKey): LedgerState => ({
  format: 1,
  key,
  version: 0,
  fold: null,
  uptoUs: null,
  last: null,
  applied: [],
  pending: [],
  touches: [],
  dirty: null,
  checkpoints: [],
  provisional: [],
  outbox: [],
  late: 0,
});

export interface Codec {
  readonly gzip: (bytes: Uint8Array) => Promise<Uint8Array>;
  readonly gunzip: Gunzip;
}

const utf8 = new TextEncoder();
const text = new TextDecoder();

export const pack = (value: unknown, { gzip }: Codec): Promise<Uint8Array> => gzip(utf8.encode(JSON.stringify(value)));

/** @returns undefined where the bytes are damaged. */
export async function unpack(body: Uint8Array, { gunzip }: Codec): Promise<unknown> {
  const { bytes, damage } = await gunzip(body);
  if (damage !== undefined) return undefined;
  try {
    return JSON.parse(text.decode(bytes));
  } catch {
    return undefined;
  }
}

/** Touches of one run and timeframe are kept as one. */
export const touchKey = ({ session, timeframe }: Touch): string => JSON.stringify([session, timeframe ?? null]);

/** Two touches as one: the span of both, and what either knows. */
export function mergeTouches(a: Touch, b: Touch): Touch {
  const firsts = [a.firstUs, b.firstUs].filter((us) => us !== undefined);
  const lasts = [a.lastUs, b.lastUs].filter((us) => us !== undefined);
  return {
    ...b,
    ...(firsts.length === 0 ? {} : { firstUs: Math.min(...firsts) }),
    ...(lasts.length === 0 ? {} : { lastUs: Math.max(...lasts) }),
    events: a.events + b.events,
    noClock: a.noClock + b.noClock,
    symbols: [...new Set([...a.symbols, ...b.symbols])].sort().slice(0, MAX_SYMBOLS),
  };
}
