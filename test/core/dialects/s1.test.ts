import { describe, expect, test } from 'vitest';
import { eventOf, eventOfLine, verdictOf } from '../../support/transform.ts';

const signal = {
  ts: 1763709300000,
  symbol: 'BTCUSDT',
  features: [0, 0.00037, -119977],
  model_out: { p_down: 0.06, p_neutral: 0.81, p_up: 0.13, s_model: 0.07, a: 0, b: 1 },
  decision: {
    dir: 1,
    alpha: 0.074,
    details: {
      chosen: null,
      eligible: { pros: false, model_meta: true },
      signals: { S_mood: -0.01 },
      pred_bma_bps: 742.9,
      overlay: {
        enabled: true,
        confidence: 0.4,
        individual_signals: { '5m': { direction: 0, alpha: 0, confidence: 1 } },
      },
    },
  },
  cohort: { pros: 0.1, amateurs: 0, mood: 0.01 },
  ts_ist: '2025-11-21T12:46:14.493638+05:30',
};

const execution = {
  run_id: 'run-1',
  asset: 'BTCUSDT',
  event_id: '1764666300000:BTCUSDT:executions:1dc5674c',
  decision_time_ist: '2025-12-02T14:41:28.556972+05:30',
  exec_time_ist: '2025-12-02T14:41:28.556972+05:30',
  bar_id_exec: 0,
  side: 'BUY',
  order_type: 'MARKET',
  limit_px: null,
  fill_px: 86660.3286,
  fill_qty: 0.010717,
  slip_bps: null,
  router: 'BINANCE',
  rejections: 0,
  ts_ist: '2025-12-02T14:41:28.556981+05:30',
  schema_v: '1',
  bar_id: 40848,
};

const intent = {
  ts_ist: '2025-11-21T17:30:00+05:30',
  bar_id_decision: 3,
  asset: 'BTCUSDT',
  side: 'HOLD',
  intent_qty: 0,
  reason_codes: { threshold: false, spread_guard: true },
  market_conditions: { spread_bps: 0, volume: 53.8 },
};

describe('the wrapped generation', () => {
  test('ts is the open of the bar, ts_ist the emission', () => {
    expect(eventOf(signal)).toMatchObject({
      stream: 'signals',
      dialect: 's1-wrapped',
      bar_ts: '2025-11-21T07:15:00.000000Z',
      emitted_at: '2025-11-21T07:16:14.493638Z',
      ts: '2025-11-21T07:16:14.493638Z',
      ts_source: 'emitted_at',
      ts_local: '2025-11-21T12:46:14.493638+05:30',
      p_up: 0.13,
      chosen: null,
      direction: 1,
      eligible: { pros: false, model_meta: true },
      cohort_pros: 0.1,
      overlay: { confidence: 0.4 },
    });
  });

  test('both shapes of costs are one stream', () => {
    const around = { ts: 1763709300000, symbol: 'BTCUSDT', ts_ist: '2025-11-21T12:46:14.470641+05:30' };
    const attributed = {
      ...around,
      costs: {
        ts_ist: '2025-11-21T12:45:00+05:30',
        asset: 'BTCUSDT',
        bar_id: 0,
        pnl_attrib: { alpha: 0, fees: 0.46, impact: 5.04, total: 5.5 },
        event_id: 'x',
      },
    };
    const flat = {
      ...around,
      costs: {
        trade_notional: 928.74,
        fee_bps: 5,
        slip_bps: null,
        cost_usd: 5.51,
        cost_bps_total: 59.3,
        fee_usd: 0.46,
        event_id: 'y',
      },
    };
    expect(eventOf(attributed)).toMatchObject({
      stream: 'costs',
      attrib_fees_usd: 0.46,
      bar_id: 0,
      source_event_id: 'x',
    });
    expect(eventOf(attributed)).not.toHaveProperty('extra');
    expect(eventOf(flat)).toMatchObject({
      stream: 'costs',
      notional_usd: 928.74,
      slip_bps: null,
      cost_bps_total: 59.3,
      source_event_id: 'y',
    });
  });

  test('sample records of other shapes under the same names do not pass for it', () => {
    const { reason } = verdictOf(
      JSON.stringify({
        ts: 1764570000000,
        symbol: 'BTCUSDT',
        features: { close: 100 },
        model_out: { pred_bps: 25 },
        decision: { dir: 1, alpha: 5 },
        cohort: 'A',
        ts_ist: '2025-12-01T10:38:15.782282+05:30',
      }),
    );
    expect(reason).toBe('unknown_shape');
  });
});

describe('the flat generation', () => {
  test('its emission is ts_ist, its bar stands before the id, and the id is no identity', () => {
    const event = eventOfLine(JSON.stringify(execution), {
      path: 'bot/logs/5m/execution_log/date=2025-12-02/asset=BTCUSDT/execution_log.jsonl.gz',
    });
    expect(event).toMatchObject({
      stream: 'execution',
      source_log: 'execution_log',
      session_id: 'run-1',
      source_event_id: execution.event_id,
      event_id: 'f00d.0-1',
      bar_ts: '2025-12-02T09:05:00.000000Z',
      ts: '2025-12-02T09:11:28.556972Z',
      ts_source: 'ts',
      side: 'buy',
      price: 86660.3286,
      qty: 0.010717,
      limit_px: null,
      timeframe: '5m',
      timeframe_source: 'path',
      bar_id: 40848,
      bar_id_exec: 0,
    });
    expect(event).not.toHaveProperty('extra');
  });

  test('a folder above logs, or default, proves no timeframe', () => {
    for (const path of [
      'bot/5m/logs/default/order_intent/order_intent.jsonl',
      '5m/logs/calibration_log/date=2025-12-02/x.jsonl.gz',
    ])
      expect(eventOfLine(JSON.stringify(execution), { path })).not.toHaveProperty('timeframe');
  });

  test('another trader’s fill happened when it says, long before it was written', () => {
    const fill = {
      run_id: 'r',
      asset: 'BTCUSDT',
      ts: 1764666149744,
      address: '0xf58b',
      coin: 'BTC',
      side: 'sell',
      price: 86537,
      size: 0.00876,
      event_id: '1764666149744:BTCUSDT:hyperliquid_fills:01fa',
      ts_ist: '2025-12-02T14:41:05.664041+05:30',
      schema_v: '1',
      bar_id: 40848,
    };
    expect(eventOf(fill)).toMatchObject({
      stream: 'cohort_fill',
      ts: '2025-12-02T09:02:29.744000Z',
      emitted_at: '2025-12-02T09:11:05.664041Z',
      qty: 0.00876,
      side: 'sell',
    });
    expect(eventOf(fill)).not.toHaveProperty('bar_ts');
  });

  test('the short and the long names of a timeframe’s signal are one', () => {
    const overlay = {
      run_id: 'r',
      bar_id: 0,
      confidence: 0,
      alignment_rule: 'fallback',
      chosen_timeframes: [],
      individual_signals: { '5m': { dir: 0, alpha: 0, conf: 0.5 } },
      asset: 'BTCUSDT',
      event_id: 'e',
      ts_ist: '2025-12-02T14:41:53.645003+05:30',
      schema_v: '1',
    };
    expect(eventOf(overlay)).toMatchObject({
      stream: 'overlay_status',
      individual_signals: { '5m': { direction: 0, confidence: 0.5 } },
    });
  });
});

describe('records with nothing but a bar', () => {
  test('true means that the guard passed', () => {
    expect(eventOf(intent)).toMatchObject({
      stream: 'order_intent',
      side: 'hold',
      ts_source: 'bar_ts',
      bar_id: 3,
      guards: [
        { name: 'threshold', passed: false },
        { name: 'spread_guard', passed: true },
      ],
      volume: 53.8,
    });
  });
});

describe('the sanitised and flattened generations', () => {
  const { ts, ...unclocked } = signal;

  test('a sanitised record is read through its wrapper, though its own ts is null', () => {
    expect(ts).toBeDefined();
    const { ts_ist, ...inner } = intent;
    expect(eventOf({ sanitized: inner, ts_iso: ts_ist, ts: null })).toMatchObject({
      stream: 'order_intent',
      dialect: 's1-sanitized',
      ts: '2025-11-21T12:00:00.000000Z',
    });
  });

  test('columns, nested copy and sanitised copy of one record give one event, and what the byte cap cut off is found in the copy', () => {
    const flattened = {
      decision_dir: 1,
      model_out_p_up: 0.13,
      ts,
      symbol: 'BTCUSDT',
      ts_iso: signal.ts_ist,
      sanitized: { ...unclocked, ts },
    };
    expect(eventOf(flattened)).toMatchObject({
      stream: 'signals',
      dialect: 's1-flattened',
      direction: 1,
      p_up: 0.13,
      p_down: 0.06,
      cohort_mood: 0.01,
    });
  });

  test('flattened columns are known without the copies that the byte cap cut off', () => {
    const columns = {
      ts_iso: '2025-12-02T10:00:00+05:30',
      asset: 'BTCUSDT',
      decision_dir: -1,
      model_out_p_up: 0.2,
      decision_details_pred_bma_bps: 12,
    };
    for (const record of [columns, { ...columns, sanitized: {} }])
      expect(eventOf(record)).toMatchObject({ stream: 'signals', direction: -1, p_up: 0.2, pred_bma_bps: 12 });
  });
});
