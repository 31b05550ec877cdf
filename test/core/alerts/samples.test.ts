import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { type FoldContext, type FoldResult, foldObservations, foldTick } from '../../../lib/core/alerts/fold.ts';
import { observationOfVerdict } from '../../../lib/core/alerts/observe.ts';
import { emptyOperator } from '../../../lib/core/alerts/operator.ts';
import { DEFAULT_RULES } from '../../../lib/core/alerts/rules.ts';
import { newState, type StrategyAlerts } from '../../../lib/core/alerts/state.ts';
import type { AlertChange, AlertRule, Observation } from '../../../lib/core/alerts/types.ts';
import { createTransform } from '../../../lib/core/transform/transform.ts';
import { wireLine } from '../../../lib/core/transform/wire.ts';
import { needsSamples, SAMPLES, samplesPresent } from '../../support/samples.ts';
import { settingsWith } from './triggers-world.ts';

// The real logs of two bots, as if they came in the moment they were written, under every rule that ships, all switched on.

const transform = createTransform({}, { sha256 });
const ALL: readonly AlertRule[] = DEFAULT_RULES.map((rule) => ({ ...rule, enabled: true }));

function filesIn(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return filesIn(path);
    return /\.jsonl(\.gz)?$/.test(name) ? [path] : [];
  });
}

const textOf = (path: string): string => {
  const bytes = readFileSync(path);
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
};

/** The events of a bot that have a clock of their own, in its order; each comes in when it happened. */
function observed(folder: string, only: (path: string) => boolean = () => true): Observation[] {
  const found: Observation[] = [];
  for (const path of filesIn(join(SAMPLES, folder)).filter(only)) {
    const name = relative(SAMPLES, path);
    textOf(path)
      .split('\n')
      .forEach((raw, at) => {
        if (raw.trim() === '') return;
        const wire = wireLine({ source: 'src', path: name, file: `${sha256(name)}.0`, line: at + 1, raw });
        const verdict = transform(wire, { recordId: name, index: at, arrivedMs: Date.UTC(2026, 11, 1) });
        const observation = verdict && observationOfVerdict(verdict);
        const isOfBar = verdict?.json.includes('"ts_source":"bar_ts"'); // it came at an hour that nobody wrote down
        if (verdict?.outcome === 'stored' && observation !== undefined && !isOfBar)
          found.push({ ...observation, arrivedMs: observation.tsMs });
      });
  }
  return found.sort((a, b) => a.tsMs - b.tsMs);
}

interface Watched {
  readonly state: StrategyAlerts;
  readonly changes: readonly AlertChange[];
  /** Every answer and reason a rule gave, as `answer: reason`. */
  readonly said: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Folds events of all strategies and modes as of one, so that rules see as much as possible. */
function watched(observations: readonly Observation[], rules: readonly AlertRule[] = ALL): Watched {
  let state = newState({ mode: null, strategyId: null });
  const changes: AlertChange[] = [];
  const said = new Map<string, Set<string>>();
  const settings = settingsWith(rules);
  let dueMs: number | undefined;
  const take = (made: FoldResult): void => {
    ({ state, dueMs } = made);
    changes.push(...made.changes);
    for (const [id, { answer, reason }] of Object.entries(state.answers)) {
      const own = said.get(id) ?? new Set();
      said.set(id, own.add(`${answer}: ${reason}`));
    }
  };
  const context = (nowMs: number): FoldContext => ({ settings, operator: emptyOperator, nowMs, sha256 });
  for (const observation of observations) {
    // Time passes between two events, too.
    for (let tick = 0; tick < 200 && dueMs !== undefined && dueMs < observation.tsMs; tick++)
      take(foldTick(state, context(dueMs)));
    take(foldObservations(state, [{ ...observation, mode: null, strategyId: null }], context(observation.tsMs)));
  }
  return { state, changes, said };
}

const opened = ({ changes }: Watched): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { kind, alert } of changes) if (kind === 'opened') counts[alert.ruleId] = (counts[alert.ruleId] ?? 0) + 1;
  return counts;
};

/** Columns of health that the real records never fill, by the rules that read them. */
const NEVER_FILLED: Readonly<Record<string, string>> = {
  ws_staleness: 'ws_staleness_ms',
  health_critical: 'component_status.*',
  data_not_fresh: 'data_freshness_ok',
  venue_disconnected: 'exchange_connected',
  loop_stopped: 'loop_alive',
  model_not_loaded: 'model_loaded',
  ic_drift_warning: 'ic_drift',
  ic_drift_critical: 'ic_drift',
  sharpe_low: 'sharpe_1w',
  sharpe_very_low: 'sharpe_1w',
  hit_rate_low: 'hit_rate_w',
};

/** What other rules look for and health records are not, or do not say. */
const NOT_THERE: Readonly<Record<string, string>> = {
  health_degrading: 'no event of health that says data_freshness_ok, exchange_connected, loop_alive yet',
  rejections: 'no event of order, execution yet',
  same_bar_roundtrip: 'no trade yet',
  gate_rejection_rate: 'no event of gate yet',
  in_band_rate: 'no event of calibration yet',
  latency_p95: 'no event of order_lifecycle yet',
  no_trade: 'no event of execution yet',
  disk_falling: 'no event of system yet',
};

const isHealth = (path: string): boolean => path.endsWith('health.jsonl');

describe.skipIf(!samplesPresent)(needsSamples('real health records'), () => {
  const health = samplesPresent ? observed('metastacker', isHealth) : [];
  const told = watched(health);

  test.each(Object.entries(NEVER_FILLED))('%s answers no data: %s is null in every one', (rule, field) => {
    expect(health.length).toBeGreaterThan(30);
    expect([...(told.said.get(rule) ?? [])]).toEqual([`no_data: ${field} is null in every sample`]);
  });

  test.each(Object.entries(NOT_THERE))('%s answers no data: %s', (rule, reason) => {
    expect([...(told.said.get(rule) ?? [])]).toEqual([`no_data: ${reason}`]);
  });

  test('a calibration_drift that is 0 in twenty records is a constant, and no answer', () => {
    const said = [...(told.said.get('calibration_drift') ?? [])];
    expect(said.at(-1)).toMatch(/^no_data: calibration_drift was the same in 20 samples|^no_data: no sample/);
    expect(
      said.some((text) => text.includes('a constant of the bot’s') || text.includes("a constant of the bot's")),
    ).toBe(true);
  });

  test('what fires is the clock, and the two records that say that funding is stale', () => {
    expect(opened(told)).toEqual({
      dead_bot: expect.any(Number),
      no_events: expect.any(Number),
      no_events_long: expect.any(Number),
      unseen_for_a_day: expect.any(Number),
      funding_stale_now: 2,
    });
    const stale = new Set(health.filter(({ fields }) => fields.funding_stale === true).map(({ eventId }) => eventId));
    expect(stale.size).toBe(2);
    const named = told.changes.flatMap(({ kind, alert }) =>
      kind === 'opened' && alert.ruleId === 'funding_stale_now' ? alert.evidence.map(({ eventId }) => eventId) : [],
    );
    expect(new Set(named)).toEqual(stale);
  });

  test('with every null taken for what it is, no event opens an alert under the rules that are on', () => {
    const byEvents = watched(
      health,
      DEFAULT_RULES.filter(({ enabled, condition }) => enabled && condition.kind !== 'absence'),
    );
    expect(opened(byEvents)).toEqual({});
  });
});

describe.skipIf(!samplesPresent)(needsSamples('all real logs of a bot'), () => {
  test('S1’s: silence between runs, few trades, and predictions that never lie in the band', () => {
    const told = watched(observed('metastacker'));
    expect(opened(told)).toEqual({
      // Runs end without a word, and the next one begins hours or days later.
      dead_bot: expect.any(Number),
      no_events: expect.any(Number),
      no_events_long: expect.any(Number),
      unseen_for_a_day: expect.any(Number),
      no_trade: expect.any(Number),
      // The bot's own flag: of all predictions hardly one is within 15 bps.
      in_band_rate: 1,
      funding_stale_now: 2,
    });
    const band = told.changes.find(({ alert }) => alert.ruleId === 'in_band_rate');
    expect(band?.alert).toMatchObject({ limit: 50, value: 0 });
    expect(band?.alert.evidence.length).toBeGreaterThan(0);
  }, 60_000);

  test('S2’s: nothing but silence after the sessions', () => {
    expect(Object.keys(opened(watched(observed('peak_trade')))).sort()).toEqual(['no_events', 'no_events_long']);
  });
});
