import { errnoOf } from '../../adapters/local/files.ts';
import type { DataFolder } from '../data-folder.ts';
import { discover, type LogFile } from './discover.ts';
import { type Form, resolveForms } from './forms.ts';
import { firstLine, isUtf16File } from './glance.ts';
import { hashLine } from './identity.ts';
import { type KnownLog, Ledger } from './ledger.ts';
import { openSources, type Place, type Sources } from './sources.ts';
import { Remarks } from './watch-totals.ts';

/** A file as it was found last, and what it is. */
export interface Seen {
  file: LogFile;
  readonly place: Place;
  /** `hashLine` of its first line, once it has one. */
  first: string | undefined;
  /** Undefined for a copy, and for a file without a whole line. */
  log: KnownLog | undefined;
  /** Size and time at which it was read to its end in this run. */
  read: { readonly bytes: number; readonly mtimeMs: number } | undefined;
}

export interface TrackerOptions {
  /** The folder to follow: absolute, links resolved. */
  readonly root: string;
  readonly folder: DataFolder;
  /** `--source` @default - a random id per root */
  readonly source?: string | undefined;
  /** Takes `.log` files that are not JSON Lines too: a map reads them. @default false */
  readonly anyLog?: boolean;
  /** Where remarks go. */
  readonly say?: ((remark: string) => void) | undefined;
}

/** Knows which files of a folder are which logs, through renames, copies and truncation. */
export class Tracker {
  /** The ledger of the folder's own source. */
  readonly ledger: Ledger;
  readonly remarks: Remarks;
  readonly #root: string;
  readonly #folder: DataFolder;
  readonly #anyLog: boolean;
  readonly #sources: Sources;
  readonly #ledgers = new Map<string, Ledger>();
  readonly #sniffed = new Map<string, { bytes: number; rows: boolean }>();
  #seen = new Map<string, Seen>();
  #doubt = false;

  private constructor(
    { root, folder, anyLog = false, say }: TrackerOptions,
    { sources, ledger }: { sources: Sources; ledger: Ledger },
  ) {
    this.#root = root;
    this.#folder = folder;
    this.#anyLog = anyLog;
    this.remarks = new Remarks(say);
    this.#sources = sources;
    this.ledger = ledger;
    this.#ledgers.set(ledger.source, ledger);
  }

  /** @throws DATA_UNREADABLE */
  static async open(options: TrackerOptions): Promise<Tracker> {
    const { root, folder, source } = options;
    const sources = await openSources([root], { file: folder.sources, name: source });
    const ledger = await Ledger.open(folder.cursors, sources.sourceOf(root));
    return new Tracker(options, { sources, ledger });
  }

  /** Looks at the folder. @returns every log file in it, in the order of their paths. @throws PATH_NOT_FOUND */
  async look(): Promise<Iterable<Seen>> {
    const { files, sheets, skipped } = await discover([this.#root], {
      except: [this.#folder.root],
      anyLog: this.#anyLog,
      sniffed: this.#sniffed,
    });
    for (const { path } of sheets) this.remarks.once(`not followed: ${path} is CSV: use \`nightdesk import\``);
    for (const { path, why } of skipped) this.remarks.once(`not followed: ${path}: ${why}`);
    const before = this.#seen;
    const after = new Map<string, Seen>();
    let changed = this.#doubt || files.some(({ path }) => !before.has(path)) || files.length < before.size;
    this.#doubt = false;
    for (const file of files) {
      const old = before.get(file.path);
      const { seen, doubtful } = await this.#compare(file, old);
      after.set(file.path, seen);
      changed ||= doubtful;
    }
    this.#seen = after;
    if (changed) await this.#resolve();
    return after.values();
  }

  /** Says that a file is no longer what it was taken for: the next look finds out. */
  doubt(seen: Seen): void {
    this.#doubt = true;
    seen.file = { ...seen.file, bytes: Number.POSITIVE_INFINITY };
  }

  ledgerOf(source: string): Ledger | undefined {
    return this.#ledgers.get(source);
  }

  async save(): Promise<void> {
    for (const ledger of this.#ledgers.values()) await ledger.save();
  }

  /** A file against what was there under its name. `doubtful`: it may be another log than before. */
  async #compare(file: LogFile, old: Seen | undefined): Promise<{ seen: Seen; doubtful: boolean }> {
    const grown =
      old !== undefined && old.file.dev === file.dev && old.file.ino === file.ino && old.file.bytes <= file.bytes;
    if (grown && old.first !== undefined) {
      const copyChanged = old.log === undefined && old.file.bytes !== file.bytes;
      return { seen: { ...old, file }, doubtful: copyChanged };
    }
    const unchanged = grown && old.file.bytes === file.bytes;
    const line = unchanged ? undefined : await orGone(firstLine(file.path, 'hold'));
    const first = line === undefined ? undefined : hashLine(line);
    if (line === undefined && !unchanged && (await orGone(isUtf16File(file.path))))
      this.remarks.once(`not followed: ${file.path} is UTF-16: convert it to UTF-8`);
    const place = old?.place ?? this.#sources.placeOf(file);
    return { seen: { file, place, first, log: undefined, read: undefined }, doubtful: !grown || first !== undefined };
  }

  async #resolve(): Promise<void> {
    const forms = new Map<Form, Seen>();
    for (const seen of this.#seen.values())
      if (seen.first !== undefined) forms.set({ file: seen.file, place: seen.place, first: seen.first }, seen);
    for (const source of new Set([...forms.keys()].map(({ place }) => place.source))) {
      const ofSource = [...forms.keys()].filter(({ place }) => place.source === source);
      const resolved = await orGone(resolveForms(ofSource, await this.#openLedger(source)));
      if (resolved === undefined) this.#doubt = true;
      for (const form of ofSource) {
        const resolution = resolved?.get(form);
        const seen = forms.get(form);
        if (seen === undefined) continue;
        const log = resolution !== undefined && 'log' in resolution ? resolution.log : undefined;
        if (log !== seen.log) seen.read = undefined;
        seen.log = log;
      }
    }
  }

  async #openLedger(source: string): Promise<Ledger> {
    const ledger = this.#ledgers.get(source) ?? (await Ledger.open(this.#folder.cursors, source));
    this.#ledgers.set(source, ledger);
    return ledger;
  }
}

/** Undefined where a file went away under the reader: the next look sees what became of it. */
export async function orGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ESTALE'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
