import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { CATALOG } from '../../../lib/core/catalog/index.ts';
import { MAX_RECORD_BYTES } from '../../../lib/core/limits.ts';
import { MOST_PARTITION_AGE_MS } from '../../../lib/core/transform/clocks.ts';
import { createTransform } from '../../../lib/core/transform/transform.ts';
import { eventOf, eventOfLine, NOW_MS, position, verdictOf } from '../../support/transform.ts';

const base = { stream: 'signals', event_id: 'e1', schema_version: 1, ts: '2025-12-03T11:59:00.000000Z' };

describe('a verdict', () => {
  test('blank lines are no events', () => {
    const transform = createTransform({}, { sha256 });
    for (const line of ['', '   ', '\t\r']) expect(transform(line, position())).toBeUndefined();
  });

  test('a canonical event keeps its identity and is stamped with its arrival', () => {
    const event = eventOf({ ...base, p_up: 0.4, ingested_at: '1999-01-01T00:00:00Z' });
    expect(event).toMatchObject({
      event_id: 'e1',
      p_up: 0.4,
      ts_ms: NOW_MS - 60_000,
      ts_source: 'ts',
      dialect: 'canonical',
      ingested_at: '2025-12-03T12:00:00.000000Z',
    });
  });

  test('an event without an identity gets one from its position, the same every time and another on the next line', () => {
    const { event_id, ...anonymous } = base;
    expect(event_id).toBe('e1');
    const ids = [0, 0, 1].map((index) => JSON.parse(verdictOf(JSON.stringify(anonymous), {}, { index }).json).event_id);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  test('numbers come as numbers or decimal strings, booleans in the spellings of spreadsheets', () => {
    expect(eventOf({ ...base, p_up: '0.25', direction: '-1', eligible: { a: '1', b: 'False' } })).toMatchObject({
      p_up: 0.25,
      direction: -1,
      eligible: { a: true, b: false },
    });
  });

  test('NaN and infinities become null and are named', () => {
    const line = `{"stream":"signals","event_id":"e1","ts":"2025-12-03T11:59:00Z","p_up":NaN,"p_down":-Infinity,"alpha":1e999,"model_source":"NaN, they said"}`;
    const event = JSON.parse(verdictOf(line).json);
    expect(event).toMatchObject({ p_up: null, p_down: null, alpha: null, model_source: 'NaN, they said' });
    expect(event.nonfinite.toSorted()).toEqual(['alpha', 'p_down', 'p_up']);
  });

  test('a null field stays null, a missing one stays missing', () => {
    const event = eventOf({ ...base, chosen: null, session_id: null });
    expect(event.chosen).toBeNull();
    expect(event).not.toHaveProperty('model_source');
    expect(event).not.toHaveProperty('session_id');
  });

  test('unknown fields and values that do not fit are kept in extra, and the misfits named', () => {
    const event = eventOf({ ...base, p_up: 'high', mood: { today: 'good' } });
    expect(JSON.parse(String(event.extra))).toEqual({ p_up: 'high', mood: { today: 'good' } });
    expect(event.misfits).toEqual(['p_up']);
    expect(event).not.toHaveProperty('p_up');
  });

  test('unknown keys of a closed object are kept beside it', () => {
    const event = eventOf({ ...base, overlay: { confidence: 0.5, colour: 'red' } });
    expect(event.overlay).toEqual({ confidence: 0.5 });
    expect(JSON.parse(String(event.extra))).toEqual({ 'overlay.colour': 'red' });
  });

  test('an id keeps all its digits, however long the number', () => {
    const event = JSON.parse(
      verdictOf(
        '{"stream":"signals","event_id":12345678901234567890,"ts":"2025-12-03T11:59:00Z","account_id":98765432109876543210}',
      ).json,
    );
    expect(event).toMatchObject({ event_id: '12345678901234567890', account_id: '98765432109876543210' });
  });

  test('long decimals stay numbers where a line is read again for its ids or its NaN', () => {
    const line =
      '{"stream":"signals","event_id":"e1","ts":"2025-12-03T11:59:00Z","p_up":0.010721999999999999,"alpha":1.2345678901234567e-05,"p_down":NaN,"account_id":98765432109876543210,"bma_w_base":-0.12345678901234567}';
    expect(JSON.parse(verdictOf(line).json)).toMatchObject({
      p_up: Number('0.010721999999999999'),
      alpha: Number('1.2345678901234567e-05'),
      account_id: '98765432109876543210',
      bma_w_base: Number('-0.12345678901234567'),
    });
  });

  test('prototype keys are plain data', () => {
    const line =
      '{"stream":"signals","event_id":"e1","ts":"2025-12-03T11:59:00Z","__proto__":{"polluted":1},"constructor":"c","eligible":{"__proto__":true}}';
    const { json, outcome } = verdictOf(line);
    expect(outcome).toBe('stored');
    expect(JSON.parse(JSON.parse(json).extra)).toMatchObject({ constructor: 'c' });
    expect(JSON.parse(json).extra).toContain('polluted');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('nesting beyond every reader’s stack goes to quarantine, the line verbatim', () => {
    const line = `{"stream":"signals","event_id":"e1","ts":"2025-12-03T11:59:00Z","deep":${'['.repeat(5000)}${']'.repeat(5000)}}`;
    const verdict = verdictOf(line);
    expect(verdict).toMatchObject({ outcome: 'quarantined', reason: 'too_deep' });
    expect(JSON.parse(verdict.json).raw).toBe(line);
  });

  test.each([
    ['invalid_json', '{"a": 1'],
    ['invalid_json', 'free text'],
    ['not_an_object', '[1,2]'],
    ['not_an_object', 'null'],
    ['unknown_shape', '{"a":1}'],
    ['unknown_stream', '{"stream":"nope","event_id":"1"}'],
    ['unknown_stream', '{"stream":"trade_lifecycle","event_id":"1"}'],
    ['unknown_version', '{"stream":"signals","event_id":"1","schema_version":99}'],
    ['too_large', `{"a":"${'x'.repeat(MAX_RECORD_BYTES)}"}`],
  ])('%s is a reason of its own', (reason, line) => {
    const verdict = verdictOf(line);
    expect(verdict).toMatchObject({ outcome: 'quarantined', reason, stream: 'quarantine', date: '2025-12-03' });
    expect(JSON.parse(verdict.json)).toMatchObject({ reason, raw: line });
  });

  test.each(Object.values(CATALOG).filter(({ origin }) => origin === 'derived'))(
    'a bot cannot write $name: it is derived, and the detail says so',
    ({ name, example }) => {
      const verdict = verdictOf(JSON.stringify(example));
      expect(verdict).toMatchObject({ outcome: 'quarantined', reason: 'unknown_stream' });
      expect(verdict).not.toMatchObject({ target: name });
      expect(JSON.parse(verdict.json).detail).toBe(`${name} is derived by Nightdesk and not taken from anybody else`);
    },
  );

  test('a bot’s own equity is taken, and never passes for a derived one', () => {
    const event = eventOf({ ...CATALOG.equity_curve?.example, dialect: 'derived', ingested_at: undefined });
    expect(event).toMatchObject({ stream: 'equity_curve', dialect: 'canonical' });
  });

  test('a line of the largest record is stored', () => {
    const line = JSON.stringify({ ...base, note: '' });
    const filled = JSON.stringify({ ...base, note: 'é'.repeat((MAX_RECORD_BYTES - line.length) / 2) });
    expect(Buffer.byteLength(filled)).toBeGreaterThan(MAX_RECORD_BYTES - 2);
    expect(verdictOf(filled).outcome).toBe('stored');
  });
});

describe('clocks', () => {
  test('ts falls back to the next clock and says so', () => {
    const { ts, ...clockless } = base;
    const emitted = '2025-12-03T10:00:00.000000Z';
    expect(eventOf({ ...clockless, emitted_at: emitted, bar_ts: ts })).toMatchObject({
      ts: emitted,
      ts_source: 'emitted_at',
    });
    expect(eventOf({ ...clockless, bar_ts: ts })).toMatchObject({ ts, ts_source: 'bar_ts' });
  });

  test('an event without any clock lies in a partition of its own, today and tomorrow', () => {
    const { ts, ...clockless } = base;
    expect(ts).toBeDefined();
    for (const arrivedMs of [NOW_MS, NOW_MS + 86_400_000]) {
      const verdict = verdictOf(JSON.stringify(clockless), {}, { arrivedMs });
      expect(verdict.date).toBe('2000-01-01');
      expect(JSON.parse(verdict.json)).toMatchObject({ ts: null, ts_ms: null, ts_source: 'none' });
    }
  });

  test('a partition is the UTC day of ts', () => {
    expect(verdictOf(JSON.stringify({ ...base, ts: '2025-12-02T01:00:00+05:30' })).date).toBe('2025-12-01');
  });

  test('a naive time is read in the configured zone and flagged', () => {
    const kolkata = { naiveOffsetMs: () => 5.5 * 3_600_000 };
    expect(eventOf({ ...base, ts: '2025-12-03T12:00:00' }, kolkata)).toMatchObject({
      ts: '2025-12-03T06:30:00.000000Z',
      ts_naive: true,
      ts_local: '2025-12-03T12:00:00',
    });
  });

  test('the future begins an hour ahead', () => {
    const at = (ms: number) => verdictOf(JSON.stringify({ ...base, ts: new Date(ms).toISOString() }));
    expect(at(NOW_MS + 3_600_000).outcome).toBe('stored');
    expect(at(NOW_MS + 3_600_001)).toMatchObject({ reason: 'clock_skew', target: 'signals' });
  });

  test('a door with an age limit refuses what is older, by its emission where known', () => {
    const day = 86_400_000;
    const limited = { maxEventAgeMs: 7 * day };
    const old = new Date(NOW_MS - 8 * day).toISOString();
    expect(verdictOf(JSON.stringify({ ...base, ts: old }), limited)).toMatchObject({ reason: 'too_old' });
    expect(JSON.parse(verdictOf(JSON.stringify({ ...base, ts: old }), limited).json).detail).toContain(
      'nightdesk import',
    );
    expect(
      verdictOf(JSON.stringify({ ...base, ts: old, emitted_at: new Date(NOW_MS).toISOString() }), limited).outcome,
    ).toBe('stored');
    expect(verdictOf(JSON.stringify({ ...base, ts: old })).outcome).toBe('stored');
  });

  test('such a door writes no day that its views do not look at, whenever the event was emitted', () => {
    const emitted_at = new Date(NOW_MS).toISOString();
    const of = (ageMs: number) => JSON.stringify({ ...base, ts: new Date(NOW_MS - ageMs).toISOString(), emitted_at });

    expect(verdictOf(of(MOST_PARTITION_AGE_MS), { maxEventAgeMs: 86_400_000 }).outcome).toBe('stored');
    expect(verdictOf(of(MOST_PARTITION_AGE_MS + 1), { maxEventAgeMs: 86_400_000 })).toMatchObject({
      reason: 'too_old',
    });
    expect(verdictOf(of(MOST_PARTITION_AGE_MS + 1)).outcome).toBe('stored');
  });
});

describe('the wire form', () => {
  test('identity is the position: equal lines of two places are two events, a resend is the same', () => {
    const raw = JSON.stringify({
      ts: '2025-12-03T10:00:00Z',
      session_id: 's',
      symbol: 'BTC-USD',
      mode: 'paper',
      kind: 'gate',
      payload: { gate: 'g', decision: 'ALLOW' },
    });
    const id = (file: string, line: number) => eventOfLine(raw, { file, line }).event_id;
    expect(new Set([id('a.0', 1), id('a.0', 2), id('b.0', 1), id('a.1', 1)]).size).toBe(4);
    expect(id('a.0', 1)).toBe(id('a.0', 1));
  });

  test('facts of the sender fill what the line does not say', () => {
    const raw = JSON.stringify({
      ts: '2025-12-03T10:00:00Z',
      session_id: 'own',
      symbol: 'BTC-USD',
      mode: 'paper',
      kind: 'error',
      payload: { error: 'boom' },
    });
    expect(eventOfLine(raw, { set: { session_id: 'given', strategy_id: 'strat' } })).toMatchObject({
      session_id: 'own',
      strategy_id: 'strat',
      mode: 'paper',
    });
  });

  test('what the sender knows to be unreadable goes to quarantine under its reason', () => {
    expect(eventOfLine('\ufffd{', { bad: 'utf8' })).toMatchObject({
      stream: 'quarantine',
      reason: 'invalid_utf8',
      event_id: 'f00d.0-1',
    });
    expect(eventOfLine('{"ts":', { bad: 'gzip' })).toMatchObject({ stream: 'quarantine', reason: 'damaged' });
    expect(eventOfLine('a|b', { map_error: 'field price: "x" is no number' })).toMatchObject({
      reason: 'map_failed',
      detail: 'field price: "x" is no number',
      raw: 'a|b',
    });
  });

  test('any text at all survives the way to the quarantine', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (raw) => {
        fc.pre(raw.trim().length > 0 && !/[:=]/.test(raw));
        expect(eventOfLine(`{${raw}`).raw).toBe(`{${raw}`);
      }),
    );
  });
});
