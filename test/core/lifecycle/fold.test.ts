import { describe, expect, test } from 'vitest';
import { CATALOG } from '../../../lib/core/catalog/index.ts';
import { schemaOf } from '../../../lib/core/catalog/schema.ts';
import type { Stream } from '../../../lib/core/catalog/stream.ts';
import { fillEvent, foldAll, inputsOf, type LedgerEvent, ledgerEvent, START_MS } from '../../support/ledger.ts';

const DAY_S = 86_400;

describe('a trade', () => {
  test('goes from its first fill to flat, with scale-ins and partial exits in it', () => {
    const { trades } = foldAll([
      fillEvent(0, 1, 100),
      fillEvent(10, 1, 110),
      fillEvent(20, -0.5, 120),
      fillEvent(30, -1.5, 90, { exit_reason: 'stop_loss_35.5bps' }),
      fillEvent(40, -2, 95),
    ]);

    expect(trades).toHaveLength(2);
    expect(trades[0]).toMatchObject({
      status: 'closed',
      direction: 'long',
      entry_qty: 2,
      entry_px: 105,
      exit_qty: 2,
      exit_px: 97.5,
      gross_pnl_usd: -15,
      net_pnl_usd: -15,
      fill_count: 4,
      scale_in_count: 1,
      partial_exit_count: 1,
      duration_seconds: 30,
      exit_reason: 'stop_loss',
      exit_reason_detail: 'stop_loss_35.5bps',
      exit_reason_source: 'given',
    });
    expect(trades[1]).toMatchObject({ status: 'open', direction: 'short', position_qty: -2, avg_px: 95 });
  });

  test('that a fill turns around is one trade closed and one opened, and the costs split by quantity', () => {
    const { trades } = foldAll([
      fillEvent(0, 1, 100, { fee_usd: 1 }),
      fillEvent(10, -3, 110, { fee_usd: 3, impact_usd: 6, impact_basis: 'charged' }),
    ]);

    expect(trades[0]).toMatchObject({ status: 'closed', gross_pnl_usd: 10, fees_usd: 2, charged_costs_usd: 2 });
    expect(trades[0]).toMatchObject({ net_pnl_usd: 6, exit_reason: 'signal_flip', exit_reason_source: 'inferred' });
    expect(trades[1]).toMatchObject({ direction: 'short', fees_usd: 2, charged_costs_usd: 4, net_pnl_usd: -6 });
    expect(trades[1]?.flipped_from).toBe(trades[0]?.trade_id);
  });

  test('counts impact only where it was charged, and never subtracts slippage', () => {
    const costs = { impact_usd: 5, slip_usd: 3 };
    const net = (impact_basis: string): number | null | undefined =>
      foldAll([fillEvent(0, 1, 100, { ...costs, impact_basis })]).trades[0]?.net_pnl_usd;

    expect([net('charged'), net('in_price'), net('modelled')]).toEqual([-5, 0, 0]);
  });

  test('whose fee nobody knows has no net PnL, and its gross stands', () => {
    const { trades } = foldAll([fillEvent(0, 1, 100, { fee_usd: null }), fillEvent(10, -1, 101)]);

    expect(trades[0]).toMatchObject({ gross_pnl_usd: 1 });
    expect(trades[0]?.net_pnl_usd).toBeUndefined();
    expect(trades[0]?.fees_usd).toBeUndefined();
  });

  test('takes a fee in a third asset at the price as of the fill, and not at all without one', () => {
    const fee = { fee_usd: null, fee: 0.01, fee_asset: 'BNB' };
    const price = ledgerEvent('market', -1, { symbol: 'BNBUSDT', mid: 600 });
    const later = ledgerEvent('market', 1, { symbol: 'BNBUSDT', mid: 900 });

    expect(foldAll([price, fillEvent(0, 1, 100, fee), later]).trades[0]).toMatchObject({
      fees_usd: 6,
      net_pnl_usd: -6,
    });
    expect(foldAll([fillEvent(0, 1, 100, fee), later]).trades[0]?.fees_usd).toBeUndefined();
  });

  test('is abandoned when its run ends, as long as nothing more of the run comes', () => {
    const statusAt = (atS: number, events: LedgerEvent[]) =>
      foldAll(events, { asOfMs: START_MS + atS * 1000 }).trades[0]?.status;
    const end = ledgerEvent('system', 60, { event: 'session_end' });

    expect(statusAt(61, [fillEvent(0, 1, 100), end])).toBe('abandoned');
    expect(statusAt(DAY_S - 1, [fillEvent(0, 1, 100)])).toBe('open');
    expect(statusAt(2 * DAY_S, [fillEvent(0, 1, 100)])).toBe('abandoned');
    expect(statusAt(80, [fillEvent(0, 1, 100), end, fillEvent(70, 1, 100)])).toBe('open');
  });

  test('of an account outlives a restart, and of a run ends with it', () => {
    const events = (mode: string) => [
      fillEvent(0, 1, 100, { session_id: 'a', mode }),
      fillEvent(100, -1, 110, { session_id: 'b', mode }),
    ];

    const live = foldAll(events('live'), { key: { mode: 'live' } });
    expect(live.trades).toHaveLength(1);
    expect(live.trades[0]).toMatchObject({ status: 'closed', gross_pnl_usd: 10, scope: 'account', session_id: 'a' });
    const paper = foldAll(events('paper'));
    expect(paper.trades.map(({ direction, scope }) => [direction, scope])).toEqual([
      ['long', 'session'],
      ['short', 'session'],
    ]);
  });

  test('has rows that the catalog takes', () => {
    const { rows } = foldAll([
      ledgerEvent('signals', -1, { direction: 1, s_model: 0.4, pred_cal_bps: 12, chosen: 'pros', cohort_pros: 0.1 }),
      fillEvent(0, 1, 100, { order_id: 'o1' }),
      fillEvent(5, -1, 101),
      ledgerEvent('cash_flow', 6, { kind: 'funding', amount: 1, asset: 'USDT' }),
      ledgerEvent('system', 60, { event: 'session_end' }),
    ]);

    expect(rows.length).toBeGreaterThan(2);
    for (const { stream, event } of rows)
      expect(schemaOf(CATALOG[stream] as Stream).safeParse(event), JSON.stringify(event)).toMatchObject({
        success: true,
      });
  });
});

describe('one fill counts once', () => {
  test('whichever run, file or event carries it, where the venue numbered it', () => {
    const fill = { venue: 'okx', account_id: 'a', venue_fill_id: '7', mode: 'live' };
    const { trades, fold } = foldAll(
      [
        fillEvent(0, 1, 100, fill),
        fillEvent(DAY_S, 1, 100, { ...fill, session_id: 'b' }),
        fillEvent(9, 1, 100, { ...fill, venue_fill_id: '8' }),
      ],
      { key: { mode: 'live' } },
    );

    expect(trades[0]).toMatchObject({ fill_count: 2, entry_qty: 2 });
    expect(fold.counts.fill_repeated).toBe(1);
  });

  test('and two equal fills without numbers are two', () => {
    expect(foldAll([fillEvent(0, 1, 100), fillEvent(0, 1, 100)]).trades[0]).toMatchObject({ fill_count: 2 });
  });

  test('a sheet enriches the fills of a better log of its day, in any order of arrival', () => {
    const bar_ts = '2026-01-05T09:55:00.000000Z';
    const log = fillEvent(0, 1, 100, { source_log: 'execution_log', fee_usd: null, bar_ts });
    const row = fillEvent(-300, 1, 100, {
      source_path: 'sheets/executions_paper.csv',
      session_id: 'chain',
      fee_usd: 0.05,
      mid: 99.5,
      bar_ts,
    });

    const { trades, fold } = foldAll([log, row]);

    expect(trades).toHaveLength(1);
    expect(trades[0]).toMatchObject({
      session_id: 'run',
      fees_usd: 0.05,
      entry_decision_px: 99.5,
      entry_decision_px_source: 'mid',
    });
    expect(fold.counts.fill_shadowed).toBe(1);
    expect(foldAll([row]).trades[0]).toMatchObject({ session_id: 'chain', fees_usd: 0.05 });
    const first = foldAll([row]).fold;
    expect(first.announce(inputsOf([log]))).toBe(Date.UTC(2026, 0, 5) * 1000);
  });

  test('a fill takes its side from its order, and is never guessed', () => {
    const order = ledgerEvent('order', -1, { order_id: 'o', side: 'sell' });
    const late = ledgerEvent('order', 2, { order_id: 'o', side: 'sell' });
    const fill = fillEvent(0, 1, 100, { side: null, order_id: 'o' });

    expect(foldAll([order, fill]).trades[0]).toMatchObject({ direction: 'short' });
    expect(foldAll([fill, late]).trades[0]).toMatchObject({ direction: 'short' });
    expect(foldAll([fill]).fold.counts.side_unknown).toBe(1);
    expect(foldAll([fill]).trades).toEqual([]);
  });

  test('a reducing fill of what is not known opens nothing and counts in no total', () => {
    for (const reducing of [{ reduce_only: true }, { position_qty: 0 }, { position_side: 'long' }]) {
      const { trades, fold } = foldAll([fillEvent(0, -1, 100, { ...reducing, fee_usd: 1 })]);
      expect(trades).toHaveLength(1);
      expect(trades[0]).toMatchObject({ entry_unknown: true, status: 'closed', exit_qty: 1, exit_px: 100 });
      expect(trades[0]?.net_pnl_usd).toBeUndefined();
      expect(trades[0]?.gross_pnl_usd).toBeUndefined();
      expect(fold.counts.entry_unknown).toBe(1);
    }
  });

  test('orders that were placed, rejected or skipped are no fills', () => {
    for (const fields of [{ result: 'placed' }, { result: 'REJECTED' }, { status: 'cancelled' }])
      expect(foldAll([fillEvent(0, 1, 100, fields)]).trades).toEqual([]);
  });
});

describe('funding', () => {
  const funding = (atS: number, amount: number, fields: LedgerEvent = {}): LedgerEvent =>
    ledgerEvent('cash_flow', atS, { kind: 'funding', amount, asset: 'USDT', ...fields });

  test('goes to the trade that is open at its time, and paid is never mixed with estimated', () => {
    const { trades } = foldAll([
      fillEvent(0, 1, 100),
      funding(5, -2),
      funding(6, 7, { is_estimated: true }),
      fillEvent(10, -1, 100),
      fillEvent(20, 1, 100),
    ]);

    expect(trades[0]).toMatchObject({ funding_usd: -2, funding_estimated_usd: 7, net_pnl_usd: -2 });
    expect(trades[1]).toMatchObject({ funding_usd: 0, net_pnl_usd: 0 });
  });

  test('is split by quantity over the trades of the symbol', () => {
    const { trades } = foldAll([
      fillEvent(0, 1, 100, { session_id: 'a' }),
      fillEvent(1, 3, 100, { session_id: 'b' }),
      funding(5, 8, { session_id: null }),
    ]);

    expect(trades.map(({ funding_usd }) => funding_usd)).toEqual([2, 6]);
  });

  test('counts once under its number, and is counted where no trade is open', () => {
    const { trades, fold } = foldAll([
      fillEvent(0, 1, 100),
      funding(5, 1, { venue_flow_id: 'f' }),
      funding(6, 1, { venue_flow_id: 'f' }),
    ]);

    expect(trades[0]).toMatchObject({ funding_usd: 1 });
    expect(fold.counts.flow_repeated).toBe(1);
    expect(foldAll([funding(0, 1)]).fold.counts.funding_unallocated).toBe(1);
  });
});

describe('what explains a fill', () => {
  test('is joined by ids before time, and is certain then', () => {
    const { trades } = foldAll([
      ledgerEvent('signals', -50, { decision_id: 'd', direction: 1, s_model: 0.2, chosen: 'pros' }),
      ledgerEvent('order_intent', -40, { decision_id: 'd', intent_id: 'i', side: 'buy', current_price: 99 }),
      ledgerEvent('order', -30, { order_id: 'o', intent_id: 'i', side: 'buy' }),
      ledgerEvent('signals', -1, { decision_id: 'e', direction: 1, s_model: 0.9, chosen: 'amateurs' }),
      fillEvent(0, 1, 100, { order_id: 'o' }),
    ]);

    expect(trades[0]).toMatchObject({
      entry_signal_source: 'pros',
      entry_signal: 0.2,
      entry_signal_confidence: 1,
      entry_signal_join: 'id',
      entry_intent_side: 'buy',
      entry_decision_px: 99,
      entry_decision_px_source: 'intent',
      decision_to_order_ms: 10_000,
      order_to_fill_ms: 30_000,
    });
    expect(trades[0]?.slippage_entry_bps).toBeCloseTo((1 / 99) * 1e4, 9);
  });

  test('may be written after it', () => {
    const signal = ledgerEvent('signals', 0.067, { direction: 1, s_model: 0.5, session_id: null });
    const { trades } = foldAll([fillEvent(0, 1, 100), signal]);

    expect(trades[0]).toMatchObject({ entry_signal_id: signal.event_id, entry_signal_join: 'time' });
    expect(trades[0]?.entry_signal_confidence).toBeLessThan(1);
  });

  test('is no signal of the other side, of another run, or one that was used', () => {
    const signal = (fields: LedgerEvent) => ledgerEvent('signals', -1, { s_model: 0.5, ...fields });

    expect(foldAll([signal({ direction: -1 }), fillEvent(0, 1, 100)]).trades[0]?.entry_signal_id).toBeUndefined();
    expect(
      foldAll([signal({ direction: 1, session_id: 'b' }), fillEvent(0, 1, 100)]).trades[0]?.entry_signal_id,
    ).toBeUndefined();
    const used = foldAll([signal({ direction: 1 }), fillEvent(0, 1, 100), fillEvent(0.5, 1, 100)]).trades[0]?.fills;
    expect(used?.map((fill) => fill?.signal_id ?? null)).toEqual([expect.any(String), null]);
  });

  test('gives signal decay and prediction error in the direction of the trade', () => {
    const { trades } = foldAll([
      ledgerEvent('signals', -1, { direction: -1, s_model: -0.5, pred_cal_bps: -40 }),
      fillEvent(0, -1, 100),
      ledgerEvent('signals', 9, { direction: 1, s_model: 0.2 }),
      fillEvent(10, 1, 99),
    ]);

    expect(trades[0]).toMatchObject({
      direction: 'short',
      entry_signal: 0.5,
      exit_signal: -0.2,
      exit_reason: 'signal_flip',
    });
    expect(trades[0]?.signal_decay).toBeCloseTo(-0.7, 12);
    expect(trades[0]?.prediction_error_bps).toBeCloseTo(100 - 40, 9);
  });

  test('has no latency where clocks are equal or run backwards', () => {
    const at = (decision_ts: string | undefined) => foldAll([fillEvent(0, 1, 100, { decision_ts })]).trades[0];
    const same = fillEvent(0, 1, 1).ts as string;

    expect(at(same)).toMatchObject({ latency_reason: 'equal' });
    expect(at('2026-01-05T10:00:01.000000Z')).toMatchObject({ latency_reason: 'reversed' });
    expect(at(same)?.decision_to_fill_ms).toBeUndefined();
  });

  test('says what was so when a trade was entered: by its run, and by its bar where a log names no run', () => {
    const bar_ts = '2026-01-05T09:55:00.000000Z';
    const of = (stream: string, atS: number, fields: LedgerEvent) => ledgerEvent(stream, atS, { bar_ts, ...fields });
    const risk = of('risk', -1, { leverage_x: 3, risk_score: 0.2 });
    const { trades } = foldAll([
      of('ensemble', -900, { pred_stack_bps: 12 }),
      of('ensemble', -1, { pred_stack_bps: 99, session_id: 'other' }),
      of('feature_log', -300, { regime_bucket: 'low_vol', session_id: null }),
      of('feature_log', -1, { regime_bucket: 'high_vol', session_id: null, bar_ts: '2026-01-05T09:50:00.000000Z' }),
      risk,
      of('overlay_status', 0.5, { direction: 1, confidence: 0.7 }),
      fillEvent(0, 1, 100, { bar_ts }),
    ]);

    expect(trades[0]).toMatchObject({
      entry_ensemble_bps: 12,
      entry_regime: 'low_vol',
      entry_leverage_x: 3,
      entry_risk_score: 0.2,
      entry_overlay_direction: 1,
      entry_overlay_confidence: 0.7,
    });
    expect(trades[0]?.entry_records).toMatchObject({ risk: risk.event_id });
  });

  test('includes the stages of its decision', () => {
    const { trades } = foldAll([
      ledgerEvent('latency', -1, { feature_calc_ms: 3, model_inference_ms: 8, total_latency_ms: 20 }),
      fillEvent(0, 1, 100),
    ]);

    expect(trades[0]).toMatchObject({ feature_calc_ms: 3, model_inference_ms: 8, total_latency_ms: 20 });
  });
});
