import type { ChangeKind, Severity } from './types.ts';

/** What of a row of stream `alert` the statistics read. */
export interface HistoryRow {
  readonly alertId: string;
  readonly ruleId: string;
  readonly change: ChangeKind;
  readonly severity: Severity;
  readonly mode: string | null;
  readonly strategyId: string | null;
  readonly atMs: number;
}

/** How many alerts of one kind were opened, and how they ended. */
export interface Tally {
  readonly name: string;
  readonly opened: number;
  readonly acknowledged: number;
  readonly resolved: number;
  /** Mean time from opening to the end, ms; null where none has ended. */
  readonly meanDurationMs: number | null;
}

export interface AlertStats {
  /** Alerts that were opened in the time looked at. */
  readonly opened: number;
  readonly acknowledged: number;
  readonly resolved: number;
  /** Opened and not ended since. */
  readonly open: number;
  readonly reminders: number;
  /** Mean time from opening to the first acknowledgement, ms; null where nobody acknowledged. */
  readonly mttaMs: number | null;
  readonly meanDurationMs: number | null;
  /** Share of the ended alerts that nobody acknowledged, 0..1: candidates for a higher limit. Null where none has ended. */
  readonly noise: number | null;
  readonly bySeverity: readonly Tally[];
  readonly byRule: readonly Tally[];
  /** Figures of two modes are never added: a strategy's name carries its mode. */
  readonly byStrategy: readonly Tally[];
  readonly lastCritical: { readonly atMs: number; readonly ruleId: string; readonly strategyId: string | null } | null;
}

/** One alert, told by its rows. */
interface Alert {
  readonly row: HistoryRow;
  readonly openedMs: number;
  acknowledgedMs: number | undefined;
  resolvedMs: number | undefined;
}

const NO_ALERT: ReadonlySet<ChangeKind> = new Set(['digest', 'test', 'platform']);

/** Figures of the alerts whose opening is among the rows; the order of the rows makes no difference. */
export function statsOf(rows: readonly HistoryRow[]): AlertStats {
  const sorted = rows.filter(({ change }) => !NO_ALERT.has(change)).sort((a, b) => a.atMs - b.atMs);
  const alerts = new Map<string, Alert>();
  for (const row of sorted)
    if (row.change === 'opened' && !alerts.has(row.alertId))
      alerts.set(row.alertId, { row, openedMs: row.atMs, acknowledgedMs: undefined, resolvedMs: undefined });
  let reminders = 0;
  for (const { alertId, change, atMs } of sorted) {
    const alert = alerts.get(alertId);
    if (alert === undefined) continue;
    if (change === 'reminded') reminders++;
    else if (change === 'acknowledged') alert.acknowledgedMs ??= atMs;
    else if (change === 'resolved') alert.resolvedMs ??= atMs;
  }
  const all = [...alerts.values()];
  const ended = all.filter(({ resolvedMs }) => resolvedMs !== undefined);
  const waits = all.flatMap(({ openedMs, acknowledgedMs }) =>
    acknowledgedMs === undefined ? [] : [acknowledgedMs - openedMs],
  );
  const lastCritical = all.filter(({ row }) => row.severity === 'critical').at(-1);
  return {
    opened: all.length,
    acknowledged: waits.length,
    resolved: ended.length,
    open: all.length - ended.length,
    reminders,
    mttaMs: mean(waits),
    meanDurationMs: meanDuration(all),
    noise: ended.length === 0 ? null : ended.filter((one) => one.acknowledgedMs === undefined).length / ended.length,
    bySeverity: tallies(all, ({ severity }) => severity),
    byRule: tallies(all, ({ ruleId }) => ruleId),
    byStrategy: tallies(all, ({ mode, strategyId }) => `${strategyId ?? '-'} (${mode ?? 'unknown'})`),
    lastCritical:
      lastCritical === undefined
        ? null
        : {
            atMs: lastCritical.openedMs,
            ruleId: lastCritical.row.ruleId,
            strategyId: lastCritical.row.strategyId,
          },
  };
}

/** The most first, then by name. */
function tallies(alerts: readonly Alert[], nameOf: (row: HistoryRow) => string): Tally[] {
  const groups = new Map<string, Alert[]>();
  for (const alert of alerts) {
    const name = nameOf(alert.row);
    const group = groups.get(name) ?? [];
    groups.set(name, group);
    group.push(alert);
  }
  return [...groups]
    .map(([name, group]) => ({
      name,
      opened: group.length,
      acknowledged: group.filter(({ acknowledgedMs }) => acknowledgedMs !== undefined).length,
      resolved: group.filter(({ resolvedMs }) => resolvedMs !== undefined).length,
      meanDurationMs: meanDuration(group),
    }))
    .sort((a, b) => b.opened - a.opened || (a.name < b.name ? -1 : 1));
}

const meanDuration = (alerts: readonly Alert[]): number | null =>
  mean(alerts.flatMap(({ openedMs, resolvedMs }) => (resolvedMs === undefined ? [] : [resolvedMs - openedMs])));

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
