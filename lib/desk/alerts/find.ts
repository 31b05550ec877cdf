import type { AlertRule, AlertView } from '../../core/alerts/types.ts';
import { shown } from '../../core/alerts/wording.ts';
import { nearestName } from '../../core/catalog/nearest.ts';
import { NightdeskError } from '../../core/errors.ts';

/** The rule of that id. @throws ALERT_UNKNOWN with the nearest one */
export function findRule(rules: readonly AlertRule[], id: string): AlertRule {
  const rule = rules.find((known) => known.id === id);
  if (rule !== undefined) return rule;
  const ids = rules.map((known) => known.id);
  const nearest = nearestName(id, ids);
  throw new NightdeskError(
    'ALERT_UNKNOWN',
    `there is no rule ${shown(id, 100)}; ${nearest === undefined ? '`nightdesk alerts list --rules` names them' : `did you mean ${nearest}?`}`,
  );
}

/**
 * The alert of a dedupe key; the beginning of one is enough where it fits a single alert.
 * @throws ALERT_UNKNOWN with the nearest key, or those that fit
 */
export function findAlert(alerts: readonly AlertView[], key: string, which: 'open' | 'known'): AlertView {
  const exact = alerts.find(({ dedupeKey, alertId }) => isKey(key, dedupeKey) || alertId === key);
  if (exact !== undefined) return exact;
  const fitting = key === '' ? [] : alerts.filter(({ dedupeKey }) => dedupeKey.startsWith(key));
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) return only;
  const keys = (fitting.length > 0 ? fitting : alerts).map(({ dedupeKey }) => dedupeKey);
  if (fitting.length > 1)
    throw new NightdeskError(
      'ALERT_UNKNOWN',
      `${fitting.length} ${which} alerts have keys that begin with ${shown(key, 200)}: ${listed(keys)}`,
    );
  const what = `no ${which} alert has the key ${shown(key, 200)}`;
  if (keys.length === 0) throw new NightdeskError('ALERT_UNKNOWN', `${what}: none is ${which}`);
  const nearest = nearestName(key, keys);
  throw new NightdeskError(
    'ALERT_UNKNOWN',
    nearest === undefined ? `${what}; there are ${listed(keys)}` : `${what}; did you mean ${shown(nearest, 200)}?`,
  );
}

/** Who copies a key may leave out the colon behind which the name of a group would stand. */
export const isKey = (given: string, dedupeKey: string): boolean => given === dedupeKey || `${given}:` === dedupeKey;

const MOST_SHOWN = 5;

const listed = (keys: readonly string[]): string =>
  keys.length > MOST_SHOWN
    ? `${keys.slice(0, MOST_SHOWN).map(short).join(', ')} and ${keys.length - MOST_SHOWN} more`
    : keys.map(short).join(', ');

const short = (key: string): string => shown(key, 200);
