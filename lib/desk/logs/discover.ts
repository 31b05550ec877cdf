import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { errnoOf } from '../../adapters/local/files.ts';
import { messageOf, NightdeskError } from '../../core/errors.ts';
import { isJsonObject } from './lines.ts';
import { type LogName, readLogName } from './names.ts';
import { eachLine, readLogLines } from './read.ts';

/** A log file that was found. */
export interface LogFile {
  /** Where it is. */
  readonly path: string;
  /** The folder that was asked for, or the file's own folder where the file itself was; absolute, links resolved. */
  readonly root: string;
  /** Its path below the root, with `/`. */
  readonly below: string;
  readonly name: LogName;
  readonly bytes: number;
  readonly mtimeMs: number;
  readonly dev: number;
  readonly ino: number;
}

export interface Skipped {
  readonly path: string;
  readonly why: string;
}

export interface Discovery {
  /** In the order of their paths. */
  readonly files: readonly LogFile[];
  /** CSV sheets: they have no lines with an identity, `nightdesk import` reads them. */
  readonly sheets: readonly LogFile[];
  /** What looked like a log and is none, or could not be read. */
  readonly skipped: readonly Skipped[];
  /** Files of other kinds. */
  readonly others: number;
}

export interface DiscoverOptions {
  /** Folders never entered, such as the data folder: a desk must not read what it wrote. */
  readonly except?: readonly string[];
  /** Takes `.log` files that are not JSON Lines too: a map reads them. @default false */
  readonly anyLog?: boolean;
  /** Remembers between calls which `.json` and `.log` files hold rows, so that they are not read again. */
  readonly sniffed?: Map<string, { readonly bytes: number; readonly rows: boolean }>;
}

/**
 * Finds the log files of paths, in a stable order. Links are followed, each folder and each file once; hidden folders
 * and `node_modules` are not entered. A file named itself is taken whatever its extension.
 * @throws PATH_NOT_FOUND where a path is not there or cannot be read
 */
export async function discover(
  paths: readonly string[],
  { except = [], anyLog = false, sniffed = new Map() }: DiscoverOptions = {},
): Promise<Discovery> {
  const closed = await Promise.all(except.map((path) => realpath(path).catch(() => resolve(path))));
  const walk = new Walk({ closed, anyLog, sniffed });
  for (const path of paths) await walk.start(path);
  await walk.followLinks();
  return walk.found();
}

interface Entry {
  readonly path: string;
  readonly name: string;
  readonly root: string;
}

interface WalkOptions {
  readonly closed: readonly string[];
  readonly anyLog: boolean;
  readonly sniffed: NonNullable<DiscoverOptions['sniffed']>;
}

class Walk {
  readonly #files: LogFile[] = [];
  readonly #sheets: LogFile[] = [];
  readonly #skipped: Skipped[] = [];
  readonly #links: Entry[] = [];
  #others = 0;
  readonly #seenFolders: Set<string>;
  readonly #seenFiles = new Set<string>();
  readonly #sniffed: NonNullable<DiscoverOptions['sniffed']>;
  readonly #anyLog: boolean;

  constructor({ closed, anyLog, sniffed }: WalkOptions) {
    this.#seenFolders = new Set(closed);
    this.#anyLog = anyLog;
    this.#sniffed = sniffed;
  }

  found(): Discovery {
    for (const files of [this.#files, this.#sheets]) files.sort((a, b) => compareText(a.path, b.path));
    return { files: this.#files, sheets: this.#sheets, skipped: this.#skipped, others: this.#others };
  }

  async start(path: string): Promise<void> {
    let real: string;
    let stats: Stats;
    try {
      real = await realpath(path);
      stats = await stat(real);
      if (stats.isDirectory()) await readdir(real);
      else if (stats.isFile()) await (await open(real, 'r')).close(); // opening a pipe would wait for its writer
    } catch (error) {
      throw new NightdeskError('PATH_NOT_FOUND', `cannot read ${path}: ${messageOf(error)}`, { cause: error });
    }
    if (stats.isDirectory()) return this.#folder(real, real);
    if (!stats.isFile()) throw new NightdeskError('PATH_NOT_FOUND', `${path} is neither a file nor a folder`);
    // A link to a file keeps the name it was asked by: the name says what it is.
    const root = await realpath(dirname(resolve(path)));
    await this.#file(join(root, basename(path)), { root, stats, asked: true });
  }

  /** Links come last, so that a file is known by its own name where that lies below the root too. */
  async followLinks(): Promise<void> {
    for (let link = this.#links.shift(); link !== undefined; link = this.#links.shift()) await this.#enter(link);
  }

  async #folder(path: string, root: string): Promise<void> {
    const real = await realpath(path);
    if (this.#seenFolders.has(real)) return; // a loop of links, or a folder reached twice
    this.#seenFolders.add(real);
    const entries = (await readdir(path, { withFileTypes: true })).sort((a, b) => compareText(a.name, b.name));
    for (const entry of entries) {
      const found = { path: join(path, entry.name), name: entry.name, root };
      if (entry.isSymbolicLink()) this.#links.push(found);
      else await this.#enter(found);
    }
  }

  async #enter({ path, name, root }: Entry): Promise<void> {
    try {
      // Not the asynchronous one: it costs six times as much, and a watch looks at all files twice a second.
      const stats = statSync(path);
      if (stats.isDirectory()) {
        if (!name.startsWith('.') && name !== 'node_modules') await this.#folder(path, root);
      } else if (stats.isFile()) await this.#file(path, { root, stats, asked: false });
      else this.#others++;
    } catch (error) {
      // What is gone by now is none of ours; a name that is not UTF-8 only seems to be gone.
      if (errnoOf(error) !== 'ENOENT') this.#skipped.push({ path, why: `cannot be read: ${messageOf(error)}` });
      else if (name.includes('\uFFFD') && readLogName(name).kind !== 'other')
        this.#skipped.push({ path, why: 'cannot be read: its name is not UTF-8: rename it' });
    }
  }

  async #file(path: string, { root, stats, asked }: { root: string; stats: Stats; asked: boolean }): Promise<void> {
    const name = readLogName(basename(path));
    if (!asked && (name.kind === 'other' || basename(path).startsWith('.') || name.stem === MAP_FILE))
      return void this.#others++;
    accessSync(path, constants.R_OK); // here, where it is reported, and not in the middle of reading
    const key = `${stats.dev}:${stats.ino}`;
    if (this.#seenFiles.has(key)) return; // the same file under another name
    if (!asked && name.kind === 'maybe' && !(await this.#holdsRows(path, { name, stats }))) {
      this.#skipped.push({ path, why: 'not JSON Lines: its first lines are not one JSON object each' });
      return;
    }
    this.#seenFiles.add(key);
    const below = relative(root, path).replaceAll('\\', '/');
    (name.kind === 'csv' ? this.#sheets : this.#files).push({
      path,
      root,
      below,
      name,
      bytes: stats.size,
      mtimeMs: stats.mtimeMs,
      dev: stats.dev,
      ino: stats.ino,
    });
  }

  /** A file that held rows goes on to hold them; one that did not is looked at again when its size changes. */
  async #holdsRows(path: string, { name, stats }: { name: LogName; stats: Stats }): Promise<boolean> {
    const key = `${stats.dev}:${stats.ino}:${path}`;
    const before = this.#sniffed.get(key);
    if (before !== undefined && (before.rows ? stats.size >= before.bytes : stats.size === before.bytes))
      return before.rows;
    const rows = stats.size === 0 || (this.#anyLog && /\.log$/i.test(name.stem)) || (await holdsRows(path, name));
    this.#sniffed.set(key, { bytes: stats.size, rows });
    return rows;
  }
}

/** Lies beside the logs it describes. */
const MAP_FILE = 'nightdesk.map.json';

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Whether a `.json` or `.log` file is JSON Lines. A `.json` file of one line is a document (a state file, a
 * configuration): it takes a second line to be a log.
 */
async function holdsRows(path: string, name: LogName): Promise<boolean> {
  const needed = /\.json$/i.test(name.stem) ? 2 : 1;
  let rows = 0;
  for await (const line of eachLine(readLogLines(path))) {
    if (line.text.trim() === '') continue;
    if (!isJsonObject(line.text)) return false;
    if (++rows === needed) return true;
  }
  return false;
}
