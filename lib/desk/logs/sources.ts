import { randomBytes } from 'node:crypto';
import { posix, relative, sep } from 'node:path';
import { NightdeskError } from '../../core/errors.ts';
import type { LogFile } from './discover.ts';
import { isJsonRecord, readJson, updateJson } from './json-file.ts';

/** A folder whose logs share a source: identities are made of the source and the path below the folder. */
interface Root {
  readonly root: string;
  readonly source: string;
  /** The user named the source; other roots have a random one. */
  readonly named: boolean;
}

/** What a file is called on the wire, whichever folder above it was asked for. */
export interface Place {
  readonly source: string;
  /** Its path without rotation suffix. */
  readonly path: string;
}

export interface Sources {
  placeOf(file: LogFile): Place;
  /** The source of a folder that was asked for. */
  sourceOf(root: string): string;
}

export interface SourceOptions {
  /** Of the data folder: `sources.json`. */
  readonly file: string;
  /** `--source`. @default - a random id, kept per root */
  readonly name?: string | undefined;
  /** Whether a new root is remembered. @default true */
  readonly save?: boolean;
}

/**
 * Says for each file which source it belongs to. A folder inside one that is known belongs to that one, and a file to
 * the innermost root above it: sending `logs/` and later `logs/5m` are the same lines, not two sources.
 */
export async function openSources(asked: readonly string[], options: SourceOptions): Promise<Sources> {
  let roots: readonly Root[] = [];
  const withNew = (old: unknown): Root[] => {
    const known = readRoots(old, options.file);
    for (const root of [...new Set(asked)].sort())
      if (innermost(known, root, options.name) === undefined)
        known.push({ root, source: options.name ?? randomBytes(8).toString('hex'), named: options.name !== undefined });
    roots = known;
    return known;
  };
  if (options.save === false) withNew(await readJson(options.file));
  else
    await updateJson(options.file, (old) => {
      const before = readRoots(old, options.file).length;
      const known = withNew(old);
      return known.length === before ? undefined : { version: 1, roots: known };
    });
  const rootOf = (path: string): Root => {
    const root = innermost(roots, path, options.name);
    if (root === undefined) throw new NightdeskError('INTERNAL', `no root holds ${path}`);
    return root;
  };
  return {
    sourceOf: (path) => rootOf(path).source,
    placeOf(file) {
      const path = posix.join(file.root.split(sep).join('/'), file.below);
      const { root, source } = rootOf(path);
      return { source, path: wirePath(root, path, file.name.stem) };
    },
  };
}

function innermost(roots: readonly Root[], path: string, name: string | undefined): Root | undefined {
  let best: Root | undefined;
  for (const root of roots) {
    if (name === undefined ? root.named : root.source !== name) continue;
    if (path !== root.root && !path.startsWith(root.root.endsWith('/') ? root.root : `${root.root}/`)) continue;
    if (best === undefined || root.root.length > best.root.length) best = root;
  }
  return best;
}

/** From the last folder called `logs` on, even where that lies above the root: `…/logs/<timeframe>/` proves a timeframe. */
function wirePath(root: string, path: string, stem: string): string {
  const above = root.split('/');
  const logs = above.lastIndexOf('logs');
  const prefix = logs === -1 ? [] : above.slice(logs);
  return posix.join(...prefix, posix.dirname(relative(root, path)), stem);
}

function readRoots(content: unknown, file: string): Root[] {
  if (content === undefined) return [];
  const roots = isJsonRecord(content) && content.version === 1 ? content.roots : undefined;
  if (!Array.isArray(roots))
    throw new NightdeskError('DATA_UNREADABLE', `${file} is not a list of sources of version 1`);
  return roots.flatMap((entry: unknown) =>
    isJsonRecord(entry) && typeof entry.root === 'string' && typeof entry.source === 'string'
      ? [{ root: entry.root, source: entry.source, named: entry.named === true }]
      : [],
  );
}
