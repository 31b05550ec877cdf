import type { Played } from './backtest-feed.ts';
import {
  type BacktestReport,
  type Drawdown,
  type Fire,
  leadOf,
  median,
  SHORT_MS,
  Strip,
  worseOf,
} from './backtest-report.ts';
import { type FoldContext, foldObservations, foldTick } from './fold.ts';
import { conditionAnswer, newState, openViewsOf, type StrategyAlerts } from './state.ts';
import type { AlertChange, AlertKey, AlertRule, AlertSettings, AlertView, Answer, RuleOverrides } from './types.ts';

// Rules over stored days, through the fold that runs live, with a simulated clock.

export interface BacktestOptions {
  /** The time that counts, without its end; what was played before it warms the windows up. ms. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly settings: AlertSettings;
  readonly sha256: (text: string) => string;
  /** Fall from the peak that counts as a drawdown, a fraction. @default 0.03 */
  readonly drawdown?: number;
  /** How often the clock is looked at where something is due: a desk's second, a stack's minute. @default 1000 */
  readonly tickMs?: number;
}

export const DEFAULT_DRAWDOWN = 0.03;
const TICK_MS = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Finds the drawdowns, as a rule of its own beside those that are tried. */
const PROBE = 'drawdown_probe_of_backtest';

/**
 * What each rule would have said, in the order given; rules that are off are on here. Operator decisions, and so
 * acknowledgements, are none. The same days give the same reports.
 */
export async function backtest(
  rules: readonly AlertRule[],
  days: AsyncIterable<readonly Played[]>,
  options: BacktestOptions,
): Promise<readonly BacktestReport[]> {
  const { settings, fromMs, toMs, drawdown = DEFAULT_DRAWDOWN, tickMs = TICK_MS, sha256 } = options;
  const played = rules.map((rule) => ({ ...rule, enabled: true }));
  const context: Omit<FoldContext, 'nowMs'> = {
    settings: {
      ...settings,
      rules: [...played, probe(drawdown)],
      strategies: Object.fromEntries(
        Object.entries(settings.strategies).map(([id, overrides]) => [id, switchedOn(overrides)]),
      ),
      channels: [],
      digestAt: null,
    },
    operator: { acks: {}, snoozes: {}, resolves: {} },
    sha256,
  };
  const strategies = new Map<string, Simulation>();
  const trials = new Map([...played.map(({ id }) => id), PROBE].map((id) => [id, new Trial(fromMs, toMs)]));
  const heard = new Set<number>();
  for await (const day of days) {
    for (const { atMs, observation } of day) {
      if (atMs >= toMs) continue;
      if (atMs >= fromMs) heard.add(Math.floor(atMs / DAY_MS));
      const { mode, strategyId } = observation;
      const name = JSON.stringify([mode, strategyId]);
      let strategy = strategies.get(name);
      if (strategy === undefined) {
        strategy = new Simulation({ mode, strategyId }, atMs, { context, tickMs, trials });
        strategies.set(name, strategy);
      }
      strategy.observe(observation, atMs);
    }
  }
  for (const strategy of strategies.values()) strategy.endAt(toMs);
  const daysHeard = heard.size;
  const falls = trials.get(PROBE);
  const drawdowns = falls?.drawdowns() ?? [];
  const known = falls !== undefined && falls.answeredMs > falls.noDataMs;
  return rules.map((rule) => {
    const trial = trials.get(rule.id) ?? new Trial(fromMs, toMs);
    const fires = trial.fires((fire) => (known ? leadOf(fire, drawdowns) : { kind: 'unknown' }));
    return {
      rule,
      fromMs,
      toMs,
      strategies: [...strategies.values()].map(({ key }) => `${key.mode ?? 'unknown'}/${key.strategyId ?? '-'}`).sort(),
      ...figures(fires, daysHeard),
      daysHeard,
      fires,
      openAtStart: trial.openAtStart,
      firingMs: trial.firingMs,
      noDataShare: trial.answeredMs === 0 ? null : trial.noDataMs / trial.answeredMs,
      firingShare: trial.answeredMs === 0 ? null : trial.heardFiringMs / trial.answeredMs,
      drawdown,
      drawdowns: known ? drawdowns.filter(({ startMs }) => startMs >= fromMs).length : null,
      days: trial.strip.days(fires),
    };
  });
}

function figures(
  fires: readonly Fire[],
  daysHeard: number,
): Pick<BacktestReport, 'firesPerDay' | 'shortShare' | 'flapping' | 'medianLeadMs'> {
  const ended = fires.filter(({ resolvedMs }) => resolvedMs !== null);
  return {
    firesPerDay: daysHeard === 0 ? 0 : fires.length / daysHeard,
    shortShare:
      ended.length === 0 ? null : ended.filter(({ durationMs }) => durationMs < SHORT_MS).length / ended.length,
    flapping: fires.filter(({ flapping }) => flapping).length,
    medianLeadMs: median(fires.flatMap(({ lead }) => (lead.kind === 'before' ? [lead.ms] : []))),
  };
}

const probe = (share: number): AlertRule => ({
  id: PROBE,
  title: 'Drawdown',
  advice: '',
  severity: 'info',
  enabled: true,
  condition: { kind: 'drawdown', basis: 'peak', share },
  for: 0,
  clear: 0,
  cooldown: 365 * DAY_MS,
});

/** What a strategy sets apart, but that no rule is off. */
const switchedOn = (overrides: RuleOverrides): RuleOverrides =>
  Object.fromEntries(Object.entries(overrides).map(([id, { enabled: _, ...rest }]) => [id, rest]));

interface Surroundings {
  readonly context: Omit<FoldContext, 'nowMs'>;
  readonly tickMs: number;
  readonly trials: ReadonlyMap<string, Trial>;
}

/** One strategy, told what came in and what time it is. */
class Simulation {
  readonly key: AlertKey;
  readonly #surroundings: Surroundings;
  #state: StrategyAlerts;
  #nowMs = Number.NEGATIVE_INFINITY;
  #dueMs: number | undefined;
  /** Whether anything came in since the last tick. */
  #news = false;
  /** End of the last day on which anything came in: what is said later is said of nobody. */
  #heardUntilMs = 0;

  constructor(key: AlertKey, bornMs: number, surroundings: Surroundings) {
    this.key = key;
    this.#surroundings = surroundings;
    this.#state = newState(key, bornMs);
  }

  observe(observation: Played['observation'], atMs: number): void {
    this.#tickUntil(atMs);
    this.#passTo(atMs);
    this.#heardUntilMs = (Math.floor(atMs / DAY_MS) + 1) * DAY_MS;
    this.#news = true;
    this.#take(foldObservations(this.#state, [observation], this.#context()));
  }

  endAt(toMs: number): void {
    this.#tickUntil(toMs);
    this.#passTo(toMs);
  }

  /** A tick each minute after news, and when something is due; else nothing can change, and idle stretches are skipped. */
  #tickUntil(untilMs: number): void {
    for (;;) {
      const atMs = this.#nextTickMs();
      if (atMs > untilMs) return;
      this.#news = false;
      this.#passTo(atMs);
      this.#take(foldTick(this.#state, this.#context()));
    }
  }

  #nextTickMs(): number {
    const { tickMs } = this.#surroundings;
    const next = (lengthMs: number): number => (Math.floor(this.#nowMs / lengthMs) + 1) * lengthMs;
    const minute = this.#news ? next(MINUTE_MS) : Number.POSITIVE_INFINITY;
    if (this.#dueMs === undefined) return minute;
    return Math.min(minute, Math.max(Math.ceil(this.#dueMs / tickMs) * tickMs, next(tickMs)));
  }

  /** What was said last holds until now. */
  #passTo(nowMs: number): void {
    if (Number.isFinite(this.#nowMs) && nowMs > this.#nowMs) {
      const open = new Set(openViewsOf(this.#state).map(({ ruleId }) => ruleId));
      const span = { startMs: this.#nowMs, endMs: nowMs, heardMs: this.#heardUntilMs };
      for (const [id, trial] of this.#surroundings.trials) {
        // Firing while an alert of it is open, else what its condition answers.
        const answer = open.has(id) ? 'firing' : conditionAnswer(this.#state, id);
        if (answer !== undefined) trial.pass(answer, span);
      }
    }
    this.#nowMs = Math.max(this.#nowMs, nowMs);
  }

  #context(): FoldContext {
    return { ...this.#surroundings.context, nowMs: this.#nowMs };
  }

  #take({ state, changes, dueMs }: ReturnType<typeof foldTick>): void {
    this.#state = { ...state, notices: [], rows: [] }; // nobody is told, and nothing written
    this.#dueMs = dueMs;
    for (const change of changes) this.#surroundings.trials.get(change.alert.ruleId)?.change(change);
    for (const alert of openViewsOf(state)) this.#surroundings.trials.get(alert.ruleId)?.see(alert);
  }
}

interface Draft {
  readonly opened: AlertView;
  readonly openedMs: number;
  resolvedMs: number | null;
  worst: number | string | null;
  flapping: boolean;
}

/** What one rule said, over all strategies. */
class Trial {
  readonly strip: Strip;
  readonly #fromMs: number;
  readonly #toMs: number;
  readonly #drafts = new Map<string, Draft>();
  noDataMs = 0;
  answeredMs = 0;
  firingMs = 0;
  heardFiringMs = 0;

  constructor(fromMs: number, toMs: number) {
    this.#fromMs = fromMs;
    this.#toMs = toMs;
    this.strip = new Strip(fromMs, toMs);
  }

  /** It said so for a while; beyond `heardMs` nothing more was heard of the strategy, and only what fires is counted. */
  pass(
    answer: Answer,
    { startMs, endMs, heardMs }: { readonly startMs: number; readonly endMs: number; readonly heardMs: number },
  ): void {
    const heard = this.strip.clipped(startMs, Math.min(endMs, heardMs));
    this.answeredMs += heard;
    if (answer === 'no_data') this.noDataMs += heard;
    if (answer === 'firing') {
      this.heardFiringMs += heard;
      this.firingMs += this.strip.mark(answer, startMs, endMs);
    } else this.strip.mark(answer, startMs, Math.min(endMs, heardMs));
  }

  change({ kind, atMs, alert }: AlertChange): void {
    if (kind === 'opened' && !this.#drafts.has(alert.alertId))
      this.#drafts.set(alert.alertId, {
        opened: alert,
        openedMs: atMs,
        resolvedMs: null,
        worst: alert.value,
        flapping: alert.flapping,
      });
    const draft = this.#drafts.get(alert.alertId);
    if (draft !== undefined && kind === 'resolved') draft.resolvedMs ??= atMs;
  }

  /** The alert as it is after a step. */
  see(alert: AlertView): void {
    const draft = this.#drafts.get(alert.alertId);
    if (draft === undefined) return;
    draft.worst = worseOf(draft.worst, alert.worst ?? alert.value, draft.opened.limit);
    draft.flapping ||= alert.flapping;
  }

  get openAtStart(): number {
    return [...this.#drafts.values()].filter(
      ({ openedMs, resolvedMs }) => openedMs < this.#fromMs && (resolvedMs === null || resolvedMs > this.#fromMs),
    ).length;
  }

  fires(leadTo: (fire: Pick<Fire, 'mode' | 'strategyId' | 'openedMs'>) => Fire['lead']): Fire[] {
    return [...this.#drafts.values()]
      .filter(({ openedMs }) => openedMs >= this.#fromMs && openedMs < this.#toMs)
      .sort((a, b) => a.openedMs - b.openedMs || (a.opened.dedupeKey < b.opened.dedupeKey ? -1 : 1))
      .map(({ opened, openedMs, resolvedMs, worst, flapping }) => {
        const { mode, strategyId, group, symbol, severity, sinceMs, limit, reason } = opened;
        return {
          mode,
          strategyId,
          group,
          symbol,
          severity,
          sinceMs,
          openedMs,
          resolvedMs,
          durationMs: (resolvedMs ?? this.#toMs) - openedMs,
          worst,
          limit,
          reason,
          flapping,
          lead: leadTo({ mode, strategyId, openedMs }),
        };
      });
  }

  drawdowns(): Drawdown[] {
    return [...this.#drafts.values()].map(({ opened: { mode, strategyId }, openedMs, resolvedMs }) => ({
      mode,
      strategyId,
      startMs: openedMs,
      endMs: resolvedMs ?? Number.POSITIVE_INFINITY,
    }));
  }
}
