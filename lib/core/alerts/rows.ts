import { versionsOf } from '../catalog/outline.ts';
import { dateOf, partitionPrefix } from '../lake/keys.ts';
import type { LakeRecord } from '../lake/read.ts';
import { lakeTime, type OutboxObject } from '../lifecycle/outbox.ts';
import type { AlertChange, Evidence, Reading } from './types.ts';

// Changes of alerts as rows of the derived stream `alert`.

/** First part of the keys of all rows. */
export const ALERT_ROWS = 'derived/alert/';

/** The row of a change: its identity is that of the change, whoever writes it and however often. */
export function rowOf({ id, kind, atMs, notify, quiet, alert, operator, note }: AlertChange): LakeRecord {
  const { sinceMs, openedMs, resolvedMs } = alert;
  return {
    event_id: id,
    stream: 'alert',
    schema_version: versionsOf('alert').at(-1) ?? 1,
    dialect: 'derived',
    ts: lakeTime(atMs),
    ts_ms: atMs,
    ts_source: 'ts',
    strategy_id: alert.strategyId,
    session_id: alert.sessionId,
    symbol: alert.symbol,
    mode: alert.mode,
    alert_id: alert.alertId,
    rule_id: alert.ruleId,
    change: kind,
    status: alert.status,
    severity: alert.severity,
    title: alert.title,
    reason: alert.reason,
    advice: alert.advice,
    runbook: alert.runbook ?? null,
    group_key: alert.group,
    dedupe_key: alert.dedupeKey,
    ...figure('value', alert.value),
    ...figure('limit', alert.limit),
    unit: alert.unit ?? null,
    since_ts: lakeTime(sinceMs),
    opened_ts: lakeTime(openedMs),
    resolved_ts: resolvedMs === null ? null : lakeTime(resolvedMs),
    duration_s: resolvedMs === null ? null : (resolvedMs - openedMs) / 1000,
    opens: alert.opens,
    flapping: alert.flapping,
    notified: notify,
    quiet_reason: quiet ?? null,
    operator: operator ?? null,
    note: note ?? null,
    evidence: alert.evidence.map(evidenceRow),
    rev: 1,
    retracted: false,
  };
}

export interface RowObjectOptions {
  /** First part of the objects' names; together with `version` it is given once. */
  readonly producer: string;
  readonly version: number;
  readonly nowMs: number;
}

/** Objects of rows, one per day, under names that are always the same. */
export function objectsOf(
  rows: readonly LakeRecord[],
  { producer, version, nowMs }: RowObjectOptions,
): readonly OutboxObject[] {
  const objects = new Map<string, string[]>();
  const ingestedAt = lakeTime(nowMs);
  for (const row of rows) {
    const partition = { stream: 'alert', version: Number(row.schema_version), date: dateOf(Number(row.ts_ms)) };
    const key = `${partitionPrefix('derived', partition)}${producer}-${String(version).padStart(12, '0')}.jsonl.gz`;
    const lines = objects.get(key) ?? [];
    objects.set(key, lines);
    lines.push(JSON.stringify({ ...row, ingested_at: ingestedAt }));
  }
  return [...objects].map(([key, lines]) => ({ key, lines }));
}

const figure = (name: 'value' | 'limit', figure: Reading['value']): LakeRecord => ({
  [name === 'value' ? 'value' : 'limit_value']: typeof figure === 'number' && Number.isFinite(figure) ? figure : null,
  [`${name}_text`]: typeof figure === 'string' ? figure : null,
});

const evidenceRow = ({ stream, eventId, tsMs, sessionId, symbol, text, tradeId }: Evidence): LakeRecord => ({
  stream,
  event_id: eventId,
  ts: lakeTime(tsMs),
  session_id: sessionId,
  symbol,
  text: text ?? null,
  trade_id: tradeId ?? null,
});
