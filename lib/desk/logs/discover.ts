import type { Dirent, Stats } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
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
  readonly sheets: readonly string[];
  /** What looked like a log and is none, or could not be read. */
  readonly skipped: readonly Skipped[];
  /** Files of other kinds. */
  readonly others: number;
}

export interface DiscoverOptions {
  /** Folders never entered, such as the data folder: a desk must not read what it wrote. */
  readonly except?: readonly string[];
}

/**
 * Finds the log files of paths, in a stable order. Links are followed, each folder and each file once; hidden folders
 * and `node_modules` are not entered. A file named itself is taken whatever its extension.
 * @throws PATH_NOT_FOUND where a path is not there or cannot be read
 */
export async function discover(paths: readonly string[], { except = [] }: DiscoverOptions = {}): Promise<Discovery> {
  const walk = new Walk(await Promise.all(except.map((path) => realpath(path).catch(() => resolve(path)))));
  for (const path of paths) await walk.start(path);
  return walk.found();
}

class Walk {
  readonly #files: LogFile[] = [];
  readonly #sheets: string[] = [];
  readonly #skipped: Skipped[] = [];
  #others = 0;
  readonly #seenFolders: Set<string>;
  readonly #seenFiles = new Set<string>();

  constructor(except: readonly string[]) {
    this.#seenFolders = new Set(except);
  }

  found(): Discovery {
    return { files: this.#files, sheets: this.#sheets, skipped: this.#skipped, others: this.#others };
  }

  async start(path: string): Promise<void> {
    let real: string;
    let stats: Stats;
    try {
      real = await realpath(path);
      stats = await stat(real);
      if (stats.isDirectory()) await readdir(real);
      else await (await open(real, 'r')).close();
    } catch (error) {
      throw new NightdeskError('PATH_NOT_FOUND', `cannot read ${path}: ${messageOf(error)}`, { cause: error });
    }
    if (stats.isDirectory()) return this.#folder(real, real);
    if (!stats.isFile()) throw new NightdeskError('PATH_NOT_FOUND', `${path} is neither a file nor a folder`);
    // A link to a file keeps the name it was asked by: the name says what it is.
    const named = resolve(path);
    await this.#file(named, { root: await realpath(dirname(named)), stats, asked: true });
  }

  async #folder(path: string, root: string): Promise<void> {
    const real = await realpath(path);
    if (this.#seenFolders.has(real)) return; // a loop of links, or a folder reached twice
    this.#seenFolders.add(real);
    const entries = (await readdir(path, { withFileTypes: true })).sort(byName);
    for (const entry of entries) {
      const inside = join(path, entry.name);
      try {
        const stats = await stat(inside);
        if (stats.isDirectory()) {
          if (!entry.name.startsWith('.') && entry.name !== 'node_modules') await this.#folder(inside, root);
        } else if (stats.isFile()) await this.#file(inside, { root, stats, asked: false });
        else this.#others++; // opening a pipe would wait for its writer
      } catch (error) {
        if (!isGone(error)) this.#skipped.push({ path: inside, why: `cannot be read: ${messageOf(error)}` });
      }
    }
  }

  async #file(path: string, { root, stats, asked }: { root: string; stats: Stats; asked: boolean }): Promise<void> {
    const name = readLogName(basename(path));
    if (name.kind === 'csv') return void this.#sheets.push(path);
    if (!asked && (name.kind === 'other' || basename(path).startsWith('.'))) return void this.#others++;
    const key = `${stats.dev}:${stats.ino}`;
    if (this.#seenFiles.has(key)) return; // the same file under another name
    if (!asked && name.kind === 'maybe' && !(await holdsRows(path, name))) {
      this.#skipped.push({ path, why: 'not JSON Lines: its first lines are not one JSON object each' });
      return;
    }
    this.#seenFiles.add(key);
    const below = relative(root, path).replaceAll('\\', '/');
    this.#files.push({ path, root, below, name, bytes: stats.size, mtimeMs: stats.mtimeMs, dev: stats.dev, ino: stats.ino });
  }
}

const byName = (a: Dirent, b: Dirent): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

const isGone = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

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
