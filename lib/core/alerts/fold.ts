import { messageOf } from '../errors.ts';
import { dateOf } from '../lake/keys.ts';
import { foldVitals, tickVitals, type Vitals } from '../metrics/vitals.ts';
import { type Beats, foldBeat, hasEnded, intervalMs, isInferred, lastHeardMs } from './beats.ts';
import { kindOf } from './conditions/index.ts';
import { countChange, countSeen } from './fold-days.ts';
import { Groups, goneMs, MOST_GROUPS, OTHERS } from './fold-groups.ts';
import { type Awaited, NO_DATA, neverHeard, neverHeardDueMs } from './fold-never-heard.ts';
import { expectationOf, rulesOf } from './fold-rules.ts';
import { alertDueMs, close, type StepContext, step } from './machine.ts';
import { isHistory } from './observe.ts';
import { isWhole, type RuleAnswer, type StrategyAlerts } from './state.ts';
import type {
  AlertChange,
  AlertRule,
  AlertSettings,
  AlertView,
  Answer,
  ConditionContext,
  Observation,
  OperatorState,
  Reading,
} from './types.ts';

// The state of one strategy, carried on: by events, and by time. Pure.

export { conditionAnswer, newState, type StrategyAlerts, viewsOf } from './state.ts';
export { MOST_GROUPS, OTHERS };

export interface FoldContext {
  readonly settings: AlertSettings;
  readonly operator: OperatorState;
  readonly nowMs: number;
  /** Hex SHA-256. */
  readonly sha256: (text: string) => string;
  /** How long events take to get here at most, ms. @default 0 */
  readonly lagMs?: number;
  /** Since when somebody has watched without a break, ms. @default - always */
  readonly watchingSinceMs?: number;
  /** End of the day of the digest that a moment lies in, ms. @default - UTC days */
  readonly dayEndMs?: (ms: number) => number;
  /** Whether the strategy was heard of in another mode: one that is expected in any mode is then heard of. @default false */
  readonly heardElsewhere?: boolean;
}

export interface FoldResult {
  readonly state: StrategyAlerts;
  readonly changes: readonly AlertChange[];
  /** Next moment at which time alone may change anything, ms; undefined for none. */
  readonly dueMs: number | undefined;
  /** Whether anything but the clock of the state may differ. */
  readonly changed: boolean;
}

/**
 * Applies events of one strategy, in the order in which they happened, and reads each rule that they touch after each: a
 * spike inside a batch opens and resolves. Events that are history, or of modes that never alert, are only counted.
 */
export function foldObservations(
  state: StrategyAlerts,
  observations: readonly Observation[],
  context: FoldContext,
): FoldResult {
  const fold = new Fold(state, context);
  for (const observation of inOrder(observations)) fold.observe(observation);
  fold.settle();
  return fold.result();
}

/** Reads every rule at a moment. */
export function foldTick(state: StrategyAlerts, context: FoldContext): FoldResult {
  const fold = new Fold(state, context);
  fold.tick();
  return fold.result();
}

function inOrder(observations: readonly Observation[]): readonly Observation[] {
  const isSorted = observations.every((one, at) => at === 0 || compare(observations[at - 1] ?? one, one) <= 0);
  return isSorted ? observations : [...observations].sort(compare);
}

const compare = (a: Observation, b: Observation): number =>
  a.tsMs - b.tsMs || (a.eventId < b.eventId ? -1 : a.eventId > b.eventId ? 1 : 0);

const MOST_AHEAD_MS = 900_000;

class Fold {
  readonly #before: StrategyAlerts;
  readonly #context: FoldContext;
  readonly #rules: readonly AlertRule[];
  readonly #conditions: Record<string, unknown>;
  readonly #answers: Record<string, RuleAnswer>;
  readonly #groups: Groups;
  readonly #changes: AlertChange[] = [];
  /** Rules that were read at the present moment. */
  readonly #read = new Set<string>();
  #days: StrategyAlerts['days'];
  #beats: Beats | undefined;
  #vitals: Vitals | undefined;
  #lastDay: string | null;
  #clockMs: number;
  #changed = false;
  #isTicked = false;
  #surroundings: ConditionContext | undefined;

  constructor(state: StrategyAlerts, context: FoldContext) {
    this.#before = state;
    this.#context = context;
    this.#rules = isSilent(state, context) ? [] : rulesOf(context.settings, state.key);
    this.#conditions = { ...state.conditions };
    this.#answers = { ...state.answers };
    this.#groups = new Groups(state.alerts);
    this.#days = state.days;
    this.#beats = state.beats;
    this.#vitals = state.vitals;
    this.#lastDay = state.lastDay;
    // A clock that was put right after it ran far ahead: by that of the state every event would be old for as long.
    this.#clockMs = state.clockMs > context.nowMs + MOST_AHEAD_MS ? context.nowMs : state.clockMs;
  }

  observe(observation: Observation): void {
    const { settings } = this.#context;
    const isPipeline = observation.stream === 'pipeline';
    if (isPipeline !== isWhole(this.#before.key)) return; // a bot that calls itself `*` is not the lake
    this.#moveTo(observation.arrivedMs);
    const day = dateOf(observation.arrivedMs);
    if (this.#lastDay === null || day > this.#lastDay) this.#set(() => (this.#lastDay = day));
    const passed = isSilent(this.#before, this.#context)
      ? 'silent'
      : isHistory(observation, settings.maxAge)
        ? 'history'
        : undefined;
    if (passed !== undefined) {
      this.#set(() => (this.#days = countSeen(this.#days, passed, this.#day())));
      return;
    }
    if (!isPipeline) this.#hear(observation);
    const touched = this.#rules.filter((rule) => this.#apply(rule, observation));
    for (const rule of touched) if (!this.#saysTheSame(rule)) this.#readRule(rule);
  }

  /** Reads the rules that may say otherwise without having been touched: those of which an alert is known. */
  settle(): void {
    for (const rule of this.#rules) if (!this.#read.has(rule.id) && this.#groups.knows(rule.id)) this.#readRule(rule);
  }

  tick(): void {
    this.#isTicked = true;
    this.#moveTo(this.#context.nowMs);
    const vitals = this.#vitals && tickVitals(this.#vitals, this.#context.nowMs);
    if (vitals !== this.#vitals) this.#set(() => (this.#vitals = vitals));
    for (const rule of this.#rules) this.#readRule(rule);
    this.#dropRules();
  }

  result(): FoldResult {
    const [before, changed, clockMs] = [this.#before, this.#changed, this.#clockMs];
    const state = clockMs === before.clockMs ? before : { ...before, clockMs };
    return { state: changed ? this.#after(state) : state, changes: this.#changes, dueMs: this.#dueMs(), changed };
  }

  #after(state: StrategyAlerts): StrategyAlerts {
    return {
      ...state,
      lastDay: this.#lastDay,
      ...(this.#beats && { beats: this.#beats }),
      ...(this.#vitals && { vitals: this.#vitals }),
      conditions: this.#conditions,
      answers: this.#answers,
      alerts: this.#groups.alerts(),
      days: this.#days,
    };
  }

  #set(change: () => unknown): void {
    change();
    this.#changed = true;
  }

  /** Time does not go back by little steps of a clock, and never runs ahead of it. */
  #moveTo(ms: number): void {
    const next = Math.max(this.#clockMs, Math.min(ms, this.#context.nowMs));
    if (next === this.#clockMs) return;
    this.#clockMs = next;
    this.#surroundings = undefined;
    this.#read.clear();
  }

  #day(): number {
    const { dayEndMs = utcDayEndMs } = this.#context;
    return dayEndMs(this.#clockMs);
  }

  #hear(observation: Observation): void {
    const beats = foldBeat(this.#beats, observation);
    const vitals = foldVitals(this.#vitals, observation);
    if (beats !== this.#beats) this.#surroundings = undefined;
    if (beats !== this.#beats || vitals !== this.#vitals) this.#changed = true;
    this.#beats = beats;
    this.#vitals = vitals;
  }

  #apply({ id, condition }: AlertRule, observation: Observation): boolean {
    try {
      const kind = kindOf(condition);
      if (!kind.selects(condition, observation)) return false;
      const name = conditionName(id, condition.kind);
      const before = this.#conditions[name];
      const after = kind.apply(condition, before, observation, this.#conditionContext());
      if (after !== before) this.#set(() => (this.#conditions[name] = after));
      return true;
    } catch {
      return false; // a rule that fails on an event says nothing of it; it costs no other rule, and no other event
    }
  }

  #conditionContext(): ConditionContext {
    this.#surroundings ??= this.#surroundingsNow();
    return this.#surroundings;
  }

  #surroundingsNow(): ConditionContext {
    const { settings, sha256, lagMs, watchingSinceMs } = this.#context;
    const configured = expectationOf(settings, this.#before.key)?.heartbeat;
    const beats = this.#beats;
    return {
      nowMs: this.#clockMs,
      intervalMs: beats === undefined ? configured : intervalMs(beats, configured),
      lastHeardMs: beats && lastHeardMs(beats),
      ended: beats !== undefined && hasEnded(beats),
      inferred: beats !== undefined && isInferred(beats, configured),
      ...(lagMs === undefined ? {} : { lagMs }),
      ...(watchingSinceMs === undefined ? {} : { watchingSinceMs }),
      hash: sha256,
    };
  }

  /** Whether a rule of which no alert is known answers as it last did: nearly every event is one that changes nothing. */
  #saysTheSame({ id, condition }: AlertRule): boolean {
    const said = this.#answers[id]?.answer;
    if (said === undefined || said === 'firing' || this.#groups.knows(id)) return false;
    const state = this.#conditions[conditionName(id, condition.kind)];
    try {
      return kindOf(condition).glance?.(condition, state, this.#conditionContext()) === said;
    } catch {
      return false; // its reading says that it fails
    }
  }

  #readRule(rule: AlertRule): void {
    this.#read.add(rule.id);
    const readings = this.#readingsOf(rule);
    this.#note(rule, readings);
    if (!this.#groups.knows(rule.id) && readings.every(({ answer }) => answer !== 'firing')) return;
    const context = this.#stepContext(rule);
    for (const [before, reading] of this.#groups.pair(rule, readings, context)) {
      const { alert, changes } = step(before, reading, context);
      if (alert !== before) this.#set(() => this.#groups.put(rule.id, { before, alert }));
      this.#tell(changes);
    }
  }

  #awaited(): Awaited {
    const { settings, lagMs, heardElsewhere } = this.#context;
    const { key, bornMs } = this.#before;
    return { expected: expectationOf(settings, key), bornMs, nowMs: this.#clockMs, lagMs, heardElsewhere };
  }

  #readingsOf(rule: AlertRule): readonly Reading[] {
    const { condition, id } = rule;
    const surroundings = this.#conditionContext();
    if (condition.kind === 'absence' && surroundings.lastHeardMs === undefined)
      return [neverHeard(condition, this.#awaited())];
    try {
      return kindOf(condition).read(condition, this.#conditions[conditionName(id, condition.kind)], surroundings);
    } catch (error) {
      return [{ ...NO_DATA, reason: `The rule fails: ${messageOf(error).slice(0, 200)}` }];
    }
  }

  #note({ id }: AlertRule, readings: readonly Reading[]): void {
    const worst = (['firing', 'ok', 'no_data'] satisfies Answer[]).find((answer) =>
      readings.some((reading) => reading.answer === answer),
    );
    if (worst === undefined || this.#answers[id]?.answer === worst) return;
    const reason = readings.find(({ answer }) => answer === worst)?.reason ?? '';
    this.#set(() => (this.#answers[id] = { answer: worst, sinceMs: this.#clockMs, reason: reason.slice(0, 300) }));
  }

  /** Resolves what is open of rules that are off, and forgets what they knew. */
  #dropRules(): void {
    const live = new Set(this.#rules.map(({ id }) => id));
    const names = new Set(this.#rules.map(({ id, condition }) => conditionName(id, condition.kind)));
    for (const id of Object.keys(this.#answers)) if (!live.has(id)) this.#set(() => delete this.#answers[id]);
    for (const name of Object.keys(this.#conditions))
      if (!names.has(name)) this.#set(() => delete this.#conditions[name]);
    for (const before of this.#groups.all()) {
      if (live.has(before.view.ruleId)) continue;
      const context = this.#stepContext(ruleOfView(before.view));
      const { changes } = close(before, 'The rule is off.', context);
      this.#set(() => this.#groups.put(before.view.ruleId, { before, alert: undefined }));
      this.#tell(changes);
    }
  }

  #tell(changes: readonly AlertChange[]): void {
    for (const change of changes)
      this.#set(() => {
        this.#changes.push(change);
        this.#days = countChange(this.#days, change, this.#day());
      });
  }

  #stepContext(rule: AlertRule): StepContext {
    const { settings, operator, sha256 } = this.#context;
    const { ended } = this.#conditionContext();
    return { key: this.#before.key, rule, settings, operator, nowMs: this.#clockMs, ended, sha256 };
  }

  #dueMs(): number | undefined {
    const surroundings = this.#conditionContext();
    let dueMs = Number.POSITIVE_INFINITY;
    // What was due before a tick, the tick has looked at; what an event did not touch is still to be looked at.
    const fromMs = this.#isTicked ? this.#clockMs : Number.NEGATIVE_INFINITY;
    const consider = (ms: number | undefined): void => {
      if (ms !== undefined && ms > fromMs && ms < dueMs) dueMs = ms;
    };
    for (const rule of this.#rules) {
      const { id, condition } = rule;
      if (condition.kind === 'absence' && surroundings.lastHeardMs === undefined)
        consider(neverHeardDueMs(condition, this.#awaited()));
      else consider(dueOf(rule, this.#conditions[conditionName(id, condition.kind)], surroundings));
      if (this.#groups.knows(id))
        for (const alert of this.#groups.of(id)) {
          consider(alertDueMs(alert, this.#stepContext(rule)));
          const endMs = alert.phase === 'open' && alert.answer === 'no_data' ? goneMs(alert, condition) : 0;
          if (endMs > this.#clockMs) consider(endMs);
        }
    }
    return Number.isFinite(dueMs) ? dueMs : undefined;
  }
}

function dueOf({ condition }: AlertRule, state: unknown, context: ConditionContext): number | undefined {
  try {
    return kindOf(condition).dueMs(condition, state, context);
  } catch {
    return undefined; // its reading says that it fails
  }
}

/** Of one kind only: a rule whose kind was changed begins anew. */
const conditionName = (ruleId: string, kind: string): string => `${ruleId}/${kind}`;

const isSilent = ({ key: { mode } }: StrategyAlerts, { settings }: FoldContext): boolean =>
  mode !== null && settings.silentModes.includes(mode);

const DAY_MS = 86_400_000;
const utcDayEndMs = (ms: number): number => (Math.floor(ms / DAY_MS) + 1) * DAY_MS;

/** Enough of a rule to resolve what is left of it. */
const ruleOfView = ({ ruleId, title, advice, severity }: AlertView): AlertRule => ({
  id: ruleId,
  title,
  advice,
  severity,
  enabled: false,
  condition: { kind: 'absence', times: 1 },
  for: 0,
  clear: 0,
  cooldown: 0,
});
