import type { EventOf } from '../catalog/index.ts';
import { dateOf } from '../lake/keys.ts';
import { formatUs } from '../transform/time.ts';
import type { Sum } from './book-types.ts';
import { NO_CLOCK_US } from './input.ts';
import { latencyOf, reasonOf } from './latency.ts';
import type { OrderState } from './order-state.ts';
import { isEnd } from './order-words.ts';
import type { DerivedRow, LedgerKey, LedgerTools } from './types.ts';

type Row = EventOf<'order_lifecycle'>;
type Status = NonNullable<Row['status']>;

/** Quantities agree that differ by less than this, relative (semantics 2). */
const SAME = 1e-9;

export interface RowMaker extends LedgerTools {
  readonly key: LedgerKey;
}

/** The id of an order's row: the same from its first event to its last, whatever other names are learned. */
const rowIdOf = ({ identity, session }: OrderState, { key, sha256 }: RowMaker): string =>
  `o-${sha256(JSON.stringify([key.mode, key.strategyId, session, identity])).slice(0, 16)}`;

/** The row of an order as it stands. */
export function orderRow(order: OrderState, maker: RowMaker): DerivedRow {
  const known = filledOf(order);
  const filled = known ?? 0;
  const status = statusOf(order, filled);
  const requested = requestedOf(order);
  const asked = order.intent?.us ?? order.decisionUs;
  const sent = order.submittedUs ?? order.orderUs;
  const toOrder = latencyOf(asked, sent);
  const toAck = latencyOf(sent, order.ackedUs);
  const toFill = latencyOf(sent, order.firstFillUs);
  const inAll = latencyOf(asked, order.firstFillUs);
  const wanted: Row = order.intent?.facts ?? NOTHING;
  const { facts, rejection }: { facts: Row; rejection: Row } = order;
  const { mode, strategyId } = maker.key;
  const clock = order.us !== NO_CLOCK_US;
  // Every field by its name and nothing spread, for an object that grows costs more than all the rest; JSON leaves out what is undefined.
  const event: Row = {
    event_id: rowIdOf(order, maker),
    stream: 'order_lifecycle',
    schema_version: 1,
    ts: clock ? formatUs(order.us) : undefined,
    ts_ms: clock ? Math.floor(order.us / 1000) : undefined,
    ts_source: clock ? 'ts' : 'none',
    strategy_id: strategyId ?? undefined,
    session_id: order.session ?? undefined,
    mode: (mode as Row['mode']) ?? undefined,
    venue: facts.venue ?? wanted.venue,
    account_id: facts.account_id ?? wanted.account_id,
    symbol: facts.symbol ?? wanted.symbol,
    position_side: facts.position_side ?? wanted.position_side,
    position_id: facts.position_id ?? wanted.position_id,
    group_id: facts.group_id ?? wanted.group_id,
    timeframe: facts.timeframe ?? wanted.timeframe,
    bar_ts: facts.bar_ts ?? wanted.bar_ts,
    experiment_id: facts.experiment_id ?? wanted.experiment_id,
    strategy_variant: facts.strategy_variant ?? wanted.strategy_variant,
    cohort_assignment: facts.cohort_assignment ?? wanted.cohort_assignment,
    status,
    side: sideOf(order),
    order_type: facts.order_type ?? wanted.order_type,
    requested_qty: requested,
    filled_qty: known,
    fill_ratio: requested === undefined || known === undefined ? undefined : known / requested,
    fill_count: order.fills,
    avg_fill_px: averageOf(order, filled),
    limit_px: facts.limit_px ?? wanted.limit_px,
    decision_px: facts.decision_px ?? wanted.decision_px,
    fees_usd: order.fills === 0 ? undefined : totalOf(order.feeUsd),
    fee: order.fills === 0 ? undefined : totalOf(order.fee),
    fee_asset: order.fee === null ? undefined : (order.feeAsset ?? undefined),
    liquidity: liquidityOf(order),
    reduce_only: facts.reduce_only ?? wanted.reduce_only,
    is_forced: facts.is_forced ?? wanted.is_forced,
    router: facts.router,
    decision_ts: textOf(order.decisionUs),
    intent_ts: textOf(order.intent?.us),
    submitted_ts: textOf(order.submittedUs),
    acked_ts: textOf(order.ackedUs),
    first_fill_ts: textOf(order.firstFillUs),
    last_fill_ts: textOf(order.lastFillUs),
    ended_ts: textOf(endedUs(order, status, filled)),
    intent_to_order_ms: toOrder.ms ?? undefined,
    order_to_ack_ms: toAck.ms ?? undefined,
    order_to_fill_ms: toFill.ms ?? undefined,
    intent_to_fill_ms: inAll.ms ?? undefined,
    latency_reason: reasonOf([toOrder, toAck, toFill, inAll]) ?? undefined,
    chained_by: chainOf(order),
    gates_passed: order.passed.length,
    gates_blocked: order.blocked.length,
    blocked_by: order.blocked.length === 0 ? undefined : [...order.blocked].sort(),
    retries: order.retries,
    rejections: rejection.rejections,
    rejection_reason: rejection.rejection_reason,
    rejection_message: rejection.rejection_message,
    market_at_rejection: rejection.market_at_rejection,
    retry_attempt: rejection.retry_attempt,
    order_id: facts.order_id ?? wanted.order_id,
    client_order_id: facts.client_order_id ?? wanted.client_order_id,
    venue_order_id: facts.venue_order_id ?? wanted.venue_order_id,
    intent_id: facts.intent_id ?? wanted.intent_id,
    decision_id: facts.decision_id ?? wanted.decision_id,
    risk_decision_id: facts.risk_decision_id ?? wanted.risk_decision_id,
    correlation_id: facts.correlation_id ?? wanted.correlation_id,
    idempotency_key: facts.idempotency_key ?? wanted.idempotency_key,
  };
  return rowOf(event, order);
}

const NOTHING: Row = {};

/** Withdraws the row of a record that turned out to be another's. */
export const retraction = (order: OrderState, maker: RowMaker): DerivedRow =>
  rowOf({ ...envelopeOf(order, maker), retracted: true }, order);

const rowOf = (event: Row, { us }: OrderState): DerivedRow => ({
  stream: 'order_lifecycle',
  id: event.event_id ?? '',
  date: dateOf(us / 1000),
  event,
});

function envelopeOf(order: OrderState, maker: RowMaker): Row {
  const { mode, strategyId } = maker.key;
  const clock = order.us !== NO_CLOCK_US;
  return {
    event_id: rowIdOf(order, maker),
    stream: 'order_lifecycle',
    schema_version: 1,
    ts: clock ? formatUs(order.us) : undefined,
    ts_ms: clock ? Math.floor(order.us / 1000) : undefined,
    ts_source: clock ? 'ts' : 'none',
    strategy_id: strategyId ?? undefined,
    session_id: order.session ?? undefined,
    mode: (mode as Row['mode']) ?? undefined,
  };
}

/** Where the order stands, out of all that was said of it. A venue that fills did not reject; what was cancelled stays so unless all of it filled. */
/** Whether nothing more is to come of the order. */
export const isOver = (order: OrderState): boolean => isEnd(statusOf(order, filledOf(order) ?? 0) ?? 'submitted');

function statusOf(order: OrderState, filled: number): Status {
  const { end, partly, progress } = order;
  const requested = requestedOf(order);
  if (isFull(order, filled)) return 'filled';
  if (end?.word === 'filled') return 'filled';
  if (end?.word === 'closed') return requested !== undefined && filled > 0 ? 'cancelled' : 'filled';
  if (end?.word === 'cancelled' || end?.word === 'expired') return end.word;
  if (end?.word === 'rejected' && filled === 0) return 'rejected';
  if (filled > 0) return requested === undefined && !(partly ?? progress >= 3) ? 'filled' : 'partial';
  return STATES[progress] ?? 'submitted';
}

const STATES: readonly Status[] = ['intended', 'submitted', 'acked', 'partial'];

function endedUs(order: OrderState, status: Status, filled: number): number | undefined {
  if (status === 'filled') {
    const byFills =
      order.fills > 0 && (isFull(order, filled) || order.end === undefined || order.end.word === 'rejected');
    return byFills ? order.lastFillUs : order.end?.us;
  }
  return status === 'cancelled' || status === 'expired' || status === 'rejected' ? order.end?.us : undefined;
}

function isFull(order: OrderState, filled: number): boolean {
  const requested = requestedOf(order);
  return requested !== undefined && filled >= requested * (1 - SAME);
}

const requestedOf = ({ requested, intent }: OrderState): number | undefined => requested ?? intent?.qty;

/**
 * What filled: its fills, or what is reported where that is more, for a log may lack some of them. Of an order that is only
 * said to be filled it is all that was asked for, and not known where that is not.
 */
function filledOf(order: OrderState): number | undefined {
  const { quantity, reported = 0, end, fills } = order;
  const sum = totalOf(quantity);
  if (reported > sum * (1 + SAME)) return reported;
  return fills === 0 && end?.word === 'filled' ? requestedOf(order) : sum;
}

function averageOf({ quantity, cost, reportedPx }: OrderState, filled: number): number | undefined {
  const sum = totalOf(quantity);
  if (filled > sum && reportedPx !== undefined) return reportedPx;
  return sum === 0 ? undefined : totalOf(cost) / sum;
}

function liquidityOf({ makers, takers, fills }: OrderState): Row['liquidity'] {
  if (makers > 0 && takers > 0) return 'mixed';
  if (fills === 0 || makers + takers < fills) return undefined; // of some fills it is not known
  return makers > 0 ? 'maker' : 'taker';
}

function sideOf({ facts, intent }: OrderState): Row['side'] {
  const side = facts.side ?? intent?.side;
  return side === 'buy' || side === 'sell' ? side : undefined;
}

function chainOf({ intent, hasOrder, hasFill, byTime }: OrderState): Row['chained_by'] {
  if ([intent !== undefined, hasOrder, hasFill].filter(Boolean).length < 2) return 'none';
  return byTime ? 'time' : 'id';
}

function totalOf(sum: Readonly<Sum>): number;
function totalOf(sum: Readonly<Sum> | null): number | undefined;
function totalOf(sum: Readonly<Sum> | null): number | undefined {
  return sum === null ? undefined : sum[0] + sum[1];
}

const textOf = (us: number | undefined): string | undefined => (us === undefined ? undefined : formatUs(us));
