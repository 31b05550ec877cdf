import type { Sum } from './book-types.ts';
import { NO_CLOCK_US } from './input.ts';
import type { Ids } from './order-ids.ts';
import { isEnd, type OrderWord, PROGRESS } from './order-words.ts';

// What is known of one order: values that JSON can hold. Nested ones are replaced, never changed, so that saving is a
// copy of the outermost only.

/** What an intent says of the orders that come of it. */
export interface IntentNote {
  /** µs; absent where it has no clock. */
  readonly us?: number;
  readonly side?: string;
  readonly qty?: number;
  readonly facts: Facts;
  /** The intent itself says that something blocked it. */
  readonly blocked: readonly string[];
  readonly passed: readonly string[];
}

/** Fields of the row that are taken over as some event gave them. */
export type Facts = Readonly<Record<string, unknown>>;

export interface OrderState {
  /** Number in the order of creation. */
  n: number;
  /** First known name; with the run it makes the row's id. */
  identity: string;
  session: string | null;
  /** First moment, µs: of the first event of the order, or of its intent where the intent had a row of its own. */
  us: number;
  /** Last moment it was heard of, for forgetting. */
  seenUs: number;
  names: readonly string[];
  facts: Facts;
  intent: IntentNote | undefined;
  passed: readonly string[];
  blocked: readonly string[];
  hasOrder: boolean;
  hasFill: boolean;
  byTime: boolean;
  progress: number;
  end: { readonly word: OrderWord; readonly us?: number } | undefined;
  requested: number | undefined;
  decisionUs: number | undefined;
  orderUs: number | undefined;
  submittedUs: number | undefined;
  ackedUs: number | undefined;
  firstFillUs: number | undefined;
  lastFillUs: number | undefined;
  /** What the bot or the venue reports as filled, and at what average price. */
  reported: number | undefined;
  reportedPx: number | undefined;
  /** Σ quantity and Σ quantity × price of its fills. */
  quantity: Readonly<Sum>;
  cost: Readonly<Sum>;
  fills: number;
  /** Whether the last fill that said so said that more is to come. */
  partly: boolean | undefined;
  /** Null once a fill came without. */
  feeUsd: Readonly<Sum> | null;
  fee: Readonly<Sum> | null;
  feeAsset: string | null | undefined;
  makers: number;
  takers: number;
  rejection: Facts;
  retries: number | undefined;
}

/** All of them by name from the start, for the same reason as in `newOrder`. */
const NO_FACTS = {
  venue: undefined,
  account_id: undefined,
  symbol: undefined,
  position_side: undefined,
  position_id: undefined,
  group_id: undefined,
  timeframe: undefined,
  bar_ts: undefined,
  experiment_id: undefined,
  strategy_variant: undefined,
  cohort_assignment: undefined,
  side: undefined,
  order_type: undefined,
  limit_px: undefined,
  router: undefined,
  decision_px: undefined,
  reduce_only: undefined,
  is_forced: undefined,
  order_id: undefined,
  client_order_id: undefined,
  venue_order_id: undefined,
  intent_id: undefined,
  decision_id: undefined,
  risk_decision_id: undefined,
  correlation_id: undefined,
  idempotency_key: undefined,
};

/** Fields of events that an order takes over, the first that is known. */
export const FACTS = Object.keys(NO_FACTS);

const NOTHING: Facts = {};
const NONE: readonly string[] = [];
const ZERO: Sum = [0, 0];

type Start = Pick<OrderState, 'n' | 'identity' | 'session' | 'us' | 'seenUs'>;

/** Names every field: an object that grows field by field costs the engine ten times as much. */
export const newOrder = ({ n, identity, session, us, seenUs }: Start): OrderState => ({
  n,
  identity,
  session,
  us,
  seenUs,
  names: NONE,
  facts: NO_FACTS,
  intent: undefined,
  passed: NONE,
  blocked: NONE,
  hasOrder: false,
  hasFill: false,
  byTime: false,
  progress: 0,
  end: undefined,
  requested: undefined,
  decisionUs: undefined,
  orderUs: undefined,
  submittedUs: undefined,
  ackedUs: undefined,
  firstFillUs: undefined,
  lastFillUs: undefined,
  reported: undefined,
  reportedPx: undefined,
  quantity: ZERO,
  cost: ZERO,
  fills: 0,
  partly: undefined,
  feeUsd: ZERO,
  fee: ZERO,
  feeAsset: undefined,
  makers: 0,
  takers: 0,
  rejection: NOTHING,
  retries: undefined,
});

/** An order out of saved text, which lacks what is not known. */
export const reopened = (saved: OrderState): OrderState =>
  Object.assign(newOrder(saved), saved, { facts: { ...NO_FACTS, ...saved.facts } });

/** Ids of the order as they stand in its row: of each kind the first. */
export const idsOf = ({ facts }: OrderState): Ids => facts as Ids;

/** A moment, where there is a clock. */
export const clockOf = (us: number | undefined): number | undefined => (us === NO_CLOCK_US ? undefined : us);

/** Takes over what is not known yet. */
export function learn(
  known: Facts,
  fields: readonly string[],
  event: Readonly<Record<string, unknown>>,
  { anew = false }: { anew?: boolean } = {},
): Facts {
  let learned: Record<string, unknown> | undefined;
  for (const field of fields) {
    if (!anew && known[field] !== undefined) continue;
    const value = event[field];
    if (value === undefined || value === null) continue;
    learned ??= { ...known };
    learned[field] = value;
  }
  return learned ?? known;
}

export const united = (a: readonly string[], b: readonly string[]): readonly string[] =>
  b.every((item) => a.includes(item)) ? a : [...new Set([...a, ...b])];

/** Where the order stands after a word: forward only, and from an end nowhere. */
export function advance(order: OrderState, word: OrderWord | undefined, us: number | undefined): void {
  if (word === undefined || word === 'noop') return;
  if (isEnd(word)) order.end ??= us === undefined ? { word } : { word, us };
  else order.progress = Math.max(order.progress, PROGRESS[word] ?? 0);
}

/** Two records that turned out to be one order; the older stays. */
export function unite(into: OrderState, from: OrderState): void {
  const least = (key: 'decisionUs' | 'orderUs' | 'submittedUs' | 'ackedUs' | 'firstFillUs'): void => {
    const other = from[key];
    if (other !== undefined) into[key] = Math.min(into[key] ?? other, other);
  };
  for (const key of ['decisionUs', 'orderUs', 'submittedUs', 'ackedUs', 'firstFillUs'] as const) least(key);
  if ((from.lastFillUs ?? 0) > (into.lastFillUs ?? 0) && from.partly !== undefined) into.partly = from.partly;
  if (from.lastFillUs !== undefined) into.lastFillUs = Math.max(into.lastFillUs ?? from.lastFillUs, from.lastFillUs);
  if (from.end !== undefined && (into.end === undefined || (from.end.us ?? 0) < (into.end.us ?? 0)))
    into.end = from.end;
  if (from.reported !== undefined) into.reported = Math.max(into.reported ?? 0, from.reported);
  if (from.reportedPx !== undefined) into.reportedPx ??= from.reportedPx;
  if (from.requested !== undefined) into.requested ??= from.requested;
  if (from.retries !== undefined) into.retries = Math.max(into.retries ?? 0, from.retries);
  if (from.intent !== undefined) into.intent ??= from.intent;
  into.fee = from.fills > 0 && into.fills > 0 && from.feeAsset !== into.feeAsset ? null : both(into.fee, from.fee);
  if (into.fills === 0) into.feeAsset = from.feeAsset;
  into.feeUsd = both(into.feeUsd, from.feeUsd);
  into.quantity = both(into.quantity, from.quantity) ?? into.quantity;
  into.cost = both(into.cost, from.cost) ?? into.cost;
  into.fills += from.fills;
  into.makers += from.makers;
  into.takers += from.takers;
  into.progress = Math.max(into.progress, from.progress);
  into.seenUs = Math.max(into.seenUs, from.seenUs);
  into.hasOrder ||= from.hasOrder;
  into.hasFill ||= from.hasFill;
  into.byTime ||= from.byTime;
  into.names = united(into.names, from.names);
  into.passed = united(into.passed, from.passed);
  into.blocked = united(into.blocked, from.blocked);
  into.facts = { ...from.facts, ...into.facts };
  into.rejection = { ...into.rejection, ...from.rejection };
}

const both = (a: Readonly<Sum> | null, b: Readonly<Sum> | null): Readonly<Sum> | null =>
  a === null || b === null ? null : plus(plus(a, b[0]), b[1]);

/** The sum with one more part, compensated (Neumaier, ZAMM 54, 1974). */
export function plus([sum, compensation]: Readonly<Sum>, value: number): Sum {
  const next = sum + value;
  const lost = Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
  return [next, compensation + lost];
}

interface Numbered {
  readonly n: number;
}

/** Keeps a list in the order of creation, whenever a name was learned: a look-up must not depend on when it was made. */
export function insertByNumber<T extends Numbered>(list: T[], item: T): void {
  let at = list.length;
  while (at > 0 && (list[at - 1]?.n ?? 0) > item.n) at--;
  list.splice(at, 0, item);
}

/** So many of the newest are looked at where many share a name, such as one request of a whole run. */
const LOOKED_AT = 64;

export function* newestFirst<T>(list: readonly T[]): Generator<T> {
  for (let at = list.length - 1; at >= 0 && at >= list.length - LOOKED_AT; at--) {
    const item = list[at];
    if (item !== undefined) yield item;
  }
}
