import { describe, expect, test } from 'vitest';
import { eventOf, eventOfLine } from '../../support/transform.ts';

const record = (kind: string, payload: unknown, over: object = {}) => ({
  ts: '2025-12-20T10:00:00.150Z',
  session_id: 'golden',
  symbol: 'BTC-USD',
  mode: 'PAPER',
  kind,
  payload,
  ...over,
});
const stored = (value: unknown) => eventOf(value, { maxSkewMs: 60 * 86_400_000 });

describe('the execution event', () => {
  test('each kind has its stream', () => {
    const streams = ['intent', 'order', 'fill', 'gate', 'error'].map((kind) => stored(record(kind, {})).stream);
    expect(streams).toEqual(['order_intent', 'order', 'execution', 'gate', 'error']);
  });

  test('both vocabularies of a gate say the same', () => {
    const documented = stored(
      record('gate', { gate_name: 'PriceSanity', passed: true, reason: 'ok' }, { mode: 'paper' }),
    );
    const fixtures = stored(
      record('gate', { gate: 'PriceSanity', decision: 'ALLOW', reason: 'ok', symbol: 'BTC-USD' }),
    );
    for (const gate of [documented, fixtures])
      expect(gate).toMatchObject({ name: 'PriceSanity', passed: true, mode: 'paper', symbol: 'BTC-USD' });
    expect(stored(record('gate', { gate: 'MinNotional', decision: 'BLOCK' })).passed).toBe(false);
    expect(stored(record('gate', { gate: 'MinNotional', decision: 'MAYBE' }))).not.toHaveProperty('passed');
  });

  test('a fill and its order are tied by their ids', () => {
    expect(
      stored(
        record('order', {
          order_id: 'o1',
          intent_id: 'i1',
          side: 'SELL',
          quantity: 2,
          order_type: 'LIMIT',
          limit_price: 2250,
        }),
      ),
    ).toMatchObject({ order_id: 'o1', intent_id: 'i1', side: 'sell', qty: 2, limit_px: 2250 });
    expect(
      stored(
        record('fill', {
          order_id: 'o1',
          filled_quantity: 0.5,
          fill_price: 42150.25,
          fill_notional: 21075.125,
          fill_fee: 2.1075,
        }),
      ),
    ).toMatchObject({ order_id: 'o1', qty: 0.5, price: 42150.25, fee: 2.1075 });
    expect(stored(record('fill', { client_id: 'c1', filled_quantity: 1 }))).toMatchObject({ client_order_id: 'c1' });
  });

  test('an error keeps its message and its stack', () => {
    expect(stored(record('error', { error: 'boom', stacktrace: 'Traceback …' }))).toMatchObject({
      message: 'boom',
      stacktrace: 'Traceback …',
    });
  });
});

describe('the older pipelines', () => {
  test('version 0 and version 1 are told by their marks, epoch seconds included', () => {
    const v0 = stored({
      schema: 'execution_event_v0',
      ts: '2025-12-01T00:00:03+00:00',
      run_id: 'r',
      correlation_id: 'c',
      event_type: 'filled',
      order_id: 'o1',
      idempotency_key: 'k',
      payload: { fill: { qty: 1 } },
    });
    expect(v0).toMatchObject({ stream: 'execution', session_id: 'r', qty: 1, idempotency_key: 'k' });
    const v1 = stored({
      schema_version: 'execution_event.v1',
      ts: 1764590400.25,
      event_type: 'acked',
      run_id: 'r',
      order_id: 'o1',
      exchange_order_id: 'x9',
      symbol: 'BTC/EUR',
      side: 'buy',
      qty: 1,
      price: null,
    });
    expect(v1).toMatchObject({
      stream: 'order',
      status: 'acked',
      venue_order_id: 'x9',
      ts: '2025-12-01T12:00:00.250000Z',
    });
  });

  test('operational events are errors or events of the system', () => {
    const ops = {
      ts: '2025-12-01T00:00:00Z',
      mode: 'paper',
      event_type: 'reconnect',
      level: 'warning',
      is_anomaly: true,
      is_error: false,
      msg: 'ws reconnect',
    };
    expect(stored(ops)).toMatchObject({ stream: 'system', event: 'reconnect', message: 'ws reconnect' });
    expect(stored({ ...ops, event_type: 'order_error', is_error: true, msg: 'order rejected' })).toMatchObject({
      stream: 'error',
      message: 'order rejected',
    });
  });
});

describe('a session’s ledgers', () => {
  test('decimal strings are numbers', () => {
    const equity = stored({
      cycle_id: 'c1',
      drawdown: '0',
      equity: '100000',
      exposure: 0,
      peak_equity: '100000',
      session_id: 's',
    });
    expect(equity).toMatchObject({ stream: 'equity_curve', equity: 100_000, ts: null, ts_source: 'none' });
  });

  test('a heartbeat is health, a price is market, an intended action is an intent', () => {
    expect(stored({ mono_ts: 2.4, n: 1, wall_ts: 1764590400.555212 })).toMatchObject({
      stream: 'health',
      beat: 1,
      ts: '2025-12-01T12:00:00.555212Z',
    });
    expect(
      stored({
        canonical_instrument_id: 'ETH',
        event_ts_unix: 1764590401,
        receive_ts_unix: 1764590400.5,
        mark_px: 1875.22,
        mid_price: 1875.2,
        sequence: 1,
      }),
    ).toMatchObject({ stream: 'market', symbol: 'ETH', mid: 1875.2 });
    const traced = eventOfLine(
      JSON.stringify({
        cycle_id: 'c1',
        decision_id: 'd1',
        intent_id: 'i1',
        session_id: 's',
        intended_action: {
          cycle_id: 'c1',
          decision_id: 'd1',
          intent_id: 'i1',
          intended_side: 'HOLD',
          intended_quantity: '0',
          reason_codes: ['warmup'],
          session_id: 's',
        },
      }),
    );
    expect(traced).toMatchObject({
      stream: 'order_intent',
      side: 'hold',
      qty: 0,
      intent_id: 'i1',
      reason_codes: ['warmup'],
    });
    expect(traced).not.toHaveProperty('extra');
  });
});
