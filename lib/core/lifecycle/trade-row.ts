import type { EventOf } from '../catalog/index.ts';
import { dateOf } from '../lake/keys.ts';
import type { OpenTrade } from './book-types.ts';
import { NO_CLOCK_US } from './input.ts';
import { latencyOf, reasonOf } from './latency.ts';
import { costsUsd, entryPx, exitNotional, exitPx, netOf, netUsd, unrealizedUsd } from './money.ts';
import { withoutNulls } from './nulls.ts';
import { quantityOf } from './quantity.ts';
import { totalOf, totalOrNull } from './sum.ts';
import type { About, Clocks, End, SignalNote, Slippage } from './trade.ts';
import type { DerivedRow } from './types.ts';

type Row = EventOf<'trade_lifecycle'>;

const BPS = 1e4;

/** The row of a trade as it stands (S1 H3; money by semantics 3). */
export function tradeRow(trade: OpenTrade<About>, status: Status): DerivedRow {
  const { direction, money, about } = trade;
  const { entry, instrument, model, stages } = about;
  const sign = direction === 'long' ? 1 : -1;
  const closed = status === 'closed';
  const exit = about.exit;
  const known = about.entryUnknown ? OUTSIDE : figuresOf(trade);
  const lasted = closed && exit !== null ? durationOf(about, exit) : undefined;
  const [before, after] = [directed(entry.signal, sign), directed(exit?.signal, sign)];
  const latency = latenciesOf(about.clocks);
  // Every field by its name and nothing spread: an object that grows costs several times what it holds.
  const event: Row = {
    event_id: about.id,
    stream: 'trade_lifecycle',
    schema_version: 1,
    ts: entry.ts,
    ts_ms: entry.ts === null ? null : Math.floor(entry.us / 1000),
    ts_source: entry.ts === null ? 'none' : 'ts',
    strategy_id: about.strategyId,
    session_id: about.session,
    venue: about.venue,
    account_id: about.accountId,
    symbol: about.symbol,
    position_side: about.positionSide,
    position_id: about.positionId,
    group_id: about.groupId,
    mode: about.mode as Row['mode'],
    timeframe: about.timeframe,
    bar_ts: entry.barTs,
    experiment_id: about.variant.experiment_id,
    strategy_variant: about.variant.strategy_variant,
    cohort_assignment: about.variant.cohort_assignment,
    trade_id: about.id,
    status,
    direction,
    trade_method: about.method,
    scope: about.scope,
    entry_unknown: about.entryUnknown,
    final: closed,
    entry_ts: entry.ts,
    entry_bar_id: entry.barId,
    entry_bar_ts: entry.barTs,
    entry_px: entryPx(money, instrument),
    entry_qty: quantityOf(money.opened),
    entry_notional: totalOf(money.notional),
    entry_notional_usd: totalOrNull(money.notionalUsd),
    entry_fill_id: entry.fillId,
    entry_order_id: entry.orderId,
    entry_intent_id: entry.intentId,
    entry_decision_id: entry.decisionId,
    entry_signal_id: entry.signal?.id,
    entry_signal_source: entry.signal?.source,
    entry_signal: before,
    entry_signal_confidence: entry.signal?.confidence,
    entry_signal_join: entry.signal?.by,
    entry_cost_confidence: about.entryCostConfidence,
    entry_cohort: entry.signal?.cohort,
    entry_pred_bps: entry.signal?.predictionBps,
    entry_forced: about.forced,
    entry_intent_side: about.intentSide,
    entry_decision_px: about.decisionPx,
    entry_decision_px_source: about.decisionPxSource,
    entry_ensemble_bps: about.around.ensembleBps,
    entry_regime: about.around.regime,
    entry_overlay_direction: about.around.overlayDirection,
    entry_overlay_confidence: about.around.overlayConfidence,
    entry_leverage_x: about.around.leverageX,
    entry_risk_score: about.around.riskScore,
    entry_utilization: about.around.utilization,
    entry_records: about.around.ids,
    flipped_from: about.flippedFrom,
    exit_ts: closed ? exit?.ts : null,
    exit_bar_id: exit?.barId,
    exit_bar_ts: exit?.barTs,
    exit_px: about.entryUnknown ? about.lastPx : exitPx(trade, instrument),
    exit_qty: quantityOf(money.closed),
    exit_notional: money.closed === 0n || about.entryUnknown ? null : exitNotional(trade, instrument),
    exit_fill_id: exit?.fillId,
    exit_order_id: exit?.orderId,
    exit_signal_id: exit?.signal?.id,
    exit_signal: after,
    exit_cohort: exit?.signal?.cohort,
    exit_reason: about.exitReason?.reason,
    exit_reason_detail: about.exitReason?.detail,
    exit_reason_source: about.exitReason?.source,
    duration_seconds: lasted?.seconds,
    duration_bars: lasted?.bars,
    position_qty: closed ? 0 : sign * quantityOf(money.opened - money.closed),
    avg_px: closed ? null : money.avgPx,
    peak_qty: quantityOf(money.peak),
    last_px: about.lastPx,
    unrealized_pnl_usd: about.entryUnknown ? null : closed ? 0 : unrealizedUsd(trade, about.lastPx, instrument),
    fill_count: money.fills,
    scale_in_count: Math.max(0, money.opens - 1),
    partial_exit_count: closed ? Math.max(0, money.closes - 1) : money.closes,
    settle_asset: instrument.settle,
    instrument_kind: instrument.kind,
    instrument_assumed: instrument.assumed,
    settle_usd_rate: money.usdRate,
    gross_pnl: totalOf(money.gross),
    fees: totalOrNull(money.fees),
    net_pnl: known.netPnl,
    gross_pnl_usd: known.gross,
    fees_usd: known.fees,
    impact_usd: totalOrNull(money.impactUsd),
    impact_basis: about.basis,
    charged_costs_usd: known.charged,
    funding_usd: known.funding,
    funding_estimated_usd: totalOf(money.fundingEstimatedUsd),
    net_pnl_usd: known.net,
    realized_pnl_usd: known.gross,
    realized_pnl_bps: bpsOf(known.gross, known.notional),
    costs_total_usd: known.costs,
    costs_total_bps: bpsOf(known.costs, known.notional),
    net_pnl_bps: bpsOf(known.net, known.notional),
    cost_precision: about.cents ? 'cents' : 'exact',
    slippage_entry_bps: slippageOf(about.slipEntry),
    slippage_exit_bps: slippageOf(about.slipExit),
    prediction_error_bps: closed ? missedBps(known, entry.signal, sign) : null,
    signal_decay: !closed || about.entryUnknown || before === null || after === null ? null : after - before,
    bot_realized_pnl_usd: about.entryUnknown ? null : about.bot?.usd,
    bot_pnl_basis: about.entryUnknown ? null : about.bot?.basis,
    attrib_check_usd: known.net === null || about.attributed === null ? null : known.net - about.attributed,
    decision_to_order_ms: latency.decisionToOrder.ms,
    order_to_ack_ms: latency.orderToAck.ms,
    order_to_fill_ms: latency.orderToFill.ms,
    decision_to_fill_ms: latency.decisionToFill.ms,
    latency_reason: reasonOf(Object.values(latency)),
    git_sha: about.git,
    fills: about.fills,
    model_id: model?.id,
    model_version: model?.version,
    manifest_id: model?.manifest,
    horizon_bars: model?.horizonBars,
    feature_calc_ms: stages?.feature_calc_ms,
    model_inference_ms: stages?.model_inference_ms,
    decision_logic_ms: stages?.decision_logic_ms,
    risk_check_ms: stages?.risk_check_ms,
    execution_ms: stages?.execution_ms,
    total_latency_ms: stages?.total_latency_ms,
  };
  return { stream: 'trade_lifecycle', id: about.id, date: dateOf(entry.us / 1000), event: withoutNulls(event) };
}

type Status = 'open' | 'closed' | 'abandoned';

interface Figures {
  readonly gross: number | null;
  readonly fees: number | null;
  readonly charged: number | null;
  readonly funding: number | null;
  readonly costs: number | null;
  readonly net: number | null;
  readonly netPnl: number | null;
  readonly notional: number | null;
}

/** A trade of which the entry is not known counts in no total. */
const OUTSIDE: Figures = {
  gross: null,
  fees: null,
  charged: null,
  funding: null,
  costs: null,
  net: null,
  netPnl: null,
  notional: null,
};

const figuresOf = ({ money }: OpenTrade<About>): Figures => ({
  gross: totalOrNull(money.grossUsd),
  fees: totalOrNull(money.feesUsd),
  charged: totalOf(money.chargedUsd),
  funding: totalOrNull(money.fundingUsd),
  costs: costsUsd(money),
  net: netUsd(money),
  netPnl: netOf(money),
  notional: totalOrNull(money.notionalUsd),
});

const bpsOf = (usd: number | null, notional: number | null): number | null =>
  usd === null || notional === null || notional === 0 ? null : (usd / notional) * BPS;

function durationOf({ entry, timeframe }: About, exit: End): { seconds: number; bars: number | null } | undefined {
  if (entry.us === NO_CLOCK_US || exit.us === NO_CLOCK_US) return undefined;
  const seconds = (exit.us - entry.us) / 1e6;
  const barS = timeframe === null ? undefined : secondsOf(timeframe);
  return { seconds, bars: barS === undefined ? null : seconds / barS };
}

/** Gross return less the return predicted in the direction of the trade, bps. */
function missedBps({ gross, notional }: Figures, signal: SignalNote | null, sign: number): number | null {
  const actual = bpsOf(gross, notional);
  const predicted = signal?.predictionBps ?? null;
  return actual === null || predicted === null ? null : actual - sign * predicted;
}

const latenciesOf = ({ decision, sent, acked, filled }: Clocks) => ({
  decisionToOrder: latencyOf(decision, sent),
  orderToAck: latencyOf(sent, acked),
  orderToFill: latencyOf(sent, filled),
  decisionToFill: latencyOf(decision, filled),
});

const slippageOf = ({ sum, weight, known }: Slippage): number | null => (known && weight > 0 ? sum / weight : null);

const directed = (signal: SignalNote | null | undefined, sign: number): number | null =>
  signal?.strength == null ? null : sign * signal.strength;

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Length of a bar such as `5m`, in s. */
function secondsOf(timeframe: string): number | undefined {
  const [, count, unit] = /^(\d{1,3})([smhdw])$/.exec(timeframe) ?? [];
  return unit === undefined ? undefined : Number(count) * (SECONDS[unit] ?? 0);
}
