import type { EventOf } from '../catalog/index.ts';
import type { Step } from './book-types.ts';
import type { Cohort, Intent, Order, Signal, Stages } from './contexts.ts';
import { type ExitReason, givenReason } from './exit-reason.ts';
import type { Joined } from './match.ts';
import { quantityOf } from './quantity.ts';
import type { Surroundings } from './surroundings.ts';
import type { Instrument, Scope, TradeMethod } from './types.ts';

/** Fills that a trade names; it counts them all. */
const FILLS_NAMED = 32;

export interface SignalNote {
  readonly id: string;
  readonly source: string | null;
  readonly strength: number | null;
  readonly predictionBps: number | null;
  readonly cohort: Cohort | null;
  readonly confidence: number;
  readonly by: Joined<unknown>['by'];
}

/** Where and when a trade was entered, or left. */
export interface End {
  readonly ts: string | null;
  readonly us: number;
  readonly fillId: string;
  readonly barId: number | null;
  readonly barTs: string | null;
  readonly orderId: string | null;
  readonly intentId: string | null;
  readonly decisionId: string | null;
  readonly signal: SignalNote | null;
}

/** The clocks of the opening order, µs. */
export interface Clocks {
  readonly decision: number | null;
  readonly sent: number | null;
  readonly acked: number | null;
  readonly filled: number | null;
}

/** Slippage of several fills, weighted by notional: known only where it is of every one. */
export interface Slippage {
  sum: number;
  weight: number;
  known: boolean;
}

/** What is known of a trade beside its money. */
export interface About {
  readonly id: string;
  readonly mode: string | null;
  readonly strategyId: string | null;
  readonly session: string | null;
  readonly venue: string | null;
  readonly accountId: string | null;
  readonly symbol: string | null;
  readonly positionSide: EventOf<'execution'>['position_side'];
  readonly positionId: string | null;
  readonly groupId: string | null;
  readonly timeframe: string | null;
  readonly variant: Readonly<Record<string, string>>;
  readonly scope: Scope;
  readonly method: TradeMethod;
  readonly instrument: Instrument;
  readonly entry: End;
  readonly entryCostConfidence: number | null;
  readonly intentSide: Intent['side'];
  readonly forced: boolean | null;
  readonly decisionPx: number | null;
  readonly decisionPxSource: string | null;
  readonly model: Signal['model'] | null;
  readonly stages: Stages | null;
  readonly clocks: Clocks;
  readonly git: string | null;
  readonly around: Surroundings;
  readonly flippedFrom: string | null;
  readonly entryUnknown: boolean;
  exit: End | null;
  exitReason: ExitReason | null;
  readonly slipEntry: Slippage;
  readonly slipExit: Slippage;
  lastPx: number;
  lastUs: number;
  cents: boolean;
  basis: 'charged' | 'in_price' | 'modelled' | null;
  /** What the bot itself booked, where it books; null once a fill came without. */
  bot: { usd: number; basis: EventOf<'execution'>['pnl_basis'] } | null;
  /** The bot's attribution of the same, net. */
  attributed: number | null;
  abandoned: boolean;
  readonly fills: Record<string, unknown>[];
}

/** All that was found out about one fill, before a book takes it. */
export interface Explained {
  readonly event: EventOf<'execution'>;
  readonly id: string;
  readonly us: number;
  readonly side: 'buy' | 'sell';
  readonly price: number;
  readonly signal: Joined<Signal> | undefined;
  readonly asOf: Joined<Signal> | undefined;
  readonly intent: Intent | undefined;
  readonly order: Order | undefined;
  readonly costId: string | null;
  readonly costConfidence: number | null;
  readonly attributionId: string | null;
  readonly feeUsd: number | null;
  readonly impactUsd: number | null;
  readonly basis: About['basis'];
  readonly cents: boolean;
  readonly decisionPx: number | null;
  readonly decisionPxSource: string | null;
  readonly slippageBps: number | null;
  /** PnL that the bot booked with this fill. */
  readonly botUsd: number | null;
  readonly botBasis: EventOf<'execution'>['pnl_basis'];
  readonly attributedUsd: number | null;
  readonly clocks: Clocks;
  readonly stages: Stages | null;
  readonly git: string | null;
  /** What was so at its moment; asked for by the fills that open. */
  readonly around: () => Surroundings;
  readonly modelVersion: string | null;
}

export function endOf(fill: Explained, joined: Joined<Signal> | undefined): End {
  const { event, us, id, order, intent } = fill;
  return {
    ts: event.ts ?? null,
    us,
    fillId: id,
    barId: event.bar_id_exec ?? event.bar_id ?? null,
    barTs: event.bar_ts ?? null,
    orderId: event.order_id ?? event.client_order_id ?? event.venue_order_id ?? null,
    intentId: event.intent_id ?? order?.intentId ?? null,
    decisionId: event.decision_id ?? order?.decisionId ?? intent?.decisionId ?? null,
    signal: joined === undefined ? null : noteOf(joined),
  };
}

const noteOf = ({ record, confidence, by }: Joined<Signal>): SignalNote => ({
  id: record.id,
  source: record.source,
  strength: record.strength,
  predictionBps: record.predictionBps,
  cohort: record.cohort,
  confidence,
  by,
});

/** What a step of a fill adds to what is known of its trade. The money is the book's. */
export function noteStep(about: About, { kind, units, share, grossUsd }: Step, fill: Explained, flips: boolean): void {
  const opens = kind === 'open' || kind === 'add';
  const qty = quantityOf(units);
  about.lastPx = fill.price;
  about.lastUs = fill.us;
  about.cents ||= fill.cents;
  about.basis ??= fill.basis;
  about.bot = added(about.bot, fill, share);
  about.attributed =
    about.attributed === null || fill.attributedUsd === null ? null : about.attributed + fill.attributedUsd * share;
  slip(opens ? about.slipEntry : about.slipExit, fill.slippageBps, qty * fill.price);
  if (about.fills.length < FILLS_NAMED)
    about.fills.push({
      event_id: fill.id,
      ts: fill.event.ts,
      role: kind,
      side: fill.side,
      qty,
      price: fill.price,
      gross_usd: opens ? null : grossUsd,
      fee_usd: times(fill.feeUsd, share),
      impact_usd: times(fill.impactUsd, share),
      slippage_bps: fill.slippageBps,
      signal_id: fill.signal?.record.id ?? null,
      signal_confidence: fill.signal?.confidence ?? null,
      cost_id: fill.costId,
      cost_confidence: fill.costConfidence,
      attribution_id: fill.attributionId,
    });
  if (opens) return;
  about.exit = endOf(fill, fill.signal ?? fill.asOf);
  about.exitReason = reasonOf(fill, flips) ?? (kind === 'close' ? about.exitReason : null);
}

const times = (value: number | null, share: number): number | null => (value === null ? null : value * share);

function added(bot: About['bot'], { botUsd, botBasis }: Explained, share: number): About['bot'] {
  if (bot === null || botUsd === null) return null;
  return { usd: bot.usd + botUsd * share, basis: bot.basis ?? botBasis };
}

function slip(slippage: Slippage, bps: number | null, weight: number): void {
  if (bps === null) slippage.known = false;
  else {
    slippage.sum += bps * weight;
    slippage.weight += weight;
  }
}

function reasonOf({ event, intent, order, signal, side }: Explained, flips: boolean): ExitReason | null {
  const given = event.exit_reason ?? intent?.exitReason ?? order?.exitReason;
  if (typeof given === 'string' && given !== '') return givenReason(given);
  const against = signal !== undefined && Math.sign(signal.record.direction ?? 0) === (side === 'buy' ? 1 : -1);
  return flips || against ? { reason: 'signal_flip', detail: null, source: 'inferred' } : null;
}
