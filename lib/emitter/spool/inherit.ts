import { readdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Found, SpoolFolder } from './folder.ts';
import { isOrphan } from './owner.ts';

/** Folders in which nobody will write any more. @throws where the spool cannot be listed */
export const orphansIn = (dir: string, nowMs: number): string[] =>
  readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => join(dir, name))
    .filter((path) => isOrphan(path, nowMs));

/** Makes an orphan part of another folder; undefined where somebody else was faster. */
export function takeOver(orphan: string, into: SpoolFolder): SpoolFolder | undefined {
  const target = join(into.path, basename(orphan));
  try {
    renameSync(orphan, target); // only one can
    return new SpoolFolder(target);
  } catch {
    return undefined;
  }
}

/** What is left in a folder and in those that its owner had taken over and not finished; these first. @throws where it cannot be read */
export async function contentsOf(
  folder: SpoolFolder,
): Promise<{ readonly folder: SpoolFolder; readonly found: readonly Found[] }[]> {
  const inner = [];
  for (const one of folder.inner()) inner.push(...(await contentsOf(one)));
  return [...inner, { folder, found: await folder.find() }];
}
