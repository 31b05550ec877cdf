import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { isHistory, observationOfRecord, observationOfVerdict } from '../../../lib/core/alerts/observe.ts';
import { createTransform } from '../../../lib/core/transform/transform.ts';
import type { Verdict } from '../../../lib/core/transform/types.ts';

const MINUTE = 60_000;
const ARRIVED = Date.UTC(2025, 11, 3, 12);
const transform = createTransform({}, { sha256 });

const verdictOf = (record: unknown, arrivedMs = ARRIVED): Verdict => {
  const line = typeof record === 'string' ? record : JSON.stringify(record);
  const verdict = transform(line, { recordId: 'record-1', index: 0, arrivedMs });
  if (verdict === undefined) throw new Error('no verdict');
  return verdict;
};

const canonical = (over: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({
  stream: 'health',
  event_id: 'h-1',
  ts: '2025-12-03T11:59:30.000000Z',
  strategy_id: 'bot',
  session_id: 's1',
  symbol: 'BTCUSDT',
  mode: 'paper',
  ws_staleness_ms: 140,
  ...over,
});

test('a verdict and the line it wrote give the same observation', () => {
  const verdict = verdictOf(canonical());
  const fast = observationOfVerdict(verdict);
  const slow = observationOfRecord(JSON.parse(verdict.json));
  expect(fast).toMatchObject({
    mode: 'paper',
    strategyId: 'bot',
    stream: 'health',
    sessionId: 's1',
    symbol: 'BTCUSDT',
    eventId: 'h-1',
    tsMs: ARRIVED - 30_000,
    arrivedMs: ARRIVED,
  });
  expect({ ...slow, fields: {} }).toEqual({ ...fast, fields: {} });
  expect(fast?.fields.ws_staleness_ms).toBe(140);
  expect(slow?.fields.ws_staleness_ms).toBe(140);
});

test('whatever text an id is, both ways read it alike', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), (id) => {
      const verdict = verdictOf(canonical({ event_id: id }));
      const slow = observationOfRecord(JSON.parse(verdict.json));
      expect(observationOfVerdict(verdict)?.eventId).toBe(slow?.eventId);
    }),
  );
});

test('an id that looks like the head of a line misleads nobody', () => {
  const id = '","stream":"x","ts_source":"bar_ts"}{"event_id":"other';
  const observation = observationOfVerdict(verdictOf(canonical({ event_id: id, timeframe: '1h' })));
  expect(observation).toMatchObject({ eventId: id, stream: 'health' });
  expect(observation?.barMs).toBeUndefined();
});

test('an event without a clock is not observed', () => {
  const verdict = verdictOf(canonical({ ts: undefined }));
  expect(observationOfVerdict(verdict)).toBeUndefined();
  expect(observationOfRecord(JSON.parse(verdict.json))).toBeUndefined();
});

test('an event without a strategy is nobody’s, and observed', () => {
  expect(observationOfVerdict(verdictOf(canonical({ strategy_id: undefined, mode: undefined })))).toMatchObject({
    strategyId: null,
    mode: null,
  });
});

test('a line that cannot be read is an observation of quarantine, when it came in', () => {
  const verdict = verdictOf('this is not json');
  const fast = observationOfVerdict(verdict);
  expect(fast).toMatchObject({ stream: 'quarantine', tsMs: ARRIVED, arrivedMs: ARRIVED });
  expect(fast?.fields.reason).toBe('invalid_json');
  expect(observationOfRecord(JSON.parse(verdict.json))).toMatchObject({ eventId: fast?.eventId, stream: 'quarantine' });
});

test('a verdict without facts gives nothing', () => {
  const { facts: _, ...verdict } = verdictOf(canonical());
  expect(observationOfVerdict(verdict)).toBeUndefined();
});

const MAX_AGE = 15 * MINUTE;

test('an event of fifteen minutes is news, one a millisecond older is history', () => {
  const observed = (ageMs: number) => {
    const ts = new Date(ARRIVED - ageMs).toISOString();
    const observation = observationOfVerdict(verdictOf(canonical({ ts })));
    if (observation === undefined) throw new Error('not observed');
    return isHistory(observation, MAX_AGE);
  };
  expect(observed(MAX_AGE)).toBe(false);
  expect(observed(MAX_AGE + 1)).toBe(true);
});

test('where only the open of its bar is known, an event has two bars more', () => {
  const observed = (ageMs: number, timeframe: string | undefined) => {
    const bar_ts = new Date(ARRIVED - ageMs).toISOString();
    const verdict = verdictOf(canonical({ ts: undefined, bar_ts, timeframe }));
    const [fast, slow] = [observationOfVerdict(verdict), observationOfRecord(JSON.parse(verdict.json))];
    if (fast === undefined || slow === undefined) throw new Error('not observed');
    expect(isHistory(slow, MAX_AGE)).toBe(isHistory(fast, MAX_AGE));
    return isHistory(fast, MAX_AGE);
  };
  expect(observed(MAX_AGE + 120 * MINUTE, '1h')).toBe(false);
  expect(observed(MAX_AGE + 120 * MINUTE + 1, '1h')).toBe(true);
  expect(observed(MAX_AGE + 1, undefined)).toBe(true);
  expect(observed(MAX_AGE + 1, 'tick')).toBe(true);
});

test('a trade tells of its exit, an order of its end', () => {
  const row = {
    event_id: 'x',
    ingested_at: '2025-12-03T12:00:20.000000Z',
    strategy_id: 'bot',
    ts_ms: ARRIVED - 86_400_000,
  };
  const trade = observationOfRecord({ ...row, stream: 'trade_lifecycle', exit_ts: '2025-12-03T11:59:59.500000Z' });
  expect(trade).toMatchObject({ tsMs: ARRIVED - 500, arrivedMs: ARRIVED + 20_000 });
  expect(observationOfRecord({ ...row, stream: 'trade_lifecycle', exit_ts: null })?.tsMs).toBe(ARRIVED - 86_400_000);
  const order = observationOfRecord({ ...row, stream: 'order_lifecycle', ended_ts: '2025-12-03T12:00:00.000000Z' });
  expect(order?.tsMs).toBe(ARRIVED);
});

test('a row that is taken back is news of when that came, not history of the day that is left of it', () => {
  const retraction = observationOfRecord({
    event_id: 't-1',
    stream: 'trade_lifecycle',
    ts: '2025-12-03T00:00:00.000000Z',
    ts_ms: Date.parse('2025-12-03T00:00:00Z'),
    ingested_at: '2025-12-03T12:00:00.000000Z',
    retracted: true,
    rev: 4,
  });
  if (retraction === undefined) throw new Error('not observed');
  expect(retraction.tsMs).toBe(ARRIVED);
  expect(isHistory(retraction, MAX_AGE)).toBe(false);
});

test('lines that are no events give nothing', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (record) => {
      const observation = observationOfRecord(record);
      if (typeof record.event_id !== 'string' || typeof record.stream !== 'string') expect(observation).toBeUndefined();
    }),
  );
});
