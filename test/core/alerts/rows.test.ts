import { describe, expect, test } from 'vitest';
import { foldObservations, newState } from '../../../lib/core/alerts/fold.ts';
import { channelsFor } from '../../../lib/core/alerts/messages.ts';
import { objectsOf, rowOf } from '../../../lib/core/alerts/rows.ts';
import { MOST_NOTICES, withChanges, withKnownChannels, withTold } from '../../../lib/core/alerts/runtime-notices.ts';
import type { AlertChange, Notice } from '../../../lib/core/alerts/types.ts';
import { CATALOG } from '../../../lib/core/catalog/index.ts';
import { schemaOf } from '../../../lib/core/catalog/schema.ts';
import { parseKey } from '../../../lib/core/lake/keys.ts';
import { channel, context, DAY_MS, KEY, MINUTE_MS, START_MS, settings, sick, well } from './support/make.ts';

const changes = (): readonly AlertChange[] =>
  foldObservations(newState(KEY), [sick(START_MS), well(START_MS + MINUTE_MS)], context(START_MS + DAY_MS)).changes;

const opened = (): AlertChange => {
  const [first] = changes();
  if (first === undefined) throw new Error('nothing opened');
  return first;
};

describe('the row of a change', () => {
  test('has the columns of its stream, and the identity of the change', () => {
    const stream = CATALOG.alert;
    if (stream === undefined) throw new Error('there is no stream of alerts');
    for (const change of changes()) {
      const row = { ...rowOf(change), ingested_at: '2025-12-03T12:00:00.000000Z' };
      expect(schemaOf(stream).safeParse(row)).toMatchObject({ success: true });
      expect(Object.keys(row).filter((name) => !(name in stream.columns))).toEqual([]);
      expect(row).toMatchObject({ event_id: change.id, ts_ms: change.atMs, strategy_id: 'bot', mode: 'paper' });
    }
  });

  test('says what it was held against, and how long it took', () => {
    const [first, last] = changes().map(rowOf);
    expect(first).toMatchObject({
      value: 41_000,
      limit_value: 30_000,
      value_text: null,
      duration_s: null,
      resolved_ts: null,
    });
    expect(last).toMatchObject({ change: 'resolved', duration_s: 60, resolved_ts: '2025-12-03T12:01:00.000000Z' });
    const text = { ...opened(), alert: { ...opened().alert, value: 'halted', limit: null } };
    expect(rowOf(text)).toMatchObject({ value: null, value_text: 'halted', limit_value: null, limit_text: null });
  });

  test('lies under a key that is always the same, in the day of the change', () => {
    const rows = [opened(), { ...opened(), atMs: START_MS + DAY_MS }].map(rowOf);
    const about = { producer: 'alerts-x', version: 7, nowMs: START_MS + 2 * DAY_MS };
    const objects = objectsOf(rows, about);
    expect(objects.map(({ key }) => parseKey(key))).toEqual([
      { prefix: 'derived', stream: 'alert', version: 1, date: '2025-12-03' },
      { prefix: 'derived', stream: 'alert', version: 1, date: '2025-12-04' },
    ]);
    expect(objectsOf(rows, about)).toEqual(objects);
  });
});

describe('channels', () => {
  const told = (change: AlertChange, over: Parameters<typeof channel>[0]): boolean =>
    channelsFor(change, settings({ channels: [channel(over)] })).length > 0;

  test('are told of their severities, of resolves and of digests as they are set', () => {
    const [first, last] = changes();
    if (first === undefined || last === undefined) throw new Error('nothing changed');
    expect(told(first, { severities: ['warning'] })).toBe(true);
    expect(told(first, { severities: ['critical'] })).toBe(false);
    expect(told(last, { resolved: false })).toBe(false);
    expect(told(last, { resolved: true })).toBe(true);
    expect(told({ ...first, kind: 'digest' }, { digest: true, severities: ['critical'] })).toBe(true);
    expect(told({ ...first, kind: 'digest' }, { digest: false })).toBe(false);
    expect(told({ ...first, kind: 'test' }, { severities: [] })).toBe(true);
    expect(told({ ...first, notify: false, quiet: 'snoozed' }, {})).toBe(false);
  });

  test('that are no longer configured are told of nothing', () => {
    const own = settings({ channels: [channel(), channel({ name: 'old' })] });
    const state = withChanges(newState(KEY), [opened()], { settings: own });
    expect(withKnownChannels(state, own)).toBe(state);
    expect(withKnownChannels(state, settings()).notices.map(({ to }) => to)).toEqual([['night']]);
    expect(withKnownChannels(state, settings({ channels: [] })).notices).toEqual([]);
  });

  test('that are gone for days make the state grow no further; reminders are given up first', () => {
    const dropped: Notice[] = [];
    let state = newState(KEY);
    for (let n = 0; n < MOST_NOTICES + 10; n++) {
      const change = { ...opened(), id: `a:${n}`, kind: n >= 5 && n < 15 ? 'reminded' : 'opened' } as const;
      state = withChanges(state, [change], { settings: settings(), onDropped: (notice) => dropped.push(notice) });
    }
    expect(state.notices).toHaveLength(MOST_NOTICES);
    expect(dropped.map(({ change }) => change.kind)).toEqual(Array.from({ length: 10 }, () => 'reminded'));
  });

  test('are each told for themselves', () => {
    const own = settings({ channels: [channel(), channel({ name: 'mail' })] });
    const state = withChanges(newState(KEY), [opened()], { settings: own });
    const told = { ids: new Set(state.notices.map(({ change }) => change.id)), nowMs: START_MS };
    const one = withTold(state, { ...told, channel: 'mail', outcome: 'sent' });
    expect(one.notices).toMatchObject([{ to: ['night'], unsure: [] }]);
    expect(withTold(one, { ...told, channel: 'mail', outcome: 'sent' })).toBe(one);
    const unsure = withTold(one, { ...told, channel: 'night', outcome: 'unsure' });
    expect(unsure.notices).toMatchObject([{ to: ['night'], unsure: ['night'] }]);
    expect(withTold(unsure, { ...told, channel: 'night', outcome: 'sent' }).notices).toEqual([]);
  });
});
