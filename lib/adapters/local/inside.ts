import { sep } from 'node:path';
import { NightdeskError } from '../../core/errors.ts';
import type { Files } from './files.ts';

/** No folder on the way may be a symbolic link that leads out of the root. @throws KEY_INVALID */
export async function assertInside(files: Files, root: string, path: string): Promise<void> {
  const [realRoot, real] = await Promise.all([files.realPath(root), files.realPath(path)]);
  if (realRoot === undefined || real === undefined || real === realRoot || real.startsWith(realRoot + sep)) return;
  throw new NightdeskError(
    'KEY_INVALID',
    `${path} leads out of the object store, to ${real}; remove the symbolic link`,
  );
}
