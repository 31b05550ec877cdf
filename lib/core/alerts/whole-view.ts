import { alertIdOf, dedupeKeyOf } from './identity.ts';
import { WHOLE } from './state.ts';
import type { AlertView } from './types.ts';

type Facts = Pick<AlertView, 'ruleId' | 'title' | 'severity' | 'status' | 'reason'> & Partial<AlertView>;

/**
 * An alert about the whole lake that no rule raised: a digest, a test, an alarm of the platform.
 * @param atMs - when it opened; the same group and moment are the same alert
 */
export function wholeView(facts: Facts, atMs: number, sha256: (text: string) => string): AlertView {
  const { ruleId, group = '' } = facts;
  const dedupeKey = dedupeKeyOf({ ruleId, key: WHOLE, group }, sha256);
  return {
    ...WHOLE,
    alertId: alertIdOf(dedupeKey, atMs, sha256),
    dedupeKey,
    advice: '',
    group,
    symbol: null,
    sessionId: null,
    value: null,
    limit: null,
    sinceMs: atMs,
    openedMs: atMs,
    resolvedMs: facts.status === 'resolved' ? atMs : null,
    opens: 1,
    flapping: false,
    evidence: [],
    ...facts,
  };
}
