import { saysEnd } from '../../lib/core/alerts/beats.ts';
import { columnsRead, isUrgent, trim } from '../../lib/core/alerts/conditions/index.ts';
import { rulesOf } from '../../lib/core/alerts/fold-rules.ts';
import { isHistory, observationOfVerdict } from '../../lib/core/alerts/observe.ts';
import type { AlertSettings, Observation } from '../../lib/core/alerts/types.ts';
import { VITAL_COLUMNS } from '../../lib/core/metrics/vitals.ts';
import type { Verdict } from '../../lib/core/transform/types.ts';

export interface FastPathOptions {
  readonly alerts: AlertSettings;
  /** Unlike that of any other process. */
  readonly process: string;
  readonly nowMs: () => number;
}

/** What the rules are shown at once, without waiting for the lake. */
export interface FastPath {
  add(verdict: Verdict): void;
  /** What was added since the last time, and now and then how much came in. */
  take(): readonly Observation[];
}

/** How often the rules are told how much came in, ms. */
const COUNTS_EVERY_MS = 30_000;
/**
 * How often a run that says nothing urgent is heard of, ms: below the shortest interval of a heartbeat. By way of the lake
 * alone, minutes later, a bot that lives would look dead.
 */
const BEAT_EVERY_MS = 10_000;
const MOST_RUNS = 1_000;

/**
 * Gathers the events by which a rule may fire at once, the end of runs, and signs of life; each cut to what is read of it.
 * History and modes that never alert are left out; everything comes by way of the lake again, and is known by its identity.
 */
export function createFastPath({ alerts, process, nowMs }: FastPathOptions): FastPath {
  const keys = [null, ...Object.keys(alerts.strategies)].map((strategyId) => ({ mode: null, strategyId }));
  const columns = new Set([...keys.flatMap((key) => [...columnsRead(rulesOf(alerts, key))]), ...VITAL_COLUMNS]);
  const silent = new Set(alerts.silentModes);
  let urgent: Observation[] = [];
  let [events, quarantined, told] = [0, 0, 0];
  let toldAtMs = nowMs();

  const heardMs = new Map<string, number>();

  /** Whether the run has not been heard of for a while; from now on it has. */
  function isBeat({ mode, strategyId, sessionId, arrivedMs }: Observation): boolean {
    const run = JSON.stringify([mode, strategyId, sessionId]);
    const lastMs = heardMs.get(run);
    if (lastMs !== undefined && arrivedMs - lastMs < BEAT_EVERY_MS) return false;
    if (heardMs.size >= MOST_RUNS) heardMs.clear();
    heardMs.set(run, arrivedMs);
    return true;
  }

  function counts(): Observation[] {
    const atMs = nowMs();
    if (events === 0 || atMs - toldAtMs < COUNTS_EVERY_MS) return [];
    const fields = { events, quarantined };
    [events, quarantined, toldAtMs] = [0, 0, atMs];
    return [{ ...PIPELINE, eventId: `${process}-${told++}`, tsMs: atMs, arrivedMs: atMs, fields }];
  }

  return {
    add(verdict) {
      events++;
      if (verdict.outcome === 'quarantined') quarantined++;
      const observation = observationOfVerdict(verdict);
      if (observation === undefined || silent.has(observation.mode ?? '')) return;
      if (isHistory(observation, alerts.maxAge)) return;
      if (isUrgent(rulesOf(alerts, observation), observation) || saysEnd(observation) || isBeat(observation))
        urgent.push(trim(observation, columns));
    },
    take() {
      const taken = [...urgent, ...counts()];
      urgent = [];
      return taken;
    },
  };
}

const PIPELINE = { stream: 'pipeline', mode: null, strategyId: '*', sessionId: null, symbol: null } as const;
