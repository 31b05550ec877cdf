import type { AlertRule, Selector } from '../types.ts';
import { DAY, HOUR, MINUTE, rule } from './rule.ts';

// Orders, fills and gates (S1 H2 and §10.2; S2 16C and its incident runbook).

/** What venues and bots call an order that was not taken. A block by the bot's own gate is none of these. */
const REJECTED = [
  'rejected',
  'reject',
  'order_rejected',
  'refused',
  'denied',
  'invalid',
  'submit_failed',
  'OrderStatus.REJECTED',
];

/** States of an order that never left the bot. */
const NEVER_SENT = [
  'intended',
  'created',
  'validated',
  'planned',
  'prepared',
  'blocked',
  'vetoed',
  'skipped',
  'noop',
  'hold',
];

const REJECTIONS: readonly Selector[] = [
  { stream: 'order', where: { status: REJECTED } },
  { stream: 'execution', where: { result: REJECTED } },
  { stream: 'execution', where: { status: REJECTED } },
];

/** Strongest first; what one order is known by in the logs of one run. */
const ORDER_IDS = ['client_order_id', 'order_id', 'venue_order_id', 'idempotency_key'];
const INTENT_IDS = ['intent_id', 'decision_id', 'client_order_id', 'order_id', 'correlation_id'];

export const tradingRules: readonly AlertRule[] = [
  rule({
    id: 'rejections',
    title: 'Orders are rejected',
    advice:
      'More than three orders were rejected within an hour. The reason is usually one of balance, size, price or rights: ' +
      '`nightdesk query rejections` shows it per order, `nightdesk query rejections-by-reason` sums it up.',
    severity: 'warning',
    enabled: true,
    condition: {
      kind: 'count',
      of: REJECTIONS,
      distinct: ORDER_IDS,
      counters: [{ of: { stream: 'execution' }, field: 'rejections' }],
      window: HOUR,
      above: 3,
    },
    unit: 'orders',
  }),
  rule({
    id: 'rejection_rate',
    title: 'Many orders are rejected',
    advice:
      'More than a tenth of the orders of the last hour were rejected. `nightdesk query rejections-by-reason` says why, `nightdesk query rejection-rate` since when.',
    severity: 'warning',
    condition: {
      kind: 'share',
      of: [
        { stream: 'order', where: { status: { not: NEVER_SENT } } },
        { stream: 'execution', where: { qty: { above: 0 } } },
        ...REJECTIONS,
      ],
      where: REJECTIONS,
      distinct: ORDER_IDS,
      window: HOUR,
      above: 0.1,
      least: 10,
    },
    unit: '%',
  }),
  rule({
    id: 'gate_rejection_rate',
    title: 'Gates block most orders',
    advice:
      'More than half of the verdicts of the last hour were a block: the bot wants to trade and may not. `nightdesk query gate-rejections` shows which gate and why.',
    severity: 'warning',
    condition: { kind: 'share', of: { stream: 'gate' }, where: { passed: false }, window: HOUR, above: 0.5, least: 20 },
    unit: '%',
  }),
  rule({
    id: 'veto_rate_high',
    title: 'Most intents are vetoed',
    advice: 'More than 65 % of the intents of a day failed a gate. `nightdesk query gate-rejections` shows which.',
    severity: 'warning',
    condition: {
      kind: 'share',
      of: { stream: 'gate' },
      where: { passed: false },
      distinct: INTENT_IDS,
      window: DAY,
      above: 0.65,
      least: 20,
    },
    unit: '%',
  }),
  rule({
    id: 'veto_rate_low',
    title: 'Hardly an intent is vetoed',
    advice:
      'Less than 30 % of the intents of a day failed a gate: gates may have been switched off. `nightdesk query gate-rejections` shows which spoke.',
    severity: 'warning',
    condition: {
      kind: 'share',
      of: { stream: 'gate' },
      where: { passed: false },
      distinct: INTENT_IDS,
      window: DAY,
      below: 0.3,
      least: 20,
    },
    unit: '%',
  }),
  rule({
    id: 'execution_error_rate',
    title: 'Executions fail',
    advice:
      'More than 5 % of what orders came to within ten minutes were errors. `nightdesk query errors` says which; above 10 % consider to stop the bot.',
    severity: 'critical',
    condition: {
      kind: 'share',
      of: [{ stream: 'order' }, { stream: 'execution' }, { stream: 'error' }],
      where: { stream: 'error' },
      window: 10 * MINUTE,
      above: 0.05,
      least: 20,
    },
    unit: '%',
  }),
  rule({
    id: 'missing_fills',
    title: 'Orders without fills',
    advice:
      'Within an hour more orders were sent than fills came back: fills are missing, or their log is. `nightdesk query order-funnel` shows where they end, ' +
      '`nightdesk reconcile` what the venue says.',
    severity: 'warning',
    condition: {
      kind: 'share',
      of: [
        { stream: 'order', where: { status: ['submitted', 'sent', 'placed', 'routed'] } },
        { stream: 'execution', where: { qty: { above: 0 } } },
      ],
      where: { stream: 'order' },
      window: HOUR,
      above: 0.5,
      least: 10,
    },
    unit: '%',
  }),
  rule({
    id: 'latency_p95',
    title: 'Fills are slow',
    advice:
      '95 % of fills of the last hour took up to more than 500 ms from their intent. `nightdesk query latency-distribution` shows the tail, `nightdesk query order-latency` each step.',
    severity: 'warning',
    condition: {
      kind: 'quantile',
      of: { stream: 'order_lifecycle' },
      field: 'intent_to_fill_ms',
      quantile: 0.95,
      window: HOUR,
      above: 500,
      least: 20,
    },
    unit: 'ms',
  }),
  rule({
    id: 'latency_max',
    title: 'A fill took very long',
    advice:
      'A fill of the last hour came more than 5 s after its intent. `nightdesk query order-latency` shows which, and which step.',
    severity: 'warning',
    condition: {
      kind: 'quantile',
      of: { stream: 'order_lifecycle' },
      field: 'intent_to_fill_ms',
      quantile: 1,
      window: HOUR,
      above: 5_000,
      least: 1,
    },
    unit: 'ms',
  }),
  rule({
    id: 'no_trade',
    title: 'The bot does not trade',
    advice:
      'It is alive and has not traded for two hours. `nightdesk query why-no-trade` shows which guards hold it back.',
    severity: 'warning',
    condition: { kind: 'silence', of: { stream: 'execution' }, longer: 2 * HOUR },
    unit: 's',
  }),
  rule({
    id: 'book_lag',
    title: 'The order book is old',
    advice:
      'The book was more than 5 s old when the bot used it. `nightdesk tail --stream market` shows whether it recovers.',
    severity: 'critical',
    condition: { kind: 'threshold', of: { stream: 'market' }, field: 'book_lag_ms', above: 5_000 },
    unit: 'ms',
  }),
  rule({
    id: 'same_bar_roundtrip',
    title: 'Opened and closed within one bar',
    advice:
      'A position was opened and closed within one bar. A bot that decides once per bar cannot do so unless it sees the future or runs twice: ' +
      'do not trust its results until you know. `nightdesk trades` with the id of the trade shows both fills.',
    severity: 'critical',
    enabled: true,
    condition: { kind: 'roundtrip', window: HOUR },
    // The ledger takes a trade back for some seconds where it folds a day anew.
    clear: MINUTE,
  }),
  rule({
    id: 'same_bar_roundtrip_flag',
    title: 'The bot reports a trade within one bar',
    advice: 'The bot’s own flag; same_bar_roundtrip finds it from the trades. `nightdesk trades` shows them.',
    severity: 'critical',
    condition: { kind: 'threshold', of: { stream: 'health' }, field: 'same_bar_roundtrip_flag', equals: true },
  }),
];
