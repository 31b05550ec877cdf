import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NightdeskError } from '../../core/errors.ts';

let found: string | undefined;

/**
 * The folder of Nightdesk's own package.json, above the module that is running: the sources run as a bundle from the
 * cache, so that a path relative to a source file would miss the files beside it.
 */
export function packageRoot(): string {
  found ??= search(dirname(fileURLToPath(import.meta.url)));
  return found;
}

function search(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (nameOf(join(folder, 'package.json')) === 'nightdesk') return folder;
    if (dirname(folder) === folder)
      throw new NightdeskError(
        'INTERNAL',
        `no package.json of nightdesk above ${start}: the installation is not complete`,
      );
  }
}

function nameOf(path: string): unknown {
  if (!existsSync(path)) return undefined;
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof content === 'object' && content !== null && 'name' in content ? content.name : undefined;
  } catch {
    return undefined; // somebody else's, and damaged
  }
}
