import { isFill } from './fill.ts';
import { microseconds } from './input.ts';
import { advance, clockOf, FACTS, type Facts, learn, type OrderState, plus } from './order-state.ts';
import { type OrderWord, orderWord, PROGRESS } from './order-words.ts';
import type { InputOf } from './types.ts';

// What one event says of its order, once it is known which order that is.

const REJECTION = [
  'rejections',
  'rejection_reason',
  'rejection_message',
  'market_at_rejection',
  'retry_attempt',
] as const;

type Execution = InputOf<'execution'>;
type Order = InputOf<'order'>;

/** What an execution says of its order; a fill says it by its quantity. */
export function executionWord(input: Execution): OrderWord | undefined {
  const words = [orderWord(input.event.result), orderWord(input.event.status)];
  if (isFill(input)) return words.find((word) => word === 'partial' || word === 'filled');
  const { rejection_reason, rejection_message, market_at_rejection } = input.event;
  const refused = rejection_reason != null || rejection_message != null || market_at_rejection != null;
  return (
    words.find((word) => word !== undefined && word !== 'filled') ??
    words.find(Boolean) ??
    (refused ? 'rejected' : undefined)
  );
}

export const wordOfOrder = ({ event }: Order): OrderWord | undefined =>
  orderWord(event.status ?? event.lifecycle_state);

export function noteOrder(order: OrderState, { event, us }: Order, word: OrderWord | undefined): void {
  const at = clockOf(us);
  order.hasOrder = true;
  order.facts = learn(learn(order.facts, FACTS, event), ['limit_px'], event, { anew: true });
  order.rejection = rejectionOf(order.rejection, event, word === 'rejected' ? (event.reason ?? null) : null);
  noteRetry(order, event.retry_attempt);
  const sent = timeOf(event.order_sent_ts) ?? (word === undefined || word === 'submitted' ? at : undefined);
  const acked = timeOf(event.acked_ts) ?? (word === 'acked' ? at : undefined);
  const decided = timeOf(event.decision_ts);
  if (at !== undefined) order.orderUs ??= at;
  if (sent !== undefined) order.submittedUs ??= sent;
  if (acked !== undefined) order.ackedUs ??= acked;
  if (decided !== undefined) order.decisionUs ??= decided;
  noteQuantities(order, event, word);
  if (word === 'partial') order.partly ??= true;
  advance(order, word ?? 'submitted', at);
}

export function noteExecution(order: OrderState, input: Execution, word: OrderWord | undefined): void {
  const { event, us } = input;
  const sent = timeOf(event.order_sent_ts);
  const decided = timeOf(event.decision_ts);
  order.facts = learn(order.facts, FACTS, event);
  order.rejection = rejectionOf(order.rejection, event, null);
  noteRetry(order, event.retry_attempt);
  if (sent !== undefined) order.submittedUs ??= sent;
  if (decided !== undefined) order.decisionUs ??= decided;
  if (isFill(input)) return;
  order.hasOrder = true;
  const at = clockOf(us);
  if (word === 'acked' && at !== undefined) order.ackedUs ??= at;
  advance(order, word ?? 'submitted', at);
}

/** Counts a fill, once. */
export function noteFill(
  order: OrderState,
  { event, us }: Execution,
  { word, stable }: { word: OrderWord | undefined; stable: ReadonlySet<string> },
): void {
  const [qty, price] = [event.qty ?? 0, event.price ?? 0];
  const at = timeOf(event.exec_ts) ?? clockOf(us);
  const asset = event.fee_asset ?? null;
  const fee = event.fee ?? null;
  const feeUsd = event.fee_usd ?? (fee !== null && asset !== null && stable.has(asset) ? fee : null);
  const oneAsset = order.fills === 0 || order.feeAsset === asset;
  order.hasFill = true;
  order.quantity = plus(order.quantity, qty);
  order.cost = plus(order.cost, qty * price);
  order.fee = order.fee === null || fee === null || !oneAsset ? null : plus(order.fee, fee);
  order.feeUsd = order.feeUsd === null || feeUsd === null ? null : plus(order.feeUsd, feeUsd);
  if (order.fills === 0) order.feeAsset = asset;
  order.fills++;
  if (event.liquidity === 'maker') order.makers++;
  if (event.liquidity === 'taker') order.takers++;
  if (word !== undefined) order.partly = word === 'partial';
  if (at === undefined) return;
  order.firstFillUs = Math.min(order.firstFillUs ?? at, at);
  order.lastFillUs = Math.max(order.lastFillUs ?? at, at);
}

/** An error that says that the order failed. */
export function noteError(order: OrderState, { event, us }: InputOf<'error'>): void {
  order.hasOrder = true;
  order.facts = learn(order.facts, FACTS, event);
  const { code, message, reason, retry_attempt } = event;
  order.rejection = learn(
    order.rejection,
    REJECTION,
    { rejection_reason: code ?? reason, rejection_message: message, retry_attempt },
    { anew: true },
  );
  noteRetry(order, retry_attempt);
  advance(order, 'rejected', clockOf(us));
}

/** What is asked for may be amended while the order goes forward; what a last word repeats may be a rest. */
function noteQuantities(order: OrderState, event: Order['event'], word: OrderWord | undefined): void {
  const { qty, filled_qty, remaining_qty, avg_price } = event;
  const asked = qty ?? (remaining_qty == null ? null : remaining_qty + (filled_qty ?? 0));
  const forward = word === undefined || (PROGRESS[word] ?? 3) < 3;
  if (asked !== null && asked > 0 && (forward || order.requested === undefined)) order.requested = asked;
  if (filled_qty != null && filled_qty > 0) order.reported = Math.max(order.reported ?? 0, filled_qty);
  if (avg_price != null && avg_price > 0) order.reportedPx = avg_price;
}

function noteRetry(order: OrderState, attempt: number | null | undefined): void {
  if (attempt != null) order.retries = Math.max(order.retries ?? 0, attempt);
}

/** Details of the last rejection that gave some (S1 H5); the reason of a refused order is one. */
function rejectionOf(known: Facts, event: Execution['event'] | Order['event'], reason: string | null): Facts {
  const learned = learn(known, REJECTION, event, { anew: true });
  if (reason === null) return learned;
  return learn(learned, REJECTION, {
    [event.rejection_reason == null ? 'rejection_reason' : 'rejection_message']: reason,
  });
}

const timeOf = (text: string | null | undefined): number | undefined => clockOf(microseconds(text, undefined));
