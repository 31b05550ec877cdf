import type { EventOf } from '../catalog/index.ts';
import { dateOf } from '../lake/keys.ts';
import type { OpenTrade } from './book-types.ts';
import type { Cohort } from './contexts.ts';
import { NO_CLOCK_US } from './input.ts';
import { latencyOf, reasonOf } from './latency.ts';
import { costsUsd, entryPx, exitNotional, exitPx, netOf, netUsd, unrealizedUsd } from './money.ts';
import { withoutNulls } from './nulls.ts';
import { quantityOf } from './quantity.ts';
import { totalOf, totalOrNull } from './sum.ts';
import type { About, Clocks, Slippage } from './trade.ts';
import type { DerivedRow } from './types.ts';

type Row = EventOf<'trade_lifecycle'>;

const BPS = 1e4;

/** The row of a trade as it stands (S1 H3; money by semantics 3). */
export function tradeRow(trade: OpenTrade<About>, status: 'open' | 'closed' | 'abandoned'): DerivedRow {
  const { direction, money, about } = trade;
  const sign = direction === 'long' ? 1 : -1;
  const { entry } = about;
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
    ...about.variant,
    trade_id: about.id,
    status,
    direction,
    trade_method: about.method,
    scope: about.scope,
    entry_unknown: about.entryUnknown,
    final: status === 'closed',
    ...entryOf(about, sign),
    ...exitOf(about, sign, status),
    entry_px: entryPx(money, about.instrument),
    entry_qty: quantityOf(money.opened),
    entry_notional: totalOf(money.notional),
    entry_notional_usd: totalOrNull(money.notionalUsd),
    exit_px: about.entryUnknown ? about.lastPx : exitPx(trade, about.instrument),
    exit_qty: quantityOf(money.closed),
    exit_notional: money.closed === 0n || about.entryUnknown ? null : exitNotional(trade, about.instrument),
    position_qty: status === 'closed' ? 0 : sign * quantityOf(money.opened - money.closed),
    avg_px: status === 'closed' ? null : money.avgPx,
    peak_qty: quantityOf(money.peak),
    last_px: about.lastPx,
    fill_count: money.fills,
    scale_in_count: Math.max(0, money.opens - 1),
    partial_exit_count: status === 'closed' ? Math.max(0, money.closes - 1) : money.closes,
    ...moneyOf(trade, status),
    ...analysis(trade, { sign, status }),
    ...latencies(about.clocks),
    ...(about.model === null
      ? {}
      : { model_id: about.model.id, manifest_id: about.model.manifest, horizon_bars: about.model.horizonBars }),
    model_version: about.model?.version ?? null,
    ...about.stages,
    git_sha: about.git,
    fills: about.fills,
  };
  return { stream: 'trade_lifecycle', id: about.id, date: dateOf(entry.us / 1000), event: withoutNulls(event) };
}

function entryOf(about: About, sign: number): Row {
  const { entry } = about;
  return {
    entry_ts: entry.ts,
    entry_bar_id: entry.barId,
    entry_bar_ts: entry.barTs,
    entry_fill_id: entry.fillId,
    entry_order_id: entry.orderId,
    entry_intent_id: entry.intentId,
    entry_decision_id: entry.decisionId,
    entry_signal_id: entry.signal?.id ?? null,
    entry_signal_source: entry.signal?.source ?? null,
    entry_signal: directed(entry.signal?.strength, sign),
    entry_signal_confidence: entry.signal?.confidence ?? null,
    entry_signal_join: entry.signal?.by ?? null,
    entry_cost_confidence: about.entryCostConfidence,
    entry_cohort: cohortOf(entry.signal?.cohort),
    entry_pred_bps: entry.signal?.predictionBps ?? null,
    entry_forced: about.forced,
    entry_intent_side: about.intentSide,
    entry_decision_px: about.decisionPx,
    entry_decision_px_source: about.decisionPxSource,
    flipped_from: about.flippedFrom,
  };
}

function exitOf({ exit, entry, timeframe, exitReason }: About, sign: number, status: string): Row {
  if (exit === null) return {};
  const closed = status === 'closed';
  const seconds = entry.us === NO_CLOCK_US || exit.us === NO_CLOCK_US ? null : (exit.us - entry.us) / 1e6;
  const barS = timeframe === null ? undefined : secondsOf(timeframe);
  return {
    exit_ts: closed ? exit.ts : null,
    exit_bar_id: exit.barId,
    exit_bar_ts: exit.barTs,
    exit_fill_id: exit.fillId,
    exit_order_id: exit.orderId,
    exit_signal_id: exit.signal?.id ?? null,
    exit_signal: directed(exit.signal?.strength, sign),
    exit_cohort: cohortOf(exit.signal?.cohort),
    exit_reason: exitReason?.reason ?? null,
    exit_reason_detail: exitReason?.detail ?? null,
    exit_reason_source: exitReason?.source ?? null,
    duration_seconds: closed ? seconds : null,
    duration_bars: !closed || seconds === null || barS === undefined ? null : seconds / barS,
  };
}

function moneyOf(trade: OpenTrade<About>, status: string): Row {
  const { money, about } = trade;
  const { instrument } = about;
  const facts: Row = {
    settle_asset: instrument.settle,
    instrument_kind: instrument.kind,
    instrument_assumed: instrument.assumed,
    settle_usd_rate: money.usdRate,
    gross_pnl: totalOf(money.gross),
    fees: totalOrNull(money.fees),
    impact_usd: totalOrNull(money.impactUsd),
    impact_basis: about.basis,
    funding_estimated_usd: totalOf(money.fundingEstimatedUsd),
    cost_precision: about.cents ? 'cents' : 'exact',
  };
  if (about.entryUnknown) return facts; // outside every total
  const gross = totalOrNull(money.grossUsd);
  const costs = costsUsd(money);
  const net = netUsd(money);
  const notional = totalOrNull(money.notionalUsd);
  const bps = (usd: number | null): number | null =>
    usd === null || notional === null || notional === 0 ? null : (usd / notional) * BPS;
  return {
    ...facts,
    net_pnl: netOf(money),
    gross_pnl_usd: gross,
    fees_usd: totalOrNull(money.feesUsd),
    charged_costs_usd: totalOf(money.chargedUsd),
    funding_usd: totalOrNull(money.fundingUsd),
    net_pnl_usd: net,
    realized_pnl_usd: gross,
    realized_pnl_bps: bps(gross),
    costs_total_usd: costs,
    costs_total_bps: bps(costs),
    net_pnl_bps: bps(net),
    unrealized_pnl_usd: status === 'closed' ? 0 : unrealizedUsd(trade, about.lastPx, instrument),
    bot_realized_pnl_usd: about.bot?.usd ?? null,
    bot_pnl_basis: about.bot?.basis ?? null,
    attrib_check_usd: net === null || about.attributed === null ? null : net - about.attributed,
  };
}

function analysis({ money, about }: OpenTrade<About>, { sign, status }: { sign: number; status: string }): Row {
  const { entry, exit } = about;
  const notional = totalOrNull(money.notionalUsd);
  const gross = totalOrNull(money.grossUsd);
  const predicted = entry.signal?.predictionBps ?? null;
  const [before, after] = [directed(entry.signal?.strength, sign), directed(exit?.signal?.strength, sign)];
  const closed = status === 'closed' && !about.entryUnknown;
  return {
    slippage_entry_bps: slippageOf(about.slipEntry),
    slippage_exit_bps: slippageOf(about.slipExit),
    prediction_error_bps:
      !closed || predicted === null || gross === null || !notional ? null : (gross / notional) * BPS - sign * predicted,
    signal_decay: !closed || before === null || after === null ? null : after - before,
  };
}

function latencies({ decision, sent, acked, filled }: Clocks): Row {
  const spans = {
    decision_to_order_ms: latencyOf(decision, sent),
    order_to_ack_ms: latencyOf(sent, acked),
    order_to_fill_ms: latencyOf(sent, filled),
    decision_to_fill_ms: latencyOf(decision, filled),
  };
  const ms = Object.fromEntries(Object.entries(spans).map(([name, span]) => [name, span.ms]));
  return { ...ms, latency_reason: reasonOf(Object.values(spans)) };
}

const slippageOf = ({ sum, weight, known }: Slippage): number | null => (known && weight > 0 ? sum / weight : null);

const directed = (strength: number | null | undefined, sign: number): number | null =>
  strength === null || strength === undefined ? null : sign * strength;

const cohortOf = (cohort: Cohort | null | undefined): Row['entry_cohort'] => cohort ?? null;

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Length of a bar such as `5m`, in s. */
export function secondsOf(timeframe: string): number | undefined {
  const [, count, unit] = /^(\d{1,3})([smhdw])$/.exec(timeframe) ?? [];
  return unit === undefined ? undefined : Number(count) * (SECONDS[unit] ?? 0);
}
