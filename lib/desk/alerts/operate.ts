import { userInfo } from 'node:os';
import { shownDuration } from '../../core/alerts/durations.ts';
import {
  acknowledge,
  changeOperator,
  readOperator,
  resolveAlert,
  snooze,
  unacknowledge,
  unsnooze,
} from '../../core/alerts/operator.ts';
import { openViewsOf, viewsOf } from '../../core/alerts/state.ts';
import type { OperatorState } from '../../core/alerts/types.ts';
import { shown } from '../../core/alerts/wording.ts';
import { nearestName } from '../../core/catalog/nearest.ts';
import { NightdeskError } from '../../core/errors.ts';
import { stderrLog } from '../stderr-log.ts';
import { findAlert, findRule, isKey } from './find.ts';
import type { OpenAlerts } from './open-alerts.ts';
import { readStates } from './overview.ts';

/** What somebody decided, and why. */
export interface Order {
  /** Dedupe key of an alert, or id of a rule. */
  readonly of: string;
  readonly ttlMs?: number;
  readonly operator?: string;
  readonly reason?: string;
  readonly nowMs: number;
}

/** What was decided, for who prints it. */
export interface Decided {
  readonly action: 'acknowledged' | 'unacknowledged' | 'snoozed' | 'unsnoozed' | 'resolved';
  readonly of: string;
  readonly untilMs: number | null;
  readonly operator: string | null;
  readonly reason: string | null;
  /** Sentences for people. */
  readonly notes: readonly string[];
}

const MOST_OPERATOR = 100;
const MOST_REASON = 500;

/** Keeps reminders of an alert quiet. @throws ALERT_UNKNOWN */
export async function ack({ state, settings }: OpenAlerts, order: Order): Promise<Decided> {
  const alert = findAlert((await readStates(state)).flatMap(viewsOf), order.of, 'known');
  const speaks = alert.severity === 'critical' && !settings.suppressCriticalOnAck;
  await change({ state }, order, (before, decision) =>
    acknowledge(before, { dedupeKey: alert.dedupeKey, ...decision }),
  );
  return decided('acknowledged', { ...order, of: alert.dedupeKey }, [
    ...(speaks
      ? [
          'It is critical: it goes on reminding. `snooze` silences its rule, alerts.suppressCriticalOnAck in nightdesk.json all acknowledged ones.',
        ]
      : []),
    ...(order.ttlMs === undefined ? ['It holds for every later opening too, until `nightdesk alerts unack`.'] : []),
  ]);
}

/** @throws ALERT_UNKNOWN where it is not acknowledged */
export async function unack({ state }: OpenAlerts, order: Order): Promise<Decided> {
  const { acks } = await readOperator(state);
  const keys = Object.keys(acks);
  const dedupeKey = keys.find((known) => isKey(order.of, known));
  if (dedupeKey === undefined) {
    const nearest = nearestName(order.of, keys);
    throw new NightdeskError(
      'ALERT_UNKNOWN',
      `nobody acknowledged ${shown(order.of, 200)}${nearest === undefined ? '' : `; did you mean ${shown(nearest, 200)}?`}`,
    );
  }
  await change({ state }, order, (before) => unacknowledge(before, { dedupeKey }));
  return decided('unacknowledged', { ...order, of: dedupeKey }, []);
}

/** Silences a rule, critical or not. @throws ALERT_UNKNOWN */
export async function snoozeRule(
  { state, settings }: OpenAlerts,
  order: Order & { readonly ttlMs: number },
): Promise<Decided> {
  const { id } = findRule(settings.rules, order.of);
  await change({ state }, order, (before, decision) => snooze(before, { ruleId: id, ...decision, ttlMs: order.ttlMs }));
  return decided('snoozed', order, ['Nobody is told of it, critical or not; its changes are kept in the history.']);
}

/** @throws ALERT_UNKNOWN */
export async function unsnoozeRule({ state, settings }: OpenAlerts, order: Order): Promise<Decided> {
  const { snoozes } = await readOperator(state);
  // A rule may have been removed from the settings since it was snoozed.
  const id = Object.hasOwn(snoozes, order.of) ? order.of : findRule(settings.rules, order.of).id;
  await change({ state }, order, (before) => unsnooze(before, { ruleId: id }));
  return decided('unsnoozed', order, Object.hasOwn(snoozes, id) ? [] : ['It was not snoozed.']);
}

/** Ends an alert by hand. @throws ALERT_UNKNOWN */
export async function resolve({ state }: OpenAlerts, order: Order): Promise<Decided> {
  const { dedupeKey } = findAlert((await readStates(state)).flatMap(openViewsOf), order.of, 'open');
  await change({ state }, order, (before, decision) => resolveAlert(before, { dedupeKey, ...decision }));
  return decided('resolved', { ...order, of: dedupeKey }, [
    'It opens again once its condition has ended and holds anew.',
  ]);
}

interface Note {
  readonly atMs: number;
  readonly ttlMs?: number;
  readonly operator?: string;
  readonly reason?: string;
}

async function change(
  { state }: Pick<OpenAlerts, 'state'>,
  { nowMs, ttlMs, operator, reason }: Order,
  apply: (before: OperatorState, decision: Note) => OperatorState,
): Promise<void> {
  const decision: Note = {
    atMs: nowMs,
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...(operator === undefined ? {} : { operator: shown(operator, MOST_OPERATOR) }),
    ...(reason === undefined ? {} : { reason: shown(reason, MOST_REASON) }),
  };
  await changeOperator(state, (before) => apply(before, decision), { nowMs, log: stderrLog() });
}

const decided = (
  action: Decided['action'],
  { of, ttlMs, nowMs, operator, reason }: Order,
  notes: readonly string[],
): Decided => ({
  action,
  of,
  untilMs: ttlMs === undefined ? null : nowMs + ttlMs,
  operator: operator ?? null,
  reason: reason ?? null,
  notes: [...(ttlMs === undefined ? [] : [`It holds for ${shownDuration(ttlMs)}.`]), ...notes],
});

/** Who sits here; undefined where the system knows no name. */
export function currentUser(): string | undefined {
  try {
    return userInfo().username || undefined;
  } catch {
    return undefined; // no entry for this user, as in some containers
  }
}
