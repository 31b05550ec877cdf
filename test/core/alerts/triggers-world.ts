import { slackPayload } from '../../../lib/adapters/channels/slack-payload.ts';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { type FoldContext, foldObservations, foldTick } from '../../../lib/core/alerts/fold.ts';
import { channelsFor, planMessages } from '../../../lib/core/alerts/messages.ts';
import { observationOfRecord, observationOfVerdict } from '../../../lib/core/alerts/observe.ts';
import { emptyOperator } from '../../../lib/core/alerts/operator.ts';
import { DEFAULT_RULES } from '../../../lib/core/alerts/rules.ts';
import { newState, type StrategyAlerts, WHOLE } from '../../../lib/core/alerts/state.ts';
import type {
  AlertChange,
  AlertKey,
  AlertRule,
  AlertSettings,
  Notice,
  Observation,
} from '../../../lib/core/alerts/types.ts';
import { createTransform } from '../../../lib/core/transform/transform.ts';
import { wireLine } from '../../../lib/core/transform/wire.ts';

const transform = createTransform({}, { sha256 });
const CHANNEL = 'night';

export const settingsWith = (rules: readonly AlertRule[], over: Partial<AlertSettings> = {}): AlertSettings => ({
  rules,
  strategies: {},
  expect: {},
  silentModes: ['backtest'],
  maxAge: 900_000,
  suppressCriticalOnAck: false,
  flapping: { opens: 4, window: 3_600_000, hold: 900_000 },
  burst: 5,
  channels: [
    { name: CHANNEL, kind: 'slack', severities: ['info', 'warning', 'critical'], resolved: true, digest: true },
  ],
  digestAt: null,
  zone: 'UTC',
  ...over,
});

/** One of the rules that ship, switched on. */
export function shipped(id: string): AlertRule {
  const rule = DEFAULT_RULES.find((each) => each.id === id);
  if (rule === undefined) throw new Error(`no rule ${id} ships`);
  return { ...rule, enabled: true };
}

/** ISO 8601 in S1's zone. */
export const ist = (ms: number): string => new Date(ms + 19_800_000).toISOString().replace('Z', '+05:30');

interface Night {
  /** A line as a bot writes it, through the transform, the moment it is written unless said otherwise. */
  hear(record: unknown, atMs: number): void;
  /** The same line once more, as the lake holds it. */
  again(): void;
  observe(observation: Observation, atMs: number): void;
  tick(atMs: number): void;
  /** Changes since the last call, as `rule kind`. */
  heard(): string[];
  readonly changes: readonly AlertChange[];
  /** What Slack is sent about the changes so far that were not sent. */
  payloads(): string[];
}

/** One bot, one night, some rules. */
export function night(
  ids: readonly string[],
  {
    key = { mode: 'paper', strategyId: 'bot' },
    settings = {},
  }: { key?: AlertKey; settings?: Partial<AlertSettings> } = {},
): Night {
  const all = settingsWith(ids.map(shipped), settings);
  let state: StrategyAlerts = newState(key);
  const changes: AlertChange[] = [];
  let [told, sent, line] = [0, 0, 0];
  let last: { readonly json: string; readonly atMs: number } | undefined;
  const context = (nowMs: number): FoldContext => ({ settings: all, operator: emptyOperator, nowMs, sha256 });
  const fold = (made: { state: StrategyAlerts; changes: readonly AlertChange[] }): void => {
    state = JSON.parse(JSON.stringify(made.state));
    changes.push(...made.changes);
  };
  const observe = (observation: Observation, atMs: number): void =>
    fold(foldObservations(state, [observation], context(atMs)));
  const whole = key.strategyId === WHOLE.strategyId;
  return {
    changes,
    observe,
    tick: (atMs) => fold(foldTick(state, context(atMs))),
    hear(record, atMs) {
      line++;
      const raw = typeof record === 'string' ? record : JSON.stringify(record);
      const set = { strategy_id: String(key.strategyId), ...(key.mode === null ? {} : { mode: key.mode }) };
      const wire = wireLine({ source: 'src', path: 'bot.jsonl', file: 'f00d.0', line, raw, set });
      const verdict = transform(wire, { recordId: `r${line}`, index: 0, arrivedMs: atMs });
      const observation = verdict && observationOfVerdict(verdict);
      if (verdict === undefined || observation === undefined) throw new Error(`not observed: ${raw}`);
      if (whole) throw new Error('the lake hears of counts only');
      if (verdict.outcome !== 'stored') throw new Error(`${verdict.reason}: ${raw}`);
      last = { json: verdict.json, atMs };
      observe(observation, atMs);
    },
    again() {
      if (last === undefined) throw new Error('nothing was heard');
      const observation = observationOfRecord(JSON.parse(last.json));
      if (observation === undefined) throw new Error('the lake does not know it');
      observe(observation, last.atMs);
    },
    heard() {
      const news = changes.slice(told).filter(({ kind }) => kind !== 'reminded');
      told = changes.length;
      return news.map(({ kind, alert }) => `${alert.ruleId} ${kind}`);
    },
    payloads() {
      const notices: Notice[] = changes
        .slice(sent)
        .map((change) => ({ change, to: channelsFor(change, all), unsure: [] }));
      sent = changes.length;
      return planMessages(notices, CHANNEL, all).map((message) => JSON.stringify(slackPayload(message)));
    },
  };
}
