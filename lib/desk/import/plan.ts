import type { CompiledMap } from '../../core/dialects/map.ts';
import { type Plan, type PlannedLog, type PlanOptions, planLogs } from '../logs/plan.ts';

/** A file to import: a log, read line by line, or a sheet, read row by row. */
export interface PlannedFile extends PlannedLog {
  readonly sheet: boolean;
}

export interface ImportPlan extends Omit<Plan, 'logs'> {
  /** Logs first, then sheets, each in the order of their paths. */
  readonly files: readonly PlannedFile[];
}

export interface ImportPlanOptions extends Omit<PlanOptions, 'sheets'> {
  readonly map?: CompiledMap | undefined;
}

/**
 * Finds logs and sheets and gives each its identity: the same that `send` and `watch` give a log, so that importing
 * what was sent before adds only duplicates, which the views remove. @throws PATH_NOT_FOUND, DATA_UNREADABLE
 */
export async function planImport(
  paths: readonly string[],
  { map, ...options }: ImportPlanOptions,
): Promise<ImportPlan> {
  const anyLog = options.anyLog ?? (map !== undefined && map.format !== 'json');
  const { logs, ...plan } = await planLogs(paths, { ...options, anyLog, sheets: true });
  return {
    ...plan,
    files: logs.map((log) => ({ ...log, sheet: map?.format === 'csv' || log.file.name.kind === 'csv' })),
  };
}
