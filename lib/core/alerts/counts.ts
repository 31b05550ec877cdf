import type { Counts } from './messages.ts';
import type { AlertChange, AlertView, Severity } from './types.ts';
import { shown } from './wording.ts';

/** Whether with this change the alert is over. */
export const isEnd = ({ kind, alert, platform }: AlertChange): boolean =>
  kind === 'platform'
    ? platform === undefined
      ? alert.status === 'resolved'
      : platform.state === 'OK'
    : kind === 'resolved';

/** Counts changes by rule, severity and strategy. */
export function countsOf(changes: readonly AlertChange[]): Counts {
  const bySeverity = { info: 0, warning: 0, critical: 0 };
  const rules = new Map<string, Group>();
  const strategies = new Map<string, Group>();
  const alerts = new Set<string>();
  for (const { alert } of changes) {
    bySeverity[alert.severity]++;
    add(rules, alert.ruleId, alert);
    add(strategies, JSON.stringify([alert.strategyId, alert.mode]), alert);
    alerts.add(alert.alertId);
  }
  return {
    changes: changes.length,
    alerts: alerts.size,
    bySeverity,
    byRule: named(rules, ({ ruleId }) => shown(ruleId, 100)),
    byStrategy: named(strategies, strategyOf),
  };
}

interface Group {
  readonly example: AlertView;
  n: number;
}

function add(groups: Map<string, Group>, key: string, example: AlertView): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, { example, n: 1 });
  else group.n++;
}

/** By the name that people read; two that read the same are one. */
function named(groups: ReadonlyMap<string, Group>, nameOf: (alert: AlertView) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { example, n } of groups.values()) {
    const name = nameOf(example);
    counts.set(name, (counts.get(name) ?? 0) + n);
  }
  return counts;
}

/** `strategy (mode)` for people. */
export function strategyOf({ strategyId, mode }: Pick<AlertView, 'strategyId' | 'mode'>): string {
  const name = strategyId === null ? 'no strategy' : strategyId === '*' ? 'all strategies' : shown(strategyId, 100);
  return mode === null ? name : `${name} (${shown(mode, 30)})`;
}

/** The worst severity that occurs. */
export function worstOf({ bySeverity }: Counts): Severity {
  if (bySeverity.critical > 0) return 'critical';
  return bySeverity.warning > 0 ? 'warning' : 'info';
}
