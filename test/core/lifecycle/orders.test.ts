import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { comparePlaces, inputOf } from '../../../lib/core/lifecycle/input.ts';
import { orderWord } from '../../../lib/core/lifecycle/order-words.ts';
import { Orders, type SavedOrders } from '../../../lib/core/lifecycle/orders.ts';
import {
  type DerivedRow,
  type Input,
  LEDGER_DEFAULTS,
  type LedgerConfig,
  type LedgerKey,
} from '../../../lib/core/lifecycle/types.ts';
import { wireLine } from '../../../lib/core/transform/wire.ts';
import { isoOf } from '../../support/lake.ts';
import { needsSamples, SAMPLES, samplesPresent } from '../../support/samples.ts';
import { eventOfLine, verdictOf } from '../../support/transform.ts';

const T0 = Date.UTC(2026, 0, 5, 10);
const PAPER: LedgerKey = { mode: 'paper', strategyId: 's' };
const LIVE: LedgerKey = { mode: 'live', strategyId: 's' };

type Fields = Record<string, unknown>;

/** An event of a run at so many ms after the start. */
function at(ms: number, stream: string, fields: Fields = {}): Input {
  const event = {
    event_id: `${stream}-${ms}-${JSON.stringify(fields)}`,
    stream,
    ts: isoOf(T0 + ms),
    ts_ms: T0 + ms,
    session_id: 'run-1',
    symbol: 'BTC-USD',
    ...fields,
  };
  const input = inputOf(event);
  if (input === undefined) throw new Error(`no input: ${JSON.stringify(event)}`);
  return input;
}

const order = (ms: number, fields: Fields): Input => at(ms, 'order', { side: 'buy', ...fields });
const fill = (ms: number, fields: Fields): Input => at(ms, 'execution', { side: 'buy', qty: 1, price: 100, ...fields });
const intent = (ms: number, fields: Fields): Input => at(ms, 'order_intent', { side: 'buy', ...fields });

const open = (key: LedgerKey, saved?: SavedOrders, config: Partial<LedgerConfig> = {}): Orders =>
  Orders.open({ key, config: { ...LEDGER_DEFAULTS, ...config }, sha256, ...(saved === undefined ? {} : { saved }) });

/** The rows as a view shows them: of each id and date the last, without those withdrawn. */
function shown(rows: readonly DerivedRow[]): Fields[] {
  const last = new Map(rows.map((row) => [`${row.id} ${row.date}`, JSON.parse(JSON.stringify(row.event)) as Fields]));
  return [...last.values()].filter(({ retracted }) => retracted !== true).sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
const key = (row: Fields): string => `${row.ts ?? ''} ${row.event_id}`;

function rowsOf(inputs: readonly Input[], of = PAPER, config: Partial<LedgerConfig> = {}): Fields[] {
  const orders = open(of, undefined, config);
  for (const input of [...inputs].sort(comparePlaces)) orders.apply(input);
  return shown(orders.rows());
}

function rowOf(inputs: readonly Input[], of = PAPER): Fields {
  const rows = rowsOf(inputs, of);
  expect(rows).toHaveLength(1);
  return rows[0] ?? {};
}

describe('one order', () => {
  test('goes from intent to fill by its ids, with the time each step took', () => {
    const row = rowOf([
      intent(0, { intent_id: 'i1', qty: 2, current_price: 99 }),
      order(150, { order_id: 'o1', intent_id: 'i1', qty: 2, order_type: 'limit', limit_px: 101 }),
      order(180, { order_id: 'o1', status: 'ACKED', venue_order_id: 'v1' }),
      fill(320, { venue_order_id: 'v1', qty: 0.5, fee: 0.1, fee_asset: 'USDT', liquidity: 'maker' }),
      fill(420, { order_id: 'o1', qty: 1.5, price: 104, fee: 0.2, fee_asset: 'USDT', liquidity: 'taker' }),
    ]);
    expect(row).toMatchObject({
      status: 'filled',
      order_id: 'o1',
      venue_order_id: 'v1',
      intent_id: 'i1',
      requested_qty: 2,
      filled_qty: 2,
      fill_ratio: 1,
      fill_count: 2,
      avg_fill_px: 103,
      limit_px: 101,
      decision_px: 99,
      liquidity: 'mixed',
      fee_asset: 'USDT',
      intent_to_order_ms: 150,
      order_to_ack_ms: 30,
      order_to_fill_ms: 170,
      intent_to_fill_ms: 320,
      chained_by: 'id',
      ts: isoOf(T0 + 150),
      ended_ts: isoOf(T0 + 420),
    });
    expect(row.fees_usd).toBeCloseTo(0.3, 12);
    expect(row.latency_reason).toBeUndefined();
  });

  test('is found by any name it ever carried, whatever the order in which they were learned', () => {
    const row = rowOf([
      order(0, { idempotency_key: 'k1', status: 'created', qty: 3 }),
      order(10, { idempotency_key: 'k1', correlation_id: 'c1', status: 'validated' }),
      order(20, { correlation_id: 'c1', client_order_id: 'x1', status: 'submitted' }),
      order(30, { client_order_id: 'x1', venue_order_id: 'v1', status: 'open' }),
      fill(40, { correlation_id: 'c1' }),
      fill(50, { venue_order_id: 'v1' }),
      fill(60, { idempotency_key: 'k1' }),
    ]);
    expect(row).toMatchObject({ status: 'filled', filled_qty: 3, client_order_id: 'x1', venue_order_id: 'v1' });
  });

  test('whose parts were two records until an event named both becomes one row, and the other is withdrawn', () => {
    const before = [order(0, { client_order_id: 'x1', qty: 1 }), fill(10, { venue_order_id: 'v1' })];
    const orders = open(PAPER);
    for (const input of before) orders.apply(input);
    const first = orders.rows();
    expect(shown(first)).toHaveLength(2);
    orders.apply(order(20, { client_order_id: 'x1', venue_order_id: 'v1', status: 'filled' }));
    const all = shown([...first, ...orders.rows()]);
    expect(all).toMatchObject([{ client_order_id: 'x1', venue_order_id: 'v1', status: 'filled', filled_qty: 1 }]);
    expect(all[0]?.event_id).toBe(first.find(({ event }) => event.client_order_id === 'x1')?.id);
  });

  test('keeps its row id while names are learned', () => {
    const orders = open(PAPER);
    orders.apply(order(0, { idempotency_key: 'k1', qty: 1 }));
    const [before] = orders.rows();
    orders.apply(order(5, { idempotency_key: 'k1', order_id: 'o1', status: 'acked' }));
    const [after] = orders.rows();
    expect(after?.id).toBe(before?.id);
    expect(after?.id).toMatch(/^o-[0-9a-f]{16}$/);
    expect(after?.date).toBe('2026-01-05');
  });

  test('of which a fill is told twice under the number of the venue counts it once', () => {
    const row = rowOf([
      order(0, { order_id: 'o1', qty: 2 }),
      fill(10, { order_id: 'o1', venue_fill_id: 'f1' }),
      fill(20, { order_id: 'o1', venue_fill_id: 'f1', fill_id: 'again' }),
      fill(30, { venue_fill_id: 'f1', venue_order_id: 'v1' }),
      fill(40, { venue_order_id: 'v1', venue_fill_id: 'f2' }),
    ]);
    expect(row).toMatchObject({ filled_qty: 2, fill_count: 2, status: 'filled', venue_order_id: 'v1' });
  });

  test('applies an event that comes twice once', () => {
    const twice = fill(10, { order_id: 'o1' });
    expect(rowOf([order(0, { order_id: 'o1', qty: 2 }), twice, twice])).toMatchObject({
      filled_qty: 1,
      status: 'partial',
    });
  });

  test('counts a fill that comes after the cancel, and stays cancelled unless all of it filled', () => {
    const start = [order(0, { order_id: 'o1', qty: 2 }), order(20, { order_id: 'o1', status: 'canceled' })];
    expect(rowOf([...start, fill(30, { order_id: 'o1' })])).toMatchObject({
      status: 'cancelled',
      filled_qty: 1,
      fill_ratio: 0.5,
    });
    expect(rowOf([...start, fill(30, { order_id: 'o1', qty: 2 })])).toMatchObject({ status: 'filled', filled_qty: 2 });
  });

  test('never goes back from an end', () => {
    const ends = { cancelled: 'cancelled', expired: 'expired', rejected: 'rejected', filled: 'filled' };
    for (const [word, status] of Object.entries(ends)) {
      const row = rowOf([
        order(0, { order_id: 'o1', qty: 1 }),
        order(5, { order_id: 'o1', status: word }),
        order(9, { order_id: 'o1', status: 'open' }),
        order(12, { order_id: 'o1', status: 'submitted' }),
      ]);
      expect(row).toMatchObject({ status, ended_ts: isoOf(T0 + 5) });
    }
  });

  test('stands where the words of any vocabulary put it', () => {
    const words: Record<string, string> = {
      created: 'intended',
      VALIDATED: 'intended',
      submitted: 'submitted',
      acked: 'acked',
      accepted: 'acked',
      NEW: 'acked',
      'OrderStatus.OPEN': 'acked',
      PartiallyFilled: 'partial',
      FILLED: 'filled',
      closed: 'filled',
      canceled: 'cancelled',
      Cancelled: 'cancelled',
      EXPIRED: 'expired',
      failed: 'rejected',
      REJECTED: 'rejected',
      ORDER_REJECTED: 'rejected',
    };
    for (const [word, status] of Object.entries(words))
      expect([word, rowOf([order(0, { order_id: 'o1', qty: 1, status: word })]).status]).toEqual([word, status]);
    expect(rowsOf([order(0, { order_id: 'o1', status: 'noop' })])).toEqual([]);
    expect(orderWord('no such word')).toBeUndefined();
  });

  test('that a venue closed before all was filled was cancelled', () => {
    const closed = [
      order(0, { order_id: 'o1', qty: 4 }),
      fill(10, { order_id: 'o1' }),
      order(20, { order_id: 'o1', status: 'closed' }),
    ];
    expect(rowOf(closed)).toMatchObject({ status: 'cancelled', filled_qty: 1 });
  });

  test('has fees only in the money it is known in', () => {
    const one = fill(10, { order_id: 'o1', fee: 0.001, fee_asset: 'BNB', fee_usd: 0.6 });
    expect(rowOf([one])).toMatchObject({ fee: 0.001, fee_asset: 'BNB', fees_usd: 0.6 });
    const mixed = rowOf([one, fill(20, { order_id: 'o1', fee: 0.1, fee_asset: 'USDC' })]);
    expect(mixed).toMatchObject({ fees_usd: 0.7 });
    expect(mixed).not.toHaveProperty('fee');
    expect(rowOf([one, fill(20, { order_id: 'o1' })])).not.toHaveProperty('fees_usd');
  });

  test('whose clocks are equal, reversed or absent has no latency but a reason, never 0', () => {
    const same = rowOf([
      intent(10, { intent_id: 'i1' }),
      order(10, { order_id: 'o1', intent_id: 'i1' }),
      fill(10, { order_id: 'o1' }),
    ]);
    expect(same.latency_reason).toBe('equal');
    for (const name of Object.keys(same).filter((name) => name.endsWith('_ms') && name !== 'ts_ms'))
      expect(same[name]).toBeGreaterThan(0);
    const back = rowOf([order(10, { order_id: 'o1', intent_id: 'i1' }), intent(20, { intent_id: 'i1' })]);
    expect(back).toMatchObject({ latency_reason: 'reversed', chained_by: 'id' });
    expect(back).not.toHaveProperty('intent_to_order_ms');
  });
});

describe('several orders', () => {
  test('of one intent stay two, each with what the intent and its gates said', () => {
    const rows = rowsOf([
      intent(0, { intent_id: 'i1', decision_id: 'd1' }),
      at(5, 'gate', { name: 'risk', passed: true, intent_id: 'i1' }),
      order(10, { order_id: 'o1', intent_id: 'i1', qty: 1 }),
      order(20, { order_id: 'o2', intent_id: 'i1', qty: 1 }),
      fill(30, { order_id: 'o2', intent_id: 'i1' }),
    ]);
    expect(rows).toMatchObject([
      { order_id: 'o1', status: 'submitted', decision_id: 'd1', gates_passed: 1, intent_to_order_ms: 10 },
      { order_id: 'o2', status: 'filled', decision_id: 'd1', gates_passed: 1, intent_to_order_ms: 20 },
    ]);
  });

  test('of two runs that count alike stay two, where positions end with the run', () => {
    const orders = [0, 1].flatMap((n) => {
      const run = { session_id: `run-${n}`, order_id: 'order_001' };
      return [order(n, { ...run, qty: 1 }), fill(10 + n, run)];
    });
    expect(rowsOf(orders)).toMatchObject([
      { session_id: 'run-0', filled_qty: 1 },
      { session_id: 'run-1', filled_qty: 1 },
    ]);
    expect(new Set(rowsOf(orders).map((row) => row.event_id)).size).toBe(2);
  });

  test('an order of a live account is found by the run after a restart, and a number used anew starts another', () => {
    const again = { session_id: 'run-2', client_order_id: 'x1' };
    const opened = order(0, { client_order_id: 'x1', qty: 1 });
    expect(rowOf([opened, fill(9, again)], LIVE)).toMatchObject({ session_id: 'run-1', status: 'filled' });
    expect(rowsOf([opened, order(5, { ...again, qty: 1 }), fill(9, again)], LIVE)).toMatchObject([
      { session_id: 'run-1', status: 'submitted' },
      { session_id: 'run-2', status: 'filled' },
    ]);
  });

  test('a fill that two open orders of its intent could have had goes to neither', () => {
    const rows = rowsOf([
      order(0, { order_id: 'o1', intent_id: 'i1', qty: 1 }),
      order(1, { order_id: 'o2', intent_id: 'i1', qty: 1 }),
      fill(5, { intent_id: 'i1' }),
    ]);
    expect(rows.map(({ filled_qty }) => filled_qty)).toEqual([0, 0, 1]);
    expect(new Set(rows.map((row) => row.event_id)).size).toBe(3);
  });

  test('executions that name no order are one order each', () => {
    const rows = rowsOf([0, 1, 2].map((ms) => fill(ms, { result: 'filled' })));
    expect(rows).toMatchObject([1, 1, 1].map((qty) => ({ filled_qty: qty, status: 'filled', chained_by: 'none' })));
  });
});

describe('what names nothing', () => {
  test('is tied by time within its run, symbol and side, to the nearest before and each once', () => {
    const rows = rowsOf([
      intent(0, { qty: 1 }),
      intent(900, { qty: 1 }),
      intent(950, { qty: 1, symbol: 'ETH-USD' }),
      order(1000, { client_order_id: 'x1', qty: 1 }),
      fill(1200, { client_order_id: 'x1' }),
      order(1300, { client_order_id: 'x2', qty: 1 }),
      order(7000, { client_order_id: 'x3', qty: 1 }),
    ]);
    expect(rows).toMatchObject([
      { client_order_id: 'x1', intent_to_order_ms: 100, order_to_fill_ms: 200, chained_by: 'time' },
      { client_order_id: 'x2', intent_to_order_ms: 1300, chained_by: 'time' },
      { client_order_id: 'x3', chained_by: 'none' },
    ]);
  });

  test('a fill goes to the order just before it, and no farther than the order has room', () => {
    const rows = rowsOf([order(0, { qty: 1, status: 'submitted' }), fill(100, {}), fill(200, {})]);
    expect(rows).toMatchObject([
      { filled_qty: 1, requested_qty: 1, order_to_fill_ms: 100, chained_by: 'time' },
      { filled_qty: 1, chained_by: 'none' },
    ]);
  });

  test('an event that names an order is never tied by time', () => {
    const rows = rowsOf([order(0, { qty: 1 }), fill(10, { order_id: 'o9' })]);
    expect(rows).toHaveLength(2);
  });
});

describe('gates', () => {
  test('that block an intent give it a row, which an order that comes all the same takes over', () => {
    const blocked = [
      intent(0, { intent_id: 'i1', qty: 2 }),
      at(5, 'gate', { name: 'MinNotional', passed: false, intent_id: 'i1' }),
    ];
    const [row] = rowsOf(blocked);
    expect(row).toMatchObject({
      status: 'intended',
      requested_qty: 2,
      filled_qty: 0,
      gates_blocked: 1,
      blocked_by: ['MinNotional'],
      ts: isoOf(T0),
    });
    const [later] = rowsOf([...blocked, order(60, { order_id: 'o1', intent_id: 'i1', qty: 2 })]);
    expect(later).toMatchObject({
      status: 'submitted',
      event_id: row?.event_id,
      ts: row?.ts,
      blocked_by: ['MinNotional'],
    });
  });

  test('an intent that became no order has no row unless something blocked it', () => {
    expect(rowsOf([intent(0, { intent_id: 'i1' }), intent(1, {})])).toEqual([]);
    expect(
      rowsOf([
        intent(0, { intent_id: 'i1', side: 'hold' }),
        at(1, 'gate', { name: 'g', passed: false, intent_id: 'i1' }),
      ]),
    ).toEqual([]);
    expect(
      rowsOf([at(0, 'gate', { name: 'g', passed: false, intent_id: 'i1' }), intent(1, { intent_id: 'i1' })]),
    ).toMatchObject([{ status: 'intended' }]);
    expect(rowsOf([intent(0, { intent_id: 'i1', guards: [{ name: 'spread', passed: false }] })])).toMatchObject([
      { blocked_by: ['spread'] },
    ]);
  });

  test('that speak before the order is known are found again', () => {
    const row = rowOf([
      at(0, 'gate', { name: 'a', passed: true, order_id: 'o1' }),
      at(1, 'gate', { name: 'b', passed: null, order_id: 'o1' }),
      order(2, { order_id: 'o1', qty: 1 }),
      at(3, 'gate', { name: 'c', passed: false, order_id: 'o1' }),
    ]);
    expect(row).toMatchObject({ gates_passed: 1, gates_blocked: 1, blocked_by: ['c'] });
  });
});

describe('rejections', () => {
  const record = {
    run_id: 'run-1',
    asset: 'BTCUSDT',
    exec_time_ist: '2025-12-02T14:41:28.556972+05:30',
    side: 'BUY',
    order_type: 'MARKET',
    fill_px: null,
    fill_qty: null,
    status: 'rejected',
    ts_ist: '2025-12-02T14:41:28.556981+05:30',
    schema_v: '1',
  };
  const market = { bid: 86650.1, ask: 86650.9, spread_bps: 0.09, volume_1m: 12.5 };
  const nested = { reason: '-2010', message: 'insufficient balance', market_state: market, retry_attempt: 2 };
  const flat = {
    rejection_reason: '-2010',
    rejection_message: 'insufficient balance',
    market_at_rejection: market,
    retry_attempt: 2,
  };

  const s1 = (raw: unknown): Fields => {
    const event = { ...eventOfLine(JSON.stringify(raw)), mode: 'paper', strategy_id: 's' };
    const input = inputOf(event);
    if (input === undefined) throw new Error(`no input: ${JSON.stringify(event)}`);
    return rowOf([input]);
  };

  test('S1 writes nested and flat give equal rows', () => {
    const row = s1({ ...record, rejection_details: nested });
    expect(row).toEqual(s1({ ...record, ...flat }));
    expect(row).toMatchObject({
      status: 'rejected',
      rejection_reason: '-2010',
      rejection_message: 'insufficient balance',
      market_at_rejection: market,
      retry_attempt: 2,
      retries: 2,
      filled_qty: 0,
    });
  });

  test('keep the market they met, whatever is said of the order later', () => {
    const row = rowOf([
      order(0, { order_id: 'o1', qty: 1 }),
      order(5, {
        order_id: 'o1',
        status: 'rejected',
        reason: '51008',
        rejection_message: 'no balance',
        market_at_rejection: market,
      }),
      order(9, { order_id: 'o1', status: 'canceled' }),
    ]);
    expect(row).toMatchObject({
      status: 'rejected',
      rejection_reason: '51008',
      rejection_message: 'no balance',
      market_at_rejection: market,
    });
  });

  test('are told by an error that names its order, and by details without a word', () => {
    expect(
      rowOf([
        order(0, { order_id: 'o1' }),
        at(4, 'error', { order_id: 'o1', status: 'failed', code: '51008', message: 'no' }),
      ]),
    ).toMatchObject({
      status: 'rejected',
      rejection_reason: '51008',
      rejection_message: 'no',
    });
    expect(
      rowOf([order(0, { order_id: 'o1' }), at(4, 'error', { order_id: 'o1', message: 'a warning' })]),
    ).toMatchObject({ status: 'submitted' });
    expect(rowOf([at(0, 'execution', { side: 'buy', order_id: 'o1', rejection_reason: '-2010' })])).toMatchObject({
      status: 'rejected',
    });
  });

  test('a fill that tells of a rejected first attempt is a fill', () => {
    expect(
      rowOf([fill(0, { result: 'filled', rejections: 1, rejection_reason: '-2010', retry_attempt: 1 })]),
    ).toMatchObject({
      status: 'filled',
      retries: 1,
      rejection_reason: '-2010',
    });
  });

  test('of an intent without an order have a row', () => {
    expect(
      rowsOf([
        intent(0, { intent_id: 'i1' }),
        at(5, 'execution', { side: 'buy', intent_id: 'i1', result: 'rejected' }),
      ]),
    ).toMatchObject([{ status: 'rejected', intent_id: 'i1', chained_by: 'id' }]);
  });
});

describe('memory', () => {
  const day = 86_400_000;
  const config = { memoryMs: 2 * day };

  test('ends so long after the last event, by the time of events', () => {
    const late = fill(4 * day, { order_id: 'o1' });
    const held = order(day, { order_id: 'o1', status: 'open' });
    const between = order(2.5 * day, { order_id: 'o1', status: 'open' });
    const start = order(0, { order_id: 'o1', qty: 1 });
    expect(rowsOf([start, held, between, late], PAPER, config)).toHaveLength(1);
    expect(rowsOf([start, held, late], PAPER, config)).toMatchObject([
      { status: 'acked' },
      { status: 'filled', ts: isoOf(T0 + 4 * day) },
    ]);
  });

  test('holds what has no clock until events with clocks are older than it keeps', () => {
    const orders = open(PAPER, undefined, config);
    const untimed = inputOf({
      event_id: 'f1',
      stream: 'execution',
      session_id: 'run-1',
      symbol: 'BTC-USD',
      order_id: 'o1',
      side: 'buy',
      qty: 1,
      price: 9,
    });
    if (untimed !== undefined) orders.apply(untimed);
    orders.apply(order(0, { order_id: 'o1', qty: 2 }));
    const [row] = shown(orders.rows());
    expect(row).toMatchObject({ filled_qty: 1, requested_qty: 2, ts_source: 'none', chained_by: 'id' });
    expect(row).not.toHaveProperty('ts');
    orders.apply(order(3 * day, { order_id: 'o2' }));
    expect(orders.save().orders).toHaveLength(1);
  });

  test('of what names nothing ends with the seconds in which something could be tied to it', () => {
    const orders = open(PAPER);
    for (let ms = 0; ms < 60_000; ms += 100) orders.apply(ms % 200 === 0 ? order(ms, { qty: 1 }) : fill(ms, {}));
    const { orders: named, loose, notes } = orders.save();
    expect([named.length, notes.notes.length]).toEqual([0, 0]);
    expect(loose.length).toBeLessThanOrEqual(51);
  });

  test('of everything marks all that is remembered as changed', () => {
    const orders = open(PAPER);
    orders.apply(order(0, { order_id: 'o1' }));
    orders.rows();
    const saved = orders.save();
    expect(open(PAPER, saved).rows()).toEqual([]);
    expect(Orders.open({ key: PAPER, config: LEDGER_DEFAULTS, sha256, saved, everything: true }).rows()).toHaveLength(
      1,
    );
  });
});

const name = fc.constantFrom('1', '2', '3');
const some = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => fc.option(value, { nil: undefined, freq: 2 });
const history = fc.array(
  fc.record({
    ms: fc.nat(20_000),
    stream: fc.constantFrom('order', 'order', 'execution', 'execution', 'order_intent', 'gate', 'error'),
    session_id: fc.constantFrom('run-1', 'run-2', undefined),
    symbol: fc.constantFrom('BTC-USD', 'BTC-USD', 'ETH-USD'),
    side: fc.constantFrom('buy', 'buy', 'sell'),
    order_id: some(name.map((n) => `o${n}`)),
    client_order_id: some(name.map((n) => `o${n}`)),
    venue_order_id: some(name.map((n) => `v${n}`)),
    intent_id: some(name.map((n) => `i${n}`)),
    decision_id: some(name.map((n) => `d${n}`)),
    correlation_id: some(name),
    idempotency_key: some(name),
    venue_fill_id: some(fc.constantFrom('f1', 'f2', 'f3', 'f4', 'f5')),
    status: fc.constantFrom(
      'submitted',
      'open',
      'canceled',
      'rejected',
      'failed',
      'partially_filled',
      'filled',
      undefined,
    ),
    passed: fc.boolean(),
    name: fc.constantFrom('a', 'b'),
    qty: fc.constantFrom(0.1, 0.2, 0.7, 1, undefined),
    price: fc.constantFrom(99.9, 100.1),
    fee: some(fc.constantFrom(0.01, 0.02)),
    fee_asset: some(fc.constantFrom('USDT', 'BNB')),
  }),
  { maxLength: 60 },
);

const inputsOf = (events: readonly { ms: number; stream: string }[]): Input[] =>
  events.map(({ ms, stream, ...fields }, n) => at(ms, stream, { ...fields, event_id: `e${n}` })).sort(comparePlaces);

describe('for any history', () => {
  const config = { ...LEDGER_DEFAULTS, memoryMs: 8_000 };

  test('any cut into calls, with the state saved and opened in between, gives the same rows', () => {
    fc.assert(
      fc.property(history, fc.array(fc.nat(60), { maxLength: 8 }), fc.boolean(), (events, cuts, live) => {
        const key = live ? LIVE : PAPER;
        const inputs = inputsOf(events);
        const whole = Orders.open({ key, config, sha256 });
        for (const input of inputs) whole.apply(input);
        let orders = Orders.open({ key, config, sha256 });
        const rows: DerivedRow[] = [];
        for (const [n, input] of inputs.entries()) {
          if (cuts.includes(n)) {
            if (n % 2 === 0) rows.push(...orders.rows());
            orders = Orders.open({ key, config, sha256, saved: JSON.parse(JSON.stringify(orders.save())) });
          }
          orders.apply(input);
        }
        rows.push(...orders.rows());
        expect(shown(rows)).toEqual(shown(whole.rows()));
        expect(JSON.parse(JSON.stringify(orders.save()))).toEqual(JSON.parse(JSON.stringify(whole.save())));
      }),
      { numRuns: 1500 },
    );
  });

  test('no two rows share an id and a day, no latency is 0 or less, and what is rejected did not fill', () => {
    fc.assert(
      fc.property(history, fc.boolean(), (events, live) => {
        const orders = Orders.open({ key: live ? LIVE : PAPER, config: LEDGER_DEFAULTS, sha256 });
        for (const input of inputsOf(events)) orders.apply(input);
        const { orders: named, loose, gone } = orders.save();
        const rows = shown(orders.rows());
        expect(rows).toHaveLength(named.length + loose.length + gone.length);
        for (const row of rows) {
          for (const field of ['intent_to_order_ms', 'order_to_ack_ms', 'order_to_fill_ms', 'intent_to_fill_ms'])
            if (row[field] !== undefined) expect(row[field]).toBeGreaterThan(0);
          if (row.status === 'rejected') expect(row.filled_qty).toBe(0);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('every fill is counted once, in one order', () => {
    fc.assert(
      fc.property(history, (events) => {
        const inputs = inputsOf(events);
        const orders = Orders.open({ key: LIVE, config: LEDGER_DEFAULTS, sha256 });
        for (const input of inputs) orders.apply(input);
        const seen = new Set<string>();
        let fills = 0;
        for (const { stream, event } of inputs) {
          if (stream !== 'execution' || !(Number(event.qty) > 0)) continue;
          if (['submitted', 'open', 'canceled', 'rejected', 'failed'].includes(event.status ?? '')) continue;
          const id = event.venue_fill_id == null ? null : `${event.symbol} ${event.venue_fill_id}`;
          if (id !== null && seen.has(id)) continue;
          if (id !== null) seen.add(id);
          fills++;
        }
        const counted = shown(orders.rows()).reduce((sum, row) => sum + Number(row.fill_count), 0);
        expect(counted).toBe(fills);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the golden sessions of a real bot', () => {
  const golden = (file: string): Fields[] => {
    const lines = readFileSync(join(SAMPLES, 'peak_trade/execution_telemetry', file), 'utf8')
      .trim()
      .split('\n');
    const inputs = lines.flatMap((raw, n) => {
      const line = wireLine({ source: 'src', path: file, file: 'f00d.0', line: n + 1, raw });
      return inputOf(JSON.parse(verdictOf(line, {}, { arrivedMs: Date.UTC(2026, 0, 1) }).json)) ?? [];
    });
    return rowsOf(inputs, { mode: 'paper', strategyId: null });
  };
  const column = (rows: readonly Fields[], field: string): unknown[] => rows.map((row) => row[field]);
  const median = (values: readonly unknown[]): number => {
    const sorted = values.map(Number).sort((a, b) => a - b);
    const [low = 0, high = 0] = [
      sorted[Math.floor((sorted.length - 1) / 2)],
      sorted[Math.ceil((sorted.length - 1) / 2)],
    ];
    return (low + high) / 2;
  };

  test.runIf(samplesPresent)(needsSamples('one is chained by ids, with the latencies it was made with'), () => {
    const rows = golden('golden_session_ok.jsonl');
    expect(column(rows, 'intent_to_order_ms')).toEqual([150, 180, 200]);
    expect(column(rows, 'order_to_fill_ms')).toEqual([170, 270, 180]);
    expect(column(rows, 'chained_by')).toEqual(['id', 'id', 'id']);
    expect(column(rows, 'status')).toEqual(['filled', 'filled', 'filled']);
    expect([median(column(rows, 'intent_to_order_ms')), median(column(rows, 'order_to_fill_ms'))]).toEqual([180, 180]);
    expect(column(rows, 'fee').reduce<number>((sum, fee) => sum + Number(fee), 0)).toBeCloseTo(2.6529, 10);
  });

  test.runIf(samplesPresent)(needsSamples('the other too, with a true median of an even number'), () => {
    const rows = golden('golden_session_latency.jsonl');
    expect(column(rows, 'intent_to_order_ms')).toEqual([50, 250, 100, 3000]);
    expect(column(rows, 'order_to_fill_ms')).toEqual([100, 550, 120, 3500]);
    expect([median(column(rows, 'intent_to_order_ms')), median(column(rows, 'order_to_fill_ms'))]).toEqual([175, 335]);
    expect(column(rows, 'fee').reduce<number>((sum, fee) => sum + Number(fee), 0)).toBeCloseTo(2.4503, 10);
  });
});
