import type { HistoryRow } from '../../core/alerts/history.ts';
import type { ChangeKind, Severity } from '../../core/alerts/types.ts';
import { CATALOG } from '../../core/catalog/index.ts';
import { dateOf } from '../../core/lake/keys.ts';
import type { QueryEngine } from '../../core/ports/index.ts';
import { literal } from '../../core/query/text.ts';
import { type CellRow, countOf, rowsOf, textOrNull } from '../query/rows.ts';
import { UNKNOWN_MODE } from '../trades/filters.ts';
import { numberOrNull } from '../trades/text.ts';

export interface HistoryFilters {
  /** Changes since this moment, ms. */
  readonly sinceMs: number;
  readonly severity?: Severity;
  readonly ruleId?: string;
  readonly strategy?: string;
  readonly mode?: string;
}

/** Whose alert it is, and every field of the stream in the order of the catalog. */
export const HISTORY_COLUMNS: readonly string[] = [
  'ts',
  'mode',
  'strategy_id',
  'session_id',
  'symbol',
  'event_id',
  ...Object.keys(CATALOG.alert?.fields ?? {}).filter((name) => name !== 'retracted' && name !== 'rev'),
];

export interface History {
  readonly changes: readonly CellRow[];
  /** How many fit; the list may hold fewer. */
  readonly fitting: number;
}

/** The newest changes that fit. */
export async function historyOf(engine: QueryEngine, filters: HistoryFilters, limit: number): Promise<History> {
  const columns = HISTORY_COLUMNS.map((name) => `"${name}"`).join(', ');
  const rows = await rowsOf(
    engine,
    `select ${columns}, count(*) over () as fitting from alert where ${condition(filters)} ` +
      `order by ts_ms desc, event_id desc limit ${limit}`,
  );
  return { changes: rows.map(({ fitting: _, ...row }) => row), fitting: countOf(rows[0]?.fitting) };
}

const STATS_COLUMNS = ['alert_id', 'rule_id', 'change', 'severity', 'mode', 'strategy_id', 'ts_ms'];

/** What statistics read of the changes that fit. */
export async function changesOf(engine: QueryEngine, filters: HistoryFilters): Promise<HistoryRow[]> {
  const columns = STATS_COLUMNS.map((name) => `"${name}"`).join(', ');
  const rows = await rowsOf(engine, `select ${columns} from alert where ${condition(filters)} order by ts_ms`);
  return rows.flatMap((row) => {
    const [alertId, ruleId, atMs] = [textOrNull(row.alert_id), textOrNull(row.rule_id), numberOrNull(row.ts_ms)];
    if (alertId === null || ruleId === null || atMs === null) return [];
    return {
      alertId,
      ruleId,
      atMs,
      change: textOrNull(row.change) as ChangeKind,
      severity: textOrNull(row.severity) as Severity,
      mode: textOrNull(row.mode),
      strategyId: textOrNull(row.strategy_id),
    };
  });
}

function condition({ sinceMs, severity, ruleId, strategy, mode }: HistoryFilters): string {
  const is = (name: string, value: string | undefined): string[] =>
    value === undefined ? [] : [`${name} = ${literal(value)}`];
  return [
    `"date" >= ${literal(dateOf(sinceMs))}`,
    `ts_ms >= ${Math.floor(sinceMs)}`,
    ...is('severity', severity),
    ...is('rule_id', ruleId),
    ...is('strategy_id', strategy),
    ...(mode === UNKNOWN_MODE ? ['mode is null'] : is('mode', mode)),
  ].join(' and ');
}
