import { describe, expect, test } from 'vitest';
import { createMemoryStateStore } from '../../../lib/adapters/memory/state-store.ts';
import {
  acknowledge,
  changeOperator,
  emptyOperator,
  OPERATOR_KEY,
  purged,
  quietOf,
  readOperator,
  resolveAlert,
  resolvedBy,
  silenceOf,
  snooze,
  unacknowledge,
  unsnooze,
} from '../../../lib/core/alerts/operator.ts';
import type { StateStore } from '../../../lib/core/ports/index.ts';
import { listeningLog } from '../../desk/support/stand-in.ts';
import { HOUR_MS, START_MS } from './support/make.ts';

const ALERT = { ruleId: 'stale', dedupeKey: 'stale:paper:bot:', severity: 'warning' } as const;
const at = { atMs: START_MS };

describe('decisions of operators', () => {
  test('expire to the millisecond, and one without an end holds for ever', () => {
    const hour = acknowledge(emptyOperator, { ...ALERT, ...at, ttlMs: HOUR_MS });
    expect(silenceOf(hour, ALERT, START_MS + HOUR_MS - 1)?.kind).toBe('acknowledged');
    expect(silenceOf(hour, ALERT, START_MS + HOUR_MS)).toBeUndefined();
    const ever = acknowledge(emptyOperator, { ...ALERT, ...at });
    expect(silenceOf(ever, ALERT, Number.MAX_SAFE_INTEGER)?.kind).toBe('acknowledged');
  });

  test('about a rule stand before those about an alert', () => {
    const both = snooze(acknowledge(emptyOperator, { ...ALERT, ...at }), { ruleId: 'stale', ...at, ttlMs: HOUR_MS });
    expect(silenceOf(both, ALERT, START_MS)?.kind).toBe('snoozed');
    expect(silenceOf(unsnooze(both, ALERT), ALERT, START_MS)?.kind).toBe('acknowledged');
    expect(silenceOf(unacknowledge(unsnooze(both, ALERT), ALERT), ALERT, START_MS)).toBeUndefined();
  });

  test('keep critical alerts quiet by a snooze, and by an acknowledgement only where that is set', () => {
    const critical = { ...ALERT, severity: 'critical' } as const;
    const acked = acknowledge(emptyOperator, { ...ALERT, ...at });
    const quiet = (suppressCriticalOnAck: boolean): string | undefined =>
      quietOf(acked, critical, { nowMs: START_MS, settings: { suppressCriticalOnAck } });
    expect([quiet(false), quiet(true)]).toEqual([undefined, 'acknowledged']);
    const snoozed = snooze(acked, { ruleId: 'stale', ...at, ttlMs: HOUR_MS });
    expect(quietOf(snoozed, critical, { nowMs: START_MS, settings: { suppressCriticalOnAck: false } })).toBe('snoozed');
  });

  test('resolve what was open, not what opened later', () => {
    const state = resolveAlert(emptyOperator, { ...ALERT, ...at });
    expect(resolvedBy(state, { ...ALERT, openedMs: START_MS }, START_MS)).toBeDefined();
    expect(resolvedBy(state, { ...ALERT, openedMs: START_MS + 1 }, START_MS + 1)).toBeUndefined();
  });

  test('about names that objects have of themselves are like any other', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(silenceOf(emptyOperator, { ruleId: name, dedupeKey: name }, START_MS)).toBeUndefined();
      const acked = acknowledge(emptyOperator, { dedupeKey: name, ...at });
      expect(silenceOf(JSON.parse(JSON.stringify(acked)), { ruleId: 'x', dedupeKey: name }, START_MS)?.kind).toBe(
        'acknowledged',
      );
      expect(silenceOf(purged(acked, START_MS), { ruleId: 'x', dedupeKey: name }, START_MS)?.kind).toBe('acknowledged');
    }
  });
});

describe('the object of decisions', () => {
  test('is changed by two at once without losing one, and drops what has expired', async () => {
    const states = createMemoryStateStore();
    const change = (dedupeKey: string, atMs: number): Promise<unknown> =>
      changeOperator(states, (state) => acknowledge(state, { dedupeKey, atMs, ttlMs: HOUR_MS }), { nowMs: atMs });
    await change('old', START_MS - HOUR_MS);
    await Promise.all(['a', 'b', 'c'].map((key) => change(key, START_MS)));
    expect(Object.keys((await readOperator(states)).acks).sort()).toEqual(['a', 'b', 'c']);
  });

  test('that is damaged holds no decisions, says so, and is written anew', async () => {
    for (const damaged of ['', '{"acks":', '[]', 'null', '{"acks":{"x":{"atMs":"yesterday"}},"snoozes":7}']) {
      const states = createMemoryStateStore();
      await states.put(OPERATOR_KEY, Buffer.from(damaged), undefined);
      const log = listeningLog();
      expect(await readOperator(states, log)).toEqual(emptyOperator);
      if (!damaged.startsWith('{"acks":{')) expect(log.said.map(({ level }) => level)).toEqual(['error']);
      await changeOperator(states, (state) => acknowledge(state, { ...ALERT, ...at }), { nowMs: START_MS });
      expect(Object.keys((await readOperator(states)).acks)).toEqual([ALERT.dedupeKey]);
    }
  });

  test('that others change without end is given up, not waited for', async () => {
    const states: StateStore = { ...createMemoryStateStore(), put: async () => undefined };
    await expect(changeOperator(states, (state) => state, { nowMs: START_MS })).rejects.toThrow('changed by others');
  });
});
