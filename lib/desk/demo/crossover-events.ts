import type { Intent, Order } from './crossover.ts';
import type { SessionPen } from './crossover-pen.ts';
import type { Bar } from './market.ts';
import type { Random } from './random.ts';

// What the second bot says beyond its own five kinds of event, in canonical form.

export interface Health {
  readonly phase: 'start' | 'beat' | 'stop';
  readonly equity: number;
  readonly stalenessMs: number;
  readonly reconnects: number;
  readonly beat: number;
}

const HEARTBEAT_S = 30;

export function started(pen: SessionPen, depositUsd: number): void {
  heartbeat(pen, { phase: 'start', equity: depositUsd, stalenessMs: 0, reconnects: 0, beat: 0 });
  pen.canonical('cash_flow', { kind: 'deposit', asset: 'USD', amount: depositUsd, amount_usd: depositUsd });
  pen.canonical('system', { event: 'transport_opened', component: 'market_data', level: 'info', is_error: false });
}

export const heartbeat = (pen: SessionPen, { phase, equity, stalenessMs, reconnects, beat }: Health): void =>
  pen.canonical('health', {
    session_phase: phase,
    emit_reason: phase === 'beat' ? 'heartbeat' : phase,
    heartbeat_s: HEARTBEAT_S,
    beat,
    equity,
    funding_stale: false,
    ws_staleness_ms: stalenessMs,
    ws_reconnects: reconnects,
    exchange_connected: stalenessMs < 10_000,
    loop_alive: phase !== 'stop',
  });

export const reconnect = (pen: SessionPen, stalenessMs: number, reconnects: number): void =>
  pen.canonical('system', {
    event: 'reconnect',
    component: 'market_data',
    level: 'warning',
    message: `no message for ${Math.round(stalenessMs / 1_000)} s, websocket opened again`,
    is_anomaly: true,
    is_error: false,
    ws_staleness_ms: stalenessMs,
    ws_reconnects: reconnects,
  });

export const machine = (pen: SessionPen, random: Random): void =>
  pen.canonical('system', {
    event: 'resources',
    component: 'process',
    level: 'info',
    cpu_percent: random.between(3, 25),
    memory_mb: random.between(180, 220),
    open_files: random.whole(30, 45),
    event_loop_lag_ms: random.between(0.2, 4),
  });

const FUNDING_NEWS_CYCLES = 60;

/** What happens around the bot: a storm begins, the funding rate is set anew. */
export function surroundings(
  pen: SessionPen,
  { turned, regime, fundingRate, close, volume }: Bar,
  cycle: number,
): void {
  if (turned && regime === 'storm')
    pen.canonical('external_event', {
      kind: 'liquidation',
      title: 'wave of liquidations',
      provider: 'simulator',
      severity: 'high',
      side: 'sell',
      qty: volume / 4,
      price: close,
      notional_usd: (volume / 4) * close,
    });
  if (cycle % FUNDING_NEWS_CYCLES === 0)
    pen.canonical('external_event', {
      kind: 'funding_change',
      title: `funding rate is now ${(fundingRate * 1e4).toFixed(3)} bps`,
      provider: 'simulator',
      funding_rate: fundingRate,
    });
}

export function funding(pen: SessionPen, { fundingRate, close }: Bar, positionQty: number): void {
  if (positionQty === 0) return;
  const amount = -positionQty * close * fundingRate;
  pen.canonical('cash_flow', {
    kind: 'funding',
    asset: 'USD',
    amount,
    amount_usd: amount,
    funding_rate: fundingRate,
    position_qty: positionQty,
    mark_px: close,
    is_estimated: false,
  });
}

export function explain(pen: SessionPen, { fast, slow, price, id }: Intent): void {
  const [distance, level] = [(fast / slow - 1) * 1e4, (price / slow - 1) * 1e4];
  pen.canonical('explainability', {
    method: 'linear',
    prediction: -(distance + level),
    base_value: 0,
    feature_contributions: { distance_bps: -distance, level_bps: -level },
    feature_values: { fast, slow, price },
    decision_id: id,
  });
}

const named = ({ clientId, intent, limitPx }: Order) => ({
  client_order_id: clientId,
  intent_id: intent.id,
  side: intent.side,
  order_type: 'limit',
  qty: intent.qty,
  limit_px: limitPx,
});

export const acknowledged = (pen: SessionPen, order: Order): void =>
  pen.canonical('order', {
    ...named(order),
    status: 'acked',
    order_sent_ts: isoOf(order.sentMs),
    acked_ts: isoOf(pen.nowMs),
  });

export const filled = (pen: SessionPen, order: Order): void =>
  pen.canonical('order', { ...named(order), status: 'filled', filled_qty: order.intent.qty, remaining_qty: 0 });

type Refusal = readonly [code: string, reason: string];
const REFUSALS: readonly [Refusal, ...Refusal[]] = [
  ['51008', 'insufficient margin'],
  ['51121', 'order size is no multiple of the lot'],
  ['50011', 'too many requests'],
];

/** The venue refuses: an order that says so, and the bot's own error with its stack. */
export function rejected(pen: SessionPen, order: Order, random: Random): void {
  const [code, reason] = random.pick(REFUSALS);
  pen.canonical('order', {
    ...named(order),
    status: 'rejected',
    rejection_reason: code,
    rejection_message: reason,
    retry_attempt: 0,
  });
  pen.event('error', {
    error: `order rejected: ${reason}`,
    error_type: 'OrderRejected',
    code,
    client_id: order.clientId,
    stacktrace: `Traceback (most recent call last):\n  File "pipeline.py", line 118, in submit_order\n    venue.place(order)\n  File "venue.py", line 74, in place\n    raise OrderRejected(code, message)\nOrderRejected: [${code}] ${reason}`,
  });
}

type Crash = readonly [type: string, message: string, place: string];
const CRASHES: readonly [Crash, ...Crash[]] = [
  ['TimeoutError', 'no answer from the venue within 5 s', 'client.py", line 203, in request'],
  ['KeyError', "'markPx'", 'market_data.py", line 57, in parse'],
];

/** Something in the bot breaks; it goes on with the next cycle. */
export function crash(pen: SessionPen, random: Random): void {
  const [type, message, place] = random.pick(CRASHES);
  pen.event('error', {
    error: message,
    error_type: type,
    stacktrace: `Traceback (most recent call last):\n  File "loop.py", line 88, in cycle\n  File "${place}\n${type}: ${message}`,
  });
}

/** How long each step of the decision took, from the same clock as the events around it. */
export const latency = (
  pen: SessionPen,
  { intent, clientId }: Order,
  { riskMs, wireMs }: { riskMs: number; wireMs: number },
): void =>
  pen.canonical('latency', {
    decision_logic_ms: intent.decidedMs,
    risk_check_ms: riskMs,
    execution_ms: wireMs,
    total_latency_ms: intent.decidedMs + riskMs + wireMs,
    intent_id: intent.id,
    client_order_id: clientId,
  });

const isoOf = (ms: number): string => new Date(ms).toISOString();
