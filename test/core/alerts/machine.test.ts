import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { dedupeKeyOf } from '../../../lib/core/alerts/identity.ts';
import { alertDueMs, close, NO_DATA_MS, type StepContext, step } from '../../../lib/core/alerts/machine.ts';
import { acknowledge, emptyOperator, resolveAlert, snooze, unsnooze } from '../../../lib/core/alerts/operator.ts';
import type { Alert } from '../../../lib/core/alerts/state.ts';
import type { AlertChange, Reading } from '../../../lib/core/alerts/types.ts';
import { HOUR_MS, KEY, MINUTE_MS, reading, rule, START_MS, settings } from './support/make.ts';

/** One alert and the clock. */
class Watch {
  context: StepContext = {
    key: KEY,
    rule: rule(),
    settings: settings(),
    operator: emptyOperator,
    nowMs: START_MS,
    ended: false,
    sha256,
  };
  alert: Alert | undefined;
  readonly changes: AlertChange[] = [];

  constructor(over: Partial<StepContext> = {}) {
    this.context = { ...this.context, ...over };
  }

  at(afterMs: number, one: Reading, over: Partial<StepContext> = {}): AlertChange[] {
    this.context = { ...this.context, ...over, nowMs: START_MS + afterMs };
    const { alert, changes } = step(this.alert, one, this.context);
    this.alert = alert;
    this.changes.push(...changes);
    return [...changes];
  }

  get kinds(): string[] {
    return this.changes.map(({ kind, notify }) => (notify ? kind : `(${kind})`));
  }
}

const firing = reading('firing');
const fine = reading('ok');
const noData = reading('no_data');
const DEDUPE = 'stale:paper:bot:';

describe('an alert', () => {
  test('opens when its condition has held for so long, and not a millisecond before', () => {
    const watch = new Watch({ rule: rule({ for: MINUTE_MS }) });
    const since = { ...firing, sinceMs: START_MS };
    expect(watch.at(0, since)).toEqual([]);
    expect(watch.alert?.view.status).toBe('pending');
    expect(alertDueMs(watch.alert as Alert, watch.context)).toBe(START_MS + MINUTE_MS);
    expect(watch.at(MINUTE_MS - 1, since)).toEqual([]);
    expect(watch.at(MINUTE_MS, since).map(({ kind }) => kind)).toEqual(['opened']);
  });

  test('is forgotten when it ends before it opened', () => {
    const watch = new Watch({ rule: rule({ for: MINUTE_MS }) });
    watch.at(0, firing);
    watch.at(1, fine);
    expect(watch.alert).toBeUndefined();
    expect(watch.changes).toEqual([]);
  });

  test('is told once, reminded each cooldown, and resolved once', () => {
    const watch = new Watch();
    for (let minute = 0; minute <= 150; minute++) watch.at(minute * MINUTE_MS, firing);
    watch.at(151 * MINUTE_MS, fine);
    watch.at(152 * MINUTE_MS, fine);
    expect(watch.kinds).toEqual(['opened', 'reminded', 'reminded', 'resolved']);
    expect(watch.changes.map(({ id }) => id.split(':')[1])).toEqual(['1', '2', '3', '4']);
  });

  test('resolves when it has been calm for so long, without a break', () => {
    const watch = new Watch({ rule: rule({ clear: 5 * MINUTE_MS }) });
    watch.at(0, firing);
    watch.at(MINUTE_MS, fine);
    watch.at(4 * MINUTE_MS, firing);
    watch.at(7 * MINUTE_MS, fine);
    expect(alertDueMs(watch.alert as Alert, watch.context)).toBe(START_MS + 12 * MINUTE_MS);
    expect(watch.at(12 * MINUTE_MS - 1, fine)).toEqual([]);
    expect(watch.at(12 * MINUTE_MS, fine).map(({ kind }) => kind)).toEqual(['resolved']);
  });

  test('stays open without data, is still reminded of, and resolves after 24 h with the reason', () => {
    const watch = new Watch();
    watch.at(0, firing);
    watch.at(MINUTE_MS, noData);
    watch.at(HOUR_MS, noData);
    expect(watch.kinds).toEqual(['opened', 'reminded']);
    expect(watch.changes[1]?.note).toContain('No data');
    expect(watch.at(MINUTE_MS + NO_DATA_MS - 1, noData).some(({ kind }) => kind === 'resolved')).toBe(false);
    const [resolved] = watch.at(MINUTE_MS + NO_DATA_MS, noData);
    expect(resolved?.alert.reason).toContain('24 h');
  });

  test('resolves when the runs have ended and there is no data', () => {
    const watch = new Watch();
    watch.at(0, firing);
    const [resolved] = watch.at(1, noData, { ended: true });
    expect(resolved).toMatchObject({
      kind: 'resolved',
      notify: true,
      alert: { reason: 'All runs of the strategy have ended.' },
    });
  });

  test('that still fires when the runs have ended resolves instead of being reminded of, and opens again with the next run', () => {
    const watch = new Watch();
    watch.at(0, firing);
    watch.at(1, firing, { ended: true });
    expect(watch.kinds).toEqual(['opened']);
    watch.at(HOUR_MS, firing);
    watch.at(HOUR_MS + 1, firing);
    expect(watch.kinds).toEqual(['opened', 'resolved']);
    watch.at(HOUR_MS + 2, firing, { ended: false });
    expect(watch.kinds).toEqual(['opened', 'resolved', 'opened']);
  });

  test('that an operator resolves stays resolved until its condition has ended, or begins anew', () => {
    const watch = new Watch();
    watch.at(0, { ...firing, sinceMs: START_MS });
    const operator = resolveAlert(emptyOperator, {
      dedupeKey: DEDUPE,
      atMs: START_MS + 5,
      operator: 'eve',
      reason: 'known',
    });
    const [resolved] = watch.at(10, { ...firing, sinceMs: START_MS }, { operator });
    expect(resolved).toMatchObject({ kind: 'resolved', notify: true, operator: 'eve', note: 'known' });
    expect(watch.at(20, { ...firing, sinceMs: START_MS })).toEqual([]);
    expect(watch.at(30, { ...firing, sinceMs: START_MS + 25 }).map(({ kind }) => kind)).toEqual(['opened']);
  });

  test('that flaps stays open until there is calm, and says so', () => {
    const watch = new Watch({ settings: settings({ flapping: { opens: 3, window: HOUR_MS, hold: 10 * MINUTE_MS } }) });
    for (let minute = 0; minute < 20; minute++) watch.at(minute * MINUTE_MS, minute % 2 === 0 ? firing : fine);
    expect(watch.kinds).toEqual(['opened', 'resolved', 'opened', 'resolved', 'opened']);
    expect(watch.alert?.view).toMatchObject({ flapping: true, opens: 3 });
    watch.at(29 * MINUTE_MS - 1, fine);
    expect(watch.kinds).toHaveLength(5);
    watch.at(29 * MINUTE_MS, fine);
    expect(watch.kinds.at(-1)).toBe('resolved');
  });

  test('of which one opens outside the window does not flap', () => {
    const watch = new Watch({ settings: settings({ flapping: { opens: 2, window: HOUR_MS, hold: HOUR_MS } }) });
    watch.at(0, firing);
    watch.at(1, fine);
    watch.at(HOUR_MS, firing);
    expect(watch.alert?.view).toMatchObject({ flapping: false, opens: 1 });
  });

  test('that opens, ends and opens in one moment is two alerts', () => {
    const watch = new Watch();
    for (const one of [firing, fine, firing, fine]) watch.at(0, one);
    expect(watch.kinds).toEqual(['opened', 'resolved', 'opened', 'resolved']);
    expect(new Set(watch.changes.map(({ id }) => id)).size).toBe(4);
  });

  test('whose rule is off is closed with the reason', () => {
    const watch = new Watch();
    watch.at(0, firing);
    const { alert, changes } = close(watch.alert as Alert, 'The rule is off.', watch.context);
    expect(changes).toMatchObject([{ kind: 'resolved', notify: true, alert: { reason: 'The rule is off.' } }]);
    expect(alert?.phase).toBe('resolved');
  });

  test('keeps the worst value it saw', () => {
    const watch = new Watch();
    const seen = (value: number): Reading => ({
      ...firing,
      value,
      evidence: [{ stream: 'health', eventId: String(value), tsMs: START_MS, sessionId: null, symbol: null }],
    });
    for (const value of [31_000, 90_000, 35_000]) watch.at(value, seen(value));
    expect(watch.alert?.view).toMatchObject({ value: 35_000, worst: 90_000 });
  });

  test('keeps no long texts', () => {
    const watch = new Watch();
    const long = '😀'.repeat(10_000);
    const evidence = { stream: 'error', eventId: 'e', tsMs: 0, sessionId: null, symbol: null, text: long };
    watch.at(0, { ...firing, reason: long, value: long, evidence: Array.from({ length: 50 }, () => evidence) });
    expect(JSON.stringify(watch.alert).length).toBeLessThan(8_000);
    expect(watch.alert?.view.reason).not.toMatch(/\p{Cs}/u);
    expect(watch.alert?.view.evidence).toHaveLength(5);
  });
});

describe('decisions of operators', () => {
  test('an acknowledged alert is not reminded of, and speaks once when the acknowledgement is over', () => {
    const watch = new Watch();
    watch.at(0, firing);
    const operator = acknowledge(emptyOperator, {
      dedupeKey: DEDUPE,
      atMs: START_MS,
      ttlMs: 3 * HOUR_MS,
      operator: 'eve',
    });
    watch.at(1, firing, { operator });
    watch.at(2 * HOUR_MS, firing);
    expect(watch.kinds).toEqual(['opened', '(acknowledged)']);
    expect(watch.changes[1]).toMatchObject({ operator: 'eve', alert: { status: 'acknowledged' } });
    watch.at(3 * HOUR_MS, firing);
    watch.at(3 * HOUR_MS + 1, firing);
    expect(watch.kinds).toEqual(['opened', '(acknowledged)', 'unsnoozed']);
  });

  test('an acknowledgement without an end holds over openings, and its resolves are told where the opening was', () => {
    const operator = acknowledge(emptyOperator, { dedupeKey: DEDUPE, atMs: START_MS });
    const watch = new Watch({ operator });
    watch.at(0, firing);
    watch.at(1, fine);
    watch.at(1_000 * HOUR_MS, firing);
    expect(watch.kinds).toEqual(['(opened)', '(resolved)', '(opened)']);
    expect(watch.changes[0]?.quiet).toBe('acknowledged');
  });

  test('a snoozed rule is silent, critical or not, and its alert speaks once when the snooze is over', () => {
    const operator = snooze(emptyOperator, { ruleId: 'stale', atMs: START_MS, ttlMs: HOUR_MS });
    const watch = new Watch({ operator, rule: rule({ severity: 'critical' }) });
    watch.at(0, firing);
    watch.at(HOUR_MS - 1, firing);
    expect(watch.kinds).toEqual(['(opened)']);
    expect(watch.changes[0]).toMatchObject({ quiet: 'snoozed', alert: { status: 'snoozed' } });
    expect(alertDueMs(watch.alert as Alert, watch.context)).toBe(START_MS + HOUR_MS);
    watch.at(HOUR_MS, firing);
    watch.at(HOUR_MS + 1, firing);
    watch.at(HOUR_MS + 2, fine);
    expect(watch.kinds).toEqual(['(opened)', 'unsnoozed', 'resolved']);
  });

  test('what no longer fires when the silence ends says nothing, and speaks when it fires again', () => {
    const operator = snooze(emptyOperator, { ruleId: 'stale', atMs: START_MS, ttlMs: HOUR_MS });
    const watch = new Watch({ operator, rule: rule({ clear: HOUR_MS }) });
    watch.at(0, firing);
    watch.at(1, fine);
    watch.at(2, fine, { operator: unsnooze(operator, { ruleId: 'stale' }) });
    expect(watch.kinds).toEqual(['(opened)', '(unsnoozed)']);
    watch.at(3, firing);
    expect(watch.kinds).toEqual(['(opened)', '(unsnoozed)', 'reminded']);
  });
});

describe('names of alerts', () => {
  const name = (mode: string | null, strategyId: string | null, group = ''): string =>
    dedupeKeyOf({ ruleId: 'stale', key: { mode, strategyId }, group }, sha256);

  test('are readable', () => {
    expect(name('paper', 'bot')).toBe('stale:paper:bot:');
    expect(name('live', 'bot', 'BTCUSDT')).toBe('stale:live:bot:BTCUSDT');
    expect(name(null, '*')).toBe('stale:-:*:');
  });

  test('differ wherever mode, strategy or group differ, whatever texts they are', () => {
    const texts = [
      '',
      '-',
      ':',
      'a:b',
      'a',
      'b',
      '%',
      '%2D',
      'a%3Ab',
      '\ud800',
      '\ud801',
      'x'.repeat(200),
      `${'x'.repeat(200)}y`,
    ];
    const all = texts.flatMap((a) => texts.flatMap((b) => texts.map((c) => name(a, b, c))));
    const withNull = texts.flatMap((a) => [name(null, a), name(a, null)]);
    expect(new Set([...all, ...withNull]).size).toBe(texts.length ** 3 + texts.length * 2);
    expect(all.every((one) => !/\p{Cs}/u.test(one) && one.length < 400)).toBe(true);
  });
});
