import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { type StepContext, step } from '../../../lib/core/alerts/machine.ts';
import {
  acknowledge,
  emptyOperator,
  purged,
  quietOf,
  resolveAlert,
  silenceOf,
  snooze,
  unsnooze,
} from '../../../lib/core/alerts/operator.ts';
import type { Alert } from '../../../lib/core/alerts/state.ts';
import type { AlertChange, Answer, OperatorState, Severity } from '../../../lib/core/alerts/types.ts';
import { HOUR_MS, KEY, MINUTE_MS, reading, rule, START_MS, settings } from './support/make.ts';

type Act =
  | { readonly kind: 'read'; readonly answer: Answer; readonly times: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'ack' | 'snooze' | 'resolve'; readonly ttlMs: number }
  | { readonly kind: 'unsnooze' | 'restart' | 'end' | 'begin' };

const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      answer: fc.constantFrom<Answer>('ok', 'firing', 'firing', 'no_data'),
      times: fc.integer({ min: 1, max: 2 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(0, 1, MINUTE_MS, 7 * MINUTE_MS, 16 * MINUTE_MS, HOUR_MS, 25 * HOUR_MS),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('ack' as const, 'snooze' as const, 'resolve' as const),
      ttlMs: fc.constantFrom(MINUTE_MS, 10 * MINUTE_MS, 3 * HOUR_MS),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('unsnooze' as const, 'restart' as const, 'end' as const, 'begin' as const),
    }),
  },
);

const setups = fc.record({
  severity: fc.constantFrom<Severity>('warning', 'critical'),
  for: fc.constantFrom(0, 5 * MINUTE_MS),
  clear: fc.constantFrom(0, 3 * MINUTE_MS),
  suppressCriticalOnAck: fc.boolean(),
});

const DEDUPE = 'stale:paper:bot:';
const COOLDOWN = HOUR_MS;

interface Seen {
  readonly change: AlertChange;
  readonly operator: OperatorState;
  readonly answer: Answer;
}

interface Told {
  readonly seen: readonly Seen[];
  readonly alert: Alert | undefined;
}

function play(
  story: readonly Act[],
  setup: { severity: Severity; for: number; clear: number; suppressCriticalOnAck: boolean },
): Told {
  const { severity, suppressCriticalOnAck } = setup;
  const own = settings({ suppressCriticalOnAck, flapping: { opens: 3, window: HOUR_MS, hold: 15 * MINUTE_MS } });
  let nowMs = START_MS;
  let operator = emptyOperator;
  let alert: Alert | undefined;
  let ended = false;
  const seen: Seen[] = [];
  const look = (answer: Answer): void => {
    const about: StepContext = {
      key: KEY,
      rule: rule({ severity, for: setup.for, clear: setup.clear, cooldown: COOLDOWN }),
      settings: own,
      operator,
      nowMs,
      ended,
      sha256,
    };
    const next = step(alert, reading(answer), about);
    alert = next.alert;
    for (const change of next.changes) seen.push({ change, operator, answer });
  };
  let last: Answer = 'no_data';
  for (const act of story) {
    if (act.kind === 'read') {
      last = act.answer;
      for (let time = 0; time < act.times; time++) look(last);
      continue;
    }
    if (act.kind === 'wait') nowMs += act.ms;
    if (act.kind === 'ack') operator = acknowledge(operator, { dedupeKey: DEDUPE, atMs: nowMs, ttlMs: act.ttlMs });
    if (act.kind === 'snooze') operator = snooze(operator, { ruleId: 'stale', atMs: nowMs, ttlMs: act.ttlMs });
    if (act.kind === 'resolve') operator = resolveAlert(operator, { dedupeKey: DEDUPE, atMs: nowMs });
    if (act.kind === 'unsnooze') operator = unsnooze(operator, { ruleId: 'stale' });
    if (act.kind === 'restart') {
      alert = alert && (JSON.parse(JSON.stringify(alert)) as Alert);
      operator = purged(operator, nowMs);
    }
    if (act.kind === 'end') ended = true;
    if (act.kind === 'begin') ended = false;
    look(last); // the tick
  }
  return { seen, alert };
}

/** A property over random stories, whose changes are given one by one. */
const law = (hold: (told: Told) => void): void =>
  fc.assert(
    fc.property(fc.array(acts, { maxLength: 60 }), setups, (story, setup) => {
      hold(play(story, setup));
    }),
    { numRuns: 1_000 },
  );

const kindsOf = ({ seen }: Told): string[] => seen.map(({ change }) => change.kind);

describe('whatever readings, ticks, decisions, restarts and repeats come', () => {
  test('an alert never opens twice without a resolve between, and never resolves without having opened', () => {
    law((told) => {
      let isOpen = false;
      for (const kind of kindsOf(told)) {
        if (kind === 'opened') expect(isOpen).toBe(false);
        else expect(isOpen).toBe(true);
        isOpen = kind === 'opened' || (isOpen && kind !== 'resolved');
      }
      expect(told.alert?.phase === 'open').toBe(isOpen);
    });
  });

  test('there is at most one reminder per cooldown', () => {
    law(({ seen }) => {
      const reminders = seen.filter(({ change }) => change.kind === 'reminded').map(({ change }) => change.atMs);
      reminders.forEach((atMs, at) => {
        if (at > 0) expect(atMs - (reminders[at - 1] ?? 0)).toBeGreaterThanOrEqual(COOLDOWN);
      });
    });
  });

  test('a snoozed rule is silent, and an acknowledged alert is, unless it is critical', () => {
    law(({ seen }) => {
      for (const { change, operator } of seen) {
        const silence = silenceOf(operator, change.alert, change.atMs)?.kind;
        if (silence === 'snoozed') expect(change.notify).toBe(false);
        if (silence === 'acknowledged' && ['opened', 'reminded'].includes(change.kind) && change.notify)
          expect(change.alert.severity).toBe('critical');
        if (!change.notify) expect(change.quiet).toBeDefined();
      }
    });
  });

  test('critical alerts speak through an acknowledgement, unless told otherwise', () => {
    fc.assert(
      fc.property(fc.boolean(), (suppressCriticalOnAck) => {
        const story: Act[] = [
          { kind: 'ack', ttlMs: 3 * HOUR_MS },
          { kind: 'read', answer: 'firing', times: 1 },
          { kind: 'wait', ms: HOUR_MS },
        ];
        const { seen } = play(story, { severity: 'critical', for: 0, clear: 0, suppressCriticalOnAck });
        const told = seen.filter(({ change }) => change.notify).map(({ change }) => change.kind);
        expect(told).toEqual(suppressCriticalOnAck ? [] : ['opened', 'reminded']);
      }),
    );
  });

  test('a resolve is told if and only if somebody was told of the opening, and the rule is not snoozed', () => {
    law(({ seen }) => {
      let told = false;
      for (const { change, operator } of seen) {
        if (change.kind === 'opened') told = change.notify;
        else if (change.kind !== 'resolved') told ||= change.notify;
        else {
          const snoozed = silenceOf(operator, change.alert, change.atMs)?.kind === 'snoozed';
          expect(change.notify).toBe(told && !snoozed);
        }
      }
    });
  });

  test('no data never opens an alert', () => {
    law(({ seen }) => {
      for (const { change, answer } of seen) if (change.kind === 'opened') expect(answer).toBe('firing');
    });
  });

  test('every change has an identity of its own, and no two openings share one', () => {
    law(({ seen }) => {
      const ids = seen.map(({ change }) => change.id);
      expect(new Set(ids).size).toBe(ids.length);
      const opened = seen.filter(({ change }) => change.kind === 'opened').map(({ change }) => change.alert.alertId);
      expect(new Set(opened).size).toBe(opened.length);
    });
  });

  test('nothing that fires is kept quiet by nobody: while no decision holds, somebody was told', () => {
    law(({ seen, alert }) => {
      const last = seen.at(-1);
      if (alert?.phase !== 'open' || alert.answer !== 'firing' || last === undefined) return;
      const quiet = quietOf(last.operator, alert.view, { nowMs: last.change.atMs, settings: settings() });
      if (quiet === undefined && alert.silence === null) expect(alert.told).toBe(true);
    });
  });

  test('the same story is told the same way again', () => {
    fc.assert(
      fc.property(fc.array(acts, { maxLength: 40 }), setups, (story, setup) => {
        expect(play(story, setup)).toEqual(play(story, setup));
      }),
      { numRuns: 100 },
    );
  });

  test('its memory does not grow', () => {
    law(({ alert }) => expect(JSON.stringify(alert ?? null).length).toBeLessThan(4_000));
  });
});
