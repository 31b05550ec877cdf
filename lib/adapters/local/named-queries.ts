import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type NamedQuery, parseNamedQuery } from '../../core/query/named.ts';
import { packageRoot } from './package-root.ts';

const folder = (): string => join(packageRoot(), 'lib', 'queries');

/** Every named query, by name. */
export async function namedQueries(): Promise<readonly NamedQuery[]> {
  const files = (await readdir(folder())).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(
    files.map(async (file) =>
      parseNamedQuery(file.slice(0, -'.sql'.length), await readFile(join(folder(), file), 'utf8')),
    ),
  );
}
