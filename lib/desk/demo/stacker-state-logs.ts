import { unrealizedUsd } from './account.ts';
import type { Random } from './random.ts';
import type { Moment } from './stacker.ts';
import { type Pen, SYMBOL, TIMEFRAME } from './stacker-pen.ts';

// What the stacking bot writes about itself and the traders it watches.

/** Bars from one health record to the next. */
export const HEALTH_BARS = 6;

export function overlay(pen: Pen, { thought, count }: Moment): void {
  const dir = Math.sign(thought.features.momentum);
  const agrees = dir === Math.sign(thought.sModel);
  pen.flat(
    'overlay_status',
    {
      bar_id: count,
      confidence: Math.abs(thought.sModel),
      alignment_rule: agrees ? 'agreement' : 'fallback',
      chosen_timeframes: agrees ? ['5s', '15s'] : [],
      individual_signals: {
        '5s': { dir: Math.sign(thought.sModel), alpha: Math.abs(thought.sModel), conf: 1 - thought.pNeutral },
        '15s': { dir, alpha: 0.5, conf: 0.5 },
      },
      event_id: pen.eventId('overlay_status'),
    },
    '15s',
  );
}

export function account(pen: Pen, { equity, account: { realizedUsd }, bar, account: held }: Moment): void {
  pen.flat(
    'pnl_equity_log',
    {
      pnl_total_usd: cents(realizedUsd + unrealizedUsd(held, bar.close)),
      equity_value: cents(equity),
      realized_return_bps: 0,
      event_id: pen.eventId('equity'),
    },
    TIMEFRAME,
  );
}

export function health(
  pen: Pen,
  { equity, thought, funding, socket, maxDrawdown, account: { qty }, trade, count }: Moment,
): void {
  pen.wrapped('logs/health/health.jsonl', {
    metrics: {
      recent_bars: Math.min(count + 1, HEALTH_BARS),
      mean_p_down: thought.pDown,
      mean_p_up: thought.pUp,
      mean_s_model: thought.sModel,
      exec_count_recent: trade === undefined ? 0 : 1,
      funding_stale: funding.stale,
      equity,
      ws_queue_drops: socket.drops,
      ws_reconnects: socket.reconnects,
      ws_staleness_ms: Math.round(socket.stalenessMs),
      Sharpe_roll_1d: null,
      Sharpe_roll_1w: null,
      Sortino_1w: null,
      max_dd_to_date: maxDrawdown,
      time_in_mkt: qty === 0 ? 0 : 1,
      hit_rate_w: null,
      turnover_bps_day: null,
      capacity_participation: Math.abs(qty) * 1e-5,
      ic_drift: null,
      calibration_drift: 0,
      leakage_flag: false,
      same_bar_roundtrip_flag: false,
      in_band_share: thought.inBand ? 1 : 0,
    },
  });
}

export function scorecard(pen: Pen, { equity, peak, thought }: Moment): void {
  const drawdownPct = (1 - equity / peak) * 100;
  pen.flat('kpi_scorecard', {
    event: 'kpi_scorecard',
    Sharpe_1w: null,
    max_DD_pct: drawdownPct,
    turnover_bps_day: null,
    in_band_share: thought.inBand ? 1 : 0,
    gates: { sharpe_pass: false, dd_pass: drawdownPct < 3, turnover_pass: false, cost_pass: null },
  });
}

export function repro(pen: Pen, gitSha: string): void {
  pen.wrapped('logs/default/repro/repro.jsonl', {
    repro: {
      ts_ist: pen.barTime,
      git_sha: gitSha,
      model_version: 'meta-demo',
      feature_version: 'v3.2.1',
      seed: 42,
      train_start_ist: '2025-07-01T00:00:00+05:30',
      train_end_ist: '2025-09-30T23:59:59+05:30',
      hyperparams_hash: '99914b93',
      data_hash: '708974dd',
      adv_method: 'rolling_20d',
    },
  });
}

/** Fills of traders whom the bot watches; polled, so that they are older than their record. */
export function cohortFills(
  pen: Pen,
  { bar }: Moment,
  { random, addresses }: { random: Random; addresses: readonly string[] },
): void {
  for (let left = random.whole(0, 2); left > 0; left--) {
    const filledMs = bar.openMs + random.whole(0, 4_000);
    pen.flat(
      'hyperliquid_fills',
      {
        ts: filledMs,
        address: addresses[random.whole(0, addresses.length - 1)],
        coin: 'BTC',
        side: random.chance(0.5) ? 'buy' : 'sell',
        price: Math.round(random.between(bar.low, bar.high)),
        size: Number(random.between(0.001, 2).toFixed(5)),
        event_id: pen.eventId('hyperliquid_fills', filledMs),
      },
      TIMEFRAME,
    );
  }
}

const FAR_MS = 3 * 3_600_000; // ahead of any clock that is right

/** What a crash in the middle of a write, another program, or a wrong clock leaves in the logs. */
export function broken(pen: Pen, { bar, count }: Moment, random: Random): void {
  const half = `{"ts": ${bar.openMs}, "symbol": "${SYMBOL}", "features": [0.0004, -0.00`;
  const strange = '{"msg": "rotating log file", "pid": 4711}';
  const ahead = JSON.stringify({
    ts_ist: new Date(bar.openMs + FAR_MS).toISOString(),
    bar_id_decision: count,
    asset: SYMBOL,
    side: 'HOLD',
    reason_codes: {},
  });
  pen.raw('logs/default/signals/signals.jsonl', half);
  if (random.chance(0.5)) pen.raw('logs/health/health.jsonl', strange);
  if (random.chance(0.5)) pen.raw('logs/default/order_intent/order_intent.jsonl', ahead);
}

const cents = (usd: number): number => Number(usd.toFixed(2));
