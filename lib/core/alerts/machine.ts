import { changeIdOf } from './identity.ts';
import { LONGEST_REASON, LONGEST_TEXT, short, shownOf, viewOf, worse } from './machine-view.ts';
import { quietOf, resolvedBy, silenceOf } from './operator.ts';
import type { Alert } from './state.ts';
import type {
  AlertChange,
  AlertKey,
  AlertRule,
  AlertSettings,
  AlertView,
  ChangeKind,
  OperatorEntry,
  OperatorState,
  Reading,
} from './types.ts';
import { cut } from './wording.ts';

// One alert: pending, open, resolved. Whatever readings and decisions come, it opens once, resolves once, and speaks
// only when somebody is to act.

/** An open alert of which nothing is known any more resolves after so long. */
export const NO_DATA_MS = 86_400_000;

const MOST_OPENINGS = 50;

export interface StepContext {
  readonly key: AlertKey;
  /** As it holds for the strategy. */
  readonly rule: AlertRule;
  readonly settings: AlertSettings;
  readonly operator: OperatorState;
  readonly nowMs: number;
  /** Whether all runs of the strategy said that they end. */
  readonly ended: boolean;
  readonly sha256: (text: string) => string;
}

export interface Step {
  /** Undefined where nothing is left to remember; the same object where nothing changed. */
  readonly alert: Alert | undefined;
  readonly changes: readonly AlertChange[];
}

/** Takes one reading to one alert. */
export function step(before: Alert | undefined, reading: Reading, context: StepContext): Step {
  if (before === undefined && reading.answer !== 'firing') return NOTHING;
  return before?.phase === 'open' ? openStep(before, reading, context) : closedStep(before, reading, context);
}
const NOTHING: Step = { alert: undefined, changes: [] };

/** Resolves an open alert for a reason of its own, such as that its rule is off; forgets any other. */
export function close(alert: Alert, reason: string, context: StepContext): Step {
  if (alert.phase !== 'open') return NOTHING;
  const turn = new Turn(alert, context);
  turn.resolve({ reason });
  return turn.end();
}

/** Next moment at which time alone may change an alert, ms; undefined for none. */
export function alertDueMs(alert: Alert, context: StepContext): number | undefined {
  const { rule, operator, nowMs } = context;
  const { phase, view, answer, okMs, noDataMs } = alert;
  if (phase === 'resolved') return undefined;
  if (phase === 'pending') return view.sinceMs + rule.for;
  const moments: number[] = [];
  if (answer === 'ok' && okMs !== null) moments.push(okMs + calmMs(alert, context));
  if (answer === 'no_data' && noDataMs !== null) moments.push(noDataMs + NO_DATA_MS);
  const silence = silenceOf(operator, view, nowMs);
  if (silence !== undefined) moments.push(silence.entry.untilMs ?? Number.POSITIVE_INFINITY);
  if (answer !== 'ok' && rule.cooldown > 0) moments.push((alert.toldMs ?? view.openedMs) + rule.cooldown);
  const later = moments.filter((ms) => ms > nowMs && Number.isFinite(ms));
  return later.length === 0 ? undefined : Math.min(...later);
}

function closedStep(before: Alert | undefined, reading: Reading, context: StepContext): Step {
  if (reading.answer !== 'firing') return { alert: before && forget(before, reading, context), changes: [] };
  if (before !== undefined && isLatched(before, reading, context)) return { alert: before, changes: [] };
  const { nowMs, rule } = context;
  const known = before?.phase === 'pending' ? before.view.sinceMs : nowMs;
  const sinceMs = Math.min(reading.sinceMs ?? known, nowMs);
  if (nowMs - sinceMs >= rule.for) return open(before, reading, { ...context, sinceMs });
  if (before?.phase === 'pending' && before.view.sinceMs === sinceMs) return { alert: before, changes: [] };
  const openedMs = before?.phase === 'pending' ? before.view.openedMs : nowMs;
  const view = viewOf(reading, { ...context, sinceMs, openedMs });
  return { alert: { ...(before ?? fresh(view)), view, phase: 'pending', latch: null, answer: 'firing' }, changes: [] };
}

/** What is left of an alert that is not open and does not fire. */
function forget(before: Alert, { answer }: Reading, { nowMs, settings }: StepContext): Alert | undefined {
  const openings = recent(before.openings, nowMs - settings.flapping.window);
  const latch = answer === 'ok' ? null : before.latch;
  // An opening of the same moment would have the same identity.
  if (openings.length === 0 && latch === null && (before.endedMs ?? 0) < nowMs) return undefined;
  if (before.phase === 'pending')
    return { ...before, phase: 'resolved', latch, openings, answer, view: { ...before.view, status: 'resolved' } };
  if (latch === before.latch && openings.length === before.openings.length && answer === before.answer) return before;
  return { ...before, latch, openings, answer };
}

/** Whether it was resolved although it fires, and nothing has changed since. */
function isLatched({ latch, endedMs }: Alert, { sinceMs }: Reading, { ended }: StepContext): boolean {
  if (latch === null || (latch === 'ended' && !ended)) return false;
  return sinceMs === null || sinceMs <= (endedMs ?? 0);
}

function open(before: Alert | undefined, reading: Reading, context: StepContext & { readonly sinceMs: number }): Step {
  const { nowMs, settings } = context;
  const openedMs = Math.max(nowMs, (before?.endedMs ?? Number.MIN_SAFE_INTEGER) + 1);
  const openings = [...recent(before?.openings ?? [], nowMs - settings.flapping.window), openedMs];
  const flapping = settings.flapping.opens > 0 && openings.length >= settings.flapping.opens;
  const view = { ...viewOf(reading, { ...context, openedMs }), opens: openings.length, flapping };
  const turn = new Turn({ ...fresh(view), phase: 'open', openings, endedMs: before?.endedMs ?? null }, context);
  turn.opened();
  return turn.end();
}

function openStep(before: Alert, reading: Reading, context: StepContext): Step {
  const turn = new Turn(before, context);
  turn.see(reading);
  const resolve = resolvedBy(context.operator, before.view, context.nowMs);
  if (resolve !== undefined) {
    const latch = reading.answer === 'ok' ? null : 'operator';
    turn.resolve({ reason: 'Resolved by an operator.', entry: resolve, latch });
    return turn.end();
  }
  turn.listen();
  turn.answer(reading);
  return turn.end();
}

const ENDED = 'All runs of the strategy have ended.';

interface Resolution {
  readonly reason: string;
  readonly entry?: OperatorEntry;
  readonly latch?: Alert['latch'];
  readonly value?: Reading['value'];
}

/** One open alert at one moment. */
class Turn {
  readonly #context: StepContext;
  #alert: Alert;
  readonly #changes: AlertChange[] = [];

  constructor(alert: Alert, context: StepContext) {
    this.#alert = alert;
    this.#context = context;
  }

  end(): Step {
    return { alert: this.#alert, changes: this.#changes };
  }

  opened(): void {
    const silence = silenceOf(this.#context.operator, this.#alert.view, this.#context.nowMs);
    this.#set({ silence: silence?.kind ?? null });
    this.#show({ status: silence?.kind ?? 'firing' });
    this.#speak('opened');
  }

  /** What the reading says of the alert, as far as it is news. */
  see(reading: Reading): void {
    const { nowMs } = this.#context;
    const { answer, okMs, noDataMs } = this.#alert;
    const ok = reading.answer === 'ok' ? (okMs ?? nowMs) : reading.answer === 'firing' ? null : okMs;
    const noData = reading.answer === 'no_data' ? (noDataMs ?? nowMs) : null;
    if (reading.answer !== answer || ok !== okMs || noData !== noDataMs)
      this.#set({ answer: reading.answer, okMs: ok, noDataMs: noData });
    const newest = this.#alert.view.evidence.at(-1)?.eventId;
    if (reading.answer === 'firing' && reading.evidence.at(-1)?.eventId !== newest) this.#show(shownOf(reading));
  }

  /** What people decided since. */
  listen(): void {
    const { operator, nowMs } = this.#context;
    const silence = silenceOf(operator, this.#alert.view, nowMs);
    const before = this.#alert.silence;
    if ((silence?.kind ?? null) === before) return;
    this.#set({ silence: silence?.kind ?? null });
    this.#show({ status: silence?.kind ?? 'firing' });
    if (silence !== undefined) {
      if (this.#quiet() !== undefined) this.#set({ owed: true });
      this.#note(silence.kind, { notify: false, quiet: 'decision of an operator', ...saidBy(silence.entry) });
      return;
    }
    const note = before === 'snoozed' ? 'The snooze is over.' : 'The acknowledgement is over.';
    if (this.#alert.owed && this.#alert.answer === 'firing') this.#speak('unsnoozed', note);
    else this.#note('unsnoozed', { notify: false, quiet: 'nothing to say', note });
  }

  answer(reading: Reading): void {
    const { nowMs, ended } = this.#context;
    const { okMs, noDataMs } = this.#alert;
    if (reading.answer === 'ok') {
      if (nowMs - (okMs ?? nowMs) >= calmMs(this.#alert, this.#context))
        this.resolve({ reason: reading.reason, value: reading.value });
      return;
    }
    const isDue = this.#isDue(ended);
    if (reading.answer === 'no_data' && ended) this.resolve({ reason: ENDED });
    else if (reading.answer === 'no_data' && nowMs - (noDataMs ?? nowMs) >= NO_DATA_MS)
      this.resolve({ reason: `Nothing is known of it for 24 h: ${reading.reason}` });
    // What ended needs no reminder: it will not get better.
    else if (isDue && ended) this.resolve({ reason: ENDED, latch: 'ended' });
    else if (isDue && this.#quiet() === undefined) this.#remind(reading);
  }

  #remind(reading: Reading): void {
    if (reading.answer === 'firing') this.#show(shownOf(reading));
    if (reading.answer === 'no_data') this.#speak('reminded', cut(`No data now: ${reading.reason}`, LONGEST_REASON));
    else this.#speak('reminded');
  }

  resolve({ reason, entry, latch = null, value }: Resolution): void {
    const { nowMs, operator } = this.#context;
    const { told, view } = this.#alert;
    const endedMs = Math.max(nowMs, view.openedMs);
    const snoozed = silenceOf(operator, view, nowMs)?.kind === 'snoozed';
    this.#set({ phase: 'resolved', latch, endedMs, owed: false, silence: null });
    this.#show({ status: 'resolved', resolvedMs: endedMs, reason: cut(reason, LONGEST_REASON) });
    if (typeof value === 'number' || typeof value === 'string') this.#show({ value: short(value) });
    const quiet = snoozed ? 'snoozed' : told ? undefined : 'nobody was told of its opening';
    this.#note('resolved', { ...silent(quiet), ...(entry === undefined ? {} : saidBy(entry)) });
  }

  /** Whether a reminder is due, or what was kept quiet is to be said. */
  #isDue(ended: boolean): boolean {
    const { nowMs, rule } = this.#context;
    const { toldMs, owed, view, answer } = this.#alert;
    if (toldMs === null && owed && answer === 'firing' && !ended) return true;
    return rule.cooldown > 0 && nowMs - (toldMs ?? view.openedMs) >= rule.cooldown;
  }

  #quiet(): string | undefined {
    const { operator, nowMs, settings } = this.#context;
    return quietOf(operator, this.#alert.view, { nowMs, settings });
  }

  #speak(kind: ChangeKind, note?: string): void {
    const quiet = this.#quiet();
    if (quiet === undefined) this.#set({ told: true, toldMs: this.#context.nowMs, owed: false });
    else this.#set({ owed: true });
    this.#note(kind, { ...silent(quiet), ...(note === undefined ? {} : { note }) });
  }

  #note(kind: ChangeKind, facts: Pick<AlertChange, 'notify'> & Partial<AlertChange>): void {
    const n = this.#alert.changes + 1;
    this.#set({ changes: n });
    const { view } = this.#alert;
    this.#changes.push({ id: changeIdOf(view.alertId, n), kind, atMs: this.#atMs(), ...facts, alert: view });
  }

  /** Never before the opening, which may have been moved behind a resolve of the same moment. */
  #atMs(): number {
    return Math.max(this.#context.nowMs, this.#alert.view.openedMs);
  }

  #set(facts: Partial<Alert>): void {
    this.#alert = { ...this.#alert, ...facts };
  }

  #show(facts: Partial<AlertView>): void {
    const { view } = this.#alert;
    const worst = facts.value === undefined ? view.worst : worse(view.worst ?? null, facts.value, view.limit);
    this.#set({ view: { ...view, ...facts, ...(worst === undefined ? {} : { worst }) } });
  }
}

/** How long it must be calm before it resolves. */
const calmMs = ({ view }: Alert, { rule, settings }: StepContext): number =>
  view.flapping ? Math.max(rule.clear, settings.flapping.hold) : rule.clear;

const recent = (openings: readonly number[], afterMs: number): number[] =>
  openings.filter((ms) => ms > afterMs).slice(-MOST_OPENINGS + 1);

const fresh = (view: AlertView): Alert => ({
  phase: 'pending',
  view,
  changes: 0,
  answer: 'firing',
  okMs: null,
  noDataMs: null,
  told: false,
  toldMs: null,
  silence: null,
  owed: false,
  endedMs: null,
  openings: [],
  latch: null,
});

const silent = (quiet: string | undefined): { notify: boolean; quiet?: string } =>
  quiet === undefined ? { notify: true } : { notify: false, quiet };

const saidBy = ({ operator, reason }: OperatorEntry): { operator?: string; note?: string } => ({
  ...(operator === null ? {} : { operator: cut(operator, LONGEST_TEXT) }),
  ...(reason === null ? {} : { note: cut(reason, LONGEST_REASON) }),
});
