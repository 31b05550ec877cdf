import type { Command } from 'commander';
import { createFolderStore } from '../../adapters/local/object-store.ts';
import type { ObjectStore } from '../../core/ports/index.ts';
import { dataFolder } from '../data-folder.ts';
import { loadMap } from '../import/map-file.ts';
import { planImport } from '../import/plan.ts';
import { withProgress } from '../import/progress.ts';
import { importFiles } from '../import/run.ts';
import { summaryJson, summaryText } from '../import/summary.ts';
import { noting, touchedBy } from '../lifecycle/touched.ts';
import {
  addFactOptions,
  addSourceOption,
  addStreamOption,
  type FactOptions,
  factsOf,
  sourceOf,
} from '../logs/fact-options.ts';
import { transformOf } from '../settings.ts';
import { type Changes, foldAgain } from '../trades/fold-again.ts';
import { dataOption, jsonOption } from './options.ts';
import { count, print, printJson } from './output.ts';

interface ImportOptions extends FactOptions {
  readonly data: string;
  readonly map?: string;
  readonly source?: string;
  readonly dryRun?: true;
  /** False with --no-ledger. */
  readonly ledger: boolean;
  readonly json?: true;
}

export function configure(command: Command): void {
  command
    .argument(
      '<paths...>',
      'log files, CSV sheets, and folders of them: .jsonl, .ndjson, .json, .log, .csv, also gzip and rotated',
    )
    .addOption(dataOption())
    .option('--map <file>', 'a nightdesk.map.json, for logs that no dialect knows');
  addFactOptions(addSourceOption(addStreamOption(command)))
    .option('--dry-run', 'read everything and say what would happen, write nothing')
    .option('--no-ledger', 'do not fold what was imported into trades and positions; `nightdesk rebuild` does it later')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
History of any age goes into the lake without a desk, or beside one that runs. What was sent or imported before is
identified by file and line, and counted once.

Examples:
  nightdesk import logs/ sheets/                          every log and sheet below two folders
  nightdesk import trades.csv --map nightdesk.map.json    a sheet that no dialect knows
  nightdesk import logs/ --strategy ensemble_1 --mode paper --data /var/lib/nightdesk
  nightdesk import logs/ --dry-run --json                 what would be stored, and what not`,
    )
    .action(importPaths);
}

async function importPaths(paths: readonly string[], options: ImportOptions): Promise<void> {
  const folder = dataFolder(options.data);
  const dryRun = options.dryRun === true;
  const map = options.map === undefined ? undefined : await loadMap(options.map);
  const facts = factsOf(options);
  const startedMs = performance.now();
  const plan = await planImport(paths, { folder, source: sourceOf(options), save: !dryRun, map });
  const total = plan.files.reduce((sum, { file }) => sum + file.bytes, 0);
  const transform = await transformOf(options.data); // no age limit: this is the door for history
  const store = noting(dryRun ? NOWHERE : createFolderStore(folder.lake));
  const report = await withProgress(total, (onProgress) =>
    importFiles(plan.files, {
      store,
      transform,
      facts,
      map,
      arrivedMs: Date.now(),
      onProgress,
    }),
  );
  if (!dryRun) for (const ledger of plan.ledgers.values()) await ledger.save();
  const changes = dryRun || !options.ledger ? undefined : await foldTouched(options.data, store);
  const seconds = Math.round(performance.now() - startedMs) / 1000;
  const summary = summaryJson(plan, report, { data: folder.root, dryRun, seconds });
  if (options.json) printJson({ ...summary, ...(changes === undefined ? {} : changes) });
  else print(`${summaryText(summary)}${changes === undefined ? '' : ledgerText(changes)}`);
}

/** Folds again what the import brought: of old days nothing else would. */
async function foldTouched(data: string, store: ReturnType<typeof noting>): Promise<Changes | undefined> {
  const touched = await touchedBy(store, store.written);
  return touched === undefined ? undefined : foldAgain(data, touched);
}

function ledgerText({ ledgers }: Changes): string {
  const sum = (of: (one: Changes['ledgers'][number]) => number): string =>
    count(ledgers.reduce((total, one) => total + of(one), 0));
  const folded = ledgers.length === 1 ? '1 ledger' : `${count(ledgers.length)} ledgers`;
  return `  ledger     ${folded}: ${sum(({ rows }) => rows)} rows, ${sum(({ changed }) => changed)} changed, ${sum(({ retracted }) => retracted)} withdrawn\n`;
}

/** Where a dry run writes. */
const NOWHERE: ObjectStore = {
  put: async () => undefined,
  get: async () => undefined,
  async *list() {},
  delete: async () => undefined,
};
