import type { EventOf } from '../catalog/index.ts';
import { isS1 } from './fill.ts';
import { microseconds } from './input.ts';
import type { InputOf, Place } from './types.ts';

// What the ledger keeps of the records that explain a fill: as little as the joins and the trade need.

interface Tied extends Place {
  readonly session: string | null;
  readonly symbol: string | null;
  readonly barTs: string | null;
  readonly timeframe: string | null;
  readonly decisionId: string | null;
}

export interface Cohort {
  readonly pros: number | null;
  readonly amateurs: number | null;
  readonly mood: number | null;
  readonly label: string | null;
}

export interface Signal extends Tied {
  readonly direction: number | null;
  /** −1..1, positive for long. */
  readonly strength: number | null;
  readonly source: string | null;
  readonly predictionBps: number | null;
  readonly cohort: Cohort | null;
  readonly forced: boolean | null;
  readonly model: {
    readonly id: string | null;
    readonly version: string | null;
    readonly manifest: string | null;
    readonly horizonBars: number | null;
  };
  readonly stages: Stages | null;
}

const STAGES = [
  'feature_calc_ms',
  'model_inference_ms',
  'decision_logic_ms',
  'risk_check_ms',
  'execution_ms',
  'total_latency_ms',
] as const;

export type Stages = Readonly<Partial<Record<(typeof STAGES)[number], number>>>;

export interface Intent extends Tied {
  readonly side: 'buy' | 'sell' | 'hold' | null;
  readonly price: number | null;
  readonly source: string | null;
  readonly strength: number | null;
  readonly exitReason: string | null;
  readonly forced: boolean | null;
}

export interface Order extends Place {
  /** Every name it was given, `orderIdsOf`. */
  readonly names: readonly string[];
  /** Quantity asked for; null where not known. */
  readonly qty: number | null;
  readonly side: 'buy' | 'sell' | null;
  readonly decisionPx: number | null;
  readonly limitPx: number | null;
  readonly decisionUs: number | null;
  readonly sentUs: number | null;
  readonly ackedUs: number | null;
  readonly intentId: string | null;
  readonly decisionId: string | null;
  readonly source: string | null;
  readonly reduceOnly: boolean;
  readonly forced: boolean | null;
  readonly exitReason: string | null;
}

export interface Cost extends Tied {
  readonly orderIds: readonly string[];
  readonly notional: number | null;
  readonly feeUsd: number | null;
  readonly fee: number | null;
  readonly feeAsset: string | null;
  readonly impactUsd: number | null;
  readonly charged: boolean;
  readonly basis: 'charged' | 'in_price' | 'modelled' | null;
  readonly precision: 'exact' | 'cents';
}

/** The bot's cumulative attribution of its PnL; the difference of two is what one fill cost. */
export interface Attribution extends Tied {
  readonly fees: number;
  readonly impact: number;
  /** Alpha and timing less fees and impact. */
  readonly total: number | null;
}

const tied = ({
  us,
  seq,
  id,
  event,
}: Place & { event: EventOf<'signals'> | EventOf<'costs'> | EventOf<'order_intent'> }): Tied => ({
  us,
  seq,
  id,
  session: event.session_id ?? null,
  symbol: event.symbol ?? null,
  barTs: event.bar_ts ?? null,
  timeframe: event.timeframe ?? null,
  decisionId: event.decision_id ?? null,
});

export function signalOf(input: InputOf<'signals'>): Signal {
  const { event } = input;
  const direction = event.direction ?? null;
  return {
    direction,
    strength: event.s_model ?? (direction === null || event.alpha == null ? null : Math.sign(direction) * event.alpha),
    source: event.chosen ?? event.selected_arm ?? event.model_source ?? null,
    predictionBps: event.pred_cal_bps ?? event.pred_bma_bps ?? event.prediction_bps ?? null,
    cohort: cohortOf(event),
    forced: event.is_forced ?? null,
    model: {
      id: event.model_id ?? null,
      version: event.model_version ?? null,
      manifest: event.manifest_id ?? null,
      horizonBars: event.horizon_bars ?? null,
    },
    stages: stagesOf(event),
    ...tied(input), // last: what is added to a spread costs a thousand times as much
  };
}

function cohortOf(event: EventOf<'signals'>): Cohort | null {
  const {
    cohort_pros: pros = null,
    cohort_amateurs: amateurs = null,
    cohort_mood: mood = null,
    cohort: label = null,
  } = event;
  return pros === null && amateurs === null && mood === null && label === null ? null : { pros, amateurs, mood, label };
}

export function stagesOf(
  event: Readonly<Partial<Record<(typeof STAGES)[number], number | null | undefined>>>,
): Stages | null {
  const known = STAGES.flatMap((name) => (typeof event[name] === 'number' ? [[name, event[name]]] : []));
  return known.length === 0 ? null : Object.fromEntries(known);
}

export const intentOf = (input: InputOf<'order_intent'>): Intent => ({
  side: input.event.side ?? null,
  price: input.event.current_price ?? null,
  source: input.event.signal_source ?? null,
  strength: input.event.signal_strength ?? null,
  exitReason: input.event.exit_reason ?? null,
  forced: input.event.is_forced ?? null,
  ...tied(input),
});

const timeOf = (text: string | null | undefined): number | null => microseconds(text, undefined) ?? null;

export const orderOf = ({ us, seq, id, event }: InputOf<'order'>, known?: Order): Order => ({
  us: known?.us ?? us,
  seq,
  id,
  names: namesWith(known?.names ?? [], orderIdsOf(event)),
  qty: event.qty ?? known?.qty ?? null,
  side: event.side ?? known?.side ?? null,
  decisionPx: event.decision_px ?? known?.decisionPx ?? null,
  limitPx: event.limit_px ?? known?.limitPx ?? null,
  decisionUs: timeOf(event.decision_ts) ?? known?.decisionUs ?? null,
  sentUs: timeOf(event.order_sent_ts) ?? known?.sentUs ?? us,
  ackedUs: timeOf(event.acked_ts) ?? known?.ackedUs ?? (event.status === 'acked' ? us : null),
  intentId: event.intent_id ?? known?.intentId ?? null,
  decisionId: event.decision_id ?? known?.decisionId ?? null,
  source: event.signal_source ?? known?.source ?? null,
  reduceOnly: event.reduce_only ?? known?.reduceOnly ?? false,
  forced: event.is_forced ?? known?.forced ?? null,
  exitReason: known?.exitReason ?? null,
});

/** More names than an order can have: bots that tell every order under one client id must not make each event dearer. */
const MOST_NAMES = 64;

/** The first name stands for the order; of the others the newest are kept. */
function namesWith(known: readonly string[], told: readonly string[]): string[] {
  const names = [...new Set([...known, ...told])];
  return names.length <= MOST_NAMES ? names : [...names.slice(0, 1), ...names.slice(1 - MOST_NAMES)];
}

/** The cost record of one fill, where the event is one. */
export function costOf(input: InputOf<'costs'>, mode: string | null): Cost | undefined {
  const { event } = input;
  const { fee_usd, fee, impact_usd, cost_usd, notional_usd } = event;
  if (fee_usd == null && fee == null && impact_usd == null && cost_usd == null && notional_usd == null)
    return undefined;
  // S1's paper account charges impact; of its records in figures of cents the attribution is the exact twin.
  const s1 = isS1(event.dialect);
  const basis = event.impact_basis ?? (s1 && mode !== 'live' ? 'charged' : null);
  return {
    orderIds: orderIdsOf(event),
    notional: notional_usd ?? null,
    feeUsd: fee_usd ?? null,
    fee: fee ?? null,
    feeAsset: event.fee_asset ?? null,
    impactUsd: impact_usd ?? null,
    charged: basis === 'charged',
    basis,
    precision: event.cost_precision === 'cents' || (s1 && event.cost_precision == null) ? 'cents' : 'exact',
    ...tied(input),
  };
}

export function attributionOf(input: InputOf<'costs'>): Attribution | undefined {
  const { attrib_fees_usd: fees, attrib_impact_usd: impact, attrib_total_usd: total } = input.event;
  return fees == null || impact == null ? undefined : { ...tied(input), fees, impact, total: total ?? null };
}

interface Ids {
  readonly order_id?: string | null | undefined;
  readonly client_order_id?: string | null | undefined;
  readonly venue_order_id?: string | null | undefined;
}

/** Every name of the order, each told from the others. */
export function orderIdsOf({ order_id, client_order_id, venue_order_id }: Ids): string[] {
  const ids: string[] = [];
  // A bot's own and its client id are often one: they share a name space, the venue's are apart.
  if (order_id != null) ids.push(`o${order_id}`);
  if (client_order_id != null && client_order_id !== order_id) ids.push(`o${client_order_id}`);
  if (venue_order_id != null) ids.push(`v${venue_order_id}`);
  return ids;
}
