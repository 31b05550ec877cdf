import fc from 'fast-check';
import { expect, test } from 'vitest';
import { kindOf } from '../../../lib/core/alerts/conditions/index.ts';
import { DEFAULT_RULES } from '../../../lib/core/alerts/rules.ts';
import type { Condition, ConditionContext, Observation } from '../../../lib/core/alerts/types.ts';

const GLANCED = DEFAULT_RULES.map(({ condition }) => condition).filter(
  (condition) => kindOf(condition).glance !== undefined,
);
const MINUTE = 60_000;

const event = fc.record({
  stream: fc.constantFrom('health', 'health', 'order', 'execution', 'error', 'cash_flow'),
  sessionId: fc.constantFrom('a', 'b', null),
  atMinute: fc.integer({ min: 0, max: 90 }),
  fields: fc.record({
    equity: fc.constantFrom(100, 99, 90, 0, null),
    ws_staleness_ms: fc.constantFrom(10, 45_000, null),
    funding_stale: fc.constantFrom(true, false),
    calibration_drift: fc.constantFrom(0, 0.2),
    session_phase: fc.constantFrom('beat', 'beat', 'stop'),
    status: fc.constantFrom('filled', 'rejected'),
    rejections: fc.constantFrom(0, 0, 1),
    kind: fc.constant('deposit'),
    amount_usd: fc.constantFrom(5, null),
    component_status: fc.constantFrom({ feed: 'ok' }, { feed: 'down' }),
  }),
});

test('what a condition answers at a glance is what it reads', () => {
  const glanced = new Set<Condition['kind']>();
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), fc.boolean(), (events, ended) => {
      for (const condition of GLANCED) {
        const kind = kindOf(condition);
        let state: unknown;
        for (const [n, { stream, sessionId, atMinute, fields }] of events.entries()) {
          const tsMs = atMinute * MINUTE;
          const key = { mode: 'paper', strategyId: 's', stream, sessionId, symbol: null };
          const observation: Observation = { ...key, eventId: `${n}`, tsMs, arrivedMs: tsMs, fields };
          const heard = { nowMs: tsMs, intervalMs: 5 * MINUTE, lastHeardMs: tsMs, ended };
          const context: ConditionContext = { ...heard, hash: (text) => text };
          if (!kind.selects(condition, observation)) continue;
          state = kind.apply(condition, state, observation, context);
          const answer = kind.glance?.(condition, state, context);
          if (answer === undefined) continue;
          glanced.add(condition.kind);
          expect(kind.read(condition, state, context).map((reading) => reading.answer)).toEqual([answer]);
        }
      }
    }),
    { numRuns: 50 },
  );
  expect([...glanced].sort()).toEqual(['count', 'drawdown', 'threshold']);
});
