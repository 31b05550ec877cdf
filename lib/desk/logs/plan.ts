import { errnoOf } from '../../adapters/local/files.ts';
import type { DataFolder } from '../data-folder.ts';
import { type Discovery, discover, type LogFile } from './discover.ts';
import { type Form, resolveForms } from './forms.ts';
import { firstLine } from './glance.ts';
import { hashLine } from './identity.ts';
import { type KnownLog, Ledger } from './ledger.ts';
import { openSources, type Place } from './sources.ts';

/** A file to read, and what its lines are called. */
export interface PlannedLog {
  readonly file: LogFile;
  readonly place: Place;
  /** Undefined for a file without a line that is not blank: nothing of it needs an identity. */
  readonly log: KnownLog | undefined;
}

export interface Plan {
  /** In the order of their paths; sheets, where asked for, after the logs. */
  readonly logs: readonly PlannedLog[];
  /** Files that only repeat the beginning of another one. */
  readonly copies: readonly { readonly path: string; readonly of: string }[];
  readonly found: Discovery;
  readonly ledgers: ReadonlyMap<string, Ledger>;
}

export interface PlanOptions {
  readonly folder: DataFolder;
  /** `--source` @default - a random id per root */
  readonly source?: string | undefined;
  /** Whether new sources are remembered. */
  readonly save: boolean;
  /** Takes `.log` files that are not JSON Lines too: a map reads them. @default false */
  readonly anyLog?: boolean;
  /** Plans CSV sheets too, after the logs. @default false */
  readonly sheets?: boolean;
}

/** A rotation may move files while they are looked at: then all are looked at again, this many times. */
const MOST_LOOKS = 5;

/** Finds the logs of paths and gives each its identity. @throws PATH_NOT_FOUND, DATA_UNREADABLE */
export async function planLogs(paths: readonly string[], options: PlanOptions): Promise<Plan> {
  for (let look = 1; ; look++) {
    try {
      return await planOnce(paths, options);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || look === MOST_LOOKS) throw error;
    }
  }
}

async function planOnce(
  paths: readonly string[],
  { folder, source, save, anyLog = false, sheets = false }: PlanOptions,
): Promise<Plan> {
  const found = await discover(paths, { except: [folder.root], anyLog });
  const files = sheets ? [...found.files, ...found.sheets] : found.files;
  const sources = await openSources(
    files.map((file) => file.root),
    { file: folder.sources, name: source, save },
  );
  const placed = files.map((file) => ({ file, place: sources.placeOf(file) }));
  const forms = new Map<LogFile, Form>();
  for (const { file, place } of placed) {
    const line = await firstLine(file.path, 'give');
    if (line !== undefined) forms.set(file, { file, place, first: hashLine(line) });
  }
  const ledgers = new Map<string, Ledger>();
  const logs: PlannedLog[] = [];
  const copies: { path: string; of: string }[] = [];
  const resolved = new Map<Form, KnownLog | Form>();
  for (const name of new Set(placed.map(({ place }) => place.source))) {
    const ledger = await Ledger.open(folder.cursors, name);
    ledgers.set(name, ledger);
    const ofSource = [...forms.values()].filter((form) => form.place.source === name);
    for (const [form, resolution] of await resolveForms(ofSource, ledger))
      resolved.set(form, 'log' in resolution ? resolution.log : resolution.copyOf);
  }
  for (const { file, place } of placed) {
    const form = forms.get(file);
    const is = form === undefined ? undefined : resolved.get(form);
    if (is !== undefined && 'place' in is) copies.push({ path: file.path, of: is.file.path });
    // A log that moved keeps the path it had, so that its lines stay the same to the byte.
    else logs.push({ file, place: is === undefined ? place : { ...place, path: is.path }, log: is });
  }
  return { logs, copies, found, ledgers };
}
