import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, relative } from 'node:path';
import type { CompiledMap } from '../../core/dialects/map.ts';
import type { LogFile } from '../logs/discover.ts';
import { type Form, resolveForms } from '../logs/forms.ts';
import { hashLine } from '../logs/identity.ts';
import { Ledger } from '../logs/ledger.ts';
import { readLogName } from '../logs/names.ts';
import { type Plan, type PlannedLog, type PlanOptions, planLogs } from '../logs/plan.ts';
import { firstLine } from '../logs/read.ts';
import { openSources } from '../logs/sources.ts';

/** A file to import: a log, read line by line, or a sheet, read row by row. */
export interface PlannedFile extends PlannedLog {
  readonly sheet: boolean;
}

export interface ImportPlan extends Omit<Plan, 'logs'> {
  /** Logs first, then sheets, each in the order of their paths. */
  readonly files: readonly PlannedFile[];
}

export interface ImportPlanOptions extends PlanOptions {
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
  const plan = await planLogs(paths, { ...options, anyLog });
  const sheets = await planSheets(paths, plan, options);
  const logs = plan.logs.map((log) => ({ ...log, sheet: map?.format === 'csv' }));
  return { ...plan, copies: [...plan.copies, ...sheets.copies], files: [...logs, ...sheets.files] };
}

async function planSheets(
  paths: readonly string[],
  { found, ledgers }: Plan,
  { folder, source, save }: PlanOptions,
): Promise<{ files: PlannedFile[]; copies: { path: string; of: string }[] }> {
  const asked = await Promise.all(paths.map((path) => realpath(path)));
  const files = await Promise.all([...new Set(found.sheets)].map((path) => sheetFile(path, asked)));
  if (files.length === 0) return { files: [], copies: [] };
  const sources = await openSources(
    files.map((file) => file.root),
    { file: folder.sources, name: source, save },
  );
  const planned: PlannedFile[] = [];
  const copies: { path: string; of: string }[] = [];
  const bySource = new Map<string, Form[]>();
  for (const file of files) {
    const place = sources.placeOf(file);
    const line = await firstLine(file.path, 'give');
    if (line === undefined) planned.push({ file, place, log: undefined, sheet: true });
    else bySource.set(place.source, [...(bySource.get(place.source) ?? []), { file, place, first: hashLine(line) }]);
  }
  for (const [name, forms] of bySource) {
    const ledger = ledgers.get(name) ?? (await Ledger.open(folder.cursors, name));
    (ledgers as Map<string, Ledger>).set(name, ledger);
    const resolved = await resolveForms(forms, ledger);
    for (const form of forms) {
      const is = resolved.get(form);
      if (is !== undefined && 'copyOf' in is) copies.push({ path: form.file.path, of: is.copyOf.file.path });
      else planned.push({ file: form.file, place: form.place, log: is?.log, sheet: true });
    }
  }
  return { files: planned, copies };
}

/** A sheet's root is the folder that was asked for, as for logs; its own folder where it was asked for itself. */
async function sheetFile(path: string, asked: readonly string[]): Promise<LogFile> {
  const { size, mtimeMs, dev, ino } = await stat(path);
  const parent = await realpath(dirname(path));
  const above = asked.filter((folder) => parent === folder || parent.startsWith(`${folder}/`));
  const root = above.sort((a, b) => b.length - a.length)[0] ?? parent;
  const below = relative(root, `${parent}/${basename(path)}`).replaceAll('\\', '/');
  return { path, root, below, name: readLogName(basename(path)), bytes: size, mtimeMs, dev, ino };
}
