import { unrealizedUsd } from './account.ts';
import type { Random } from './random.ts';
import type { Spell } from './spells.ts';
import { FEE_BPS, type Moment, type Trade } from './stacker.ts';
import { BAND_BPS } from './stacker-model.ts';
import { type LogLine, Pen, SYMBOL, TIMEFRAME } from './stacker-pen.ts';
import { account, broken, cohortFills, HEALTH_BARS, health, overlay, repro, scorecard } from './stacker-state-logs.ts';

/** Every how many bars a log is written that is not written at each. */
const EVERY = { health: HEALTH_BARS, overlay: 3, attribution: 12, scorecard: 24, repro: 120 } as const;
const DAY_USD = 1.2e10; // volume of a day, which impact is measured against

/** The logs of one process of the stacking bot. @returns what it writes at the end of a bar, in order */
export function stackerLogs(random: Random, runId: string): (moment: Moment, spell: Spell | undefined) => LogLine[] {
  const sha = random.hex(7);
  const addresses = Array.from({ length: 12 }, () => `0x${random.hex(40)}`);
  return (moment, spell) => {
    const pen = new Pen(random, runId, moment.bar);
    const due = (bars: number): boolean => moment.count % bars === 0;
    if (due(EVERY.repro)) repro(pen, sha);
    cohortFills(pen, moment, { random, addresses });
    model(pen, moment);
    if (moment.trade !== undefined) fill(pen, moment, moment.trade);
    if (due(EVERY.attribution)) attribution(pen, moment);
    decision(pen, moment);
    if (due(EVERY.overlay)) overlay(pen, moment);
    account(pen, moment);
    if (due(EVERY.health) || spell === 'ws_stale') health(pen, moment);
    if (due(EVERY.scorecard)) scorecard(pen, moment);
    if (spell === 'broken_lines') broken(pen, moment, random);
    return pen.lines;
  };
}

function model(pen: Pen, { thought, bar, target, trade }: Moment): void {
  pen.flat('ensemble_log', { event_id: pen.eventId('ensemble'), pred_stack_bps: thought.rawBps }, TIMEFRAME);
  pen.flat('calibration_log', {
    a: 0,
    b: 0.8,
    pred_cal_bps: thought.calibratedBps,
    in_band_flag: thought.inBand,
    band_bps: BAND_BPS,
  });
  pen.flat('sizing_risk_log', {
    forecast_vol_20: thought.features.volatility * Math.sqrt((365 * 86_400) / 5),
    target_vol_ann: 0.15,
    raw_score_bps: thought.rawBps,
    position_after: Number.isNaN(target) ? 0 : target,
    notional_usd: trade?.notionalUsd ?? null,
    adv_cap_hit: false,
    overlay_conf: Math.abs(thought.sModel),
  });
  pen.flat('market_ingest_log', {
    mid: bar.close,
    spread_bps: bar.spreadBps,
    hour_bucket: Number(pen.barTime.slice(11, 13)),
    weekday: new Date(bar.openMs).getUTCDay(),
    range_bps: ((bar.high - bar.low) / bar.open) * 1e4,
  });
}

/** The cost precedes its fill, as in the bot's real logs. */
function fill(pen: Pen, { count, bar }: Moment, trade: Trade): void {
  const { notionalUsd, feeUsd, impactUsd, price, qty, side, rejections } = trade;
  pen.wrapped('logs/costs/costs.jsonl', {
    costs: {
      trade_notional: cents(notionalUsd),
      fee_bps: FEE_BPS,
      slip_bps: tenth((Math.abs(price - bar.close) / bar.close) * 1e4),
      impact_k: 0.5,
      impact_bps: tenth((impactUsd / notionalUsd) * 1e4),
      adv_ref: DAY_USD,
      cost_usd: cents(feeUsd + impactUsd),
      cost_bps_total: tenth(((feeUsd + impactUsd) / notionalUsd) * 1e4),
      fee_usd: cents(feeUsd),
      slip_usd: cents(Math.abs(price - bar.close) * qty),
      impact_usd: cents(impactUsd),
      event_id: pen.eventId('costs'),
    },
  });
  const decided = pen.now();
  pen.flat(
    'execution_log',
    {
      event_id: pen.eventId('executions'),
      decision_time_ist: decided,
      exec_time_ist: pen.now(),
      bar_id_exec: count,
      side,
      order_type: 'MARKET',
      limit_px: null,
      fill_px: price,
      fill_qty: qty,
      slip_bps: null,
      router: 'HYPERLIQUID',
      rejections,
      ...(rejections > 0 && { rejection_details: rejectionOf(rejections, bar.spreadBps) }),
      ioc_ms: null,
    },
    TIMEFRAME,
  );
}

const rejectionOf = (attempt: number, spreadBps: number) => ({
  reason: '-2010',
  message: 'insufficient margin, retried smaller',
  market_state: { spread_bps: spreadBps },
  retry_attempt: attempt,
});

/** Cumulative for the process; the bot adds fees and impact to its total instead of subtracting them. */
function attribution(pen: Pen, { account, bar, count, feesUsd, impactUsd }: Moment): void {
  const alpha = account.realizedUsd + unrealizedUsd(account, bar.close) + feesUsd + impactUsd;
  const attrib = {
    alpha,
    timing: 0.1 * alpha,
    fees: feesUsd,
    impact: impactUsd,
    total: 1.1 * alpha + feesUsd + impactUsd,
  };
  pen.wrapped('logs/costs/costs.jsonl', {
    costs: { ts_ist: pen.barTime, asset: SYMBOL, bar_id: count, pnl_attrib: attrib, event_id: pen.eventId('costs') },
  });
}

function decision(pen: Pen, { thought, guards, target, trade, bar, count }: Moment): void {
  const { pDown, pNeutral, pUp, sModel, rawBps, calibratedBps, cohort, features } = thought;
  const size = Number.isNaN(target) ? 0 : Math.abs(target);
  const chosen = size > 0 ? 'model_bma' : null;
  pen.wrapped('logs/default/signals/signals.jsonl', {
    features: [
      features.momentum,
      features.reversion,
      features.imbalance,
      features.volatility,
      bar.fundingRate,
      cohort.pros,
    ],
    model_out: { p_down: pDown, p_neutral: pNeutral, p_up: pUp, s_model: sModel, a: 0, b: 0.8 },
    decision: {
      dir: size > 0 ? Math.sign(target) : 0,
      alpha: size,
      details: {
        chosen,
        eligible: { pros: false, amateurs: false, model_meta: false, model_bma: chosen !== null },
        // The bot logs its sources with the sign flipped.
        signals: {
          S_top: cohort.pros,
          S_bot: cohort.amateurs,
          S_mood: -cohort.mood,
          S_model_meta: -sModel,
          S_model_bma: -sModel,
        },
        model_source: 'bma',
        bma_w_base: 0.5,
        bma_w_prob: 0.5,
        pred_bma_bps: rawBps,
        pred_cal_bps: calibratedBps,
        band_bps: BAND_BPS,
      },
    },
    cohort,
  });
  pen.barOnly('order_intent', {
    bar_id_decision: count,
    side: trade?.side ?? 'HOLD',
    intent_qty: trade === undefined ? 0 : size,
    intent_notional: trade?.notionalUsd ?? 0,
    reason_codes: guards,
    signal_strength: Math.abs(sModel),
    model_confidence: 1 - pNeutral,
    risk_score: size,
    market_conditions: {
      spread_bps: bar.spreadBps,
      volatility: features.volatility,
      volume: bar.volume,
      funding_rate: bar.fundingRate,
    },
  });
  const level = features.volatility > 5e-4 ? 'high' : 'low';
  pen.barOnly('feature_log', {
    bar_id: count,
    mom_3: features.momentum,
    mr_ema20: features.reversion,
    obi_10: features.imbalance,
    spread_bps: ((bar.high - bar.low) / bar.open) * 1e4,
    rv_1h: features.volatility,
    regime_bucket: `${level}_vol_${level}_vol`,
    funding_delta: bar.fundingRate,
    adv20: DAY_USD,
    volume_ratio: 1,
    price_change_bps: features.lastReturn * 1e4,
    volatility_regime: level,
    liquidity_score: 1 / (1 + bar.spreadBps),
  });
  pen.barOnly('calibration', {
    bar_id: count,
    a: 0,
    b: 0.8,
    pred_raw_bps: rawBps,
    pred_cal_bps: calibratedBps,
    in_band_flag: thought.inBand,
    band_bps: BAND_BPS,
    realized_bps: features.lastReturn * 1e4,
    prediction_error: Math.abs(features.lastReturn * 1e4 - calibratedBps),
    calibration_score: 0,
    band_hit_rate: 0.5,
    prediction_accuracy: 0.5,
  });
}

const cents = (usd: number): number => Number(usd.toFixed(2));
const tenth = (bps: number): number => Number(bps.toFixed(1));
