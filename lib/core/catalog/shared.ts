import { bigint, boolean, double, listOf, mapOf, oneOf, string, struct } from './fields.ts';

// Fields that several streams share, under one name and with one meaning.

export const side = oneOf(['buy', 'sell'], 'Side traded.');

/** What ties a decision, its intent, its orders and its fills together. */
export const orderIds = {
  order_id: string('Order, as the bot numbers it.', 'id'),
  client_order_id: string('Order, as the bot told the venue.', 'id'),
  venue_order_id: string('Order, as the venue numbers it.', 'id'),
  intent_id: string('Intent the order came from.', 'id'),
  decision_id: string('Decision the intent came from.', 'id'),
  risk_decision_id: string('Risk decision that sized or blocked it.', 'id'),
  correlation_id: string('Ties the events of one request together.', 'id'),
  idempotency_key: string('Key under which a repeat of the same request is recognised.', 'id'),
} as const;

/** Bots that work in cycles number them instead of bars. */
export const cycle = {
  cycle_id: string('Cycle of the bot’s loop.', 'id'),
  cycle_index: bigint('Number of the cycle in its session.', 'count'),
} as const;

const guard = struct(
  {
    name: string('Name of the guard.'),
    passed: boolean('Whether the guard let the intent pass; null where it was not asked.'),
    value: double('Value the guard looked at.', 'as the guard scales it'),
    limit: double('Limit it was held against.', 'as the guard scales it'),
    reason: string('Why it passed or blocked, in the bot’s words.'),
  },
  'Verdict of one guard.',
);

export const guards = listOf(guard, 'Verdict of every guard that was asked, in the bot’s order.');

export const rejection = {
  rejections: bigint('Rejections so far for this order or process, as the bot counts them.', 'count'),
  rejection_reason: string('Reason code of the rejection, as the venue or the bot gives it.', 'code'),
  rejection_message: string('Reason of the rejection in words.'),
  market_at_rejection: struct(
    {
      bid: double('Best bid.', 'price'),
      ask: double('Best ask.', 'price'),
      spread_bps: double('Spread between bid and ask, of the mid.', 'bps'),
      volume: double('Volume of the bar.', 'base units'),
      volume_1m: double('Volume of the last minute.', 'base units'),
    },
    'Market when the order was rejected.',
  ),
  retry_attempt: bigint('Which attempt this was, from 0 for the first.', 'count'),
} as const;

export const overlaySignals = mapOf(
  struct(
    {
      direction: bigint('Direction of the timeframe.', '−1, 0, 1'),
      alpha: double('Size of the timeframe.', 'fraction 0..1'),
      confidence: double('Confidence of the timeframe.', 'fraction 0..1'),
    },
    'Signal of one timeframe.',
  ),
  'Signal of each timeframe.',
);

/** Duration of each step of one decision; S1 M1 allows them in a stream of their own or on the signal. */
export const stages = {
  feature_calc_ms: double('Time to compute the features.', 'ms'),
  model_inference_ms: double('Time for the model’s forward pass.', 'ms'),
  decision_logic_ms: double('Time for decision and overlay logic.', 'ms'),
  risk_check_ms: double('Time for the risk checks.', 'ms'),
  execution_ms: double('Time to submit the order.', 'ms'),
  total_latency_ms: double('Time from data to order, end to end.', 'ms'),
} as const;

export const pnlBasis = oneOf(
  ['gross', 'net_of_closing_fees', 'net_of_all_costs'],
  'What the bot’s own realized PnL has subtracted already.',
);

export const model = {
  model_id: string('Model that predicted.', 'id'),
  model_version: string('Version of the model.', 'version'),
  manifest_id: string('Manifest of weights and settings the model ran with.', 'id'),
  horizon_bars: double('How far ahead the prediction looks; one bar where absent.', 'bars'),
} as const;

/** Statements some bots make about who may decide. */
export const authority = {
  ai_layer_role: string('Role the bot states for its language model layer.'),
  ai_layer_can_override_decisions: boolean('Whether that layer may override decisions.'),
  ai_layer_non_authority: boolean('Whether that layer is stated to decide nothing.'),
} as const;
