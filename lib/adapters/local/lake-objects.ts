import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { type Partition, PREFIXES, type Prefix, parseKey } from '../../core/lake/keys.ts';

const unzip = promisify(gunzip);

/** An object of the lake that holds lines. */
export interface LakeObject extends Partition {
  readonly prefix: Prefix;
  readonly key: string;
  readonly path: string;
  /** When it was written, from its name: YYYY-MM-DD-HH-MM-SS, or empty where the name holds no time. */
  readonly stamp: string;
}

const STAMP = /-(\d{4}(?:-\d{2}){5})-[^/]*$/;
/** Time stamps of folders may be this coarse: a folder changed just now is looked at again. */
const COARSE_MS = 2_000;

/** The objects under a prefix, looked up folder by folder: asking again costs one look per folder, not per object. */
export class LakeFolder {
  readonly #lake: string;
  readonly #prefix: 'events' | 'derived';
  readonly #names = new Map<string, { readonly changedMs: number; readonly names: readonly string[] }>();
  readonly #seen = new Set<string>();

  /** @param prefix - what bots sent, or what Nightdesk derived from it */
  constructor(lake: string, prefix: 'events' | 'derived' = 'events') {
    this.#lake = lake;
    this.#prefix = prefix;
  }

  /** Objects not given before, of some streams or of all. */
  async fresh(streams?: ReadonlySet<string>): Promise<LakeObject[]> {
    const root = PREFIXES[this.#prefix];
    const found: LakeObject[] = [];
    for (const stream of await this.#list(root))
      if (streams === undefined || streams.has(stream))
        for (const version of await this.#list(`${root}${stream}/`))
          for (const date of await this.#list(`${root}${stream}/${version}/`)) {
            const folder = `${root}${stream}/${version}/${date}/`;
            for (const name of await this.#list(folder)) this.#add(`${folder}${name}`, found);
          }
    return found;
  }

  #add(key: string, found: LakeObject[]): void {
    if (this.#seen.has(key)) return;
    const partition = key.endsWith('.jsonl.gz') ? parseKey(key) : undefined;
    if (partition === undefined) return;
    this.#seen.add(key);
    found.push({ key, path: join(this.#lake, key), stamp: STAMP.exec(key)?.[1] ?? '', ...partition });
  }

  async #list(folder: string): Promise<readonly string[]> {
    const path = join(this.#lake, folder);
    const known = this.#names.get(folder);
    try {
      const { mtimeMs: changedMs } = await stat(path);
      if (known?.changedMs === changedMs) return known.names;
      const names = (await readdir(path)).filter((name) => !name.startsWith('.')).sort();
      if (Date.now() - changedMs > COARSE_MS) this.#names.set(folder, { changedMs, names });
      return names;
    } catch {
      return []; // not there yet, gone again, or no folder
    }
  }
}

/** The text of an object. @throws zlib's error where it is damaged */
export const readObject = async ({ path }: Pick<LakeObject, 'path'>): Promise<string> =>
  (await unzip(await readFile(path))).toString('utf8');
