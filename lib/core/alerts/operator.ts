import type { Log, StateStore } from '../ports/index.ts';
import { isObject } from '../transform/json.ts';
import type { AlertSettings, AlertView, OperatorEntry, OperatorState } from './types.ts';

// What people decided about alerts: acknowledged, snoozed, resolved. One object, which a command changes and the
// alerts read.

/** The object of the decisions. */
export const OPERATOR_KEY = 'state/alerts-operator.json';

export const emptyOperator: OperatorState = { acks: {}, snoozes: {}, resolves: {} };

/** A decision to resolve is remembered for so long: every state has been told the time by then. */
const RESOLVE_MS = 7 * 86_400_000;
const MOST_CONFLICTS = 50;

export interface Decision {
  readonly atMs: number;
  /** For how long, ms. */
  readonly ttlMs?: number;
  readonly operator?: string;
  readonly reason?: string;
}

/** Keeps one alert quiet, over any number of openings, until it expires. @param ttlMs - @default - for ever */
export const acknowledge = (
  state: OperatorState,
  { dedupeKey, ...decision }: Decision & { readonly dedupeKey: string },
): OperatorState => ({ ...state, acks: { ...state.acks, ...named(dedupeKey, entryOf(decision)) } });

/** Keeps all of a rule quiet, critical or not. */
export const snooze = (
  state: OperatorState,
  { ruleId, ...decision }: Decision & { readonly ruleId: string; readonly ttlMs: number },
): OperatorState => ({ ...state, snoozes: { ...state.snoozes, ...named(ruleId, entryOf(decision)) } });

/** Ends a snooze. The same object where there is none. */
export function unsnooze(state: OperatorState, { ruleId }: { readonly ruleId: string }): OperatorState {
  if (entry(state.snoozes, ruleId) === undefined) return state;
  return { ...state, snoozes: Object.fromEntries(Object.entries(state.snoozes).filter(([id]) => id !== ruleId)) };
}

/** Takes an acknowledgement back. The same object where there is none. */
export function unacknowledge(state: OperatorState, { dedupeKey }: { readonly dedupeKey: string }): OperatorState {
  if (entry(state.acks, dedupeKey) === undefined) return state;
  return { ...state, acks: Object.fromEntries(Object.entries(state.acks).filter(([key]) => key !== dedupeKey)) };
}

/** Resolves what is open of an alert now; it opens again only after its condition has ended. */
export const resolveAlert = (
  state: OperatorState,
  { dedupeKey, ...decision }: Decision & { readonly dedupeKey: string },
): OperatorState => ({
  ...state,
  resolves: { ...state.resolves, ...named(dedupeKey, entryOf({ ttlMs: RESOLVE_MS, ...decision })) },
});

/** Without what has expired. */
export const purged = ({ acks, snoozes, resolves }: OperatorState, nowMs: number): OperatorState => ({
  acks: alive(acks, nowMs),
  snoozes: alive(snoozes, nowMs),
  resolves: alive(resolves, nowMs),
});

export interface Silence {
  readonly kind: 'acknowledged' | 'snoozed';
  readonly entry: OperatorEntry;
}

type Named = Pick<AlertView, 'ruleId' | 'dedupeKey'>;

/** The decision that holds for an alert: a snooze of its rule before an acknowledgement. */
export function silenceOf(operator: OperatorState, { ruleId, dedupeKey }: Named, nowMs: number): Silence | undefined {
  const snoozed = active(operator.snoozes, ruleId, nowMs);
  // A snooze always ends: one without an end is nobody's decision.
  if (snoozed !== undefined && snoozed.untilMs !== null) return { kind: 'snoozed', entry: snoozed };
  const acked = active(operator.acks, dedupeKey, nowMs);
  return acked && { kind: 'acknowledged', entry: acked };
}

/** Why nobody is told of an alert now; undefined where they are. Critical alerts speak through an acknowledgement. */
export function quietOf(
  operator: OperatorState,
  view: Named & Pick<AlertView, 'severity'>,
  { nowMs, settings }: { readonly nowMs: number; readonly settings: Pick<AlertSettings, 'suppressCriticalOnAck'> },
): 'snoozed' | 'acknowledged' | undefined {
  const kind = silenceOf(operator, view, nowMs)?.kind;
  const speaks = kind === 'acknowledged' && view.severity === 'critical' && !settings.suppressCriticalOnAck;
  return speaks ? undefined : kind;
}

/** The decision that resolves what is open of an alert. */
export function resolvedBy(
  operator: OperatorState,
  { dedupeKey, openedMs }: Pick<AlertView, 'dedupeKey' | 'openedMs'>,
  nowMs: number,
): OperatorEntry | undefined {
  const found = active(operator.resolves, dedupeKey, nowMs);
  return found !== undefined && openedMs <= found.atMs ? found : undefined;
}

/** The decisions; none where there is no object, or a damaged one, which is logged. */
export async function readOperator(states: StateStore, log?: Log): Promise<OperatorState> {
  const found = await states.get(OPERATOR_KEY);
  return found === undefined ? emptyOperator : parsed(found.body, log);
}

export interface OperatorTools {
  readonly nowMs: number;
  readonly log?: Log;
}

/**
 * Changes the decisions, over the changes of others; drops what has expired.
 * @returns what was written
 */
export async function changeOperator(
  states: StateStore,
  change: (state: OperatorState) => OperatorState,
  { nowMs, log }: OperatorTools,
): Promise<OperatorState> {
  for (let attempt = 0; attempt < MOST_CONFLICTS; attempt++) {
    const found = await states.get(OPERATOR_KEY);
    const before = found === undefined ? emptyOperator : parsed(found.body, log);
    const next = purged(change(before), nowMs);
    const body = utf8.encode(JSON.stringify({ format: 1, ...next }));
    if ((await states.put(OPERATOR_KEY, body, found?.version)) !== undefined) return next;
  }
  throw new Error(`${OPERATOR_KEY} was changed by others ${MOST_CONFLICTS} times in a row`);
}

const utf8 = new TextEncoder();
const text = new TextDecoder();

type Entries = Readonly<Record<string, OperatorEntry>>;

function parsed(body: Uint8Array, log: Log | undefined): OperatorState {
  try {
    const value: unknown = JSON.parse(text.decode(body));
    if (isObject(value))
      return { acks: entries(value.acks), snoozes: entries(value.snoozes), resolves: entries(value.resolves) };
  } catch {
    // told below
  }
  log?.error('the decisions about alerts cannot be read: none hold', { key: OPERATOR_KEY });
  return emptyOperator;
}

const entries = (value: unknown): Entries =>
  isObject(value)
    ? Object.fromEntries(Object.entries(value).filter((one): one is [string, OperatorEntry] => isEntry(one[1])))
    : {};

const isEntry = (value: unknown): value is OperatorEntry =>
  isObject(value) &&
  typeof value.atMs === 'number' &&
  (value.untilMs === null || typeof value.untilMs === 'number') &&
  (value.operator === null || typeof value.operator === 'string') &&
  (value.reason === null || typeof value.reason === 'string');

const entryOf = ({ atMs, ttlMs, operator, reason }: Decision): OperatorEntry => ({
  atMs,
  untilMs: ttlMs === undefined ? null : atMs + ttlMs,
  operator: operator ?? null,
  reason: reason ?? null,
});

const named = (name: string, one: OperatorEntry): Entries => Object.fromEntries([[name, one]]);

const alive = (all: Entries, nowMs: number): Entries =>
  Object.fromEntries(Object.entries(all).filter(([, one]) => isAlive(one, nowMs)));

const isAlive = ({ untilMs }: OperatorEntry, nowMs: number): boolean => untilMs === null || nowMs < untilMs;

const entry = (all: Entries, name: string): OperatorEntry | undefined =>
  Object.hasOwn(all, name) ? all[name] : undefined;

function active(all: Entries, name: string, nowMs: number): OperatorEntry | undefined {
  const found = entry(all, name);
  return found !== undefined && isAlive(found, nowMs) ? found : undefined;
}
