import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { inputOf } from '../../../lib/core/lifecycle/input.ts';
import { type SavedSessions, Sessions } from '../../../lib/core/lifecycle/sessions.ts';
import { type DerivedRow, type Input, LEDGER_DEFAULTS, type Touch } from '../../../lib/core/lifecycle/types.ts';
import { isoOf } from '../../support/lake.ts';

const T0 = Date.UTC(2026, 0, 5, 10);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const key = { mode: 'paper', strategyId: 's' };

const open = (saved?: SavedSessions, everything = false): Sessions =>
  Sessions.open({ key, config: LEDGER_DEFAULTS, sha256, everything, ...(saved === undefined ? {} : { saved }) });

const touch = (session: string, firstMs: number, lastMs: number, over: Partial<Touch> = {}): Touch => ({
  session,
  objectKey: 'events/health/v1/date=2026-01-05/o.jsonl.gz',
  stream: 'health',
  firstUs: (T0 + firstMs) * 1000,
  lastUs: (T0 + lastMs) * 1000,
  events: 2,
  noClock: 0,
  symbols: ['BTC-USD'],
  ...over,
});

function input(ms: number, stream: string, fields: Record<string, unknown>): Input {
  const found = inputOf({
    event_id: `${stream}-${ms}`,
    stream,
    ts: isoOf(T0 + ms),
    ts_ms: T0 + ms,
    session_id: 'a',
    ...fields,
  });
  if (found === undefined) throw new Error('no input');
  return found;
}

const ends = (ms: number, event = 'shutdown', session = 'a'): Input =>
  input(ms, 'system', { event, session_id: session });
const none = (): number => 0;

/** Of each id and date the last row, without those withdrawn. */
function shown(rows: readonly DerivedRow[]): Record<string, unknown>[] {
  const last = new Map(rows.map((row) => [`${row.id} ${row.date}`, row.event]));
  return [...last.values()]
    .filter(({ retracted }) => retracted !== true)
    .sort((a, b) => (String(a.event_id) < String(b.event_id) ? -1 : 1));
}

describe('the end of a run', () => {
  test('is where the bot says it, in any of its words, and nothing of the run comes later', () => {
    for (const word of [
      'session_end',
      'SESSION_ENDED',
      'session_stop',
      'session_stopped',
      'Shutdown',
      'stopped',
      'bot_stopped',
      'process_exit',
      'exit',
    ]) {
      const sessions = open();
      sessions.touch([touch('a', 0, 500)]);
      sessions.apply(ends(500, word));
      expect(sessions.ended('a', T0 + 501)).toEqual({ us: (T0 + 500) * 1000, reason: 'given' });
    }
    const sessions = open();
    sessions.apply(ends(500, 'transport_opened'));
    expect(sessions.ended('a', T0 + 501)).toBeUndefined();
  });

  test('is revoked by a later event of the run, told by an object or by itself', () => {
    const sessions = open();
    sessions.touch([touch('a', 0, 500)]);
    sessions.apply(ends(500));
    sessions.touch([touch('a', 501, 501)]);
    expect(sessions.ended('a', T0 + 600)).toBeUndefined();
    sessions.apply(ends(700));
    expect(sessions.ended('a', T0 + 701)).toMatchObject({ reason: 'given' });
    sessions.apply(input(701, 'execution', {}));
    expect(sessions.ended('a', T0 + 702)).toBeUndefined();
  });

  test('comes by silence, once the moment passed the timeout, and is revoked by what comes after all', () => {
    const sessions = open();
    sessions.touch([touch('a', 0, 0)]);
    expect(sessions.ended('a', T0 + DAY)).toBeUndefined();
    expect(sessions.ended('a', T0 + DAY + 1)).toEqual({ us: (T0 + DAY) * 1000, reason: 'timeout' });
    sessions.touch([touch('a', HOUR, HOUR)]);
    expect(sessions.ended('a', T0 + DAY + 1)).toBeUndefined();
  });

  test('waits for three bars of its longest timeframe', () => {
    const sessions = open();
    sessions.touch([touch('a', 0, 0, { timeframe: '5m' }), touch('a', 0, 0, { timeframe: '12h' })]);
    expect(sessions.ended('a', T0 + 36 * HOUR)).toBeUndefined();
    expect(sessions.ended('a', T0 + 36 * HOUR + 1)).toMatchObject({ reason: 'timeout' });
  });

  test('of one run is never the begin of another', () => {
    const sessions = open();
    sessions.touch([touch('a', 0, HOUR), touch('b', 2 * HOUR, 3 * HOUR)]);
    sessions.apply(ends(4 * HOUR, 'shutdown', 'b'));
    expect(sessions.ended('a', T0 + 5 * HOUR)).toBeUndefined();
    expect(sessions.ended('b', T0 + 5 * HOUR)).toMatchObject({ reason: 'given' });
    expect(sessions.ended('never heard of', T0 + 5 * HOUR)).toBeUndefined();
  });
});

describe('rows of runs', () => {
  test('tell when it lived, what it traded, what it ran and what it left open', () => {
    const sessions = open();
    sessions.touch([touch('a', 0, HOUR, { timeframe: '1h' })]);
    sessions.apply(input(1, 'repro', { git_sha: 'new', model_version: 'm2' }));
    sessions.apply(input(0, 'repro', { git_sha: 'old', model_version: 'm1' }));
    sessions.apply(ends(HOUR));
    expect(sessions.rows(T0 + 2 * HOUR, () => 1)).toEqual([
      {
        stream: 'session',
        id: 'a@paper',
        date: '2026-01-05',
        event: {
          event_id: 'a@paper',
          stream: 'session',
          schema_version: 1,
          ts: isoOf(T0),
          ts_ms: T0,
          ts_source: 'ts',
          strategy_id: 's',
          session_id: 'a',
          mode: 'paper',
          entry: 'run',
          symbol: 'BTC-USD',
          timeframe: '1h',
          first_ts: isoOf(T0),
          last_ts: isoOf(T0 + HOUR),
          ended_ts: isoOf(T0 + HOUR),
          end_reason: 'given',
          trades_open: 1,
          symbols: ['BTC-USD'],
          git_sha: 'new',
          model_version: 'm2',
        },
      },
    ]);
  });

  test('are given where something changed, by an event, by the passing of a moment, or by its trades', () => {
    const sessions = open();
    sessions.touch([touch('a', 0, 0), touch('b', 0, HOUR)]);
    expect(sessions.rows(T0 + HOUR, none)).toHaveLength(2);
    sessions.touch([touch('a', 0, 0), touch('b', 0, HOUR)]);
    expect(sessions.rows(T0 + HOUR, none)).toEqual([]);
    expect(sessions.rows(T0 + HOUR, (run) => (run === 'a' ? 1 : 0)).map(({ id }) => id)).toEqual(['a@paper']);
    expect(
      sessions.rows(T0 + DAY + 1, (run) => (run === 'a' ? 1 : 0)).map(({ id, event }) => [id, event.end_reason]),
    ).toEqual([['a@paper', 'timeout']]);
    const saved = sessions.save();
    expect(open(saved).rows(T0 + DAY + 1, (run) => (run === 'a' ? 1 : 0))).toEqual([]);
    expect(open(saved, true).rows(T0 + DAY + 1, none)).toHaveLength(2);
  });

  test('move with a run that turns out to have begun the day before, and the old one is withdrawn', () => {
    const sessions = open();
    sessions.touch([touch('a', 0, HOUR)]);
    const rows = sessions.rows(T0, none);
    sessions.touch([touch('a', -DAY, -DAY)]);
    rows.push(...sessions.rows(T0, none));
    expect(shown(rows)).toMatchObject([{ first_ts: isoOf(T0 - DAY), last_ts: isoOf(T0 + HOUR) }]);
    expect(rows.map(({ date, event }) => [date, event.retracted])).toEqual([
      ['2026-01-05', undefined],
      ['2026-01-05', true],
      ['2026-01-04', undefined],
    ]);
  });

  test('of a run without any clock have no time, and it never ends by silence', () => {
    const sessions = open();
    const { firstUs: _first, lastUs: _last, ...untimed } = touch('a', 0, 0);
    sessions.touch([untimed]);
    expect(sessions.rows(T0 + 99 * DAY, none)).toMatchObject([{ date: '2000-01-01', event: { ts_source: 'none' } }]);
    expect(sessions.ended('a', T0 + 99 * DAY)).toBeUndefined();
  });

  test('of runs long ended and without open trades are forgotten by the time of events', () => {
    const sessions = open();
    sessions.touch([touch('a', 0, 0), touch('b', 0, 0)]);
    sessions.rows(T0 + 400 * DAY, none);
    expect(sessions.save().runs).toHaveLength(2);
    sessions.touch([touch('c', 20 * DAY, 20 * DAY)]);
    sessions.rows(T0 + 20 * DAY, (run) => (run === 'b' ? 1 : 0));
    expect(sessions.save().runs.map(({ session }) => session)).toEqual(['b', 'c']);
  });
});

describe('for any runs', () => {
  const told = fc.record({
    run: fc.constantFrom('a', 'b', 'c'),
    first: fc.integer({ min: -3 * DAY, max: 3 * DAY }),
    long: fc.nat(DAY),
    symbols: fc.subarray(['X', 'Y', 'Z']),
    timeframe: fc.constantFrom('5m', '12h', undefined),
    what: fc.constantFrom('touch', 'touch', 'end', 'repro'),
  });
  type Told = typeof told extends fc.Arbitrary<infer T> ? T : never;

  const tell = (sessions: Sessions, { run, first, long, symbols, timeframe, what }: Told): void => {
    if (what === 'end') sessions.apply(ends(first, 'shutdown', run));
    else if (what === 'repro') sessions.apply(input(first, 'repro', { session_id: run, git_sha: `g${first}` }));
    else
      sessions.touch([touch(run, first, first + long, { symbols, ...(timeframe === undefined ? {} : { timeframe }) })]);
  };

  test('what is told in any order, any number of times, with the state saved in between, is the same', () => {
    fc.assert(
      fc.property(
        fc.array(told, { maxLength: 12 }),
        fc.infiniteStream(fc.nat()),
        fc.nat(9 * DAY),
        (all, random, asOf) => {
          const whole = open();
          for (const one of all) tell(whole, one);
          const shuffled = [...all, ...all]
            .map((one) => ({ one, at: random.next().value }))
            .sort((a, b) => a.at - b.at)
            .map(({ one }) => one);
          let sessions = open();
          const rows: DerivedRow[] = [];
          for (const [n, one] of shuffled.entries()) {
            tell(sessions, one);
            if (n % 3 === 1) rows.push(...sessions.rows(T0 + asOf, none));
            if (n % 4 === 1) sessions = open(JSON.parse(JSON.stringify(sessions.save())));
          }
          rows.push(...sessions.rows(T0 + asOf, none));
          expect(shown(rows)).toEqual(shown(whole.rows(T0 + asOf, none)));
          for (const run of ['a', 'b', 'c'])
            expect(sessions.ended(run, T0 + asOf)).toEqual(whole.ended(run, T0 + asOf));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('an end is never before the last event of its run, nor in the future', () => {
    fc.assert(
      fc.property(fc.array(told, { maxLength: 12 }), fc.integer({ min: -DAY, max: 9 * DAY }), (all, asOf) => {
        const sessions = open();
        for (const one of all) tell(sessions, one);
        for (const { session, lastUs = 0 } of sessions.save().runs) {
          const end = sessions.ended(session, T0 + asOf);
          if (end === undefined) continue;
          expect(end.us).toBeGreaterThanOrEqual(lastUs);
          if (end.reason === 'timeout') expect(end.us).toBeLessThan((T0 + asOf) * 1000);
        }
      }),
    );
  });
});
